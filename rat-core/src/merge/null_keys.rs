//! The key's columns among the new rows', and rows that have NULL in all of them.

use arrow::array::{Array, BooleanArray};
use arrow::compute::{and, filter_record_batch, is_null};
use arrow::datatypes::Schema;
use arrow::record_batch::RecordBatch;

use super::Refusal;
use crate::error::{Code, Error, Result, counted};

const SAMPLE_ROWS: usize = 20;

#[derive(Default)]
pub(super) struct NullKeyRows {
    count: u64,
    samples: Vec<RecordBatch>,
}

impl NullKeyRows {
    pub(super) fn look(&mut self, batch: &RecordBatch, key: &[usize]) -> Result<()> {
        let defect = |e| Error::new(Code::Internal, "keys could not be looked at").with_source(e);
        let mut all: Option<BooleanArray> = None;
        for index in key {
            let column = batch.column(*index);
            if column.null_count() == 0 && column.logical_null_count() == 0 {
                return Ok(());
            }
            let nulls = is_null(column).map_err(defect)?;
            all = Some(match all {
                Some(all) => and(&all, &nulls).map_err(defect)?,
                None => nulls,
            });
        }
        let Some(all) = all.filter(|all| all.true_count() > 0) else { return Ok(()) };
        self.count += all.true_count() as u64;
        let taken: usize = self.samples.iter().map(RecordBatch::num_rows).sum();
        if taken < SAMPLE_ROWS {
            let rows = filter_record_batch(batch, &all).map_err(defect)?;
            self.samples.push(rows.slice(0, rows.num_rows().min(SAMPLE_ROWS - taken)));
        }
        Ok(())
    }

    pub(super) fn check(self, key: &[String], width: usize) -> Result<(), Refusal> {
        let Some(first) = self.samples.first() else { return Ok(()) };
        let have = if self.count == 1 { "has" } else { "have" };
        let message = format!("{} {have} NULL in the whole key `{}`", counted(self.count, "row"), key.join(", "));
        let error = Error::new(Code::NullKey, message).with_context("rows", self.count);
        let samples = arrow::compute::concat_batches(&first.schema(), &self.samples)
            .and_then(|batch| batch.project(&(0..width).collect::<Vec<_>>()))
            .map_err(|e| Error::new(Code::Internal, "sample rows could not be kept").with_source(e))?;
        Err(Refusal { error, rows: Some((self.count, samples)) })
    }
}

/// Where the key's columns are.
///
/// # Errors
/// `UNKNOWN_COLUMN`, and `UNSUPPORTED_TYPE` for a column that cannot be compared.
pub(super) fn positions(schema: &Schema, names: &[String]) -> Result<Vec<usize>> {
    for name in names {
        if let Ok(field) = schema.field_with_name(name)
            && field.data_type().is_nested()
        {
            let message = format!("the key has the column `{name}`, which is of a nested type");
            return Err(Error::new(Code::UnsupportedType, message).with_context("column", name).with_help("use plain columns as the key"));
        }
    }
    let missing = |name: &String| Error::new(Code::UnknownColumn, format!("the query gives no column `{name}`, which is in the key"));
    names.iter().map(|name| super::columns::position(schema, name).ok_or_else(|| missing(name))).collect()
}
