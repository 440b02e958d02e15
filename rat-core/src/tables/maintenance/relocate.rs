//! A lake whose folder was moved: the same files under another root.
//!
//! Iceberg's paths are absolute. What holds them (metadata, manifest lists, manifests, position delete files) is written anew beside what is
//! there, under new names, and then the catalog's pointer moves: one compare-and-swap a table. No file that is there is changed, so that a
//! process which dies anywhere leaves the table as it was, to be relocated again, or moved back; and what it wrote is an orphan. Nothing is
//! read where the lake was: a copy is a lake of its own.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use bytes::Bytes;
use futures::future::BoxFuture;
use iceberg::metadata_columns::RESERVED_FIELD_ID_DELETE_FILE_PATH as FILE_PATH;
use iceberg::spec::{
    DataContentType, DataFile, Datum, Manifest, ManifestContentType, ManifestFile, ManifestListWriter, ManifestStatus,
    ManifestWriterBuilder, PrimitiveLiteral, TableMetadata, ViewMetadata,
};
use parquet::arrow::ArrowWriter;
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde_json::Value;

use crate::error::{Code, Error, Result};
use crate::name::Name;
use crate::tables::avro::defined_everywhere;
use crate::tables::catalog::{EntryKind, Pointer};
use crate::tables::files::{Drafts, corrupt, unpacked};
use crate::tables::format;
use crate::tables::handle::Tables;
use crate::tables::litter::Litter;
use crate::tables::promoted::{described, undescribed};
use crate::tables::publish::version_of;
use crate::tables::view::REPLACED;

impl Tables {
    /// Makes a table or view that was moved with its lake one of where the lake is now, and gives the number of files that were written for
    /// it: none when it is one already. With `dry_run` they are only counted. Every snapshot stays readable.
    ///
    /// # Errors
    /// `TABLE_NOT_FOUND`; `LAKE_MOVED` when its files are not in this lake either; `CORRUPT_TABLE`, `UNSUPPORTED_FORMAT`,
    /// `COMMIT_CONFLICT`, and codes of the storage and the catalog.
    #[inline(never)]
    pub fn relocate<'a>(&'a self, name: &'a Name, dry_run: bool) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move {
            let Some(pointer) = self.catalog().load(name).await? else {
                return Err(Error::new(Code::TableNotFound, format!("there is no table `{name}`")));
            };
            if self.storage().relative(&pointer.metadata_location).is_some() {
                return Ok(0);
            }
            let root = Root::find(self, &pointer.metadata_location)
                .await?
                .ok_or_else(|| self.moved(name, &pointer).with_help("move the rest of the lake here, or move the folder back"))?;
            let mut moving = Moving::new(self, root, dry_run);
            let moved = moving.all(&pointer).await;
            let Moving { litter, files, .. } = moving;
            let location = match moved {
                Ok(location) if !dry_run => location,
                Ok(_) => return Ok(files),
                Err(error) => {
                    litter.clear().await;
                    return Err(error);
                }
            };
            let to = Pointer { kind: pointer.kind, metadata_location: location };
            match self.replace(name, Some(pointer), to, litter).await? {
                true => Ok(files),
                false => Err(Error::new(Code::CommitConflict, format!("`{name}` changed while it was relocated"))),
            }
        })
    }
}

/// Where the lake was, and where it is.
struct Root {
    /// The same folder in the forms that engines write it in.
    was: Vec<String>,
    is: String,
}

impl Root {
    /// The longest end of a path that is a file of this lake tells what came before it.
    async fn find(tables: &Tables, location: &str) -> Result<Option<Self>> {
        for (at, _) in location.match_indices('/').filter(|(at, _)| !location[..*at].ends_with([':', '/'])) {
            let (before, rest) = (&location[..at], &location[at + 1..]);
            if rest.contains('/') && tables.storage().exists(rest).await? {
                let plain = before.strip_prefix("file://").or_else(|| before.strip_prefix("file:")).unwrap_or(before);
                let was = match plain.starts_with('/') {
                    true => vec![format!("file://{plain}"), format!("file:{plain}"), plain.to_owned()],
                    false => vec![before.to_owned()],
                };
                return Ok(Some(Self { was, is: tables.storage().url().to_owned() }));
            }
        }
        Ok(None)
    }

