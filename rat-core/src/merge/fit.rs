//! Whether values of one type can be stored as another without loss.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, ListArray, MapArray, StructArray, make_array, new_null_array};
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::compute::kernels::cmp;
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, FieldRef, Fields, TimeUnit};

use super::columns::same_name;

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
        Map(entries, sorted) => Map(plain_field(entries).into(), *sorted),
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
    if matches!((from, to), (UInt64, Int64) | (Time64(TimeUnit::Nanosecond), Time64(TimeUnit::Microsecond))) {
        return Fit::Checked;
    }
    let from = &plain(from);
    match (from, to) {
        (a, b) if a == b => Fit::Lossless,
        (Struct(a), Struct(b)) if a.len() == b.len() => {
            all(b.iter().map(|to| field(a, to.name()).map_or(Fit::No, |from| between(from.data_type(), to.data_type()))))
        }
        (List(a), List(b)) => between(a.data_type(), b.data_type()),
        (Map(a, _), Map(b, _)) => match (a.data_type(), b.data_type()) {
            (Struct(a), Struct(b)) => all(a.iter().zip(b).map(|(a, b)| between(a.data_type(), b.data_type()))),
            _ => Fit::No,
        },
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

/// The same for the type a column was found to have afterwards, where the fields inside it need not be the query's.
pub(super) fn into_found(from: &DataType, to: &DataType) -> Fit {
    match from != to && to.is_nested() && from.is_nested() {
        true => Fit::Checked,
        false => between(from, to),
    }
}

// Values with parts, of how each of the parts fits.
fn all(mut parts: impl Iterator<Item = Fit>) -> Fit {
    parts
        .try_fold(Fit::Lossless, |all, part| match part {
            Fit::No => Err(Fit::No),
            Fit::Same | Fit::Lossless => Ok(all),
            Fit::Checked | Fit::Widens(_) => Ok(Fit::Checked),
        })
        .unwrap_or_else(|no| no)
}

fn field<'a>(of: &'a Fields, name: &str) -> Option<&'a FieldRef> {
    of.iter().find(|field| same_name(field.name(), name))
}

/// The values as another type, or `None` when one of them does not fit. Fields of a struct are found by name; one that the values do not
/// have is NULL.
pub(super) fn cast(values: &ArrayRef, to: &DataType, fit: &Fit) -> Option<ArrayRef> {
    match (values.data_type(), to) {
        (from, to) if from == to => Some(Arc::clone(values)),
        (DataType::Struct(_), DataType::Struct(fields)) => cast_struct(values.as_struct(), fields, fit),
        (DataType::List(_), DataType::List(item)) => {
            let lists = values.as_list::<i32>();
            let (offsets, items) = trimmed(lists.offsets(), lists.values());
            let items = cast(&items, item.data_type(), fit)?;
            Some(Arc::new(ListArray::try_new(Arc::clone(item), offsets, items, lists.nulls().cloned()).ok()?))
        }
        (from, DataType::List(_)) if from.is_nested() => {
            let DataType::List(item) = plain(from) else { return None };
            let item = item.as_ref().clone().with_data_type(item_type(from)?.clone());
            cast(&cast_leaf(values, &DataType::List(Arc::new(item)), &Fit::Lossless)?, to, fit)
        }
        (DataType::Map(_, _), DataType::Map(entry, sorted)) => {
            let maps = values.as_map();
            let DataType::Struct(parts) = entry.data_type() else { return None };
            let (offsets, entries) = trimmed(maps.offsets(), &(Arc::new(maps.entries().clone()) as ArrayRef));
            let entries = entries.as_struct();
            let parts_of = entries.columns().iter().zip(parts).map(|(values, to)| cast(values, to.data_type(), fit));
            let entries = StructArray::try_new(parts.clone(), parts_of.collect::<Option<_>>()?, None).ok()?;
            Some(Arc::new(MapArray::try_new(Arc::clone(entry), offsets, entries, maps.nulls().cloned(), *sorted).ok()?))
        }
        _ => cast_leaf(values, to, fit),
    }
}

fn cast_struct(values: &StructArray, fields: &Fields, fit: &Fit) -> Option<ArrayRef> {
    let part = |to: &FieldRef| match values.fields().iter().position(|from| same_name(from.name(), to.name())) {
        Some(at) => {
            // What stands under a NULL is no value, and need not fit.
            let part = values.column(at);
            let nulls = NullBuffer::union(part.nulls(), values.nulls());
            cast(&make_array(part.to_data().into_builder().nulls(nulls).build().ok()?), to.data_type(), fit)
        }
        None => Some(new_null_array(to.data_type(), values.len())),
    };
    let parts = fields.iter().map(part).collect::<Option<Vec<_>>>()?;
    let options = StructArray::try_new_with_length(fields.clone(), parts, values.nulls().cloned(), values.len());
    Some(Arc::new(options.ok()?))
}

/// The items of these lists alone: a slice of an array has those of the others too.
pub(super) fn trimmed(offsets: &OffsetBuffer<i32>, items: &ArrayRef) -> (OffsetBuffer<i32>, ArrayRef) {
    let (first, last) = (offsets[0], offsets[offsets.len() - 1]);
    let moved = offsets.iter().map(|offset| offset - first).collect::<ScalarBuffer<i32>>();
    (OffsetBuffer::new(moved), items.slice(first as usize, (last - first) as usize))
}

fn item_type(of: &DataType) -> Option<&DataType> {
    match of {
        DataType::List(item) | DataType::LargeList(item) | DataType::ListView(item) | DataType::LargeListView(item) => {
            Some(item.data_type())
        }
        DataType::FixedSizeList(item, _) => Some(item.data_type()),
        _ => None,
    }
}

fn cast_leaf(values: &ArrayRef, to: &DataType, fit: &Fit) -> Option<ArrayRef> {
    let options = CastOptions { safe: *fit == Fit::Checked, ..CastOptions::default() };
    let stored = cast_with_options(values, to, &options).ok()?;
    if *fit != Fit::Checked {
        return Some(stored);
    }
    let back = cast_with_options(&stored, values.data_type(), &options).ok()?;
    let same: BooleanArray = cmp::not_distinct(&back, values).ok()?;
    (same.true_count() == values.len()).then_some(stored)
}
