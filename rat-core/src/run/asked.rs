//! What is asked for: one pipeline, under these settings and options, at this moment. A run does it, a plan tells what a run would do, and both
//! decide it from this alone.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use datafusion::common::ScalarValue;

use super::watermark::{self, Far};
use super::{RunContext, RunOptions, WriteData};
use crate::clock::to_iso;
use crate::config::{Config, Materialized, MergeStrategy};
use crate::error::{Code, Error, Result};
use crate::merge::Progress;
use crate::project::{Language, Pipeline};
use crate::tables::Table;
use crate::template::Facts;

/// What for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To do it.
    Run,
    /// To tell what would be done: nothing is written or moved, and of the table's rows none is read.
    Tell,
    /// To show the rows: nothing is written or moved, and landing zones show their samples.
    Preview,
}

/// What is asked for.
pub(super) struct Asked<'a> {
    pub context: &'a RunContext,
    pub pipeline: &'a Pipeline,
    pub config: &'a Arc<Config>,
    pub options: &'a RunOptions,
    /// The rows, where it is not a query that makes them.
    pub given: Option<&'a WriteData>,
    /// When it begins.
    pub started_at: DateTime<Utc>,
    /// Told how many rows were read.
    pub progress: Progress,
    pub purpose: Purpose,
}

impl Asked<'_> {
    /// # Errors
    /// `UNSUPPORTED_PIPELINE`.
    pub(super) fn is_runnable(&self) -> Result<()> {
        match self.pipeline.language {
            Language::Sql => Ok(()),
            Language::Python => {
                let message = format!("`{}` is a Python pipeline, which this version of rat does not run", self.pipeline.name.short());
                Err(Error::new(Code::UnsupportedPipeline, message).with_help("write it in SQL"))
            }
        }
    }

    /// Whether the table is made anew.
    pub(super) fn rebuilds(&self) -> bool {
        self.options.refresh.is_full() || *self.config.merge_strategy == MergeStrategy::FullRefresh
    }

    /// The merge strategy as configured, `view` or `ephemeral`.
    pub(super) fn kind(&self) -> &'static str {
        kind_of(self.config)
    }

    /// How far the table is.
    pub(super) async fn watermark(&self, table: &Table, column: &str) -> Result<Far> {
        match self.purpose {
            Purpose::Run | Purpose::Preview => watermark::of_table(&self.context.session, table, column).await.map(Far::Known),
            Purpose::Tell => watermark::told(table, column).await,
        }
    }

    /// What the template is told.
    pub(super) fn facts(&self, watermark: Option<ScalarValue>) -> Result<Facts> {
        let rebuild = self.options.refresh.is_full();
        let watermark = match (watermark.filter(|_| !rebuild), *self.config.watermark_lookback) {
            (Some(value), Some(lookback)) => Some(watermark::earlier(value, lookback)?),
            (value, _) => value,
        };
        Ok(Facts {
            this: self.pipeline.name.clone(),
            strategy: (!rebuild).then_some(*self.config.merge_strategy),
            watermark_value: watermark.as_ref().map(watermark::to_text).transpose()?,
            run_started_at: to_iso(self.started_at),
            vars: self.context.project.vars(&self.options.vars),
        })
    }
}

/// The merge strategy as configured, `view` or `ephemeral`.
pub(super) fn kind_of(config: &Config) -> &'static str {
    match *config.materialized {
        Materialized::Table => config.merge_strategy.as_str(),
        other => other.as_str(),
    }
}
