//! Rows that a caller hands in, for a table that no pipeline makes.
//!
//! A write is a run whose query reads them: its record, merge, swap and report are those of any other run.

use std::pin::Pin;
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::reader::{FileReader, StreamReader};
use arrow::record_batch::{RecordBatch, RecordBatchReader};
use datafusion::catalog::streaming::StreamingTable;
use datafusion::common::DataFusionError;
use datafusion::datasource::provider_as_source;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use futures::{Stream, StreamExt, stream};
use parking_lot::Mutex;

use crate::error::{Code, Error, Result};
use crate::execute;
use crate::name::Name;
use crate::project::{Language, Pipeline};

/// Rows to be written, as Arrow: batches, a reader, or a stream. Cheap to clone; rows that come but once come to one of the clones.
#[derive(Clone, Debug)]
pub struct WriteData {
    /// Every column may be NULL: what holds of the rows is found out from the rows.
    schema: SchemaRef,
    rows: Arc<Rows>,
    fit: Option<Fit>,
}

/// Makes rows of plain values as the columns of a table want them; those that it does not have are of the values' own types.
#[derive(Clone)]
struct Fit(Arc<MadeFor>);

type MadeFor = dyn Fn(&Schema) -> Result<RecordBatch> + Send + Sync;

enum Rows {
    Batches(Vec<RecordBatch>),
    /// Gone once somebody reads it.
    Once(Mutex<Option<Given>>),
}

type Given = Pin<Box<dyn Stream<Item = Result<RecordBatch>> + Send>>;

/// How many batches a reader may be ahead of the write.
const AHEAD: usize = 2;

impl WriteData {
    /// Batches in memory.
    pub fn batches(schema: SchemaRef, batches: Vec<RecordBatch>) -> Self {
        Self { schema: nullable(&schema), rows: Arc::new(Rows::Batches(batches)), fit: None }
    }

    /// Plain values, whose types the table has a say in. `fit` makes them as the columns of a schema want them.
    pub(crate) fn plain(batch: RecordBatch, fit: impl Fn(&Schema) -> Result<RecordBatch> + Send + Sync + 'static) -> Self {
        Self { fit: Some(Fit(Arc::new(fit))), ..Self::batches(batch.schema(), vec![batch]) }
    }

    /// The same rows for a table with these columns.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for plain values whose type neither they nor the table tell.
    pub(super) fn fitted_to(&self, table: &Schema) -> Result<Self> {
        let Some(fit) = &self.fit else { return Ok(self.clone()) };
        let batch = (fit.0)(table)?;
        Ok(Self::batches(batch.schema(), vec![batch]))
    }

    /// What a reader gives, in memory for a few batches. It is read on a thread of its own, so it may block. Where it fails, nothing is
    /// published.
    pub fn reader(reader: Box<dyn RecordBatchReader + Send>) -> Self {
        Self::stream(reader.schema(), stream::once(async { read(reader) }).flatten())
    }

    /// Arrow IPC, as a stream or as a file (Feather).
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when the bytes are not that. Bytes that are damaged further on fail the write with `INPUT_FAILED`.
    pub fn ipc(bytes: Vec<u8>) -> Result<Self> {
        let wrong = |cause: ArrowError| {
            let message = format!("the bytes are not Arrow IPC: {}", execute::sentence(&cause.to_string()));
            Error::new(Code::InvalidArgument, message).with_help("give an Arrow IPC stream or file, such as `tableToIPC` makes")
        };
        let is_file = bytes.starts_with(b"ARROW1");
        let bytes = std::io::Cursor::new(bytes);
        Ok(if is_file {
            Self::reader(Box::new(FileReader::try_new(bytes, None).map_err(wrong)?))
        } else {
            Self::reader(Box::new(StreamReader::try_new(bytes, None).map_err(wrong)?))
        })
    }

    /// What a stream gives, in memory for a few batches. Where it ends in an error, nothing is published.
    pub fn stream(schema: SchemaRef, rows: impl Stream<Item = Result<RecordBatch>> + Send + 'static) -> Self {
        Self { schema: nullable(&schema), rows: Arc::new(Rows::Once(Mutex::new(Some(Box::pin(rows))))), fit: None }
    }

