//! Opening files one by one: what goes wrong while a file is read says which file it was, and what bounds say of it is there to leave it
//! out by, also when a filter that is filled while the query runs comes to need it no more.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion_datasource::morsel::{Morsel, MorselPlan, MorselPlanner, Morselizer};
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt, TryStreamExt};
use parquet::arrow::async_reader::ParquetRecordBatchStreamBuilder;
use parquet::errors::ParquetError;

use crate::error::Error;

use super::super::files::corrupt;
use super::open::{Opener, Shown};
use super::provider::external;
use super::statistics;

/// Opens files so that what goes wrong later knows which one it was, and so that bounds that are not values of the file prune as well.
pub(super) struct Naming {
    inner: Box<dyn Morselizer>,
    opener: Opener,
}

impl Naming {
    pub fn new(inner: Box<dyn Morselizer>, opener: Opener) -> Self {
        Self { inner, opener }
    }
}

impl fmt::Debug for Naming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl Morselizer for Naming {
    fn plan_file(&self, mut file: PartitionedFile) -> Result<Box<dyn MorselPlanner>> {
        file.statistics = file.statistics.map(|known| Arc::new(statistics::for_pruning(&known)));
        let read = Arc::new(ReadFile { opener: self.opener.clone(), file: file.clone() });
        let of = self.inner.plan_file(file).map_err(|error| read.named(error))?;
        Ok(Box::new(Named { of, read }))
    }
}

/// A step of reading a file, and the file.
struct Named<T> {
    of: T,
    read: Arc<ReadFile>,
}

impl<T: fmt::Debug> fmt::Debug for Named<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.of.fmt(f)
    }
}

impl MorselPlanner for Named<Box<dyn MorselPlanner>> {
    fn plan(self: Box<Self>) -> Result<Option<MorselPlan>> {
        let Self { of, read } = *self;
        let planned = match catch_unwind(AssertUnwindSafe(|| of.plan())) {
            Ok(planned) => planned.map_err(|error| read.named(error))?,
            Err(panic) => {
                // Whose fault it was takes reading, which planning must not do itself.
                let mut plan = MorselPlan::new();
                plan.set_pending_planner(async move { Err(read.blamed(panic).await) });
                return Ok(Some(plan));
            }
        };
        let Some(mut plan) = planned else { return Ok(None) };
        let planner = |of| Box::new(Named { of, read: Arc::clone(&read) }) as Box<dyn MorselPlanner>;
        let morsel = |of| Box::new(Named { of, read: Arc::clone(&read) }) as Box<dyn Morsel>;
        let mut named = MorselPlan::new()
            .with_morsels(plan.take_morsels().into_iter().map(morsel).collect())
            .with_planners(plan.take_ready_planners().into_iter().map(planner).collect());
        if let Some(pending) = plan.take_pending_planner() {
            let read = Arc::clone(&read);
            named.set_pending_planner(async move {
                match AssertUnwindSafe(pending).catch_unwind().await {
                    Ok(Ok(of)) => Ok(Box::new(Named { of, read }) as Box<dyn MorselPlanner>),
                    Ok(Err(error)) => Err(read.named(error)),
                    Err(panic) => Err(read.blamed(panic).await),
                }
            });
        }
        Ok(Some(named))
    }
}

impl Morsel for Named<Box<dyn Morsel>> {
    fn into_stream(self: Box<Self>) -> BoxStream<'static, Result<RecordBatch>> {
        let Self { of, read } = *self;
        let named = move |read: Arc<ReadFile>, batch| async move {
            match batch {
                Ok(Ok(batch)) => Ok(batch),
                Ok(Err(error)) => Err(read.named(error)),
                Err(panic) => Err(read.blamed(panic).await),
            }
        };
        AssertUnwindSafe(of.into_stream()).catch_unwind().then(move |batch| named(Arc::clone(&read), batch)).boxed()
    }
}

/// A file that is being read.
struct ReadFile {
    opener: Opener,
    file: PartitionedFile,
}

impl ReadFile {
    fn damaged(&self) -> Error {
        corrupt(&Shown::of(&self.file), "a data file is damaged: its rows cannot be read")
    }

    // What the decoder says is about the file. What the storage said has its words already, and what an expression says is about the query.
    fn named(&self, error: DataFusionError) -> DataFusionError {
        match error {
            DataFusionError::ParquetError(cause) if !is_ours(cause.as_ref()) => external(self.damaged().with_source(*cause)),
            error => error,
        }
    }

    // The decoder panics over some damaged pages, and expressions run in the same stream. A file that can be read whole is not to blame.
    async fn blamed(&self, panic: Box<dyn Any + Send>) -> DataFusionError {
        if self.is_whole().await { resume_unwind(panic) } else { external(self.damaged()) }
    }

    async fn is_whole(&self) -> bool {
        let read = async {
            let reader = self.opener.reader(self.file.object_meta.clone(), Shown::of(&self.file), 0, &ExecutionPlanMetricsSet::new());
            let mut rows = ParquetRecordBatchStreamBuilder::new(reader).await?.build()?;
            while rows.try_next().await?.is_some() {}
            Ok::<(), ParquetError>(())
        };
        matches!(AssertUnwindSafe(read).catch_unwind().await, Ok(Ok(())))
    }
}

fn is_ours(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source()).any(|error| error.is::<Error>())
}
