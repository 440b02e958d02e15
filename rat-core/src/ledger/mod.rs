//! The ledger: what ran, when, how it went. History only — a lake whose ledger is deleted loses no data and no correctness.
//!
//! One SQLite file (`.rat/ledger.db`), or memory for a lake in memory. A run that is under way holds an operating-system lock on a file of
//! its own, `.rat/alive/<run id>`; the lock is what "alive" means, so a run whose process is gone is recognised by anyone who opens the lake
//! ([`Ledger::abandoned`]) and settled by whoever knows the tables ([`Ledger::settle`]).
//!
//! Entry points: [`Ledger::open`], [`Ledger::begin`] → [`RunGuard`] → [`RunGuard::finish`], [`Ledger::runs`], [`Ledger::run`].
//! Knows no pipeline, template or table: names, strategies and reports are text to it.

mod alive;
mod database;
mod guard;
mod record;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params_from_iter};

use crate::clock::Clock;
use crate::error::{Code, Error, Result};

use alive::Alive;
use database::failed;
pub use guard::RunGuard;
pub use record::{LogLine, Outcome, RunFilter, RunPage, RunRecord, RunStart, Status, TestLine};

/// The ledger of one lake. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ledger {
    connection: Arc<Mutex<Connection>>,
    clock: Arc<dyn Clock>,
    /// The folder of the lock files; none for a lake in memory, whose runs die with the process.
    alive: Option<PathBuf>,
}

