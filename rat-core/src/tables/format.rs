//! Format versions: what of each is read, and what would be misread and is refused by name.

use iceberg::spec::{FormatVersion, ManifestFile, ManifestList, PrimitiveType, TableMetadata};
use serde::Deserialize;
use serde_json::Value;

use crate::error::{Code, Error, Result};
use crate::name::Name;

use super::files::corrupt;

/// The format version that rat writes.
pub(super) const WRITTEN: FormatVersion = FormatVersion::V2;

/// The metadata in a file.
///
/// # Errors
/// `UNSUPPORTED_FORMAT` for a version that is not known, and for what of version 3 would be misread; `CORRUPT_TABLE` for what makes no sense.
pub(super) fn parse(path: &str, stored: &[u8]) -> Result<TableMetadata> {
    let head: Head = serde_json::from_slice(stored).map_err(|e| corrupt(path, "the metadata file is not readable").with_source(e))?;
    let nonsense = |e| corrupt(path, "the metadata file makes no sense").with_source(e);
    match head.format_version {
        1 | 2 => serde_json::from_slice(stored).map_err(nonsense),
        3 => {
            let stored: Value = serde_json::from_slice(stored).map_err(nonsense)?;
            check(path, &stored)?;
            let metadata = TableMetadata::deserialize(&stored).map_err(nonsense)?;
            check_defaults(path, &metadata, &stored)?;
            Ok(metadata)
        }
        version => Err(unsupported(path, format!("the table has format version {version}, and this rat reads 1 to 3"))),
    }
}

/// What tells the version of a metadata file, whatever else is in it.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Head {
    pub(super) format_version: i64,
}

/// Refuses metadata out of which the parser has lost a default: NULL would be read in its place.
fn check_defaults(path: &str, metadata: &TableMetadata, stored: &Value) -> Result<()> {
    let mut lost = None;
    for schema in items(&stored["schemas"]) {
        let id = |of: &Value, key: &str| of[key].as_i64().and_then(|id| i32::try_from(id).ok());
        let read = id(schema, "schema-id").and_then(|id| metadata.schema_by_id(id));
        each_field(schema, &mut |field| {
            let of = read.zip(id(field, "id")).and_then(|(schema, id)| schema.field_by_id(id));
            if !field["initial-default"].is_null() && of.is_none_or(|field| field.initial_default.is_none()) {
                lost.get_or_insert_with(|| format!("the default of column {} is of a kind that rat does not read", field["name"]));
            }
        });
    }
    lost.map_or(Ok(()), |lost| Err(unsupported(path, lost)))
}

/// The manifests in a manifest list of a table of a format version; snapshots from before an upgrade keep their lists of then.
pub(super) fn manifest_list(path: &str, stored: &[u8], newest: FormatVersion) -> Result<Vec<ManifestFile>> {
    let earlier = [FormatVersion::V2, FormatVersion::V1].into_iter().filter(|version| *version < newest);
    let list = ManifestList::parse_with_version(stored, newest)
        .or_else(|e| earlier.map(|version| ManifestList::parse_with_version(stored, version)).find_map(Result::ok).ok_or(e));
    let list = list.map_err(|e| corrupt(path, "the manifest list is not readable").with_source(e))?;
    Ok(list.consume_entries().into_iter().collect())
}

/// Refuses to change a table of a version that rat reads and does not write.
pub(super) fn check_written(name: &Name, metadata: &TableMetadata) -> Result<()> {
    let way_out = match metadata.format_version() {
        WRITTEN => return Ok(()),
        FormatVersion::V1 => "upgrade the table to format version 2",
        FormatVersion::V3 => "leave its changes to the engine that made it, or copy its rows into a table of another pipeline by `ref`",
    };
    let version = metadata.format_version() as u8;
    Err(Error::new(Code::UnsupportedFormat, format!("`{name}` has format version {version}, which rat reads and does not write"))
        .with_help(way_out))
}

fn check(path: &str, stored: &Value) -> Result<()> {
    let mut refused = None;
    for schema in items(&stored["schemas"]) {
        each_field(schema, &mut |field| {
            if let Some(kind) = unread(&field["type"]) {
                refused.get_or_insert_with(|| format!("column {} has the type `{kind}`, which rat does not read", field["name"]));
            }
        });
    }
    for list in ["partition-specs", "sort-orders"] {
        let fields = items(&stored[list]).flat_map(|entry| items(&entry["fields"]));
        if fields.into_iter().any(|field| field["source-id"].is_null()) {
            refused.get_or_insert_with(|| {
                format!("one of its {} is by several columns at once, which rat does not read", list.replace('-', " "))
            });
        }
    }
    refused.map_or(Ok(()), |refused| Err(unsupported(path, refused)))
}

/// Calls for every field of a struct, and for those of the structs in it.
fn each_field<'a>(kind: &'a Value, call: &mut dyn FnMut(&'a Value)) {
    for field in items(&kind["fields"]) {
        call(field);
        each_field(&field["type"], call);
    }
    for child in ["element", "key", "value"].iter().filter_map(|child| kind.get(child)) {
        each_field(child, call);
    }
}

/// The name of a type that is not read, in a type.
fn unread(kind: &Value) -> Option<&str> {
    match kind {
        Value::String(name) => serde_json::from_value::<PrimitiveType>(kind.clone()).is_err().then_some(name),
        Value::Object(_) => ["element", "key", "value"].iter().find_map(|child| unread(&kind[child])),
        _ => None,
    }
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn unsupported(path: &str, message: String) -> Error {
    Error::new(Code::UnsupportedFormat, message).with_context("file", path)
}
