//! One snapshot: manifests, their list, and the table's metadata with it.
//!
//! The rules that keep a table whole: an entry that was deleted is never carried on; an existing one keeps its snapshot and its sequence
//! numbers; a manifest is left out only when nothing in it is live; manifests hold one partition spec and one content; totals are computed,
//! not trusted to be there.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use iceberg::spec::{
    DataContentType, MAIN_BRANCH, ManifestContentType, ManifestFile, ManifestListWriter, ManifestWriterBuilder, Operation,
    PartitionSpecRef, SchemaRef as IcebergSchemaRef, Snapshot, SnapshotReference, SnapshotRetention, SnapshotSummaryCollector, Summary,
    TableMetadata, TableMetadataBuilder,
};
use uuid::Uuid;

use crate::error::{Code, Error, Result};

use super::change::{Change, Remove, WrittenFile};
use super::files::{Drafts, FileEntry, Files};
use super::format;
use super::handle::Tables;
use super::litter::Litter;
use super::promoted::fitting;

/// Entries of one manifest; more are cut, so that readers can leave parts out.
const ENTRIES_PER_MANIFEST: usize = 10_000;
const MERGE_COUNT: usize = 100;
const MERGE_BYTES: i64 = 8 * 1024 * 1024;
/// Facts of runs: in the snapshot's summary, and mirrored in the table's properties.
pub(super) const FACTS: &str = "rat.";

/// Why a snapshot could not be made.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The base is no longer what the change was made for.
    Conflict(String),
    /// Something else.
    Failed(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Refusal::Failed(error)
    }
}

/// What stays the same when a snapshot is made again on a newer base.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) snapshot_id: i64,
    commit: Uuid,
    files: usize,
    /// Manifests of the new files: they name no parent, so that they serve every base.
    added: Option<Vec<ManifestFile>>,
}

impl Identity {
    pub(super) fn new(tables: &Tables, base: &TableMetadata) -> Self {
        let snapshot_id = loop {
            let (high, low) = tables.ids().next().as_u64_pair();
            let id = i64::try_from((high ^ low) >> 1).unwrap_or_default();
            if id != 0 && base.snapshot_by_id(id).is_none() {
                break id;
            }
        };
        Self { snapshot_id, commit: tables.ids().next(), files: 0, added: None }
    }

    fn next_file(&mut self) -> usize {
        self.files += 1;
        self.files
    }
}

/// A made snapshot.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) metadata: TableMetadata,
    /// The entries of the files in [`Change::add`].
    pub(super) added: Vec<FileEntry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Added,
    Existing,
    Deleted,
}

/// Makes the snapshot of a change on its target's base. Files go to `lasting` when they serve every base, else to `passing`.
pub(super) async fn make(
    tables: &Tables,
    change: &Change,
    identity: &mut Identity,
    lasting: &mut Litter,
    passing: &mut Litter,
) -> Result<Made, Refusal> {
    let target = &change.target;
    let metadata = target.metadata();
    if metadata.format_version() != format::WRITTEN {
        return Err(Error::new(Code::Internal, "a snapshot of a format that rat does not write").into());
    }
    let mut maker =
        Maker { files: tables.files(), metadata, identity, drafts: Drafts::default(), summary: SnapshotSummaryCollector::default() };
    let base = target.base();
    let before: Vec<ManifestFile> = match base {
        Some(base) => base.manifests().await?.iter().filter(|manifest| is_live(manifest)).cloned().collect(),
        None => Vec::new(),
    };
    maker.check_deletes(change, &before).await?;

    let mut manifests = maker.added(change, lasting).await?;
    manifests.extend(maker.carried(&change.remove, &before, passing).await?);
    let manifests = maker.merged(manifests, change.keeps_rows, passing).await?;

    let list = maker.list(manifests.clone(), base.and_then(super::table::Table::snapshot_id), passing).await?;
    let sequence_number = metadata.next_sequence_number();
    let snapshot_id = maker.identity.snapshot_id;
    let mut properties = maker.summary.build();
    properties.extend(maker.totals(change, &manifests, &properties).await?);
    properties.extend(facts(change));
    let snapshot = Snapshot::builder()
        .with_snapshot_id(snapshot_id)
        .with_parent_snapshot_id(base.and_then(super::table::Table::snapshot_id))
        .with_sequence_number(sequence_number)
        .with_timestamp_ms(tables.clock().now().timestamp_millis().max(metadata.last_updated_ms()))
        .with_manifest_list(list)
        .with_summary(Summary { operation: operation(change), additional_properties: properties })
        .with_schema_id(metadata.current_schema_id())
        .build();
    let metadata = with_snapshot(change, snapshot)?;
    let added = change.add.iter().map(|file| entry(file, sequence_number, snapshot_id)).collect();
    Ok(Made { metadata, added })
}

