//! `lake.tables()`: what the lake holds, from the catalog and the tables' metadata.

use std::collections::BTreeMap;

use arrow::datatypes::SchemaRef;
use serde::Serialize;

use super::Lake;
use crate::error::{Code, Error, Result, nearest};
use crate::name::Name;
use crate::plan::{Column, columns};
use crate::tables::{Entry, EntryKind, HistoryEntry, NamedReference, Relation, Table, View};

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
