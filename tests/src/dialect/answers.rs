//! Expressions and small statements against the answers DuckDB 2.0.0 gave, errors included.
//!
//! `corpus/duckdb_answers.py` records them. An answer is DuckDB's, or a refusal; what is otherwise stands, with its reason, in
//! `corpus/duckdb-differences.txt`, and what stands there must still differ.

use std::collections::BTreeMap;
use std::fs;

use rat_core::error::Code;
use serde_json::Value;

use super::lake::{Lake, same};

fn file(name: &str) -> String {
    fs::read_to_string(format!("{}/corpus/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// Each statement that differs, and the heading it stands under.
fn differences(text: &str) -> BTreeMap<&str, &str> {
    let mut reason = "";
    let mut all = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        match line.strip_prefix("# ") {
            Some(heading) => reason = heading,
            None => assert!(all.insert(line, reason).is_none(), "twice: {line}"),
        }
    }
    all
}

#[derive(Default)]
struct Seen {
    agreed: usize,
    refused: usize,
    differing: Vec<String>,
    wrong: Vec<String>,
}

fn compare(answers: &[Value], differences: &BTreeMap<&str, &str>) -> Seen {
    let mut lake = Lake::default();
    for statement in file("duckdb-tables.sql").split(';').map(str::trim).filter(|s| !s.is_empty()) {
        let (name, sql) = statement.strip_prefix("CREATE TABLE ").unwrap().split_once(" AS ").unwrap();
        lake.create(name, sql);
    }
    let mut seen = Seen::default();
    for answer in answers {
        let sql = answer["sql"].as_str().unwrap();
        let failed = answer["rows"].is_null();
        let found = match lake.answer(sql) {
            Ok((_, rows)) if !failed && same(&Value::Array(rows.clone()), &answer["rows"]) => None,
            Ok((_, rows)) => Some(Value::Array(rows).to_string()),
            Err(_) if failed => None,
            Err(error) if error.starts_with(Code::UnsupportedSql.as_str()) => {
                seen.refused += 1;
                continue;
            }
            Err(error) => Some(error),
        };
        match (found, differences.get(sql)) {
            (None, None) => seen.agreed += 1,
            (Some(_), Some(_)) => seen.differing.push(sql.to_owned()),
            (None, Some(_)) => seen.wrong.push(format!("{sql}\n  is listed as a difference and is none")),
            (Some(found), None) => {
                let expected = if failed { "an error".to_owned() } else { answer["rows"].to_string() };
                seen.wrong.push(format!("{sql}\n  found    {found}\n  expected {expected}"));
            }
        }
    }
    seen
}

#[test]
fn what_is_answered_is_duckdbs_answer() {
    let answers: Vec<Value> = serde_json::from_str(&file("duckdb-answers.json")).unwrap();
    let listed = file("duckdb-differences.txt");
    let differences = differences(&listed);
    let seen: Vec<Seen> = std::thread::scope(|scope| {
        let parts: Vec<_> = answers.chunks(answers.len().div_ceil(4)).map(|part| scope.spawn(|| compare(part, &differences))).collect();
        parts.into_iter().map(|part| part.join().unwrap()).collect()
    });
    let total = |of: fn(&Seen) -> usize| seen.iter().map(of).sum::<usize>();
    let (agreed, refused, differing) = (total(|s| s.agreed), total(|s| s.refused), total(|s| s.differing.len()));
    let summary = format!("{} compared: {agreed} agree, {refused} refused, {differing} differ as listed", answers.len());
    let wrong: Vec<&str> = seen.iter().flat_map(|s| s.wrong.iter().map(String::as_str)).collect();
    assert!(wrong.is_empty(), "{summary}\n{} more differ\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(differing, differences.len(), "a difference is listed for a statement that was not compared");
}
