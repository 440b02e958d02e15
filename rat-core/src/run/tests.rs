//! The quality tests of a run.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::RunContext;
use super::inputs::Cut;
use super::pipeline::Job;
use crate::compile::CompiledTest;
use crate::config::{BuiltinTest, Config};
use crate::error::{Code, Error, Kind, Label, Result, counted};
use crate::name::Name;
use crate::quality::{SqlTest, Subject, TestResult, TestStatus};

/// What is to be judged.
pub(super) struct Judged<'a> {
    pub name: &'a Name,
    pub config: &'a Config,
    pub tests: &'a [CompiledTest],
    /// The rows of the table, when that is known.
    pub rows: Option<u64>,
    /// Marks of the tests that all rows pass which are not new.
    pub passed: &'a BTreeSet<String>,
}

/// Runs the built-in tests and those of `tests/quality`, and adds the results to the report. `passed` are marks of tests that all rows
/// pass which the run does not add.
///
/// # Errors
/// `QUALITY_FAILED` when a test of severity `error` did not pass; the code of its error when what it needs was unavailable.
pub(super) async fn run(job: &Job, cut: &Cut, tests: &[CompiledTest], rows: Option<u64>, passed: &BTreeSet<String>) -> Result<()> {
    let judged = Judged { name: &job.pipeline.name, config: &job.config, tests, rows, passed };
    let results = judge(&job.context, &judged, cut, job.record.started_at()).await;
    let failed = failure(&results, |test| place(&judged, test));
    job.record.tested(results);
    failed.map_or(Ok(()), Err)
}

/// The results of the built-in tests, then of those of `tests/quality`. Ages are told from `now`.
pub(super) async fn judge(context: &RunContext, judged: &Judged<'_>, cut: &Cut, now: DateTime<Utc>) -> Vec<TestResult> {
    let subject = Subject {
        session: &context.session,
        relations: cut,
        table: judged.name,
        rows: judged.rows,
        passed: judged.passed,
        now,
        timeout: context.test_timeout,
    };
    let builtin: Vec<BuiltinTest> = judged.config.tests.iter().map(|test| test.value.clone()).collect();
    let mut results = subject.builtin(&builtin).await;
    for test in judged.tests {
        let places = |range, text: &str| test.map.labels(range, text);
        results.push(subject.query(&SqlTest { name: name_of(test), header: &test.header, sql: &test.sql, places: &places }).await);
    }
    results
}

/// The file's name without its ending.
pub(super) fn name_of(test: &CompiledTest) -> &str {
    let file = test.source.path.rsplit('/').next().unwrap_or(&test.source.path);
    file.strip_suffix(".sql").unwrap_or(file)
}

/// Where the test of that number is written: built-in ones first.
fn place(judged: &Judged<'_>, test: usize) -> Vec<Label> {
    let builtin = &judged.config.tests;
    match builtin.get(test) {
        Some(test) => test.origin.label().cloned().into_iter().collect(),
        None => judged.tests.get(test - builtin.len()).map_or_else(Vec::new, |test| {
            let query = test.sql.trim_start();
            let start = test.sql.len() - query.len();
            test.map.labels(start..start + query.lines().next().map_or(0, str::len), "")
        }),
    }
}

fn failure(results: &[TestResult], place: impl Fn(usize) -> Vec<Label>) -> Option<Error> {
    let mut failed = results.iter().enumerate().filter(|(_, result)| result.is_blocking());
    let (number, first) = failed.next()?;
    let what = match (&first.error, first.count) {
        (Some(error), _) => format!("quality test `{}` could not be run: {}", first.name, error.message()),
        (None, count) => {
            let (count, violate) = (count.unwrap_or(0), if count == Some(1) { "violates" } else { "violate" });
            format!("quality test `{}` failed: {} {violate} it", first.name, counted(count, "row"))
        }
    };
    let others = match failed.count() {
        0 => String::new(),
        n => format!("; {} failed too", counted(n as u64, "other test")),
    };
    // A test that the storage did not let run says nothing of the rows: then the run failed as any that the storage did not let run.
    let code = first.error.as_ref().filter(|error| error.kind() == Kind::Unavailable).map_or(Code::QualityFailed, Error::code);
    let error = Error::new(code, format!("{what}{others}")).with_context("test", &first.name);
    let remedied = match (&first.remediation, &first.error) {
        (Some(remediation), _) => error.with_help(remediation.clone()),
        (None, Some(cause)) => error.with_help(cause.help()),
        (None, None) => error,
    };
    let labels = |error: &Error| error.diagnostics().first().map_or_else(Vec::new, |diagnostic| diagnostic.labels.clone());
    let cause = first.error.as_ref().filter(|_| first.status == TestStatus::Error);
    let inside = cause.map(labels).filter(|labels| !labels.is_empty());
    let placed = remedied.with_labels(inside.unwrap_or_else(|| place(number)));
    Some(match cause {
        Some(cause) => placed.with_source(cause.clone()),
        None => placed,
    })
}
