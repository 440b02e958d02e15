//! Landed Parquet files: their columns by name, in the types of the first file.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::async_reader::{AsyncFileReader, ParquetRecordBatchStream, ParquetRecordBatchStreamBuilder};
use parquet::arrow::{ProjectionMask, parquet_to_arrow_schema};
use parquet::errors::ParquetError;
use parquet::file::metadata::{FooterTail, ParquetMetaData, ParquetMetaDataReader};

use super::refusal::{Counts, HELP_FILE, unreadable};
use super::scan::AT_ONCE;
use super::{LandedFile, Sample};
use crate::error::{Error, Result};
use crate::storage::Storage;
use crate::types::sql_type;

const FOOTER: u64 = 8;
/// Read at the end of a file in one go: mostly the whole footer.
const TAIL: u64 = 64 << 10;

/// What the Parquet files of a call look like.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ParquetShape {
    pub schema: SchemaRef,
    /// A file without one of the columns has NULL there.
    pub missing_is_null: bool,
    pub binary_as_string: bool,
}

/// The bytes of a file's footer.
pub(super) async fn footer(storage: &Storage, path: &str, size: u64) -> Result<Bytes> {
    if size < FOOTER {
        return Err(not_parquet(path));
    }
    let tail = storage.read_range(path, size.saturating_sub(TAIL)..size).await?;
    let length = FOOTER + tail_length(&tail).ok_or_else(|| not_parquet(path))?;
    if length > size {
        return Err(not_parquet(path));
    }
    if length <= tail.len() as u64 {
        return Ok(tail.slice(tail.len() - usize::try_from(length).unwrap_or(tail.len())..));
    }
    storage.read_range(path, size - length..size).await
}

fn tail_length(tail: &Bytes) -> Option<u64> {
    let last: [u8; 8] = tail.get(tail.len().checked_sub(8)?..)?.try_into().ok()?;
    let tail = FooterTail::try_new(&last).ok()?;
    (!tail.is_encrypted_footer()).then(|| tail.metadata_length() as u64)
}

fn not_parquet(path: &str) -> Error {
    unreadable(path, "not a Parquet file, or not all of one", HELP_FILE)
}

fn metadata(path: &str, footer: &Bytes) -> Result<Arc<ParquetMetaData>> {
    let body = footer.len().checked_sub(8).ok_or_else(|| not_parquet(path))?;
    ParquetMetaDataReader::decode_metadata(&footer[..body])
        .map(Arc::new)
        .map_err(|e| unreadable(path, format!("the footer is damaged: {e}"), HELP_FILE))
}

/// The rows of all files, as their footers tell.
pub(super) async fn rows(storage: &Storage, files: &[LandedFile]) -> Result<u64> {
    let of_file = async |file: LandedFile| {
        let footer = footer(storage, &file.path, file.size).await?;
        let rows = metadata(&file.path, &footer)?.file_metadata().num_rows();
        Ok(u64::try_from(rows).unwrap_or_default())
    };
    let rows = futures::stream::iter(files.to_vec()).map(of_file).buffer_unordered(AT_ONCE);
    rows.try_fold(0, async |sum: u64, rows| Ok(sum.saturating_add(rows))).await
}

/// Finds out what the files look like, from their footers. `None`: there is none. The error is about the files, not the call.
pub(super) fn sniff(union: bool, binary_as_string: bool, samples: &[Sample]) -> Result<Option<ParquetShape>> {
    let mut columns: Vec<Field> = Vec::new();
    for (i, sample) in samples.iter().enumerate() {
        if i > 0 && !union {
            break;
        }
        let metadata = metadata(&sample.path, &sample.bytes)?;
        let file = metadata.file_metadata();
        let schema = parquet_to_arrow_schema(file.schema_descr(), file.key_value_metadata())
            .map_err(|e| unreadable(&sample.path, format!("the columns have types that cannot be read: {e}"), HELP_FILE))?;
        for field in schema.fields() {
            let plain = plain(field.data_type(), binary_as_string);
            match columns.iter_mut().find(|known| known.name().eq_ignore_ascii_case(field.name())) {
                None => columns.push(Field::new(field.name(), plain, true)),
                Some(known) if *known.data_type() == plain => {}
                Some(known) => match wider(known.data_type(), &plain) {
                    Some(wider) => known.set_data_type(wider),
                    None => return Err(unlike(&sample.path, field.name(), &plain, known.data_type())),
                },
            }
        }
    }
    let schema = Arc::new(Schema::new(columns));
    Ok((!schema.fields().is_empty()).then_some(ParquetShape { schema, missing_is_null: union, binary_as_string }))
}

