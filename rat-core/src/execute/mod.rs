//! Runs a logical plan: physical plan, then a stream of batches.
//!
//! Memory is bounded by the session's pool; what can spill does. Dropping the stream stops the work and frees the memory. What the engine
//! says when it fails is told in rat's codes by [`error`].
//!
//! Knows nothing of names, SQL text or where rows go. Entry points: [`stream`], [`stream_as`], [`measured`], [`error`].

mod error;
mod measured;
mod stoppable;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use datafusion::arrow::datatypes::DataType;
use datafusion::execution::memory_pool::MemoryPool;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{CastExpr, Column};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};

use crate::dialect::with_stack;
use crate::error::Result;
use crate::session::Session;

pub use error::error;
pub(crate) use error::sentence;
pub use measured::Measured;

/// Starts a plan. Batches arrive as they are made; errors inside the stream become rat's with [`error`].
///
/// # Errors
/// What planning the physical side gives: `STORAGE_UNAVAILABLE`, `CORRUPT_TABLE`, `INVALID_QUERY`, `OUT_OF_MEMORY`.
pub async fn stream(session: &Session, plan: LogicalPlan) -> Result<SendableRecordBatchStream> {
    stream_as(session, plan, DataType::clone).await
}

/// As [`stream`], each column in the type that `wanted` says for its own.
///
/// # Errors
/// As [`stream`].
pub async fn stream_as(session: &Session, plan: LogicalPlan, wanted: fn(&DataType) -> DataType) -> Result<SendableRecordBatchStream> {
    let state = session.state();
    let physical = Deep(Box::pin(state.create_physical_plan(&plan))).await.and_then(|plan| cast(plan, wanted)).map_err(error)?;
    stoppable::start(physical, state.task_ctx()).map_err(error)
}

/// As [`stream_as`], with the memory that it takes measured.
///
/// # Errors
/// As [`stream`].
pub async fn measured(
    session: &Session,
    plan: LogicalPlan,
    wanted: fn(&DataType) -> DataType,
) -> Result<(SendableRecordBatchStream, Arc<Measured>)> {
    let state = session.state();
    let physical = Deep(Box::pin(state.create_physical_plan(&plan))).await.and_then(|plan| cast(plan, wanted)).map_err(error)?;
    let memory = Arc::new(Measured::new(Arc::clone(&state.runtime_env().memory_pool)));
    let runtime = RuntimeEnv { memory_pool: Arc::clone(&memory) as Arc<dyn MemoryPool>, ..state.runtime_env().as_ref().clone() };
    let task = TaskContext::from(&state).with_runtime(Arc::new(runtime));
    let stream = stoppable::start(physical, Arc::new(task)).map_err(error)?;
    Ok((stream, memory))
}

/// The same rows in other types. As part of the plan that is optimised it would lose the order of an `ORDER BY`: a sort that is not on top is
/// spread over the cores again for what stands above it.
fn cast(plan: Arc<dyn ExecutionPlan>, wanted: fn(&DataType) -> DataType) -> datafusion::common::Result<Arc<dyn ExecutionPlan>> {
    let schema = plan.schema();
    if schema.fields().iter().all(|field| wanted(field.data_type()) == *field.data_type()) {
        return Ok(plan);
    }
    let columns = schema.fields().iter().enumerate().map(|(at, field)| {
        let (column, wanted) = (Arc::new(Column::new(field.name(), at)), wanted(field.data_type()));
        let expr: Arc<dyn PhysicalExpr> = if wanted == *field.data_type() { column } else { Arc::new(CastExpr::new(column, wanted, None)) };
        ProjectionExpr { expr, alias: field.name().clone() }
    });
    Ok(Arc::new(ProjectionExec::try_new(columns, plan)?))
}

/// The plan as the engine would run it, in words.
///
/// # Errors
/// What optimising gives.
pub fn explained(session: &Session, plan: &LogicalPlan) -> Result<String> {
    let optimised = with_stack(|| session.state().optimize(plan)).map_err(error)?;
    Ok(optimised.display_indent().to_string())
}

/// Optimising walks the plan by recursion: a future that is polled on a stack deep enough for it.
struct Deep<F>(Pin<Box<F>>);

impl<F: Future> Future for Deep<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        with_stack(|| self.0.as_mut().poll(cx))
    }
}
