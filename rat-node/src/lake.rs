//! The verbs, as promises of reports or of rows.

use napi::Env;
use napi::bindgen_prelude::{PromiseRaw, Result};
use napi_derive::napi;
use rat_core::error::Error;
use rat_core::{
    BuildOptions, CheckOptions, CompileOptions, Freshness, GraphOptions, InitOptions, Lake, MaintainOptions, OnFailure, Param, PlanOptions,
    Publish, RunOptions, TestOptions, WriteData, WriteOptions,
};
use serde::Serialize;

use crate::arguments::{Options, count, fields, json, seconds, selection, text, texts};
use crate::bridge::Call;
use crate::error::{to_node, wrong};
use crate::graph::NativeGraph;
use crate::handle::NativeRunHandle;
use crate::params::rows;
use crate::query::NativeStream;
use crate::report::report;
use crate::value::Value;

/// The native lake; `lib/lake.js` wraps it.
#[napi]
pub struct NativeLake(pub(crate) Lake);

/// Opens the lake in a folder that exists.
#[napi]
pub fn open<'env>(env: &'env Env, call: &Call, path: Value, options: Value) -> Result<PromiseRaw<'env, NativeLake>> {
    let mut given = Options::of("open", options)?;
    let mut builder = Lake::builder(&text("path", path)?);
    if let Some(namespace) = given.take("namespace", text)? {
        builder = builder.namespace(&namespace);
    }
    if let Some(settings) = given.take("settings", json)? {
        builder = builder.settings(settings);
    }
    if given.flag("readOnly")? {
        builder = builder.read_only();
    }
    call.promise(env, async move { builder.open().await.map(NativeLake) })
}

/// Writes a project that runs, and opens it.
#[napi]
pub fn init<'env>(env: &'env Env, call: &Call, path: Value, options: Value) -> Result<PromiseRaw<'env, NativeLake>> {
    let path = text("path", path)?;
    let options = InitOptions { example: Options::of("init", options)?.take("example", text)? };
    call.promise(env, async move { Lake::init(&path, &options).await.map(NativeLake) })
}

