//! Runs a logical plan: physical plan, then a stream of batches.
//!
//! Memory is bounded by the session's pool; what can spill does. Dropping the stream stops the work and frees the memory. What the engine
//! says when it fails is told in rat's codes by [`error`].
//!
//! Knows nothing of names, SQL text or where rows go. Entry points: [`stream`], [`error`].

mod error;

use std::pin::Pin;
use std::task::{Context, Poll};

use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::execute_stream;

use crate::dialect::with_stack;
use crate::error::Result;
use crate::session::Session;

pub use error::error;
pub(crate) use error::sentence;

/// Starts a plan. Batches arrive as they are made; errors inside the stream become rat's with [`error`].
///
/// # Errors
/// What planning the physical side gives: `STORAGE_UNAVAILABLE`, `CORRUPT_TABLE`, `INVALID_QUERY`, `OUT_OF_MEMORY`.
pub async fn stream(session: &Session, plan: LogicalPlan) -> Result<SendableRecordBatchStream> {
    let state = session.state();
    let physical = Deep(Box::pin(state.create_physical_plan(&plan))).await.map_err(error)?;
    execute_stream(physical, state.task_ctx()).map_err(error)
}

/// Optimising walks the plan by recursion: a future that is polled on a stack deep enough for it.
struct Deep<F>(Pin<Box<F>>);

impl<F: Future> Future for Deep<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        with_stack(|| self.0.as_mut().poll(cx))
    }
}
