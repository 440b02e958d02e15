//! Which delete files apply to which data files, and what position deletes say.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Int64Type};
use futures::{StreamExt, TryStreamExt, stream};
use iceberg::metadata_columns::{RESERVED_FIELD_ID_DELETE_FILE_PATH, RESERVED_FIELD_ID_DELETE_FILE_POS};
use iceberg::spec::{DataContentType, DataFile, Datum, PrimitiveLiteral, Struct, TableMetadata};
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use roaring::RoaringTreemap;

use crate::error::Result;

use super::super::files::{FileEntry, Files, corrupt, vector_range};
use super::super::promoted::partition_of;
use super::{ScanFile, vector};

/// The delete files of a snapshot, by what they can apply to.
#[derive(Default)]
pub(super) struct Deletes {
    by_path: HashMap<String, Vec<Arc<FileEntry>>>,
    by_partition: HashMap<(i32, Struct), Vec<Arc<FileEntry>>>,
    everywhere: Vec<Arc<FileEntry>>,
}

impl Deletes {
    pub fn new(entries: impl IntoIterator<Item = FileEntry>, metadata: &TableMetadata) -> Self {
        let mut deletes = Self::default();
        for entry in entries {
            let entry = Arc::new(entry);
            let file = &entry.file;
            if file.content_type() == DataContentType::PositionDeletes
                && let Some(path) = only_file(&entry)
            {
                deletes.by_path.entry(path).or_default().push(entry);
                continue;
            }
            let spec = metadata.partition_spec_by_id(entry.spec_id);
            if file.content_type() == DataContentType::EqualityDeletes && spec.is_none_or(|spec| spec.is_unpartitioned()) {
                deletes.everywhere.push(entry);
            } else {
                deletes.by_partition.entry(partition_of(&entry)).or_default().push(entry);
            }
        }
        deletes
    }

    /// The delete files that apply to a data file, position deletes first.
    pub fn of(&self, data: &FileEntry) -> (Vec<Arc<FileEntry>>, Vec<Arc<FileEntry>>) {
        let nothing_scoped = self.by_partition.is_empty();
        let scoped = if nothing_scoped { None } else { self.by_partition.get(&partition_of(data)) };
        let candidates =
            self.by_path.get(data.file.file_path()).into_iter().flatten().chain(scoped.into_iter().flatten()).chain(&self.everywhere);
        let applying = candidates.filter(|delete| match delete.file.content_type() {
            DataContentType::EqualityDeletes => data.sequence_number < delete.sequence_number,
            _ => data.sequence_number <= delete.sequence_number && may_name(delete, data.file.file_path()),
        });
        applying.cloned().partition(|delete| delete.file.content_type() == DataContentType::PositionDeletes)
    }
}

// The one data file that a position delete file is about, by what it says or by its bounds.
fn only_file(delete: &FileEntry) -> Option<String> {
    if let Some(path) = delete.file.referenced_data_file() {
        return Some(path);
    }
    match (path_bound(delete.file.lower_bounds()), path_bound(delete.file.upper_bounds())) {
        (Some(lower), Some(upper)) if lower == upper => Some(lower.to_owned()),
        _ => None,
    }
}

fn path_bound(bounds: &HashMap<i32, Datum>) -> Option<&str> {
    match bounds.get(&RESERVED_FIELD_ID_DELETE_FILE_PATH)?.literal() {
        PrimitiveLiteral::String(path) => Some(path),
        _ => None,
    }
}

fn may_name(delete: &FileEntry, path: &str) -> bool {
    path_bound(delete.file.lower_bounds()).is_none_or(|lower| lower <= path)
        && path_bound(delete.file.upper_bounds()).is_none_or(|upper| path <= upper)
}

/// The deleted positions of each data file that a delete file names.
pub(in crate::tables) type Positions = HashMap<String, RoaringTreemap>;

const DELETE_FILES_AT_ONCE: usize = 8;

