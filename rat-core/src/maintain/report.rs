//! What maintenance did.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::error::Error;
use crate::name::Name;

/// What maintenance did, or with [`dry_run`](Self::dry_run) would do, table by table.
#[derive(Debug, Clone, Serialize)]
pub struct MaintenanceReport {
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// One entry a table, in the order of their names.
    #[serde(flatten, serialize_with = "ok_and_tables")]
    pub tables: Vec<MaintainedTable>,
}

fn all_ok(tables: &[MaintainedTable]) -> bool {
    tables.iter().all(|table| table.error.is_none())
}

fn ok_and_tables<S: Serializer>(tables: &[MaintainedTable], serializer: S) -> Result<S::Ok, S::Error> {
    let mut fields = serializer.serialize_map(Some(2))?;
    fields.serialize_entry("ok", &all_ok(tables))?;
    fields.serialize_entry("tables", tables)?;
    fields.end()
}

impl MaintenanceReport {
    /// Whether every table was maintained.
    pub fn is_ok(&self) -> bool {
        all_ok(&self.tables)
    }

    /// The report when every table was maintained, else the first table's error.
    ///
    /// # Errors
    /// Whatever stopped the maintenance of that table.
    pub fn into_result(self) -> Result<Self, Error> {
        match self.tables.iter().find_map(|table| table.error.clone()) {
            Some(error) => Err(error),
            None => Ok(self),
        }
    }
}

/// What was done to one table.
#[derive(Debug, Clone, Serialize)]
pub struct MaintainedTable {
    /// The table.
    pub name: Name,
    /// Data files that were written again, because they were small or most of their rows deleted.
    pub files_rewritten: u64,
    /// Data files in their place; zero in a dry run.
    pub files_written: u64,
    /// Bytes of the files that were written again.
    pub bytes_rewritten: u64,
    /// Snapshots the table no longer has.
    pub snapshots_expired: u64,
    /// Files that only those snapshots reached, deleted.
    pub files_deleted: u64,
    /// The bytes of those, as far as the metadata says.
    pub bytes_deleted: u64,
    /// Files that nothing reached, deleted.
    pub orphans_deleted: u64,
    /// The bytes of those.
    pub orphan_bytes: u64,
    /// Files written anew with the paths of where the lake is now; only when that was asked for.
    pub files_relocated: u64,
    /// Why the table could not be maintained, or not to the end.
    pub error: Option<Error>,
}

impl MaintainedTable {
    pub(super) fn new(name: &Name) -> Self {
        Self {
            name: name.clone(),
            files_rewritten: 0,
            files_written: 0,
            bytes_rewritten: 0,
            snapshots_expired: 0,
            files_deleted: 0,
            bytes_deleted: 0,
            orphans_deleted: 0,
            orphan_bytes: 0,
            files_relocated: 0,
            error: None,
        }
    }
}