#[napi]
impl NativeLake {
    /// A `CheckReport`.
    #[napi]
    pub fn check<'env>(&self, env: &'env Env, call: &Call, select: Value, options: Value) -> Result<PromiseRaw<'env, Value>> {
        Options::of("check", options)?;
        let options = CheckOptions { select: selection("select", select)? };
        let lake = self.0.clone();
        call.promise(env, async move { lake.check(&options).await.map(|done| report(&done)) })
    }

    /// One pipeline, compiled.
    #[napi]
    pub fn compile<'env>(&self, env: &'env Env, call: &Call, pipeline: Value, options: Value) -> Result<PromiseRaw<'env, Value>> {
        let (lake, pipeline) = (self.0.clone(), text("pipeline", pipeline)?);
        let mut given = Options::of("compile", options)?;
        let options = CompileOptions {
            sql: given.take("sql", text)?,
            refresh: given.refresh()?,
            vars: given.take("vars", fields)?.unwrap_or_default(),
        };
        call.promise(env, async move { lake.compile(&pipeline, &options).await.map(|done| report(&done)) })
    }

    /// What a run would do.
    #[napi]
    pub fn plan<'env>(&self, env: &'env Env, call: &Call, pipeline: Value, options: Value) -> Result<PromiseRaw<'env, Value>> {
        let (lake, pipeline) = (self.0.clone(), text("pipeline", pipeline)?);
        let mut given = Options::of("plan", options)?;
        let options = PlanOptions { refresh: given.refresh()?, vars: given.take("vars", fields)?.unwrap_or_default() };
        call.promise(env, async move { lake.plan(&pipeline, &options).await.map(|done| report(&done)) })
    }

    /// The quality tests of published tables.
    #[napi]
    pub fn test<'env>(&self, env: &'env Env, call: &Call, select: Value, options: Value) -> Result<PromiseRaw<'env, Value>> {
        let mut given = Options::of("test", options)?;
        let options = TestOptions { select: selection("select", select)?, vars: given.take("vars", fields)?.unwrap_or_default() };
        let lake = self.0.clone();
        call.promise(env, async move { lake.test(&options).await.map(|results| report(&results)) })
    }

    /// The graph.
    #[napi]
    pub fn graph<'env>(&self, env: &'env Env, call: &Call, select: Value, options: Value) -> Result<PromiseRaw<'env, NativeGraph>> {
        Options::of("graph", options)?;
        let options = GraphOptions { select: selection("select", select)? };
        let lake = self.0.clone();
        call.promise(env, async move { lake.graph(&options).await.map(|graph| NativeGraph::new(graph, lake.namespace())) })
    }

    /// `{ report, failure }` of a run.
    #[napi]
    pub fn run<'env>(&self, env: &'env Env, call: &Call, pipeline: Value, options: Value) -> Result<PromiseRaw<'env, Value>> {
        let pipeline = text("pipeline", pipeline)?;
        let mut given = Options::of("run", options)?;
        let options = RunOptions {
            refresh: given.refresh()?,
            timeout: given.take("timeout", seconds)?,
            vars: given.take("vars", fields)?.unwrap_or_default(),
            on_event: call.sink().0,
            stop: call.stop(),
            ..RunOptions::default()
        };
        let lake = self.0.clone();
        call.ending(env, async move { lake.run(&pipeline, &options).await.map(|run| outcome(&run, run.clone().into_result().err())) })
    }

    /// A run in the background.
    #[napi]
    pub fn submit<'env>(&self, env: &'env Env, call: &Call, pipeline: Value, options: Value) -> Result<PromiseRaw<'env, NativeRunHandle>> {
        let (lake, pipeline) = (self.0.clone(), text("pipeline", pipeline)?);
        let mut given = Options::of("submit", options)?;
        let options = RunOptions {
            refresh: given.refresh()?,
            timeout: given.take("timeout", seconds)?,
            vars: given.take("vars", fields)?.unwrap_or_default(),
            ..RunOptions::default()
        };
        call.promise(env, async move { lake.submit(&pipeline, &options).await.map(NativeRunHandle) })
    }

    /// `{ report, failure }` of a build.
    #[napi]
    pub fn build<'env>(&self, env: &'env Env, call: &Call, select: Value, options: Value) -> Result<PromiseRaw<'env, Value>> {
        let mut given = Options::of("build", options)?;
        let publish = given.take("publish", text)?.as_deref().map(Publish::from_text).transpose().map_err(|e| to_node(&e))?;
        let options = BuildOptions {
            select: selection("select", select)?,
            exclude: given.take("exclude", texts)?.unwrap_or_default(),
            publish: publish.unwrap_or_default(),
            refresh: given.refresh()?,
            freshness: if given.flag("force")? { Freshness::RunAll } else { Freshness::SkipFresh },
            on_failure: if given.flag("failFast")? { OnFailure::Stop } else { OnFailure::GoOn },
            concurrency: given.take("concurrency", count)?,
            vars: given.take("vars", fields)?.unwrap_or_default(),
            on_event: call.sink(),
            stop: call.stop(),
        };
        let lake = self.0.clone();
        call.ending(env, async move { lake.build(&options).await.map(|build| outcome(&build, build.clone().into_result().err())) })
    }

    /// `{ report, failure }` of a write.
    #[napi]
    pub fn write<'env>(&self, env: &'env Env, call: &Call, table: Value, data: Value, options: Value) -> Result<PromiseRaw<'env, Value>> {
        let table = text("table", table)?;
        let data = match data {
            Value::Bytes(bytes) => Given::Ipc(bytes),
            Value::List(items) => Given::Rows(rows("data", items)?),
            other => {
                let expected =
                    "an array of objects, rows or a stream of a query, a Table or a RecordBatch of apache-arrow, or bytes of Arrow IPC";
                return Err(wrong("data", expected, &other));
            }
        };
        self.written(env, call, table, data, options)
    }

    /// The same of what a stream has left.
    #[napi]
    pub fn write_stream<'env>(
        &self,
        env: &'env Env,
        call: &Call,
        table: Value,
        data: &NativeStream,
        options: Value,
    ) -> Result<PromiseRaw<'env, Value>> {
        self.written(env, call, text("table", table)?, Given::Stream(data.clone()), options)
    }

    /// `{ report, failure }` of a maintenance.
    #[napi]
    pub fn maintain<'env>(&self, env: &'env Env, call: &Call, select: Value, options: Value) -> Result<PromiseRaw<'env, Value>> {
        let mut given = Options::of("maintain", options)?;
        let options = MaintainOptions {
            select: selection("select", select)?,
            dry_run: given.flag("dryRun")?,
            relocate: given.flag("relocate")?,
            // No table has more than this says.
            keep_snapshots: given.take("keepSnapshots", count)?.map(|count| u32::try_from(count).unwrap_or(u32::MAX)),
            keep_for: given.take("keepFor", seconds)?,
            orphan_grace: given.take("orphanGrace", seconds)?,
        };
        let lake = self.0.clone();
        call.promise(env, async move { lake.maintain(&options).await.map(|done| outcome(&done, done.clone().into_result().err())) })
    }

    /// The lake's root, as a URL.
    #[napi(getter)]
    pub fn url(&self) -> String {
        self.0.url()
    }

    /// The namespace that `layer.name` means.
    #[napi(getter)]
    pub fn namespace(&self) -> String {
        self.0.namespace().to_owned()
    }

    /// Every verb of this handle throws from now on.
    #[napi]
    pub fn close(&self) {
        self.0.close();
    }
}

/// Rows to write, on their way off the event loop.
enum Given {
    Ipc(Vec<u8>),
    Rows(Vec<Vec<(String, Param)>>),
    Stream(NativeStream),
}

impl NativeLake {
    fn written<'env>(&self, env: &'env Env, call: &Call, table: String, data: Given, options: Value) -> Result<PromiseRaw<'env, Value>> {
        let mut given = Options::of("write", options)?;
        let options = WriteOptions {
            strategy: given.take("strategy", text)?,
            unique_key: given.take("uniqueKey", texts)?.unwrap_or_default(),
            settings: given.take("settings", fields)?.unwrap_or_default(),
            timeout: given.take("timeout", seconds)?,
            on_event: call.sink(),
            stop: call.stop(),
        };
        let lake = self.0.clone();
        call.ending(env, async move {
            let data = match data {
                Given::Ipc(bytes) => WriteData::ipc(bytes),
                Given::Rows(rows) => WriteData::rows(rows),
                Given::Stream(stream) => stream.rest().await,
            };
            let done = lake.write(&table, data?, &options).await?;
            Ok(outcome(&done, done.error.clone()))
        })
    }
}

/// The report, and the error that a caller who wants failures raised gets.
pub fn outcome(done: &impl Serialize, failure: Option<Error>) -> Value {
    let failure = failure.map_or(Value::Null, |error| report(&error));
    Value::Object(vec![("report".to_owned(), report(done)), ("failure".to_owned(), failure)])
}