impl Ledger {
    /// Opens the ledger in a folder (`<lake>/.rat`), and makes it if it is not there.
    ///
    /// # Errors
    /// `CATALOG_UNAVAILABLE` when another process holds it locked, `CORRUPT_CATALOG` when it is damaged, `LAKE_NEWER` when a newer rat made
    /// it, `READ_ONLY_STORAGE` and `STORAGE_FULL` as the disk says.
    pub fn open(folder: &Path, clock: Arc<dyn Clock>) -> Result<Self> {
        let alive = folder.join("alive");
        database::create_folder(&alive)?;
        let connection = database::open(&folder.join("ledger.db"))?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)), clock, alive: Some(alive) })
    }

    /// Opens the ledger of a lake that may not be written: an existing file for reading, else an empty one in memory.
    ///
    /// # Errors
    /// As [`Ledger::open`].
    pub fn open_read_only(folder: &Path, clock: Arc<dyn Clock>) -> Result<Self> {
        let connection = database::open_read_only(&folder.join("ledger.db"))?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)), clock, alive: Some(folder.join("alive")) })
    }

    /// A ledger that lives and dies with the process.
    ///
    /// # Errors
    /// `CATALOG_UNAVAILABLE` when SQLite cannot be started.
    pub fn in_memory(clock: Arc<dyn Clock>) -> Result<Self> {
        Ok(Self { connection: Arc::new(Mutex::new(database::in_memory()?)), clock, alive: None })
    }

    /// Writes down that a run has begun, and takes the lock that says it is alive. The lock comes first: a record without a lock means the
    /// process is gone.
    ///
    /// # Errors
    /// As [`Ledger::open`].
    pub fn begin(&self, start: RunStart) -> Result<RunGuard> {
        let alive = self.alive.as_deref().map(|folder| Alive::take(folder, &start.id)).transpose()?;
        let started_at = self.clock.now();
        self.connection
            .lock()
            .execute(
                "INSERT INTO runs (id, pipeline, trigger, strategy, attempt, status, started_at) VALUES (?1, ?2, ?3, ?4, ?5, 'running', ?6)",
                (&start.id, &start.pipeline, &start.trigger, &start.strategy, start.attempt, started_at.timestamp_micros()),
            )
            .map_err(failed)?;
        Ok(RunGuard::new(self.clone(), start, started_at, alive))
    }

    /// Runs whose outcome is to be found out, oldest first: written down as under way while their process is gone, or ended by a commit that
    /// was not answered.
    ///
    /// # Errors
    /// As [`Ledger::open`].
    pub fn abandoned(&self) -> Result<Vec<RunRecord>> {
        let mut runs = self.select("WHERE status = 'running' ORDER BY id", &[])?;
        runs.retain(|run| self.alive.as_deref().is_some_and(|folder| !Alive::is_alive(folder, &run.id)));
        runs.extend(self.select("WHERE error_code = 'COMMIT_UNKNOWN' ORDER BY id", &[])?);
        runs.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(runs)
    }

    /// Whether the process of a run that is written down as under way is there.
    pub fn is_alive(&self, id: &str) -> bool {
        self.alive.as_deref().is_none_or(|folder| Alive::is_alive(folder, id))
    }

    /// Writes the outcome of an abandoned run, as its table tells it.
    ///
    /// # Errors
    /// As [`Ledger::open`].
    pub fn settle(&self, id: &str, outcome: &Outcome) -> Result<()> {
        self.write_outcome(id, outcome, &[], &[])?;
        if let Some(folder) = &self.alive {
            Alive::forget(folder, id);
        }
        Ok(())
    }

    /// One page of runs, newest first.
    ///
    /// # Errors
    /// As [`Ledger::open`].
    pub fn runs(&self, filter: &RunFilter) -> Result<RunPage> {
        let (clause, values) = filter.to_sql();
        let mut runs = self.select(&clause, &values)?;
        let next = (runs.len() > filter.limit).then(|| {
            runs.truncate(filter.limit);
            runs.last().map(|run| run.id.clone())
        });
        Ok(RunPage { runs, next: next.flatten() })
    }

    /// One run with everything written about it.
    ///
    /// # Errors
    /// `RUN_NOT_FOUND`; else as [`Ledger::open`].
    pub fn run(&self, id: &str) -> Result<RunRecord> {
        self.select("WHERE id = ?1", &[id.to_owned().into()])?
            .into_iter()
            .next()
            .ok_or_else(|| Error::new(Code::RunNotFound, format!("there is no run `{id}` in the ledger")))
    }

    /// The newest run of a pipeline that succeeded and published something, if there is one.
    ///
    /// # Errors
    /// As [`Ledger::open`].
    pub fn last_success(&self, pipeline: &str) -> Result<Option<RunRecord>> {
        let clause = "WHERE pipeline = ?1 AND status = 'success' ORDER BY id DESC LIMIT 1";
        Ok(self.select(clause, &[pipeline.to_owned().into()])?.into_iter().next())
    }

    /// The newest run of every pipeline that ever ran, whatever became of it.
    ///
    /// # Errors
    /// As [`Ledger::open`].
    pub fn latest(&self) -> Result<Vec<RunRecord>> {
        self.select("WHERE id IN (SELECT max(id) FROM runs GROUP BY pipeline)", &[])
    }

    /// The log of a run, in order; `after` skips the lines already seen.
    ///
    /// # Errors
    /// As [`Ledger::open`].
    pub fn logs(&self, id: &str, after: u64) -> Result<Vec<LogLine>> {
        let connection = self.connection.lock();
        let mut statement = connection
            .prepare_cached("SELECT seq, at, level, message FROM logs WHERE run_id = ?1 AND seq > ?2 ORDER BY seq")
            .map_err(failed)?;
        let lines = statement.query_map((id, i64::try_from(after).unwrap_or(i64::MAX)), LogLine::from_row).map_err(failed)?;
        lines.collect::<rusqlite::Result<_>>().map_err(failed)
    }

    /// The quality tests of a run, in the order they ran.
    ///
    /// # Errors
    /// As [`Ledger::open`].
    pub fn tests(&self, id: &str) -> Result<Vec<TestLine>> {
        let connection = self.connection.lock();
        let mut statement = connection
            .prepare_cached("SELECT name, severity, status, violations, duration_ms, message FROM tests WHERE run_id = ?1 ORDER BY seq")
            .map_err(failed)?;
        let lines = statement.query_map([id], TestLine::from_row).map_err(failed)?;
        lines.collect::<rusqlite::Result<_>>().map_err(failed)
    }

    fn select(&self, clause: &str, values: &[rusqlite::types::Value]) -> Result<Vec<RunRecord>> {
        let connection = self.connection.lock();
        let mut statement = connection.prepare_cached(&format!("SELECT {} FROM runs {clause}", record::COLUMNS)).map_err(failed)?;
        let rows = statement.query_map(params_from_iter(values), RunRecord::from_row).map_err(failed)?;
        rows.collect::<rusqlite::Result<_>>().map_err(failed)
    }

    /// One transaction with all that is left to say of a run.
    fn write_outcome(&self, id: &str, outcome: &Outcome, logs: &[LogLine], tests: &[TestLine]) -> Result<()> {
        let mut connection = self.connection.lock();
        // A read that becomes a write would be refused when another program wrote in between.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        let started: Option<i64> =
            transaction.query_row("SELECT started_at FROM runs WHERE id = ?1", [id], |row| row.get(0)).optional().map_err(failed)?;
        let finished = outcome.finished_at.unwrap_or_else(|| self.clock.now());
        let duration = started.map_or(0, |started| (finished.timestamp_micros() - started).max(0) / 1000);
        transaction
            .execute(
                "UPDATE runs SET status = ?2, phase = NULL, finished_at = ?3, duration_ms = ?4, rows_written = ?5, snapshot_id = ?6,
                 error_code = ?7, error_message = ?8, report = ?9 WHERE id = ?1",
                (
                    id,
                    outcome.status.as_str(),
                    finished.timestamp_micros(),
                    duration,
                    outcome.rows_written.and_then(|rows| i64::try_from(rows).ok()),
                    outcome.snapshot_id,
                    outcome.error_code.as_deref(),
                    outcome.error_message.as_deref(),
                    outcome.report.as_deref(),
                ),
            )
            .map_err(failed)?;
        for line in logs {
            transaction
                .prepare_cached("INSERT OR REPLACE INTO logs (run_id, seq, at, level, message) VALUES (?1, ?2, ?3, ?4, ?5)")
                .and_then(|mut s| s.execute((id, line.seq as i64, line.at.timestamp_micros(), &line.level, &line.message)))
                .map_err(failed)?;
        }
        for (seq, test) in tests.iter().enumerate() {
            transaction
                .prepare_cached(
                    "INSERT OR REPLACE INTO tests (run_id, seq, name, severity, status, violations, duration_ms, message)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                )
                .and_then(|mut s| {
                    let violations = test.violations.and_then(|n| i64::try_from(n).ok());
                    let row =
                        (id, seq as i64, &test.name, &test.severity, &test.status, violations, test.duration_ms as i64, &test.message);
                    s.execute(row)
                })
                .map_err(failed)?;
        }
        transaction.commit().map_err(failed)
    }

    fn write_phase(&self, id: &str, phase: &str) -> Result<()> {
        let connection = self.connection.lock();
        connection.prepare_cached("UPDATE runs SET phase = ?2 WHERE id = ?1").and_then(|mut s| s.execute((id, phase))).map_err(failed)?;
        Ok(())
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}
