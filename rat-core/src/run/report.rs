//! What a run or a build has to say: plain data, no IO, serialisable.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::error::{Code, Diagnostic, Error, Result};
use crate::ledger::LogLine;
pub use crate::ledger::Status as RunStatus;
use crate::name::Name;
pub use crate::quality::{TestResult, TestStatus};

/// Everything about one run of one pipeline.
///
/// A run that failed is still a report: its [`error`](Self::error) says why, and [`into_result`](Self::into_result) makes that an `Err`.
#[derive(Debug, Clone, Serialize)]
pub struct RunReport {
    /// The run's identifier; the snapshot it published carries it as `rat.run-id`. Empty when nothing was started.
    pub id: String,
    /// The pipeline, `namespace.layer.name`.
    pub pipeline: Name,
    /// How it ended.
    pub status: RunStatus,
    /// Who asked: `manual`, `build`, `schedule`.
    pub trigger: String,
    /// The merge strategy as configured, `view` or `ephemeral`.
    pub strategy: String,
    /// When it began.
    #[serde(serialize_with = "crate::clock::serialize_iso")]
    pub started_at: DateTime<Utc>,
    /// When it ended.
    #[serde(serialize_with = "crate::clock::serialize_iso")]
    pub finished_at: DateTime<Utc>,
    /// From begin to end, in milliseconds.
    pub duration_ms: u64,
    /// 1, and one more for each retry after a transient error.
    pub attempt: u32,
    /// New rows the run wrote: what the query gave, without the rows dropped as duplicates or as older than the stored ones.
    pub rows_written: u64,
    /// Rows whose key the table did not have; without a key, all rows written.
    pub rows_inserted: u64,
    /// Rows that took the place of a stored row of the same key.
    pub rows_updated: u64,
    /// Stored rows that are gone and have no successor of the same key.
    pub rows_deleted: u64,
    /// Stored versions of a key that stay and have an end now, under `scd2`.
    pub rows_ended: u64,
    /// Rows of the query that did not reach the table: duplicates of a key, and rows older than the stored one under `keep_newer`.
    pub rows_dropped: u64,
    /// Rows of the table afterwards, published or not; none for a view, and while the table has deletes whose number is not known.
    pub rows_total: Option<u64>,
    /// Bytes of the data files written, rewritten rows included.
    pub bytes_written: u64,
    /// Data files added.
    pub files_added: u64,
    /// Data files the table no longer refers to.
    pub files_removed: u64,
    /// The snapshot published; none when nothing was.
    pub snapshot_id: Option<i64>,
    /// The snapshot the run built on; none on a first run.
    pub base_snapshot_id: Option<i64>,
    /// The input tables and the snapshot of each that the run read; none for an input that is empty or a view.
    pub inputs: BTreeMap<String, Option<i64>>,
    /// How far the table is afterwards, as templates see it in `watermark_value`.
    pub watermark: Option<String>,
    /// The phases passed, in order, the one that failed last.
    pub phases: Vec<PhaseReport>,
    /// The quality tests, in the order they ran; the built-in ones first.
    pub tests: Vec<TestResult>,
    /// What did not stop the run and may surprise.
    pub warnings: Vec<Diagnostic>,
    /// Why it failed or was cancelled.
    #[serde(flatten, serialize_with = "crate::error::ok_or_error")]
    pub error: Option<Error>,
    /// Why nothing was done, when nothing was.
    pub skipped_reason: Option<String>,
    /// The run's log.
    pub logs: Vec<LogLine>,
}

impl RunReport {
    /// A report of which only the beginning is known.
    pub(crate) fn begun(id: String, pipeline: Name, strategy: &str, trigger: &str, started_at: DateTime<Utc>, attempt: u32) -> Self {
        Self {
            id,
            pipeline,
            status: RunStatus::Running,
            trigger: trigger.to_owned(),
            strategy: strategy.to_owned(),
            started_at,
            finished_at: started_at,
            duration_ms: 0,
            attempt,
            rows_written: 0,
            rows_inserted: 0,
            rows_updated: 0,
            rows_deleted: 0,
            rows_ended: 0,
            rows_dropped: 0,
            rows_total: None,
            bytes_written: 0,
            files_added: 0,
            files_removed: 0,
            snapshot_id: None,
            base_snapshot_id: None,
            inputs: BTreeMap::new(),
            watermark: None,
            phases: Vec::new(),
            tests: Vec::new(),
            warnings: Vec::new(),
            error: None,
            skipped_reason: None,
            logs: Vec::new(),
        }
    }

    /// The report of a pipeline that was not run.
    pub(crate) fn skipped(pipeline: Name, status: RunStatus, trigger: &str, reason: String, now: DateTime<Utc>) -> Self {
        let skipped_reason = Some(reason);
        Self { status, skipped_reason, ..Self::begun(String::new(), pipeline, "", trigger, now, 0) }
    }

