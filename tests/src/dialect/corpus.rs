//! Whole statements over three tables: each answers as DuckDB does, or is in the table of those that are refused.

use std::fs;

use serde_json::Value;

use super::lake::{Lake, same};

/// What is refused, and with which code.
const REFUSED: &[(&str, &str)] = &[
    ("select-096", "UNSUPPORTED_SQL"),
    ("select-099", "UNSUPPORTED_SQL"),
    ("join-117", "UNSUPPORTED_SQL"),
    ("pivot-141", "UNSUPPORTED_SQL"),
    ("pivot-142", "UNSUPPORTED_SQL"),
];

fn file(name: &str) -> String {
    fs::read_to_string(format!("{}/corpus/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn statements_answer_as_duckdb_does() {
    let corpus: Value = serde_json::from_str(&file("sql-dialect.json")).unwrap();
    let mut lake = Lake::default();
    for statement in corpus["setup"].as_str().unwrap().split(';').map(str::trim).filter(|s| !s.is_empty()) {
        let (name, sql) = statement.strip_prefix("CREATE TABLE ").unwrap().split_once(" AS ").unwrap();
        lake.create(name, sql);
    }
    let (mut wrong, mut refused) = (Vec::new(), Vec::new());
    for case in corpus["cases"].as_array().unwrap() {
        let (id, sql) = (case["id"].as_str().unwrap(), case["sql"].as_str().unwrap());
        match lake.answer(sql) {
            Ok((columns, mut rows)) => {
                let mut wanted = case["rows"].as_array().unwrap().clone();
                if !sql.to_uppercase().contains("ORDER BY") {
                    rows.sort_by_key(Value::to_string);
                    wanted.sort_by_key(Value::to_string);
                }
                let names: Vec<String> = case["columns"].as_array().unwrap().iter().map(|c| c.as_str().unwrap().to_lowercase()).collect();
                let columns: Vec<String> = columns.iter().map(|c| c.to_lowercase()).collect();
                if columns != names || !same(&Value::Array(rows.clone()), &Value::Array(wanted.clone())) {
                    wrong.push(format!("{id}: {sql}\n  found {columns:?} {rows:?}\n  expected {names:?} {wanted:?}"));
                }
            }
            Err(error) => {
                let code = error.split(':').next().unwrap_or_default().to_owned();
                if !REFUSED.contains(&(id, code.as_str())) {
                    wrong.push(format!("{id}: {sql}\n  {error}"));
                }
                refused.push(id);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(refused, REFUSED.iter().map(|(id, _)| *id).collect::<Vec<_>>());
}
