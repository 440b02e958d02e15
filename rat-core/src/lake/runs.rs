//! `lake.runs()`: what ran, from the ledger.

use super::Lake;
use crate::error::{Code, Error, Result};
use crate::ledger::{LogLine, RunFilter, RunPage, RunRecord, TestLine};
use crate::run;

/// What ran.
#[derive(Debug, Clone, Copy)]
pub struct RunHistory<'a>(pub(super) &'a Lake);

impl RunHistory<'_> {
    /// One page of runs, newest first. The filter's pipeline is `layer.name` or `namespace.layer.name`; it need not exist any more.
    ///
    /// # Errors
    /// `INVALID_REF`, `UNKNOWN_LAYER`, `INVALID_ARGUMENT` for an `after` that is no run's identifier, `CATALOG_UNAVAILABLE`,
    /// `CORRUPT_CATALOG`, `CLOSED`.
    pub fn list(&self, filter: &RunFilter) -> Result<RunPage> {
        if let Some(after) = filter.after.as_deref().filter(|after| uuid::Uuid::try_parse(after).is_err()) {
            let error = Error::new(Code::InvalidArgument, format!("`after` must be the identifier of a run, and is `{after}`"));
            return Err(error.with_help("give `next` of the page before"));
        }
        let pipeline = filter.pipeline.as_deref().map(|name| self.0.name(name)).transpose()?;
        let filter = RunFilter { pipeline: pipeline.map(|name| name.to_string()), ..filter.clone() };
        self.0.ledger_open()?.runs(&filter)
    }

    /// One run.
    ///
    /// # Errors
    /// `RUN_NOT_FOUND`, and as [`list`](Self::list).
    pub fn get(&self, id: &str) -> Result<RunRecord> {
        self.0.ledger_open()?.run(id)
    }

    /// Asks a run that this handle of the lake, or a clone of it, has under way to stop, and does not wait until it has: it ends as
    /// `cancelled`, and nothing of it is published. One that has published already is a success all the same. In a build, what depends on
    /// it is skipped.
    ///
    /// # Errors
    /// `RUN_NOT_FOUND`; `RUN_ENDED` for a run that is over; `RUN_ELSEWHERE` for one of another process, or of another handle;
    /// `READ_ONLY_LAKE`, `CLOSED`, and as [`list`](Self::list).
    pub async fn cancel(&self, id: &str) -> Result<()> {
        self.0.writable()?;
        let lake = &self.0.0;
        run::cancel(&lake.active, &lake.tables, &lake.ledger, id).await
    }

    /// The report of a run that is over, as [`Lake::run`] returned it, but for sample rows and the log; `None` while it is under way, and
    /// for a run whose process ended before it could write one.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn report(&self, id: &str) -> Result<Option<serde_json::Value>> {
        let record = self.get(id)?;
        Ok(record.report.as_deref().and_then(|report| serde_json::from_str(report).ok()))
    }

    /// A run's log, after the line numbered `after`; 0 is all of it.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn logs(&self, id: &str, after: u64) -> Result<Vec<LogLine>> {
        let ledger = self.0.ledger_open()?;
        ledger.run(id)?;
        ledger.logs(id, after)
    }

    /// A run's quality tests, in the order they ran, without rows.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn tests(&self, id: &str) -> Result<Vec<TestLine>> {
        let ledger = self.0.ledger_open()?;
        ledger.run(id)?;
        ledger.tests(id)
    }
}
