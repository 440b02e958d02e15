//! Which metadata file is the table: the one word that decides what a lake holds.
//!
//! A [`Catalog`] maps a name to a pointer and moves pointers by compare-and-swap, several at once or none. It never opens the file it
//! points to. [`SqliteCatalog`] is the embedded one, in the layout that PyIceberg and Java's JDBC catalog share; [`MemoryCatalog`] serves
//! `memory://`. Every catalog passes the same suite, `catalog_contract`.

mod memory;
mod sqlite;

use std::fmt;

use async_trait::async_trait;

use crate::error::{Error, Result};
use crate::name::Name;

pub use memory::MemoryCatalog;
pub use sqlite::SqliteCatalog;

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// Rows.
    Table,
    /// A stored query.
    View,
}

/// Where a table or view is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    /// Table or view.
    pub kind: EntryKind,
    /// The absolute URL of its current metadata file.
    pub metadata_location: String,
}

/// A name and what it stands for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Entry {
    /// The name.
    pub name: Name,
    /// Table or view.
    pub kind: EntryKind,
}

/// One pointer to move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PointerChange {
    /// The table or view.
    pub name: Name,
    /// Where it must be now; `None`: it must not exist.
    pub from: Option<Pointer>,
    /// Where it is afterwards; `None`: dropped.
    pub to: Option<Pointer>,
}

/// What a catalog can do beyond moving one pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// Several pointers move together or not at all.
    pub atomic_across_tables: bool,
    /// It holds views.
    pub views: bool,
}

/// Why a commit did not succeed.
#[derive(Debug, Clone)]
pub enum CommitFailure {
    /// This name's pointer was not where it had to be. Nothing was moved.
    Conflict(Name),
    /// Nothing was moved.
    Failed(Error),
    /// The answer was lost: all pointers were moved, or none.
    Unknown(Error),
}

/// Names and pointers.
#[async_trait]
pub trait Catalog: fmt::Debug + Send + Sync {
    /// Where a table or view is; `None` when there is none of that name.
    async fn load(&self, name: &Name) -> Result<Option<Pointer>>;

    /// Every table and view with a name that a lake can have, in the order of their names. Others, made by other programs, are left out.
    async fn list(&self) -> Result<Vec<Entry>>;

    /// The namespaces that hold something, in order.
    async fn namespaces(&self) -> Result<Vec<String>> {
        let mut namespaces: Vec<String> = self.list().await?.into_iter().map(|entry| entry.name.namespace).collect();
        namespaces.dedup();
        Ok(namespaces)
    }

    /// Moves all pointers or none.
    async fn commit(&self, changes: &[PointerChange]) -> Result<(), CommitFailure>;

    /// What it can do.
    fn capabilities(&self) -> Capabilities;
}
