//! One run of one pipeline: plan, execute, write, test, publish or discard, record.

use std::sync::Arc;
use std::time::Duration;

use futures::future::{self, BoxFuture};
use tokio::sync::OwnedMutexGuard;

use super::active::{Listed, Turn};
use super::asked::{Asked, Purpose, kind_of};
use super::planned::Planned;
use super::publish::{Published, Ready};
use super::record::Record;
use super::report::{Event, Phase, RunReport, RunStatus};
use super::stop::{Stop, cancelled};
use super::{RunContext, RunOptions, WriteData, given, view};
use crate::config::{self, Config, Materialized, Overrides};
use crate::error::{Code, Error, Kind, Result};
use crate::merge::{Merge, Refusal, Rows};
use crate::name::Name;
use crate::project::Pipeline;
use crate::quality::{TestResult, TestStatus};
use crate::tables::StagedView;

/// Runs a pipeline once, and again after a transient error as often as it allows.
///
/// Dropping the future cancels the run: nothing is published and the record says `cancelled`. Once publishing has begun the run finishes by
/// itself. A run that fails is a report with an error.
///
/// # Errors
/// `PIPELINE_NOT_FOUND`, `ALREADY_RUNNING`, and the ledger's codes when the run cannot be written down.
#[inline(never)]
pub fn run<'a>(context: &'a RunContext, name: &'a Name, options: &'a RunOptions) -> BoxFuture<'a, Result<RunReport>> {
    Box::pin(async move { run_in_place(context, name, options, Place::take(context, name, &options.stop.one())?).await })
}

/// The same for a run that has its place already.
pub(super) fn run_in_place<'a>(
    context: &'a RunContext,
    name: &'a Name,
    options: &'a RunOptions,
    place: Place,
) -> BoxFuture<'a, Result<RunReport>> {
    Box::pin(async move {
        let stop = place.listed.stop().clone();
        let mut job = match Job::begun(context, context.project.pipeline(name)?, place, None, options).await? {
            Begun::Job(job) => Arc::new(*job),
            Begun::Over(report) => return Ok(*report),
        };
        loop {
            let report = Arc::clone(&job).run().await?;
            let (config, attempt) = (&job.config, report.attempt);
            let again = report.error.as_ref().is_some_and(is_transient) && attempt <= *config.max_retries;
            if !again {
                return Ok(report);
            }
            let pause = pause(context, Duration::from_secs((*config.retry_delay_seconds).into()), attempt);
            if stop.or(tokio::time::sleep(pause)).await.is_none() {
                return Ok(report);
            }
            let listed = Listed::new(&context.active, &*context.ids, &stop);
            job = Arc::new(Job::begin(context, &job.pipeline, config, options, attempt + 1, &job.turn, listed)?);
        }
    })
}

/// Writes rows that the caller has into a table that no pipeline makes: one run, whose query reads them.
///
/// # Errors
/// As [`run`].
pub async fn write(context: &RunContext, table: &Name, data: WriteData, config: Config, options: &RunOptions) -> Result<RunReport> {
    let place = Place::new(context, table, config, &options.stop.one());
    match Job::begun(context, &Arc::new(given::pipeline(table)), place, Some(data), options).await? {
        Begun::Job(job) => Arc::new(*job).run().await,
        Begun::Over(report) => Ok(*report),
    }
}

/// What came of asking for a turn.
pub(super) enum Begun {
    Job(Box<Job>),
    /// Another run is active, and the pipeline would rather not run than wait; or it was asked to stop while it waited.
    Over(Box<RunReport>),
}

/// A run that waits for its turn, in the order of those who took a place.
pub(super) struct Place {
    pub listed: Listed,
    config: Config,
    turn: BoxFuture<'static, Result<Turn>>,
}

impl Place {
    /// A place for a pipeline. It counts from when its future is first polled.
    pub(super) fn take(context: &RunContext, name: &Name, stop: &Stop) -> Result<Self> {
        let pipeline = context.project.pipeline(name)?;
        let (config, _) = config::resolve(&context.project.defaults, pipeline, &Overrides::default());
        Ok(Self::new(context, name, config, stop))
    }

    fn new(context: &RunContext, name: &Name, config: Config, stop: &Stop) -> Self {
        let listed = Listed::new(&context.active, &*context.ids, stop);
        Self { listed, turn: context.active.turn(name, *config.on_active), config }
    }

