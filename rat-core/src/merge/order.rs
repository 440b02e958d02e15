//! The outermost ORDER BY of a query, made part of its rows: which of two rows of one key is the later one is decided long after the
//! query's own order is gone.

use datafusion::logical_expr::expr::Sort as SortExpr;
use datafusion::logical_expr::{Expr, Limit, LogicalPlan, LogicalPlanBuilder, Projection};

use crate::error::Result;
use crate::execute;

/// A column of the rows that holds a term of the ORDER BY.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    pub column: String,
    pub ascending: bool,
    pub nulls_first: bool,
}

/// The plan with one more column for each term of its outermost ORDER BY, and those terms. A query without one comes back as it is.
pub(super) fn with_terms(plan: LogicalPlan) -> Result<(LogicalPlan, Vec<Term>)> {
    let width = plan.schema().fields().len();
    let Some(terms) = outermost(&plan) else { return Ok((plan, Vec::new())) };
    let named: Vec<Term> = terms
        .iter()
        .enumerate()
        .map(|(i, term)| Term { column: format!("__rat_order_{i}"), ascending: term.asc, nulls_first: term.nulls_first })
        .collect();
    let columns = terms.iter().zip(&named).map(|(term, name)| term.expr.clone().alias(&name.column)).collect();
    let plan = add(plan, columns)?;
    debug_assert_eq!(plan.schema().fields().len(), width + named.len());
    Ok((plan, named))
}

fn outermost(plan: &LogicalPlan) -> Option<Vec<SortExpr>> {
    match plan {
        LogicalPlan::Sort(sort) => Some(sort.expr.clone()),
        LogicalPlan::Limit(limit) => outermost(&limit.input),
        LogicalPlan::Projection(projection) => match projection.input.as_ref() {
            LogicalPlan::Sort(sort) => Some(sort.expr.clone()),
            LogicalPlan::Limit(limit) => outermost(&limit.input).filter(|_| matches!(limit.input.as_ref(), LogicalPlan::Sort(_))),
            _ => None,
        },
        _ => None,
    }
}

/// Adds columns just above the sort they belong to, and lets everything above it pass them on.
fn add(plan: LogicalPlan, columns: Vec<Expr>) -> Result<LogicalPlan> {
    match plan {
        LogicalPlan::Limit(Limit { skip, fetch, input }) => {
            let input = add(std::sync::Arc::unwrap_or_clone(input), columns)?.into();
            Ok(LogicalPlan::Limit(Limit { skip, fetch, input }))
        }
        LogicalPlan::Projection(Projection { expr, input, .. }) => {
            let all = expr.into_iter().chain(columns).collect();
            Projection::try_new(all, input).map(LogicalPlan::Projection).map_err(execute::error)
        }
        sort => {
            let own = sort.schema().columns().into_iter().map(Expr::Column);
            let all: Vec<Expr> = own.chain(columns).collect();
            LogicalPlanBuilder::from(sort).project(all).and_then(LogicalPlanBuilder::build).map_err(execute::error)
        }
    }
}
