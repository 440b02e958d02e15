//! Which tables have a run under way in this process.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{Mutex as TurnLock, OwnedMutexGuard};

use crate::config::OnActive;
use crate::error::{Code, Error, Result};
use crate::name::Name;

/// The runs under way in this process, by table. Across processes the commit decides.
#[derive(Debug, Default)]
pub struct Active {
    turns: Mutex<HashMap<Name, Arc<TurnLock<()>>>>,
    together: Arc<TurnLock<()>>,
}

/// What came of asking for a turn.
pub(super) enum Turn {
    /// It is this run's turn, until this is dropped.
    Taken(OwnedMutexGuard<()>),
    /// Another run is active, and the pipeline would rather not run than wait.
    Skipped,
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
    pub(super) async fn turn(&self, table: &Name, on_active: OnActive) -> Result<Turn> {
        let lock = Arc::clone(self.turns.lock().entry(table.clone()).or_default());
        match on_active {
            OnActive::Queue => Ok(Turn::Taken(lock.lock_owned().await)),
            OnActive::Skip => Ok(lock.try_lock_owned().map_or(Turn::Skipped, Turn::Taken)),
            OnActive::Fail => lock
                .try_lock_owned()
                .map(Turn::Taken)
                .map_err(|_| Error::new(Code::AlreadyRunning, format!("another run of `{table}` is active in this process"))),
        }
    }
}