    /// Whether the run published, or had nothing to do.
    pub fn is_ok(&self) -> bool {
        self.error.is_none()
    }

    /// The report of a success, or the error of a failure.
    ///
    /// # Errors
    /// The error the run failed with; its code is the first failure's.
    pub fn into_result(self) -> Result<Self> {
        match &self.error {
            Some(error) => Err(error.clone()),
            None => Ok(self),
        }
    }

    /// The report as JSON. Sample rows of tests are in it; the copy that goes to the ledger is [`RunReport::to_ledger`].
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// The report as it is kept: without sample rows, which are data, and without the log, which has its own table.
    pub(crate) fn to_ledger(&self) -> String {
        let tests = self.tests.iter().map(|test| TestResult { samples: None, ..test.clone() }).collect();
        Self { tests, logs: Vec::new(), ..self.clone() }.to_json().to_string()
    }
}

/// The steps of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Inputs are pinned, the template is rendered, the query is planned.
    Plan,
    /// The query runs, as far as it must before the first file is written.
    Execute,
    /// Rows are merged and written into data files that nothing refers to yet.
    Write,
    /// Quality tests run on the staged table.
    Test,
    /// Files are synced and the table moves.
    Publish,
    /// Consumed landing files are moved away.
    Archive,
}

impl Phase {
    /// The phase as it is written, `"publish"`.
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Plan => "plan",
            Phase::Execute => "execute",
            Phase::Write => "write",
            Phase::Test => "test",
            Phase::Publish => "publish",
            Phase::Archive => "archive",
        }
    }
}

/// How long a phase took.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PhaseReport {
    /// Which.
    pub phase: Phase,
    /// When it began.
    #[serde(serialize_with = "crate::clock::serialize_iso")]
    pub started_at: DateTime<Utc>,
    /// How long it took, in milliseconds, with fractions.
    pub duration_ms: f64,
}

/// Everything about one build.
#[derive(Debug, Clone, Serialize)]
pub struct BuildReport {
    /// Success when no run failed; cancelled when it was asked to stop before all had run.
    #[serde(flatten, serialize_with = "ok_and_status")]
    pub status: RunStatus,
    /// When it began.
    #[serde(serialize_with = "crate::clock::serialize_iso")]
    pub started_at: DateTime<Utc>,
    /// From begin to end, in milliseconds.
    pub duration_ms: u64,
    /// One report a pipeline, in dependency order; those skipped have a [`skipped_reason`](RunReport::skipped_reason).
    pub runs: Vec<RunReport>,
}

impl BuildReport {
    /// Whether nothing failed.
    pub fn is_ok(&self) -> bool {
        self.status == RunStatus::Success
    }

    /// The report when nothing failed, or the first failure's error.
    ///
    /// # Errors
    /// The error of the first run that failed, in dependency order, with the pipeline's name as context.
    pub fn into_result(self) -> Result<Self> {
        // What was held back because another failed is not what went wrong.
        let errors = || self.runs.iter().filter_map(|run| Some((run, run.error.as_ref()?)));
        let failed = errors().find(|(run, _)| run.status == RunStatus::Failed).or_else(|| errors().next());
        match failed {
            Some((run, error)) => Err(error.clone().with_context("pipeline", &run.pipeline)),
            None if !self.is_ok() => Err(Error::new(Code::Cancelled, "the build was cancelled")),
            None => Ok(self),
        }
    }

    /// The report of one pipeline.
    pub fn run(&self, pipeline: &Name) -> Option<&RunReport> {
        self.runs.iter().find(|run| &run.pipeline == pipeline)
    }

    /// The report as JSON.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

fn ok_and_status<S: Serializer>(status: &RunStatus, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    let mut fields = serializer.serialize_map(Some(2))?;
    fields.serialize_entry("ok", &(*status == RunStatus::Success))?;
    fields.serialize_entry("status", status)?;
    fields.end()
}

/// What happens while a run is under way, in order.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// The run is written down.
    Started {
        /// The run.
        run_id: String,
        /// Its pipeline.
        pipeline: Name,
        /// 1, and one more for each retry.
        attempt: u32,
    },
    /// A phase begins. A run that starts over after a conflict passes its phases again.
    Phase {
        /// The run.
        run_id: String,
        /// Its pipeline.
        pipeline: Name,
        /// Which.
        phase: Phase,
    },
    /// Rows were read from the query so far.
    Progress {
        /// The run.
        run_id: String,
        /// Its pipeline.
        pipeline: Name,
        /// Rows so far.
        rows: u64,
    },
    /// A quality test ended.
    Test {
        /// The run.
        run_id: String,
        /// Its pipeline.
        pipeline: Name,
        /// The test.
        name: String,
        /// How it ended.
        status: TestStatus,
    },
    /// The run ended, or was skipped. The report is what the call returns.
    Finished {
        /// The report.
        report: Box<RunReport>,
    },
}
