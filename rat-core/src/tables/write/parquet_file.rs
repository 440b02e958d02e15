//! One Parquet file after another, each cut at the target size, its columns encoded side by side.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use iceberg::spec::{
    DataContentType, DataFileBuilder, DataFileFormat, PartitionSpec, PartitionSpecRef, PrimitiveLiteral, Schema,
    SchemaRef as IcebergSchemaRef, Struct, Transform,
};
use parking_lot::Mutex;
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::add_encoded_arrow_schema_to_metadata;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, ArrowLeafColumn, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::properties::{WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::TypePtr;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::error::{Code, Error, Result};
use crate::storage::{Storage, StorageWriter};

use super::super::change::WrittenFile;
use super::super::handle::Tables;
use super::super::litter::Litter;
use super::super::target::Target;
use super::RowOrder;
use super::metrics::{Detail, Metrics};

/// Small enough that a table of a million rows is read by more than one core, large enough for dictionaries to pay.
pub(super) const ROW_GROUP_ROWS: usize = 256 * 1024;
/// What a row group may take in memory before it is written, whatever its rows.
pub(super) const ROW_GROUP_BYTES: usize = 64 * 1024 * 1024;
/// Batches on their way to an encoder.
const QUEUE: usize = 2;

/// What all files of one writer share.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) schema: SchemaRef,
    iceberg: IcebergSchemaRef,
    spec: PartitionSpecRef,
    sort_order_id: Option<i32>,
    folder: String,
    target_bytes: u64,
    properties: WriterPropertiesPtr,
    parquet: TypePtr,
    detail: Detail,
    cores: usize,
}

impl Layout {
    pub(super) fn new(target: &Target, target_bytes: u64, order: RowOrder) -> Result<Self> {
        let metadata = target.metadata();
        let schema = Arc::clone(target.schema());
        let mut properties = WriterProperties::builder()
            .set_compression(compression(metadata.properties())?)
            .set_created_by(format!("rat {}", env!("CARGO_PKG_VERSION")))
            .build();
        add_encoded_arrow_schema_to_metadata(&schema, &mut properties);
        let parquet = ArrowSchemaConverter::new().convert(&schema).map_err(encoding)?.root_schema_ptr();
        let sort_order = metadata.default_sort_order();
        let sorted = order == RowOrder::Table && !sort_order.is_unsorted();
        Ok(Self {
            iceberg: metadata.current_schema().clone(),
            spec: metadata.default_partition_spec().clone(),
            sort_order_id: sorted.then(|| i32::try_from(sort_order.order_id).unwrap_or_default()),
            folder: format!("{}/data", metadata.location()),
            target_bytes,
            properties: Arc::new(properties),
            parquet,
            detail: Detail::of(metadata),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            schema,
        })
    }
}

fn compression(properties: &std::collections::HashMap<String, String>) -> Result<Compression> {
    let unusable = |value: &str| {
        Error::new(Code::InvalidArgument, format!("the table property `write.parquet.compression-codec` is `{value}`"))
            .with_help("set it to zstd, snappy, gzip, lz4 or uncompressed")
    };
    let level = properties.get("write.parquet.compression-level").and_then(|level| level.parse().ok());
    match properties.get("write.parquet.compression-codec").map_or("zstd", String::as_str) {
        "zstd" => Ok(Compression::ZSTD(level.and_then(|level| ZstdLevel::try_new(level).ok()).unwrap_or_default())),
        "snappy" => Ok(Compression::SNAPPY),
        "gzip" => Ok(Compression::GZIP(Default::default())),
        "lz4" => Ok(Compression::LZ4_RAW),
        "uncompressed" | "none" => Ok(Compression::UNCOMPRESSED),
        other => Err(unusable(other)),
    }
}

fn encoding(error: ParquetError) -> Error {
    Error::new(Code::Internal, "rows could not be encoded as Parquet").with_source(error)
}

/// The files of one partition, one open at a time.
#[derive(Debug)]
pub(super) struct ParquetFile {
    tables: Tables,
    layout: Arc<Layout>,
    partition: Option<Struct>,
    current: Option<Current>,
}

#[derive(Debug)]
struct Current {
    path: String,
    sink: Sink,
    out: StorageWriter,
    file: SerializedFileWriter<Sink>,
    factory: ArrowRowGroupWriterFactory,
    groups: usize,
    group: Option<Group>,
    metrics: Metrics,
    rows: u64,
}

