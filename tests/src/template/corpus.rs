//! What Jinja2 prints, a case each.

use std::fmt::Write as _;
use std::str::FromStr;

use rat_core::interop::config::MergeStrategy;
use rat_core::interop::template::Facts;
use serde_json::Value;

use super::{facts, render_with, vars};

const CORPUS: &str = include_str!("../../corpus/templates.json");

fn facts_of(case: &Value) -> Facts {
    let given = &case["facts"];
    let strategy = MergeStrategy::from_text(given["strategy"].as_str().unwrap());
    let watermark_value = given["watermark_value"].as_str().map(str::to_owned);
    Facts { strategy: strategy.filter(|s| *s != MergeStrategy::FullRefresh), watermark_value, vars: vars(given["vars"].clone()), ..facts() }
}

#[test]
fn every_case_prints_what_jinja_prints() {
    let corpus = Value::from_str(CORPUS).unwrap();
    let cases = corpus["cases"].as_array().unwrap();
    assert!(cases.len() >= 40);
    let mut wrong = String::new();
    for case in cases {
        let template = case["template"].as_str().unwrap();
        let rendered = render_with(&[], template, &facts_of(case));
        let right = match (&rendered, case["expected"].as_str()) {
            (Ok(rendered), Some(expected)) => rendered.sql == expected,
            (Err(_), None) => true,
            _ => false,
        };
        if !right {
            writeln!(wrong, "{}: {template}\n  expected {}\n  got {rendered:?}", case["id"], case["expected"]).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
