//! Sorted runs, read side by side: the least of their next rows is the next of all.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::interleave_record_batch;
use arrow::row::Rows;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::disk_manager::RefCountedTempFile;
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::physical_plan::spill::SpillManager;
use futures::{StreamExt, stream};

use super::sorting::{BATCH_ROWS, Order, Ordered, RUNS, defect, prefix};
use crate::error::Result;
use crate::execute;

/// Runs on their way to be one.
pub(super) struct Runs {
    order: Arc<Order>,
    runs: Vec<Run>,
    /// Places among the runs, the one with the least row first and each before the two that are its children.
    heap: Vec<usize>,
    batches: Vec<Arc<RecordBatch>>,
    taken: Vec<(usize, usize)>,
    _reserved: Option<MemoryReservation>,
}

struct Run {
    rows: SendableRecordBatchStream,
    batch: Arc<RecordBatch>,
    keys: Rows,
    row: usize,
    prefix: u64,
    /// Where the batch is among those that rows were taken of.
    slot: Option<usize>,
}

impl Runs {
    pub(super) async fn open(
        manager: &Arc<SpillManager>,
        order: &Arc<Order>,
        files: Vec<RefCountedTempFile>,
        reserved: Option<MemoryReservation>,
    ) -> Result<Self> {
        let mut runs = Vec::with_capacity(files.len());
        for file in files {
            let read = manager.as_ref().clone().with_batch_read_buffer_capacity(1).read_spill_as_stream(file, None);
            let mut rows = read.map_err(execute::error)?;
            if let Some((batch, keys)) = next_of(&mut rows, order).await? {
                runs.push(Run { prefix: prefix(keys.row(0)), rows, batch, keys, row: 0, slot: None });
            }
        }
        let heap = (0..runs.len()).collect();
        let mut all = Self { order: Arc::clone(order), runs, heap, batches: Vec::new(), taken: Vec::new(), _reserved: reserved };
        for place in (0..all.heap.len() / 2).rev() {
            all.sink(place);
        }
        Ok(all)
    }

    pub(super) fn stream(self) -> Ordered {
        Box::pin(stream::try_unfold(self, |mut runs| async move { Ok(runs.next().await?.map(|batch| (batch, runs))) }))
    }

    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        tokio::task::coop::consume_budget().await;
        // As large as what it is made of, which was measured to fit.
        let enough = self.runs.iter().map(|run| run.batch.num_rows()).max().unwrap_or(0).min(BATCH_ROWS);
        while let Some(least) = self.heap.first().copied() {
            let run = &mut self.runs[least];
            let slot = *run.slot.get_or_insert_with(|| {
                self.batches.push(Arc::clone(&run.batch));
                self.batches.len() - 1
            });
            self.taken.push((slot, run.row));
            run.row += 1;
            if run.row < run.keys.num_rows() {
                run.prefix = prefix(run.keys.row(run.row));
            } else if let Some((batch, keys)) = next_of(&mut run.rows, &self.order).await? {
                (run.prefix, run.row, run.slot) = (prefix(keys.row(0)), 0, None);
                (run.batch, run.keys) = (batch, keys);
            } else {
                self.heap.swap_remove(0);
            }
            self.sink(0);
            if self.taken.len() >= enough || self.batches.len() >= 2 * RUNS {
                break;
            }
        }
        if self.taken.is_empty() {
            return Ok(None);
        }
        let batches: Vec<&RecordBatch> = self.batches.iter().map(Arc::as_ref).collect();
        let batch = interleave_record_batch(&batches, &self.taken).map_err(defect)?;
        self.taken.clear();
        self.batches.clear();
        self.runs.iter_mut().for_each(|run| run.slot = None);
        Ok(Some(batch))
    }

    /// Lets a run down until no child has a lesser row.
    fn sink(&mut self, mut place: usize) {
        loop {
            let children = [2 * place + 1, 2 * place + 2].into_iter().filter(|child| *child < self.heap.len());
            let Some(least) = children.min_by(|a, b| self.compare(*a, *b)) else { return };
            if self.compare(place, least).is_le() {
                return;
            }
            self.heap.swap(place, least);
            place = least;
        }
    }

    // Of equal rows that of the earlier run is the lesser.
    fn compare(&self, a: usize, b: usize) -> std::cmp::Ordering {
        let (at_a, at_b) = (self.heap[a], self.heap[b]);
        let (a, b) = (&self.runs[at_a], &self.runs[at_b]);
        let by_key = a.prefix.cmp(&b.prefix).then_with(|| a.keys.row(a.row).cmp(&b.keys.row(b.row)));
        by_key.then(at_a.cmp(&at_b))
    }
}

async fn next_of(rows: &mut SendableRecordBatchStream, order: &Order) -> Result<Option<(Arc<RecordBatch>, Rows)>> {
    let Some(batch) = rows.next().await else { return Ok(None) };
    let batch = batch.map_err(execute::error)?;
    let keys = order.of(&batch)?;
    Ok(Some((Arc::new(batch), keys)))
}
