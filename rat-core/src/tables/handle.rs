//! The tables of one lake.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::BoxFuture;
use parking_lot::Mutex;

use crate::clock::Clock;
use crate::error::{Code, Error, Result};
use crate::ids::Ids;
use crate::name::Name;
use crate::storage::Storage;

use super::catalog::{Catalog, CommitFailure, Entry, EntryKind, MemoryCatalog, Pointer, PointerChange, SqliteCatalog};
use super::files::Files;
use super::table::Table;
use super::view::View;

/// Where the embedded catalog is inside a lake.
const EMBEDDED_CATALOG: &str = ".rat/catalog.db";

/// The tables of one lake. Cheap to clone; clones share what was read.
#[derive(Debug, Clone)]
pub struct Tables(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    files: Arc<Files>,
    catalog: Arc<dyn Catalog>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    /// What is shown before it is published.
    ahead: Mutex<BTreeMap<Name, Relation>>,
}

/// What a name stands for.
#[derive(Debug, Clone)]
pub enum Relation {
    /// Rows.
    Table(Table),
    /// A stored query.
    View(View),
}

impl Tables {
    /// The tables that a catalog names. Reads nothing yet.
    pub fn open(storage: Storage, catalog: Arc<dyn Catalog>, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self(Arc::new(Inner { files: Arc::new(Files::new(storage)), catalog, clock, ids, ahead: Mutex::default() }))
    }

    /// The same tables, to show some of them before they are published. Publishing is for the handle this was made of: here what is shown
    /// would be taken for published.
    #[must_use]
    pub fn ahead(&self) -> Self {
        let Inner { files, catalog, clock, ids, .. } = self.0.as_ref();
        let (files, catalog) = (Arc::clone(files), Arc::clone(catalog));
        Self(Arc::new(Inner { files, catalog, clock: Arc::clone(clock), ids: Arc::clone(ids), ahead: Mutex::default() }))
    }

    /// Lets [`find`](Self::find) find this under its name, whatever the catalog says.
    pub fn show(&self, relation: Relation) {
        let name = match &relation {
            Relation::Table(table) => table.name().clone(),
            Relation::View(view) => view.name().clone(),
        };
        self.0.ahead.lock().insert(name, relation);
    }

    /// Ends all of that.
    pub fn hide(&self) {
        self.0.ahead.lock().clear();
    }

    /// Whether a name stands for something that is not published yet.
    pub fn is_ahead(&self, name: &Name) -> bool {
        self.0.ahead.lock().contains_key(name)
    }

