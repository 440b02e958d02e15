//! What a build does with one pipeline: the story of a run, introduced to the story of a build.

use async_trait::async_trait;

use crate::build::Steps;
use crate::error::Result;
use crate::name::Name;
use crate::run::{self, Event, OnEvent, RunContext, RunOptions, RunReport, Stop, Together};

pub(super) struct BuildSteps {
    pub(super) context: RunContext,
    pub(super) options: RunOptions,
}

#[async_trait]
impl Steps for BuildSteps {
    async fn fresh(&self, pipeline: &Name) -> Result<Option<String>> {
        run::fresh(&self.context, pipeline, &self.options.vars).await
    }

    async fn run(&self, pipeline: &Name) -> Result<RunReport> {
        run::run(&self.context, pipeline, &self.options).await
    }

    fn is_stopped(&self) -> bool {
        self.options.stop.is_asked()
    }

    fn skipped(&self, report: &RunReport) {
        (self.options.on_event)(&Event::Finished { report: Box::new(report.clone()) });
    }

    async fn end(&self, _failed: Option<&Name>) -> Result<Vec<RunReport>> {
        Ok(Vec::new())
    }
}

/// What a build does whose tables are published together.
pub(super) struct TogetherSteps {
    pub(super) runs: Together,
    pub(super) stop: Stop,
    pub(super) on_event: OnEvent,
}

#[async_trait]
impl Steps for TogetherSteps {
    async fn fresh(&self, pipeline: &Name) -> Result<Option<String>> {
        self.runs.fresh(pipeline).await
    }

    async fn run(&self, pipeline: &Name) -> Result<RunReport> {
        self.runs.stage(pipeline).await
    }

    fn is_stopped(&self) -> bool {
        self.stop.is_asked()
    }

    fn skipped(&self, report: &RunReport) {
        (self.on_event)(&Event::Finished { report: Box::new(report.clone()) });
    }

    async fn end(&self, failed: Option<&Name>) -> Result<Vec<RunReport>> {
        match failed {
            None => self.runs.publish().await,
            Some(failed) => self.runs.discard(failed).await,
        }
    }
}
