//! How a lake is opened: a path and nothing else, or with everything said.

use std::fmt;
use std::sync::Arc;

use super::Lake;
use crate::check::Environment;
use crate::clock::{Clock, SystemClock};
use crate::config;
use crate::error::{Code, Error, Result};
use crate::ids::{Ids, RandomIds};
use crate::name::is_valid_name;
use crate::project::Files;
use crate::settings::{CatalogKind, Settings};
use crate::storage::Storage;

/// What is put around a lake's storage.
pub(super) type Wrap = Box<dyn FnOnce(Storage) -> Storage + Send + Sync>;

/// Opens a [`Lake`]. Settings are data and go over those of `rat.toml`; components (clock, identifiers) are given here and nowhere else.
///
/// # Example: a lake for reading only, in another namespace
/// ```no_run
/// # async fn example() -> rat_core::error::Result<()> {
/// let lake = rat_core::Lake::builder("./shop").namespace("crm").read_only().open().await?;
/// # Ok(()) }
/// ```
pub struct Builder {
    pub(super) path: String,
    pub(super) namespace: String,
    pub(super) settings: serde_json::Value,
    pub(super) read_only: bool,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn Ids>,
    pub(super) wrap: Option<Wrap>,
}

impl Builder {
    pub(super) fn new(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            namespace: "default".to_owned(),
            settings: serde_json::Value::Object(serde_json::Map::new()),
            read_only: false,
            clock: Arc::new(SystemClock),
            ids: Arc::new(RandomIds),
            wrap: None,
        }
    }

    /// The namespace that `layer.name` means. Default: `default`.
    #[must_use]
    pub fn namespace(mut self, namespace: &str) -> Self {
        namespace.clone_into(&mut self.namespace);
        self
    }

    /// Settings over those of `rat.toml`, in its shape: `{"engine": {"memory": "1GiB"}}`.
    #[must_use]
    pub fn settings(mut self, settings: serde_json::Value) -> Self {
        self.settings = settings;
        self
    }

    /// Opens for reading: every verb that writes answers `READ_ONLY_LAKE`, and nothing is created on disk.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// Where the time comes from.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Where identifiers come from.
    #[must_use]
    pub fn ids(mut self, ids: Arc<dyn Ids>) -> Self {
        self.ids = ids;
        self
    }

    /// Puts something around the lake's storage, such as a store that fails on purpose.
    #[cfg(feature = "interop")]
    #[must_use]
    pub fn wrap_storage(mut self, wrap: impl FnOnce(Storage) -> Storage + Send + Sync + 'static) -> Self {
        self.wrap = Some(Box::new(wrap));
        self
    }

    /// Opens the lake. Runs whose process is gone are settled.
    ///
    /// # Errors
    /// `PATH_NOT_FOUND` and `INVALID_URL` for the path, `INVALID_TOML`, `WRONG_TYPE`, `INVALID_VALUE` and `UNSET_VARIABLE` for `rat.toml`,
    /// `LAKE_NEWER`, `CORRUPT_CATALOG`, `CATALOG_UNAVAILABLE` and `READ_ONLY_STORAGE` for what lies in `.rat/`.
    pub async fn open(self) -> Result<Lake> {
        if !is_valid_name(&self.namespace) {
            return Err(Error::new(Code::InvalidName, format!("`{}` cannot be used as a namespace", self.namespace)));
        }
        Lake::assemble(self).await
    }

    /// The settings that hold: those of `rat.toml`, with the caller's over them.
    pub(super) fn resolve(&self, files: &Files) -> Result<Settings> {
        let (settings, diagnostics) = config::settings(files.texts.get("rat.toml"), &environment);
        if let Some(error) = Error::from_diagnostics(diagnostics) {
            return Err(error);
        }
        config::settings_with(settings, &self.settings)
    }

    /// Whether the catalog is the caller's memory, whatever the storage.
    pub(super) fn catalog_in_memory(settings: &Settings, storage: &Storage) -> bool {
        storage.is_memory() || settings.catalog.kind == Some(CatalogKind::Memory)
    }
}

/// How a check reads `rat.toml`: as opening the lake does, with what is wrong told by place.
pub(super) fn reader(over: serde_json::Value) -> Environment {
    Environment(Arc::new(move |source| {
        let (settings, diagnostics) = config::settings(source, &environment);
        // What the caller said was good when the lake was opened.
        let settings = config::settings_with(settings.clone(), &over).unwrap_or(settings);
        (settings, diagnostics)
    }))
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment, for `${NAME}` in rat.toml")]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("path", &crate::storage::redact(&self.path))
            .field("namespace", &self.namespace)
            .field("read_only", &self.read_only)
            .finish_non_exhaustive()
    }
}
