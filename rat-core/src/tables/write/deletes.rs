//! Position delete files: which rows of a data file are gone.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use bytes::Bytes;
use iceberg::spec::{DataContentType, DataFileBuilder, DataFileFormat, Datum};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::WriterProperties;

use roaring::RoaringTreemap;

use crate::error::{Code, Error, Result};

use super::super::change::WrittenFile;
use super::super::files::FileEntry;
use super::super::handle::Tables;
use super::super::litter::Litter;
use super::super::target::Target;

// Ids that the table format reserves for these two columns.
const FILE_PATH_ID: i32 = 2_147_483_546;
const POSITION_ID: i32 = 2_147_483_545;

const BATCH_ROWS: usize = 64 * 1024;

/// How many bytes a position delete file of a data file has at most, when so many rows are deleted.
pub fn most_delete_bytes(data: &str, rows: u64) -> u64 {
    // A difference has at most the width of a position, and a block of them a head; the path is in the dictionary and in the footer.
    const POSITION: u64 = 10;
    const FOOTER: u64 = 4096;
    const PATHS: u64 = 8;
    rows.saturating_mul(POSITION).saturating_add(FOOTER + PATHS * data.len() as u64)
}

/// Writes one position delete file for one data file: its rows at `positions`, from 0, are gone. The caller answers for the
/// file, as for those of [`Writer::close`](super::Writer::close).
///
/// # Errors
/// Storage codes.
pub async fn write_position_deletes(tables: &Tables, target: &Target, data: &FileEntry, positions: &RoaringTreemap) -> Result<WrittenFile> {
    let defect = |e| Error::new(Code::Internal, "a delete file could not be encoded").with_source(e);
    let field = |name: &str, data_type, id: i32| {
        Field::new(name, data_type, false).with_metadata(HashMap::from([("PARQUET:field_id".to_owned(), id.to_string())]))
    };
    let schema = Arc::new(Schema::new(vec![field("file_path", DataType::Utf8, FILE_PATH_ID), field("pos", DataType::Int64, POSITION_ID)]));
    let path = data.file.file_path();
    let (Some(first), Some(last)) = (positions.min(), positions.max()) else {
        return Err(Error::new(Code::Internal, "a delete file without rows"));
    };
    let (first, last) = (first.cast_signed(), last.cast_signed());
    let count = positions.len();
    // Ascending numbers are small as differences, and the one path is worth a dictionary.
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_column_dictionary_enabled("pos".into(), false)
        .set_column_encoding("pos".into(), Encoding::DELTA_BINARY_PACKED)
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), Arc::clone(&schema), Some(properties)).map_err(defect)?;
    let mut rest = positions.iter().map(u64::cast_signed).peekable();
    while rest.peek().is_some() {
        let rows: Vec<i64> = rest.by_ref().take(BATCH_ROWS).collect();
        let paths = StringArray::from_iter_values(std::iter::repeat_n(path, rows.len()));
        let columns: Vec<ArrayRef> = vec![Arc::new(paths), Arc::new(Int64Array::from(rows))];
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns)
            .map_err(|e| Error::new(Code::Internal, "a delete file could not be encoded").with_source(e))?;
        writer.write(&batch).map_err(defect)?;
    }
    let bytes = writer.into_inner().map_err(defect)?;

    let size = bytes.len() as u64;
    let place = format!("{}/data/{}-deletes.parquet", target.metadata().location(), tables.ids().next());
    let mut litter = Litter::new(tables.storage());
    litter.add(place.clone());
    if let Err(error) = tables.storage().write(&place, Bytes::from(bytes)).await {
        litter.clear().await;
        return Err(error);
    }
    litter.keep();
    let both = |path, position| HashMap::from([(FILE_PATH_ID, path), (POSITION_ID, position)]);
    let counts = HashMap::from([(FILE_PATH_ID, count), (POSITION_ID, count)]);
    let file = DataFileBuilder::default()
        .content(DataContentType::PositionDeletes)
        .file_path(place)
        .file_format(DataFileFormat::Parquet)
        .partition(data.file.partition().clone())
        .partition_spec_id(data.spec_id)
        .record_count(count)
        .file_size_in_bytes(size)
        .value_counts(counts)
        // The whole path, not its beginning: readers tell by it which data file the deletes are of.
        .lower_bounds(both(Datum::string(path), Datum::long(first)))
        .upper_bounds(both(Datum::string(path), Datum::long(last)))
        .referenced_data_file(Some(path.to_owned()))
        .build()
        .map_err(|e| Error::new(Code::Internal, "a delete file could not be described").with_source(e))?;
    Ok(WrittenFile { file, spec_id: data.spec_id })
}
