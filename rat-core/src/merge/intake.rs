//! The query's rows on their way in: shaped for the table, counted, and looked at once.

use std::sync::Arc;

use arrow::array::Array;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::common::ScalarValue;
use datafusion::execution::SendableRecordBatchStream;
use futures::{Stream, StreamExt};
use parking_lot::Mutex;

use super::columns::Columns;
use crate::error::{Code, Error, Result};
use crate::execute;

/// What is seen of rows as they pass.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub rows: u64,
    nulls: Vec<u64>,
    /// The greatest value of the watched column.
    pub greatest: Option<ScalarValue>,
}

impl Seen {
    /// Refuses rows that have NULL where the table must not.
    pub(super) fn check(&self, columns: &Columns) -> Result<()> {
        let missing = columns.not_null().iter().zip(&self.nulls).find(|(_, nulls)| **nulls > 0);
        let Some((index, nulls)) = missing else { return Ok(()) };
        let name = columns.target().field(*index).name();
        let message = format!("column `{name}` must not be NULL, and is in {nulls} {}", if *nulls == 1 { "row" } else { "rows" });
        Err(Error::new(Code::NotNullViolated, message).with_context("column", name).with_context("rows", nulls))
    }
}

/// The rows of the table's columns, and behind them what else the query's rows carry; `seen` is whole when the stream has ended.
pub(super) fn shaped(
    rows: SendableRecordBatchStream,
    columns: &Columns,
    watched: Option<&str>,
    seen: Arc<Mutex<Seen>>,
    progress: super::Progress,
) -> (SchemaRef, impl Stream<Item = Result<RecordBatch>> + Send + use<>) {
    let schema = columns.shaped_schema(&rows.schema());
    seen.lock().nulls = vec![0; columns.not_null().len()];
    let watched = watched.and_then(|name| super::columns::position(columns.target(), name));
    let (columns, shaped) = (columns.clone(), Arc::clone(&schema));
    let stream = rows.map(move |batch| {
        let batch = columns.shape(&batch.map_err(execute::error)?, &shaped)?;
        let mut seen = seen.lock();
        seen.rows += batch.num_rows() as u64;
        for (nulls, index) in seen.nulls.iter_mut().zip(columns.not_null()) {
            *nulls += batch.column(*index).null_count() as u64;
        }
        if let Some(index) = watched {
            seen.greatest = greater(seen.greatest.take(), greatest(batch.column(index).as_ref()));
        }
        progress(seen.rows);
        Ok(batch)
    });
    (schema, stream)
}

/// The greatest value that is not NULL, NaN above all numbers.
pub(super) fn greatest(values: &dyn Array) -> Option<ScalarValue> {
    use arrow::compute::{SortOptions, sort_to_indices};
    let options = SortOptions { descending: true, nulls_first: false };
    let first = sort_to_indices(values, Some(options), Some(1)).ok()?;
    let index = (!first.is_empty()).then(|| first.value(0) as usize)?;
    ScalarValue::try_from_array(values, index).ok().filter(|value| !value.is_null())
}

/// The greater of two values of one column.
pub(super) fn greater(a: Option<ScalarValue>, b: Option<ScalarValue>) -> Option<ScalarValue> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if a.partial_cmp(&b) == Some(std::cmp::Ordering::Less) { b } else { a }),
        (a, b) => a.or(b),
    }
}
