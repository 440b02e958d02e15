//! What a query gives, and the limits it is given within.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, Field, SchemaRef};
use datafusion::execution::SendableRecordBatchStream;
use futures::future::{BoxFuture, MaybeDone, maybe_done};
use futures::{FutureExt, Stream, StreamExt, TryStreamExt};
use tokio::time::Sleep;

use super::queue::{Queue, Time, Turn, timed_out};
use crate::error::{Code, Error, Result};
use crate::execute;

/// A whole result.
#[derive(Debug, Clone)]
pub struct QueryResult {
    /// The columns.
    pub schema: SchemaRef,
    /// The rows.
    pub batches: Vec<RecordBatch>,
    /// How long it took, planning included.
    pub duration: Duration,
}

impl QueryResult {
    /// The number of rows.
    pub fn num_rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// The first rows alone; all when there are not more. No row is copied.
    #[must_use]
    pub fn head(&self, rows: usize) -> Self {
        let mut left = rows;
        let mut batches = Vec::new();
        for batch in &self.batches {
            let taken = left.min(batch.num_rows());
            batches.extend((taken > 0).then(|| batch.slice(0, taken)));
            left -= taken;
        }
        Self { schema: Arc::clone(&self.schema), batches, duration: self.duration }
    }
}

/// A result that arrives batch by batch. Dropping it stops the query. The time that its reader takes for a batch is not the query's: it does
/// not count, and others may run meanwhile.
pub struct QueryStream {
    schema: SchemaRef,
    batches: Option<SendableRecordBatchStream>,
    rows_left: Option<usize>,
    /// What it may take in all, and what is left of it.
    time: Option<(Duration, Duration)>,
    queue: Queue,
    /// While somebody waits for rows. In between it takes nobody's turn, and no time.
    asked: Option<Asked>,
}

struct Asked {
    since: Instant,
    late: Option<Pin<Box<Sleep>>>,
    turn: MaybeDone<BoxFuture<'static, Turn>>,
}

impl QueryStream {
    pub(super) fn new(batches: SendableRecordBatchStream, limit: Option<usize>, time: Time, queue: &Queue) -> Self {
        let (schema, queue) = (batches.schema(), queue.clone());
        Self { schema, batches: Some(batches), rows_left: limit, time: time.left(), queue, asked: None }
    }

    /// The columns.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// The reader has what it waited for.
    fn rest(&mut self) {
        if let Some(asked) = self.asked.take()
            && let Some((_, left)) = &mut self.time
        {
            *left = left.saturating_sub(asked.since.elapsed());
        }
    }

    /// Stops the work, and lets the next query begin.
    fn end(&mut self) {
        self.batches = None;
        self.asked = None;
    }
}

impl std::fmt::Debug for QueryStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QueryStream").field("schema", &self.schema).finish_non_exhaustive()
    }
}

impl Stream for QueryStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let Some(batches) = this.batches.as_mut() else { return Poll::Ready(None) };
        let asked = this.asked.get_or_insert_with(|| Asked {
            since: Instant::now(),
            late: this.time.map(|(_, left)| Box::pin(tokio::time::sleep(left))),
            turn: maybe_done(this.queue.turn()),
        });
        let is_its_turn = asked.turn.poll_unpin(cx).is_ready();
        if asked.late.as_mut().is_some_and(|late| late.as_mut().poll(cx).is_ready()) {
            let allowed = this.time.map(|(allowed, _)| allowed).unwrap_or_default();
            let error = if is_its_turn { timed_out(allowed) } else { this.queue.busy() };
            this.end();
            return Poll::Ready(Some(Err(error)));
        }
        if !is_its_turn {
            return Poll::Pending;
        }
        let next = ready!(batches.poll_next_unpin(cx));
        this.rest();
        match next {
            Some(Ok(batch)) => {
                let Some(left) = this.rows_left else { return Poll::Ready(Some(Ok(batch))) };
                let rows = batch.num_rows().min(left);
                this.rows_left = Some(left - rows);
                if left == rows {
                    this.end();
                }
                Poll::Ready(Some(Ok(if rows == batch.num_rows() { batch } else { batch.slice(0, rows) })))
            }
            Some(Err(cause)) => {
                this.end();
                Poll::Ready(Some(Err(execute::error(cause))))
            }
            None => {
                this.end();
                Poll::Ready(None)
            }
        }
    }
}

pub(super) async fn collect(mut stream: QueryStream, bytes: Option<u64>, started: Instant) -> Result<QueryResult> {
    let schema = stream.schema();
    let mut batches = Vec::new();
    let mut held: u64 = 0;
    while let Some(batch) = stream.try_next().await? {
        if batch.num_rows() == 0 {
            continue;
        }
        held += batch_bytes(&batch);
        if let Some(allowed) = bytes
            && held > allowed
        {
            return Err(Error::new(Code::ResultTooLarge, format!("the result has more than {allowed} bytes")));
        }
        batches.push(batch);
    }
    Ok(QueryResult { schema, batches, duration: started.elapsed() })
}

/// The bytes of a batch's own rows, where it is a slice of a larger one.
fn batch_bytes(batch: &RecordBatch) -> u64 {
    let bytes = |column: &datafusion::arrow::array::ArrayRef| match column.to_data().get_slice_memory_size() {
        Ok(bytes) => bytes,
        Err(_) => column.get_array_memory_size(),
    };
    batch.columns().iter().map(|column| u64::try_from(bytes(column)).unwrap_or(u64::MAX)).sum()
}

/// The type of the same values that every Arrow reader has: views of text and bytes become plain arrays.
pub(super) fn portable(data_type: &DataType) -> DataType {
    let inner = |field: &Arc<Field>| Arc::new(field.as_ref().clone().with_data_type(portable(field.data_type())));
    match data_type {
        DataType::Utf8View => DataType::Utf8,
        DataType::BinaryView => DataType::Binary,
        DataType::List(item) => DataType::List(inner(item)),
        DataType::LargeList(item) => DataType::LargeList(inner(item)),
        DataType::FixedSizeList(item, size) => DataType::FixedSizeList(inner(item), *size),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(inner).collect()),
        DataType::Map(entries, sorted) => DataType::Map(inner(entries), *sorted),
        other => other.clone(),
    }
}
