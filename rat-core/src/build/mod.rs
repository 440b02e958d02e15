//! The story of a build: many pipelines, each after what it reads, independent ones at the same time.
//!
//! Knows order, skipping and stopping. What running a pipeline is, and when it would change nothing, it is told by [`Steps`].
//!
//! Entry points: [`build`] → [`BuildReport`](crate::run::BuildReport).

mod order;

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::error::{Code, Error, Result};
use crate::graph::Graph;
use crate::name::Name;
use crate::run::{BuildReport, RunReport, RunStatus};
use order::Order;

/// What a build does with one pipeline.
#[async_trait]
pub trait Steps: Send + Sync + 'static {
    /// Why a run would change nothing; `None` when it might.
    ///
    /// # Errors
    /// What keeps it from being found out.
    async fn fresh(&self, pipeline: &Name) -> Result<Option<String>>;

    /// Runs it.
    ///
    /// # Errors
    /// As [`run`](crate::run::run).
    async fn run(&self, pipeline: &Name) -> Result<RunReport>;

    /// Whether somebody asked the build to stop. What runs ends by itself then.
    fn is_stopped(&self) -> bool;

    /// Told of a pipeline that is not run.
    fn skipped(&self, report: &RunReport);

    /// Told when no pipeline is left, and which of them failed first: publishes what runs have held back until now, or forgets it. Gives the
    /// reports of those runs, which take the place of earlier ones.
    ///
    /// # Errors
    /// The ledger's.
    async fn end(&self, failed: Option<&Name>) -> Result<Vec<RunReport>>;
}

/// When the tables of a build are published.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Publish {
    /// Each as it succeeds.
    #[default]
    Each,
    /// All of them in one commit, or none.
    Together,
}

impl Publish {
    /// Reads `each` or `together`.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` for anything else.
    pub fn from_text(text: &str) -> Result<Self> {
        match text {
            "each" => Ok(Publish::Each),
            "together" => Ok(Publish::Together),
            _ => {
                Err(Error::new(Code::InvalidArgument, format!("`{text}` is no way to publish a build"))
                    .with_help("write `each` or `together`"))
            }
        }
    }
}

/// Options of a build.
#[derive(Debug, Clone)]
pub struct BuildOptions {
    /// Run what is fresh, too.
    pub force: bool,
    /// Start nothing more after the first failure.
    pub fail_fast: bool,
    /// How many pipelines run at the same time, at the most.
    pub concurrency: usize,
}

/// Runs the selected pipelines, each after those of them that it needs. Dropping the future cancels the runs under way.
///
/// # Errors
/// `INVALID_ARGUMENT` for a concurrency of zero, and the ledger's codes when a run cannot be written down. A pipeline that fails is a report in the build's.
#[inline(never)]
pub fn build<'a>(
    graph: &'a Graph,
    selected: &'a BTreeSet<Name>,
    steps: Arc<dyn Steps>,
    clock: &'a dyn Clock,
    options: &'a BuildOptions,
) -> BoxFuture<'a, Result<BuildReport>> {
    Box::pin(async move {
        if options.concurrency == 0 {
            return Err(Error::new(Code::InvalidArgument, "a build needs a concurrency of at least 1"));
        }
        let started_at = clock.now();
        let mut order = Order::new(graph, selected);
        let mut running: JoinSet<(Name, Result<RunReport>)> = JoinSet::new();
        let mut failed: Option<Name> = None;
        let mut stopped = false;
        loop {
            while running.len() < options.concurrency
                && let Some((next, culprit)) = order.next()
            {
                if steps.is_stopped() {
                    stopped = true;
                    order.done(&next, skipped(&*steps, &next, RunStatus::Cancelled, "the build was cancelled".to_owned(), clock.now()));
                    continue;
                }
                if let Some(culprit) = failed.as_ref().filter(|_| options.fail_fast) {
                    let reason = format!("the build stopped after `{}` failed", culprit.short());
                    order.done(&next, skipped(&*steps, &next, RunStatus::Cancelled, reason, clock.now()));
                    continue;
                }
                if let Some(culprit) = culprit {
                    let reason = format!("`{}`, which it reads, was not built", culprit.short());
                    order.done(&next, skipped(&*steps, &next, RunStatus::Cancelled, reason, clock.now()));
                    continue;
                }
                let (steps, force, now) = (Arc::clone(&steps), options.force, clock.now());
                running.spawn(async move {
                    let report = step(&*steps, &next, force, now).await;
                    (next, report)
                });
            }
            match running.join_next().await {
                None => break,
                Some(Ok((name, report))) => {
                    let report = report?;
                    if !report.is_ok() {
                        failed.get_or_insert_with(|| name.clone());
                    }
                    order.done(&name, report);
                }
                Some(Err(ended)) => match ended.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(_) => return Err(Error::new(Code::Cancelled, "the runtime stopped while a build was under way")),
                },
            }
        }
        for report in steps.end(failed.as_ref()).await? {
            if !report.is_ok() {
                failed.get_or_insert_with(|| report.pipeline.clone());
            }
            order.done(&report.pipeline.clone(), report);
        }
        let status = match failed {
            None if !stopped => RunStatus::Success,
            Some(_) if !steps.is_stopped() => RunStatus::Failed,
            _ => RunStatus::Cancelled,
        };
        let duration_ms = (clock.now() - started_at).num_milliseconds().unsigned_abs();
        Ok(BuildReport { status, started_at, duration_ms, runs: order.into_reports() })
    })
}

async fn step(steps: &dyn Steps, name: &Name, force: bool, now: DateTime<Utc>) -> Result<RunReport> {
    if !force && let Some(reason) = steps.fresh(name).await? {
        return Ok(skipped(steps, name, RunStatus::Success, reason, now));
    }
    steps.run(name).await
}

fn skipped(steps: &dyn Steps, name: &Name, status: RunStatus, reason: String, now: DateTime<Utc>) -> RunReport {
    let report = RunReport::skipped(name.clone(), status, "build", reason, now);
    steps.skipped(&report);
    report
}
