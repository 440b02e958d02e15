//! One table as it was at one moment.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use arrow::datatypes::SchemaRef;
use iceberg::spec::{ManifestFile, Operation, SchemaRef as IcebergSchemaRef, SnapshotRef, TableMetadata, TableMetadataRef};

use crate::error::{Code, Error, Result};
use crate::name::Name;
use crate::storage::Storage;

use super::files::{FileEntry, Files, corrupt};
use super::schema::arrow_schema;

/// One table as it was when it was loaded: later commits do not show in it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Table(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: Name,
    files: Arc<Files>,
    metadata: TableMetadataRef,
    metadata_location: Option<String>,
    snapshot: Option<SnapshotRef>,
    schema: IcebergSchemaRef,
    arrow: OnceLock<SchemaRef>,
    only: Option<Arc<Vec<FileEntry>>>,
}

impl Table {
    pub(super) fn new(name: Name, files: Arc<Files>, metadata: TableMetadataRef, metadata_location: Option<String>) -> Self {
        let snapshot = metadata.current_snapshot().cloned();
        let schema = metadata.current_schema().clone();
        Self(Arc::new(Inner { name, files, metadata, metadata_location, snapshot, schema, arrow: OnceLock::new(), only: None }))
    }

    fn with(&self, snapshot: Option<SnapshotRef>, schema: IcebergSchemaRef, only: Option<Arc<Vec<FileEntry>>>) -> Self {
        Self(Arc::new(Inner {
            name: self.0.name.clone(),
            files: Arc::clone(&self.0.files),
            metadata: Arc::clone(&self.0.metadata),
            metadata_location: self.0.metadata_location.clone(),
            snapshot,
            schema,
            arrow: OnceLock::new(),
            only,
        }))
    }

    /// The same snapshot by other metadata: with columns it does not have yet.
    pub(super) fn with_metadata(&self, metadata: TableMetadataRef) -> Self {
        Self::new(self.0.name.clone(), Arc::clone(&self.0.files), metadata, self.0.metadata_location.clone())
    }

    /// The same table with these files alone, such as those a run adds.
    pub(super) fn only(&self, entries: Vec<FileEntry>) -> Self {
        self.with(self.0.snapshot.clone(), self.0.schema.clone(), Some(Arc::new(entries)))
    }

    /// Its name.
    pub fn name(&self) -> &Name {
        &self.0.name
    }

    /// The lake's storage.
    pub fn storage(&self) -> &Storage {
        &self.0.files.storage
    }

    pub(super) fn files(&self) -> &Arc<Files> {
        &self.0.files
    }

    /// Iceberg's own view of it.
    pub fn metadata(&self) -> &TableMetadata {
        &self.0.metadata
    }

    pub(super) fn metadata_ref(&self) -> &TableMetadataRef {
        &self.0.metadata
    }

    /// The absolute URL of its metadata file; `None` for a staged table, which has none yet.
    pub fn metadata_location(&self) -> Option<&str> {
        self.0.metadata_location.as_deref()
    }

    /// The absolute URL of its folder.
    pub fn location(&self) -> &str {
        self.0.metadata.location()
    }

    /// The schema rows are read with: the table's own, or at an older snapshot that snapshot's.
    pub fn iceberg_schema(&self) -> &IcebergSchemaRef {
        &self.0.schema
    }

    /// The columns as Arrow fields; `PARQUET:field_id` in a field's metadata is its id.
    ///
    /// # Errors
    /// `UNSUPPORTED_FORMAT` when a column has a type that Arrow has not.
    pub fn schema(&self) -> Result<SchemaRef> {
        if let Some(schema) = self.0.arrow.get() {
            return Ok(Arc::clone(schema));
        }
        let schema = arrow_schema(&self.0.schema).map_err(|e| {
            Error::new(Code::UnsupportedFormat, format!("a column of `{}` has a type that rat cannot read", self.0.name)).with_source(e)
        })?;
        Ok(Arc::clone(self.0.arrow.get_or_init(|| Arc::new(schema))))
    }

    /// The snapshot it stands at; `None` when nothing was ever written.
    pub fn snapshot(&self) -> Option<&SnapshotRef> {
        self.0.snapshot.as_ref()
    }

    /// The id of that snapshot.
    pub fn snapshot_id(&self) -> Option<i64> {
        self.0.snapshot.as_ref().map(|snapshot| snapshot.snapshot_id())
    }

    /// What that snapshot's summary says: counts, and the `rat.*` facts of the run that made it.
    pub fn summary(&self) -> Option<&HashMap<String, String>> {
        self.0.snapshot.as_ref().map(|snapshot| &snapshot.summary().additional_properties)
    }

    /// A `rat.` fact that outlives what others do to the table: of the newest snapshot, from this one back, that carries any such fact. A
    /// commit of another engine carries none and ends none. When the snapshots that did are expired, the property of that name tells.
    pub fn fact(&self, key: &str) -> Option<&str> {
        let mut snapshot = self.0.snapshot.as_deref();
        while let Some(at) = snapshot {
            let facts = &at.summary().additional_properties;
            if facts.keys().any(|key| key.starts_with(super::snapshot::FACTS)) {
                return facts.get(key).map(String::as_str);
            }
            snapshot = at.parent_snapshot_id().and_then(|id| self.0.metadata.snapshot_by_id(id)).map(AsRef::as_ref);
        }
        self.properties().get(key).map(String::as_str)
    }

