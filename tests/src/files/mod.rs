//! Landed files as tables: DuckDB's answers, malformed files of every kind, packed and large files.

mod large;
mod malformed;
mod oracle;
mod packed;
mod parquets;
mod reference;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use bytes::Bytes;
use datafusion::prelude::SessionContext;
use futures::TryStreamExt;
use rat_core::error::Error;
use rat_core::interop::dialect::{OptionValue, Problem, ReadCall, ReadFunction};
use rat_core::interop::files::{Counts, LandedFile, Shape, provider, samples, sniff};
use rat_core::interop::storage::Storage;
use serde_json::Value;

/// Files of a lake in memory, and one call that reads them.
pub(crate) struct Landed {
    pub storage: Storage,
    pub files: Vec<LandedFile>,
    pub call: ReadCall,
}

/// What reading came to.
pub(crate) struct Read {
    pub shape: Shape,
    pub batches: Vec<RecordBatch>,
    pub counts: Arc<Counts>,
}

pub(crate) fn call(function: ReadFunction, options: &Value) -> ReadCall {
    let options = options.as_object().unwrap();
    ReadCall {
        function,
        zone_url: "landing://default/zone".to_owned(),
        options: options.iter().enumerate().map(|(i, (name, value))| (name.clone(), option(value), i * 10..i * 10 + 10)).collect(),
        alias_table: "read_0".to_owned(),
        range: 100..200,
    }
}

fn option(value: &Value) -> OptionValue {
    match value {
        Value::Null => OptionValue::Null,
        Value::Bool(b) => OptionValue::Bool(*b),
        Value::Number(n) => n.as_i64().map_or_else(|| OptionValue::Number(n.as_f64().unwrap()), OptionValue::Integer),
        Value::String(text) => OptionValue::Text(text.clone()),
        Value::Array(items) => OptionValue::List(items.iter().map(option).collect()),
        Value::Object(fields) => OptionValue::Struct(fields.iter().map(|(name, value)| (name.clone(), option(value))).collect()),
    }
}

impl Landed {
    pub async fn new(function: ReadFunction, options: &Value, files: &[(&str, Bytes)]) -> Self {
        let storage = Storage::open("memory://", &BTreeMap::new()).unwrap();
        for (name, bytes) in files {
            storage.write(&format!("default/landing/zone/{name}"), bytes.clone()).await.unwrap();
        }
        let files = storage.list("default/landing/zone").await.unwrap().iter().map(LandedFile::from_entry).collect();
        Self { storage, files, call: call(function, options) }
    }

    pub async fn shape(&self) -> Result<Shape, Vec<Problem>> {
        match samples(&self.call, &self.storage, &self.files).await {
            Ok(samples) => sniff(&self.call, &[], &samples),
            Err(e) => Err(vec![Problem {
                code: e.code(),
                message: e.message().to_owned(),
                help: Some(e.help().to_owned()),
                range: self.call.range.clone(),
            }]),
        }
    }

    /// Reads all of it, batch after batch, in one partition.
    pub async fn read(&self) -> Result<Read, Error> {
        self.read_columns(None, None).await
    }

    pub async fn read_columns(&self, columns: Option<Vec<usize>>, limit: Option<usize>) -> Result<Read, Error> {
        let shape = self.shape().await.unwrap_or_else(|problems| panic!("{problems:?}"));
        let table = provider(&shape, &self.storage, self.files.clone());
        let counts = Arc::clone(table.counts());
        let state = crate::plan::SESSION.state();
        let plan = datafusion::catalog::TableProvider::scan(table.as_ref(), &state, columns.as_ref(), &[], limit).await.unwrap();
        let context = SessionContext::new_with_state(state).task_ctx();
        let mut batches = Vec::new();
        for partition in 0..datafusion::physical_plan::ExecutionPlanProperties::output_partitioning(&plan).partition_count() {
            let stream = plan.execute(partition, Arc::clone(&context)).unwrap();
            let read: Vec<RecordBatch> = stream.try_collect().await.map_err(ours)?;
            batches.extend(read);
        }
        Ok(Read { shape, batches, counts })
    }
}

/// The error of ours inside DataFusion's.
fn ours(error: datafusion::error::DataFusionError) -> Error {
    match error {
        datafusion::error::DataFusionError::External(error) => *error.downcast::<Error>().unwrap(),
        other => panic!("not an error of ours: {other}"),
    }
}

impl Read {
    pub fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// The cells as text, `-` for NULL.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for batch in &self.batches {
            for row in 0..batch.num_rows() {
                let cells = batch.columns().iter().map(|column| {
                    if column.is_null(row) { "-".to_owned() } else { arrow::util::display::array_value_to_string(column, row).unwrap() }
                });
                lines.push(cells.collect::<Vec<_>>().join("|"));
            }
        }
        lines
    }
}

/// Reads one CSV file with options.
pub(crate) async fn csv(text: &str, options: Value) -> Landed {
    Landed::new(ReadFunction::Csv, &options, &[("a.csv", Bytes::from(text.to_owned()))]).await
}

/// Reads one JSON file with options.
pub(crate) async fn json(text: &str, options: Value) -> Landed {
    Landed::new(ReadFunction::Json, &options, &[("a.json", Bytes::from(text.to_owned()))]).await
}
