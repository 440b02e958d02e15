//! Whether a filter is evaluated while files are decoded, or after.
//!
//! The reader can decode the columns of a filter first, and the others only where it passes. Where few rows pass that saves most of the
//! work; where many do it costs more than it saves, because batches are cut to pieces. And it asks no row of a row group that passes whole.
//! So it is done when the bounds of the columns promise few rows, or settle most files, and only with comparisons of columns and literals:
//! they cannot fail. What can fail, such as a cast, stays in the plan above, where the engine knows that its error is about the query and
//! not about the file.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use datafusion::common::stats::Precision;
use datafusion::common::{ScalarValue, Statistics};
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::expressions::{
    BinaryExpr, Column, DynamicFilterPhysicalExpr, InListExpr, IsNotNullExpr, IsNullExpr, Literal,
};
use datafusion::physical_expr::projection::ProjectionExprs;
use datafusion::physical_expr::split_conjunction;
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_plan::PhysicalExpr;

/// The share of rows up to which decoding the other columns late is the faster way; `benches scan` measures both ways.
const FEW: f64 = 0.02;

/// The share of rows in files that a filter leaves open up to which the reader is the faster way, whatever passes: it asks no row of a row
/// group that passes whole, where a filter after it tests and copies them all.
const OPEN: f64 = 0.5;

/// What is known of the rows that a filter is asked of.
#[derive(Clone)]
pub(super) struct Known {
    /// All of them.
    pub whole: Statistics,
    /// Those of each file, where files are known.
    pub files: Vec<Arc<Statistics>>,
}

/// Whether the filters of a query are better evaluated by the reader.
pub(super) fn is_better(filters: &[Arc<dyn PhysicalExpr>], read: Option<&ProjectionExprs>, known: &Known) -> bool {
    let Some(share) = share(filters, &known.whole) else { return false };
    share <= FEW && read.is_none_or(|read| reads_more(filters, read)) || open(filters, &known.files).is_some_and(|open| open <= OPEN)
}

// Of the rows in files that are read the share in those of which bounds do not say that all pass.
fn open(filters: &[Arc<dyn PhysicalExpr>], files: &[Arc<Statistics>]) -> Option<f64> {
    let (mut open, mut read) = (0_usize, 0_usize);
    for file in files {
        let rows = *file.num_rows.get_value()?;
        match all_of(filters.iter().flat_map(split_conjunction).map(|term| certain(term, file))) {
            Some(false) => {}
            Some(true) => read += rows,
            None => (open, read) = (open + rows, read + rows),
        }
    }
    (read > 0).then(|| open as f64 / read as f64)
}

fn all_of(terms: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut all = Some(true);
    for term in terms {
        match term {
            // What no row passes settles it, whatever the others leave open.
            Some(false) => return Some(false),
            Some(true) => {}
            None => all = None,
        }
    }
    all
}

// Whether all rows of a file pass a term, or none; `None` when bounds leave that open.
fn certain(filter: &Arc<dyn PhysicalExpr>, file: &Statistics) -> Option<bool> {
    if let Some(binary) = filter.downcast_ref::<BinaryExpr>() {
        let either = |side: &Arc<dyn PhysicalExpr>| all_of(split_conjunction(side).into_iter().map(|term| certain(term, file)));
        if *binary.op() == Operator::Or {
            return match (either(binary.left()), either(binary.right())) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            };
        }
        let (column, op, value) = sides(binary.left(), *binary.op(), binary.right())?;
        let known = file.column_statistics.get(column.index())?;
        let (least, most) = (known.min_value.get_value()?.partial_cmp(value)?, known.max_value.get_value()?.partial_cmp(value)?);
        let (all, none) = match op {
            Operator::Lt => (most.is_lt(), least.is_ge()),
            Operator::LtEq => (most.is_le(), least.is_gt()),
            Operator::Gt => (least.is_gt(), most.is_le()),
            Operator::GtEq => (least.is_ge(), most.is_lt()),
            Operator::Eq => (least.is_eq() && most.is_eq(), least.is_gt() || most.is_lt()),
            Operator::NotEq => (least.is_gt() || most.is_lt(), least.is_eq() && most.is_eq()),
            _ => return None,
        };
        return match (all && known.null_count.get_value() == Some(&0), none) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        };
    }
    let nulls = |arg: &Arc<dyn PhysicalExpr>| file.column_statistics.get(arg.downcast_ref::<Column>()?.index())?.null_count.get_value();
    let (nulls, wanted) = match (filter.downcast_ref::<IsNullExpr>(), filter.downcast_ref::<IsNotNullExpr>()) {
        (Some(test), _) => (*nulls(test.arg())?, true),
        (_, Some(test)) => (*nulls(test.arg())?, false),
        _ => return None,
    };
    match (nulls == 0, Some(&nulls) == file.num_rows.get_value()) {
        (true, _) => Some(!wanted),
        (_, true) => Some(wanted),
        _ => None,
    }
}

/// Whether the filter is one that the engine fills while it runs, such as the worst row of a top ten, and cannot fail.
pub(super) fn is_dynamic(filter: &Arc<dyn PhysicalExpr>) -> bool {
    let compared = |expr: &Arc<dyn PhysicalExpr>| expr.downcast_ref::<Column>().is_some();
    filter.downcast_ref::<DynamicFilterPhysicalExpr>().is_some() && filter.children().into_iter().all(compared)
}

fn reads_more(filters: &[Arc<dyn PhysicalExpr>], read: &ProjectionExprs) -> bool {
    let compared: HashSet<usize> = filters.iter().flat_map(collect_columns).map(|column| column.index()).collect();
    read.column_indices().iter().any(|index| !compared.contains(index))
}

