//! The options of a session, and what they become in the engine.

use std::path::PathBuf;

use datafusion::common::config::Dialect;
use datafusion::execution::config::SessionConfig;

use crate::dialect;

/// How much of the machine a lake may use.
#[derive(Debug, Clone)]
pub struct Options {
    /// Memory of all queries together; half of the machine's when `None`.
    pub memory_bytes: Option<usize>,
    /// Where queries spill to; the system's temporary folder when `None`. It must exist.
    pub spill_folder: Option<PathBuf>,
    /// How much may be spilled at once.
    pub spill_bytes: u64,
    /// How many cores one query uses; all of them when `None`.
    pub partitions: Option<usize>,
}

impl Default for Options {
    fn default() -> Self {
        Self { memory_bytes: None, spill_folder: None, spill_bytes: 100 << 30, partitions: None }
    }
}

pub(super) fn config(options: &Options, memory_bytes: usize) -> SessionConfig {
    let mut config = SessionConfig::new().with_create_default_catalog_and_schema(false).with_information_schema(false);
    if let Some(partitions) = options.partitions {
        config = config.with_target_partitions(partitions.max(1));
    }
    let engine = config.options_mut();
    engine.sql_parser.dialect = Dialect::DuckDB;
    // `plan::names` matches names without regard to case, and keeps the spelling of the table.
    engine.sql_parser.enable_ident_normalization = false;
    engine.sql_parser.collect_spans = true;
    dialect::configure(engine);
    // A subquery's ORDER BY is what `first()` and a pipeline's outermost order rest on in DuckDB.
    engine.sql_parser.enable_subquery_sort_elimination = false;
    engine.execution.time_zone = Some("+00:00".to_owned());
    engine.execution.parquet.pushdown_filters = true;
    engine.execution.parquet.reorder_filters = true;
    engine.execution.parquet.enable_page_index = true;
    // Each sort sets this aside to merge what it spilled; of a small budget the engine's 10 MiB would leave nothing to sort in.
    let sorts = 16 * config.target_partitions();
    let reservation = &mut config.options_mut().execution.sort_spill_reservation_bytes;
    *reservation = (*reservation).min(memory_bytes / sorts);
    // Tasks that spill what they repartition share a row of files, and its reader waits for the oldest, also where the batch that is due is
    // in another: neither side then goes on (apache/datafusion#24883). A file that is closed with its first batch is never waited for.
    config.options_mut().execution.max_spill_file_size_bytes = 0;
    // What waits between two operators is counted in batches: of a small budget they are small.
    let batch = &mut config.options_mut().execution.batch_size;
    *batch = (*batch).min(memory_bytes >> 15).max(256);
    config
}
