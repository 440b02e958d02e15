//! What is known of a column's values in a file: from the file's metrics, and from its partition.
//!
//! Everything here errs to the side of knowing less. A lower bound is never above a value of the file, an upper bound never below one, in
//! the order DataFusion compares by, where NaN is above every number; a column whose NaNs are not counted has no bounds.

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use iceberg::spec::{Literal, PartitionSpec, PrimitiveLiteral, PrimitiveType, Transform};

use super::super::files::FileEntry;
use super::values;

/// A column of the scan that bounds can be known of.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub id: i32,
    pub name: String,
    pub data_type: DataType,
    /// `None` for structs, lists and maps: they have no bounds of their own.
    pub kind: Option<PrimitiveType>,
}

/// One end of a column's range. `exact`: some row has this very value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bound {
    pub value: ScalarValue,
    pub exact: bool,
}

/// What is known of a column in some rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Bounds {
    pub min: Option<Bound>,
    pub max: Option<Bound>,
    pub nulls: Option<u64>,
}

impl Bounds {
    fn all_null(rows: u64) -> Self {
        Self { nulls: Some(rows), ..Self::default() }
    }

    fn only(value: ScalarValue) -> Self {
        let exact = !values::is_zero_float(&value);
        let bound = Bound { value, exact };
        Self { min: Some(bound.clone()), max: Some(bound), nulls: Some(0) }
    }
}

/// What a file's metrics and partition say of a column.
pub(super) fn of_file(entry: &FileEntry, column: &Column, spec: Option<&PartitionSpec>) -> Bounds {
    let from_partition = spec.map(|spec| of_partition(entry, column, spec)).unwrap_or_default();
    let exactly_one = matches!((&from_partition.min, &from_partition.max), (Some(min), Some(max)) if min.exact && max.exact && min == max);
    if exactly_one || from_partition.nulls == Some(entry.file.record_count()) {
        return from_partition;
    }
    let metrics = of_metrics(entry, column);
    Bounds {
        min: metrics.min.or(from_partition.min),
        max: metrics.max.or(from_partition.max),
        nulls: metrics.nulls.or(from_partition.nulls),
    }
}

fn of_metrics(entry: &FileEntry, column: &Column) -> Bounds {
    let file = &entry.file;
    let nulls = file.null_value_counts().get(&column.id).copied().filter(|nulls| *nulls <= file.record_count());
    let Some(kind) = &column.kind else { return Bounds { nulls, ..Bounds::default() } };
    if matches!(kind, PrimitiveType::Float | PrimitiveType::Double) && !no_nans(entry, column.id) {
        return Bounds { nulls, ..Bounds::default() };
    }
    // Text and bytes may have been cut by the writer, which the manifest does not say.
    let tight = !matches!(kind, PrimitiveType::String | PrimitiveType::Binary | PrimitiveType::Fixed(_));
    let bound = |datum| {
        let value = values::datum(datum, &column.data_type)?;
        let exact = tight && !values::is_zero_float(&value);
        (!is_nan(&value)).then_some(Bound { value, exact })
    };
    Bounds { min: file.lower_bounds().get(&column.id).and_then(bound), max: file.upper_bounds().get(&column.id).and_then(bound), nulls }
}

/// Whether it is known that a file holds no NaN in a column.
pub(super) fn no_nans(entry: &FileEntry, id: i32) -> bool {
    entry.file.nan_value_counts().get(&id) == Some(&0)
}

fn is_nan(value: &ScalarValue) -> bool {
    match value {
        ScalarValue::Float32(Some(v)) => v.is_nan(),
        ScalarValue::Float64(Some(v)) => v.is_nan(),
        _ => false,
    }
}

fn of_partition(entry: &FileEntry, column: &Column, spec: &PartitionSpec) -> Bounds {
    let mut bounds = Bounds::default();
    for (field, value) in spec.fields().iter().zip(entry.file.partition().iter()) {
        if field.source_id != column.id || matches!(field.transform, Transform::Void | Transform::Unknown) {
            continue;
        }
        // Every transform but void maps NULL, and nothing else, to NULL.
        let Some(value) = value else { return Bounds::all_null(entry.file.record_count()) };
        bounds.nulls = Some(0);
        let range = source_range(field.transform, value, column);
        if range.min.is_some() || range.max.is_some() {
            if field.transform == Transform::Identity {
                return range;
            }
            bounds.min = range.min.or(bounds.min);
            bounds.max = range.max.or(bounds.max);
        }
    }
    bounds
}

