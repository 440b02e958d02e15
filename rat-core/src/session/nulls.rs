//! Joins in which NULL is like NULL, such as `INTERSECT` and `IS NOT DISTINCT FROM`, see every row of their inputs.
//!
//! A hash join tells the scan under it which values it has, and the scan leaves out the rest. What it tells never holds for a NULL, so
//! these joins would lose the rows of NULLs: they tell nothing.

use std::sync::Arc;

use datafusion::common::NullEquality;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::error::Result;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::joins::HashJoinExec;

#[derive(Debug)]
pub(super) struct NullsAreSeen;

impl PhysicalOptimizerRule for NullsAreSeen {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|node| match node.downcast_ref::<HashJoinExec>() {
            Some(join) if join.null_equality() == NullEquality::NullEqualsNull && join.dynamic_filter_expr().is_some() => {
                // The scan keeps a filter that stays as it began: true.
                Ok(Transformed::yes(join.builder().reset_state().build_exec()?))
            }
            _ => Ok(Transformed::no(node)),
        })
        .data()
    }

    fn name(&self) -> &'static str {
        "nulls_are_seen"
    }

    fn schema_check(&self) -> bool {
        true
    }
}
