//! The record of a run as it grows: phases, tests, warnings, and at the end the report and the ledger's line, from the same facts.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use parking_lot::Mutex;

use super::active::Listed;
use super::report::{Event, Phase, PhaseReport, RunReport, RunStatus};
use super::stop::Stop;
use super::{OnEvent, RunContext};
use crate::clock::Clock;
use crate::error::{Code, Diagnostic, Error, Kind, Result};
use crate::ledger::{Outcome, RunGuard, RunStart, TestLine};
use crate::name::Name;
use crate::quality::TestResult;
use crate::tables::Table;

/// A run under way. Dropped without [`finish`](Self::finish), its ledger record says `cancelled`, or `failed` after a panic.
pub(super) struct Record {
    id: String,
    pipeline: Name,
    started_at: DateTime<Utc>,
    clock: Arc<dyn Clock>,
    on_event: OnEvent,
    stop: Stop,
    state: Mutex<State>,
}

struct State {
    /// Gone when the outcome is written.
    guard: Option<RunGuard>,
    /// Gone a little later: who asks the run to stop finds it here, or its outcome there.
    listed: Option<Listed>,
    report: RunReport,
    /// The rows of the table that it builds on.
    rows_before: Option<u64>,
    phase: Option<(Phase, DateTime<Utc>)>,
}

