//! Merging: what becomes of the rows that are there and the rows that are new. A file a strategy.
//!
//! [`Merge::start`] runs the query, as far as the strategy needs all of its rows before the first is written; [`Incoming::write`] gives data
//! files that nothing refers to yet; [`Rows::onto`] says which of the table's files they replace, and can say it again for a table that has
//! moved. Memory is bounded by the session's pool: what does not fit is spilled.
//!
//! Columns are matched in [`Columns`], once, by name. Knows nothing of runs, templates, snapshots or commits.

mod append_only;
mod columns;
mod evolving;
mod firsts;
mod fit;
mod flat;
mod foresee;
mod full_refresh;
mod incremental;
mod intake;
mod matching;
mod misfits;
mod null_keys;
mod one_per_key;
mod order;
mod picked;
mod renaming;
mod repeated;
mod runs;
mod scd2;
mod scratch;
mod snapshot;
mod sorting;
mod stored;
mod unclaimed;

use std::pin::pin;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::common::ScalarValue;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::LogicalPlan;
use futures::{Stream, StreamExt, TryStreamExt};
use parking_lot::Mutex;

use scratch::Scratch;
use sorting::By;

pub use columns::{Columns, Promise};
pub use foresee::{Amount, Foreseen};
pub use misfits::{misfits, unknown_columns};
pub use renaming::field_at;
pub use scd2::Validity;
pub use unclaimed::Unclaimed;

use crate::config::{MergeStrategy, NullKeys, WriteMode};
use crate::error::{Diagnostic, Error, Result};
use crate::execute;
use crate::session::Session;
use crate::tables::{Remove, RowOrder, Table, Tables, Target, Writer, WriterOptions, WrittenFile};

/// Called with the number of rows read so far.
pub type Progress = Arc<dyn Fn(u64) + Send + Sync>;

/// How new rows are merged into a table.
#[derive(Clone)]
pub struct Merge {
    /// The engine.
    pub session: Session,
    /// Where files are written.
    pub tables: Tables,
    /// What the table will be like.
    pub target: Target,
    /// Which column of the query is which of the table.
    pub columns: Columns,
    /// The strategy.
    pub strategy: MergeStrategy,
    /// Whether the table is made anew: the new rows meet no stored one, and all that was there goes. Always so for `full_refresh`.
    pub rebuild: bool,
    /// The columns that say which stored rows give way, as the table spells them; empty for `full_refresh` and `append_only`.
    pub key: Vec<String>,
    /// What a row whose whole key is NULL means.
    pub null_keys: NullKeys,
    /// The watermark column, as the table spells it.
    pub watermark: Option<String>,
    /// Whether a stored row stays when it is newer than the incoming one.
    pub keep_newer: bool,
    /// How versions of a key follow each other; for `scd2`, and only there.
    pub validity: Option<Validity>,
    /// How changed rows leave their files.
    pub write_mode: WriteMode,
    /// The columns that rows are written in the order of.
    pub sort_by: Vec<String>,
    /// The size a data file is written to, in bytes.
    pub target_file_bytes: u64,
    /// Told how many rows were read.
    pub progress: Progress,
}

/// Why rows were not taken, with the rows that were the reason where there are any.
#[derive(Debug)]
pub struct Refusal {
    /// The reason.
    pub error: Error,
    /// How many rows, and some of them.
    pub rows: Option<(u64, RecordBatch)>,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self { error, rows: None }
    }
}

/// Rows of the query, not written yet.
pub struct Incoming {
    merge: Merge,
    rows: IncomingRows,
}

enum IncomingRows {
    Streaming(SendableRecordBatchStream),
    Keyed(incremental::Keyed),
    Versions(scd2::Versions),
}

/// New rows as the merge keeps them.
pub struct Rows {
    merge: Merge,
    rows: KeptRows,
}

enum KeptRows {
    Written(Written),
    Replacing(snapshot::Replacing),
    Keyed(incremental::Keyed),
    Versions(scd2::Versions),
}

/// New rows in data files of their own, whatever the table holds.
struct Written {
    files: Unclaimed,
    rows: u64,
    greatest: Option<ScalarValue>,
}

/// What is done to the table.
pub struct Merged {
    /// Files with the new rows.
    pub add: Unclaimed,
    /// Files with rows that stay, from files that are rewritten.
    pub carry: Unclaimed,
    /// Position delete files, for files that keep most of their rows.
    pub deletes: Unclaimed,
    /// Files to take away.
    pub remove: Remove,
    /// What that does, in rows.
    pub counts: Counts,
    /// What may surprise.
    pub warnings: Vec<Diagnostic>,
    /// Whether rows are gone that may have been further, by watermark, than those in their place.
    pub loses_rows: bool,
    /// The greatest watermark of the new rows.
    pub greatest: Option<ScalarValue>,
}

/// Rows, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// New rows written.
    pub written: u64,
    /// New rows beside the stored ones: of keys that the table did not have, or new versions of a key.
    pub inserted: u64,
    /// New rows in the place of stored ones.
    pub updated: u64,
    /// Stored rows that are gone without successor.
    pub deleted: u64,
    /// Stored versions of a key that stay and have an end now, under `scd2`.
    pub ended: u64,
    /// New rows that were not written: duplicates of a key, older than the stored row, or a version that is there already.
    pub dropped: u64,
}

impl Merged {
    /// Every file that was written for it.
    pub fn written(&self) -> impl Iterator<Item = &WrittenFile> {
        [&self.add, &self.carry, &self.deletes].into_iter().flat_map(Unclaimed::files)
    }

