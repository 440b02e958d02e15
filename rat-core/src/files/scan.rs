//! Files in a known shape as a DataFusion table: partitions of whole files, in the order given, streamed.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringArray};
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use bytes::Bytes;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DataFusionError, Result as DataFusionResult, project_schema};
use datafusion::datasource::TableType;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::Expr;
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties};
use futures::{StreamExt, TryStreamExt, stream};

use super::columns::TextColumn;
use super::numbers::Notation;
use super::options::Packing;
use super::refusal::{Counts, HELP_FILE, unreadable};
use super::shape::{Format, Shape, folders};
use super::unpack::{Unpacker, detect};
use super::{LandedFile, csv, json, parquet};
use crate::error::{Code, Error, Result};
use crate::storage::Storage;

/// What is read of a file at once.
const READ_BYTES: u64 = 1 << 20;
/// What is unpacked of it at once.
const PIECE_BYTES: usize = 256 << 10;
/// What tells whether it is packed.
const MAGIC_BYTES: u64 = 4;
/// Files whose beginnings or footers are on their way together.
pub(super) const AT_ONCE: usize = 16;
/// Hive's folder for NULL.
const NULL_FOLDER: &str = "__HIVE_DEFAULT_PARTITION__";

/// The files of a call as a table. Reading it again reads the files again; [`counts`](Self::counts) adds up over all readings.
#[derive(Debug)]
pub struct FilesTable {
    shape: Shape,
    storage: Storage,
    files: Vec<LandedFile>,
    counts: Arc<Counts>,
}

/// The files, which have this shape, as a table: rows in the order of the files, and of the lines in them, within each partition.
pub fn provider(shape: &Shape, storage: &Storage, files: Vec<LandedFile>) -> Arc<FilesTable> {
    Arc::new(FilesTable { shape: shape.clone(), storage: storage.clone(), files, counts: Arc::default() })
}

impl FilesTable {
    /// Rows read and rows refused, so far.
    pub fn counts(&self) -> &Arc<Counts> {
        &self.counts
    }

    /// The files.
    pub fn files(&self) -> &[LandedFile] {
        &self.files
    }

    /// The least and the most rows that the files can have, from their sizes and footers: of Parquet files exactly as many as they say. A row
    /// of text has a byte at least, and how much is packed in fewer is not known.
    ///
    /// # Errors
    /// `MALFORMED_FILE` for a Parquet file without a footer; storage codes.
    pub async fn rows(&self) -> Result<(u64, Option<u64>)> {
        if matches!(self.shape.0.format, Format::Parquet(_)) {
            let rows = parquet::rows(&self.storage, &self.files).await?;
            return Ok((rows, Some(rows)));
        }
        let plain = async |file: LandedFile| {
            let packing = match self.shape.0.packing {
                Packing::Auto => detect(&self.storage.read_range(&file.path, 0..file.size.min(MAGIC_BYTES)).await?),
                told => told,
            };
            Ok::<_, Error>(Some(file.size).filter(|_| packing == Packing::None))
        };
        let held = self.files.iter().filter(|file| file.size > 0).cloned().collect::<Vec<_>>();
        let sizes = stream::iter(held).map(plain).buffer_unordered(AT_ONCE).try_collect::<Vec<Option<u64>>>().await?;
        let bytes = sizes.into_iter().try_fold(0, |sum: u64, size| size.map(|size| sum.saturating_add(size)));
        Ok((0, bytes))
    }

    /// The files in runs of about the same size.
    fn partitions(&self, most: usize) -> Vec<Vec<LandedFile>> {
        let total: u64 = self.files.iter().map(|f| f.size + 1).sum();
        let share = total.div_ceil(most.max(1) as u64).max(1);
        let mut partitions: Vec<Vec<LandedFile>> = Vec::new();
        let mut filled = 0;
        for file in &self.files {
            let place = usize::try_from(filled / share).unwrap_or(usize::MAX);
            if partitions.is_empty() || place >= partitions.len() {
                partitions.push(Vec::new());
            }
            if let Some(last) = partitions.last_mut() {
                last.push(file.clone());
            }
            filled += file.size + 1;
        }
        if partitions.is_empty() { vec![Vec::new()] } else { partitions }
    }
}

#[async_trait]
impl TableProvider for FilesTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.shape.schema())
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        let schema = project_schema(self.shape.schema(), projection)?;
        let projection = projection.cloned().unwrap_or_else(|| (0..self.shape.schema().fields().len()).collect());
        let partitions = self.partitions(session.config().target_partitions());
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(partitions.len()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(Arc::new(FilesExec {
            shape: self.shape.clone(),
            storage: self.storage.clone(),
            counts: Arc::clone(&self.counts),
            partitions,
            projection,
            limit,
            schema,
            properties: Arc::new(properties),
        }))
    }
}

#[derive(Debug)]
struct FilesExec {
    shape: Shape,
    storage: Storage,
    counts: Arc<Counts>,
    partitions: Vec<Vec<LandedFile>>,
    projection: Vec<usize>,
    limit: Option<usize>,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
}

