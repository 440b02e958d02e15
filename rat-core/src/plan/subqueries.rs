//! Subqueries that the engine plans and cannot run.
//!
//! It makes joins of subqueries when it optimises, and finds out only when it executes that one is left. So the plan of a query that has
//! some is optimised here already, to tell it before anything runs.

use datafusion::common::DataFusionError;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, LogicalPlan};

use crate::error::{Code, Error};
use crate::session::Session;

const JOIN: &str = "join what the subquery reads, and group where it aggregates";

/// Refuses a plan with a subquery that no join can be made of, with `UNSUPPORTED_SQL`.
pub(super) fn runnable(session: &Session, plan: &LogicalPlan) -> Result<(), DataFusionError> {
    if found(plan, &|expr| {
        matches!(expr, Expr::Exists(_) | Expr::InSubquery(_) | Expr::SetComparison(_) | Expr::ScalarSubquery(_)).then_some(())
    })?
    .is_none()
    {
        return Ok(());
    }
    let optimised =
        session.state().optimize(plan).map_err(|_| refused("a subquery that depends on the row around it in this way", JOIN))?;
    let left = found(&optimised, &|expr| match expr {
        Expr::Exists(_) => Some(refused("`EXISTS` as a value", "ask for it in WHERE, or join what it reads")),
        Expr::InSubquery(_) => Some(refused("`IN (SELECT …)` as a value", "ask for it in WHERE, or join what it reads")),
        Expr::SetComparison(_) => {
            Some(refused("a comparison with `ANY` or `ALL` of a subquery as a value", "ask for it in WHERE, or join what it reads"))
        }
        Expr::ScalarSubquery(scalar) if !scalar.outer_ref_columns.is_empty() => {
            Some(refused("a subquery that depends on the row around it other than by equality", JOIN))
        }
        _ => None,
    })?;
    left.map_or(Ok(()), Err)
}

fn refused(what: &str, help: &str) -> DataFusionError {
    DataFusionError::External(Box::new(Error::new(Code::UnsupportedSql, format!("{what} is not supported")).with_help(help)))
}

/// What is looked for, in the first expression of the plan that has it, those of its subqueries included.
fn found<T>(plan: &LogicalPlan, look: &dyn Fn(&Expr) -> Option<T>) -> Result<Option<T>, DataFusionError> {
    let mut found = None;
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            expr.apply(|expr| {
                found = look(expr);
                Ok(if found.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
            })
        })
    })?;
    Ok(found)
}