// Where the Parquet writer puts bytes; they are taken from here to storage after each row group.
#[derive(Debug, Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl ParquetFile {
    pub(super) fn new(tables: &Tables, layout: &Arc<Layout>, partition: Option<Struct>) -> Self {
        Self { tables: tables.clone(), layout: Arc::clone(layout), partition, current: None }
    }

    /// Takes rows; returns the files that they filled. `open_files` share the cores.
    pub(super) async fn write(
        &mut self,
        mut batch: RecordBatch,
        open_files: usize,
        litter: &mut Litter,
    ) -> Result<Option<Vec<WrittenFile>>> {
        let mut done = Vec::new();
        while batch.num_rows() > 0 {
            let current = match &mut self.current {
                Some(current) => current,
                none => {
                    let current = Current::start(&self.tables, &self.layout, self.partition.as_ref())?;
                    litter.add(current.path.clone());
                    none.insert(current)
                }
            };
            let room = ROW_GROUP_ROWS - current.rows_in_group();
            let now = batch.slice(0, room.min(batch.num_rows()));
            batch = batch.slice(now.num_rows(), batch.num_rows() - now.num_rows());
            current.take(&self.layout, &now, open_files).await?;
            let held = current.group.as_ref().map_or(0, |group| group.bytes.load(Ordering::Relaxed));
            let full = current.out.written() + held as u64 >= self.layout.target_bytes;
            if full || held >= ROW_GROUP_BYTES || current.rows_in_group() >= ROW_GROUP_ROWS {
                current.finish_group().await?;
            }
            if current.out.written() >= self.layout.target_bytes
                && let Some(current) = self.current.take()
            {
                done.push(current.close(&self.layout, self.partition.clone()).await?);
            }
        }
        Ok((!done.is_empty()).then_some(done))
    }

    pub(super) async fn close(self) -> Result<Option<WrittenFile>> {
        match self.current {
            Some(current) => Ok(Some(current.close(&self.layout, self.partition).await?)),
            None => Ok(None),
        }
    }
}

impl Current {
    fn start(tables: &Tables, layout: &Layout, partition: Option<&Struct>) -> Result<Self> {
        let storage: &Storage = tables.storage();
        let folder = match partition {
            Some(partition) => {
                format!("{}/{}", layout.folder, folder_of(&layout.spec, &layout.iceberg, partition))
            }
            None => layout.folder.clone(),
        };
        let path = format!("{folder}/{}.parquet", tables.ids().next());
        let sink = Sink::default();
        let file =
            SerializedFileWriter::new(sink.clone(), Arc::clone(&layout.parquet), Arc::clone(&layout.properties)).map_err(encoding)?;
        let factory = ArrowRowGroupWriterFactory::new(&file, Arc::clone(&layout.schema));
        Ok(Self { out: storage.writer(&path)?, path, sink, file, factory, groups: 0, group: None, metrics: Metrics::default(), rows: 0 })
    }

    fn rows_in_group(&self) -> usize {
        self.group.as_ref().map_or(0, |group| group.rows)
    }

    async fn take(&mut self, layout: &Layout, batch: &RecordBatch, open_files: usize) -> Result<()> {
        self.metrics.count_nans(batch);
        self.rows += batch.num_rows() as u64;
        let group = match &mut self.group {
            Some(group) => group,
            none => {
                let columns = self.factory.create_column_writers(self.groups).map_err(encoding)?;
                self.groups += 1;
                none.insert(Group::start(columns, (layout.cores * 4 / open_files).max(1)))
            }
        };
        group.take(layout, batch).await
    }

    async fn finish_group(&mut self) -> Result<()> {
        let Some(group) = self.group.take() else { return Ok(()) };
        let chunks = group.finish().await?;
        let mut row_group = self.file.next_row_group().map_err(encoding)?;
        for chunk in chunks {
            chunk.append_to_row_group(&mut row_group).map_err(encoding)?;
        }
        row_group.close().map_err(encoding)?;
        self.drain().await
    }

    async fn drain(&mut self) -> Result<()> {
        let bytes = std::mem::take(&mut *self.sink.0.lock());
        self.out.write(Bytes::from(bytes)).await
    }

    async fn close(mut self, layout: &Layout, partition: Option<Struct>) -> Result<WrittenFile> {
        self.finish_group().await?;
        let metadata = self.file.finish().map_err(encoding)?;
        self.drain().await?;
        let size = self.out.close().await?;
        let mut builder = DataFileBuilder::default();
        builder
            .content(DataContentType::Data)
            .file_path(self.path)
            .file_format(DataFileFormat::Parquet)
            .partition(partition.unwrap_or_else(Struct::empty))
            .partition_spec_id(layout.spec.spec_id())
            .record_count(self.rows)
            .file_size_in_bytes(size)
            .split_offsets(Some(split_offsets(&metadata)));
        if let Some(id) = layout.sort_order_id {
            builder.sort_order_id(id);
        }
        self.metrics.describe(&metadata, &layout.iceberg, &layout.detail, &mut builder);
        let file = builder.build().map_err(|e| Error::new(Code::Internal, "a data file could not be described").with_source(e))?;
        Ok(WrittenFile { file, spec_id: layout.spec.spec_id() })
    }
}

fn split_offsets(metadata: &ParquetMetaData) -> Vec<i64> {
    let start = |group: &parquet::file::metadata::RowGroupMetaData| group.columns().first().map(|column| column.byte_range().0);
    metadata.row_groups().iter().filter_map(start).filter_map(|offset| i64::try_from(offset).ok()).collect()
}