// A manifest of which nothing is live says only what an older snapshot took out.
fn is_live(manifest: &ManifestFile) -> bool {
    manifest.has_added_files() || manifest.has_existing_files()
}

fn entry(file: &WrittenFile, sequence_number: i64, snapshot_id: i64) -> FileEntry {
    FileEntry { file: file.file.clone(), spec_id: file.spec_id, sequence_number, file_sequence_number: Some(sequence_number), snapshot_id }
}

fn operation(change: &Change) -> Operation {
    if change.keeps_rows {
        return Operation::Replace;
    }
    let adds = !change.add.is_empty() || !change.carry.is_empty();
    let removes = !change.add_deletes.is_empty() || change.remove != Remove::None;
    match (adds, removes) {
        (_, false) => Operation::Append,
        (false, true) => Operation::Delete,
        (true, true) => Operation::Overwrite,
    }
}

fn facts(change: &Change) -> BTreeMap<String, String> {
    let base = change.target.base();
    let summary = base.and_then(super::table::Table::summary).into_iter().flatten();
    let mut facts: BTreeMap<String, String> =
        summary.filter(|(key, _)| key.starts_with(FACTS)).map(|(key, value)| (key.clone(), value.clone())).collect();
    facts.extend(change.summary.clone());
    facts.retain(|_, value| !value.is_empty());
    facts
}

fn with_snapshot(change: &Change, snapshot: Snapshot) -> Result<TableMetadata> {
    let target = &change.target;
    let failed =
        |e: iceberg::Error| Error::new(Code::Internal, format!("the snapshot does not fit its table: {}", e.message())).with_source(e);
    let location = target.base().and_then(|base| base.metadata_location()).map(str::to_owned);
    let facts: HashMap<String, String> = facts(change).into_iter().filter(|(key, _)| key.starts_with(FACTS)).collect();
    let ended: Vec<String> =
        target.metadata().properties().keys().filter(|key| change.summary.get(*key).is_some_and(String::is_empty)).cloned().collect();
    let main = SnapshotReference::new(snapshot.snapshot_id(), SnapshotRetention::branch(None, None, None));
    let main = match super::refs::references(target.metadata()).remove(MAIN_BRANCH) {
        Some(before) => SnapshotReference::new(snapshot.snapshot_id(), before.retention),
        None => main,
    };
    let mut builder = TableMetadataBuilder::new_from_metadata(target.metadata().clone(), location);
    if !facts.is_empty() {
        builder = builder.set_properties(facts).map_err(failed)?;
    }
    if !ended.is_empty() {
        builder = builder.remove_properties(&ended).map_err(failed)?;
    }
    let builder = builder.add_snapshot(snapshot).and_then(|b| b.set_ref(MAIN_BRANCH, main)).map_err(failed)?;
    Ok(builder.build().map_err(failed)?.metadata)
}

struct Maker<'a> {
    files: &'a Arc<Files>,
    metadata: &'a TableMetadata,
    identity: &'a mut Identity,
    drafts: Drafts,
    summary: SnapshotSummaryCollector,
}

fn drafting(error: iceberg::Error) -> Error {
    Error::new(Code::Internal, format!("a manifest could not be drafted: {}", error.message())).with_source(error)
}

