//! The meaning that depends on types: operators while the plan is made, casts and overflow once every type is known.

mod casts;
mod doubles;
mod laterals;
mod lookups;
mod operators;
mod sets;
mod written;

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::optimizer::AnalyzerRule;
use datafusion::optimizer::analyzer::Analyzer;

pub(super) use operators::Operators;
pub(super) use written::{WRITTEN_CAST, function as written_cast};

/// The engine's own typing, with ours before it (what a DOUBLE meets becomes one) and after it (every cast, also those nobody wrote).
pub(super) fn rules() -> Vec<Arc<dyn AnalyzerRule + Send + Sync>> {
    let mut rules: Vec<Arc<dyn AnalyzerRule + Send + Sync>> =
        vec![Arc::new(written::Unwrapped), Arc::new(laterals::Laterals), Arc::new(lookups::Lookups), Arc::new(doubles::DoublesWin)];
    rules.extend(Analyzer::new().rules);
    rules.push(Arc::new(casts::Meaning));
    rules
}

/// The expressions of one node, rewritten from the leaves up and named as they were. Most hold nothing that a rule is about, and to look costs
/// less than to name an expression and to join the schemas of all that is below.
fn rewritten(
    plan: LogicalPlan,
    concerns: impl Fn(&Expr) -> bool,
    rewrite: impl Fn(Expr, &DFSchema) -> Result<Transformed<Expr>>,
) -> Result<Transformed<LogicalPlan>> {
    let holds = |expr: &Expr| expr.exists(|expr| Ok(concerns(expr)));
    let found = plan.apply_expressions(|expr| Ok(if holds(expr)? { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue }))?;
    if found != TreeNodeRecursion::Stop {
        return Ok(Transformed::no(plan));
    }
    let mut schema = merge_schema(&plan.inputs());
    if let LogicalPlan::TableScan(scan) = &plan {
        schema.merge(&DFSchema::try_from_qualified_schema(scan.table_name.clone(), &scan.source.schema())?);
    }
    let names = NamePreserver::new(&plan);
    plan.map_expressions(|expr| {
        if !holds(&expr)? {
            return Ok(Transformed::no(expr));
        }
        let name = names.save(&expr);
        let rewritten = expr.transform_up(|expr| rewrite(expr, &schema))?;
        Ok(rewritten.update_data(|expr| name.restore(expr)))
    })
}
