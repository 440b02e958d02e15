//! What is under way in this process: which tables have a run, and how each run is asked to stop.

use std::collections::HashMap;
use std::sync::Arc;

use futures::future::BoxFuture;
use parking_lot::Mutex;
use tokio::sync::{Mutex as TurnLock, OwnedMutexGuard};

use super::stop::Stop;
use crate::config::OnActive;
use crate::error::{Code, Error, Result};
use crate::ids::Ids;
use crate::name::Name;

/// The runs under way in this process. Across processes the commit decides.
#[derive(Debug, Default)]
pub struct Active {
    turns: Mutex<HashMap<Name, Arc<TurnLock<()>>>>,
    together: Arc<TurnLock<()>>,
    runs: Mutex<HashMap<String, Stop>>,
}

/// What came of asking for a turn.
pub(super) enum Turn {
    /// It is this run's turn, until this is dropped.
    Taken(OwnedMutexGuard<()>),
    /// Another run is active, and the pipeline would rather not run than wait.
    Skipped,
}

/// A run that can be asked to stop by its identifier, until this is dropped.
#[derive(Debug)]
pub(super) struct Listed {
    active: Arc<Active>,
    id: String,
    stop: Stop,
}

impl Listed {
    /// Lists a run that is about to begin, under a new identifier.
    pub(super) fn new(active: &Arc<Active>, ids: &dyn Ids, stop: &Stop) -> Self {
        let id = ids.next().to_string();
        active.runs.lock().insert(id.clone(), stop.clone());
        Self { active: Arc::clone(active), id, stop: stop.clone() }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn stop(&self) -> &Stop {
        &self.stop
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.active.runs.lock().remove(&self.id);
    }
}

impl Active {
    /// Waits until no other build that publishes its tables together is under way.
    pub(super) async fn together(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.together).lock_owned().await
    }

    /// Waits for the table, or does not, as the pipeline says.
    ///
    /// # Errors
    /// `ALREADY_RUNNING` when another run is active and `on_active` is `fail`.
    pub(super) fn turn(&self, table: &Name, on_active: OnActive) -> BoxFuture<'static, Result<Turn>> {
        let lock = Arc::clone(self.turns.lock().entry(table.clone()).or_default());
        let active = format!("another run of `{table}` is active in this process");
        Box::pin(async move {
            match on_active {
                OnActive::Queue => Ok(Turn::Taken(lock.lock_owned().await)),
                OnActive::Skip => Ok(lock.try_lock_owned().map_or(Turn::Skipped, Turn::Taken)),
                OnActive::Fail => lock.try_lock_owned().map(Turn::Taken).map_err(|_| Error::new(Code::AlreadyRunning, active)),
            }
        })
    }

    /// Asks a run to stop; says whether there is one of that identifier.
    pub(super) fn stop(&self, id: &str) -> bool {
        let stop = self.runs.lock().get(id).cloned();
        stop.inspect(Stop::ask).is_some()
    }
}