    /// Says that something else answers for all of its files from here on.
    pub fn claim(&self) {
        for files in [&self.add, &self.carry, &self.deletes] {
            files.claim();
        }
    }
}

impl Merge {
    /// Starts the query, and reads it to its end where the strategy must know all new rows before it writes one.
    ///
    /// # Errors
    /// `NULL_KEY`, `NOT_NULL_VIOLATED`, `CAST_FAILED`, `SCD2_VALID_TO`, and what the engine says of the query.
    pub async fn start(self, plan: LogicalPlan) -> Result<Incoming, Refusal> {
        let rows = match self.strategy {
            MergeStrategy::FullRefresh | MergeStrategy::AppendOnly | MergeStrategy::DeleteInsert | MergeStrategy::Snapshot => {
                IncomingRows::Streaming(execute::stream(&self.session, plan).await?)
            }
            MergeStrategy::Incremental => IncomingRows::Keyed(incremental::Keyed::read(&self, plan).await?),
            MergeStrategy::Scd2 => IncomingRows::Versions(scd2::Versions::read(&self, plan).await?),
        };
        Ok(Incoming { merge: self, rows })
    }

    /// Writes rows that were put aside.
    async fn write_kept(&self, rows: &Scratch) -> Result<Unclaimed> {
        self.write(Arc::clone(rows.schema()), rows.stream()?.map_err(execute::error), || Ok(())).await
    }

    /// Writes rows into data files, in the table's sort order, and deletes those again when the rows end in an error or `check`, asked at
    /// their end, refuses them.
    async fn write(
        &self,
        schema: SchemaRef,
        rows: impl Stream<Item = Result<RecordBatch>>,
        check: impl FnOnce() -> Result<()>,
    ) -> Result<Unclaimed> {
        match self.sort_by.is_empty() {
            true => self.write_as_they_come(rows, check).await,
            false => {
                let by = By::ascending(&schema, &self.sort_by)?;
                let sorted = sorting::sorted(&self.session, schema, rows, &by).await?;
                self.write_as_they_come(sorted, check).await
            }
        }
    }

    async fn write_as_they_come(
        &self,
        rows: impl Stream<Item = Result<RecordBatch>>,
        check: impl FnOnce() -> Result<()>,
    ) -> Result<Unclaimed> {
        let options = WriterOptions {
            target_file_bytes: Some(self.target_file_bytes),
            order: if self.sort_by.is_empty() { RowOrder::Unknown } else { RowOrder::Table },
            ..WriterOptions::default()
        };
        let mut writer = Writer::open(&self.tables, &self.target, &options)?;
        let mut rows = pin!(rows);
        let mut outcome = Ok(());
        while let (Ok(()), Some(batch)) = (&outcome, rows.next().await) {
            outcome = match batch {
                Ok(batch) => writer.write(&batch).await,
                Err(error) => Err(error),
            };
        }
        match outcome.and_then(|()| check()) {
            Ok(()) => Ok(Unclaimed::new(&self.tables, writer.close().await?)),
            Err(error) => {
                writer.abort().await;
                Err(error)
            }
        }
    }
}

impl Incoming {
    /// Writes what can be written without looking at the table.
    ///
    /// # Errors
    /// `NULL_KEY`, `NOT_NULL_VIOLATED`, `CAST_FAILED`, what the engine says of the query, and storage codes. Files written until then are
    /// deleted.
    pub async fn write(self) -> Result<Rows, Refusal> {
        let merge = self.merge;
        let rows = match self.rows {
            IncomingRows::Streaming(stream) if merge.key.is_empty() => KeptRows::Written(Written::write(&merge, stream).await?),
            IncomingRows::Streaming(stream) => KeptRows::Replacing(snapshot::Replacing::write(&merge, stream).await?),
            IncomingRows::Keyed(keyed) => KeptRows::Keyed(keyed),
            IncomingRows::Versions(versions) => KeptRows::Versions(versions),
        };
        Ok(Rows { merge, rows })
    }
}

impl Rows {
    /// What the new rows do to a table, or to none. May be asked again when the table has moved.
    ///
    /// # Errors
    /// `SCD2_LATE_ROW`, storage codes, `CORRUPT_TABLE`, `OUT_OF_MEMORY`.
    pub async fn onto(&self, base: Option<&Table>) -> Result<Merged, Refusal> {
        let merge = &self.merge;
        let met = base.filter(|_| !merge.rebuild);
        let merged = match &self.rows {
            KeptRows::Written(written) => append_only::onto(written),
            KeptRows::Replacing(replacing) => replacing.onto(merge, met).await?,
            KeptRows::Keyed(keyed) => keyed.onto(merge, met).await?,
            KeptRows::Versions(versions) => versions.onto(merge, met).await?,
        };
        Ok(if merge.rebuild { full_refresh::instead_of(base, merged) } else { merged })
    }
}

impl Written {
    async fn write(merge: &Merge, stream: SendableRecordBatchStream) -> Result<Self> {
        let seen = Arc::<Mutex<intake::Seen>>::default();
        let (schema, rows) =
            intake::shaped(stream, &merge.columns, merge.watermark.as_deref(), Arc::clone(&seen), Arc::clone(&merge.progress));
        let files = merge.write(schema, rows, || seen.lock().check(&merge.columns)).await?;
        let seen = std::mem::take(&mut *seen.lock());
        Ok(Self { files, rows: seen.rows, greatest: seen.greatest })
    }
}
