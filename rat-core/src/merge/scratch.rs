//! Rows put aside until they are needed again: in memory while they are few, else in a spill file.

use std::pin::pin;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::datasource::MemTable;
use datafusion::execution::disk_manager::RefCountedTempFile;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, SpillMetrics};
use datafusion::physical_plan::spill::SpillManager;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use futures::{Stream, StreamExt, stream};

use crate::error::Result;
use crate::execute;
use crate::session::Session;

/// Above this, rows go to a file even while memory is left: others need it too.
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
        let runtime: Arc<RuntimeEnv> = Arc::clone(session.state().runtime_env());
        let reserved = MemoryConsumer::new("merge: new rows").with_can_spill(true).register(&runtime.memory_pool);
        let mut batches = Vec::new();
        let (mut count, mut spilling) = (0, None);
        let mut rows = pin!(rows);
        while let Some(batch) = rows.next().await {
            let batch = batch?;
            if batch.num_rows() == 0 {
                continue;
            }
            count += batch.num_rows() as u64;
            let bytes = batch.get_array_memory_size();
            if spilling.is_none() && (reserved.size() + bytes > IN_MEMORY_BYTES || reserved.try_grow(bytes).is_err()) {
                let manager =
                    SpillManager::new(Arc::clone(&runtime), SpillMetrics::new(&ExecutionPlanMetricsSet::new(), 0), Arc::clone(&schema));
                let mut file = manager.create_in_progress_file("merge: new rows").map_err(execute::error)?;
                for kept in std::mem::take(&mut batches) {
                    file.append_batch(&kept).map_err(execute::error)?;
                }
                reserved.free();
                spilling = Some((manager, file));
            }
            match &mut spilling {
                Some((_, file)) => drop(file.append_batch(&batch).map_err(execute::error)?),
                None => batches.push(batch),
            }
        }
        let kept = match spilling {
            None => Kept::Memory { batches, _reserved: Arc::new(reserved) },
            Some((manager, mut file)) => match file.finish().map_err(execute::error)? {
                Some(file) => Kept::File { manager: Arc::new(manager), file },
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

    /// The rows as a table.
    pub(super) fn provider(&self) -> Result<Arc<dyn TableProvider>> {
        let schema = Arc::clone(&self.schema);
        Ok(match &self.kept {
            Kept::Memory { batches, .. } => Arc::new(MemTable::try_new(schema, vec![batches.clone()]).map_err(execute::error)?),
            Kept::File { .. } => Arc::new(StreamingTable::try_new(schema, vec![Arc::new(self.clone())]).map_err(execute::error)?),
        })
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

impl PartitionStream for Scratch {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        match self.stream() {
            Ok(stream) => stream,
            Err(error) => {
                let failed = stream::iter([Err(datafusion::error::DataFusionError::External(Box::new(error)))]);
                Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), failed))
            }
        }
    }
}