    /// The same, queued from now on.
    pub(super) async fn queued(self) -> Self {
        let mut turn = Box::pin(future::maybe_done(self.turn));
        let _ = futures::poll!(turn.as_mut());
        let turn = async move {
            turn.as_mut().await;
            turn.as_mut().take_output().expect("what is done has an output, and it is taken once")
        };
        Self { turn: Box::pin(turn), ..self }
    }
}

/// One attempt at a run.
pub(super) struct Job {
    pub context: RunContext,
    pub pipeline: Arc<Pipeline>,
    pub config: Arc<Config>,
    pub options: RunOptions,
    pub record: Record,
    /// The rows, where it is not a query that makes them.
    pub given: Option<WriteData>,
    /// Whether others read what it stages, and it is published with them or not at all.
    pub together: bool,
    /// Held until the last task of the run is over.
    turn: Arc<OwnedMutexGuard<()>>,
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
        config: &Arc<Config>,
        options: &RunOptions,
        attempt: u32,
        turn: &Arc<OwnedMutexGuard<()>>,
        listed: Listed,
    ) -> Result<Self> {
        let record = Record::begin(context, &pipeline.name, kind_of(config), &options.trigger, attempt, &options.on_event, listed)?;
        Ok(Self {
            context: context.clone(),
            pipeline: Arc::clone(pipeline),
            config: Arc::clone(config),
            options: options.clone(),
            record,
            given: None,
            together: false,
            turn: Arc::clone(turn),
        })
    }

    /// The first attempt, when it is its turn.
    pub(super) async fn take(context: &RunContext, name: &Name, options: &RunOptions) -> Result<Begun> {
        let place = Place::take(context, name, &options.stop.one())?;
        Self::begun(context, context.project.pipeline(name)?, place, None, options).await
    }

    async fn begun(
        context: &RunContext,
        pipeline: &Arc<Pipeline>,
        place: Place,
        given: Option<WriteData>,
        options: &RunOptions,
    ) -> Result<Begun> {
        let Place { listed, config, turn } = place;
        let turn = listed.stop().or(turn).await;
        Ok(match turn.transpose()? {
            Some(Turn::Taken(turn)) => {
                let job = Self::begin(context, pipeline, &Arc::new(config), options, 1, &Arc::new(turn), listed)?;
                Begun::Job(Box::new(Self { given, ..job }))
            }
            Some(Turn::Skipped) => {
                let report = skipped(context, &config, &pipeline.name, options);
                (options.on_event)(&Event::Finished { report: Box::new(report.clone()) });
                Begun::Over(Box::new(report))
            }
            None => {
                let (name, strategy) = (&pipeline.name, kind_of(&config));
                let record = Record::begin(context, name, strategy, &options.trigger, 1, &options.on_event, listed)?;
                Begun::Over(Box::new(record.finish(Some(cancelled()))?))
            }
        })
    }

    /// The same as one of several that are published together.
    pub(super) fn together(self) -> Self {
        Self { together: true, ..self }
    }

    /// From the beginning to the swap, within the time it has.
    pub(super) async fn prepare_in_time(&self) -> Result<Prepared> {
        self.in_time(From::Start, self.end()).await
    }

    fn end(&self) -> End {
        // An end that no clock can tell is none.
        self.options.timeout.or(*self.config.timeout).and_then(|limit| Some((limit, tokio::time::Instant::now().checked_add(limit)?)))
    }

    async fn in_time(&self, from: From, end: End) -> Result<Prepared> {
        let (stop, prepare) = (self.record.stop(), self.prepare(from));
        // What was made ready at the very moment is not published either.
        let prepare = async { stop.or(prepare).await.filter(|_| !stop.is_asked()).unwrap_or_else(|| Err(cancelled())) };
        let Some((limit, end)) = end else { return prepare.await };
        match tokio::time::timeout_at(end, prepare).await {
            Ok(Err(error)) => Err(error),
            // A busy machine looks at the time late.
            Ok(prepared) if tokio::time::Instant::now() < end => prepared,
            _ => Err(Error::new(Code::TimedOut, format!("the run took longer than {} s", limit.as_secs_f64()))),
        }
    }

    async fn run(self: Arc<Self>) -> Result<RunReport> {
        let end = self.end();
        let mut from = From::Start;
        for round in 0..=self.context.commit_retries {
            if round > 0 {
                tokio::time::sleep(pause(&self.context, Duration::from_millis(10), round)).await;
            }
            match self.in_time(from, end).await {
                Err(error) => return self.failed(error).await,
                Ok(Prepared::Nothing) => return self.record.finish(None),
                Ok(Prepared::View(view)) => {
                    return match view::publish(&self, *view).await {
                        Ok(()) => self.record.finish(None),
                        Err(error) => self.failed(error).await,
                    };
                }
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
    #[inline(never)]
    fn prepare(&self, from: From) -> BoxFuture<'_, Result<Prepared>> {
        Box::pin(self.prepare_unboxed(from))
    }

    async fn prepare_unboxed(&self, from: From) -> Result<Prepared> {
        let (planned, rows) = match from {
            From::Start => {
                self.record.phase(Phase::Plan);
                if *self.config.materialized != Materialized::Table {
                    return Ok(view::stage(self).await?.map_or(Prepared::Nothing, |view| Prepared::View(Box::new(view))));
                }
                let planned = Arc::new(self.planned().await?);
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
            From::Merge(planned, rows) => match planned.onto_head(&self.asked()).await? {
                Some(planned) => {
                    self.record.based_on(planned.base.as_ref());
                    self.record.phase(Phase::Write);
                    (Arc::new(planned), rows)
                }
                // Its columns are others now: nothing of the plan holds.
                None => return self.prepare(From::Start).await,
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
    /// What is asked for.
    pub(super) fn asked(&self) -> Asked<'_> {
        let tell = self.record.teller();
        Asked {
            context: &self.context,
            pipeline: &self.pipeline,
            config: &self.config,
            options: &self.options,
            given: self.given.as_ref(),
            started_at: self.record.started_at(),
            progress: Arc::new(move |rows| tell(&|run_id, pipeline| Event::Progress { run_id, pipeline, rows })),
            purpose: Purpose::Run,
        }
    }

    async fn planned(&self) -> Result<Planned> {
        let mut warnings = Vec::new();
        let planned = Planned::new(&self.asked(), &mut warnings).await;
        self.record.warn_all(warnings);
        let planned = planned?;
        self.record.note(|report| report.inputs.clone_from(&planned.inputs));
        self.record.based_on(planned.base.as_ref());
        Ok(planned)
    }

    /// A refusal of rows, with the rows in the report.
    pub(super) fn refused(&self, refusal: Refusal) -> Error {
        if let Some((count, samples)) = refusal.rows {
            let result = TestResult {
                pipeline: self.pipeline.name.clone(),
                name: refusal.error.code().as_str().to_lowercase(),
                description: Some(refusal.error.message().to_owned()),
                severity: crate::error::Severity::Error,
                status: TestStatus::Failed,
                count: Some(count),
                samples: Some(samples),
                duration: Duration::ZERO,
                sql: String::new(),
                remediation: Some(refusal.error.help().to_owned()),
                tags: Vec::new(),
                error: None,
            };
            self.record.tested(vec![result]);
        }
        match refusal.error.code() {
            Code::NullKey => refusal.error.with_labels(self.config.unique_key.origin.label().cloned()),
            _ => refusal.error,
        }
    }

    /// The query's rows, as the merge keeps them.
    async fn rows(&self, planned: &Planned, merge: Merge) -> Result<Rows> {
        self.record.phase(Phase::Execute);
        let incoming = merge.start(planned.query.clone()).await.map_err(|refusal| self.refused(refusal))?;
        self.record.phase(Phase::Write);
        incoming.write().await.map_err(|refusal| self.refused(refusal))
    }
}

/// When an attempt must be over, and how long it had.
type End = Option<(Duration, tokio::time::Instant)>;

/// What is left to do of an attempt: to swap this.
pub(super) enum Prepared {
    Ready(Box<Ready>),
    View(Box<StagedView>),
    /// There is nothing to swap.
    Nothing,
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

/// The pause before the attempt after this one, in chance's own length.
pub(super) fn pause(context: &RunContext, first: Duration, attempt: u32) -> Duration {
    let (_, random) = context.ids.next().as_u64_pair();
    retry_pause(first, attempt, (random % 1024) as f64 / 1024.0)
}

/// A pause that doubles with each attempt, from 1, and is nobody else's: two writers that lost together would meet again. `chance`, at least 0
/// and below 1, makes half of it to one and a half of it.
pub fn retry_pause(first: Duration, attempt: u32, chance: f64) -> Duration {
    first.saturating_mul(1 << attempt.saturating_sub(1).min(10)).mul_f64(0.5 + chance)
}

fn skipped(context: &RunContext, config: &Config, name: &Name, options: &RunOptions) -> RunReport {
    let mut report = RunReport::begun(String::new(), name.clone(), kind_of(config), &options.trigger, context.clock.now(), 0);
    report.status = RunStatus::Cancelled;
    report.skipped_reason = Some("another run of this table is active, and `on_active` is `skip`".to_owned());
    report
}