/// The values of the source column that a partition value stands for.
pub(super) fn source_range(transform: Transform, value: &Literal, column: &Column) -> Bounds {
    let Some(kind) = &column.kind else { return Bounds::default() };
    let Literal::Primitive(value) = value else { return Bounds::default() };
    let (min, max) = match (transform, value) {
        (Transform::Identity, value) => {
            return values::scalar(value, kind, &column.data_type).map(Bounds::only).unwrap_or_default();
        }
        (Transform::Truncate(width), value) => truncated(value, i64::from(width)),
        (Transform::Year, PrimitiveLiteral::Int(year)) => {
            period(*year, kind, |years| day_of_month(i64::from(years) * 12).map(|day| day * DAY))
        }
        (Transform::Month, PrimitiveLiteral::Int(month)) => {
            period(*month, kind, |months| day_of_month(i64::from(months)).map(|day| day * DAY))
        }
        (Transform::Day, PrimitiveLiteral::Int(day)) => period(*day, kind, |days| Some(i64::from(days) * DAY)),
        (Transform::Hour, PrimitiveLiteral::Int(hour)) => period(*hour, kind, |hours| Some(i64::from(hours) * HOUR)),
        _ => (None, None),
    };
    let bound = |literal: Option<PrimitiveLiteral>| {
        let value = values::scalar(&literal?, kind, &column.data_type)?;
        Some(Bound { value, exact: false })
    };
    Bounds { min: bound(min), max: bound(max), nulls: None }
}

type Range = (Option<PrimitiveLiteral>, Option<PrimitiveLiteral>);

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

// `start` gives the first microsecond of a period. Writers of old rounded times before 1970 up instead of down, so a period at or before
// the epoch may also hold values of the one before it.
fn period(value: i32, kind: &PrimitiveType, start: impl Fn(i32) -> Option<i64>) -> Range {
    let first = if value <= 0 { value.checked_sub(1).and_then(&start) } else { start(value) };
    let last = value.checked_add(1).and_then(&start).map(|next| next - 1);
    let literal = |micros: i64| match kind {
        PrimitiveType::Date => i32::try_from(micros.div_euclid(DAY)).ok().map(PrimitiveLiteral::Int),
        PrimitiveType::Timestamp | PrimitiveType::Timestamptz => Some(PrimitiveLiteral::Long(micros)),
        PrimitiveType::TimestampNs | PrimitiveType::TimestamptzNs => micros.checked_mul(1000).map(PrimitiveLiteral::Long),
        _ => None,
    };
    let last = match kind {
        PrimitiveType::TimestampNs | PrimitiveType::TimestamptzNs => {
            last.and_then(|micros| micros.checked_mul(1000)?.checked_add(999)).map(PrimitiveLiteral::Long)
        }
        _ => last.and_then(literal),
    };
    (first.and_then(literal), last)
}

// Days from the epoch to the first day of a month, counted from January 1970.
fn day_of_month(month: i64) -> Option<i64> {
    let year = i32::try_from(1970 + month.div_euclid(12)).ok()?;
    let month = u32::try_from(month.rem_euclid(12)).ok()? + 1;
    let first = chrono::NaiveDate::from_ymd_opt(year, month, 1)?;
    Some(first.signed_duration_since(chrono::NaiveDate::default()).num_days())
}

fn truncated(value: &PrimitiveLiteral, width: i64) -> Range {
    let max = match value {
        PrimitiveLiteral::Int(v) => i32::try_from(width - 1).ok().and_then(|rest| v.checked_add(rest)).map(PrimitiveLiteral::Int),
        PrimitiveLiteral::Long(v) => v.checked_add(width - 1).map(PrimitiveLiteral::Long),
        PrimitiveLiteral::Int128(v) => v.checked_add(i128::from(width) - 1).map(PrimitiveLiteral::Int128),
        PrimitiveLiteral::String(v) if (v.chars().count() as i64) < width => Some(value.clone()),
        PrimitiveLiteral::String(v) => next_text(v).map(PrimitiveLiteral::String),
        PrimitiveLiteral::Binary(v) if (v.len() as i64) < width => Some(value.clone()),
        PrimitiveLiteral::Binary(v) => next_bytes(v).map(PrimitiveLiteral::Binary),
        _ => return (None, None),
    };
    (Some(value.clone()), max)
}

/// The least text above every text that starts so, if there is one.
pub(super) fn next_text(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        let after = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32);
        if let Some(after) = after {
            chars.push(after);
            return Some(chars.into_iter().collect());
        }
    }
    None
}

fn next_bytes(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = prefix.to_vec();
    while let Some(last) = bytes.pop() {
        if let Some(after) = last.checked_add(1) {
            bytes.push(after);
            return Some(bytes);
        }
    }
    None
}
