//! `lake.write`: rows of the caller's into a table that no pipeline makes.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use super::{EventSink, Lake};
use crate::config::{self, Config, Defaults, Overrides};
use crate::error::{Code, Error, Result, nearest};
use crate::run::{self, RunOptions, RunReport, Stop, WriteData};

/// Options of [`Lake::write`].
#[derive(Debug, Clone, Default)]
pub struct WriteOptions {
    /// The merge strategy; `append_only` when `None`.
    pub strategy: Option<String>,
    /// The columns of the key.
    pub unique_key: Vec<String>,
    /// More of what a pipeline says in `config.yaml`, in its words: `partition_by`, `watermark_column`, `on_schema_change`… What is not
    /// said of how the table is partitioned and sorted stays as it is.
    pub settings: BTreeMap<String, Value>,
    /// How long it may take.
    pub timeout: Option<Duration>,
    /// Who is told what happens.
    pub on_event: EventSink,
    /// What asks it to stop.
    pub stop: Stop,
}

/// The keys of a pipeline's config that mean something for rows that are there already.
const SETTINGS: [&str; 15] = [
    "partition_column",
    "null_keys",
    "watermark_column",
    "keep_newer",
    "partition_by",
    "sort_by",
    "write_mode",
    "on_schema_change",
    "renamed_from",
    "columns",
    "scd_valid_from",
    "scd_valid_to",
    "scd_compare",
    "scd_hard_deletes",
    "on_active",
];

impl WriteOptions {
    fn config(&self, namespace: &str) -> Result<Config> {
        if let Some(key) = self.settings.keys().find(|key| !SETTINGS.contains(&key.as_str())) {
            let error = Error::new(Code::InvalidArgument, format!("`{key}` is not a setting of a write"));
            return Err(match nearest(key, SETTINGS) {
                Some(near) => error.with_help(format!("did you mean `{near}`?")),
                None => error.with_help(format!("its settings are {}", SETTINGS.join(", "))),
            });
        }
        let mut said: Map<String, Value> = self.settings.clone().into_iter().collect();
        said.insert("merge_strategy".to_owned(), self.strategy.as_deref().unwrap_or("append_only").into());
        if !self.unique_key.is_empty() {
            said.insert("unique_key".to_owned(), self.unique_key.clone().into());
        }
        let overrides = Overrides::from_json(&said, namespace)?;
        let (config, diagnostics) = config::resolve_call(&Defaults::default(), &overrides);
        Error::from_diagnostics(diagnostics).map_or(Ok(config), Err)
    }
}

impl Lake {
    /// Writes rows into a table that no pipeline makes, `layer.name` or `namespace.layer.name`, and makes the table where there is none.
    /// It is a run like any other: merged by one of the six strategies, published in one commit, written down in the ledger. A run that
    /// fails is a report; [`RunReport::into_result`] makes it an error. Dropping the future cancels it, and nothing is published.
    ///
    /// # Errors
    /// `TABLE_HAS_PIPELINE`; `INVALID_VALUE`, `MISSING_KEY`, `WRONG_TYPE` and `INVALID_ARGUMENT` for options that cannot be used;
    /// `INVALID_REF`, `UNKNOWN_LAYER`, `ALREADY_RUNNING`, `READ_ONLY_LAKE`, `CLOSED`, and the ledger's codes. In the report: `INPUT_FAILED`,
    /// `UNSUPPORTED_TYPE`, `DUPLICATE_COLUMN`, and what merging gives.
    pub async fn write(&self, table: &str, data: WriteData, options: &WriteOptions) -> Result<RunReport> {
        self.writable()?;
        let name = self.name(table)?;
        let config = options.config(&self.0.namespace)?;
        let loaded = self.loaded().await?;
        if loaded.code.project.pipelines.contains_key(&name) {
            return Err(Error::new(Code::TableHasPipeline, format!("`{}` is made by the pipeline of that name", name.short())));
        }
        let run_options = RunOptions {
            timeout: options.timeout,
            trigger: "write".to_owned(),
            on_event: options.on_event.0.clone(),
            stop: options.stop.clone(),
            ..RunOptions::default()
        };
        run::write(&self.context(&loaded), &name, data, config, &run_options).await
    }
}