/// The deleted positions of each data file, given the position delete files that apply to it. Each delete file is read once.
///
/// # Errors
/// `CORRUPT_TABLE` for a delete file that is missing, damaged or not of the form the format asks for.
pub(super) async fn positions(files: &Arc<Files>, wanted: &[ScanFile]) -> Result<Vec<Option<RoaringTreemap>>> {
    let deletes: BTreeMap<Cow<'_, str>, &DataFile> =
        wanted.iter().flat_map(ScanFile::position_deletes).map(|file| (key(file), file)).collect();
    let loads: Vec<_> = deletes.into_iter().map(|(key, file)| load(Arc::clone(files), key.into_owned(), Read::of(file))).collect();
    let loaded: HashMap<String, Arc<Positions>> = stream::iter(loads).buffer_unordered(DELETE_FILES_AT_ONCE).try_collect().await?;
    let union = |file: &ScanFile| {
        let mut union: Option<RoaringTreemap> = None;
        for delete in file.position_deletes() {
            if let Some(positions) = loaded.get(key(delete).as_ref()).and_then(|positions| positions.get(file.path())) {
                *union.get_or_insert_default() |= positions;
            }
        }
        union
    };
    Ok(wanted.iter().map(union).collect())
}

/// What tells one read from others: a Puffin file has the deletion vectors of many data files.
fn key(delete: &DataFile) -> Cow<'_, str> {
    match vector_range(delete) {
        Some(range) => Cow::Owned(format!("{}#{}", delete.file_path(), range.start)),
        None => Cow::Borrowed(delete.file_path()),
    }
}

/// What of a delete file is read.
struct Read {
    path: String,
    vector: Option<Vector>,
}

struct Vector {
    range: Range<u64>,
    data_file: String,
    rows: u64,
}

impl Read {
    fn of(delete: &DataFile) -> Self {
        let vector = vector_range(delete).zip(delete.referenced_data_file());
        let vector = vector.map(|(range, data_file)| Vector { range, data_file, rows: delete.record_count() });
        Self { path: delete.file_path().to_owned(), vector }
    }
}

async fn load(files: Arc<Files>, key: String, read: Read) -> Result<(String, Arc<Positions>)> {
    if let Some(positions) = files.positions.get(&key) {
        return Ok((key, positions));
    }
    let path = &read.path;
    let positions = match read.vector {
        None => {
            let bytes = files.read(path, "delete file").await?;
            parse(bytes).map_err(|cause| corrupt(path, "the delete file cannot be read").with_source(cause))?
        }
        Some(Vector { range, data_file, rows }) => {
            let blob = files.read_range(path, range, "file of deletion vectors").await?;
            let positions = vector::parse(&blob, rows);
            let positions = positions.map_err(|cause| {
                let message = format!("the deletion vector of `{data_file}` cannot be read: {cause}");
                corrupt(path, message).with_source(cause)
            });
            HashMap::from([(data_file.clone(), positions?)])
        }
    };
    let size = positions.iter().map(|(path, positions)| path.len() + positions.serialized_size()).sum();
    let positions = Arc::new(positions);
    files.positions.put(&key, &positions, size);
    Ok((key, positions))
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

fn parse(bytes: bytes::Bytes) -> std::result::Result<Positions, Cause> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes)?;
    let schema = Arc::clone(reader.schema());
    let column = |id: i32, name: &str| {
        let with_id = |field: &Arc<arrow::datatypes::Field>| {
            field.metadata().get(PARQUET_FIELD_ID_META_KEY).is_some_and(|found| *found == id.to_string())
        };
        let index = schema.fields().iter().position(with_id).or_else(|| schema.index_of(name).ok());
        index.ok_or_else(|| format!("it has no column `{name}`"))
    };
    let path_column = column(RESERVED_FIELD_ID_DELETE_FILE_PATH, "file_path")?;
    let position_column = column(RESERVED_FIELD_ID_DELETE_FILE_POS, "pos")?;
    let mut found = Positions::new();
    for batch in reader.build()? {
        let batch = batch?;
        let paths = arrow::compute::cast(batch.column(path_column), &DataType::Utf8)?;
        let paths = paths.as_string::<i32>();
        let positions = batch.column(position_column).as_primitive_opt::<Int64Type>().ok_or("its column `pos` is not a long")?;
        if paths.null_count() + positions.null_count() > 0 {
            return Err("it has NULL for a path or a position".into());
        }
        // Rows are sorted by path: the map is asked once a run, not once a row.
        let mut row = 0;
        while row < batch.num_rows() {
            let path = paths.value(row);
            let end = (row..batch.num_rows()).find(|next| paths.value(*next) != path).unwrap_or(batch.num_rows());
            let of_path = found.entry(path.to_owned()).or_default();
            for position in &positions.values()[row..end] {
                of_path.insert(u64::try_from(*position).map_err(|_| "it has a negative position")?);
            }
            row = end;
        }
    }
    Ok(found)
}
