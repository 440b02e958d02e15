//! The verbs, as promises of JSON or of results.

use std::time::Duration;

use napi::bindgen_prelude::{Buffer, Result};
use napi_derive::napi;
use rat_core::error::{Code, Error};
use rat_core::{BuildOptions, CheckOptions, Freshness, OnFailure, Publish, QueryOptions, Refresh, RunOptions};
use serde::{Deserialize, Serialize};

use crate::arrow::{Value, ipc, rows};
use crate::bridge::call;
use crate::error::to_node;

/// The native lake; `index.js` wraps it.
#[napi]
pub struct NativeLake(rat_core::Lake);

/// What `index.js` hands over as JSON; a field that is not known is refused there by type and here by name.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Options {
    namespace: Option<String>,
    settings: Option<serde_json::Value>,
    read_only: bool,
    select: Vec<String>,
    exclude: Vec<String>,
    publish: Option<String>,
    full_refresh: bool,
    allow_data_loss: bool,
    force: bool,
    fail_fast: bool,
    concurrency: Option<usize>,
    vars: std::collections::BTreeMap<String, serde_json::Value>,
    timeout: Option<f64>,
    limit: Option<usize>,
    namespaces: Option<Vec<String>>,
}

impl Options {
    fn read(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|e| to_node(&Error::new(Code::InvalidArgument, format!("the options cannot be read: {e}"))))
    }

    fn refresh(&self) -> Refresh {
        match (self.full_refresh, self.allow_data_loss) {
            (false, _) => Refresh::No,
            (true, false) => Refresh::Full,
            (true, true) => Refresh::FullWithLoss,
        }
    }

    fn timeout(&self) -> Result<Option<Duration>> {
        let wrong = |_| to_node(&Error::new(Code::InvalidArgument, "`timeout` is a number of seconds, not negative"));
        self.timeout.map(|seconds| Duration::try_from_secs_f64(seconds).map_err(wrong)).transpose()
    }
}

/// Opens the lake in a folder that exists.
#[napi]
pub async fn open(path: String, options: String) -> Result<NativeLake> {
    let options = Options::read(&options)?;
    let mut builder = rat_core::Lake::builder(&path);
    if let Some(namespace) = &options.namespace {
        builder = builder.namespace(namespace);
    }
    if let Some(settings) = options.settings {
        builder = builder.settings(settings);
    }
    if options.read_only {
        builder = builder.read_only();
    }
    call(builder.open()).await.map(NativeLake)
}

#[napi]
impl NativeLake {
    /// A `CheckReport` as JSON.
    #[napi]
    pub async fn check(&self, options: String) -> Result<String> {
        let options = CheckOptions { select: Options::read(&options)?.select };
        json(&call(self.0.check(&options)).await?)
    }

    /// A `RunReport` as JSON.
    #[napi]
    pub async fn run(&self, pipeline: String, options: String) -> Result<String> {
        let given = Options::read(&options)?;
        let options = RunOptions { refresh: given.refresh(), timeout: given.timeout()?, vars: given.vars, ..RunOptions::default() };
        json(&call(self.0.run(&pipeline, &options)).await?)
    }

    /// A `BuildReport` as JSON.
    #[napi]
    pub async fn build(&self, options: String) -> Result<String> {
        let given = Options::read(&options)?;
        let publish = given.publish.as_deref().map(Publish::from_text).transpose().map_err(|e| to_node(&e))?;
        let options = BuildOptions {
            publish: publish.unwrap_or_default(),
            refresh: given.refresh(),
            freshness: if given.force { Freshness::RunAll } else { Freshness::SkipFresh },
            on_failure: if given.fail_fast { OnFailure::Stop } else { OnFailure::GoOn },
            select: given.select,
            exclude: given.exclude,
            concurrency: given.concurrency,
            vars: given.vars,
            ..BuildOptions::default()
        };
        json(&call(self.0.build(&options)).await?)
    }

    /// Answers one read-only statement.
    #[napi]
    pub async fn query(&self, sql: String, options: String) -> Result<NativeResult> {
        let given = Options::read(&options)?;
        let options =
            QueryOptions { limit: given.limit, timeout: given.timeout()?, namespaces: given.namespaces, ..QueryOptions::default() };
        call(self.0.query(&sql, &options)).await.map(NativeResult)
    }

    /// Every verb of this handle throws from now on.
    #[napi]
    pub fn close(&self) {
        self.0.close();
    }
}

/// The rows of a query.
#[napi]
pub struct NativeResult(rat_core::QueryResult);

#[napi]
impl NativeResult {
    /// The names of the columns.
    #[napi(getter)]
    pub fn columns(&self) -> Vec<String> {
        self.0.schema.fields().iter().map(|field| field.name().clone()).collect()
    }

    /// How many rows there are.
    #[napi(getter)]
    pub fn num_rows(&self) -> u32 {
        u32::try_from(self.0.num_rows()).unwrap_or(u32::MAX)
    }

    /// How long the query took, in milliseconds.
    #[napi(getter)]
    pub fn duration_ms(&self) -> f64 {
        self.0.duration.as_secs_f64() * 1000.0
    }

    /// The rows as plain objects.
    #[napi(ts_return_type = "Record<string, unknown>[]")]
    pub fn to_array(&self) -> Result<Vec<Value>> {
        rows(&self.0.batches).map_err(|e| to_node(&Error::new(Code::Internal, e.to_string())))
    }

    /// The rows as an Arrow IPC stream.
    #[napi(js_name = "toIPC")]
    pub fn to_ipc(&self) -> Result<Buffer> {
        ipc(&self.0.schema, &self.0.batches).map(Buffer::from).map_err(|e| to_node(&Error::new(Code::Internal, e.to_string())))
    }
}

fn json(data: &impl Serialize) -> Result<String> {
    serde_json::to_string(data).map_err(|e| to_node(&Error::new(Code::Internal, e.to_string())))
}
