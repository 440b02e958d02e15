//! Whether values of one type can be stored as another without loss.

use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::compute::kernels::cmp;
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, TimeUnit};

/// How values of the query's type become values of the table's.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fit {
    /// They are.
    Same,
    /// Every value has its counterpart.
    Lossless,
    /// Some values have none: each is looked at.
    Checked,
    /// The table's type can become the query's, which Iceberg allows for this pair.
    Widens(DataType),
    /// They are different things.
    No,
}

/// The type a table stores for a type of the engine: one width of text, one unit of time. Types that no table stores are left as they are;
/// making the table refuses them, with the column's name.
pub(super) fn plain(data_type: &DataType) -> DataType {
    use DataType::*;
    match data_type {
        Int8 | Int16 | UInt8 | UInt16 => Int32,
        UInt32 | UInt64 => Int64,
        Float16 => Float32,
        Utf8View | LargeUtf8 => Utf8,
        BinaryView | LargeBinary => Binary,
        Dictionary(_, values) => plain(values),
        Timestamp(TimeUnit::Second | TimeUnit::Millisecond, None) => Timestamp(TimeUnit::Microsecond, None),
        Timestamp(TimeUnit::Second | TimeUnit::Millisecond | TimeUnit::Microsecond, Some(_)) => {
            Timestamp(TimeUnit::Microsecond, Some("+00:00".into()))
        }
        Time32(_) => Time64(TimeUnit::Microsecond),
        Decimal32(p, s) | Decimal64(p, s) => Decimal128(*p, *s),
        Decimal256(p, s) if *p <= 38 => Decimal128(*p, *s),
        List(item) | LargeList(item) | ListView(item) | LargeListView(item) | FixedSizeList(item, _) => List(plain_field(item).into()),
        Struct(fields) => Struct(fields.iter().map(|field| plain_field(field)).collect()),
        other => other.clone(),
    }
}

fn plain_field(field: &Field) -> Field {
    field.clone().with_data_type(plain(field.data_type()))
}

/// How values of `from`, a type of the engine, become values of `to`, a type of a table.
pub(super) fn between(from: &DataType, to: &DataType) -> Fit {
    use DataType::*;
    if from == to {
        return Fit::Same;
    }
    if *from == UInt64 && *to == Int64 {
        return Fit::Checked;
    }
    let from = &plain(from);
    match (from, to) {
        (a, b) if a == b || (a.is_nested() && a.equals_datatype(b)) => Fit::Lossless,
        (Int64, Int32) => Fit::Widens(Int64),
        (Float64, Float32) => Fit::Widens(Float64),
        (Decimal128(p, s), Decimal128(tp, ts)) if s == ts && p > tp => Fit::Widens(Decimal128(*p, *s)),
        (Decimal128(p, s), Decimal128(tp, ts)) if ts >= s && i16::from(*tp) - i16::from(*ts) >= i16::from(*p) - i16::from(*s) => {
            Fit::Lossless
        }
        (Int32, Int64 | Float64) | (Float32, Float64) | (Date32, Timestamp(TimeUnit::Microsecond, None)) => Fit::Lossless,
        (Int32, Decimal128(p, s)) if i16::from(*p) - i16::from(*s) >= 10 => Fit::Lossless,
        (Int64, Decimal128(p, s)) if i16::from(*p) - i16::from(*s) >= 19 => Fit::Lossless,
        (a, b) if a.is_numeric() && b.is_numeric() => Fit::Checked,
        // A column without a type, `NULL AS x`, is NULL of any type.
        (Null, _) => Fit::Lossless,
        _ => Fit::No,
    }
}

/// The values as another type, or `None` when one of them does not fit.
pub(super) fn cast(values: &ArrayRef, to: &DataType, fit: &Fit) -> Option<ArrayRef> {
    if values.data_type() == to {
        return Some(ArrayRef::clone(values));
    }
    let options = CastOptions { safe: *fit == Fit::Checked, ..CastOptions::default() };
    let stored = cast_with_options(values, to, &options).ok()?;
    if *fit != Fit::Checked {
        return Some(stored);
    }
    let back = cast_with_options(&stored, values.data_type(), &options).ok()?;
    let same: BooleanArray = cmp::not_distinct(&back, values).ok()?;
    (same.true_count() == values.len()).then_some(stored)
}
