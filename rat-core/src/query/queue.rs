//! How many queries run at once, and how long.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{Code, Error, Result};

/// A lake's queries that run, and those that wait for their turn. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Queue {
    places: Arc<Semaphore>,
    queries: usize,
}

/// The right to work on a query; given back when this is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Queue {
    /// A queue in which so many run at once.
    pub fn new(queries: usize) -> Self {
        let queries = queries.clamp(1, Semaphore::MAX_PERMITS);
        Self { places: Arc::new(Semaphore::new(queries)), queries }
    }

    /// Waits for a turn, in order.
    pub(super) fn turn(&self) -> BoxFuture<'static, Turn> {
        let turn = Arc::clone(&self.places).acquire_owned();
        // Nobody closes the places.
        Box::pin(async move { Turn { _permit: turn.await.ok() } })
    }

    /// The same, as long as the query itself may take.
    pub(super) async fn turn_in(&self, time: Time) -> Result<Turn> {
        time.limit(self.turn()).await.ok_or_else(|| self.busy())
    }

    /// Why a query that waited in vain did not run.
    pub(super) fn busy(&self) -> Error {
        Error::new(Code::Busy, format!("{} queries run already, and none of them ended in time", self.queries))
    }
}

/// How long a query may take, from when it began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Time {
    began: Instant,
    allowed: Option<Duration>,
}

impl Time {
    pub(super) fn new(began: Instant, allowed: Option<Duration>) -> Self {
        Self { began, allowed }
    }

    /// What it had and what is left; `None` when it has all the time there is.
    pub(super) fn left(self) -> Option<(Duration, Duration)> {
        self.allowed.map(|allowed| (allowed, allowed.saturating_sub(self.began.elapsed())))
    }

    /// What the work gives; `None` when it takes too long.
    pub(super) async fn limit<T>(self, work: impl Future<Output = T>) -> Option<T> {
        match self.left() {
            None => Some(work.await),
            Some((_, left)) => tokio::time::timeout(left, work).await.ok(),
        }
    }

    /// The same as an error.
    pub(super) async fn of<T>(self, work: impl Future<Output = Result<T>>) -> Result<T> {
        self.limit(work).await.unwrap_or_else(|| Err(timed_out(self.allowed.unwrap_or_default())))
    }
}

pub(super) fn timed_out(allowed: Duration) -> Error {
    Error::new(Code::TimedOut, format!("the query took longer than {}", crate::settings::format_duration(allowed)))
}
