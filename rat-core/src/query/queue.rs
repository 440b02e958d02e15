//! How many queries run at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::error::{Code, Error, Result};

/// A lake's queries that run, and those that wait for their turn. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Queue {
    places: Arc<Semaphore>,
    queries: usize,
}

/// The right to run; given back when the result was read, or is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _permit: OwnedSemaphorePermit,
}

impl Queue {
    /// A queue in which so many run at once.
    pub fn new(queries: usize) -> Self {
        let queries = queries.clamp(1, Semaphore::MAX_PERMITS);
        Self { places: Arc::new(Semaphore::new(queries)), queries }
    }

    /// Waits for a turn, as long as the query itself may take.
    pub(super) async fn turn(&self, deadline: Option<(Instant, Duration)>) -> Result<Turn> {
        let turn = Arc::clone(&self.places).acquire_owned();
        let permit = match deadline {
            None => turn.await.ok(),
            Some((until, _)) => tokio::time::timeout_at(until, turn).await.ok().and_then(Result::ok),
        };
        match permit {
            Some(permit) => Ok(Turn { _permit: permit }),
            None => Err(Error::new(Code::Busy, format!("{} queries run already, and none of them ended in time", self.queries))),
        }
    }
}
