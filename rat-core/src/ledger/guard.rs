//! A run under way. Dropped without an outcome, it writes one: cancelled, or failed when the thread panics.

use chrono::{DateTime, Utc};
use parking_lot::Mutex;

use crate::error::{Code, Result};

use super::Ledger;
use super::alive::Alive;
use super::record::{LogLine, Outcome, RunStart, Status, TestLine};

/// A run that has begun and is not finished. While it lives, others see the run as alive.
#[derive(Debug)]
pub struct RunGuard {
    ledger: Ledger,
    start: RunStart,
    started_at: DateTime<Utc>,
    lines: Mutex<Vec<LogLine>>,
    finished: bool,
    _alive: Option<Alive>,
}

impl RunGuard {
    pub(super) fn new(ledger: Ledger, start: RunStart, started_at: DateTime<Utc>, alive: Option<Alive>) -> Self {
        Self { ledger, start, started_at, lines: Mutex::default(), finished: false, _alive: alive }
    }

    /// The run's identifier.
    pub fn id(&self) -> &str {
        &self.start.id
    }

    /// When it began.
    pub fn started_at(&self) -> DateTime<Utc> {
        self.started_at
    }

    /// Says which phase the run is in, for those who look at it from outside.
    ///
    /// # Errors
    /// As [`Ledger::open`].
    pub fn phase(&self, phase: &str) -> Result<()> {
        self.ledger.write_phase(&self.start.id, phase)
    }

    /// Adds a line to the run's log. Lines are written with the outcome. Never put rows of data into it.
    pub fn log(&self, level: &str, message: impl Into<String>) {
        let mut lines = self.lines.lock();
        let seq = lines.len() as u64 + 1;
        lines.push(LogLine { seq, at: self.ledger.now(), level: level.to_owned(), message: message.into() });
    }

    /// The lines so far.
    pub fn lines(&self) -> Vec<LogLine> {
        self.lines.lock().clone()
    }

    /// Writes the outcome, the log and the tests in one transaction, and lets go of the lock.
    ///
    /// # Errors
    /// As [`Ledger::open`].
    pub fn finish(mut self, outcome: &Outcome, tests: &[TestLine]) -> Result<()> {
        self.finished = true;
        self.ledger.write_outcome(&self.start.id, outcome, &self.lines.lock(), tests)
    }
}

impl Drop for RunGuard {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        let outcome = if std::thread::panicking() {
            Outcome::failed(Code::Internal.as_str(), "the run panicked; nothing was published by it after that")
        } else {
            Outcome { status: Status::Cancelled, ..Outcome::failed(Code::Cancelled.as_str(), "the run was stopped by the caller") }
        };
        // Nobody is left to tell when this fails too; the lock goes, and the next open settles the run.
        let _ = self.ledger.write_outcome(&self.start.id, &outcome, &self.lines.lock(), &[]);
    }
}
