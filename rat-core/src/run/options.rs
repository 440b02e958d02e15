//! What a caller may say of one run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Event, Stop};

/// Who is told what happens.
pub type OnEvent = Arc<dyn Fn(&Event) + Send + Sync>;

/// Whether a run may rebuild its table from nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Refresh {
    /// Go on from what is there.
    #[default]
    No,
    /// Rebuild; `REFRESH_LOSES_DATA` where that would lose what cannot be rebuilt.
    Full,
    /// Rebuild, whatever is lost.
    FullWithLoss,
}

impl Refresh {
    /// Whether the table is rebuilt.
    pub fn is_full(self) -> bool {
        self != Refresh::No
    }
}

/// Options of a run. The default is what `config.yaml` says and nothing more.
#[derive(Clone)]
pub struct RunOptions {
    /// Whether to rebuild.
    pub refresh: Refresh,
    /// Values for `var()`, over those of `rat.toml`.
    pub vars: BTreeMap<String, serde_json::Value>,
    /// How long it may take; none is the pipeline's own `timeout`.
    pub timeout: Option<Duration>,
    /// Who asked: `manual`, `build`, `schedule`.
    pub trigger: String,
    /// Who is told what happens. Called from whatever thread the run is on; a panic in it is the run's.
    pub on_event: OnEvent,
    /// What asks it to stop.
    pub stop: Stop,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            refresh: Refresh::No,
            vars: BTreeMap::new(),
            timeout: None,
            trigger: "manual".to_owned(),
            on_event: Arc::new(|_| {}),
            stop: Stop::default(),
        }
    }
}

impl std::fmt::Debug for RunOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunOptions")
            .field("refresh", &self.refresh)
            .field("vars", &self.vars.keys().collect::<Vec<_>>())
            .field("timeout", &self.timeout)
            .field("trigger", &self.trigger)
            .finish_non_exhaustive()
    }
}
