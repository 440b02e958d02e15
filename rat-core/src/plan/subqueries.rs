//! Subqueries in the conditions of joins.
//!
//! The engine makes joins of the subqueries of a filter when it optimises, and of none in a join's condition: a run would fail at it. So
//! conditions with some are moved to a filter, where that means the same.

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, DataFusionError, JoinType};
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{Expr, Filter, LogicalPlan, Subquery};

use super::runnable::refused;

/// The plan with the subqueries of its joins' conditions in filters: above an inner join, and below an outer one on the side whose rows it
/// does not keep, where they read that side alone.
///
/// # Errors
/// `UNSUPPORTED_SQL` for one that reads what an outer join keeps.
pub(super) fn out_of_joins(plan: LogicalPlan) -> Result<LogicalPlan, DataFusionError> {
    plan.transform_up_with_subqueries(|node| match node {
        LogicalPlan::Join(mut join) if join.filter.as_ref().is_some_and(needs_join) => {
            let conditions = join.filter.take().map(split_conjunction_owned).unwrap_or_default();
            let (with, without): (Vec<Expr>, Vec<Expr>) = conditions.into_iter().partition(needs_join);
            join.filter = conjunction(without);
            let side = match join.join_type {
                JoinType::Inner => return Ok(Transformed::yes(filtered(LogicalPlan::Join(join), with)?)),
                JoinType::Left | JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark => &mut join.right,
                JoinType::Right | JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark => &mut join.left,
                JoinType::Full => return Err(of_kept_rows()),
            };
            if !with.iter().all(|condition| reads_only(condition, side.schema())) {
                return Err(of_kept_rows());
            }
            *side = filtered(side.as_ref().clone(), with)?.into();
            Ok(Transformed::yes(LogicalPlan::Join(join)))
        }
        node => Ok(Transformed::no(node)),
    })
    .map(|transformed| transformed.data)
}

fn of_kept_rows() -> DataFusionError {
    let help = "join what it reads before, and ask in the condition for what that found";
    refused("a subquery about the rows that a join keeps, in its condition,", help)
}

fn filtered(plan: LogicalPlan, conditions: Vec<Expr>) -> Result<LogicalPlan, DataFusionError> {
    Ok(match conjunction(conditions) {
        Some(condition) => LogicalPlan::Filter(Filter::try_new(condition, plan.into())?),
        None => plan,
    })
}

/// The subquery that an expression itself is.
pub(super) fn subquery(expr: &Expr) -> Option<&Subquery> {
    match expr {
        Expr::Exists(exists) => Some(&exists.subquery),
        Expr::InSubquery(within) => Some(&within.subquery),
        Expr::SetComparison(comparison) => Some(&comparison.subquery),
        Expr::ScalarSubquery(scalar) => Some(scalar),
        _ => None,
    }
}

/// Whether a condition has a subquery that the engine has to make a join of: all but those that are one value for all rows.
fn needs_join(condition: &Expr) -> bool {
    let needs = |expr: &Expr| {
        subquery(expr).is_some_and(|subquery| !matches!(expr, Expr::ScalarSubquery(_)) || !subquery.outer_ref_columns.is_empty())
    };
    condition.exists(|expr| Ok(needs(expr))).unwrap_or(false)
}

/// Whether all columns of a condition, those that its subqueries take from around them included, are of one side.
fn reads_only(condition: &Expr, side: &DFSchema) -> bool {
    let outside = |expr: &Expr| match (expr, subquery(expr)) {
        (Expr::Column(column), _) => !side.has_column(column),
        (_, Some(subquery)) => subquery
            .outer_ref_columns
            .iter()
            .any(|outer| matches!(outer, Expr::OuterReferenceColumn(_, column) if !side.has_column(column))),
        _ => false,
    };
    !condition.exists(|expr| Ok(outside(expr))).unwrap_or(true)
}
