//! Rows of plain values as data to write: the type of each column is found out from its values.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Decimal128Array, Float64Array, Int64Array, IntervalMonthDayNanoArray, ListArray, StringArray,
    TimestampMicrosecondArray, new_null_array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType, Field, IntervalMonthDayNano, IntervalUnit, Schema, TimeUnit};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};

use crate::error::{Code, Error, Result};
use crate::query::{Param, written};
use crate::run::WriteData;
use crate::types::sql_type;

/// Digits that a whole number of 64 bits can have.
const WHOLE: u8 = 19;

impl WriteData {
    /// Rows of plain values, each a value by the name of its column; a column that a row does not have is NULL there. Columns come in the
    /// order in which the rows first name them.
    ///
    /// The values of a column have one type. Whole numbers give way to exact numbers, both to numbers with a binary fraction, and days to
    /// times without zone. A time with a zone is stored in UTC.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT`, with row and column, for values that have no type in common, for a column without a value in any row, for a text
    /// that is not the date or time it is said to be, and for no rows at all, which have no columns.
    pub fn rows(rows: impl IntoIterator<Item = Vec<(String, Param)>>) -> Result<Self> {
        let mut columns: Vec<(String, Vec<Param>)> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut count = 0;
        for row in rows {
            for (name, value) in row {
                let at = *places.entry(name).or_insert_with_key(|name| {
                    columns.push((name.clone(), Vec::new()));
                    columns.len() - 1
                });
                let (name, values) = &mut columns[at];
                if values.len() > count {
                    return Err(unfit(&format!("row {count} has two values of `{name}`")));
                }
                values.resize(count, Param::Null);
                values.push(value);
            }
            count += 1;
        }
        if columns.is_empty() {
            return Err(Error::new(Code::InvalidArgument, "the rows have no columns").with_help("give at least one row, or Arrow data"));
        }
        let mut fields = Vec::with_capacity(columns.len());
        let mut arrays = Vec::with_capacity(columns.len());
        for (name, mut values) in columns {
            values.resize(count, Param::Null);
            let data_type = column_type(&name, &values)?;
            arrays.push(array(&name, &values.iter().collect::<Vec<_>>(), &data_type)?);
            fields.push(Field::new(name, data_type, true));
        }
        let schema = Arc::new(Schema::new(fields));
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&schema), arrays, &options).map_err(|e| unfit(&e.to_string()))?;
        Ok(Self::batches(schema, vec![batch]))
    }
}

fn unfit(message: &str) -> Error {
    Error::new(Code::InvalidArgument, message).with_help("give the values of a column one type, or give Arrow data")
}

fn column_type(name: &str, values: &[Param]) -> Result<DataType> {
    let mut found = DataType::Null;
    for (row, value) in values.iter().enumerate() {
        let own = type_of(value).ok_or_else(|| unfit(&format!("the items of `{name}` in row {row} have no type in common")))?;
        found = together(&found, &own).ok_or_else(|| {
            let [before, own] = [&found, &own].map(sql_type);
            unfit(&format!("`{name}` in row {row} is {own}, and {before} in the rows before"))
        })?;
    }
    match holds_null(&found) {
        true => Err(unfit(&format!("`{name}` has no value in any row, which says nothing of its type"))),
        false => Ok(found),
    }
}

/// `None` for a list whose items have no type in common.
fn type_of(value: &Param) -> Option<DataType> {
    Some(match value {
        Param::Null => DataType::Null,
        Param::Bool(_) => DataType::Boolean,
        Param::Integer(_) => DataType::Int64,
        Param::Number(_) => DataType::Float64,
        Param::Decimal(digits, after) => {
            let precision = digits.unsigned_abs().to_string().len().max(usize::from(*after));
            decimal(u8::try_from(precision).ok()?.saturating_sub(*after), *after)?
        }
        Param::Text(_) => DataType::Utf8,
        Param::Date(_) => DataType::Date32,
        Param::Timestamp(_) => DataType::Timestamp(TimeUnit::Microsecond, None),
        Param::TimestampTz(_) => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        Param::Time(_) => DataType::Time64(TimeUnit::Microsecond),
        Param::Interval(_) => DataType::Interval(IntervalUnit::MonthDayNano),
        Param::Bytes(_) => DataType::Binary,
        Param::List(items) => {
            let item = items.iter().try_fold(DataType::Null, |found, item| together(&found, &type_of(item)?))?;
            list_of(item)
        }
    })
}

fn list_of(item: DataType) -> DataType {
    DataType::List(Arc::new(Field::new_list_field(item, true)))
}

/// `whole` digits before the point and `after` behind it.
fn decimal(whole: u8, after: u8) -> Option<DataType> {
    let scale = i8::try_from(after).ok()?;
    let precision = whole.checked_add(after).filter(|precision| *precision <= DECIMAL128_MAX_PRECISION)?;
    Some(DataType::Decimal128(precision.max(1), scale))
}

