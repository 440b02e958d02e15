//! Metadata with changes that are no snapshot, dated by rat's clock: Iceberg's builder asks the operating system for the time, and refuses a
//! table whose last writer had a clock ahead of it.

use iceberg::spec::{TableMetadata, TableMetadataBuilder};
use serde_json::{Value, json};

use crate::error::{Code, Error, Result};

/// How many metadata files a table tells of when it does not say.
const EARLIER_METADATA_FILES: usize = 100;

/// The metadata after a change, at a time in milliseconds. With the location of the file that it is in now, it tells of that file.
pub(super) fn amended(
    base: &TableMetadata,
    location: Option<&str>,
    millis: i64,
    change: impl FnOnce(TableMetadataBuilder) -> Result<TableMetadataBuilder>,
) -> Result<TableMetadata> {
    let mut stored = serde_json::to_value(base).map_err(undated)?;
    // What has no times is of no time.
    let logs = [SNAPSHOTS, FILES].map(|log| stored.as_object_mut().and_then(|stored| stored.remove(log)));
    stored[UPDATED] = 0.into();
    let builder = TableMetadataBuilder::new_from_metadata(serde_json::from_value(stored).map_err(undated)?, None);
    let changed = change(builder)?.build().map_err(|e| {
        Error::new(Code::InvalidArgument, format!("`{}` cannot be a table like that: {}", base.location(), e.message())).with_source(e)
    })?;
    let mut stored = serde_json::to_value(&changed.metadata).map_err(undated)?;
    let mut moves = stored.as_object_mut().and_then(|stored| stored.remove(SNAPSHOTS)).unwrap_or_else(|| json!([]));
    for entry in moves.as_array_mut().into_iter().flatten() {
        entry["timestamp-ms"] = millis.into();
    }
    for (name, log) in [SNAPSHOTS, FILES].into_iter().zip(logs) {
        stored[name] = log.unwrap_or_else(|| json!([]));
    }
    if let (Some(log), Value::Array(moves)) = (stored[SNAPSHOTS].as_array_mut(), moves) {
        log.extend(moves);
    }
    if let Some(location) = location {
        remember(&mut stored, base, location);
    }
    stored[UPDATED] = millis.into();
    serde_json::from_value(stored).map_err(undated)
}

const SNAPSHOTS: &str = "snapshot-log";
const FILES: &str = "metadata-log";
const UPDATED: &str = "last-updated-ms";

/// Has stored metadata tell of the file that it follows.
pub(super) fn remember(stored: &mut Value, before: &TableMetadata, location: &str) {
    let most = before.properties().get("write.metadata.previous-versions-max").and_then(|most| most.parse().ok());
    let before = json!({"timestamp-ms": before.last_updated_ms(), "metadata-file": location});
    match stored[FILES].as_array_mut() {
        Some(log) => {
            log.push(before);
            log.drain(..log.len().saturating_sub(most.unwrap_or(EARLIER_METADATA_FILES).max(1)));
        }
        None => stored[FILES] = json!([before]),
    }
}

fn undated(error: serde_json::Error) -> Error {
    Error::new(Code::Internal, "table metadata could not be dated").with_source(error)
}
