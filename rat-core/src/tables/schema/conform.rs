//! A query's batch as a table's batch: by name, cast without loss, or an error that names the column.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::error::{Code, Error, Result, counted};
use crate::types::sql_type;

/// The batch with the columns of `target`, matched by name without regard to case and cast to its types. A column that the batch lacks is
/// NULL; one that the target lacks is left out.
///
/// # Errors
/// `CAST_FAILED` for a value that the target type does not hold exactly, `NOT_NULL_VIOLATED` for NULL where the target allows none.
pub fn conform(batch: &RecordBatch, target: &SchemaRef) -> Result<RecordBatch> {
    let source = batch.schema();
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(target.fields().len());
    for field in target.fields() {
        let found = source.fields().iter().position(|other| other.name() == field.name());
        let found = found.or_else(|| source.fields().iter().position(|other| other.name().eq_ignore_ascii_case(field.name())));
        let column = match found {
            Some(at) => cast(batch.column(at), field.data_type(), field.name())?,
            None => new_null_array(field.data_type(), batch.num_rows()),
        };
        if !field.is_nullable() && column.null_count() > 0 {
            return Err(Error::new(
                Code::NotNullViolated,
                format!("`{}` is NULL in {}, and must not be", field.name(), counted(column.null_count(), "row")),
            )
            .with_context("column", field.name()));
        }
        columns.push(column);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(target), columns, &options)
        .map_err(|e| Error::new(Code::NotNullViolated, "a nested field that must not be NULL is NULL").with_source(e))
}

fn cast(column: &ArrayRef, to: &DataType, name: &str) -> Result<ArrayRef> {
    if column.data_type() == to {
        return Ok(Arc::clone(column));
    }
    // Iceberg's fixed-offset spelling of UTC and a zone's name mean the same instants.
    let options = CastOptions { safe: false, ..CastOptions::default() };
    let failed = |e: ArrowError| {
        Error::new(Code::CastFailed, format!("a value of `{name}` does not fit {}", sql_type(to)))
            .with_help(format!("cast or clean `{name}` in the query"))
            .with_context("column", name)
            .with_source(e)
    };
    let cast = cast_with_options(column, to, &options).map_err(failed)?;
    if divides(column.data_type(), to) {
        let back = cast_with_options(&cast, column.data_type(), &options).map_err(failed)?;
        if back.to_data() != column.to_data() {
            let lost = (0..column.len()).find(|&row| back.slice(row, 1).to_data() != column.slice(row, 1).to_data());
            let shown = lost.and_then(|row| Some(ArrayFormatter::try_new(column, &FormatOptions::default()).ok()?.value(row).to_string()));
            return Err(Error::new(Code::CastFailed, format!("a value of `{name}` has nanoseconds, and a table holds microseconds"))
                .with_help(format!("cast `{name}` in the query"))
                .with_context("column", name)
                .with_context("value", shown.unwrap_or_default()));
        }
    }
    Ok(cast)
}

// Casts that Arrow does by dividing, silently.
fn divides(from: &DataType, to: &DataType) -> bool {
    matches!(
        (from, to),
        (DataType::Timestamp(TimeUnit::Nanosecond, _), DataType::Timestamp(TimeUnit::Microsecond, _))
            | (DataType::Time64(TimeUnit::Nanosecond), DataType::Time64(TimeUnit::Microsecond))
    )
}
