//! Branches and tags.

use std::collections::BTreeMap;

use iceberg::spec::{SnapshotReference, TableMetadata};

/// The branches and tags of a table by name. Iceberg's crate holds them and does not hand them out, but writes them.
pub fn references(metadata: &TableMetadata) -> BTreeMap<String, SnapshotReference> {
    #[derive(serde::Deserialize)]
    struct Refs {
        #[serde(default)]
        refs: BTreeMap<String, SnapshotReference>,
    }
    let written = serde_json::to_value(metadata).and_then(serde_json::from_value::<Refs>);
    written.map(|written| written.refs).unwrap_or_default()
}