fn unlike(path: &str, column: &str, found: &DataType, expected: &DataType) -> Error {
    let what = format!("column `{column}` is {}, and {} in other files of the zone", sql_type(found), sql_type(expected));
    unreadable(path, what, "write the files with the same types")
}

/// The type in which a column is read: one text type, no dictionaries, times in microseconds where that loses nothing.
fn plain(data_type: &DataType, binary_as_string: bool) -> DataType {
    let field = |field: &Field| Arc::new(Field::new(field.name(), plain(field.data_type(), binary_as_string), field.is_nullable()));
    match data_type {
        DataType::Dictionary(_, value) => plain(value, binary_as_string),
        DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::LargeBinary | DataType::BinaryView | DataType::Binary => {
            if binary_as_string {
                DataType::Utf8
            } else {
                DataType::Binary
            }
        }
        DataType::Timestamp(TimeUnit::Second | TimeUnit::Millisecond, zone) => DataType::Timestamp(TimeUnit::Microsecond, zone.clone()),
        DataType::Time32(_) => DataType::Time64(TimeUnit::Microsecond),
        DataType::List(item) | DataType::LargeList(item) | DataType::ListView(item) => DataType::List(field(item)),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(|f| field(f)).collect::<Fields>()),
        DataType::Map(entries, sorted) => DataType::Map(field(entries), *sorted),
        other => other.clone(),
    }
}

/// A type that holds every value of both.
fn wider(one: &DataType, other: &DataType) -> Option<DataType> {
    const WHOLE: [DataType; 4] = [DataType::Int8, DataType::Int16, DataType::Int32, DataType::Int64];
    let rank = |t: &DataType| WHOLE.iter().position(|known| known == t);
    match (rank(one), rank(other)) {
        (Some(a), Some(b)) => return WHOLE.get(a.max(b)).cloned(),
        // Up to 32 bits a double holds every whole number.
        (Some(0..=2), None) if matches!(other, DataType::Float32 | DataType::Float64) => return Some(DataType::Float64),
        (None, Some(0..=2)) if matches!(one, DataType::Float32 | DataType::Float64) => return Some(DataType::Float64),
        _ => {}
    }
    match (one, other) {
        (DataType::Float32, DataType::Float64) | (DataType::Float64, DataType::Float32) => Some(DataType::Float64),
        (DataType::Null, known) | (known, DataType::Null) => Some(known.clone()),
        (DataType::Decimal128(p, s), DataType::Decimal128(q, t)) => {
            let (whole, scale) = ((*p as i8 - s).max(*q as i8 - t), *s.max(t));
            let precision = u8::try_from(whole + scale).ok().filter(|p| *p <= 38)?;
            Some(DataType::Decimal128(precision, scale))
        }
        _ => None,
    }
}

/// Reads one file.
pub(super) struct Reader {
    stream: ParquetRecordBatchStream<Ranges>,
    path: Arc<str>,
    /// For each wanted column its name in the file, if the file has it.
    names: Vec<Option<String>>,
    schema: SchemaRef,
    counts: Arc<Counts>,
}