impl DisplayAs for FilesExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let format = match self.shape.0.format {
            Format::Csv(_) => "csv",
            Format::Json(_) => "json",
            Format::Parquet(_) => "parquet",
        };
        let files: usize = self.partitions.iter().map(Vec::len).sum();
        write!(f, "LandedFiles: format={format}, files={files}, partitions={}", self.partitions.len())?;
        if let Some(limit) = self.limit {
            write!(f, ", limit={limit}")?;
        }
        Ok(())
    }
}

impl ExecutionPlan for FilesExec {
    fn name(&self) -> &'static str {
        "LandedFiles"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn with_new_children(self: Arc<Self>, _: Vec<Arc<dyn ExecutionPlan>>) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> DataFusionResult<SendableRecordBatchStream> {
        let reading = Reading {
            shape: self.shape.clone(),
            storage: self.storage.clone(),
            counts: Arc::clone(&self.counts),
            files: self.partitions[partition].clone().into_iter(),
            projection: self.projection.clone(),
            left: self.limit.unwrap_or(usize::MAX),
            schema: Arc::clone(&self.schema),
            batch_rows: context.session_config().batch_size(),
            open: None,
        };
        let batches = stream::try_unfold(reading, |mut reading| async move {
            let batch = reading.next().await.map_err(|e| DataFusionError::External(Box::new(e)))?;
            Ok(batch.map(|batch| (batch, reading)))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), batches)))
    }
}

/// One partition while it is read.
struct Reading {
    shape: Shape,
    storage: Storage,
    counts: Arc<Counts>,
    files: std::vec::IntoIter<LandedFile>,
    projection: Vec<usize>,
    left: usize,
    schema: SchemaRef,
    batch_rows: usize,
    open: Option<Open>,
}

/// The file that is being read.
struct Open {
    file: LandedFile,
    reader: FileReader,
    /// Which columns of the file's batches the result has, in order: an index into them, or a value of the path.
    output: Vec<Output>,
}

#[derive(Clone)]
enum Output {
    Column(usize),
    Path(ArrayRef),
}

impl Reading {
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        while self.left > 0 {
            if self.open.is_none() {
                let Some(file) = self.files.next() else { return Ok(None) };
                self.open = Some(self.open(file).await?);
            }
            let Some(open) = &mut self.open else { return Ok(None) };
            match open.reader.next().await? {
                None => {
                    unchanged(&self.storage, &open.file).await?;
                    self.open = None;
                }
                Some(batch) if batch.num_rows() == 0 => {}
                Some(batch) => {
                    let batch = if batch.num_rows() > self.left { batch.slice(0, self.left) } else { batch };
                    self.left -= batch.num_rows();
                    return self.result(&batch).map(Some);
                }
            }
        }
        Ok(None)
    }

    async fn open(&mut self, file: LandedFile) -> Result<Open> {
        let shape = &self.shape.0;
        let of_file = shape.file_schema.fields().len();
        let mut wanted: Vec<usize> = self.projection.iter().copied().filter(|i| *i < of_file).collect();
        let ignores = match &shape.format {
            Format::Csv(shape) => shape.ignore_errors,
            Format::Json(shape) => shape.ignore_errors,
            Format::Parquet(_) => false,
        };
        if ignores {
            // Which rows are left out must not depend on which columns are asked for.
            wanted = (0..of_file).collect();
        }
        let mut output = Vec::with_capacity(self.projection.len());
        for i in &self.projection {
            output.push(match wanted.iter().position(|w| w == i) {
                Some(place) => Output::Column(place),
                None => Output::Path(self.path_value(&file, *i)?),
            });
        }
        let file_schema = Arc::new(shape.file_schema.project(&wanted).map_err(internal)?);
        let reader = match &shape.format {
            Format::Csv(csv) => {
                let decoder = csv::Decoder::new(csv, &file.path, wanted, file_schema, self.batch_rows, &self.counts);
                FileReader::Text(Box::new(Text::new(&self.storage, &file, shape.packing, Decoder::Csv(decoder))))
            }
            Format::Json(json) => {
                let decoder = json::Decoder::new(json, &file.path, wanted, file_schema, self.batch_rows, &self.counts);
                FileReader::Text(Box::new(Text::new(&self.storage, &file, shape.packing, Decoder::Json(decoder))))
            }
            Format::Parquet(parquet) => FileReader::Parquet(Box::new(
                parquet::Reader::open(&self.storage, &file, parquet, &wanted, file_schema, self.batch_rows, &self.counts).await?,
            )),
        };
        Ok(Open { file, reader, output })
    }

    /// The one value that a column of the path has in a file.
    fn path_value(&self, file: &LandedFile, column: usize) -> Result<ArrayRef> {
        let shape = &self.shape.0;
        let of_file = shape.file_schema.fields().len();
        let Some(key) = shape.folders.get(column - of_file) else {
            return Ok(Arc::new(StringArray::from(vec![file.path.as_str()])));
        };
        let field = shape.schema.field(column);
        let mut values = TextColumn::new(field.data_type(), None, Notation::default());
        match folders(&file.path).find(|(found, _)| found == key) {
            Some((_, NULL_FOLDER)) | None => values.append_null(),
            Some((_, value)) => {
                if !values.append(value.as_bytes()) {
                    let what = format!("the folder `{key}={value}` is no {}", crate::types::sql_type(field.data_type()));
                    return Err(unreadable(&file.path, what, "rename the folder"));
                }
            }
        }
        values.finish().map_err(internal)
    }

    fn result(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let Some(open) = &self.open else { return Ok(batch.clone()) };
        let mut columns = Vec::with_capacity(open.output.len());
        for output in &open.output {
            columns.push(match output {
                Output::Column(place) => Arc::clone(batch.column(*place)),
                Output::Path(value) => {
                    let same = arrow::array::UInt32Array::from(vec![0; batch.num_rows()]);
                    arrow::compute::take(value, &same, None).map_err(internal)?
                }
            });
        }
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options).map_err(internal)
    }
}

