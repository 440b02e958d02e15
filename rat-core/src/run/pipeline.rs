//! One run of one pipeline: plan, execute, write, test, publish or discard, record.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;

use super::active::Turn;
use super::planned::Planned;
use super::publish::{Published, Ready};
use super::record::Record;
use super::report::{Phase, RunReport, RunStatus};
use super::{RunContext, RunOptions, view};
use crate::config::{self, Config, Materialized, Overrides};
use crate::error::{Code, Error, Kind, Result};
use crate::merge::{Merge, Rows};
use crate::name::Name;
use crate::project::{Language, Pipeline};

/// Runs a pipeline once, and again after a transient error as often as it allows.
///
/// Dropping the future cancels the run: nothing is published and the record says `cancelled`. Once publishing has begun the run finishes by
/// itself. A run that fails is a report with an error.
///
/// # Errors
/// `PIPELINE_NOT_FOUND`, `ALREADY_RUNNING`, and the ledger's codes when the run cannot be written down.
pub async fn run(context: &RunContext, name: &Name, options: &RunOptions) -> Result<RunReport> {
    let pipeline = context.project.pipeline(name)?;
    let (config, _) = config::resolve(&context.project.defaults, pipeline, &Overrides::default());
    let turn = match context.active.turn(name, *config.on_active).await? {
        Turn::Taken(turn) => Arc::new(turn),
        Turn::Skipped => return Ok(skipped(context, &config, name, options)),
    };
    let mut attempt = 1;
    loop {
        let job = Job::begin(context, pipeline, &config, options, attempt, &turn)?;
        let report = Arc::new(job).run().await?;
        let again = report.error.as_ref().is_some_and(is_transient) && attempt <= *config.max_retries;
        if !again {
            return Ok(report);
        }
        tokio::time::sleep(pause(context, Duration::from_secs((*config.retry_delay_seconds).into()), attempt)).await;
        attempt += 1;
    }
}

/// One attempt at a run.
pub(super) struct Job {
    pub context: RunContext,
    pub pipeline: Arc<Pipeline>,
    pub config: Arc<Config>,
    pub options: RunOptions,
    pub record: Record,
    /// Held until the last task of the run is over.
    _turn: Arc<OwnedMutexGuard<()>>,
}

/// Where an attempt goes on from.
enum From {
    /// The beginning.
    Start,
    /// The table moved, and the new rows are still good.
    Merge(Arc<Planned>, Arc<Rows>),
}

impl Job {
    fn begin(
        context: &RunContext,
        pipeline: &Arc<Pipeline>,
        config: &Config,
        options: &RunOptions,
        attempt: u32,
        turn: &Arc<OwnedMutexGuard<()>>,
    ) -> Result<Self> {
        let record = Record::begin(context, &pipeline.name, kind_of(config), &options.trigger, attempt, &options.on_event)?;
        Ok(Self {
            context: context.clone(),
            pipeline: Arc::clone(pipeline),
            config: Arc::new(config.clone()),
            options: options.clone(),
            record,
            _turn: Arc::clone(turn),
        })
    }

    async fn run(self: Arc<Self>) -> Result<RunReport> {
        let end = self.options.timeout.or(*self.config.timeout).map(|limit| (limit, tokio::time::Instant::now() + limit));
        let mut from = From::Start;
        for round in 0..=self.context.commit_retries {
            if round > 0 {
                tokio::time::sleep(pause(&self.context, Duration::from_millis(10), round)).await;
            }
            let ready = match end {
                None => self.prepare(from).await,
                Some((limit, end)) => match tokio::time::timeout_at(end, self.prepare(from)).await {
                    Ok(ready) => ready,
                    Err(_) => Err(Error::new(Code::TimedOut, format!("the run took longer than {} s", limit.as_secs_f64()))),
                },
            };
            match ready {
                Err(error) => return self.failed(error).await,
                Ok(Prepared::Finished) => return self.record.finish(None),
                Ok(Prepared::Ready(ready)) => match uninterrupted(ready.publish(Arc::clone(&self))).await? {
                    Published::Finished(report) => return Ok(*report),
                    Published::Moved(planned, rows) if !planned.looks_at_own_past() => from = From::Merge(planned, rows),
                    Published::Moved(..) => from = From::Start,
                },
            }
        }
        drop(from);
        let message = format!("other writers were first each of {} times", self.context.commit_retries + 1);
        self.failed(Error::new(Code::CommitConflict, message)).await
    }

