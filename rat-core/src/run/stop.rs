//! How a run is asked to stop from outside of its future.

use std::sync::Arc;

use tokio::sync::watch;

use crate::error::{Code, Error};

/// Asks what it was given to as an option to stop: a run, a write, or all runs of a build. Cheap to clone; clones are one. What has been
/// asked stays asked.
///
/// The verb ends by itself then, with a report that says `cancelled`, and nothing more is published. What had been published is, and what is
/// being published at that moment will be: the report tells. Dropping a verb's future stops it too, and tells nothing.
#[derive(Debug, Clone)]
pub struct Stop {
    asked: Arc<watch::Sender<bool>>,
    /// Who may ask many at once.
    above: Option<Arc<watch::Sender<bool>>>,
}

impl Default for Stop {
    fn default() -> Self {
        Self { asked: Arc::new(watch::Sender::new(false)), above: None }
    }
}

impl Stop {
    /// Asks.
    pub fn ask(&self) {
        self.asked.send_replace(true);
    }

    /// Whether it was asked.
    pub fn is_asked(&self) -> bool {
        *self.asked.borrow() || self.above.as_ref().is_some_and(|above| *above.borrow())
    }

    /// Ends when it is asked.
    pub async fn asked(&self) {
        let wait = async |asked: &watch::Sender<bool>| {
            // The sender is this.
            let _ = asked.subscribe().wait_for(|asked| *asked).await;
        };
        match &self.above {
            None => wait(&self.asked).await,
            Some(above) => tokio::select! {
                () = wait(&self.asked) => {}
                () = wait(above) => {}
            },
        }
    }

    /// For one of several: asked when all are, or it alone.
    pub(super) fn one(&self) -> Self {
        Self { above: Some(Arc::clone(&self.asked)), ..Self::default() }
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
