//! A query that is planned already, answered within the limits of all others.

use std::time::Instant;

use datafusion::common::cast::as_int64_array;
use datafusion::functions_aggregate::expr_fn::count as count_of;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, lit};
use futures::future::BoxFuture;

use super::queue::Time;
use super::result::{self, QueryResult, QueryStream};
use super::{QueryContext, QueryOptions, guard, limited};
use crate::error::{Code, Error, Result};
use crate::execute;

/// The rows of a plan, and what it took.
#[derive(Debug)]
pub struct Answer {
    /// The rows.
    pub rows: QueryResult,
    /// How the engine went about it.
    pub plan: String,
    /// The most memory it had at once.
    pub peak_memory_bytes: u64,
}

/// How many rows a plan gives, and what it took to count them.
#[derive(Debug)]
pub struct Counted {
    /// How many.
    pub rows: u64,
    /// The most memory it had at once.
    pub peak_memory_bytes: u64,
}

/// Answers a plan. The time counts from `started`.
///
/// # Errors
/// As [`query`](super::query) once it is planned.
#[inline(never)]
pub fn answer<'a>(
    context: &'a QueryContext<'a>,
    plan: LogicalPlan,
    options: &'a QueryOptions,
    started: Instant,
) -> BoxFuture<'a, Result<Answer>> {
    Box::pin(async move {
        let time = Time::new(started, options.timeout);
        let turn = context.queue.turn_in(time).await?;
        guard::plan(&plan)?;
        let plan = limited(plan, options)?;
        let text = execute::explained(context.session, &plan)?;
        let (stream, memory) = time.of(execute::measured(context.session, plan, result::portable)).await?;
        drop(turn);
        let rows = result::collect(QueryStream::new(stream, options.limit, time, context.queue), options.bytes, started).await?;
        Ok(Answer { rows, plan: text, peak_memory_bytes: memory.peak_bytes() })
    })
}

/// Counts the rows of a plan.
///
/// # Errors
/// As [`answer`].
#[inline(never)]
pub fn count<'a>(
    context: &'a QueryContext<'a>,
    plan: LogicalPlan,
    options: &'a QueryOptions,
    started: Instant,
) -> BoxFuture<'a, Result<Counted>> {
    Box::pin(async move {
        let counting = LogicalPlanBuilder::from(plan).aggregate(Vec::<Expr>::new(), [count_of(lit(1_i64))]);
        let counting = counting.and_then(LogicalPlanBuilder::build).map_err(execute::error)?;
        let answer = answer(context, counting, options, started).await?;
        let number = answer.rows.batches.first().and_then(|batch| as_int64_array(batch.column(0)).ok()).map(|column| column.value(0));
        let number = number.and_then(|number| u64::try_from(number).ok());
        let rows = number.ok_or_else(|| Error::new(Code::Internal, "rows were counted, and there is no number"))?;
        Ok(Counted { rows, peak_memory_bytes: answer.peak_memory_bytes })
    })
}

/// Work that is part of a query, within its time.
///
/// # Errors
/// `TIMED_OUT`, and the work's.
pub async fn in_time<T>(options: &QueryOptions, started: Instant, work: impl Future<Output = Result<T>>) -> Result<T> {
    Time::new(started, options.timeout).of(work).await
}

/// # Errors
/// `QUERY_TOO_LONG`.
pub fn check_length(sql: &str, options: &QueryOptions) -> Result<()> {
    match sql.len() > options.length {
        true => Err(Error::new(Code::QueryTooLong, format!("the SQL text has {} bytes, and {} are allowed", sql.len(), options.length))),
        false => Ok(()),
    }
}
