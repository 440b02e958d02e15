//! Letting go of snapshots.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use iceberg::spec::{SnapshotRef, SnapshotRetention, TableMetadata};
use serde_json::Value;

use crate::error::{Code, Error, Result};
use crate::name::Name;
use crate::tables::amended::remember;
use crate::tables::refs::references;
use crate::tables::{Table, Tables, format};

use super::reach::{Reach, of_snapshots};

/// Tries until a table that others write to all the time is left for the next maintenance.
const ATTEMPTS: u32 = 20;

/// Which snapshots stay, besides the current one and those that a tag names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// The newest of each branch, however old.
    pub snapshots: u32,
    /// Those that a reader who began at this time or later may read: a snapshot's age counts from when the next one took its place.
    pub read_since: DateTime<Utc>,
}

/// What expiring did, or would do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expired {
    /// Snapshots the table no longer has.
    pub snapshots: u64,
    /// Files that only they reached.
    pub files: u64,
    /// The bytes of those.
    pub bytes: u64,
}

impl Tables {
    /// Takes old snapshots out of a table's history, and deletes the files that nothing else in it reaches. With `dry_run` it only counts.
    /// The history of a table of a format version that rat does not write stays as it is.
    ///
    /// # Errors
    /// `TABLE_NOT_FOUND`, `COMMIT_CONFLICT` when other writers were always first, `CORRUPT_TABLE`, `UNSUPPORTED_FORMAT`, and codes of the
    /// storage and the catalog.
    pub async fn expire(&self, name: &Name, keep: &Keep, dry_run: bool) -> Result<Expired> {
        for attempt in 0..ATTEMPTS {
            let table = self.get(name).await?;
            let ids = expired(table.metadata(), keep);
            if ids.is_empty() || table.metadata().format_version() != format::WRITTEN {
                return Ok(Expired::default());
            }
            // Read before anything changes: a table that cannot be read whole keeps all it has.
            let unreached = unreached(&table, &ids).await?;
            let outcome = Expired { snapshots: ids.len() as u64, files: unreached.len() as u64, bytes: unreached.values().sum() };
            if dry_run {
                return Ok(outcome);
            }
            if self.amend(&table, without(&table, &ids)?).await? {
                self.remove(unreached.into_keys()).await?;
                return Ok(outcome);
            }
            self.pause(attempt).await;
        }
        Err(Error::new(Code::CommitConflict, format!("`{name}` changed whenever its history was to be shortened")))
    }

    /// Deletes files; the first failure is told when the others are gone.
    pub(super) async fn remove(&self, paths: impl IntoIterator<Item = String>) -> Result<()> {
        let mut failed = Ok(());
        for path in paths {
            if let Err(error) = self.storage().delete(&path).await {
                failed = failed.and(Err(error));
            }
        }
        failed
    }
}

fn expired(metadata: &TableMetadata, keep: &Keep) -> Vec<i64> {
    let mut kept: BTreeSet<i64> = metadata.current_snapshot_id().into_iter().collect();
    let mut ancestors = BTreeSet::new();
    for reference in references(metadata).into_values() {
        let (least, since) = match reference.retention {
            SnapshotRetention::Tag { .. } => {
                kept.insert(reference.snapshot_id);
                continue;
            }
            SnapshotRetention::Branch { min_snapshots_to_keep, max_snapshot_age_ms, .. } => {
                let least = min_snapshots_to_keep.and_then(|n| u32::try_from(n).ok()).unwrap_or(keep.snapshots);
                // A branch may ask for more than the lake does; who reads now is served whatever it asks for.
                let since = max_snapshot_age_ms.map_or(i64::MAX, |age| metadata.last_updated_ms().saturating_sub(age));
                (least, since.min(keep.read_since.timestamp_millis()))
            }
        };
        let (mut next, mut replaced_at, mut count) = (metadata.snapshot_by_id(reference.snapshot_id), i64::MAX, 0);
        while let Some(snapshot) = next {
            if count < least.max(1) || replaced_at >= since {
                kept.insert(snapshot.snapshot_id());
            }
            ancestors.insert(snapshot.snapshot_id());
            count += 1;
            replaced_at = snapshot.timestamp_ms();
            next = snapshot.parent_snapshot_id().and_then(|parent| metadata.snapshot_by_id(parent));
        }
    }
    // What is in no branch any more was put there by a rollback, or by a writer that stages in the table.
    let is_young = |snapshot: &SnapshotRef| snapshot.timestamp_ms() >= keep.read_since.timestamp_millis();
    let strays = metadata.snapshots().filter(|s| !ancestors.contains(&s.snapshot_id()) && is_young(s));
    kept.extend(strays.map(|snapshot| snapshot.snapshot_id()));
    metadata.snapshots().map(|snapshot| snapshot.snapshot_id()).filter(|id| !kept.contains(id)).collect()
}

/// What only these snapshots reach, inside the table's own folder.
async fn unreached(table: &Table, ids: &[i64]) -> Result<Reach> {
    let metadata = table.metadata();
    let (gone, stay): (Vec<SnapshotRef>, Vec<SnapshotRef>) = metadata.snapshots().cloned().partition(|s| ids.contains(&s.snapshot_id()));
    let mut unreached = of_snapshots(table.files(), metadata, &gone).await?;
    let reached = of_snapshots(table.files(), metadata, &stay).await?;
    let folder = table.storage().relative(table.location()).map(|folder| format!("{folder}/"));
    unreached.retain(|path, _| !reached.contains_key(path) && folder.as_ref().is_some_and(|folder| path.starts_with(folder)));
    Ok(unreached)
}

/// The metadata without these snapshots, written as it is stored: Iceberg's builder would date it by the operating system's clock, and refuse
/// a table whose last writer had another.
fn without(table: &Table, ids: &[i64]) -> Result<TableMetadata> {
    let defect = |e| Error::new(Code::Internal, format!("the history of `{}` could not be shortened", table.name())).with_source(e);
    let metadata = table.metadata();
    let mut stored = serde_json::to_value(metadata).map_err(defect)?;
    let is_gone = |entry: &Value| entry["snapshot-id"].as_i64().is_some_and(|id| ids.contains(&id));
    for list in ["snapshots", "statistics", "partition-statistics"] {
        if let Some(entries) = stored.get_mut(list).and_then(Value::as_array_mut) {
            entries.retain(|entry| !is_gone(entry));
        }
    }
    // A log with a gap would tell of a time what was not current then.
    if let Some(log) = stored.get_mut("snapshot-log").and_then(Value::as_array_mut) {
        let known = log.iter().rposition(is_gone).map_or(0, |last| last + 1);
        log.drain(..known);
    }
    if let Some(location) = table.metadata_location() {
        remember(&mut stored, metadata, location);
    }
    serde_json::from_value(stored).map_err(defect)
}
