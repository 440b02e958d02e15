//! The files of Iceberg tables: metadata, manifest lists and manifests, read exactly or refused.
//!
//! None of these files ever changes, so what was read is kept by path. A file that is missing or makes no sense is `CORRUPT_TABLE` and
//! named; a feature that this rat would misread is `UNSUPPORTED_FORMAT`.

use std::io::Read;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use iceberg::io::{MemoryStorage, OutputFile, Storage as IcebergStorage};
use iceberg::spec::{
    DataContentType, DataFile, DataFileFormat, Manifest, ManifestFile, ManifestStatus, Snapshot, TableMetadata, ViewMetadata,
};

use crate::error::{Code, Error, Result};
use crate::storage::Storage;

use super::avro::{defined_everywhere, named_apart};
use super::cache::Cache;
use super::format::{self, Head};
use super::read::Positions;

/// How many manifests are read at the same time.
const MANIFESTS_AT_ONCE: usize = 8;
const METADATA_BUDGET: usize = 64 * 1024 * 1024;
const MANIFEST_BUDGET: usize = 128 * 1024 * 1024;
/// What a manifest takes in memory, by the size of its file: names of fields are numbers in the file and hash maps in memory.
const MANIFEST_GROWTH: usize = 8;

/// A live file of a table, with what its manifest says of it.
#[derive(Debug, Clone, PartialEq)]
pub struct FileEntry {
    /// The file: data, position deletes or equality deletes.
    pub file: DataFile,
    /// The partition spec its partition values are of.
    pub spec_id: i32,
    /// The data sequence number: deletes apply to data that is older (position deletes: as old, too).
    pub sequence_number: i64,
    /// The sequence number of the commit that added the file.
    pub file_sequence_number: Option<i64>,
    /// The snapshot that added it.
    pub snapshot_id: i64,
}

impl FileEntry {
    /// Whether it holds rows, not deletes.
    pub fn is_data(&self) -> bool {
        self.file.content_type() == DataContentType::Data
    }
}

#[derive(Debug)]
pub(super) struct Files {
    pub(super) storage: Storage,
    tables: Cache<TableMetadata>,
    views: Cache<ViewMetadata>,
    lists: Cache<Vec<ManifestFile>>,
    manifests: Cache<Vec<FileEntry>>,
    pub(super) positions: Cache<Positions>,
}

impl Files {
    pub(super) fn new(storage: Storage) -> Self {
        Self {
            storage,
            tables: Cache::new(METADATA_BUDGET),
            views: Cache::new(METADATA_BUDGET / 16),
            lists: Cache::new(MANIFEST_BUDGET / 16),
            manifests: Cache::new(MANIFEST_BUDGET),
            positions: Cache::new(MANIFEST_BUDGET / 2),
        }
    }

    pub(super) async fn read(&self, path: &str, what: &str) -> Result<Bytes> {
        self.storage.read(path).await.map_err(|e| missing(path, what, e))
    }

    pub(super) async fn read_range(&self, path: &str, range: Range<u64>, what: &str) -> Result<Bytes> {
        let end = range.end;
        let shorter = || corrupt(path, format!("the {what} is shorter than the table says"));
        match self.storage.read_range(path, range.clone()).await {
            Ok(bytes) if bytes.len() as u64 == end - range.start => Ok(bytes),
            Ok(_) => Err(shorter()),
            Err(error) => match self.storage.stat(path).await {
                Ok(Some(found)) if found.size < end => Err(shorter()),
                _ => Err(missing(path, what, error)),
            },
        }
    }

    pub(super) async fn table_metadata(&self, path: &str) -> Result<Arc<TableMetadata>> {
        if let Some(found) = self.tables.get(path) {
            return Ok(found);
        }
        let bytes = unpacked(path, self.read(path, "metadata file").await?)?;
        let metadata = format::parse(path, &bytes)?;
        let metadata = Arc::new(metadata);
        self.tables.put(path, &metadata, bytes.len() * 2);
        Ok(metadata)
    }

    pub(super) fn remember_table(&self, path: &str, metadata: &Arc<TableMetadata>, bytes: usize) {
        self.tables.put(path, metadata, bytes * 2);
    }

    pub(super) async fn view_metadata(&self, path: &str) -> Result<Arc<ViewMetadata>> {
        if let Some(found) = self.views.get(path) {
            return Ok(found);
        }
        let bytes = unpacked(path, self.read(path, "metadata file").await?)?;
        let head: Head = serde_json::from_slice(&bytes).map_err(|e| corrupt(path, "the metadata file is not readable").with_source(e))?;
        if head.format_version != 1 {
            return Err(Error::new(
                Code::UnsupportedFormat,
                format!("the view has format version {}, and this rat reads 1", head.format_version),
            )
            .with_context("file", path));
        }
        let metadata: ViewMetadata =
            serde_json::from_slice(&bytes).map_err(|e| corrupt(path, "the metadata file makes no sense").with_source(e))?;
        let metadata = Arc::new(metadata);
        self.views.put(path, &metadata, bytes.len() * 2);
        Ok(metadata)
    }

