//! Rows picked out of batches, to be a batch.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::interleave_record_batch;

use super::sorting::{BATCH_ROWS, defect};
use crate::error::Result;

/// Rows wait for others until they are of so many batches.
const BATCHES: usize = 32;

/// Rows of many batches, in the order they were picked in.
#[derive(Default)]
pub(super) struct Picked {
    batches: Vec<Arc<RecordBatch>>,
    rows: Vec<(usize, usize)>,
}

impl Picked {
    pub(super) fn push(&mut self, batch: &Arc<RecordBatch>, row: usize) {
        // Rows come in the order of their batches, but for one that was held back.
        let at = self.batches.iter().rposition(|known| Arc::ptr_eq(known, batch)).unwrap_or_else(|| {
            self.batches.push(Arc::clone(batch));
            self.batches.len() - 1
        });
        self.rows.push((at, row));
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.rows.len() >= BATCH_ROWS || self.batches.len() >= BATCHES
    }

    pub(super) fn take(&mut self) -> Result<Option<RecordBatch>> {
        if self.rows.is_empty() {
            return Ok(None);
        }
        let batches: Vec<&RecordBatch> = self.batches.iter().map(Arc::as_ref).collect();
        let batch = interleave_record_batch(&batches, &self.rows).map_err(defect)?;
        *self = Self::default();
        Ok(Some(batch))
    }
}
