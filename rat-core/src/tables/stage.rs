//! A snapshot that exists and is nobody's truth yet.

use std::sync::Arc;

use crate::error::{Code, Error, Result};

use super::catalog::{EntryKind, Pointer};
use super::change::Change;
use super::files::FileEntry;
use super::handle::Tables;
use super::litter::Litter;
use super::snapshot::{Identity, Made, Refusal, make};
use super::table::Table;

/// A change that is ready: its files and manifests are written, its snapshot is in memory. It can be scanned, and published or discarded.
/// Dropped, it is discarded in the background.
#[derive(Debug)]
pub struct Staged {
    pub(super) tables: Tables,
    pub(super) change: Change,
    pub(super) identity: Identity,
    pub(super) table: Table,
    added: Vec<FileEntry>,
    /// Data files and their manifests: they serve every base.
    pub(super) lasting: Litter,
    /// What is of use on this base alone: rewritten manifests, the list, the metadata file.
    pub(super) passing: Litter,
    /// The metadata file for this base, once it is written.
    pub(super) metadata_location: Option<String>,
    /// How many of `lasting` survive a power cut already.
    pub(super) synced: usize,
}

impl Staged {
    /// The table as it would be published.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// The table with only the rows that this change adds.
    pub fn added(&self) -> Table {
        self.table.only(self.added.clone())
    }

    /// The id its snapshot has when it is published.
    pub fn snapshot_id(&self) -> i64 {
        self.identity.snapshot_id
    }

    /// The change it was made of.
    pub fn change(&self) -> &Change {
        &self.change
    }

    /// Gives the change back, with its data files: only what was made of them for a snapshot is deleted. For a merge that is done again.
    pub async fn into_change(self) -> Change {
        let Self { tables, change, lasting, passing, .. } = self;
        passing.clear().await;
        let data: std::collections::BTreeSet<&str> = change.written().map(super::change::WrittenFile::path).collect();
        let mut manifests = Litter::new(tables.storage());
        for path in lasting.keep() {
            if !data.contains(path.as_str()) {
                manifests.add(path);
            }
        }
        manifests.clear().await;
        change
    }

    /// Forgets it and deletes its files.
    pub async fn discard(self) {
        self.passing.clear().await;
        self.lasting.clear().await;
    }

    /// Where the catalog must point for this change to happen.
    pub(super) fn base_pointer(&self) -> Option<Pointer> {
        let target = &self.change.target;
        let base = || {
            target.base()?.metadata_location().map(|location| Pointer { kind: EntryKind::Table, metadata_location: location.to_owned() })
        };
        target.replaces.clone().or_else(base)
    }

    /// Makes its snapshot again on the newer base that its change's target now has.
    pub(super) async fn make_again(&mut self) -> Result<(), Refusal> {
        let mut passing = Litter::new(self.tables.storage());
        let made = make(&self.tables, &self.change, &mut self.identity, &mut self.lasting, &mut passing).await;
        let old = std::mem::replace(&mut self.passing, passing);
        old.clear().await;
        self.metadata_location = None;
        let Made { metadata, added } = made?;
        self.table = Table::new(self.change.target.name().clone(), Arc::clone(self.tables.files()), Arc::new(metadata), None);
        self.added = added;
        Ok(())
    }
}

impl Tables {
    /// Makes the snapshot of a change, which nobody sees yet. Takes over the change's files: when it fails, they are deleted.
    ///
    /// # Errors
    /// `COMMIT_CONFLICT` when a file to remove is not in the base, `CORRUPT_TABLE`, and storage codes.
    pub async fn stage(&self, change: Change) -> Result<Staged> {
        let mut lasting = Litter::new(self.storage());
        for path in &change.companions {
            lasting.add(path.clone());
        }
        let synced = change.companions.len();
        for file in change.written() {
            lasting.add(file.path());
        }
        if change.target.base().is_some_and(|base| base.metadata_location().is_none()) {
            lasting.clear().await;
            return Err(Error::new(Code::Internal, "a change was staged on a table that is itself only staged"));
        }
        let mut passing = Litter::new(self.storage());
        let mut identity = Identity::new(self, change.target.metadata());
        match make(self, &change, &mut identity, &mut lasting, &mut passing).await {
            Ok(Made { metadata, added }) => {
                let table = Table::new(change.target.name().clone(), Arc::clone(self.files()), Arc::new(metadata), None);
                Ok(Staged { tables: self.clone(), change, identity, table, added, lasting, passing, metadata_location: None, synced })
            }
            Err(refusal) => {
                passing.clear().await;
                lasting.clear().await;
                Err(match refusal {
                    Refusal::Failed(error) => error,
                    Refusal::Conflict(why) => Error::new(Code::CommitConflict, format!("`{}` changed: {why}", change.target.name())),
                })
            }
        }
    }
}
