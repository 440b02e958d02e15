//! What the ledger holds, as plain data.

use chrono::{DateTime, Utc};
use rusqlite::Row;
use rusqlite::types::Value;
use serde::Serialize;

use crate::error::{Code, Error, Result};

pub(super) const COLUMNS: &str = "id, pipeline, trigger, strategy, attempt, status, phase, started_at, finished_at, duration_ms, \
                                  rows_written, snapshot_id, error_code, error_message, report";

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Accepted, waiting for its turn.
    Pending,
    /// Under way.
    Running,
    /// Published.
    Success,
    /// Not published, for a reason the record gives.
    Failed,
    /// Stopped by the caller; not published.
    Cancelled,
}

impl Status {
    /// The status as it is written, `"success"`.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Running => "running",
            Status::Success => "success",
            Status::Failed => "failed",
            Status::Cancelled => "cancelled",
        }
    }

    /// Reads a status as it is written.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for anything else.
    pub fn from_text(text: &str) -> Result<Self> {
        let all = [Self::Pending, Self::Running, Self::Success, Self::Failed, Self::Cancelled];
        all.into_iter().find(|status| status.as_str() == text).ok_or_else(|| {
            Error::new(Code::InvalidArgument, format!("`{text}` is no status of a run"))
                .with_help("write `pending`, `running`, `success`, `failed` or `cancelled`")
        })
    }

    fn parse(text: &str) -> Self {
        Self::from_text(text).unwrap_or(Self::Failed)
    }
}

/// What is known when a run begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunStart {
    /// The run's identifier: sorts by time.
    pub id: String,
    /// The pipeline's full name.
    pub pipeline: String,
    /// Who asked: `manual`, `build`, `schedule`.
    pub trigger: String,
    /// The merge strategy of this run, or `view`.
    pub strategy: String,
    /// 1, and one more for each retry.
    pub attempt: u32,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Success, failed or cancelled.
    pub status: Status,
    /// When; the ledger's clock if not given.
    pub finished_at: Option<DateTime<Utc>>,
    /// Rows the run wrote.
    pub rows_written: Option<u64>,
    /// The snapshot it published.
    pub snapshot_id: Option<i64>,
    /// The code of the error it failed with.
    pub error_code: Option<String>,
    /// That error's sentence.
    pub error_message: Option<String>,
    /// The whole report, as JSON.
    pub report: Option<String>,
}

impl Outcome {
    /// Success, with nothing more to say.
    pub fn success() -> Self {
        Self {
            status: Status::Success,
            finished_at: None,
            rows_written: None,
            snapshot_id: None,
            error_code: None,
            error_message: None,
            report: None,
        }
    }

    /// Failure, with the reason.
    pub fn failed(code: &str, message: impl Into<String>) -> Self {
        let (error_code, error_message) = (Some(code.to_owned()), Some(message.into()));
        Self { status: Status::Failed, error_code, error_message, ..Self::success() }
    }
}

/// One run as the ledger has it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunRecord {
    /// The run's identifier.
    pub id: String,
    /// The pipeline's full name.
    pub pipeline: String,
    /// Who asked.
    pub trigger: String,
    /// The merge strategy, or `view`.
    pub strategy: String,
    /// 1, and one more for each retry.
    pub attempt: u32,
    /// Where it stands.
    pub status: Status,
    /// The phase it is in, while it runs.
    pub phase: Option<String>,
    /// When it began.
    #[serde(serialize_with = "crate::clock::serialize_iso")]
    pub started_at: DateTime<Utc>,
    /// When it ended.
    #[serde(serialize_with = "crate::clock::serialize_iso_option")]
    pub finished_at: Option<DateTime<Utc>>,
    /// From begin to end, in milliseconds.
    pub duration_ms: Option<u64>,
    /// Rows it wrote.
    pub rows_written: Option<u64>,
    /// The snapshot it published.
    pub snapshot_id: Option<i64>,
    /// The code it failed with.
    pub error_code: Option<String>,
    /// The sentence it failed with.
    pub error_message: Option<String>,
    /// The whole report, as JSON.
    #[serde(skip)]
    pub report: Option<String>,
}