impl Reader {
    /// `wanted` are columns of the shape, and `schema` theirs.
    pub async fn open(
        storage: &Storage,
        file: &LandedFile,
        shape: &ParquetShape,
        wanted: &[usize],
        schema: SchemaRef,
        batch_rows: usize,
        counts: &Arc<Counts>,
    ) -> Result<Self> {
        let footer = footer(storage, &file.path, file.size).await?;
        let metadata = metadata(&file.path, &footer)?;
        let damaged = |e: ParquetError| unreadable(&file.path, format!("the file is damaged: {e}"), HELP_FILE);
        let metadata = ArrowReaderMetadata::try_new(metadata, ArrowReaderOptions::new()).map_err(damaged)?;
        let found = Arc::clone(metadata.schema());
        let mut names = Vec::with_capacity(wanted.len());
        let mut roots = Vec::with_capacity(wanted.len());
        for i in wanted {
            let column = shape.schema.field(*i);
            let place = found.fields().iter().position(|f| f.name().eq_ignore_ascii_case(column.name()));
            match place {
                Some(place) => {
                    let plain = plain(found.field(place).data_type(), shape.binary_as_string);
                    if plain != *column.data_type() && wider(&plain, column.data_type()).as_ref() != Some(column.data_type()) {
                        return Err(unlike(&file.path, column.name(), &plain, column.data_type()));
                    }
                    roots.push(place);
                }
                None if shape.missing_is_null => {}
                None => {
                    let what = format!("the file has no column `{}`, which other files of the zone have", column.name());
                    return Err(unreadable(&file.path, what, "set `union_by_name = true`"));
                }
            }
            names.push(place.map(|place| found.field(place).name().clone()));
        }
        let mask = ProjectionMask::roots(metadata.metadata().file_metadata().schema_descr(), roots);
        let ranges = Ranges { storage: storage.clone(), path: file.path.clone(), metadata: Arc::clone(metadata.metadata()) };
        let stream = ParquetRecordBatchStreamBuilder::new_with_metadata(ranges, metadata)
            .with_projection(mask)
            .with_batch_size(batch_rows)
            .build()
            .map_err(damaged)?;
        Ok(Self { stream, path: Arc::from(file.path.as_str()), names, schema, counts: Arc::clone(counts) })
    }

    /// The next batch.
    pub async fn next(&mut self) -> Result<Option<RecordBatch>> {
        let Some(batch) = self.stream.next().await else { return Ok(None) };
        let batch = batch.map_err(|e| self.failure(e))?;
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.names.len());
        for (name, field) in self.names.iter().zip(self.schema.fields()) {
            columns.push(match name.as_ref().and_then(|name| batch.column_by_name(name)) {
                None => new_null_array(field.data_type(), batch.num_rows()),
                Some(array) => self.convert(array, field)?,
            });
        }
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)
            .map_err(|e| unreadable(&self.path, format!("the columns are not what the footer says: {e}"), HELP_FILE))?;
        self.counts.add_rows(batch.num_rows());
        Ok(Some(batch))
    }

    fn convert(&self, array: &ArrayRef, field: &Field) -> Result<ArrayRef> {
        if array.data_type() == field.data_type() {
            return Ok(Arc::clone(array));
        }
        if *field.data_type() == DataType::Utf8 && *array.data_type() == DataType::Binary {
            let bytes = array.as_binary::<i32>();
            if let Some(row) = bytes.iter().position(|value| value.is_some_and(|v| std::str::from_utf8(v).is_err())) {
                let what = format!("column `{}` has a value that is not UTF-8, in row {} of a batch", field.name(), row + 1);
                return Err(unreadable(&self.path, what, "leave out `binary_as_string`"));
            }
        }
        cast_with_options(array, field.data_type(), &CastOptions { safe: false, ..CastOptions::default() }).map_err(|e| {
            unreadable(
                &self.path,
                format!("column `{}` does not fit {}: {e}", field.name(), sql_type(field.data_type())),
                "write the files with the same types",
            )
        })
    }

    fn failure(&self, error: ParquetError) -> Error {
        // What the storage said goes up as it is; the rest is the file's fault.
        if let ParquetError::External(source) = error {
            return match source.downcast::<Error>() {
                Ok(error) => *error,
                Err(source) => unreadable(&self.path, format!("the file is damaged: {source}"), HELP_FILE),
            };
        }
        unreadable(&self.path, format!("the file is damaged: {error}"), HELP_FILE)
    }
}

/// The ranges of a file, as Parquet's reader asks for them.
struct Ranges {
    storage: Storage,
    path: String,
    metadata: Arc<ParquetMetaData>,
}

impl AsyncFileReader for Ranges {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, parquet::errors::Result<Bytes>> {
        async move { self.storage.read_range(&self.path, range).await.map_err(|e| ParquetError::External(Box::new(e))) }.boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, parquet::errors::Result<Vec<Bytes>>> {
        let (storage, path) = (&self.storage, &self.path);
        async move {
            futures::stream::iter(ranges)
                .map(|range| storage.read_range(path, range))
                .buffered(8)
                .try_collect()
                .await
                .map_err(|e: Error| ParquetError::External(Box::new(e)))
        }
        .boxed()
    }

    fn get_metadata<'a>(&'a mut self, _: Option<&'a ArrowReaderOptions>) -> BoxFuture<'a, parquet::errors::Result<Arc<ParquetMetaData>>> {
        let metadata = Arc::clone(&self.metadata);
        async move { Ok(metadata) }.boxed()
    }
}
