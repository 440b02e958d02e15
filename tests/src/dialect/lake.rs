//! Runs SQL over tables in memory, and shows results as the recorded answers do.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, IntervalMonthDayNanoType, TimeUnit, TimestampMicrosecondType};
use arrow::util::display::array_value_to_string;
use datafusion::datasource::{MemTable, provider_as_source};
use futures::TryStreamExt;
use rat_core::clock::ManualClock;
use rat_core::error::{Label, Source};
use rat_core::interop::dialect::{Problem, ReadCall, Reads};
use rat_core::interop::execute::stream;
use rat_core::interop::plan::{Relation, Relations, plan};
use rat_core::interop::session::{Options, Session};
use rat_core::name::Name;
use serde_json::{Value, json};

static SESSION: LazyLock<Session> = LazyLock::new(|| Session::open(Arc::new(ManualClock::default()), &Options::default()).unwrap());

#[derive(Default)]
pub(super) struct Lake(BTreeMap<String, Arc<MemTable>>);

impl Relations for Lake {
    fn relation(&self, _: &Name) -> Option<Relation> {
        None
    }

    fn special(&self, name: &str) -> Option<Relation> {
        let table = Arc::clone(self.0.get(name)?);
        Some(Relation::Known(provider_as_source(table)))
    }

    fn read(&self, _: &ReadCall) -> Result<Relation, Vec<Problem>> {
        Err(Vec::new())
    }

    fn names(&self) -> Vec<Name> {
        Vec::new()
    }

    fn namespace(&self) -> &str {
        "default"
    }
}

/// Column names and rows; an error is its code and message.
pub(super) type Answer = Result<(Vec<String>, Vec<Value>), String>;

impl Lake {
    pub(super) fn create(&mut self, name: &str, sql: &str) {
        let (schema, batches) = self.batches(sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
        self.0.insert(name.to_owned(), Arc::new(MemTable::try_new(schema, vec![batches]).unwrap()));
    }

    fn batches(&self, sql: &str) -> Result<(arrow::datatypes::SchemaRef, Vec<arrow::record_batch::RecordBatch>), String> {
        let source = Source::new("query.sql", sql);
        let places = move |range: Range<usize>, text: &str| vec![Label { source: Arc::clone(&source), range, text: text.to_owned() }];
        let (planned, diagnostics) = plan(&SESSION, sql, &places, self, Reads::Unknown);
        let planned =
            planned.ok_or_else(|| diagnostics.iter().map(|d| format!("{}: {}", d.code, d.message)).collect::<Vec<_>>().join("; "))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let batches = stream(&SESSION, planned.plan).await.map_err(|e| e.to_string())?;
            let schema = batches.schema();
            let batches: Vec<_> = batches.try_collect().await.map_err(|e| e.to_string())?;
            Ok((schema, batches))
        })
    }

    pub(super) fn answer(&self, sql: &str) -> Answer {
        let (schema, batches) = self.batches(sql)?;
        let columns = schema.fields().iter().map(|field| field.name().clone()).collect();
        let rows = batches
            .iter()
            .flat_map(|batch| (0..batch.num_rows()).map(|row| batch.columns().iter().map(|column| cell(column, row)).collect()));
        Ok((columns, rows.collect()))
    }
}

fn cell(values: &dyn Array, row: usize) -> Value {
    let shown = || array_value_to_string(values, row).unwrap();
    match values.data_type() {
        DataType::Null => Value::Null,
        _ if values.is_null(row) => Value::Null,
        DataType::Boolean => json!(values.as_boolean().value(row)),
        t if t.is_floating() => {
            let value = cast(values, &DataType::Float64).unwrap().as_primitive::<Float64Type>().value(row);
            if value.is_finite() { json!(value) } else { json!(value.to_string()) }
        }
        t if t.is_integer() || t.is_decimal() => serde_json::from_str(&shown()).unwrap(),
        DataType::List(_) => {
            let list = values.as_list::<i32>().value(row);
            (0..list.len()).map(|i| cell(&list, i)).collect()
        }
        DataType::Struct(fields) => {
            fields.iter().zip(values.as_struct().columns()).map(|(field, column)| (field.name().clone(), cell(column, row))).collect()
        }
        DataType::Timestamp(_, zone) => {
            let micros = cast(values, &DataType::Timestamp(TimeUnit::Microsecond, zone.clone())).unwrap();
            let moment = chrono::DateTime::from_timestamp_micros(micros.as_primitive::<TimestampMicrosecondType>().value(row)).unwrap();
            json!(moment.format("%Y-%m-%d %H:%M:%S%.6f").to_string())
        }
        DataType::Time64(_) => match shown().split_once('.') {
            Some((clock, fraction)) => json!(format!("{clock}.{fraction:0<6}")),
            None => json!(shown()),
        },
        // DuckDB's Python client hands an interval over as a length, a month being 30 days.
        DataType::Interval(_) => {
            let v = values.as_primitive::<IntervalMonthDayNanoType>().value(row);
            json!(format!("i{}", (i64::from(v.months) * 30 + i64::from(v.days)) * 86_400_000_000 + v.nanoseconds / 1000))
        }
        _ => json!(shown()),
    }
}

/// Equal, but for the last digits of numbers that are not whole.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            (a - b).abs() <= 1e-11 * a.abs().max(b.abs())
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => a.len() == b.len() && a.iter().zip(b).all(|((k, a), (l, b))| k == l && same(a, b)),
        (a, b) => a == b,
    }
}
