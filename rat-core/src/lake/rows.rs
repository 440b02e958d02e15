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
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc};

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
    /// times without zone. A time with a zone is stored in UTC. Where the table has the column and each value is exactly one of its type, it is
    /// written as that: `"2.50"` and `2.5` into a `DECIMAL(5, 2)`, `"2024-02-29"` and a midnight in UTC into a `DATE`, an ISO 8601 text into a
    /// time, a time with a zone into a `TIMESTAMP` of UTC.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT`, with row and column, for values that have no type in common, for a text that is not the date or time it is said to
    /// be, and for no rows at all, which have no columns. A column without a value in any row, which the table does not have, fails the write.
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
        for (_, values) in &mut columns {
            values.resize(count, Param::Null);
        }
        let types = columns.iter().map(|(name, values)| column_type(name, values)).collect::<Result<Vec<_>>>()?;
        let own = batch(&columns, &types, count)?;
        Ok(Self::plain(own, move |table| {
            let fitted = columns.iter().zip(&types).map(|((name, values), own)| {
                let field = table.fields().iter().find(|field| field.name().eq_ignore_ascii_case(name))?;
                fit(values, own, field.data_type())
            });
            let (mut fits, mut wanted) = (columns.clone(), types.clone());
            for (at, fitted) in fitted.enumerate() {
                if let Some((values, data_type)) = fitted {
                    fits[at].1 = values;
                    wanted[at] = data_type;
                }
            }
            if let Some(at) = wanted.iter().position(holds_null) {
                return Err(unfit(&format!("`{}` has no value in any row, which says nothing of its type", fits[at].0)));
            }
            batch(&fits, &wanted, count)
        }))
    }
}

fn batch(columns: &[(String, Vec<Param>)], types: &[DataType], rows: usize) -> Result<RecordBatch> {
    let fields = columns.iter().zip(types).map(|((name, _), data_type)| Field::new(name, data_type.clone(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let arrays = columns.iter().zip(types).map(|((name, values), own)| array(name, &values.iter().collect::<Vec<_>>(), own));
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(schema, arrays.collect::<Result<_>>()?, &options).map_err(|e| unfit(&e.to_string()))
}

/// The values as those of a column of a table, where each is one of its type exactly: languages without exact numbers or days write them as
/// texts, numbers and times. `None` leaves them as they are, for the merge to judge.
fn fit(values: &[Param], own: &DataType, wanted: &DataType) -> Option<(Vec<Param>, DataType)> {
    if holds_null(own) && has_room(own, wanted) {
        return Some((values.to_vec(), wanted.clone()));
    }
    let fitted = values.iter().map(|value| if *value == Param::Null { Some(Param::Null) } else { exactly(value, wanted) });
    Some((fitted.collect::<Option<_>>()?, wanted.clone()))
}

/// Whether what has no value anywhere can be of that type.
fn has_room(own: &DataType, wanted: &DataType) -> bool {
    match (own, wanted) {
        (DataType::Null, _) => true,
        (DataType::List(own), DataType::List(wanted)) => has_room(own.data_type(), wanted.data_type()),
        _ => false,
    }
}

fn exactly(value: &Param, wanted: &DataType) -> Option<Param> {
    use DataType::{Date32, Decimal128, Time64, Timestamp};
    let midnight = |at: &DateTime<Utc>| at.time() == NaiveTime::MIN;
    let in_micros = |nanos: u32| nanos.is_multiple_of(1000);
    Some(match (value, wanted) {
        (Param::Text(text), Decimal128(..)) => exact_number(text, wanted)?,
        // The shortest digits that are this number and no other.
        (Param::Number(number), Decimal128(..)) if number.is_finite() => exact_number(&number.to_string(), wanted)?,
        (Param::Text(text), Date32) => Param::Date(NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.to_string()),
        (Param::TimestampTz(at), Date32) if midnight(at) => Param::Date(at.date_naive().to_string()),
        (Param::Text(text), Time64(_)) => {
            let at = NaiveTime::parse_from_str(text, "%H:%M:%S%.f").ok().filter(|at| in_micros(at.nanosecond()));
            Param::Time(at?.to_string())
        }
        (Param::Text(text), Timestamp(_, None)) => {
            let at =
                ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"].iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
            Param::Timestamp(at.filter(|at: &NaiveDateTime| in_micros(at.nanosecond()))?.to_string())
        }
        (Param::TimestampTz(at), Timestamp(_, None)) => Param::Timestamp(at.naive_utc().to_string()),
        (Param::Text(text), Timestamp(_, Some(_))) => {
            let at = DateTime::parse_from_rfc3339(text).ok().filter(|at| in_micros(at.nanosecond()));
            Param::TimestampTz(at?.to_utc())
        }
        _ => return None,
    })
}

fn exact_number(text: &str, wanted: &DataType) -> Option<Param> {
    let DataType::Decimal128(precision, scale) = wanted else { return None };
    let Param::Decimal(mut digits, mut after) = Param::decimal(text)? else { return None };
    while after > scale.unsigned_abs() && digits % 10 == 0 {
        (digits, after) = (digits / 10, after - 1);
    }
    let whole = digits.unsigned_abs().to_string().len().saturating_sub(usize::from(after));
    let has_room = after <= scale.unsigned_abs() && whole + usize::from(scale.unsigned_abs()) <= usize::from(*precision);
    has_room.then_some(Param::Decimal(digits, after))
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
    Ok(found)
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
