//! `lake.tables()`: what the lake holds, from the catalog and the tables' metadata.

use std::collections::BTreeMap;

use arrow::datatypes::SchemaRef;
use serde::Serialize;

use super::Lake;
use crate::error::{Code, Error, Result, nearest};
use crate::name::Name;
use crate::plan::{Column, columns};
use crate::query;
use crate::tables::{Entry, EntryKind, HistoryEntry, NamedReference, ReferenceChange, Relation, Table, View};

/// A table or view as the catalog and its current snapshot describe it; nothing is scanned.
#[derive(Debug, Clone, Serialize)]
pub struct TableInfo {
    /// `namespace.layer.name`.
    pub name: Name,
    /// Table or view.
    pub kind: EntryKind,
    /// The columns, as Arrow has them.
    #[serde(skip)]
    pub schema: SchemaRef,
    /// The columns, with the types that SQL writes.
    pub columns: Vec<Column>,
    /// Rows of the current snapshot; `None` while deletes make it unknown, and for a view; 0 before the first.
    pub row_count: Option<u64>,
    /// Bytes of its files.
    pub size_bytes: Option<u64>,
    /// Its data files.
    pub file_count: Option<u64>,
    /// The current snapshot.
    pub snapshot_id: Option<i64>,
    /// The metadata file the catalog points to.
    pub metadata_location: Option<String>,
    /// The table's folder.
    pub location: String,
    /// How new files are partitioned, as `partition_by` writes it: `day(ts)`.
    pub partition_by: Vec<String>,
    /// The order new files are in.
    pub sort_by: Vec<String>,
    /// Branches and tags.
    pub references: Vec<NamedReference>,
    /// The properties.
    pub properties: BTreeMap<String, String>,
    /// The stored SQL of a view.
    pub sql: Option<String>,
}

/// The tables of a lake.
#[derive(Debug, Clone, Copy)]
pub struct TableList<'a>(pub(super) &'a Lake);

