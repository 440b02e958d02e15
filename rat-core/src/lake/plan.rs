//! What a run would do, before it runs.

use std::collections::BTreeMap;

use super::Lake;
use crate::error::Result;
use crate::run::{self, Refresh, RunOptions, WritePlan};

/// Options of [`Lake::plan`].
#[derive(Debug, Clone, Default)]
pub struct PlanOptions {
    /// Whether the run would rebuild the table.
    pub refresh: Refresh,
    /// Values for `var()`, over those of `rat.toml`.
    pub vars: BTreeMap<String, serde_json::Value>,
}

impl Lake {
    /// Tells what a run of one pipeline would do to its table, and does nothing: rows and files that come and go, the inputs it would read,
    /// columns that change, tests, and what would stop it. Manifests, statistics and the query are read, and no row; each number is exact,
    /// a limit, or not known, and says which. A pipeline that a run would refuse is a plan with the reason in its diagnostics.
    ///
    /// # Errors
    /// `PIPELINE_NOT_FOUND`, `INVALID_REF`, `CLOSED`, `CORRUPT_TABLE`, storage and catalog codes.
    pub async fn plan(&self, pipeline: &str, options: &PlanOptions) -> Result<WritePlan> {
        let loaded = self.loaded().await?;
        let name = loaded.graph.find(pipeline, &self.0.namespace)?;
        let options = RunOptions { refresh: options.refresh, vars: options.vars.clone(), ..RunOptions::default() };
        run::plan(&self.context(&loaded), name, &options).await
    }
}
