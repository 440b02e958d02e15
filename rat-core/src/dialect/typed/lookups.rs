//! A subquery that stands for a value has one row or none.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult};
use datafusion::common::{Column, Result};
use datafusion::functions_aggregate::first_last::first_value_udaf;
use datafusion::logical_expr::expr::{AggregateFunction, Sort as SortExpr};
use datafusion::logical_expr::{Expr, FetchType, Limit, LogicalPlan, LogicalPlanBuilder, SkipType, Subquery};
use datafusion::optimizer::AnalyzerRule;

use crate::dialect::functions::only;

/// The engine takes a subquery that sees the row it stands in when it is an aggregate, and believes one that does not when it says that it
/// is never NULL, which one without a row is. So both are made aggregates.
#[derive(Debug)]
pub(super) struct Lookups;

impl AnalyzerRule for Lookups {
    fn name(&self) -> &str {
        "lookups"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let mut changed = false;
        plan.transform_up_with_subqueries(|plan| {
            let rewritten = super::rewritten(plan, |expr| matches!(expr, Expr::ScalarSubquery(_)), |expr, _| lookup(expr))?;
            changed |= rewritten.transformed;
            // What may be NULL above is told by what may be below.
            if changed { rewritten.map_data(LogicalPlan::recompute_schema) } else { Ok(rewritten) }
        })
        .data()
    }
}

fn lookup(expr: Expr) -> Result<Transformed<Expr>> {
    let Expr::ScalarSubquery(subquery) = expr else { return Ok(Transformed::no(expr)) };
    let plan = subquery.subquery.as_ref();
    if plan.schema().fields().len() != 1 || is_aggregate(plan) {
        return Ok(Transformed::no(Expr::ScalarSubquery(subquery)));
    }
    let aggregated = if subquery.outer_ref_columns.is_empty() {
        if plan.schema().field(0).is_nullable() {
            return Ok(Transformed::no(Expr::ScalarSubquery(subquery)));
        }
        aggregate(plan.clone(), None)?
    } else {
        match plan {
            LogicalPlan::Limit(limit) if takes_one(limit)? => first(limit.input.as_ref())?,
            LogicalPlan::Limit(_) => return Ok(Transformed::no(Expr::ScalarSubquery(subquery))),
            other => aggregate(other.clone(), None)?,
        }
    };
    Ok(Transformed::yes(Expr::ScalarSubquery(Subquery { subquery: Arc::new(aggregated), ..subquery })))
}

/// One row always, and a correlated one over groups is the engine's to judge.
fn is_aggregate(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Projection(projection) => is_aggregate(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => is_aggregate(&alias.input),
        LogicalPlan::Aggregate(aggregate) => aggregate.group_expr.is_empty() && !aggregate.aggr_expr.is_empty(),
        _ => false,
    }
}

fn takes_one(limit: &Limit) -> Result<bool> {
    let skips = !matches!(limit.get_skip_type()?, SkipType::Literal(0));
    Ok(!skips && matches!(limit.get_fetch_type()?, FetchType::Literal(Some(1))))
}

/// `ORDER BY ... LIMIT 1`: the order may be by columns that a projection above it leaves out.
fn first(plan: &LogicalPlan) -> Result<LogicalPlan> {
    match plan {
        LogicalPlan::Sort(sort) => aggregate(sort.input.as_ref().clone(), Some((Expr::Column(only_column(plan)), sort.expr.clone()))),
        LogicalPlan::Projection(projection) if let LogicalPlan::Sort(sort) = projection.input.as_ref() => {
            let value = projection.expr[0].clone().unalias();
            aggregate(sort.input.as_ref().clone(), Some((value, sort.expr.clone())))
        }
        other => aggregate(other.clone(), Some((Expr::Column(only_column(other)), Vec::new()))),
    }
}

fn only_column(plan: &LogicalPlan) -> Column {
    Column::from(plan.schema().qualified_field(0))
}

/// The plan's one row, or with an order its first.
fn aggregate(plan: LogicalPlan, ordered: Option<(Expr, Vec<SortExpr>)>) -> Result<LogicalPlan> {
    let call = match ordered {
        None => AggregateFunction::new_udf(only(), vec![Expr::Column(only_column(&plan))], false, None, vec![], None),
        Some((value, order)) => AggregateFunction::new_udf(first_value_udaf(), vec![value], false, None, order, None),
    };
    LogicalPlanBuilder::from(plan).aggregate(Vec::<Expr>::new(), [Expr::AggregateFunction(call)])?.build()
}
