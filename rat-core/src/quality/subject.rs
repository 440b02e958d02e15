//! A table under test: runs a query for violating rows, counts them, keeps some.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::time::{Duration, Instant};

use arrow::compute::concat_batches;
use arrow::record_batch::RecordBatch;
use chrono::{DateTime, Utc};
use futures::TryStreamExt;

use super::{TestResult, TestStatus};
use crate::config::TestHeader;
use crate::dialect::Reads;
use crate::error::{Code, Error, Label, Result, Severity};
use crate::execute;
use crate::name::Name;
use crate::plan::{self, Relations};
use crate::session::Session;

/// How many violating rows a result keeps.
const SAMPLE_ROWS: usize = 20;

/// A table under test, and what its tests may read.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The engine.
    pub session: &'a Session,
    /// What names stand for: the table itself, `new_rows`, and whatever else the run read.
    pub relations: &'a dyn Relations,
    /// The table.
    pub table: &'a Name,
    /// How many rows it has, when that is known.
    pub rows: Option<u64>,
    /// Marks of the row-local tests that all of its rows but `new_rows` are known to pass.
    pub passed: &'a BTreeSet<String>,
    /// The moment that ages are told from.
    pub now: DateTime<Utc>,
    /// How long one test may take.
    pub timeout: Duration,
}

/// [`plan::Places`] that may go from thread to thread with a test under way.
pub type Shared<'a> = dyn Fn(Range<usize>, &str) -> Vec<Label> + Sync + 'a;

/// A test that is a query.
pub struct SqlTest<'a> {
    /// The test's name.
    pub name: &'a str,
    /// What its header says.
    pub header: &'a TestHeader,
    /// The query for violating rows, compiled.
    pub sql: &'a str,
    /// Where the query's bytes come from.
    pub places: &'a Shared<'a>,
}

/// Violating rows.
pub(super) struct Found {
    pub count: u64,
    pub samples: Option<RecordBatch>,
}

impl Subject<'_> {
    /// Runs one test. A test that cannot be run, or takes too long, is a result too.
    pub async fn query(&self, test: &SqlTest<'_>) -> TestResult {
        let started = started();
        let found = self.find(test.sql, test.places).await;
        let mut result = self.result(test.name.to_owned(), test.sql.to_owned(), test.header.max_violations, found, started);
        result.severity = test.header.severity.into();
        result.description.clone_from(&test.header.description);
        result.remediation.clone_from(&test.header.remediation);
        result.tags.clone_from(&test.header.tags);
        result
    }

    /// Counts the rows of a query, and keeps the first.
    pub(super) async fn find(&self, sql: &str, places: &Shared<'_>) -> Result<Found> {
        let (planned, diagnostics) = plan::plan(self.session, sql, places, self.relations, Reads::Unknown);
        let Some(planned) = planned else {
            let unknown = || Error::new(Code::InvalidQuery, "the test reads a table whose columns are not known");
            return Err(Error::from_diagnostics(diagnostics).unwrap_or_else(unknown));
        };
        // The rows are shown and told by the names of their columns.
        let planned = planned.apart(&HashMap::new()).map_err(execute::error)?;
        let work = async {
            let mut rows = execute::stream(self.session, planned.plan).await?;
            let (mut count, mut kept, mut samples) = (0, 0, Vec::new());
            while let Some(batch) = rows.try_next().await.map_err(execute::error)? {
                count += batch.num_rows() as u64;
                if kept < SAMPLE_ROWS && batch.num_rows() > 0 {
                    let some = batch.slice(0, batch.num_rows().min(SAMPLE_ROWS - kept));
                    kept += some.num_rows();
                    samples.push(some);
                }
            }
            // A slice holds on to the whole batch, and a report may be kept for long: concatenating copies the few rows out.
            let samples = samples.first().map(|first| concat_batches(&first.schema(), &samples));
            let samples = samples.transpose().map_err(|e| Error::new(Code::Internal, "sample rows could not be kept").with_source(e))?;
            Ok(Found { count, samples })
        };
        self.in_time(work).await
    }

    pub(super) fn result(&self, name: String, sql: String, allowed: u64, found: Result<Found>, started: Instant) -> TestResult {
        let (status, count, samples, error) = match found {
            Ok(found) if found.count > allowed => (TestStatus::Failed, Some(found.count), found.samples, None),
            Ok(found) => (TestStatus::Passed, Some(found.count), found.samples, None),
            Err(error) => (TestStatus::Error, None, None, Some(error)),
        };
        TestResult {
            pipeline: self.table.clone(),
            name,
            description: None,
            severity: Severity::Error,
            status,
            count,
            samples,
            duration: started.elapsed(),
            sql,
            remediation: None,
            tags: Vec::new(),
            error,
        }
    }

    pub(super) async fn in_time<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        match tokio::time::timeout(self.timeout, work).await {
            Ok(outcome) => outcome,
            Err(_) => {
                let message = format!("the test took longer than {} s", self.timeout.as_secs_f64());
                Err(Error::new(Code::TimedOut, message))
            }
        }
    }
}

pub(super) fn started() -> Instant {
    Instant::now()
}
