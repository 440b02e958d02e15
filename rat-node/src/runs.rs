//! `lake.runs`.

use napi::Env;
use napi::bindgen_prelude::{PromiseRaw, Result};
use napi_derive::napi;
use rat_core::{RunFilter, RunStatus};

use crate::arguments::{Options, count, text, texts, time};
use crate::bridge::Call;
use crate::error::to_node;
use crate::lake::NativeLake;
use crate::report::report;
use crate::value::Value;

#[napi]
impl NativeLake {
    /// One page of runs.
    #[napi]
    pub fn runs_list<'env>(&self, env: &'env Env, call: &Call, options: Value) -> Result<PromiseRaw<'env, Value>> {
        let mut given = Options::of("runs.list", options)?;
        let statuses = given.take("status", texts)?.unwrap_or_default();
        let filter = RunFilter {
            pipeline: given.take("pipeline", text)?,
            statuses: statuses.iter().map(|s| RunStatus::from_text(s).map_err(|e| to_node(&e))).collect::<Result<_>>()?,
            since: given.take("since", time)?,
            until: given.take("until", time)?,
            limit: given.take("limit", count)?.unwrap_or(RunFilter::default().limit),
            after: given.take("after", text)?,
        };
        let lake = self.0.clone();
        call.promise(env, async move { lake.runs().list(&filter).map(|page| report(&page)) })
    }

    /// One run.
    #[napi]
    pub fn runs_get<'env>(&self, env: &'env Env, call: &Call, id: Value) -> Result<PromiseRaw<'env, Value>> {
        let (lake, id) = (self.0.clone(), text("id", id)?);
        call.promise(env, async move { lake.runs().get(&id).map(|run| report(&run)) })
    }

    /// Asks a run to stop.
    #[napi]
    pub fn runs_cancel<'env>(&self, env: &'env Env, call: &Call, id: Value) -> Result<PromiseRaw<'env, ()>> {
        let (lake, id) = (self.0.clone(), text("id", id)?);
        call.promise(env, async move { lake.runs().cancel(&id).await })
    }

    /// The report of a run that is over.
    #[napi]
    pub fn runs_report<'env>(&self, env: &'env Env, call: &Call, id: Value) -> Result<PromiseRaw<'env, Value>> {
        let (lake, id) = (self.0.clone(), text("id", id)?);
        call.promise(env, async move { lake.runs().report(&id).map(|done| report(&done)) })
    }

    /// A run's log.
    #[napi]
    pub fn runs_logs<'env>(&self, env: &'env Env, call: &Call, id: Value, after: Value) -> Result<PromiseRaw<'env, Value>> {
        let (lake, id) = (self.0.clone(), text("id", id)?);
        let after = if after == Value::Undefined { 0 } else { count("after", after)? as u64 };
        call.promise(env, async move { lake.runs().logs(&id, after).map(|lines| report(&lines)) })
    }

    /// A run's quality tests.
    #[napi]
    pub fn runs_tests<'env>(&self, env: &'env Env, call: &Call, id: Value) -> Result<PromiseRaw<'env, Value>> {
        let (lake, id) = (self.0.clone(), text("id", id)?);
        call.promise(env, async move { lake.runs().tests(&id).map(|tests| report(&tests)) })
    }
}
