//! A scan kept from the optimizations that would make it wrong.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::{Result, Statistics, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::filter_pushdown::{
    ChildFilterDescription, ChildPushdownResult, FilterDescription, FilterPushdownPhase, FilterPushdownPropagation,
};
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties};

/// Passes on to its scan what the scan can keep, and nothing else. Two habits of DataFusion 54 make this node necessary:
///
/// - Given a limit and a filter that all rows of a row group pass, the Parquet reader counts the whole row group towards the limit and reads
///   it without its row selection, deleted rows and all (`RowGroupAccessPlanFilter::prune_by_limit`). Where rows are deleted, no limit
///   and no order goes down.
/// - A filter on a nested column is accepted by the look of the table's schema, and dropped without a word for a file whose column must be
///   reshaped first (`build_row_filter`). Such filters stay above.
#[derive(Debug, Clone)]
pub(super) struct GuardExec {
    scan: Arc<dyn ExecutionPlan>,
    selects_rows: bool,
}

impl GuardExec {
    /// The scan as it is when nothing can go wrong with it.
    pub fn around(scan: Arc<dyn ExecutionPlan>, selects_rows: bool) -> Arc<dyn ExecutionPlan> {
        let nested = scan.schema().fields().iter().any(|field| field.data_type().is_nested());
        if selects_rows || nested { Arc::new(Self { scan, selects_rows }) } else { scan }
    }

    fn with(&self, scan: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        Arc::new(Self { scan, selects_rows: self.selects_rows })
    }
}

impl DisplayAs for GuardExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GuardExec: selects_rows={}", self.selects_rows)
    }
}

impl ExecutionPlan for GuardExec {
    fn name(&self) -> &str {
        "GuardExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.scan.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.scan]
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        match children.pop() {
            Some(scan) if children.is_empty() => Ok(self.with(scan)),
            _ => internal_err!("GuardExec has one child"),
        }
    }

    fn repartitioned(&self, target_partitions: usize, config: &ConfigOptions) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        Ok(self.scan.repartitioned(target_partitions, config)?.map(|scan| self.with(scan)))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        self.scan.execute(partition, context)
    }

    fn partition_statistics(&self, partition: Option<usize>) -> Result<Arc<Statistics>> {
        self.scan.partition_statistics(partition)
    }

    fn supports_limit_pushdown(&self) -> bool {
        !self.selects_rows
    }

    // What a projection computes from a nested column would look flat from here.
    fn try_swapping_with_projection(&self, projection: &ProjectionExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        if projection.expr().iter().any(|projected| projected.expr.downcast_ref::<Column>().is_none()) {
            return Ok(None);
        }
        Ok(self.scan.try_swapping_with_projection(projection)?.map(|scan| self.with(scan)))
    }

    fn gather_filters_for_pushdown(
        &self,
        _: FilterPushdownPhase,
        filters: Vec<Arc<dyn PhysicalExpr>>,
        _: &ConfigOptions,
    ) -> Result<FilterDescription> {
        let schema = self.scan.schema();
        let flat: HashSet<usize> = (0..schema.fields().len()).filter(|index| !schema.field(*index).data_type().is_nested()).collect();
        let child = ChildFilterDescription::from_child_with_allowed_indices(&filters, flat, &self.scan)?;
        Ok(FilterDescription::new().with_child(child))
    }

    fn handle_child_pushdown_result(
        &self,
        _: FilterPushdownPhase,
        result: ChildPushdownResult,
        _: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Arc<dyn ExecutionPlan>>> {
        Ok(FilterPushdownPropagation::if_all(result))
    }
}