    /// The tables of a lake that keeps its own catalog: `.rat/catalog.db` in a folder, or memory. Reads nothing yet.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when the storage can hold no catalog.
    pub fn embedded(storage: Storage, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Result<Self> {
        let catalog: Arc<dyn Catalog> = match storage.is_memory() {
            true => Arc::new(MemoryCatalog::default()),
            false => Arc::new(SqliteCatalog::new(&storage, EMBEDDED_CATALOG)?),
        };
        Ok(Self::open(storage, catalog, clock, ids))
    }

    /// The lake's storage.
    pub fn storage(&self) -> &Storage {
        &self.0.files.storage
    }

    /// The catalog.
    pub fn catalog(&self) -> &Arc<dyn Catalog> {
        &self.0.catalog
    }

    pub(super) fn files(&self) -> &Arc<Files> {
        &self.0.files
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        self.0.clock.as_ref()
    }

    pub(super) fn ids(&self) -> &dyn Ids {
        self.0.ids.as_ref()
    }

    /// The table of that name as it is now; `None` when there is none, or a view. One question to the catalog; metadata already read is not
    /// read again.
    ///
    /// # Errors
    /// `CORRUPT_TABLE`, `UNSUPPORTED_FORMAT`, `LAKE_MOVED`, and codes of the catalog and the storage.
    #[inline(never)]
    pub fn load<'a>(&'a self, name: &'a Name) -> BoxFuture<'a, Result<Option<Table>>> {
        Box::pin(async move {
            match self.0.catalog.load(name).await? {
                Some(pointer) if pointer.kind == EntryKind::Table => Ok(Some(self.table_at(name, &pointer).await?)),
                _ => Ok(None),
            }
        })
    }

    /// The table of that name, or an error that names it.
    ///
    /// # Errors
    /// `TABLE_NOT_FOUND`, and as [`load`](Self::load).
    pub async fn get(&self, name: &Name) -> Result<Table> {
        self.load(name).await?.ok_or_else(|| Error::new(Code::TableNotFound, format!("there is no table `{name}`")))
    }

    /// The view of that name as it is now; `None` when there is none, or a table.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    #[inline(never)]
    pub fn view<'a>(&'a self, name: &'a Name) -> BoxFuture<'a, Result<Option<View>>> {
        Box::pin(async move {
            match self.find(name).await? {
                Some(Relation::View(view)) => Ok(Some(view)),
                _ => Ok(None),
            }
        })
    }

    /// The table or view of that name as it is now.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    #[inline(never)]
    pub fn find<'a>(&'a self, name: &'a Name) -> BoxFuture<'a, Result<Option<Relation>>> {
        Box::pin(async move {
            if let Some(shown) = self.0.ahead.lock().get(name) {
                return Ok(Some(shown.clone()));
            }
            let Some(pointer) = self.0.catalog.load(name).await? else { return Ok(None) };
            match pointer.kind {
                EntryKind::Table => Ok(Some(Relation::Table(self.table_at(name, &pointer).await?))),
                EntryKind::View => Ok(Some(Relation::View(self.view_at(name, &pointer).await?))),
            }
        })
    }

    async fn table_at(&self, name: &Name, pointer: &Pointer) -> Result<Table> {
        self.inside(name, pointer)?;
        let metadata = self.0.files.table_metadata(&pointer.metadata_location).await?;
        Ok(Table::new(name.clone(), Arc::clone(&self.0.files), metadata, Some(pointer.metadata_location.clone())))
    }

    async fn view_at(&self, name: &Name, pointer: &Pointer) -> Result<View> {
        self.inside(name, pointer)?;
        let metadata = self.0.files.view_metadata(&pointer.metadata_location).await?;
        Ok(View::new(name.clone(), metadata, pointer.metadata_location.clone()))
    }

    // Iceberg's paths are absolute: after a folder was moved they point to where it was.
    fn inside(&self, name: &Name, pointer: &Pointer) -> Result<()> {
        match self.storage().relative(&pointer.metadata_location) {
            Some(_) => Ok(()),
            None => Err(self.moved(name, pointer)),
        }
    }

    /// The error of a table whose files are elsewhere.
    pub(super) fn moved(&self, name: &Name, pointer: &Pointer) -> Error {
        let storage = self.storage();
        let folder = format!("/{}/{}/{}/metadata/", name.namespace, name.layer, name.name);
        let before = pointer.metadata_location.split_once(&folder).map_or(pointer.metadata_location.as_str(), |(before, _)| before);
        Error::new(Code::LakeMoved, format!("the tables of this lake are in `{before}`, and it was opened at `{}`", storage.url()))
            .with_help(format!("relocate it, `rat maintain --relocate`, or move the folder back to `{before}`"))
            .with_context("table", name)
    }

    /// Every table and view, in the order of their names.
    ///
    /// # Errors
    /// Codes of the catalog.
    pub async fn list(&self) -> Result<Vec<Entry>> {
        self.0.catalog.list().await
    }

    /// Gives a table or view another name, in one change of the catalog: its files, snapshots, history and facts stay as they are and where
    /// they are. `false` when there is none of the old name.
    ///
    /// # Errors
    /// `TABLE_EXISTS`; `COMMIT_CONFLICT` when somebody writes to it at the same time, and codes of the catalog.
    #[inline(never)]
    pub fn rename<'a>(&'a self, from: &'a Name, to: &'a Name) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async move {
            let catalog = &self.0.catalog;
            let Some(pointer) = catalog.load(from).await? else { return Ok(false) };
            let taken = || Error::new(Code::TableExists, format!("there is a table or view `{to}` already"));
            if catalog.load(to).await?.is_some() {
                return Err(taken());
            }
            let leaves = PointerChange { name: from.clone(), from: Some(pointer.clone()), to: None };
            let arrives = PointerChange { name: to.clone(), from: None, to: Some(pointer.clone()) };
            match catalog.commit(&[leaves, arrives]).await {
                Ok(()) => Ok(true),
                Err(CommitFailure::Conflict(name)) if name == *to => Err(taken()),
                Err(CommitFailure::Conflict(_)) => Err(Error::new(Code::CommitConflict, format!("`{from}` changed while it was renamed"))),
                Err(CommitFailure::Failed(error)) => Err(error),
                // Both pointers moved or none: the new name tells.
                Err(CommitFailure::Unknown(error)) => match catalog.load(to).await {
                    Ok(Some(now)) if now == pointer => Ok(true),
                    _ => Err(error),
                },
            }
        })
    }

    /// Takes a table or view out of the catalog; `false` when there is none. Its files stay until maintenance removes them.
    ///
    /// # Errors
    /// `COMMIT_CONFLICT` when somebody writes to it at the same time, and codes of the catalog.
    #[inline(never)]
    pub fn drop<'a>(&'a self, name: &'a Name) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async move {
            let Some(pointer) = self.0.catalog.load(name).await? else { return Ok(false) };
            let change = PointerChange { name: name.clone(), from: Some(pointer), to: None };
            match self.0.catalog.commit(&[change]).await {
                Ok(()) => Ok(true),
                Err(CommitFailure::Conflict(_)) => Err(Error::new(Code::CommitConflict, format!("`{name}` changed while it was dropped"))),
                Err(CommitFailure::Failed(error)) => Err(error),
                // Dropping is done when the name is gone, whoever's answer was lost.
                Err(CommitFailure::Unknown(error)) => match self.0.catalog.load(name).await {
                    Ok(None) => Ok(true),
                    _ => Err(error),
                },
            }
        })
    }
}
