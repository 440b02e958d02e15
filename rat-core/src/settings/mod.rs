//! Settings: plain data with documented defaults.
//!
//! What `rat.toml` says about the lake, and nothing about any one pipeline except [`Settings::defaults`], which is kept as written for the
//! config room to read. Knows no file format: `config::settings` reads `rat.toml`, and every field here has the default that holds when
//! nothing is said. Components (clock, ids, store) are not settings; they go on the builder.

mod humane;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::error::Label;
pub use humane::{ByteSize, format_duration, parse_duration, parse_size, serialize_duration, serialize_optional_duration};

/// Everything `rat.toml` can say. `Settings::default()` is a lake without one.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Settings {
    /// `[storage]`: how the lake's files are reached.
    pub storage: StorageSettings,
    /// `[catalog]`: where the names of tables are kept.
    pub catalog: CatalogSettings,
    /// `[engine]`: memory, concurrency and limits.
    pub engine: EngineSettings,
    /// `[defaults]`: what every pipeline's config begins with, as written.
    pub defaults: BTreeMap<String, Given>,
    /// `[vars]`: what `var('name')` gives in templates.
    pub vars: BTreeMap<String, Value>,
    /// `[maintenance]`: how much history tables keep.
    pub maintenance: MaintenanceSettings,
}

/// A value with the place where it was written; no place when the caller gave it.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    /// The value.
    pub value: Value,
    /// The file and place.
    pub place: Option<Label>,
}

impl Serialize for Given {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

/// How the lake's files are reached. Values may be credentials: neither `Debug` nor serialisation shows them.
#[derive(Clone, Default, PartialEq)]
pub struct StorageSettings {
    /// Options of the store, such as `region` or `endpoint`. None by default, and no credentials are looked for anywhere else.
    pub options: BTreeMap<String, String>,
}

impl fmt::Debug for StorageSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.options.keys().map(|key| (key, "***"))).finish()
    }
}

impl Serialize for StorageSettings {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.options.keys().map(|key| (key, "***")))
    }
}

/// Where the names of tables are kept.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CatalogSettings {
    /// The kind of catalog. Default: SQLite in the lake's folder; in memory for a lake in memory.
    pub kind: Option<CatalogKind>,
    /// How long to wait for another process that holds the catalog. Default `5s`.
    #[serde(serialize_with = "serialize_duration")]
    pub busy_timeout: Duration,
}

impl Default for CatalogSettings {
    fn default() -> Self {
        Self { kind: None, busy_timeout: Duration::from_secs(5) }
    }
}

/// The kinds of catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CatalogKind {
    /// A SQLite file, `.rat/catalog.db`.
    Sqlite,
    /// Gone when the lake is closed.
    Memory,
}

/// Memory, concurrency and limits. All of them are per lake.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EngineSettings {
    /// Memory that queries and runs share. Default: half of the machine's.
    pub memory: Option<ByteSize>,
    /// Folder for what does not fit in memory. Default: the system's temporary folder.
    pub scratch: Option<String>,
    /// The most that may lie in the scratch folder. Default `100GiB`.
    pub scratch_quota: ByteSize,
    /// Threads that one query or run uses. Default: one a core.
    pub threads: Option<usize>,
    /// Pipelines that a build runs at once. Default: one a core.
    pub concurrency: Option<usize>,
    /// How long a query may take. Default `60s`.
    #[serde(serialize_with = "serialize_duration")]
    pub query_timeout: Duration,
    /// The most rows a query may return. Default: no limit.
    pub query_rows: Option<u64>,
    /// The most bytes a collected result may have. Default `1GiB`.
    pub query_bytes: ByteSize,
    /// Queries that run at once; more of them wait. Default 32.
    pub queries: usize,
    /// The longest SQL text of a query. Default `100000B`.
    pub query_length: ByteSize,
    /// The deepest nesting of a query. Default 128.
    pub query_depth: usize,
    /// How long one quality test may take. Default `60s`.
    #[serde(serialize_with = "serialize_duration")]
    pub test_timeout: Duration,
    /// The size a data file is written to. Default `128MiB`.
    pub target_file_size: ByteSize,
    /// Memory for manifests and Parquet footers. Default `64MiB`.
    pub metadata_cache: ByteSize,
    /// How often a commit that lost against another writer is tried again. Default 5.
    pub commit_retries: u32,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            memory: None,
            scratch: None,
            scratch_quota: ByteSize(100 << 30),
            threads: None,
            concurrency: None,
            query_timeout: Duration::from_secs(60),
            query_rows: None,
            query_bytes: ByteSize(1 << 30),
            queries: 32,
            query_length: ByteSize(100_000),
            query_depth: 128,
            test_timeout: Duration::from_secs(60),
            target_file_size: ByteSize(128 << 20),
            metadata_cache: ByteSize(64 << 20),
            commit_retries: 5,
        }
    }
}

/// How much history tables keep.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MaintenanceSettings {
    /// Snapshots that are kept whatever their age. Default 10.
    pub keep_snapshots: u32,
    /// Snapshots younger than this are kept. Default `7d`.
    #[serde(serialize_with = "serialize_duration")]
    pub keep_for: Duration,
    /// Files that no table knows are removed when they are older than this. Default `3d`.
    #[serde(serialize_with = "serialize_duration")]
    pub orphan_grace: Duration,
}

impl Default for MaintenanceSettings {
    fn default() -> Self {
        const DAY: Duration = Duration::from_secs(86_400);
        Self { keep_snapshots: 10, keep_for: 7 * DAY, orphan_grace: 3 * DAY }
    }
}
