//! Rows into data files.
//!
//! A [`Writer`] takes batches and leaves Parquet files that are in no snapshot: zstd, field ids, column metrics, cut at the table's target
//! size, one open file a partition with a bound on how many. Columns are encoded on as many cores as there are. Memory is one row group an
//! open file. [`write_position_deletes`] writes the other kind of file.

mod deletes;
mod metrics;
mod parquet_file;
mod partition;

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use iceberg::spec::Struct;

use crate::error::Result;

use super::change::WrittenFile;
use super::handle::Tables;
use super::litter::Litter;
use super::schema::conform;
use super::target::Target;

pub use deletes::{most_delete_bytes, write_position_deletes};
use parquet_file::{Layout, ParquetFile};
use partition::Partitioner;

const TARGET_FILE_BYTES: u64 = 128 * 1024 * 1024;

/// In what order the rows come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RowOrder {
    /// Any.
    #[default]
    Unknown,
    /// The table's sort order: files say so, and readers may rely on it.
    Table,
}

/// How files are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriterOptions {
    /// The size at which a file is closed and the next begun; `None`: the table's `write.target-file-size-bytes`, or 128 MiB.
    pub target_file_bytes: Option<u64>,
    /// How many files are open at once when the table is partitioned. One more closes the one that was used longest ago, so that rows that
    /// come in no order make more and smaller files, never more memory.
    pub max_open_files: usize,
    /// In what order the rows come.
    pub order: RowOrder,
}

impl Default for WriterOptions {
    fn default() -> Self {
        Self { target_file_bytes: None, max_open_files: 64, order: RowOrder::Unknown }
    }
}

/// How many files so many rows become at most. A file has a row; and where every column is of one width, rows of one partition that cannot fill a
/// file are in one.
pub fn most_files(target: &Target, options: &WriterOptions, rows: u64, one_partition: bool) -> u64 {
    match encoded(target, rows) {
        Some(bytes) if one_partition && bytes < target_bytes(target, options) => rows.min(1),
        _ => rows,
    }
}

/// How many bytes so many rows become at most, in so many files; `None` where a column's values have no width of their own.
pub fn most_bytes(target: &Target, rows: u64, files: u64) -> Option<u64> {
    // What a footer says of the file, of a column, and of a column in a row group, the encoded schema included.
    const FOOTER: u64 = 4096;
    const COLUMN: u64 = 2048;
    const NAMES: u64 = 16;
    let columns = target.schema().fields();
    let of_columns: u64 = columns.iter().map(|field| COLUMN + NAMES * field.name().len() as u64).sum();
    let encoded = encoded(target, rows)?;
    let groups =
        files.saturating_add(rows / parquet_file::ROW_GROUP_ROWS as u64).saturating_add(encoded / parquet_file::ROW_GROUP_BYTES as u64);
    Some(encoded.saturating_add(files.saturating_mul(FOOTER)).saturating_add(groups.saturating_add(files).saturating_mul(of_columns)))
}

/// The bytes of so many rows as they are encoded at most, without what describes them.
fn encoded(target: &Target, rows: u64) -> Option<u64> {
    // Values and levels, in a dictionary and once more where that grew too large.
    const GROWTH: u64 = 3;
    const LEVELS: u64 = 8;
    let width = |data_type: &DataType| match data_type {
        DataType::Boolean => Some(1),
        other => other.primitive_width().map(|width| width as u64),
    };
    let widths: Option<u64> = target.schema().fields().iter().map(|field| width(field.data_type()).map(|width| width + LEVELS)).sum();
    widths.map(|widths| rows.saturating_mul(widths * GROWTH))
}

fn target_bytes(target: &Target, options: &WriterOptions) -> u64 {
    let property = || target.metadata().properties().get("write.target-file-size-bytes").and_then(|v| v.parse().ok());
    options.target_file_bytes.or_else(property).unwrap_or(TARGET_FILE_BYTES)
}

