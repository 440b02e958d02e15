//! `INTERSECT` and `EXCEPT`: the engine plans them as joins on all columns in which NULL is like NULL.
//!
//! Columns that differ in type are first made one type, as `UNION` makes them; of keys that it has to cast itself the engine forgets that
//! NULL is like NULL. With `ALL` a row is told from its equals by a number, so that as many stay as there are on both sides, or on the
//! left alone.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, JoinType, NullEquality, Result};
use datafusion::functions_window::row_number::row_number_udwf;
use datafusion::logical_expr::expr::WindowFunction;
use datafusion::logical_expr::type_coercion::binary::type_union_coercion;
use datafusion::logical_expr::{Distinct, Expr, Join, LogicalPlan, LogicalPlanBuilder, WindowFunctionDefinition};

use super::doubles::{cast, meeting};

/// What the numbers of equal rows are called, on each side.
const NUMBERS: [&str; 2] = ["number on the left", "number on the right"];

/// Nothing else is planned as such a join before the optimizer.
pub(super) fn is_set_operation(join: &Join) -> bool {
    let keeps_left = matches!(join.join_type, JoinType::LeftSemi | JoinType::LeftAnti);
    keeps_left && join.null_equality == NullEquality::NullEqualsNull && join.filter.is_none()
}

/// Running it twice changes nothing.
pub(super) fn set_operation(join: Join) -> Result<Transformed<LogicalPlan>> {
    if is_numbered(&join.left) {
        return Ok(Transformed::no(LogicalPlan::Join(join)));
    }
    let (left, is_all) = match join.left.as_ref() {
        // Of rows that are all different, as many stay with `ALL` as without.
        LogicalPlan::Distinct(Distinct::All(rows)) => (Arc::clone(rows), false),
        _ => (Arc::clone(&join.left), true),
    };
    let types = common_types(&left, &join.right);
    if !is_all && types.iter().all(Option::is_none) {
        return Ok(Transformed::no(LogicalPlan::Join(join)));
    }
    let columns = left.schema().columns();
    let (left, right) = (typed(left, &types)?, typed(join.right, &types)?);
    let (left, right) = match is_all {
        true => (numbered(left, NUMBERS[0])?, numbered(right, NUMBERS[1])?),
        false => (LogicalPlanBuilder::from(left).distinct()?.build()?, right),
    };
    let keys = (left.schema().columns(), right.schema().columns());
    let joined = LogicalPlanBuilder::from(left).join_detailed(right, join.join_type, keys, None, NullEquality::NullEqualsNull)?;
    let joined = if is_all { joined.project(columns.into_iter().map(Expr::Column))? } else { joined };
    Ok(Transformed::yes(joined.build()?))
}

/// Each column's type where the sides differ in it; where no type holds both, the engine reports it.
fn common_types(left: &LogicalPlan, right: &LogicalPlan) -> Vec<Option<DataType>> {
    let pairs = left.schema().fields().iter().zip(right.schema().fields());
    let pairs = pairs.map(|(l, r)| (l.data_type(), r.data_type()));
    pairs.map(|(l, r)| if l == r { None } else { meeting([l, r].into_iter()).or_else(|| type_union_coercion(l, r)) }).collect()
}

fn typed(rows: Arc<LogicalPlan>, types: &[Option<DataType>]) -> Result<LogicalPlan> {
    let schema = Arc::clone(rows.schema());
    let columns = schema.columns().into_iter().zip(schema.fields()).zip(types).map(|((column, field), to)| match to {
        Some(to) if to != field.data_type() => {
            let Column { relation, name, .. } = column.clone();
            cast(Expr::Column(column), to).alias_qualified(relation, name)
        }
        _ => Expr::Column(column),
    });
    LogicalPlanBuilder::from(rows).project(columns)?.build()
}

/// The rows with one more column: 1 for the first of equal rows, 2 for the next.
fn numbered(rows: LogicalPlan, name: &str) -> Result<LogicalPlan> {
    let mut number = WindowFunction::new(WindowFunctionDefinition::WindowUDF(row_number_udwf()), vec![]);
    number.params.partition_by = rows.schema().columns().into_iter().map(Expr::Column).collect();
    LogicalPlanBuilder::from(rows).window([Expr::from(number).alias(name)])?.build()
}

/// A query's own side of a set operation never ends in a window: what it computes is projected.
fn is_numbered(rows: &LogicalPlan) -> bool {
    matches!(rows, LogicalPlan::Window(window) if matches!(window.window_expr.as_slice(), [Expr::Alias(alias)] if alias.name == NUMBERS[0]))
}
