//! Bloom filters, where a writer left some: of the few keys that the bounds of a row group do not rule out, none may be in it.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Date32Type, Int32Type, Int64Type, Time64MicrosecondType, TimeUnit, TimestampMicrosecondType};
use parquet::basic::Type;
use parquet::bloom_filter::Sbbf;
use parquet::file::metadata::RowGroupMetaData;

use crate::error::Result;

use super::super::files::corrupt;

/// A filter errs once in a hundred times, mostly: one of more values than these always seems to be there.
pub(super) const MOST_VALUES: usize = 256;

/// Where in the file the filter of a column of a row group is; `None` when there is none, or none that says how long it is.
pub(super) fn place(group: &RowGroupMetaData, column: &str, values: &DataType) -> Option<std::ops::Range<u64>> {
    let chunk = group.columns().iter().find(|chunk| matches!(chunk.column_path().parts(), [only] if only == column))?;
    // A filter is of the bytes in the file: those of a type that is stored otherwise say nothing of these values.
    (Some(chunk.column_type()) == stored(values)).then_some(())?;
    let start = u64::try_from(chunk.bloom_filter_offset()?).ok()?;
    let length = u64::try_from(chunk.bloom_filter_length()?).ok()?;
    Some(start..start.checked_add(length)?)
}

/// Whether one of the values, none of them NULL, may be among those that the filter is of.
///
/// # Errors
/// `CORRUPT_TABLE` for bytes that are no filter.
pub(super) fn may_hold(filter: &[u8], values: &ArrayRef, shown: &str) -> Result<bool> {
    let damaged = || corrupt(shown, "the data file is damaged: a Bloom filter cannot be read");
    let filter = Sbbf::from_bytes(filter).map_err(|e| damaged().with_source(e))?;
    if filter.num_blocks() == 0 {
        return Err(damaged());
    }
    Ok(match values.data_type() {
        DataType::Int32 => values.as_primitive::<Int32Type>().values().iter().any(|value| filter.check(value)),
        DataType::Date32 => values.as_primitive::<Date32Type>().values().iter().any(|value| filter.check(value)),
        DataType::Int64 => values.as_primitive::<Int64Type>().values().iter().any(|value| filter.check(value)),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            values.as_primitive::<TimestampMicrosecondType>().values().iter().any(|value| filter.check(value))
        }
        DataType::Time64(TimeUnit::Microsecond) => {
            values.as_primitive::<Time64MicrosecondType>().values().iter().any(|value| filter.check(value))
        }
        DataType::Utf8 => values.as_string::<i32>().iter().flatten().any(|value| filter.check(value)),
        DataType::Utf8View => values.as_string_view().iter().flatten().any(|value| filter.check(value)),
        DataType::Binary => values.as_binary::<i32>().iter().flatten().any(|value| filter.check(value)),
        DataType::BinaryView => values.as_binary_view().iter().flatten().any(|value| filter.check(value)),
        DataType::FixedSizeBinary(_) => values.as_fixed_size_binary().iter().flatten().any(|value| filter.check(value)),
        _ => true,
    })
}

/// How Parquet stores values whose bytes are the same in both. Of floats, one value has several bytes; of decimals, a writer chooses.
fn stored(values: &DataType) -> Option<Type> {
    match values {
        DataType::Int32 | DataType::Date32 => Some(Type::INT32),
        DataType::Int64 | DataType::Timestamp(TimeUnit::Microsecond, _) | DataType::Time64(TimeUnit::Microsecond) => Some(Type::INT64),
        DataType::Utf8 | DataType::Utf8View | DataType::Binary | DataType::BinaryView => Some(Type::BYTE_ARRAY),
        DataType::FixedSizeBinary(_) => Some(Type::FIXED_LEN_BYTE_ARRAY),
        _ => None,
    }
}