impl TableList<'_> {
    /// Tables and views, by name.
    ///
    /// # Errors
    /// `CATALOG_UNAVAILABLE`, `CORRUPT_CATALOG`, `CLOSED`.
    pub async fn list(&self) -> Result<Vec<Entry>> {
        self.0.tables_open()?.list().await
    }

    /// One table or view, by `layer.name` or `namespace.layer.name`.
    ///
    /// # Errors
    /// `TABLE_NOT_FOUND`, `INVALID_REF`, `UNKNOWN_LAYER`, `CORRUPT_TABLE`, and as [`list`](Self::list).
    pub async fn get(&self, name: &str) -> Result<TableInfo> {
        let tables = self.0.tables_open()?;
        let name = self.0.name(name)?;
        match tables.find(&name).await? {
            Some(Relation::Table(table)) => of_table(&table),
            Some(Relation::View(view)) => of_view(&view),
            None => Err(self.not_found(&name).await?),
        }
    }

    /// Every snapshot a table still has, newest first.
    ///
    /// # Errors
    /// As [`get`](Self::get); a view has no history, and is `TABLE_NOT_FOUND`.
    pub async fn history(&self, name: &str) -> Result<Vec<HistoryEntry>> {
        Ok(self.table(name).await?.history())
    }

    /// Makes a snapshot of a table's history what readers see again: its rows, and what runs knew of it (how far it was, which landed files
    /// were consumed). Its columns stay those of now; snapshots made since stay in the history. One atomic change.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when the table has no such snapshot, `READ_ONLY_LAKE`, `COMMIT_CONFLICT`, and as [`history`](Self::history).
    pub async fn rollback(&self, name: &str, snapshot_id: i64) -> Result<TableInfo> {
        self.change(name, ReferenceChange::Rollback(snapshot_id)).await
    }

    /// Gives a snapshot, or the current one, a name that stays: maintenance keeps it, and `as_of` finds it.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for a name that cannot be used or is taken, and as [`rollback`](Self::rollback).
    pub async fn tag(&self, name: &str, tag: &str, snapshot_id: Option<i64>) -> Result<TableInfo> {
        self.change(name, ReferenceChange::Tag(tag.to_owned(), snapshot_id)).await
    }

    /// Starts a branch at a snapshot, or at the current one.
    ///
    /// # Errors
    /// As [`tag`](Self::tag).
    pub async fn branch(&self, name: &str, branch: &str, snapshot_id: Option<i64>) -> Result<TableInfo> {
        self.change(name, ReferenceChange::Branch(branch.to_owned(), snapshot_id)).await
    }

    /// Removes a tag or a branch. Its snapshots stay until maintenance.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when there is none, and for `main`; and as [`rollback`](Self::rollback).
    pub async fn untag(&self, name: &str, tag: &str) -> Result<TableInfo> {
        self.change(name, ReferenceChange::Remove(tag.to_owned())).await
    }

    /// Gives a table or view another name, such as the one that its pipeline has now: rows, snapshots, history, watermark and what was
    /// consumed go with it, and no file is touched. One atomic change. Whoever reads it by its old name does not find it any more.
    ///
    /// # Errors
    /// `TABLE_NOT_FOUND`, `TABLE_EXISTS`, `TABLE_HAS_PIPELINE` when the pipeline of the old name is still there and would make it anew;
    /// `READ_ONLY_LAKE`, `COMMIT_CONFLICT` when somebody writes to it at the same time, and as [`list`](Self::list).
    pub async fn rename(&self, name: &str, to: &str) -> Result<TableInfo> {
        self.0.writable()?;
        let (from, to) = (self.0.name(name)?, self.0.name(to)?);
        if self.0.loaded().await?.code.project.pipelines.contains_key(&from) {
            return Err(Error::new(Code::TableHasPipeline, format!("`{}` is made by the pipeline of that name", from.short()))
                .with_help("rename the pipeline's folder first"));
        }
        match self.0.tables_open()?.rename(&from, &to).await? {
            true => self.get(&to.to_string()).await,
            false => Err(self.not_found(&from).await?),
        }
    }

    /// Takes a table or view out of the catalog. Its files stay until maintenance removes them. The pipeline that makes it, if one does,
    /// stays too, and its next run is a first run.
    ///
    /// # Errors
    /// `TABLE_NOT_FOUND`, `READ_ONLY_LAKE`, `COMMIT_CONFLICT` when somebody writes to it at the same time, and as [`list`](Self::list).
    pub async fn drop(&self, name: &str) -> Result<()> {
        self.0.writable()?;
        let name = self.0.name(name)?;
        match self.0.tables_open()?.drop(&name).await? {
            true => Ok(()),
            false => Err(self.not_found(&name).await?),
        }
    }

    async fn change(&self, name: &str, change: ReferenceChange) -> Result<TableInfo> {
        self.0.writable()?;
        let table = self.table(name).await?;
        of_table(&self.0.tables_open()?.change_reference(table.name(), &change).await?)
    }

    pub(super) async fn table(&self, name: &str) -> Result<Table> {
        let tables = self.0.tables_open()?;
        let name = self.0.name(name)?;
        match tables.find(&name).await? {
            Some(Relation::Table(table)) => Ok(table),
            Some(Relation::View(_)) => {
                let message = format!("`{name}` is a view, which has no snapshots of its own");
                Err(Error::new(Code::TableNotFound, message).with_help("name a table that it reads"))
            }
            None => Err(self.not_found(&name).await?),
        }
    }

    async fn not_found(&self, name: &Name) -> Result<Error> {
        let error = Error::new(Code::TableNotFound, format!("there is no table `{name}`"));
        if let Some(absent) = query::Project::pipelines(self.0).await?.get(name) {
            let (_, message, help) = absent.told(name, self.0.namespace());
            return Ok(Error::new(Code::TableNotFound, message).with_help(help));
        }
        let names: Vec<String> = self.list().await?.into_iter().map(|entry| entry.name.to_string()).collect();
        Ok(match nearest(&name.to_string(), names.iter().map(String::as_str)) {
            Some(near) => error.with_help(format!("did you mean `{near}`?")),
            None => error,
        })
    }
}

fn of_table(table: &Table) -> Result<TableInfo> {
    let schema = table.schema()?;
    Ok(TableInfo {
        name: table.name().clone(),
        kind: EntryKind::Table,
        columns: columns(&schema),
        schema,
        row_count: table.row_count(),
        size_bytes: table.size_bytes(),
        file_count: table.file_count(),
        snapshot_id: table.snapshot_id(),
        metadata_location: table.metadata_location().map(str::to_owned),
        location: table.location().to_owned(),
        partition_by: table.partition_by(),
        sort_by: table.sort_by(),
        references: table.references(),
        properties: table.properties().iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
        sql: None,
    })
}

fn of_view(view: &View) -> Result<TableInfo> {
    let schema = view.schema()?;
    Ok(TableInfo {
        name: view.name().clone(),
        kind: EntryKind::View,
        columns: columns(&schema),
        schema,
        row_count: None,
        size_bytes: None,
        file_count: None,
        snapshot_id: None,
        metadata_location: Some(view.metadata_location().to_owned()),
        location: view.location().to_owned(),
        partition_by: Vec::new(),
        sort_by: Vec::new(),
        references: Vec::new(),
        properties: view.properties().iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
        sql: Some(view.sql().to_owned()),
    })
}