    /// Whether a scan gives the same rows and columns as at that snapshot: what was committed since only arranged files anew, or was a run
    /// that had nothing to add.
    pub fn is_as_at(&self, snapshot_id: Option<i64>) -> bool {
        let metadata = &self.0.metadata;
        let mut at = self.snapshot_id();
        while at != snapshot_id {
            let Some(snapshot) = at.and_then(|id| metadata.snapshot_by_id(id)) else { return false };
            if !keeps_rows(snapshot) {
                return false;
            }
            at = snapshot.parent_snapshot_id();
        }
        match snapshot_id.and_then(|id| metadata.snapshot_by_id(id)) {
            Some(snapshot) => snapshot.schema_id() == Some(metadata.current_schema_id()),
            None => snapshot_id == self.snapshot_id(),
        }
    }

    /// The table's properties.
    pub fn properties(&self) -> &HashMap<String, String> {
        self.0.metadata.properties()
    }

    /// The number of rows, from the snapshot's summary; `None` when it cannot be known without reading, because of deletes whose rows
    /// nobody counted, or a writer that keeps no totals. A table without snapshot has zero.
    pub fn row_count(&self) -> Option<u64> {
        let number = |summary: &HashMap<String, String>, key: &str| summary.get(key).and_then(|value| value.parse::<u64>().ok());
        if let Some(only) = &self.0.only {
            return Some(only.iter().filter(|entry| entry.is_data()).map(|entry| entry.file.record_count()).sum());
        }
        let Some(summary) = self.summary() else { return Some(0) };
        if number(summary, "total-equality-deletes").is_none_or(|n| n > 0) {
            return None;
        }
        number(summary, "total-records")?.checked_sub(number(summary, "total-position-deletes")?)
    }

    /// The bytes of its live files, from the snapshot's summary.
    pub fn size_bytes(&self) -> Option<u64> {
        match self.summary() {
            Some(summary) => summary.get("total-files-size").and_then(|value| value.parse().ok()),
            None => Some(0),
        }
    }

    /// The table as it was at a snapshot, with that snapshot's schema.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when the table has no such snapshot, or it was expired.
    pub fn at_snapshot(&self, snapshot_id: i64) -> Result<Self> {
        let snapshot = self.0.metadata.snapshot_by_id(snapshot_id).ok_or_else(|| {
            Error::new(Code::InvalidArgument, format!("`{}` has no snapshot {snapshot_id}", self.0.name))
                .with_help("name a snapshot of its history")
        })?;
        let schema = snapshot.schema(&self.0.metadata).map_err(|e| {
            corrupt(self.0.metadata_location.as_deref().unwrap_or_default(), format!("the schema of snapshot {snapshot_id} is missing"))
                .with_source(e)
        })?;
        Ok(self.with(Some(Arc::clone(snapshot)), schema, None))
    }

    /// The table at the head of a branch, with the current schema, or at a tag, with the schema of then.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when the table has no such branch or tag.
    pub fn at_ref(&self, reference: &str) -> Result<Self> {
        let snapshot = self
            .0
            .metadata
            .snapshot_for_ref(reference)
            .ok_or_else(|| Error::new(Code::InvalidArgument, format!("`{}` has no branch or tag `{reference}`", self.0.name)))?;
        if self.is_branch(reference) {
            return Ok(self.with(Some(Arc::clone(snapshot)), self.0.metadata.current_schema().clone(), None));
        }
        self.at_snapshot(snapshot.snapshot_id())
    }

    fn is_branch(&self, reference: &str) -> bool {
        super::refs::references(&self.0.metadata).get(reference).is_some_and(iceberg::spec::SnapshotReference::is_branch)
    }

    /// Its manifests; none for a table without snapshot, and for the rows of one run alone, which are in [`data_files`](Self::data_files).
    ///
    /// # Errors
    /// `CORRUPT_TABLE`, `UNSUPPORTED_FORMAT`, and storage codes.
    pub async fn manifests(&self) -> Result<Arc<Vec<ManifestFile>>> {
        match &self.0.snapshot {
            Some(snapshot) if self.0.only.is_none() => self.0.files.manifest_list(&self.0.metadata, snapshot).await,
            _ => Ok(Arc::default()),
        }
    }

    /// The live files of one manifest.
    ///
    /// # Errors
    /// As [`manifests`](Self::manifests).
    pub async fn entries(&self, manifest: &ManifestFile) -> Result<Arc<Vec<FileEntry>>> {
        self.0.files.entries(manifest).await
    }

    /// Every live file: data, position deletes and equality deletes.
    ///
    /// # Errors
    /// As [`manifests`](Self::manifests).
    pub async fn data_files(&self) -> Result<Vec<FileEntry>> {
        match &self.0.only {
            Some(only) => Ok(only.as_ref().clone()),
            None => self.0.files.all_entries(&self.manifests().await?).await,
        }
    }

    /// The listed files of a table that stands for the rows of one run alone.
    pub fn listed_files(&self) -> Option<&Arc<Vec<FileEntry>>> {
        self.0.only.as_ref()
    }
}

/// Whether a commit says of itself that the rows are those of its parent.
fn keeps_rows(snapshot: &SnapshotRef) -> bool {
    let summary = snapshot.summary();
    let facts = &summary.additional_properties;
    let none = |key: &str| facts.get(key).is_none_or(|count| count == "0");
    // Of a commit that is not a run's own, what it does not count need not be zero.
    let counted = facts.contains_key("rat.run-id") || facts.contains_key("added-data-files");
    summary.operation == Operation::Replace
        || counted && ["added-data-files", "deleted-data-files", "added-delete-files", "removed-delete-files"].iter().all(|key| none(key))
}