// A partition's folder is for people: its value is in the manifest. What is not plain in a path is left out.
fn folder_of(spec: &PartitionSpec, schema: &Schema, partition: &Struct) -> String {
    let parts = spec.fields().iter().zip(partition.iter()).map(|(field, value)| {
        let value = match (field.transform, value.and_then(|value| value.as_primitive_literal())) {
            (Transform::Year, Some(PrimitiveLiteral::Int(year))) => format!("{:04}", 1970 + year),
            (Transform::Month, Some(PrimitiveLiteral::Int(month))) => {
                format!("{:04}-{:02}", 1970 + month.div_euclid(12), month.rem_euclid(12) + 1)
            }
            (Transform::Hour, Some(PrimitiveLiteral::Int(hour))) => {
                let time = chrono::DateTime::from_timestamp(i64::from(hour) * 3600, 0).unwrap_or_default();
                time.format("%Y-%m-%d-%H").to_string()
            }
            (transform, _) => match schema.field_by_id(field.source_id).map(|source| transform.result_type(&source.field_type)) {
                Some(Ok(result)) => transform.to_human_string(&result, value),
                _ => String::new(),
            },
        };
        format!("{}={}", field.name, value.replace('/', "_"))
    });
    let path = parts.collect::<Vec<_>>().join("/");
    path.chars().map(|c| if c.is_ascii_alphanumeric() || "=/._-".contains(c) { c } else { '_' }).collect()
}

/// A row group on its way: its leaf columns, dealt out to encoders that run side by side.
#[derive(Debug)]
struct Group {
    encoders: Vec<Encoder>,
    leaves: usize,
    rows: usize,
    bytes: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct Encoder {
    queue: mpsc::Sender<Vec<ArrowLeafColumn>>,
    task: JoinHandle<Result<Vec<ArrowColumnChunk>, ParquetError>>,
}

impl Drop for Encoder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Group {
    fn start(columns: Vec<ArrowColumnWriter>, encoders: usize) -> Self {
        let bytes = Arc::new(AtomicUsize::new(0));
        let leaves = columns.len();
        let encoders = encoders.clamp(1, leaves.max(1));
        let mut hands: Vec<Vec<ArrowColumnWriter>> = (0..encoders).map(|_| Vec::new()).collect();
        for (at, column) in columns.into_iter().enumerate() {
            hands[at % encoders].push(column);
        }
        let encoders = hands.into_iter().map(|hand| Encoder::start(hand, Arc::clone(&bytes))).collect();
        Self { encoders, leaves, rows: 0, bytes }
    }

    async fn take(&mut self, layout: &Layout, batch: &RecordBatch) -> Result<()> {
        let mut hands: Vec<Vec<ArrowLeafColumn>> = self.encoders.iter().map(|_| Vec::new()).collect();
        let mut at = 0;
        for (field, column) in layout.schema.fields().iter().zip(batch.columns()) {
            for leaf in compute_leaves(field, column).map_err(encoding)? {
                let hand = at % hands.len();
                hands[hand].push(leaf);
                at += 1;
            }
        }
        self.rows += batch.num_rows();
        let mut broken = None;
        for (at, hand) in hands.into_iter().enumerate() {
            if self.encoders[at].queue.send(hand).await.is_err() {
                broken = Some(at);
            }
        }
        match broken {
            Some(at) => Err(self
                .encoders
                .swap_remove(at)
                .finish()
                .await
                .err()
                .unwrap_or_else(|| Error::new(Code::Internal, "an encoder ended early"))),
            None => Ok(()),
        }
    }

    async fn finish(self) -> Result<Vec<ArrowColumnChunk>> {
        let count = self.encoders.len();
        let mut dealt: Vec<std::vec::IntoIter<ArrowColumnChunk>> = Vec::with_capacity(count);
        for encoder in self.encoders {
            dealt.push(encoder.finish().await?.into_iter());
        }
        Ok((0..self.leaves).filter_map(|at| dealt[at % count].next()).collect())
    }
}

impl Encoder {
    fn start(mut columns: Vec<ArrowColumnWriter>, bytes: Arc<AtomicUsize>) -> Self {
        let (queue, mut leaves) = mpsc::channel::<Vec<ArrowLeafColumn>>(QUEUE);
        let task = tokio::spawn(async move {
            let mut held = 0;
            while let Some(hand) = leaves.recv().await {
                for (column, leaf) in columns.iter_mut().zip(&hand) {
                    column.write(leaf)?;
                }
                let now: usize = columns.iter().map(ArrowColumnWriter::get_estimated_total_bytes).sum();
                bytes.fetch_add(now.saturating_sub(held), Ordering::Relaxed);
                held = held.max(now);
            }
            columns.into_iter().map(ArrowColumnWriter::close).collect()
        });
        Self { queue, task }
    }

    async fn finish(mut self) -> Result<Vec<ArrowColumnChunk>> {
        // Closing the queue is what tells the encoder that the row group is complete.
        let (closed, _) = mpsc::channel(1);
        drop(std::mem::replace(&mut self.queue, closed));
        let chunks = (&mut self.task).await;
        chunks.map_err(|e| Error::new(Code::Internal, "an encoder did not end").with_source(e))?.map_err(encoding)
    }
}
