//! What a table's metadata says of it: layout, history, branches and tags. Nothing is read but what is loaded already.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use iceberg::spec::{SnapshotRef, SortDirection, Transform};
use serde::Serialize;

use super::refs::references;
use super::table::Table;
use crate::error::{Code, Error, Result};

/// One snapshot in a table's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HistoryEntry {
    /// Its id.
    pub snapshot_id: i64,
    /// The snapshot it was made on; none for the first.
    pub parent_id: Option<i64>,
    /// When it was committed.
    #[serde(serialize_with = "crate::clock::serialize_iso")]
    pub committed_at: DateTime<Utc>,
    /// `append`, `overwrite`, `delete` or `replace`.
    pub operation: String,
    /// Whether readers see this one now.
    pub is_current: bool,
    /// Whether the current one was made on it, or is it; not after a rollback to an earlier one.
    pub is_ancestor: bool,
    /// The run that made it, if one of rat's did.
    pub run_id: Option<String>,
    /// The table's rows at it, as far as its summary tells.
    pub row_count: Option<u64>,
    /// The bytes of the table's files at it.
    pub size_bytes: Option<u64>,
    /// The table's data files at it.
    pub file_count: Option<u64>,
    /// Branches and tags that name it.
    pub references: Vec<String>,
}

/// A branch or a tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NamedReference {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: ReferenceKind,
    /// The snapshot it names.
    pub snapshot_id: i64,
}

/// Whether a name moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReferenceKind {
    /// It can be written to.
    Branch,
    /// It stays where it was put.
    Tag,
}

impl Table {
    /// The number of its data files, from the snapshot's summary; 0 before the first.
    pub fn file_count(&self) -> Option<u64> {
        match self.summary() {
            Some(summary) => summary.get("total-data-files").and_then(|value| value.parse().ok()),
            None => Some(0),
        }
    }

    /// How its new files are partitioned, as `partition_by` writes it: `day(ts)`, `bucket(16, id)`.
    pub fn partition_by(&self) -> Vec<String> {
        let column = |id: i32| self.metadata().current_schema().name_by_field_id(id).map(str::to_owned);
        let parts = self.metadata().default_partition_spec().fields().iter().filter_map(|field| {
            let column = column(field.source_id)?;
            Some(match field.transform {
                Transform::Identity => column,
                Transform::Bucket(n) => format!("bucket({n}, {column})"),
                Transform::Truncate(n) => format!("truncate({n}, {column})"),
                // A part that was dropped and keeps its place.
                Transform::Void => return None,
                other => format!("{other}({column})"),
            })
        });
        parts.collect()
    }

    /// The order its new files are in: `ts`, `amount desc`.
    pub fn sort_by(&self) -> Vec<String> {
        let columns = self.metadata().default_sort_order().fields.iter().filter_map(|field| {
            let column = self.metadata().current_schema().name_by_field_id(field.source_id)?;
            Some(match field.direction {
                SortDirection::Ascending => column.to_owned(),
                SortDirection::Descending => format!("{column} desc"),
            })
        });
        columns.collect()
    }

    /// Its branches and tags, by name.
    pub fn references(&self) -> Vec<NamedReference> {
        let named = references(self.metadata()).into_iter().map(|(name, reference)| NamedReference {
            kind: if reference.is_branch() { ReferenceKind::Branch } else { ReferenceKind::Tag },
            snapshot_id: reference.snapshot_id,
            name,
        });
        named.collect()
    }

    /// The table as readers saw it at a time, with the columns of then.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when it had no snapshot yet, or that one was expired.
    pub fn at_time(&self, time: DateTime<Utc>) -> Result<Self> {
        let millis = time.timestamp_millis();
        let seen = self.metadata().history().iter().rev().find(|entry| entry.timestamp_ms <= millis);
        match seen {
            Some(entry) => self.at_snapshot(entry.snapshot_id),
            None => {
                let when = crate::clock::to_iso(time);
                Err(Error::new(Code::InvalidArgument, format!("the history of `{}` does not go back to {when}", self.name()))
                    .with_help("name a later time, or a snapshot of its history"))
            }
        }
    }

    /// Every snapshot it still has, newest first, those that a rollback left behind included.
    pub fn history(&self) -> Vec<HistoryEntry> {
        let mut names: BTreeMap<i64, Vec<String>> = BTreeMap::new();
        for reference in self.references() {
            names.entry(reference.snapshot_id).or_default().push(reference.name);
        }
        let mut ancestors = BTreeSet::new();
        let mut next = self.metadata().current_snapshot().cloned();
        while let Some(snapshot) = next {
            ancestors.insert(snapshot.snapshot_id());
            next = snapshot.parent_snapshot_id().and_then(|id| self.metadata().snapshot_by_id(id)).cloned();
        }
        let mut snapshots: Vec<&SnapshotRef> = self.metadata().snapshots().collect();
        snapshots.sort_by_key(|snapshot| std::cmp::Reverse((snapshot.sequence_number(), snapshot.timestamp_ms())));
        let entry = |snapshot: &SnapshotRef| {
            let id = snapshot.snapshot_id();
            let then = self.at_snapshot(id).ok();
            HistoryEntry {
                snapshot_id: id,
                parent_id: snapshot.parent_snapshot_id(),
                committed_at: DateTime::from_timestamp_millis(snapshot.timestamp_ms()).unwrap_or_default(),
                operation: snapshot.summary().operation.as_str().to_owned(),
                is_current: self.metadata().current_snapshot_id() == Some(id),
                is_ancestor: ancestors.contains(&id),
                run_id: snapshot.summary().additional_properties.get("rat.run-id").cloned(),
                row_count: then.as_ref().and_then(Table::row_count),
                size_bytes: then.as_ref().and_then(Table::size_bytes),
                file_count: then.as_ref().and_then(Table::file_count),
                references: names.get(&id).cloned().unwrap_or_default(),
            }
        };
        snapshots.into_iter().map(entry).collect()
    }
}
