//! Single expressions: the answers DuckDB 2.0.0 gave, with `error_on_division_by_zero` off and the time zone UTC.

use std::fs;

use serde_json::Value;

use super::lake::{Lake, same};

#[test]
fn expressions_answer_as_duckdb_does() {
    let path = format!("{}/corpus/duckdb-answers.json", env!("CARGO_MANIFEST_DIR"));
    let answers: Vec<Value> = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    assert!(answers.len() > 400);
    let lake = Lake::default();
    let mut wrong = Vec::new();
    for answer in &answers {
        let sql = answer["sql"].as_str().unwrap();
        match lake.answer(sql) {
            Ok((_, rows)) if !same(&Value::Array(rows.clone()), &answer["rows"]) => {
                wrong.push(format!("{sql}\n  found {rows:?}, expected {}", answer["rows"]))
            }
            Err(error) if answer["error"].is_null() => wrong.push(format!("{sql}\n  {error}")),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), answers.len(), wrong.join("\n"));
}
