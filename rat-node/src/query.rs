//! What a query answers: whole, or batch by batch.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use futures::TryStreamExt;
use napi::Env;
use napi::bindgen_prelude::{Buffer, ObjectFinalize, PromiseRaw, Result};
use napi_derive::napi;
use rat_core::error::{Code, Error};
use rat_core::{Preview, PreviewOptions, QueryOptions, QueryResult, QueryStream};
use tokio::sync::Mutex;

use crate::arguments::{Options, count, fields, moment, seconds, text, texts};
use crate::arrow::{Rows, ipc};
use crate::bridge::Call;
use crate::lake::NativeLake;
use crate::params::params;
use crate::report::report;
use crate::value::Value;

/// Rows as Arrow; `lib/query.js` wraps them.
#[napi(custom_finalize)]
pub struct NativeRows(QueryResult);

impl From<QueryResult> for NativeRows {
    fn from(result: QueryResult) -> Self {
        Self(result)
    }
}

impl ObjectFinalize for NativeRows {
    fn finalize(self, env: Env) -> Result<()> {
        env.adjust_external_memory(-self.bytes()).map(drop)
    }
}

impl NativeRows {
    fn bytes(&self) -> i64 {
        let bytes = self.0.batches.iter().map(RecordBatch::get_array_memory_size).sum::<usize>();
        i64::try_from(bytes).unwrap_or(i64::MAX)
    }

    /// The last step of a promise of rows: the garbage collector learns what lies behind the small object, or it would let it wait.
    pub fn known_to_collector(env: &Env, rows: Self) -> Result<Self> {
        env.adjust_external_memory(rows.bytes()).map(|_| rows)
    }
}

#[napi]
impl NativeRows {
    /// The names of the columns.
    #[napi(getter)]
    pub fn columns(&self) -> Vec<String> {
        self.0.schema.fields().iter().map(|field| field.name().clone()).collect()
    }

    /// The types of the columns, as SQL writes them.
    #[napi(getter)]
    pub fn types(&self) -> Vec<String> {
        rat_core::columns(&self.0.schema).into_iter().map(|column| column.data_type).collect()
    }

    /// How many rows there are.
    #[napi(getter)]
    pub fn num_rows(&self) -> f64 {
        self.0.num_rows() as f64
    }

    /// How long the query took, in milliseconds.
    #[napi(getter)]
    pub fn duration_ms(&self) -> f64 {
        self.0.duration.as_secs_f64() * 1000.0
    }

    /// The first rows alone.
    #[napi]
    pub fn head(&self, env: &Env, rows: Value) -> Result<Self> {
        Self::known_to_collector(env, Self(self.0.head(count("rows", rows)?)))
    }

    /// The rows as plain objects.
    #[napi]
    pub fn to_array(&self) -> Rows {
        Rows(self.0.batches.clone())
    }

    /// The rows as an Arrow IPC stream.
    #[napi(js_name = "toIPC")]
    pub fn to_ipc<'env>(&self, env: &'env Env, call: &Call) -> Result<PromiseRaw<'env, Buffer>> {
        let (schema, batches) = (Arc::clone(&self.0.schema), self.0.batches.clone());
        let encoded = move || ipc(&schema, &batches).map_err(|e| Error::new(Code::Internal, e.to_string()));
        call.promise(env, async move { encoded().map(Buffer::from) })
    }
}

/// A query under way; `lib/query.js` makes an async iterator of it.
#[napi]
pub struct NativeStream(Arc<Mutex<Option<QueryStream>>>);

#[napi]
impl NativeStream {
    /// The next rows; null at the end.
    #[napi]
    pub fn next<'env>(&self, env: &'env Env, call: &Call) -> Result<PromiseRaw<'env, Option<NativeRows>>> {
        let stream = Arc::clone(&self.0);
        let next = async move {
            let mut stream = stream.lock().await;
            let Some(batches) = stream.as_mut() else { return Ok(None) };
            let schema = batches.schema();
            while let Some(batch) = batches.try_next().await? {
                if batch.num_rows() > 0 {
                    return Ok(Some(NativeRows(QueryResult { schema, batches: vec![batch], duration: Duration::ZERO })));
                }
            }
            Ok(None)
        };
        call.promise_of(env, next, |env, rows| rows.map(|rows| NativeRows::known_to_collector(env, rows)).transpose())
    }

    /// Stops the query.
    #[napi]
    pub fn close(&self) {
        if let Ok(mut stream) = self.0.try_lock() {
            *stream = None;
        }
    }
}

#[napi]
impl NativeLake {
    /// Answers one read-only statement, whole.
    #[napi]
    pub fn query<'env>(&self, env: &'env Env, call: &Call, sql: Value, options: Value) -> Result<PromiseRaw<'env, NativeRows>> {
        let (sql, options) = (text("sql", sql)?, query_options(options)?);
        let lake = self.0.clone();
        let answer = async move { lake.query(&sql, &options).await.map(NativeRows::from) };
        call.promise_of(env, answer, NativeRows::known_to_collector)
    }

    /// Answers one read-only statement batch by batch.
    #[napi]
    pub fn stream<'env>(&self, env: &'env Env, call: &Call, sql: Value, options: Value) -> Result<PromiseRaw<'env, NativeStream>> {
        let (sql, options) = (text("sql", sql)?, query_options(options)?);
        let lake = self.0.clone();
        call.promise(env, async move { Ok(NativeStream(Arc::new(Mutex::new(Some(lake.stream(&sql, &options).await?))))) })
    }
}

/// The first rows of a pipeline's query; `lib/lake.js` makes one object of it.
#[napi]
pub struct NativePreview(Preview);

#[napi]
impl NativePreview {
    /// The rows.
    #[napi]
    pub fn rows(&self, env: &Env) -> Result<NativeRows> {
        NativeRows::known_to_collector(env, NativeRows::from(self.0.data.clone()))
    }

    /// All but the rows.
    #[napi]
    pub fn report(&self) -> Value {
        report(&self.0)
    }
}

#[napi]
impl NativeLake {
    /// The first rows of a pipeline's query.
    #[napi]
    pub fn preview<'env>(&self, env: &'env Env, call: &Call, pipeline: Value, options: Value) -> Result<PromiseRaw<'env, NativePreview>> {
        let pipeline = match pipeline {
            Value::Undefined | Value::Null => None,
            given => Some(text("pipeline", given)?),
        };
        let mut given = Options::of("preview", options)?;
        let options = PreviewOptions {
            sql: given.take("sql", text)?,
            refresh: given.refresh()?,
            vars: given.take("vars", fields)?.unwrap_or_default(),
            limit: given.take("limit", count)?.unwrap_or(PreviewOptions::ROWS),
            count: given.flag("count")?,
        };
        let lake = self.0.clone();
        call.promise(env, async move { lake.preview(pipeline.as_deref(), &options).await.map(NativePreview) })
    }
}

fn query_options(options: Value) -> Result<QueryOptions> {
    let mut given = Options::of("query", options)?;
    Ok(QueryOptions {
        params: given.take("params", params)?.unwrap_or_default(),
        limit: given.take("limit", count)?,
        timeout: given.take("timeout", seconds)?,
        namespaces: given.take("namespaces", texts)?,
        as_of: given.take("asOf", moment)?,
    })
}
