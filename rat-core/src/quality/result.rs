//! What a quality test found.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, Fields};
use arrow::record_batch::RecordBatch;
use serde::Serialize;
use serde::ser::{Error as _, SerializeSeq, Serializer};
use serde_json::{Number, Value as Json};

use crate::dialect::texts;
use crate::error::{Error, Result, Severity};
use crate::name::Name;

/// How a quality test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TestStatus {
    /// No more violations than allowed.
    Passed,
    /// More violations than allowed.
    Failed,
    /// It could not be run, or took too long. Counts as failed.
    Error,
}

impl TestStatus {
    /// The status as it is written, `"passed"`.
    pub fn as_str(self) -> &'static str {
        match self {
            TestStatus::Passed => "passed",
            TestStatus::Failed => "failed",
            TestStatus::Error => "error",
        }
    }
}

/// What one quality test found.
#[derive(Debug, Clone, Serialize)]
pub struct TestResult {
    /// The pipeline whose table was tested.
    pub pipeline: Name,
    /// The file's name without `.sql`, or of a built-in test its words: `unique(id)`.
    pub name: String,
    /// What it is for, as its header says.
    pub description: Option<String>,
    /// Whether a failure keeps the rows from being published.
    pub severity: Severity,
    /// How it ended.
    pub status: TestStatus,
    /// Violating rows; none when it could not be run.
    pub count: Option<u64>,
    /// Up to 20 of the violating rows. Data: shown to the caller, never logged or kept. Serialised, each is an object by the names of the
    /// columns; what JSON would round or has no word for is text, as SQL writes it.
    #[serde(serialize_with = "rows")]
    pub samples: Option<RecordBatch>,
    /// How long it took.
    #[serde(rename = "duration_ms", serialize_with = "milliseconds")]
    pub duration: Duration,
    /// The query that was run.
    pub sql: String,
    /// What to do about violations, as its header says.
    pub remediation: Option<String>,
    /// The labels of its header.
    pub tags: Vec<String>,
    /// Why it could not be run.
    pub error: Option<Error>,
}

impl TestResult {
    /// The result of a pipeline whose tests could not even be made.
    pub(crate) fn not_made(pipeline: Name, error: Error) -> Self {
        Self {
            pipeline,
            name: "compile".to_owned(),
            description: None,
            severity: Severity::Error,
            status: TestStatus::Error,
            count: None,
            samples: None,
            duration: Duration::ZERO,
            sql: String::new(),
            remediation: None,
            tags: Vec::new(),
            error: Some(error),
        }
    }

    /// Whether this result keeps the run from publishing.
    pub fn is_blocking(&self) -> bool {
        self.severity == Severity::Error && self.status != TestStatus::Passed
    }
}

fn milliseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64() * 1000.0)
}

fn rows<S: Serializer>(samples: &Option<RecordBatch>, serializer: S) -> Result<S::Ok, S::Error> {
    let Some(batch) = samples else { return serializer.serialize_none() };
    let mut rows = serializer.serialize_seq(Some(batch.num_rows()))?;
    for row in 0..batch.num_rows() {
        rows.serialize_element(&object(batch.schema_ref().fields(), batch.columns(), row).map_err(S::Error::custom)?)?;
    }
    rows.end()
}

fn object(fields: &Fields, columns: &[ArrayRef], row: usize) -> Result<Json> {
    let of = |(field, column): (&Arc<Field>, &ArrayRef)| Ok((field.name().clone(), json(column, row)?));
    fields.iter().zip(columns).map(of).collect::<Result<_>>().map(Json::Object)
}

/// One value. What JSON would round or has no word for is text, as SQL writes it.
fn json(values: &ArrayRef, row: usize) -> Result<Json> {
    if values.is_null(row) || values.data_type().is_null() {
        return Ok(Json::Null);
    }
    let list = |items: ArrayRef| (0..items.len()).map(|item| json(&items, item)).collect::<Result<_>>().map(Json::Array);
    let text = || Ok(texts(&values.slice(row, 1))?.value(0).to_owned());
    let number = |text: String| text.parse::<Number>().map_or(Json::String(text), Json::Number);
    match values.data_type() {
        DataType::Boolean => Ok(Json::Bool(values.as_boolean().value(row))),
        data_type if data_type.is_integer() || data_type.is_floating() => text().map(number),
        DataType::List(_) => list(values.as_list::<i32>().value(row)),
        DataType::LargeList(_) => list(values.as_list::<i64>().value(row)),
        DataType::Struct(fields) => object(fields, values.as_struct().columns(), row),
        _ => text().map(Json::String),
    }
}