fn internal(error: arrow::error::ArrowError) -> Error {
    Error::new(Code::Internal, "a batch of landed rows cannot be made").with_source(error)
}

/// Whether the file that was read is the file that was listed: what was read of two files would be neither.
async fn unchanged(storage: &Storage, file: &LandedFile) -> Result<()> {
    let now = storage.stat(&file.path).await?.map(|entry| LandedFile::from_entry(&entry));
    if now.as_ref() == Some(file) {
        return Ok(());
    }
    let what = if now.is_some() { "was replaced" } else { "was removed" };
    Err(Error::new(Code::StorageUnavailable, format!("`{}` {what} while it was read", file.path))
        .with_help("run again: the file is read as it is then")
        .with_context("file", &file.path))
}

enum FileReader {
    Text(Box<Text>),
    Parquet(Box<parquet::Reader>),
}

impl FileReader {
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        match self {
            FileReader::Text(text) => text.next().await,
            FileReader::Parquet(reader) => reader.next().await,
        }
    }
}

enum Decoder {
    Csv(csv::Decoder),
    Json(json::Decoder),
}

impl Decoder {
    fn next(&mut self, ended: bool) -> Result<Option<RecordBatch>> {
        match self {
            Decoder::Csv(decoder) => decoder.next(ended),
            Decoder::Json(decoder) => decoder.next(ended),
        }
    }

    fn room(&mut self) -> &mut Vec<u8> {
        match self {
            Decoder::Csv(decoder) => decoder.room(),
            Decoder::Json(decoder) => decoder.room(),
        }
    }
}

/// A text file while it is read.
struct Text {
    storage: Storage,
    path: String,
    size: u64,
    read: u64,
    packed: Bytes,
    packing: Packing,
    unpacker: Option<Unpacker>,
    decoder: Decoder,
    ended: bool,
}

impl Text {
    fn new(storage: &Storage, file: &LandedFile, packing: Packing, decoder: Decoder) -> Self {
        Self {
            storage: storage.clone(),
            path: file.path.clone(),
            size: file.size,
            read: 0,
            packed: Bytes::new(),
            packing,
            unpacker: None,
            decoder,
            ended: false,
        }
    }

    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(batch) = self.decoder.next(self.ended)? {
                return Ok(Some(batch));
            }
            if self.ended {
                return Ok(None);
            }
            self.fill().await?;
        }
    }

    /// Gives the decoder some more of the file.
    async fn fill(&mut self) -> Result<()> {
        if self.packed.is_empty() && self.read < self.size {
            let end = self.size.min(self.read + READ_BYTES);
            self.packed = self.storage.read_range(&self.path, self.read..end).await?;
            self.read = end;
        }
        let unpacker = match &mut self.unpacker {
            Some(unpacker) => unpacker,
            None => {
                let packing = if self.packing == Packing::Auto { detect(&self.packed) } else { self.packing };
                let made = Unpacker::new(packing)
                    .map_err(|e| Error::new(Code::OutOfMemory, format!("`{}` cannot be unpacked", self.path)).with_source(e))?;
                self.unpacker.insert(made)
            }
        };
        let room = self.decoder.room();
        let before = room.len();
        let used = unpacker.unpack(&self.packed, room, PIECE_BYTES).map_err(|damaged| unreadable(&self.path, damaged.0, HELP_FILE))?;
        let nothing = room.len() == before;
        self.packed = self.packed.slice(used..);
        if nothing && used == 0 {
            if !self.packed.is_empty() {
                return Err(unreadable(&self.path, "the packed data does not go on", HELP_FILE));
            }
            if self.read == self.size {
                if !unpacker.is_whole() {
                    return Err(unreadable(&self.path, "the packed data ends too early", HELP_FILE));
                }
                self.ended = true;
            }
        }
        Ok(())
    }
}