/// The type that values of both types fit into.
fn together(one: &DataType, other: &DataType) -> Option<DataType> {
    use DataType::{Date32, Decimal128, Float64, Int64, List, Null, Timestamp};
    Some(match (one, other) {
        (one, other) if one == other => one.clone(),
        (Null, other) | (other, Null) => other.clone(),
        (Int64 | Decimal128(..) | Float64, Float64) | (Float64, Int64 | Decimal128(..)) => Float64,
        (Int64, Decimal128(p, s)) | (Decimal128(p, s), Int64) => decimal(WHOLE.max(p.checked_sub(s.unsigned_abs())?), s.unsigned_abs())?,
        (Decimal128(p, s), Decimal128(q, t)) => {
            let whole = |p: &u8, s: &i8| p.checked_sub(s.unsigned_abs());
            decimal(whole(p, s)?.max(whole(q, t)?), s.unsigned_abs().max(t.unsigned_abs()))?
        }
        (Date32, Timestamp(unit, None)) | (Timestamp(unit, None), Date32) => Timestamp(*unit, None),
        (List(one), List(other)) => list_of(together(one.data_type(), other.data_type())?),
        _ => return None,
    })
}

fn holds_null(data_type: &DataType) -> bool {
    match data_type {
        DataType::Null => true,
        DataType::List(item) => holds_null(item.data_type()),
        _ => false,
    }
}

fn array(name: &str, values: &[&Param], data_type: &DataType) -> Result<ArrayRef> {
    macro_rules! collected {
        ($array:ty, $($kind:pat => $made:expr),+ $(,)?) => {
            Arc::new(values.iter().map(|value| match value { $($kind => Some($made),)+ _ => None }).collect::<$array>())
        };
    }
    Ok(match data_type {
        DataType::Boolean => collected!(BooleanArray, Param::Bool(value) => *value),
        DataType::Int64 => collected!(Int64Array, Param::Integer(value) => *value),
        DataType::Float64 => collected!(Float64Array,
            Param::Number(value) => *value,
            Param::Integer(value) => *value as f64,
            Param::Decimal(digits, after) => written(*digits, *after).parse().unwrap_or(f64::NAN),
        ),
        DataType::Decimal128(precision, scale) => {
            let moved = |digits: i128, after: u8| digits * 10_i128.pow(u32::from(scale.unsigned_abs() - after));
            let exact: Decimal128Array = values
                .iter()
                .map(|value| match value {
                    Param::Decimal(digits, after) => Some(moved(*digits, *after)),
                    Param::Integer(value) => Some(moved(i128::from(*value), 0)),
                    _ => None,
                })
                .collect();
            Arc::new(exact.with_precision_and_scale(*precision, *scale).map_err(|e| unfit(&e.to_string()))?)
        }
        DataType::Utf8 => collected!(StringArray, Param::Text(value) => value.as_str()),
        DataType::Binary => collected!(BinaryArray, Param::Bytes(value) => value.as_slice()),
        DataType::Interval(_) => collected!(IntervalMonthDayNanoArray,
            Param::Interval(micros) => IntervalMonthDayNano::new(0, 0, micros.saturating_mul(1000)),
        ),
        DataType::Timestamp(_, Some(zone)) => {
            let micros: TimestampMicrosecondArray = values
                .iter()
                .map(|value| match value {
                    Param::TimestampTz(at) => Some(at.timestamp_micros()),
                    _ => None,
                })
                .collect();
            Arc::new(micros.with_timezone(Arc::clone(zone)))
        }
        DataType::Date32 | DataType::Time64(_) | DataType::Timestamp(_, None) => {
            let texts: ArrayRef = collected!(StringArray, Param::Date(text) | Param::Time(text) | Param::Timestamp(text) => text.as_str());
            let strict = CastOptions { safe: false, ..CastOptions::default() };
            cast_with_options(&texts, data_type, &strict).map_err(|e| unfit(&format!("a value of `{name}` is none: {e}")))?
        }
        DataType::List(item) => {
            let mut offsets = Vec::with_capacity(values.len());
            let mut items = Vec::new();
            for value in values {
                let own: &[Param] = if let Param::List(own) = value { own } else { &[] };
                items.extend(own);
                offsets.push(own.len());
            }
            let nulls = NullBuffer::from_iter(values.iter().map(|value| matches!(value, Param::List(_))));
            let items = array(name, &items, item.data_type())?;
            let lists = ListArray::try_new(Arc::clone(item), OffsetBuffer::from_lengths(offsets), items, Some(nulls));
            Arc::new(lists.map_err(|e| unfit(&e.to_string()))?)
        }
        _ => new_null_array(data_type, values.len()),
    })
}