impl Maker<'_> {
    fn spec(&self, id: i32) -> Result<&PartitionSpecRef> {
        self.metadata
            .partition_spec_by_id(id)
            .ok_or_else(|| Error::new(Code::CorruptTable, format!("the table has no partition spec {id}")))
    }

    // A schema that the spec can be bound to: the current one, or for an old spec whose column is gone the newest that has it.
    fn schema_for(&self, spec: &PartitionSpecRef) -> Result<&IcebergSchemaRef> {
        let mut schemas: Vec<&IcebergSchemaRef> = self.metadata.schemas_iter().collect();
        schemas.sort_by_key(|schema| std::cmp::Reverse(schema.schema_id()));
        std::iter::once(self.metadata.current_schema()).chain(schemas).find(|schema| spec.partition_type(schema).is_ok()).ok_or_else(|| {
            Error::new(Code::CorruptTable, format!("no schema of the table has the columns of partition spec {}", spec.spec_id()))
        })
    }

    async fn manifest(
        &mut self,
        content: ManifestContentType,
        spec_id: i32,
        entries: &[(Status, &FileEntry)],
        litter: &mut Litter,
    ) -> Result<ManifestFile> {
        let number = self.identity.next_file();
        let path = format!("{}/metadata/{}-m{number}.avro", self.metadata.location(), self.identity.commit);
        let spec = self.spec(spec_id)?;
        let schema = self.schema_for(spec)?.clone();
        let partition = spec.partition_type(&schema).map_err(drafting)?;
        let builder = ManifestWriterBuilder::new(self.drafts.file(&path), Some(self.identity.snapshot_id), schema, spec.as_ref().clone());
        let mut writer = match content {
            ManifestContentType::Data => builder.build_v2_data(),
            ManifestContentType::Deletes => builder.build_v2_deletes(),
        };
        for (status, entry) in entries {
            let (file, sequence) = (fitting(&entry.file, spec_id, &partition)?.into_owned(), entry.sequence_number);
            // Files from before sequence numbers have number zero throughout.
            let file_sequence = Some(entry.file_sequence_number.unwrap_or(sequence));
            match status {
                Status::Added => writer.add_file(file, -1),
                Status::Existing => writer.add_existing_file(file, entry.snapshot_id, sequence, file_sequence),
                Status::Deleted => writer.add_delete_file(file, sequence, file_sequence),
            }
            .map_err(drafting)?;
        }
        let mut manifest = writer.write_manifest_file().await.map_err(drafting)?;
        manifest.manifest_length = self.store(&path, litter).await?;
        Ok(manifest)
    }

    /// Gives the length of what is stored.
    async fn store(&self, path: &str, litter: &mut Litter) -> Result<i64> {
        let bytes = self.drafts.take(path).await?;
        let length = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        litter.add(path);
        self.files.storage.write(path, bytes).await?;
        Ok(length)
    }

    fn count(&mut self, file: &FileEntry, status: Status) -> Result<()> {
        let spec = self.spec(file.spec_id)?.clone();
        let schema = self.schema_for(&spec)?.clone();
        let described = fitting(&file.file, file.spec_id, &spec.partition_type(&schema).map_err(drafting)?)?;
        match status {
            Status::Added => self.summary.add_file(&described, schema, spec),
            Status::Deleted => self.summary.remove_file(&described, schema, spec),
            Status::Existing => {}
        }
        Ok(())
    }

    /// The manifests of new files.
    async fn added(&mut self, change: &Change, litter: &mut Litter) -> Result<Vec<ManifestFile>> {
        let entries: Vec<FileEntry> = change.written().map(|file| entry(file, 0, self.identity.snapshot_id)).collect();
        for file in &entries {
            self.count(file, Status::Added)?;
        }
        if let Some(added) = &self.identity.added {
            return Ok(added.clone());
        }
        let mut groups: BTreeMap<(bool, i32), Vec<(Status, &FileEntry)>> = BTreeMap::new();
        for file in &entries {
            groups.entry((!file.is_data(), file.spec_id)).or_default().push((Status::Added, file));
        }
        let mut manifests = Vec::new();
        for ((deletes, spec_id), group) in groups {
            let content = if deletes { ManifestContentType::Deletes } else { ManifestContentType::Data };
            for part in group.chunks(ENTRIES_PER_MANIFEST) {
                manifests.push(self.manifest(content, spec_id, part, litter).await?);
            }
        }
        self.identity.added = Some(manifests.clone());
        Ok(manifests)
    }

    /// The base's manifests without what is removed.
    async fn carried(&mut self, remove: &Remove, before: &[ManifestFile], litter: &mut Litter) -> Result<Vec<ManifestFile>, Refusal> {
        let paths = match remove {
            Remove::None => return Ok(before.to_vec()),
            Remove::All => None,
            Remove::Paths(paths) => Some(paths),
        };
        let mut missing: HashSet<&str> = paths.into_iter().flatten().map(String::as_str).collect();
        let mut manifests = Vec::with_capacity(before.len());
        for manifest in before {
            let entries = self.files.entries(manifest).await?;
            let goes = |file: &FileEntry| match paths {
                None => true,
                Some(paths) => {
                    paths.contains(file.file.file_path())
                        || (file.file.content_type() == DataContentType::PositionDeletes
                            && file.file.referenced_data_file().is_some_and(|data| paths.contains(&data)))
                }
            };
            if !entries.iter().any(goes) {
                manifests.push(manifest.clone());
                continue;
            }
            let mut statuses = Vec::with_capacity(entries.len());
            for file in entries.iter() {
                let status = if goes(file) { Status::Deleted } else { Status::Existing };
                if status == Status::Deleted {
                    missing.remove(file.file.file_path());
                    self.count(file, status)?;
                }
                statuses.push((status, file));
            }
            manifests.push(self.manifest(manifest.content, manifest.partition_spec_id, &statuses, litter).await?);
        }
        match missing.into_iter().next() {
            Some(path) => Err(Refusal::Conflict(format!("the file `{path}` is no longer in the table"))),
            None => Ok(manifests),
        }
    }

    // A delete of rows of a file that is gone would be of no effect, and the rows might live on elsewhere.
    async fn check_deletes(&self, change: &Change, before: &[ManifestFile]) -> Result<(), Refusal> {
        let mut wanted: BTreeSet<String> = change.add_deletes.iter().filter_map(|file| file.file.referenced_data_file()).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        for manifest in before.iter().filter(|manifest| manifest.content == ManifestContentType::Data) {
            for file in self.files.entries(manifest).await?.iter() {
                wanted.remove(file.file.file_path());
            }
        }
        match wanted.into_iter().next() {
            Some(path) => Err(Refusal::Conflict(format!("the file `{path}` is no longer in the table"))),
            None => Ok(()),
        }
    }

    /// Small manifests of one spec and content made into larger ones, when there are many.
    async fn merged(&mut self, manifests: Vec<ManifestFile>, however_few: bool, litter: &mut Litter) -> Result<Vec<ManifestFile>> {
        let property = |key: &str| self.metadata.properties().get(key).and_then(|value| value.parse::<i64>().ok());
        let enabled = self.metadata.properties().get("commit.manifest-merge.enabled").is_none_or(|value| value != "false");
        let wanted = property("commit.manifest.min-count-to-merge").and_then(|n| usize::try_from(n).ok()).unwrap_or(MERGE_COUNT);
        let least = if however_few { 2 } else { wanted };
        let bytes = property("commit.manifest.target-size-bytes").unwrap_or(MERGE_BYTES);
        // What this snapshot takes out must be said in it: a manifest made by it stays as it is.
        let mine = self.identity.snapshot_id;
        let mergeable = |m: &ManifestFile| m.added_snapshot_id != mine && m.manifest_length < bytes;
        let mut groups: BTreeMap<(bool, i32), usize> = BTreeMap::new();
        for manifest in manifests.iter().filter(|m| mergeable(m)) {
            *groups.entry((manifest.content == ManifestContentType::Deletes, manifest.partition_spec_id)).or_default() += 1;
        }
        groups.retain(|_, count| *count >= least.max(2));
        if groups.is_empty() || !(enabled || however_few) {
            return Ok(manifests);
        }
        let mut bins: BTreeMap<(bool, i32), Vec<ManifestFile>> = BTreeMap::new();
        let mut merged = Vec::new();
        for manifest in manifests {
            let key = (manifest.content == ManifestContentType::Deletes, manifest.partition_spec_id);
            if !mergeable(&manifest) || !groups.contains_key(&key) {
                merged.push(manifest);
                continue;
            }
            let bin = bins.entry(key).or_default();
            bin.push(manifest);
            if bin.iter().map(|m| m.manifest_length).sum::<i64>() >= bytes {
                let full = std::mem::take(bin);
                merged.push(self.merge(&full, litter).await?);
            }
        }
        for bin in bins.into_values().filter(|bin| !bin.is_empty()) {
            merged.push(self.merge(&bin, litter).await?);
        }
        Ok(merged)
    }

    async fn merge(&mut self, bin: &[ManifestFile], litter: &mut Litter) -> Result<ManifestFile> {
        if let [only] = bin {
            return Ok(only.clone());
        }
        let files = self.files.all_entries(bin).await?;
        let entries: Vec<(Status, &FileEntry)> = files.iter().map(|file| (Status::Existing, file)).collect();
        self.manifest(bin[0].content, bin[0].partition_spec_id, &entries, litter).await
    }

    async fn list(&mut self, manifests: Vec<ManifestFile>, parent: Option<i64>, litter: &mut Litter) -> Result<String> {
        let attempt = self.identity.next_file();
        let path =
            format!("{}/metadata/snap-{}-{attempt}-{}.avro", self.metadata.location(), self.identity.snapshot_id, self.identity.commit);
        let out = self.drafts.file(&path).writer().await.map_err(drafting)?;
        let mut writer = ManifestListWriter::v2(out, self.identity.snapshot_id, parent, self.metadata.next_sequence_number());
        writer.add_manifests(manifests.into_iter()).map_err(drafting)?;
        writer.close().await.map_err(drafting)?;
        self.store(&path, litter).await?;
        Ok(path)
    }

    /// Totals after the snapshot: the base's and the difference, or counted when the base does not say.
    async fn totals(
        &self,
        change: &Change,
        manifests: &[ManifestFile],
        delta: &HashMap<String, String>,
    ) -> Result<HashMap<String, String>> {
        const TOTALS: [(&str, &str, &str); 6] = [
            ("total-data-files", "added-data-files", "deleted-data-files"),
            ("total-delete-files", "added-delete-files", "removed-delete-files"),
            ("total-records", "added-records", "deleted-records"),
            ("total-files-size", "added-files-size", "removed-files-size"),
            ("total-position-deletes", "added-position-deletes", "removed-position-deletes"),
            ("total-equality-deletes", "added-equality-deletes", "removed-equality-deletes"),
        ];
        let number = |from: &HashMap<String, String>, key: &str| from.get(key).and_then(|value| value.parse::<u64>().ok());
        let base = change.target.base().and_then(super::table::Table::summary);
        let sums = TOTALS.map(|(total, added, removed)| {
            let before = match (base, change.target.base()) {
                (Some(summary), _) => number(summary, total)?,
                (None, _) => 0,
            };
            let after = (before + number(delta, added).unwrap_or(0)).checked_sub(number(delta, removed).unwrap_or(0))?;
            Some((total.to_owned(), after.to_string()))
        });
        if sums.iter().all(Option::is_some) {
            return Ok(sums.into_iter().flatten().collect());
        }
        let mut counts = [0u64; 6];
        for manifest in manifests.iter().filter(|manifest| is_live(manifest)) {
            for entry in self.files.entries(manifest).await?.iter() {
                counts[3] += entry.file.file_size_in_bytes();
                match entry.file.content_type() {
                    DataContentType::Data => {
                        counts[0] += 1;
                        counts[2] += entry.file.record_count();
                    }
                    DataContentType::PositionDeletes => {
                        counts[1] += 1;
                        counts[4] += entry.file.record_count();
                    }
                    DataContentType::EqualityDeletes => {
                        counts[1] += 1;
                        counts[5] += entry.file.record_count();
                    }
                }
            }
        }
        Ok(TOTALS.iter().zip(counts).map(|((total, ..), count)| ((*total).to_owned(), count.to_string())).collect())
    }
}