// The share of rows that pass all filters, as far as bounds tell. `None` when a filter is not made of comparisons.
fn share(filters: &[Arc<dyn PhysicalExpr>], statistics: &Statistics) -> Option<f64> {
    let mut ranges: HashMap<usize, (f64, f64)> = HashMap::new();
    let mut share = 1.0;
    for term in filters.iter().flat_map(split_conjunction) {
        match passing(term, statistics)? {
            Passing::Share(part) => share *= part,
            // Two ends of one column's range are one range.
            Passing::Range(column, from, to) => {
                let range = ranges.entry(column).or_insert((0.0, 1.0));
                *range = (range.0.max(from), range.1.min(to));
            }
        }
    }
    Some(ranges.into_values().fold(share, |share, (from, to)| share * (to - from).max(0.0)))
}

/// The rows that pass one comparison: so many of all, or those in a part of a column's range, which goes from 0 to 1.
enum Passing {
    Share(f64),
    Range(usize, f64, f64),
}

const ALL: Passing = Passing::Share(1.0);

fn passing(filter: &Arc<dyn PhysicalExpr>, statistics: &Statistics) -> Option<Passing> {
    if let Some(binary) = filter.downcast_ref::<BinaryExpr>() {
        if *binary.op() == Operator::Or {
            let side = |side: &Arc<dyn PhysicalExpr>| share(std::slice::from_ref(side), statistics);
            return Some(Passing::Share((side(binary.left())? + side(binary.right())?).min(1.0)));
        }
        let (column, op, value) = sides(binary.left(), *binary.op(), binary.right())?;
        let place = place(statistics, column, value);
        return Some(match (op, place) {
            (Operator::Eq, Some(place)) => Passing::Share(place.one),
            (Operator::Lt | Operator::LtEq, Some(place)) => Passing::Range(column.index(), 0.0, place.at),
            (Operator::Gt | Operator::GtEq, Some(place)) => Passing::Range(column.index(), place.at, 1.0),
            (Operator::Eq | Operator::NotEq | Operator::Lt | Operator::LtEq | Operator::Gt | Operator::GtEq, _) => ALL,
            _ => return None,
        });
    }
    if let Some(list) = filter.downcast_ref::<InListExpr>() {
        let column = list.expr().downcast_ref::<Column>()?;
        let values: Vec<&Literal> = list.list().iter().map(|value| value.downcast_ref::<Literal>()).collect::<Option<_>>()?;
        if list.negated() {
            return Some(ALL);
        }
        let one = |value: &&Literal| place(statistics, column, value.value()).map_or(1.0, |place| place.one);
        return Some(Passing::Share(values.iter().map(one).sum::<f64>().min(1.0)));
    }
    let tested = filter.downcast_ref::<IsNullExpr>().map(IsNullExpr::arg);
    let tested = tested.or_else(|| filter.downcast_ref::<IsNotNullExpr>().map(IsNotNullExpr::arg))?;
    tested.downcast_ref::<Column>().map(|_| ALL)
}

fn sides<'a>(
    left: &'a Arc<dyn PhysicalExpr>,
    op: Operator,
    right: &'a Arc<dyn PhysicalExpr>,
) -> Option<(&'a Column, Operator, &'a ScalarValue)> {
    match (left.downcast_ref::<Column>(), right.downcast_ref::<Literal>()) {
        (Some(column), Some(value)) => Some((column, op, value.value())),
        _ => Some((right.downcast_ref::<Column>()?, op.swap()?, left.downcast_ref::<Literal>()?.value())),
    }
}

/// Where a value stands between the bounds of its column, and the share of rows that have it; values are taken to be spread evenly.
struct Place {
    at: f64,
    one: f64,
}

fn place(statistics: &Statistics, column: &Column, value: &ScalarValue) -> Option<Place> {
    let known = statistics.column_statistics.get(column.index())?;
    let bound = |bound: &Precision<ScalarValue>| number(bound.get_value()?);
    let (min, max, value) = (bound(&known.min_value)?, bound(&known.max_value)?, number(value)?);
    let width = max - min + 1.0;
    let one = if (min..=max).contains(&value) { 1.0 / width } else { 0.0 };
    Some(Place { at: ((value - min) / width).clamp(0.0, 1.0), one })
}

// A place on a line for every type that has one; text has none.
fn number(value: &ScalarValue) -> Option<f64> {
    Some(match value {
        ScalarValue::Int8(v) => f64::from((*v)?),
        ScalarValue::Int16(v) => f64::from((*v)?),
        ScalarValue::Int32(v) | ScalarValue::Date32(v) => f64::from((*v)?),
        ScalarValue::UInt8(v) => f64::from((*v)?),
        ScalarValue::UInt16(v) => f64::from((*v)?),
        ScalarValue::UInt32(v) => f64::from((*v)?),
        ScalarValue::UInt64(v) => (*v)? as f64,
        ScalarValue::Int64(v)
        | ScalarValue::TimestampSecond(v, _)
        | ScalarValue::TimestampMillisecond(v, _)
        | ScalarValue::TimestampMicrosecond(v, _)
        | ScalarValue::TimestampNanosecond(v, _) => (*v)? as f64,
        ScalarValue::Float32(v) => f64::from((*v)?),
        ScalarValue::Float64(v) => (*v)?,
        ScalarValue::Decimal128(v, _, _) => (*v)? as f64,
        _ => return None,
    })
}
