//! Runs that are published together: each does all but the swap and reads what those before it are about to publish; then one commit
//! publishes all of them, or none.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;

use super::pipeline::{Begun, Job, Prepared, pause, uninterrupted};
use super::publish::{Kept, Ready, succeeded};
use super::report::Phase;
use super::stop::cancelled;
use super::{RunContext, RunOptions, RunReport, fresh};
use crate::error::{Code, Error, Result};
use crate::name::Name;
use crate::tables::{PublishError, Relation, StagedView, Tables};

/// The runs of one build that are published together. Dropped, nothing of them is published.
pub struct Together {
    /// Its tables are those of the lake, and those that are staged here.
    context: RunContext,
    options: RunOptions,
    /// Where they are published: what is only staged is not there.
    tables: Tables,
    held: Mutex<Vec<Held>>,
    /// Two such builds that wait for each other's tables would wait for ever.
    _turn: OwnedMutexGuard<()>,
}

/// A run that is over but for the swap.
struct Held {
    job: Arc<Job>,
    work: Work,
}

enum Work {
    Table(Box<Ready>),
    View(Box<StagedView>),
    /// It keeps nothing.
    Nothing,
}

/// What came of trying to swap.
enum Swapped {
    Over(Vec<RunReport>),
    /// Another writer was first. Nothing was published, and nothing is kept: what one of them read, others read of it.
    Moved(Vec<Arc<Job>>),
}

impl Together {
    /// Waits until no other such build is under way in this process.
    ///
    /// # Errors
    /// `CANCELLED` when it is asked to stop meanwhile.
    #[inline(never)]
    pub fn begin<'a>(context: &'a RunContext, options: RunOptions) -> BoxFuture<'a, Result<Self>> {
        Box::pin(async move {
            let turn = options.stop.or(context.active.together()).await.ok_or_else(cancelled)?;
            let tables = context.tables.clone();
            let context = RunContext { tables: tables.ahead(), ..context.clone() };
            Ok(Self { context, options, tables, held: Mutex::default(), _turn: turn })
        })
    }

    /// As [`fresh`](super::fresh::fresh), with what is staged counting as changed.
    ///
    /// # Errors
    /// As `fresh`.
    pub async fn fresh(&self, name: &Name) -> Result<Option<String>> {
        fresh(&self.context, name, &self.options.vars).await
    }

    /// Does all of a run but the swap. Its report says what will be so when all are published; a run that fails is over.
    ///
    /// # Errors
    /// As [`run`](super::run).
    pub async fn stage(&self, name: &Name) -> Result<RunReport> {
        let job = match Job::take(&self.context, name, &self.options).await? {
            Begun::Over(report) => return Ok(*report),
            Begun::Job(job) => Arc::new(job.together()),
        };
        match self.hold(&job).await {
            Err(error) => job.failed(error).await,
            Ok(held) => {
                self.held.lock().push(held);
                Ok(job.record.so_far())
            }
        }
    }

    async fn hold(&self, job: &Arc<Job>) -> Result<Held> {
        let work = match job.prepare_in_time().await? {
            Prepared::Nothing => Work::Nothing,
            Prepared::Ready(ready) => {
                self.context.tables.show(Relation::Table(ready.table().clone()));
                Work::Table(ready)
            }
            Prepared::View(view) => {
                self.context.tables.show(Relation::View(view.view()));
                Work::View(view)
            }
        };
        Ok(Held { job: Arc::clone(job), work })
    }

    /// Publishes all of them, or none. When another writer was first all are made again, a bounded number of times.
    ///
    /// # Errors
    /// The ledger's. What went wrong otherwise is in the reports, each of which is the run's last.
    pub async fn publish(&self) -> Result<Vec<RunReport>> {
        let mut held = std::mem::take(&mut *self.held.lock());
        for round in 1.. {
            if let Some(stopped) = held.iter().find(|held| held.job.record.stop().is_asked()) {
                let message =
                    format!("`{}` was cancelled, and the tables of this build are published together", stopped.job.pipeline.name.short());
                return discard(held, &Error::new(Code::Cancelled, message)).await;
            }
            let jobs = match uninterrupted(swap(self.tables.clone(), held)).await? {
                Swapped::Over(reports) => return Ok(reports),
                Swapped::Moved(jobs) => jobs,
            };
            self.context.tables.hide();
            if round > self.context.commit_retries {
                let message = format!("other writers were first each of {round} times");
                return fail(jobs, &Error::new(Code::CommitConflict, message)).await;
            }
            tokio::time::sleep(pause(&self.context, Duration::from_millis(10), round)).await;
            held = Vec::with_capacity(jobs.len());
            for job in &jobs {
                match self.hold(job).await {
                    Ok(again) => held.push(again),
                    Err(error) => {
                        drop(held);
                        return fail(jobs, &error).await;
                    }
                }
            }
        }
        Ok(Vec::new())
    }

    /// Forgets all of them: this one failed, and they are not published without it.
    ///
    /// # Errors
    /// The ledger's.
    pub async fn discard(&self, failed: &Name) -> Result<Vec<RunReport>> {
        let held = std::mem::take(&mut *self.held.lock());
        let message = format!("`{}` failed, and the tables of this build are published together", failed.short());
        discard(held, &Error::new(Code::Cancelled, message)).await
    }
}

