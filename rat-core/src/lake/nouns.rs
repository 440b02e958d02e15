//! The nouns of a lake: its tables and its runs.

use std::collections::BTreeMap;

use arrow::datatypes::SchemaRef;

use super::Lake;
use crate::error::Result;
use crate::ledger::{LogLine, RunFilter, RunPage, RunRecord};
use crate::name::Name;
use crate::tables::{Entry, Table};

/// A table as the catalog and its current snapshot describe it; nothing is scanned.
#[derive(Debug, Clone)]
pub struct TableInfo {
    /// `namespace.layer.name`.
    pub name: Name,
    /// The columns, as Arrow has them.
    pub schema: SchemaRef,
    /// Rows of the current snapshot; `None` while deletes make it unknown, 0 before the first.
    pub row_count: Option<u64>,
    /// Bytes of its data files.
    pub size_bytes: Option<u64>,
    /// The current snapshot.
    pub snapshot_id: Option<i64>,
    /// The metadata file the catalog points to.
    pub metadata_location: Option<String>,
    /// The table's folder.
    pub location: String,
    /// The table's properties.
    pub properties: BTreeMap<String, String>,
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

    /// One table, by `layer.name` or `namespace.layer.name`.
    ///
    /// # Errors
    /// `TABLE_NOT_FOUND`, `INVALID_REF`, `UNKNOWN_LAYER`, and as [`list`](Self::list).
    pub async fn get(&self, name: &str) -> Result<TableInfo> {
        let table = self.0.tables_open()?.get(&self.0.name(name)?).await?;
        info(&table)
    }
}

fn info(table: &Table) -> Result<TableInfo> {
    Ok(TableInfo {
        name: table.name().clone(),
        schema: table.schema()?,
        row_count: table.row_count(),
        size_bytes: table.size_bytes(),
        snapshot_id: table.snapshot_id(),
        metadata_location: table.metadata_location().map(str::to_owned),
        location: table.location().to_owned(),
        properties: table.properties().iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
    })
}

/// What ran.
#[derive(Debug, Clone, Copy)]
pub struct RunHistory<'a>(pub(super) &'a Lake);

impl RunHistory<'_> {
    /// One page of runs, newest first.
    ///
    /// # Errors
    /// `CATALOG_UNAVAILABLE`, `CORRUPT_CATALOG`.
    pub fn list(&self, filter: &RunFilter) -> Result<RunPage> {
        self.0.ledger_open()?.runs(filter)
    }

    /// One run.
    ///
    /// # Errors
    /// `RUN_NOT_FOUND`, and as [`list`](Self::list).
    pub fn get(&self, id: &str) -> Result<RunRecord> {
        self.0.ledger_open()?.run(id)
    }

    /// A run's log, after the line numbered `after`.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    pub fn logs(&self, id: &str, after: u64) -> Result<Vec<LogLine>> {
        self.0.ledger_open()?.logs(id, after)
    }
}
