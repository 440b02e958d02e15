//! Joins that can be stopped although they find no row.
//!
//! A join gives way between the batches it makes. One whose condition holds for no pair of rows makes none, and its loop over the pairs
//! could hold its thread for hours: neither a timeout nor a dropped stream would reach it. So the condition asks, whenever it is
//! evaluated, whether the rows are still wanted; the plan runs in a task of its own, whose reader stays free to say so; and a join that goes
//! on leaves its place among the runtime's workers to others, without whom no timer would fire. A runtime of one thread has no such place
//! to leave: there a join ends when it ends.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, FieldRef, Schema};
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{exec_err, internal_err};
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::joins::utils::JoinFilter;
use datafusion::physical_plan::joins::{HashJoinExec, NestedLoopJoinExec, NestedLoopJoinExecBuilder, SortMergeJoinExec};
use datafusion::physical_plan::stream::{RecordBatchReceiverStream, RecordBatchStreamAdapter};
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use futures::StreamExt;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;

/// Leaving a worker costs some microseconds, and the condition of so many batches some milliseconds.
const BATCHES_A_TURN: usize = 64;

/// Starts a plan.
pub(super) fn start(plan: Arc<dyn ExecutionPlan>, task: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
    if !plan.exists(|node| Ok(condition(node.as_ref()).is_some()))? {
        return execute_stream(plan, task);
    }
    let wanted = Wanted::default();
    let plan = plan.transform_up(|node| asking(node, &wanted)).data()?;
    let mut rows = execute_stream(plan, task)?;
    let schema = rows.schema();
    let mut reader = RecordBatchReceiverStream::builder(Arc::clone(&schema), 1);
    let there = reader.tx();
    reader.spawn(async move {
        while let Some(batch) = rows.next().await {
            if there.send(batch).await.is_err() {
                break;
            }
        }
        Ok(())
    });
    let until = Until(wanted);
    let rows = reader.build().map(move |batch| {
        let _held = &until;
        batch
    });
    Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
}

/// The condition of a join that is more than the equality of keys.
fn condition(node: &dyn ExecutionPlan) -> Option<&JoinFilter> {
    if let Some(join) = node.downcast_ref::<NestedLoopJoinExec>() {
        join.filter()
    } else if let Some(join) = node.downcast_ref::<HashJoinExec>() {
        join.filter()
    } else if let Some(join) = node.downcast_ref::<SortMergeJoinExec>() {
        join.filter().as_ref()
    } else {
        None
    }
}

fn asking(node: Arc<dyn ExecutionPlan>, wanted: &Wanted) -> Result<Transformed<Arc<dyn ExecutionPlan>>> {
    let Some(plain) = condition(node.as_ref()) else { return Ok(Transformed::no(node)) };
    let inner = Arc::clone(plain.expression());
    let asks = Arc::new(Asking { inner, wanted: wanted.clone(), asked: AtomicUsize::new(0) });
    let filter = Some(JoinFilter::new(asks, plain.column_indices().to_vec(), Arc::clone(plain.schema())));
    let join: Arc<dyn ExecutionPlan> = if let Some(join) = node.downcast_ref::<NestedLoopJoinExec>() {
        Arc::new(NestedLoopJoinExecBuilder::from(join).with_filter(filter).build()?)
    } else if let Some(join) = node.downcast_ref::<HashJoinExec>() {
        join.builder().with_filter(filter).build_exec()?
    } else if let Some(join) = node.downcast_ref::<SortMergeJoinExec>() {
        let (left, right) = (Arc::clone(join.left()), Arc::clone(join.right()));
        let (on, sorts) = (join.on().to_vec(), join.sort_options().to_vec());
        Arc::new(SortMergeJoinExec::try_new(left, right, on, filter, join.join_type(), sorts, join.null_equality())?)
    } else {
        return Ok(Transformed::no(node));
    };
    Ok(Transformed::yes(join))
}

/// Whether somebody still reads the rows.
#[derive(Debug, Clone)]
struct Wanted(Arc<AtomicBool>);

impl Default for Wanted {
    fn default() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }
}

/// Nobody does once this is dropped.
struct Until(Wanted);

impl Drop for Until {
    fn drop(&mut self) {
        self.0.0.store(false, Ordering::Relaxed);
    }
}

/// A condition that fails when nobody wants to know.
#[derive(Debug)]
struct Asking {
    inner: Arc<dyn PhysicalExpr>,
    wanted: Wanted,
    asked: AtomicUsize,
}

impl Asking {
    /// Whether this batch is one of those during which others get the worker.
    fn is_long(&self) -> bool {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        asked.is_multiple_of(BATCHES_A_TURN) && Handle::try_current().is_ok_and(|it| it.runtime_flavor() == RuntimeFlavor::MultiThread)
    }
}

impl fmt::Display for Asking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl PartialEq for Asking {
    fn eq(&self, other: &Self) -> bool {
        self.inner.eq(&other.inner)
    }
}

impl Eq for Asking {}

impl Hash for Asking {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

impl PhysicalExpr for Asking {
    fn return_field(&self, schema: &Schema) -> Result<FieldRef> {
        self.inner.return_field(schema)
    }

    fn data_type(&self, schema: &Schema) -> Result<DataType> {
        self.inner.data_type(schema)
    }

    fn nullable(&self, schema: &Schema) -> Result<bool> {
        self.inner.nullable(schema)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        if !self.wanted.0.load(Ordering::Relaxed) {
            return exec_err!("nobody reads the rows of this join");
        }
        match self.is_long() {
            true => block_in_place(|| self.inner.evaluate(batch)),
            false => self.inner.evaluate(batch),
        }
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.inner]
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn PhysicalExpr>>) -> Result<Arc<dyn PhysicalExpr>> {
        let Some(inner) = children.pop() else { return internal_err!("a condition without its expression") };
        Ok(Arc::new(Self { inner, wanted: self.wanted.clone(), asked: AtomicUsize::new(0) }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt_sql(f)
    }
}
