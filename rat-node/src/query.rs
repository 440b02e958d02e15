//! What a query answers: whole, or batch by batch.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use futures::TryStreamExt;
use napi::Env;
use napi::bindgen_prelude::{Buffer, ObjectFinalize, PromiseRaw, Result, spawn};
use napi_derive::napi;
use rat_core::error::{self, Code, Error};
use rat_core::{Preview, PreviewOptions, QueryOptions, QueryResult, QueryStream, WriteData};
use tokio::sync::Mutex;

use crate::arguments::{Options, count, fields, moment, seconds, text, texts};
use crate::arrow::{IpcWriter, Rows};
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
        names(&self.0.schema)
    }

    /// The types of the columns, as SQL writes them.
    #[napi(getter)]
    pub fn types(&self) -> Vec<String> {
        types(&self.0.schema)
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

    /// Some of the rows as plain objects: so many, from the one of this number.
    #[napi]
    pub fn to_array(&self, from: f64, count: f64) -> Rows {
        let (mut skip, mut left) = (from as usize, count as usize);
        let mut batches = Vec::new();
        for batch in &self.0.batches {
            let before = skip.min(batch.num_rows());
            let taken = left.min(batch.num_rows() - before);
            if taken > 0 {
                batches.push(batch.slice(before, taken));
            }
            (skip, left) = (skip - before, left - taken);
        }
        Rows(batches)
    }

    /// The rows as an Arrow IPC stream.
    #[napi(js_name = "toIPC")]
    pub fn to_ipc<'env>(&self, env: &'env Env, call: &Call) -> Result<PromiseRaw<'env, Buffer>> {
        let (schema, batches) = (Arc::clone(&self.0.schema), self.0.batches.clone());
        let encoded = move || {
            let mut writer = IpcWriter::new(&schema)?;
            batches.iter().try_for_each(|batch| writer.write(batch))?;
            writer.finish()
        };
        call.promise(env, async move { encoded().map(Buffer::from).map_err(broken) })
    }
}

/// A query under way; `lib/stream.js` makes an async iterator of it.
#[napi]
#[derive(Clone)]
pub struct NativeStream {
    schema: SchemaRef,
    /// Gone at the end, and when it is closed.
    open: Arc<Mutex<Option<Open>>>,
}

struct Open {
    batches: QueryStream,
    /// There once somebody asked for IPC.
    writer: Option<IpcWriter>,
}

impl NativeStream {
    fn new(batches: QueryStream) -> Self {
        Self { schema: batches.schema(), open: Arc::new(Mutex::new(Some(Open { batches, writer: None }))) }
    }

    /// What nobody has read yet, to be written into a table.
    pub async fn rest(self) -> error::Result<WriteData> {
        let open = self.open.lock().await.take();
        let over = || Error::new(Code::InvalidArgument, "the stream was read to its end, or closed").with_help("stream the query again");
        open.map(|open| WriteData::stream(self.schema, open.batches)).ok_or_else(over)
    }
}

#[napi]
impl NativeStream {
    /// The names of the columns.
    #[napi(getter)]
    pub fn columns(&self) -> Vec<String> {
        names(&self.schema)
    }

    /// The types of the columns, as SQL writes them.
    #[napi(getter)]
    pub fn types(&self) -> Vec<String> {
        types(&self.schema)
    }

    /// The next rows; null at the end.
    #[napi]
    pub fn next<'env>(&self, env: &'env Env, call: &Call) -> Result<PromiseRaw<'env, Option<NativeRows>>> {
        let (stream, schema) = (Arc::clone(&self.open), Arc::clone(&self.schema));
        let next = async move {
            let mut stream = stream.lock().await;
            let Some(open) = stream.as_mut() else { return Ok(None) };
            let batch = next(&mut open.batches).await?;
            Ok(batch.map(|batch| NativeRows(QueryResult { schema, batches: vec![batch], duration: Duration::ZERO })))
        };
        call.promise_of(env, next, |env, rows| rows.map(|rows| NativeRows::known_to_collector(env, rows)).transpose())
    }

    /// The next bytes of one Arrow IPC stream, the schema first; null when it is whole.
    #[napi(js_name = "nextIPC")]
    pub fn next_ipc<'env>(&self, env: &'env Env, call: &Call) -> Result<PromiseRaw<'env, Option<Buffer>>> {
        let (stream, schema) = (Arc::clone(&self.open), Arc::clone(&self.schema));
        let next = async move {
            let mut stream = stream.lock().await;
            let Some(open) = stream.as_mut() else { return Ok(None) };
            let Some(writer) = &mut open.writer else {
                let writer = open.writer.insert(IpcWriter::new(&schema).map_err(broken)?);
                return Ok(Some(writer.take().into()));
            };
            Ok(Some(match next(&mut open.batches).await? {
                Some(batch) => {
                    writer.write(&batch).map_err(broken)?;
                    writer.take().into()
                }
                None => {
                    let whole = stream.take().and_then(|open| open.writer).map(IpcWriter::finish);
                    whole.transpose().map_err(broken)?.unwrap_or_default().into()
                }
            }))
        };
        call.promise(env, next)
    }

    /// Stops the query.
    #[napi]
    pub fn close(&self) {
        let open = Arc::clone(&self.open);
        // What has it now was cancelled, or is about to give its piece.
        spawn(async move { *open.lock().await = None });
    }
}

/// The next rows, never none.
async fn next(batches: &mut QueryStream) -> error::Result<Option<RecordBatch>> {
    while let Some(batch) = batches.try_next().await? {
        if batch.num_rows() > 0 {
            return Ok(Some(batch));
        }
    }
    Ok(None)
}

fn names(schema: &SchemaRef) -> Vec<String> {
    schema.fields().iter().map(|field| field.name().clone()).collect()
}

fn types(schema: &SchemaRef) -> Vec<String> {
    rat_core::columns(schema).into_iter().map(|column| column.data_type).collect()
}

/// What Arrow cannot encode is a defect.
fn broken(error: ArrowError) -> Error {
    Error::new(Code::Internal, error.to_string())
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
        call.promise(env, async move { lake.stream(&sql, &options).await.map(NativeStream::new) })
    }
}

/// The first rows of a pipeline's query; `lib/lake.js` makes one object of it.
#[napi]
pub struct NativePreview {
    data: QueryResult,
    report: Value,
}

impl From<Preview> for NativePreview {
    fn from(shown: Preview) -> Self {
        Self { report: report(&shown), data: shown.data }
    }
}

#[napi]
impl NativePreview {
    /// The rows.
    #[napi]
    pub fn rows(&self, env: &Env) -> Result<NativeRows> {
        NativeRows::known_to_collector(env, NativeRows::from(self.data.clone()))
    }

    /// All but the rows, once.
    #[napi]
    pub fn report(&mut self) -> Value {
        mem::replace(&mut self.report, Value::Undefined)
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
        call.promise(env, async move { lake.preview(pipeline.as_deref(), &options).await.map(NativePreview::from) })
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
