//! What a caller may say to a verb. The default of each is what the project says and nothing more.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::query::Params;
use crate::run::{OnEvent, Refresh, RunOptions, Stop};

/// Options of [`Lake::check`](super::Lake::check).
#[derive(Debug, Clone, Default)]
pub struct CheckOptions {
    /// Which pipelines to report on; all when `None`, none when empty. In dbt's grammar: `silver.orders`, `+x`, `x+`, `tag:a`, `layer:gold`, `path:…`.
    pub select: Option<Vec<String>>,
}

/// Options of [`Lake::compile`](super::Lake::compile).
#[derive(Debug, Clone, Default)]
pub struct CompileOptions {
    /// A text to compile in the place of the pipeline's file; its config and tests stay.
    pub sql: Option<String>,
    /// Whether the run would rebuild the table.
    pub refresh: Refresh,
    /// Values for `var()`, over those of `rat.toml`.
    pub vars: BTreeMap<String, serde_json::Value>,
}

/// Options of [`Lake::test`](super::Lake::test).
#[derive(Debug, Clone, Default)]
pub struct TestOptions {
    /// Whose tables to test; all when `None`, none when empty. In dbt's grammar.
    pub select: Option<Vec<String>>,
    /// Values for `var()`, over those of `rat.toml`.
    pub vars: BTreeMap<String, serde_json::Value>,
}

/// Options of [`Lake::graph`](super::Lake::graph).
#[derive(Debug, Clone, Default)]
pub struct GraphOptions {
    /// Which pipelines to show; all when `None`, none when empty. In dbt's grammar.
    pub select: Option<Vec<String>>,
}

/// Options of [`Lake::build`](super::Lake::build).
#[derive(Debug, Clone, Default)]
pub struct BuildOptions {
    /// Which pipelines to build; all when `None`, none when empty. In dbt's grammar.
    pub select: Option<Vec<String>>,
    /// Which of those to leave out.
    pub exclude: Vec<String>,
    /// When tables are published.
    pub publish: crate::build::Publish,
    /// Whether to rebuild tables from nothing.
    pub refresh: Refresh,
    /// What is run although nothing changed.
    pub freshness: Freshness,
    /// What happens after the first failure.
    pub on_failure: OnFailure,
    /// How many pipelines run at the same time; the lake's `concurrency` when `None`.
    pub concurrency: Option<usize>,
    /// Values for `var()`, over those of `rat.toml`.
    pub vars: BTreeMap<String, serde_json::Value>,
    /// Who is told what happens.
    pub on_event: EventSink,
    /// What asks it to stop: nothing more is started then, and what runs is cancelled.
    pub stop: Stop,
}

/// Whether a build runs pipelines whose code and inputs have not changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Freshness {
    /// They are skipped, and the report says why.
    #[default]
    SkipFresh,
    /// They run too.
    RunAll,
}

/// What a build does after the first failure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// What does not depend on the failed pipeline goes on.
    #[default]
    GoOn,
    /// Nothing more is started.
    Stop,
}

/// Who is told what happens in a run. The default is nobody.
#[derive(Clone)]
pub struct EventSink(pub OnEvent);

impl Default for EventSink {
    fn default() -> Self {
        Self(RunOptions::default().on_event)
    }
}

impl std::fmt::Debug for EventSink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EventSink")
    }
}

/// Options of [`Lake::query`](super::Lake::query) and [`Lake::stream`](super::Lake::stream).
#[derive(Debug, Clone, Default)]
pub struct QueryOptions {
    /// What stands for `$1` or `$name`.
    pub params: Params,
    /// The most rows of the result; the lake's `query_rows` when `None`.
    pub limit: Option<usize>,
    /// How long it may take, without what a stream's reader does between batches; the lake's `query_timeout` when `None`.
    pub timeout: Option<Duration>,
    /// The namespaces that exist for this query; all when `None`.
    pub namespaces: Option<Vec<String>>,
    /// The moment of its tables that the whole query sees: a time (`2024-02-01 10:00:00`, UTC unless it names a zone), the number of a
    /// snapshot, or a branch or tag. Now when `None`.
    pub as_of: Option<String>,
}