async fn discard(held: Vec<Held>, error: &Error) -> Result<Vec<RunReport>> {
    let jobs: Vec<_> = held.iter().map(|held| Arc::clone(&held.job)).collect();
    drop(held);
    fail(jobs, error).await
}

async fn swap(tables: Tables, held: Vec<Held>) -> Result<Swapped> {
    let (mut staged, mut views, mut jobs, mut kept) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for Held { job, work } in held {
        job.record.phase(Phase::Publish);
        let rows = match work {
            Work::Table(ready) => {
                let (rows, change) = ready.split();
                staged.push(change);
                Some(rows)
            }
            Work::View(view) => {
                views.push(*view);
                None
            }
            Work::Nothing => None,
        };
        kept.push(rows);
        jobs.push(job);
    }
    let mut made = Vec::new();
    if !staged.is_empty() || !views.is_empty() {
        match tables.publish_with_views(staged, views).await {
            Ok(published) => made = published.tables,
            Err(PublishError::Conflict { staged, .. }) => {
                for staged in staged {
                    staged.discard().await;
                }
                return Ok(Swapped::Moved(jobs));
            }
            Err(PublishError::Failed(error)) => {
                drop(kept);
                return fail(jobs, &error).await.map(Swapped::Over);
            }
            Err(PublishError::Unknown(error)) => {
                kept.iter().flatten().for_each(Kept::claim);
                // All of them or none: one that was published tells of all.
                let mut happened = false;
                for (job, _) in jobs.iter().zip(&kept).filter(|(_, rows)| rows.is_some()) {
                    happened |= job.was_published(&tables).await;
                }
                if !happened {
                    let unknown = Error::new(Code::CommitUnknown, "the catalog did not say whether the tables of the build were published");
                    return fail(jobs, &unknown.with_source(error)).await.map(Swapped::Over);
                }
            }
        }
    }
    let mut made = made.into_iter();
    let mut reports = Vec::with_capacity(jobs.len());
    for (job, rows) in jobs.into_iter().zip(kept) {
        reports.push(match rows {
            Some(rows) => {
                let table = match made.next() {
                    Some(table) => Some(table),
                    None => tables.load(&job.pipeline.name).await.unwrap_or_default(),
                };
                succeeded(&job, rows, table).await?
            }
            None => job.record.finish(None)?,
        });
    }
    Ok(Swapped::Over(reports))
}

async fn fail(jobs: Vec<Arc<Job>>, error: &Error) -> Result<Vec<RunReport>> {
    let mut reports = Vec::with_capacity(jobs.len());
    for job in jobs {
        reports.push(job.failed(error.clone()).await?);
    }
    Ok(reports)
}
