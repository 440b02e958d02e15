//! Rows put aside until they are needed again: in memory while they are few, else in a spill file.

use std::pin::pin;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::disk_manager::RefCountedTempFile;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, SpillMetrics};
use datafusion::physical_plan::spill::{SpillManager, get_record_batch_memory_size};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{Stream, StreamExt, stream};

use crate::error::Result;
use crate::execute;
use crate::session::Session;

/// Above this, or a sixteenth of the pool where that is less, rows go to a file even while memory is left: others need it too.
const IN_MEMORY_BYTES: usize = 64 << 20;

/// Rows of one schema, to be read any number of times.
#[derive(Debug, Clone)]
pub(super) struct Scratch {
    schema: SchemaRef,
    rows: u64,
    kept: Kept,
}

#[derive(Debug, Clone)]
enum Kept {
    Memory { batches: Vec<RecordBatch>, _reserved: Arc<MemoryReservation> },
    File { manager: Arc<SpillManager>, file: RefCountedTempFile },
}

impl Scratch {
    /// Reads a stream to its end.
    pub(super) async fn fill(session: &Session, schema: SchemaRef, rows: impl Stream<Item = Result<RecordBatch>>) -> Result<Self> {
        let runtime = session.shared().runtime_env();
        let reserved = MemoryConsumer::new("merge: new rows").register(&runtime.memory_pool);
        let in_memory = IN_MEMORY_BYTES.min(session.memory_bytes() / 16);
        let mut batches = Vec::new();
        let (mut count, mut spilling) = (0, None);
        let mut rows = pin!(rows);
        while let Some(batch) = rows.next().await {
            let batch = batch?;
            if batch.num_rows() == 0 {
                continue;
            }
            count += batch.num_rows() as u64;
            let bytes = get_record_batch_memory_size(&batch);
            if spilling.is_none() && (reserved.size() + bytes > in_memory || reserved.try_grow(bytes).is_err()) {
                let manager = Arc::new(spill_manager(runtime, Arc::clone(&schema)));
                let mut file = SpillFile::create(&manager)?;
                for kept in std::mem::take(&mut batches) {
                    file.append(&kept)?;
                }
                reserved.free();
                spilling = Some((manager, file));
            }
            match &mut spilling {
                Some((_, file)) => file.append(&batch)?,
                None => batches.push(batch),
            }
        }
        let kept = match spilling {
            None => Kept::Memory { batches, _reserved: Arc::new(reserved) },
            Some((manager, file)) => match file.finish()? {
                Some(file) => Kept::File { manager, file },
                None => Kept::Memory { batches, _reserved: Arc::new(reserved) },
            },
        };
        Ok(Self { schema, rows: count, kept })
    }

    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Whether the rows are in memory.
    pub(super) fn is_in_memory(&self) -> bool {
        matches!(self.kept, Kept::Memory { .. })
    }

    /// The rows, from the first.
    pub(super) fn stream(&self) -> Result<SendableRecordBatchStream> {
        Ok(match &self.kept {
            Kept::Memory { batches, .. } => {
                let batches = stream::iter(batches.clone().into_iter().map(Ok));
                Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), batches))
            }
            Kept::File { manager, file } => manager.read_spill_as_stream(file.clone(), None).map_err(execute::error)?,
        })
    }
}

/// What writes and reads spill files of rows of a schema.
pub(super) fn spill_manager(runtime: &Arc<RuntimeEnv>, schema: SchemaRef) -> SpillManager {
    SpillManager::new(Arc::clone(runtime), SpillMetrics::new(&ExecutionPlanMetricsSet::new(), 0), schema)
}

type Append = dyn FnMut(Option<&RecordBatch>) -> datafusion::error::Result<Option<RefCountedTempFile>> + Send;

/// A spill file that is written. The engine's own type has no name outside of it.
pub(super) struct SpillFile(Box<Append>);

impl SpillFile {
    pub(super) fn create(manager: &SpillManager) -> Result<Self> {
        let mut file = manager.create_in_progress_file("merge").map_err(execute::error)?;
        Ok(Self(Box::new(move |batch| match batch {
            Some(batch) => file.append_batch(batch).map(|_| None),
            None => file.finish(),
        })))
    }

    pub(super) fn append(&mut self, batch: &RecordBatch) -> Result<()> {
        (self.0)(Some(batch)).map(drop).map_err(execute::error)
    }

    /// The file, when there is a row in it.
    pub(super) fn finish(mut self) -> Result<Option<RefCountedTempFile>> {
        (self.0)(None).map_err(execute::error)
    }
}
