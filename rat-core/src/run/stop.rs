//! How a run is asked to stop from outside of its future.

use std::sync::Arc;

use tokio::sync::watch;

use crate::error::{Code, Error};

/// Asks a run to stop. Cheap to clone; clones are one. What has been asked stays asked.
#[derive(Debug, Clone)]
pub(super) struct Stop(Arc<watch::Sender<bool>>);

impl Default for Stop {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Stop {
    pub(super) fn ask(&self) {
        self.0.send_replace(true);
    }

    pub(super) fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Ends when it is asked.
    pub(super) async fn asked(&self) {
        // The sender is this.
        let _ = self.0.subscribe().wait_for(|asked| *asked).await;
    }

    /// What the work gives, unless it is asked to stop first: then the work is dropped.
    pub(super) async fn or<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.asked() => None,
            done = work => Some(done),
        }
    }
}

/// Why a run that was asked to stop did not go on.
pub(super) fn cancelled() -> Error {
    Error::new(Code::Cancelled, "the run was cancelled")
}
