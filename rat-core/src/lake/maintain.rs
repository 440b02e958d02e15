//! Keeping tables small.

use std::time::Duration;

use super::Lake;
use crate::error::Result;
use crate::maintain::{MaintainContext, MaintenanceReport, maintain, relocate};
use crate::name::Name;
use crate::run;
use crate::settings::MaintenanceSettings;
use crate::tables::EntryKind;

/// Options of [`Lake::maintain`].
#[derive(Debug, Clone, Default)]
pub struct MaintainOptions {
    /// The tables of which pipelines to maintain; every table of the lake when `None`, none when empty. In dbt's grammar.
    pub select: Option<Vec<String>>,
    /// Whether to say what would be done, and do nothing.
    pub dry_run: bool,
    /// Whether the lake was moved, and what holds its absolute paths is to be written anew for where it is now. Then that is done, for tables
    /// and views, and nothing else. Those that are where they say are left alone.
    pub relocate: bool,
    /// How many snapshots stay whatever their age; `keep_snapshots` of `[maintenance]` when `None`.
    pub keep_snapshots: Option<u32>,
    /// How long a snapshot stays after another took its place; `keep_for` of `[maintenance]` when `None`.
    pub keep_for: Option<Duration>,
    /// How old a file is that nobody names before it is deleted; `orphan_grace` of `[maintenance]` when `None`.
    pub orphan_grace: Option<Duration>,
}

impl Lake {
    /// Keeps tables small: small files and files with many deleted rows are written again, old snapshots let go, files that nobody names
    /// deleted, as `[maintenance]` says. No row changes, and nothing that a run under way reads or writes is touched.
    ///
    /// # Errors
    /// `INVALID_SELECTOR`, `PIPELINE_NOT_FOUND`, `READ_ONLY_LAKE`, `CLOSED`, catalog and ledger codes. What is wrong with one table is in the
    /// report; [`MaintenanceReport::into_result`] makes it an error.
    pub async fn maintain(&self, options: &MaintainOptions) -> Result<MaintenanceReport> {
        self.writable()?;
        let inner = &self.0;
        // A run whose process is gone keeps nothing in use.
        run::settle(&inner.tables, &inner.ledger).await?;
        let tables = inner.tables.list().await?.into_iter().filter(|entry| options.relocate || entry.kind == EntryKind::Table);
        let mut names: Vec<Name> = tables.map(|entry| entry.name).collect();
        if let Some(selection) = &options.select {
            let selected = self.loaded().await?.graph.select(selection, &inner.namespace)?;
            names.retain(|name| selected.contains(name));
        }
        if options.relocate {
            return Ok(relocate(&inner.tables, &names, options.dry_run).await);
        }
        let defaults = &inner.settings.maintenance;
        let settings = MaintenanceSettings {
            keep_snapshots: options.keep_snapshots.unwrap_or(defaults.keep_snapshots),
            keep_for: options.keep_for.unwrap_or(defaults.keep_for),
            orphan_grace: options.orphan_grace.unwrap_or(defaults.orphan_grace),
        };
        let context = MaintainContext {
            tables: inner.tables.clone(),
            session: inner.session.clone(),
            ledger: inner.ledger.clone(),
            clock: std::sync::Arc::clone(&inner.clock),
            target_file_bytes: inner.settings.engine.target_file_size.0,
        };
        maintain(&context, &names, &settings, options.dry_run).await
    }
}