/// Files of a table on their way. Dropped before [`close`](Self::close), it deletes what it wrote.
#[derive(Debug)]
pub struct Writer {
    tables: Tables,
    layout: Arc<Layout>,
    partitioner: Option<Partitioner>,
    open: HashMap<Option<Struct>, Open>,
    max_open_files: usize,
    tick: u64,
    done: Vec<WrittenFile>,
    litter: Litter,
    rows: u64,
}

#[derive(Debug)]
struct Open {
    file: ParquetFile,
    used: u64,
}

impl Writer {
    /// A writer of files for a target. Nothing is written until rows come.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for a table property of writing that cannot be read.
    pub fn open(tables: &Tables, target: &Target, options: &WriterOptions) -> Result<Self> {
        let metadata = target.metadata();
        let spec = metadata.default_partition_spec();
        let partitioner = match spec.is_unpartitioned() {
            true => None,
            false => Some(Partitioner::new(spec, metadata.current_schema())?),
        };
        let target_bytes = target_bytes(target, options);
        Ok(Self {
            tables: tables.clone(),
            layout: Arc::new(Layout::new(target, target_bytes, options.order)?),
            partitioner,
            open: HashMap::new(),
            max_open_files: options.max_open_files.max(1),
            tick: 0,
            done: Vec::new(),
            litter: Litter::new(tables.storage()),
            rows: 0,
        })
    }

    /// The columns of the files.
    pub fn schema(&self) -> &SchemaRef {
        &self.layout.schema
    }

    /// The rows taken so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Takes a batch: its columns are matched by name and cast as [`conform`] does.
    ///
    /// # Errors
    /// `CAST_FAILED`, `NOT_NULL_VIOLATED`, and storage codes. The writer is of no further use then.
    pub async fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let batch = conform(batch, &self.layout.schema)?;
        if batch.num_rows() == 0 {
            return Ok(());
        }
        self.rows += batch.num_rows() as u64;
        match &self.partitioner {
            None => self.write_to(None, batch).await,
            Some(partitioner) => {
                for (partition, part) in partitioner.split(&batch)? {
                    self.write_to(Some(partition), part).await?;
                }
                Ok(())
            }
        }
    }

    async fn write_to(&mut self, partition: Option<Struct>, batch: RecordBatch) -> Result<()> {
        self.tick += 1;
        if !self.open.contains_key(&partition) {
            if self.open.len() >= self.max_open_files {
                let oldest = self.open.iter().min_by_key(|(_, open)| open.used).map(|(partition, _)| partition.clone());
                if let Some(open) = oldest.and_then(|partition| self.open.remove(&partition)) {
                    self.done.extend(open.file.close().await?);
                }
            }
            let file = ParquetFile::new(&self.tables, &self.layout, partition.clone());
            self.open.insert(partition.clone(), Open { file, used: self.tick });
        }
        let crowded = self.open.len();
        let Some(open) = self.open.get_mut(&partition) else { return Ok(()) };
        open.used = self.tick;
        if let Some(done) = open.file.write(batch, crowded, &mut self.litter).await? {
            self.done.extend(done);
        }
        Ok(())
    }

    /// Finishes every file. From here on the caller answers for them: stage them, or [`Tables::discard`] them.
    ///
    /// # Errors
    /// Storage codes; everything written is deleted then.
    pub async fn close(mut self) -> Result<Vec<WrittenFile>> {
        let mut open: Vec<Open> = std::mem::take(&mut self.open).into_values().collect();
        open.sort_by_key(|open| open.used);
        for Open { file, .. } in open {
            match file.close().await {
                Ok(done) => self.done.extend(done),
                Err(error) => {
                    self.litter.clear().await;
                    return Err(error);
                }
            }
        }
        self.litter.keep();
        Ok(self.done)
    }

    /// Deletes everything written.
    pub async fn abort(mut self) {
        self.open.clear();
        self.litter.clear().await;
    }
}

impl Tables {
    /// Deletes files that were written and are in no snapshot. What cannot be deleted now is left to maintenance.
    pub async fn discard(&self, files: &[WrittenFile]) {
        let mut litter = Litter::new(self.storage());
        for file in files {
            litter.add(file.path());
        }
        litter.clear().await;
    }
}
