//! `lake.preview()`: the rows that a pipeline's query gives, before anything is written.

use std::collections::BTreeMap;
use std::time::Instant;

use serde::Serialize;

use super::Lake;
use crate::error::{Diagnostic, Result};
use crate::plan::{Column, columns};
use crate::query::{self, QueryResult};
use crate::run::{self, Refresh, RunOptions};

/// Options of [`Lake::preview`].
#[derive(Debug, Clone)]
pub struct PreviewOptions {
    /// A text in the place of the pipeline's file, such as an editor has it; without a pipeline, a text of its own.
    pub sql: Option<String>,
    /// Whether the run would rebuild the table.
    pub refresh: Refresh,
    /// Values for `var()`, over those of `rat.toml`.
    pub vars: BTreeMap<String, serde_json::Value>,
    /// The most rows that are shown; the rest is not computed. 100 unless given.
    pub limit: usize,
    /// Whether to count all rows too, which reads all of them.
    pub count: bool,
}

impl PreviewOptions {
    /// How many rows a preview shows to who does not say.
    pub const ROWS: usize = 100;
}

impl Default for PreviewOptions {
    fn default() -> Self {
        Self { sql: None, refresh: Refresh::No, vars: BTreeMap::new(), limit: Self::ROWS, count: false }
    }
}

/// The first rows of a pipeline's query, and what it took.
#[derive(Debug, Clone, Serialize)]
pub struct Preview {
    /// The rows.
    #[serde(skip)]
    pub data: QueryResult,
    /// Their columns, with the types that SQL writes.
    pub columns: Vec<Column>,
    /// How many rows the query gives in all, where that was counted or all of them are shown.
    pub row_count: Option<u64>,
    /// How long it took: `plan`, `execute`, and `count` where that was asked for.
    pub phases: Vec<PreviewPhase>,
    /// How the engine goes about it.
    pub plan: String,
    /// What may surprise.
    pub warnings: Vec<Diagnostic>,
    /// The most memory that sorts, joins and aggregates had at once, in bytes.
    pub peak_memory_bytes: u64,
}

/// How long one step of a preview took.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PreviewPhase {
    /// `plan`, `execute` or `count`.
    pub phase: &'static str,
    /// In milliseconds, with fractions.
    pub duration_ms: f64,
}

impl Lake {
    /// Shows the rows that the query of a pipeline's next run gives, `layer.name` or `namespace.layer.name`, and writes nothing. A text may
    /// stand in for the file's, or be shown alone: a template with `ref`, macros and landing zones as in any pipeline. Landing zones are read
    /// from their `_samples/` where there are any, and nothing counts as consumed. The limits of a query hold.
    ///
    /// # Errors
    /// `PIPELINE_NOT_FOUND`, `NOT_BUILT` when it reads what is not built, `INVALID_ARGUMENT` without a pipeline and a text,
    /// `UNSUPPORTED_PIPELINE`, what is wrong with the pipeline, and the codes of [`query`](Self::query).
    pub async fn preview(&self, pipeline: Option<&str>, options: &PreviewOptions) -> Result<Preview> {
        let started = Instant::now();
        let context = self.query_context()?;
        let limits = query::QueryOptions::from_settings(&self.0.settings.engine, &self.0.namespace);
        let (sql, limited) = (options.sql.as_deref(), query::QueryOptions { limit: Some(options.limit), ..limits.clone() });
        let asked = RunOptions { refresh: options.refresh, vars: options.vars.clone(), ..RunOptions::default() };
        sql.map_or(Ok(()), |sql| query::check_length(sql, &limits))?;
        let previewed = query::in_time(&limits, started, async {
            let loaded = self.loaded().await?;
            let name = pipeline.map(|pipeline| loaded.graph.find(pipeline, &self.0.namespace)).transpose()?;
            run::preview(&self.context(&loaded), name, sql, &self.0.namespace, &asked).await
        })
        .await?;
        let mut phases = Vec::new();
        let mut since = started;
        let mut passed = |phase| {
            let now = Instant::now();
            phases.push(PreviewPhase { phase, duration_ms: (now - since).as_secs_f64() * 1000.0 });
            since = now;
        };
        passed("plan");
        let shown = query::answer(&context, previewed.plan.clone(), &limited, started).await?;
        passed("execute");
        let mut row_count = Some(shown.rows.num_rows()).filter(|rows| *rows < options.limit).map(|rows| rows as u64);
        let mut peak_memory_bytes = shown.peak_memory_bytes;
        if options.count && row_count.is_none() {
            let counted = query::count(&context, previewed.plan.clone(), &limits, started).await?;
            row_count = Some(counted.rows);
            peak_memory_bytes = peak_memory_bytes.max(counted.peak_memory_bytes);
            passed("count");
        }
        Ok(Preview {
            columns: columns(&shown.rows.schema),
            row_count,
            phases,
            plan: shown.plan,
            warnings: previewed.warnings(),
            peak_memory_bytes,
            data: shown.rows,
        })
    }
}
