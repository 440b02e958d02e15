//! Partition values of a column that has become wider since: manifests keep them as they were, and what is compared or written must be of one
//! type.

use std::borrow::Cow;

use iceberg::spec::{DataFile, DataFileBuilder, Literal, PrimitiveLiteral, PrimitiveType, Struct, StructType};

use super::files::FileEntry;
use crate::error::{Code, Error, Result};

/// What tells a file's partition from every other of the table, whenever the file was written.
pub(super) fn partition_of(entry: &FileEntry) -> (i32, Struct) {
    (entry.spec_id, widened(entry.file.partition(), |_, value| widest(value)))
}

/// The file with its partition values in these types, which are those of its spec now.
pub(super) fn fitting<'a>(file: &'a DataFile, spec_id: i32, types: &StructType) -> Result<Cow<'a, DataFile>> {
    let partition = widened(file.partition(), |place, value| {
        let wide = matches!(
            types.fields().get(place).and_then(|field| field.field_type.as_primitive_type()),
            Some(PrimitiveType::Long | PrimitiveType::Double)
        );
        if wide { widest(value) } else { None }
    });
    if partition == *file.partition() {
        return Ok(Cow::Borrowed(file));
    }
    described(file, spec_id).partition(partition).build().map(Cow::Owned).map_err(undescribed)
}

/// All that a manifest says of a file, to be said again.
pub(super) fn described(file: &DataFile, spec_id: i32) -> DataFileBuilder {
    let mut builder = DataFileBuilder::default();
    builder
        .content(file.content_type())
        .file_path(file.file_path().to_owned())
        .file_format(file.file_format())
        .partition(file.partition().clone())
        .partition_spec_id(spec_id)
        .record_count(file.record_count())
        .file_size_in_bytes(file.file_size_in_bytes())
        .column_sizes(file.column_sizes().clone())
        .value_counts(file.value_counts().clone())
        .null_value_counts(file.null_value_counts().clone())
        .nan_value_counts(file.nan_value_counts().clone())
        .lower_bounds(file.lower_bounds().clone())
        .upper_bounds(file.upper_bounds().clone())
        .key_metadata(file.key_metadata().map(<[u8]>::to_vec))
        .split_offsets(file.split_offsets().map(<[i64]>::to_vec))
        .equality_ids(file.equality_ids())
        .first_row_id(file.first_row_id())
        .referenced_data_file(file.referenced_data_file())
        .content_offset(file.content_offset())
        .content_size_in_bytes(file.content_size_in_bytes());
    if let Some(order) = file.sort_order_id() {
        builder.sort_order_id(order);
    }
    builder
}

pub(super) fn undescribed(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(Code::Internal, "a file could not be described again").with_source(error)
}

fn widened(partition: &Struct, wider: impl Fn(usize, &PrimitiveLiteral) -> Option<PrimitiveLiteral>) -> Struct {
    let values = partition.iter().enumerate().map(|(place, value)| match value {
        Some(Literal::Primitive(value)) => Some(Literal::Primitive(wider(place, value).unwrap_or_else(|| value.clone()))),
        other => other.cloned(),
    });
    values.collect()
}

fn widest(value: &PrimitiveLiteral) -> Option<PrimitiveLiteral> {
    match value {
        PrimitiveLiteral::Int(value) => Some(PrimitiveLiteral::Long(i64::from(*value))),
        PrimitiveLiteral::Float(value) => Some(PrimitiveLiteral::Double(f64::from(value.0).into())),
        _ => None,
    }
}