    /// The manifests of a snapshot.
    pub(super) async fn manifest_list(&self, metadata: &TableMetadata, snapshot: &Snapshot) -> Result<Arc<Vec<ManifestFile>>> {
        let path = snapshot.manifest_list();
        if let Some(found) = self.lists.get(path) {
            return Ok(found);
        }
        if snapshot.encryption_key_id().is_some() {
            return Err(Error::new(Code::UnsupportedFormat, "the table is encrypted").with_context("file", path));
        }
        if path.is_empty() {
            return Err(Error::new(Code::UnsupportedFormat, "the snapshot has no manifest list, as very old writers made them"));
        }
        let bytes = self.read(path, "manifest list").await?;
        let list = Arc::new(format::manifest_list(path, &bytes, metadata.format_version())?);
        self.lists.put(path, &list, bytes.len() * 4);
        Ok(list)
    }

    /// The live files of a manifest.
    pub(super) async fn entries(&self, manifest: &ManifestFile) -> Result<Arc<Vec<FileEntry>>> {
        let path = manifest.manifest_path.as_str();
        if let Some(found) = self.manifests.get(path) {
            return Ok(found);
        }
        let bytes = self.read(path, "manifest").await?;
        let entries = Arc::new(parse_manifest(&bytes, manifest)?);
        self.manifests.put(path, &entries, bytes.len() * MANIFEST_GROWTH);
        Ok(entries)
    }

    /// The live files of several manifests, in the order of the manifests.
    pub(super) async fn all_entries(&self, manifests: &[ManifestFile]) -> Result<Vec<FileEntry>> {
        // Futures made inside the stream would not be `Send` for every lifetime, and then no caller could be spawned.
        let reads: Vec<_> = manifests.iter().map(|manifest| self.entries(manifest)).collect();
        let lists: Vec<Arc<Vec<FileEntry>>> = stream::iter(reads).buffered(MANIFESTS_AT_ONCE).try_collect().await?;
        Ok(lists.iter().flat_map(|list| list.iter().cloned()).collect())
    }
}

fn parse_manifest(bytes: &[u8], manifest: &ManifestFile) -> Result<Vec<FileEntry>> {
    let path = manifest.manifest_path.as_str();
    let parsed =
        Manifest::parse_avro(&defined_everywhere(bytes)).map_err(|e| corrupt(path, "the manifest is not readable").with_source(e))?;
    let mut live = Vec::new();
    for entry in parsed.entries() {
        if entry.status == ManifestStatus::Deleted {
            continue;
        }
        let file = entry.data_file();
        if file.file_format() != DataFileFormat::Parquet && vector_range(file).is_none() {
            let message = format!("the table has a file of format {}, which this rat cannot read", file.file_format());
            return Err(Error::new(Code::UnsupportedFormat, message).with_context("file", file.file_path()));
        }
        // An added entry takes from its manifest what was not known when the manifest was written; so do all entries of version 1.
        let inherits = entry.status == ManifestStatus::Added || manifest.sequence_number == 0;
        let sequence_number = entry.sequence_number.or(inherits.then_some(manifest.sequence_number));
        let Some(sequence_number) = sequence_number else {
            return Err(corrupt(path, "the manifest has an existing file without a sequence number"));
        };
        live.push(FileEntry {
            file: file.clone(),
            spec_id: manifest.partition_spec_id,
            sequence_number,
            file_sequence_number: entry.file_sequence_number.or(inherits.then_some(manifest.sequence_number)),
            snapshot_id: entry.snapshot_id.unwrap_or(manifest.added_snapshot_id),
        });
    }
    Ok(live)
}

/// Where in its Puffin file a deletion vector is, when it is one.
pub(super) fn vector_range(file: &DataFile) -> Option<Range<u64>> {
    if file.file_format() != DataFileFormat::Puffin || file.content_type() != DataContentType::PositionDeletes {
        return None;
    }
    file.referenced_data_file()?;
    let start = u64::try_from(file.content_offset()?).ok()?;
    Some(start..start.checked_add(u64::try_from(file.content_size_in_bytes()?).ok()?)?)
}

pub(super) fn unpacked(path: &str, bytes: Bytes) -> Result<Bytes> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes);
    }
    let mut plain = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes.as_ref())
        .read_to_end(&mut plain)
        .map_err(|e| corrupt(path, "the metadata file is not readable").with_source(e))?;
    Ok(plain.into())
}

fn missing(path: &str, what: &str, error: Error) -> Error {
    match error.code() {
        Code::PathNotFound => corrupt(path, format!("the {what} is missing")).with_source(error),
        _ => error,
    }
}

pub(super) fn corrupt(path: &str, what: impl std::fmt::Display) -> Error {
    Error::new(Code::CorruptTable, format!("{what}: `{path}`")).with_context("file", path)
}

/// Files that Iceberg's writers think they write; they go to storage through ours, so that there is one way to disk.
#[derive(Debug, Clone, Default)]
pub(super) struct Drafts(MemoryStorage);

impl Drafts {
    pub(super) fn file(&self, path: &str) -> OutputFile {
        OutputFile::new(Arc::new(self.0.clone()), path.to_owned())
    }

    pub(super) async fn take(&self, path: &str) -> Result<Bytes> {
        let defect = |e| Error::new(Code::Internal, "a metadata file was not drafted").with_source(e);
        let bytes = self.0.read(path).await.map_err(defect)?;
        self.0.delete(path).await.map_err(defect)?;
        Ok(named_apart(bytes))
    }
}
