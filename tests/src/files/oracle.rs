//! What DuckDB answers for small files, and what we do. A case that says `rat` is one where we answer otherwise, and says how.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type, Int32Type, Int64Type};
use bytes::Bytes;
use rat_core::error::Code;
use rat_core::interop::dialect::ReadFunction;
use rat_core::interop::types::sql_type;
use serde_json::{Value, json};

use super::Landed;

async fn answer(case: &Value) -> Value {
    let (function, extension) = match case["function"].as_str().unwrap() {
        "read_csv" => (ReadFunction::Csv, "csv"),
        "read_json" => (ReadFunction::Json, "json"),
        "read_ndjson" => (ReadFunction::Ndjson, "json"),
        other => panic!("unknown function {other}"),
    };
    let bytes = |file: &Value| match file {
        Value::String(text) => Bytes::from(text.clone()),
        // The only bytes that are not UTF-8 in the corpus: a `ü` in Latin-1.
        other => Bytes::from(other["latin1"].as_str().unwrap().chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect::<Vec<u8>>()),
    };
    let files: Vec<(String, Bytes)> =
        case["files"].as_array().unwrap().iter().enumerate().map(|(i, file)| (format!("f{i}.{extension}"), bytes(file))).collect();
    let files: Vec<(&str, Bytes)> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
    let landed = Landed::new(function, &case["options"], &files).await;
    let shape = match landed.shape().await {
        Ok(shape) => shape,
        Err(problems) => return json!({ "error": problems[0].code.as_str(), "message": problems[0].message }),
    };
    let columns: Vec<Value> = shape.schema().fields().iter().map(|f| json!([f.name(), type_name(f.data_type())])).collect();
    match landed.read().await {
        Ok(read) => json!({ "columns": columns, "rows": read.batches.iter().flat_map(cells).collect::<Vec<_>>() }),
        Err(error) => json!({ "error": error.code().as_str(), "message": error.message() }),
    }
}

/// A type as DuckDB names it.
pub fn type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Decimal128(precision, scale) if *scale > 0 => format!("DECIMAL({precision},{scale})"),
        other => sql_type(other).replace("DECIMAL(38, 0)", "HUGEINT"),
    }
}

fn cells(batch: &RecordBatch) -> Vec<Value> {
    (0..batch.num_rows()).map(|row| batch.columns().iter().map(|column| cell(column, row)).collect()).collect()
}

/// A value as the corpus has it: numbers, booleans and text as such, everything else as DuckDB writes it.
fn cell(column: &dyn Array, row: usize) -> Value {
    if column.is_null(row) {
        return Value::Null;
    }
    let text = || arrow::util::display::array_value_to_string(column, row).unwrap();
    match column.data_type() {
        DataType::Boolean => json!(column.as_boolean().value(row)),
        DataType::Int64 => {
            let n = column.as_primitive::<Int64Type>().value(row);
            if n.unsigned_abs() < 1 << 53 { json!(n) } else { json!(n.to_string()) }
        }
        DataType::Int32 => json!(column.as_primitive::<Int32Type>().value(row)),
        DataType::Float64 => match column.as_primitive::<Float64Type>().value(row) {
            n if n.is_nan() => json!("NaN"),
            n if n.is_infinite() => json!(if n > 0.0 { "inf" } else { "-inf" }),
            n => json!(n),
        },
        DataType::Timestamp(_, zone) => {
            let text = text().replace('T', " ");
            let text = text.trim_end_matches('Z').to_owned();
            let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text };
            json!(if zone.is_some() { format!("{text}+00") } else { text })
        }
        DataType::Time64(_) => {
            let text = text();
            json!(if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text })
        }
        DataType::Struct(_) | DataType::List(_) | DataType::Map(..) => json!(nested(column, row)),
        _ => json!(text()),
    }
}

/// Nested values as DuckDB writes them: `{'x': 1, 'y': NULL}`, `[1, 2]`.
fn nested(column: &dyn Array, row: usize) -> String {
    if column.is_null(row) {
        return "NULL".to_owned();
    }
    match column.data_type() {
        DataType::Struct(fields) => {
            let of = column.as_struct();
            let fields = fields.iter().zip(of.columns()).map(|(field, column)| format!("'{}': {}", field.name(), nested(column, row)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        DataType::List(_) => {
            let items = column.as_list::<i32>().value(row);
            format!("[{}]", (0..items.len()).map(|i| nested(&items, i)).collect::<Vec<_>>().join(", "))
        }
        DataType::Map(..) => {
            let entries = column.as_map().value(row);
            let entry = |i| format!("{}={}", nested(entries.column(0), i), nested(entries.column(1), i));
            format!("{{{}}}", (0..entries.len()).map(entry).collect::<Vec<_>>().join(", "))
        }
        _ => match cell(column, row) {
            Value::String(text) => text,
            Value::Number(n) if matches!(column.data_type(), DataType::Float64) && n.as_f64().is_some_and(|n| n.fract() == 0.0) => {
                format!("{:.1}", n.as_f64().unwrap())
            }
            other => other.to_string(),
        },
    }
}

/// DuckDB's JSON type is text here, and so are UUIDs.
fn our_type(duckdb: &str) -> String {
    match duckdb {
        "JSON" | "UUID" => "VARCHAR".to_owned(),
        other => other.replace("JSON", "VARCHAR").replace('"', ""),
    }
}

fn same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (a, b) => a == b,
    }
}

async fn corpus(name: &str) {
    let path = format!("{}/corpus/landing/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let corpus: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut wrong = Vec::new();
    for case in corpus["cases"].as_array().unwrap() {
        let ours = answer(case).await;
        let expected = case.get("rat").unwrap_or(case);
        let right = match expected.get("error") {
            Some(error) if case.get("rat").is_some() => ours.get("error") == Some(error),
            Some(_) => [Code::MalformedFile, Code::InvalidOption].iter().any(|code| ours["error"] == code.as_str()),
            None => {
                let columns: Vec<Value> = expected["columns"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|column| json!([column[0], our_type(column[1].as_str().unwrap())]))
                    .collect();
                let paths = |rows: &Value| serde_json::from_str::<Value>(&rows.to_string().replace("default/landing/zone/", "")).unwrap();
                ours["columns"] == json!(columns) && same(&paths(&ours["rows"]), &expected["rows"])
            }
        };
        if !right {
            let shown = if expected.get("error").is_some() {
                expected["error"].to_string()
            } else {
                format!("{} {}", expected["columns"], expected["rows"])
            };
            wrong.push(format!("{}: {} {}\n  expected {shown}\n  found    {ours}", case["name"], case["files"], case["options"]));
        }
    }
    assert!(wrong.is_empty(), "{} cases differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn csv_files_read_as_duckdb_reads_them() {
    corpus("csv").await;
}

#[tokio::test]
async fn json_files_read_as_duckdb_reads_them() {
    corpus("json").await;
}