    /// What a path into the lake is now; `None` for any other text.
    fn path(&self, text: &str) -> Option<String> {
        let rest = self.was.iter().find_map(|was| text.strip_prefix(was.as_str()).filter(|rest| rest.starts_with('/')))?;
        Some(format!("{}{rest}", self.is))
    }

    fn path_or(&self, text: &str) -> String {
        self.path(text).unwrap_or_else(|| text.to_owned())
    }

    /// Every text of a document that is such a path.
    fn document(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Some(path) = self.path(text) {
                    *text = path;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.document(item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.document(field)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// A table on its way.
struct Moving<'a> {
    tables: &'a Tables,
    root: Root,
    dry_run: bool,
    drafts: Drafts,
    litter: Litter,
    files: u64,
    /// Manifests are shared by snapshots.
    manifests: HashMap<String, ManifestFile>,
    /// Position delete files, with the sizes they have now.
    deletes: HashMap<String, (String, u64)>,
}

impl<'a> Moving<'a> {
    fn new(tables: &'a Tables, root: Root, dry_run: bool) -> Self {
        let litter = Litter::new(tables.storage());
        let (manifests, deletes) = (HashMap::new(), HashMap::new());
        Self { tables, root, dry_run, drafts: Drafts::default(), litter, files: 0, manifests, deletes }
    }

    /// The new metadata file.
    async fn all(&mut self, pointer: &Pointer) -> Result<String> {
        let location = self.root.path_or(&pointer.metadata_location);
        match pointer.kind {
            EntryKind::Table => self.table(&location).await,
            EntryKind::View => self.view(&location).await,
        }
    }

    async fn view(&mut self, location: &str) -> Result<String> {
        let mut document = self.document(location).await?;
        self.root.document(&mut document);
        let replaced = document.get("properties").and_then(|properties| properties.get(REPLACED)?.as_str()).map(str::to_owned);
        if let Some(replaced) = replaced {
            document["properties"][REPLACED] = self.table(&replaced).await?.into();
        }
        let folder = serde_json::from_value::<ViewMetadata>(document.clone()).map_err(|e| nonsense(location, e))?.location().to_owned();
        self.metadata(location, &folder, &document).await
    }

    async fn table(&mut self, location: &str) -> Result<String> {
        let mut document = self.document(location).await?;
        self.root.document(&mut document);
        let metadata: TableMetadata = serde_json::from_value(document.clone()).map_err(|e| nonsense(location, e))?;
        if metadata.format_version() != format::WRITTEN {
            let message = format!("the table has format {}, which rat reads and does not write", metadata.format_version());
            return Err(Error::new(Code::UnsupportedFormat, message).with_context("file", location));
        }
        let mut lists = HashMap::new();
        let mut snapshots: Vec<_> = metadata.snapshots().cloned().collect();
        // A delete file is taken out after it was put in.
        snapshots.sort_by_key(|snapshot| snapshot.sequence_number());
        for snapshot in snapshots {
            let out = format!("{}/metadata/snap-{}-{}.avro", metadata.location(), snapshot.snapshot_id(), self.tables.ids().next());
            let manifests = self.list(snapshot.manifest_list(), metadata.location()).await?;
            let file = self.drafts.file(&out).writer().await.map_err(drafting)?;
            let (id, parent) = (snapshot.snapshot_id(), snapshot.parent_snapshot_id());
            let mut writer = ManifestListWriter::v2(file, id, parent, snapshot.sequence_number());
            writer.add_manifests(manifests.into_iter()).map_err(drafting)?;
            writer.close().await.map_err(drafting)?;
            self.drafted(&out).await?;
            lists.insert(id, out);
        }
        for snapshot in document.get_mut("snapshots").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(list) = snapshot["snapshot-id"].as_i64().and_then(|id| lists.remove(&id)) {
                snapshot["manifest-list"] = list.into();
            }
        }
        self.metadata(location, metadata.location(), &document).await
    }

    async fn list(&mut self, path: &str, folder: &str) -> Result<Vec<ManifestFile>> {
        let bytes = self.tables.files().read(path, "manifest list").await?;
        let listed = format::manifest_list(path, &bytes, format::WRITTEN)?;
        let mut manifests = Vec::with_capacity(listed.len());
        for manifest in listed {
            let moved = match self.manifests.get(&manifest.manifest_path) {
                Some(known) => known.clone(),
                None => {
                    let moved = self.manifest(&manifest, folder).await?;
                    self.manifests.insert(manifest.manifest_path.clone(), moved.clone());
                    moved
                }
            };
            // What a list says of a manifest is the list's own.
            manifests.push(ManifestFile { manifest_path: moved.manifest_path, manifest_length: moved.manifest_length, ..manifest });
        }
        Ok(manifests)
    }

    async fn manifest(&mut self, manifest: &ManifestFile, folder: &str) -> Result<ManifestFile> {
        let path = self.root.path_or(&manifest.manifest_path);
        let bytes = self.tables.files().read(&path, "manifest").await?;
        let parsed =
            Manifest::parse_avro(&defined_everywhere(&bytes)).map_err(|e| corrupt(&path, "the manifest is not readable").with_source(e))?;
        let (entries, about) = parsed.into_parts();
        let out = format!("{folder}/metadata/{}-m0.avro", self.tables.ids().next());
        let (schema, spec) = (about.schema().clone(), about.partition_spec().clone());
        let builder = ManifestWriterBuilder::new(self.drafts.file(&out), Some(manifest.added_snapshot_id), schema, spec);
        let mut writer = match about.content() {
            ManifestContentType::Data => builder.build_v2_data(),
            ManifestContentType::Deletes => builder.build_v2_deletes(),
        };
        for entry in &entries {
            let file = self.file(entry.data_file(), manifest.partition_spec_id, entry.status() != ManifestStatus::Deleted).await?;
            let sequence = entry.sequence_number().unwrap_or(manifest.sequence_number);
            let file_sequence = Some(entry.file_sequence_number.unwrap_or(sequence));
            let snapshot = entry.snapshot_id().unwrap_or(manifest.added_snapshot_id);
            match entry.status() {
                // A number that is not written is the one of the manifest.
                ManifestStatus::Added => writer.add_file(file, entry.sequence_number().unwrap_or(-1)),
                ManifestStatus::Existing => writer.add_existing_file(file, snapshot, sequence, file_sequence),
                ManifestStatus::Deleted => writer.add_delete_file(file, sequence, file_sequence),
            }
            .map_err(drafting)?;
        }
        writer.write_manifest_file().await.map_err(drafting)?;
        let manifest_length = i64::try_from(self.drafted(&out).await?).unwrap_or(i64::MAX);
        Ok(ManifestFile { manifest_path: out, manifest_length, ..manifest.clone() })
    }

    /// A file as its manifest describes it, where it is now. Position deletes name data files: theirs are written anew.
    async fn file(&mut self, file: &DataFile, spec_id: i32, is_live: bool) -> Result<DataFile> {
        let positions = file.content_type() == DataContentType::PositionDeletes && file.content_offset().is_none();
        let (path, size) = match self.deletes.get(file.file_path()) {
            Some(known) => known.clone(),
            None if positions && is_live => {
                let written = self.position_deletes(file).await?;
                self.deletes.insert(file.file_path().to_owned(), written.clone());
                written
            }
            None => (self.root.path_or(file.file_path()), file.file_size_in_bytes()),
        };
        let mut builder = described(file, spec_id);
        builder
            .file_path(path)
            .file_size_in_bytes(size)
            .lower_bounds(self.bounds(file.lower_bounds(), positions))
            .upper_bounds(self.bounds(file.upper_bounds(), positions))
            .referenced_data_file(file.referenced_data_file().map(|path| self.root.path_or(&path)));
        if positions {
            builder.column_sizes(HashMap::new()).split_offsets(None);
        }
        builder.build().map_err(undescribed)
    }

    /// Bounds of paths are of other paths now. One that was cut before the lake's own part begins says nothing any more.
    fn bounds(&self, bounds: &HashMap<i32, Datum>, positions: bool) -> HashMap<i32, Datum> {
        let mut bounds = bounds.clone();
        if positions
            && let Some(bound) = bounds.remove(&FILE_PATH)
            && let PrimitiveLiteral::String(path) = bound.literal()
            && let Some(path) = self.root.path(path)
        {
            bounds.insert(FILE_PATH, Datum::string(path));
        }
        bounds
    }

    async fn position_deletes(&mut self, file: &DataFile) -> Result<(String, u64)> {
        let path = self.root.path_or(file.file_path());
        let bytes = self.tables.files().read(&path, "delete file").await?;
        let rewritten = self.renamed_rows(bytes).map_err(|e| corrupt(&path, format!("the delete file is not readable: {e}")))?;
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let out = format!("{folder}/{}-deletes.parquet", self.tables.ids().next());
        let size = rewritten.len() as u64;
        self.store(&out, rewritten.into()).await?;
        Ok((out, size))
    }

    fn renamed_rows(&self, bytes: Bytes) -> parquet::errors::Result<Vec<u8>> {
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes)?;
        let schema = Arc::clone(reader.schema());
        let id = FILE_PATH.to_string();
        let paths = schema
            .fields()
            .iter()
            .position(|field| field.metadata().get(PARQUET_FIELD_ID_META_KEY).map_or(field.name() == "file_path", |known| *known == id));
        let Some(paths) = paths else { return Err(parquet::errors::ParquetError::General("it names no data file".to_owned())) };
        let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
        let mut writer = ArrowWriter::try_new(Vec::new(), Arc::clone(&schema), Some(properties))?;
        for batch in reader.build()? {
            let batch = batch?;
            let before = cast(batch.column(paths), &DataType::Utf8)?;
            let after: StringArray = before.as_string::<i32>().iter().map(|path| path.map(|path| self.root.path_or(path))).collect();
            let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
            columns[paths] = cast(&(Arc::new(after) as ArrayRef), batch.column(paths).data_type())?;
            writer.write(&RecordBatch::try_new(Arc::clone(&schema), columns)?)?;
        }
        writer.into_inner()
    }

    async fn document(&self, location: &str) -> Result<Value> {
        let bytes = unpacked(location, self.tables.files().read(location, "metadata file").await?)?;
        serde_json::from_slice(&bytes).map_err(|e| corrupt(location, "the metadata file is not readable").with_source(e))
    }

    async fn metadata(&mut self, before: &str, folder: &str, document: &Value) -> Result<String> {
        let out = format!("{folder}/metadata/{:05}-{}.metadata.json", version_of(before) + 1, self.tables.ids().next());
        let bytes = serde_json::to_vec(document).map_err(|e| Error::new(Code::Internal, "metadata could not be written").with_source(e))?;
        self.store(&out, bytes.into()).await?;
        Ok(out)
    }

    async fn drafted(&mut self, path: &str) -> Result<u64> {
        let bytes = self.drafts.take(path).await?;
        let length = bytes.len() as u64;
        self.store(path, bytes).await?;
        Ok(length)
    }

    async fn store(&mut self, path: &str, bytes: Bytes) -> Result<()> {
        self.files += 1;
        if self.dry_run {
            return Ok(());
        }
        self.litter.add(path);
        self.tables.storage().write(path, bytes).await
    }
}

fn drafting(error: iceberg::Error) -> Error {
    Error::new(Code::Internal, format!("a manifest could not be written anew: {}", error.message())).with_source(error)
}

fn nonsense(location: &str, error: serde_json::Error) -> Error {
    corrupt(location, "the metadata file makes no sense").with_source(error)
}