impl RunRecord {
    pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            pipeline: row.get(1)?,
            trigger: row.get(2)?,
            strategy: row.get(3)?,
            attempt: row.get(4)?,
            status: Status::parse(&row.get::<_, String>(5)?),
            phase: row.get(6)?,
            started_at: time(row.get(7)?),
            finished_at: row.get::<_, Option<i64>>(8)?.map(time),
            duration_ms: row.get::<_, Option<i64>>(9)?.map(i64::unsigned_abs),
            rows_written: row.get::<_, Option<i64>>(10)?.map(i64::unsigned_abs),
            snapshot_id: row.get(11)?,
            error_code: row.get(12)?,
            error_message: row.get(13)?,
            report: row.get(14)?,
        })
    }
}

/// One line of a run's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// From 1, without gaps.
    pub seq: u64,
    /// When it was said.
    #[serde(serialize_with = "crate::clock::serialize_iso")]
    pub at: DateTime<Utc>,
    /// `info`, `warning` or `error`.
    pub level: String,
    /// The line.
    pub message: String,
}

impl LogLine {
    pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { seq: row.get::<_, i64>(0)?.unsigned_abs(), at: time(row.get(1)?), level: row.get(2)?, message: row.get(3)? })
    }
}

/// What one quality test found, without the rows: samples are data, and are not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TestLine {
    /// The test's name.
    pub name: String,
    /// `error` or `warning`.
    pub severity: String,
    /// `passed`, `failed` or `error`.
    pub status: String,
    /// Rows that violate it.
    pub violations: Option<u64>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// What went wrong, if it could not be run.
    pub message: Option<String>,
}

impl TestLine {
    pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            name: row.get(0)?,
            severity: row.get(1)?,
            status: row.get(2)?,
            violations: row.get::<_, Option<i64>>(3)?.map(i64::unsigned_abs),
            duration_ms: row.get::<_, i64>(4)?.unsigned_abs(),
            message: row.get(5)?,
        })
    }
}

/// Which runs to list. The default is the newest hundred of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFilter {
    /// Only this pipeline, by its full name.
    pub pipeline: Option<String>,
    /// Only runs in one of these states; empty is all.
    pub statuses: Vec<Status>,
    /// Only runs that began at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Only runs that began before this time.
    pub until: Option<DateTime<Utc>>,
    /// How many a page holds at the most.
    pub limit: usize,
    /// Go on after this run: `next` of the page before.
    pub after: Option<String>,
}

impl Default for RunFilter {
    fn default() -> Self {
        Self { pipeline: None, statuses: Vec::new(), since: None, until: None, limit: 100, after: None }
    }
}

impl RunFilter {
    /// The WHERE, ORDER and LIMIT of the page and one row more, which tells whether there is a next page.
    pub(super) fn to_sql(&self) -> (String, Vec<Value>) {
        let mut conditions: Vec<String> = Vec::new();
        let mut values: Vec<Value> = Vec::new();
        let mut add = |condition: &str, value: Value| {
            values.push(value);
            conditions.push(condition.replace('?', &format!("?{}", values.len())));
        };
        if let Some(pipeline) = &self.pipeline {
            add("pipeline = ?", pipeline.clone().into());
        }
        if let Some(since) = self.since {
            add("started_at >= ?", since.timestamp_micros().into());
        }
        if let Some(until) = self.until {
            add("started_at < ?", until.timestamp_micros().into());
        }
        if let Some(after) = &self.after {
            add("id < ?", after.clone().into());
        }
        if !self.statuses.is_empty() {
            let list: Vec<_> = self.statuses.iter().map(|status| format!("'{}'", status.as_str())).collect();
            conditions.push(format!("status IN ({})", list.join(", ")));
        }
        let clause = if conditions.is_empty() { String::new() } else { format!("WHERE {} ", conditions.join(" AND ")) };
        (format!("{clause}ORDER BY id DESC LIMIT {}", self.limit.saturating_add(1)), values)
    }
}

/// One page of runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunPage {
    /// Newest first.
    pub runs: Vec<RunRecord>,
    /// Give this as [`after`](RunFilter::after) for the next page; none at the end.
    pub next: Option<String>,
}

fn time(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}
