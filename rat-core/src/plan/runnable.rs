//! What the engine plans and cannot run.
//!
//! It finds that out only when it has optimised the plan, or when it executes. It is told here, before anything runs.

use datafusion::common::DataFusionError;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, Limit, LogicalPlan};

use super::provider::work_table;
use super::subqueries::subquery;
use crate::error::{Code, Error};
use crate::session::Session;

const FILTER: &str = "ask for it in WHERE, or join what it reads";
const JOIN: &str = "join what the subquery reads, and group where it aggregates";

/// Refuses, with `UNSUPPORTED_SQL`, a plan with a subquery that no join can be made of, with a `LIMIT` that a query would tell, and with a
/// relation that reads itself other than once.
pub(super) fn runnable(session: &Session, plan: &LogicalPlan) -> Result<(), DataFusionError> {
    read_themselves_once(plan)?;
    let mut subqueries = false;
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::Limit(limit) = node {
            has_numbers(limit)?;
        }
        each_expression(node, &mut |expr| {
            subqueries |= subquery(expr).is_some();
            Ok(())
        })
    })?;
    if !subqueries {
        return Ok(());
    }
    let optimised =
        session.state().optimize(plan).map_err(|_| refused("a subquery that depends on the row around it in this way", JOIN))?;
    optimised.apply_with_subqueries(|node| each_expression(node, &mut joined))?;
    Ok(())
}

/// What an optimised plan has still, no join was made of.
fn joined(expr: &Expr) -> Result<(), DataFusionError> {
    Err(match expr {
        Expr::Exists(_) => refused("`EXISTS` as a value", FILTER),
        Expr::InSubquery(_) => refused("`IN (SELECT …)` as a value", FILTER),
        Expr::SetComparison(_) => refused("a comparison with `ANY` or `ALL` of a subquery as a value", FILTER),
        Expr::ScalarSubquery(scalar) if !scalar.outer_ref_columns.is_empty() => {
            refused("a subquery that depends on the row around it other than by equality", JOIN)
        }
        _ => return Ok(()),
    })
}

fn has_numbers(limit: &Limit) -> Result<(), DataFusionError> {
    for (clause, count) in [("LIMIT", &limit.fetch), ("OFFSET", &limit.skip)] {
        if let Some(count) = count
            && count.exists(|expr| Ok(subquery(expr).is_some()))?
        {
            let help = "write the number, or compare `row_number()` with what the subquery gives";
            return Err(refused(&format!("`{clause}` of a subquery"), help));
        }
    }
    Ok(())
}

/// The engine hands the rows of a round to one reader; one in a subquery alone does not make it see that there are rounds.
fn read_themselves_once(plan: &LogicalPlan) -> Result<(), DataFusionError> {
    let (mut defined, mut read) = (Vec::new(), Vec::new());
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::RecursiveQuery(query) = node {
            let mut reads = 0;
            query.recursive_term.apply_with_subqueries(|node| {
                reads += usize::from(work_table(node).as_ref() == Some(&query.name));
                Ok(TreeNodeRecursion::Continue)
            })?;
            if reads > 1 {
                return Err(refused(&format!("`{}` more than once in its own definition", query.name), "read it once, in FROM"));
            }
            defined.push(query.name.clone());
        }
        read.extend(work_table(node));
        Ok(TreeNodeRecursion::Continue)
    })?;
    match read.iter().find(|name| !defined.contains(name)) {
        Some(name) => Err(refused(&format!("`{name}` in a subquery of its own definition"), "read it in FROM")),
        None => Ok(()),
    }
}

fn each_expression(
    node: &LogicalPlan,
    look: &mut dyn FnMut(&Expr) -> Result<(), DataFusionError>,
) -> Result<TreeNodeRecursion, DataFusionError> {
    node.apply_expressions(|expr| {
        expr.apply(|expr| {
            look(expr)?;
            Ok(TreeNodeRecursion::Continue)
        })
    })
}

/// The error that this is not supported, with another way to write it.
pub(super) fn refused(what: &str, help: &str) -> DataFusionError {
    DataFusionError::External(Box::new(Error::new(Code::UnsupportedSql, format!("{what} is not supported")).with_help(help)))
}