impl Record {
    pub(super) fn begin(
        context: &RunContext,
        pipeline: &Name,
        strategy: &str,
        trigger: &str,
        attempt: u32,
        on_event: &OnEvent,
        listed: Listed,
    ) -> Result<Self> {
        let id = listed.id().to_owned();
        let guard = context.ledger.begin(RunStart {
            id: id.clone(),
            pipeline: pipeline.to_string(),
            trigger: trigger.to_owned(),
            strategy: strategy.to_owned(),
            attempt,
        })?;
        let started_at = guard.started_at();
        let report = RunReport::begun(id.clone(), pipeline.clone(), strategy, trigger, started_at, attempt);
        let record = Self {
            id,
            pipeline: pipeline.clone(),
            started_at,
            clock: Arc::clone(&context.clock),
            on_event: Arc::clone(on_event),
            stop: listed.stop().clone(),
            state: Mutex::new(State { guard: Some(guard), listed: Some(listed), report, rows_before: None, phase: None }),
        };
        record.tell(&|run_id, pipeline| Event::Started { run_id, pipeline, attempt });
        Ok(record)
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// What asks it to stop.
    pub(super) fn stop(&self) -> &Stop {
        &self.stop
    }

    pub(super) fn started_at(&self) -> DateTime<Utc> {
        self.started_at
    }

    /// Ends the phase before and begins this one.
    pub(super) fn phase(&self, phase: Phase) {
        let now = self.clock.now();
        {
            let mut state = self.state.lock();
            state.close_phase(now);
            state.phase = Some((phase, now));
        }
        self.tell(&|run_id, pipeline| Event::Phase { run_id, pipeline, phase });
    }

    /// Adds facts to the report.
    pub(super) fn note(&self, facts: impl FnOnce(&mut RunReport)) {
        facts(&mut self.state.lock().report);
    }

    /// Tells what the run builds on.
    pub(super) fn based_on(&self, base: Option<&Table>) {
        let mut state = self.state.lock();
        state.report.base_snapshot_id = base.and_then(Table::snapshot_id);
        state.rows_before = base.and_then(Table::row_count);
    }

    pub(super) fn warn(&self, warning: Diagnostic) {
        let mut state = self.state.lock();
        if state.report.warnings.contains(&warning) {
            return;
        }
        if let Some(guard) = &state.guard {
            guard.log("warning", warning.message.clone());
        }
        state.report.warnings.push(warning);
    }

    pub(super) fn warn_all(&self, warnings: impl IntoIterator<Item = Diagnostic>) {
        warnings.into_iter().for_each(|warning| self.warn(warning));
    }

    pub(super) fn log(&self, message: impl Into<String>) {
        if let Some(guard) = &self.state.lock().guard {
            guard.log("info", message);
        }
    }

    /// Takes over the results of tests; those of an earlier look at the same rows give way.
    pub(super) fn tested(&self, results: Vec<TestResult>) {
        for result in &results {
            let (name, status) = (&result.name, result.status);
            self.tell(&|run_id, pipeline| Event::Test { run_id, pipeline, name: name.clone(), status });
        }
        self.state.lock().report.tests = results;
    }

    /// The report as it will be when nothing goes wrong any more.
    pub(super) fn so_far(&self) -> RunReport {
        RunReport { status: RunStatus::Success, ..self.state.lock().report.clone() }
    }

    fn tell(&self, event: &dyn Fn(String, Name) -> Event) {
        (self.on_event)(&event(self.id.clone(), self.pipeline.clone()));
    }

    /// Tells of what happens while rows are read, from wherever that is.
    pub(super) fn teller(&self) -> impl Fn(&dyn Fn(String, Name) -> Event) + Send + Sync + use<> {
        let (id, pipeline, on_event) = (self.id.clone(), self.pipeline.clone(), Arc::clone(&self.on_event));
        move |event| on_event(&event(id.clone(), pipeline.clone()))
    }

    /// Writes the outcome down, and gives the report.
    ///
    /// # Errors
    /// The ledger's, when the outcome cannot be written: the table is then what it is, and the next open settles the run.
    pub(super) fn finish(&self, failure: Option<Error>) -> Result<RunReport> {
        let now = self.clock.now();
        let report = {
            let mut state = self.state.lock();
            state.close_phase(now);
            let Some(guard) = state.guard.take() else {
                return Err(Error::new(Code::Internal, "the outcome of a run was to be written twice"));
            };
            let rows_before = state.rows_before;
            let report = &mut state.report;
            if let Some(error) = &failure {
                // Nothing was published, or nobody knows.
                report.rows_total = rows_before.filter(|_| error.code() != Code::CommitUnknown);
            }
            report.finished_at = now;
            report.duration_ms = (now - report.started_at).num_milliseconds().unsigned_abs();
            report.status = match &failure {
                None => RunStatus::Success,
                Some(error) if error.kind() == Kind::Cancelled => RunStatus::Cancelled,
                Some(_) => RunStatus::Failed,
            };
            if let Some(error) = &failure {
                guard.log("error", format!("{}: {}", error.code(), error.message()));
            }
            report.error = failure;
            report.logs = guard.lines();
            let tests: Vec<TestLine> = report.tests.iter().map(test_line).collect();
            guard.finish(&outcome(report), &tests)?;
            let report = report.clone();
            state.listed = None;
            report
        };
        (self.on_event)(&Event::Finished { report: Box::new(report.clone()) });
        Ok(report)
    }
}

impl State {
    fn close_phase(&mut self, now: DateTime<Utc>) {
        if let Some((phase, started_at)) = self.phase.take() {
            let duration_ms = (now - started_at).num_microseconds().unwrap_or(i64::MAX) as f64 / 1000.0;
            self.report.phases.push(PhaseReport { phase, started_at, duration_ms });
        }
    }
}

fn outcome(report: &RunReport) -> Outcome {
    Outcome {
        status: report.status,
        finished_at: Some(report.finished_at),
        rows_written: Some(report.rows_written),
        snapshot_id: report.snapshot_id,
        error_code: report.error.as_ref().map(|e| e.code().as_str().to_owned()),
        error_message: report.error.as_ref().map(|e| e.message().to_owned()),
        report: Some(report.to_ledger()),
    }
}

fn test_line(test: &TestResult) -> TestLine {
    TestLine {
        name: test.name.clone(),
        severity: test.severity.to_string(),
        status: test.status.as_str().to_owned(),
        violations: test.count,
        duration_ms: u64::try_from(test.duration.as_millis()).unwrap_or(u64::MAX),
        message: test.error.as_ref().map(|e| e.message().to_owned()),
    }
}
