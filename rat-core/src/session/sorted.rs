//! What an operator needs in an order comes to it in that order.
//!
//! The engine moves a sort below a `UNION` when each of its sides is in order there, and then does not see that the whole is: with columns
//! that are constant, or equal to each other, in some sides and not in all (`UnionExec` of `datafusion` 54.1). It would refuse its own plan.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::error::Result;
use datafusion::physical_expr::LexOrdering;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};

/// Comes last but for what checks the plan.
#[derive(Debug)]
pub(super) struct SortsAreThere;

impl PhysicalOptimizerRule for SortsAreThere {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|node| {
            let needed = node.required_input_ordering();
            let mut children: Vec<Arc<dyn ExecutionPlan>> = node.children().into_iter().cloned().collect();
            let mut sorted = false;
            for (child, needed) in children.iter_mut().zip(needed) {
                let Some(needed) = needed.map(|needed| needed.into_single()) else { continue };
                if !child.equivalence_properties().ordering_satisfy_requirement(needed.clone())? {
                    let is_parted = child.output_partitioning().partition_count() > 1;
                    let sort = SortExec::new(LexOrdering::from(needed), Arc::clone(child)).with_preserve_partitioning(is_parted);
                    *child = Arc::new(sort);
                    sorted = true;
                }
            }
            if sorted { Ok(Transformed::yes(node.with_new_children(children)?)) } else { Ok(Transformed::no(node)) }
        })
        .data()
    }

    fn name(&self) -> &'static str {
        "sorts_are_there"
    }

    fn schema_check(&self) -> bool {
        true
    }
}