    /// The columns.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The query that reads the rows.
    ///
    /// # Errors
    /// `DUPLICATE_COLUMN`.
    pub(super) fn query(&self) -> Result<LogicalPlan> {
        let mut names = std::collections::HashSet::new();
        if let Some(twice) = self.schema.fields().iter().find(|field| !names.insert(field.name().to_lowercase())) {
            return Err(Error::new(Code::DuplicateColumn, format!("the rows have two columns of the name `{}`", twice.name()))
                .with_help("rename one of the two"));
        }
        let table = StreamingTable::try_new(Arc::clone(&self.schema), vec![Arc::new(self.clone())]).map_err(execute::error)?;
        LogicalPlanBuilder::scan("given", provider_as_source(Arc::new(table)), None)
            .and_then(LogicalPlanBuilder::build)
            .map_err(execute::error)
    }

    fn take(&self) -> Given {
        match self.rows.as_ref() {
            Rows::Batches(batches) => stream::iter(batches.clone().into_iter().map(Ok)).boxed(),
            Rows::Once(rows) => rows.lock().take().unwrap_or_else(|| {
                let gone =
                    Error::new(Code::CommitConflict, "the table became another one while the rows were read, and they come but once");
                stream::iter([Err(gone.with_help("write them again"))]).boxed()
            }),
        }
    }
}

impl PartitionStream for WriteData {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let schema = Arc::clone(&self.schema);
        let fitted = move |batch: Result<RecordBatch>| fitted(&batch?, &schema);
        let rows = self.take().map(fitted).map(|batch| batch.map_err(|error| DataFusionError::External(Box::new(error))));
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), rows))
    }
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Rows::Batches(batches) => write!(f, "{} batches", batches.len()),
            Rows::Once(_) => f.write_str("a stream"),
        }
    }
}

impl std::fmt::Debug for Fit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fit")
    }
}

fn nullable(schema: &Schema) -> SchemaRef {
    Arc::new(Schema::new(schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect::<Vec<_>>()))
}

/// The batch under the columns that were announced.
fn fitted(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let announced = schema.fields().iter().zip(batch.schema_ref().fields()).all(|(a, b)| a.name() == b.name());
    RecordBatch::try_new(Arc::clone(schema), batch.columns().to_vec()).ok().filter(|_| announced).ok_or_else(|| {
        Error::new(Code::InputFailed, "a batch of the rows has other columns than those that were announced")
            .with_help("give every batch the columns of the schema")
    })
}

/// Reads on a thread that may block, a few batches ahead.
fn read(reader: Box<dyn RecordBatchReader + Send>) -> Given {
    let (give, taken) = tokio::sync::mpsc::channel(AHEAD);
    let reading = tokio::task::spawn_blocking(move || {
        for batch in reader {
            let failed = batch.is_err();
            // Nobody takes any more: the run is over.
            if give.blocking_send(batch.map_err(|cause| failure(&reason(&cause)))).is_err() || failed {
                return;
            }
        }
    });
    // A reader that panicked has not come to its end, though its batches have.
    let end = stream::once(reading).filter_map(|end| async { end.err().map(|_| Err(failure("the reader of the rows panicked"))) });
    stream::unfold(taken, |mut taken| async { taken.recv().await.map(|batch| (batch, taken)) }).chain(end).boxed()
}

/// What the reader says. One of another language gives its own stack after that, and Arrow its own words before.
fn reason(cause: &ArrowError) -> String {
    let said = match cause {
        ArrowError::CDataInterface(said) => said.clone(),
        other => other.to_string(),
    };
    said.split_once(". Detail: ").map_or(said.as_str(), |(said, _)| said).trim().to_owned()
}

fn failure(reason: &str) -> Error {
    Error::new(Code::InputFailed, format!("the rows cannot be read to their end: {}", execute::sentence(reason)))
}

/// What stands where a pipeline stands in a run.
pub(super) fn pipeline(table: &Name) -> Pipeline {
    Pipeline {
        name: table.clone(),
        language: Language::Sql,
        source: crate::error::Source::new(format!("{table} (written)"), "select * from given"),
        config: None,
        quality_tests: Vec::new(),
        unit_tests: Vec::new(),
        faults: Vec::new(),
    }
}