    /// Ends a run that published nothing, when its files are gone: whoever is told of it may end the process.
    pub(super) async fn failed(&self, error: Error) -> Result<RunReport> {
        self.context.tables.storage().deleted().await;
        self.record.finish(Some(error))
    }

    /// Everything before the table moves. Nobody else sees any of it.
    async fn prepare(&self, from: From) -> Result<Prepared> {
        let (planned, rows) = match from {
            From::Start => {
                self.record.phase(Phase::Plan);
                if self.pipeline.language == Language::Python {
                    let message = format!("`{}` is a Python pipeline, which this version of rat does not run", self.pipeline.name.short());
                    return Err(Error::new(Code::UnsupportedPipeline, message).with_help("write it in SQL"));
                }
                if *self.config.materialized != Materialized::Table {
                    view::run(self).await?;
                    return Ok(Prepared::Finished);
                }
                let planned = Arc::new(Planned::new(self).await?);
                let rows = match self.rows(&planned, planned.merge.clone()).await {
                    Err(error) if error.code() == Code::OutOfMemory && planned.can_sort_joins() => {
                        self.record.log("out of memory: once more, with joins that sort both sides");
                        let session = planned.merge.session.with_sorted_joins();
                        self.rows(&planned, Merge { session, ..planned.merge.clone() }).await?
                    }
                    rows => rows?,
                };
                (planned, Arc::new(rows))
            }
            From::Merge(planned, rows) => match planned.onto_head(self).await? {
                Some(planned) => {
                    self.record.phase(Phase::Write);
                    (Arc::new(planned), rows)
                }
                // Its columns are others now: nothing of the plan holds.
                None => return Box::pin(self.prepare(From::Start)).await,
            },
        };
        let ready = Ready::stage(self, planned, rows).await?;
        self.record.phase(Phase::Test);
        match ready.test(self).await {
            Ok(()) => Ok(Prepared::Ready(Box::new(ready))),
            Err(error) => {
                ready.discard().await;
                Err(error)
            }
        }
    }
}

impl Job {
    /// The query's rows, as the merge keeps them.
    async fn rows(&self, planned: &Planned, merge: Merge) -> Result<Rows> {
        self.record.phase(Phase::Execute);
        let incoming = merge.start(planned.query.clone()).await.map_err(|refusal| self.refused(refusal))?;
        self.record.phase(Phase::Write);
        incoming.write().await.map_err(|refusal| self.refused(refusal))
    }
}

enum Prepared {
    Ready(Box<Ready>),
    /// There is nothing to swap.
    Finished,
}

/// Runs to the end whatever happens to the caller.
pub(super) async fn uninterrupted<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    match tokio::spawn(work).await {
        Ok(done) => done,
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Nobody aborts this task: the runtime is shutting down, and whoever waited goes with it.
            Err(_) => std::future::pending().await,
        },
    }
}

/// Whether trying again may help. Of a commit that was not answered nobody knows whether a second one would be the second.
fn is_transient(error: &Error) -> bool {
    error.is_retryable() && error.code() != Code::CommitUnknown && matches!(error.kind(), Kind::Unavailable | Kind::Conflict)
}

/// A pause that doubles, and is nobody else's: two writers that lost together would meet again.
fn pause(context: &RunContext, first: Duration, attempt: u32) -> Duration {
    let (_, random) = context.ids.next().as_u64_pair();
    let doubled = first.saturating_mul(1 << (attempt - 1).min(10));
    doubled.mul_f64(0.5 + (random % 1024) as f64 / 1024.0)
}

fn kind_of(config: &Config) -> &'static str {
    match *config.materialized {
        Materialized::Table => config.merge_strategy.as_str(),
        other => other.as_str(),
    }
}

fn skipped(context: &RunContext, config: &Config, name: &Name, options: &RunOptions) -> RunReport {
    let mut report = RunReport::begun(String::new(), name.clone(), kind_of(config), &options.trigger, context.clock.now(), 0);
    report.status = RunStatus::Cancelled;
    report.skipped_reason = Some("another run of this table is active, and `on_active` is `skip`".to_owned());
    report
}
