//! Merging against a plain model, over random batches.

mod deletes;
mod foreign;
mod history;
mod memory;
mod model;
mod race;
mod rebuild;
mod snapshot;
mod spark;
mod versions;

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::run::harness::{Lake, name, with_rows};

const KEYED: &str = "-- @merge_strategy: incremental\n-- @unique_key: k, l\n-- @null_keys: match\n-- @watermark_column: w\n{keep}\
                     SELECT CAST(k AS INTEGER) AS k, CAST(l AS VARCHAR) AS l, CAST(w AS BIGINT) AS w, CAST(v AS DOUBLE) AS v \
                     FROM (VALUES {{ var('rows') }}) AS t(k, l, w, v)";

#[derive(Debug, Clone, PartialEq)]
struct Row {
    key: (Option<i32>, Option<&'static str>),
    watermark: Option<i64>,
    value: Option<i32>,
}

fn row() -> impl Strategy<Value = Row> {
    let key = (prop::option::weighted(0.9, 0..6), prop::option::weighted(0.9, prop::sample::select(vec!["a", "B", "ä"])));
    (key, prop::option::weighted(0.9, 0..4_i64), prop::option::weighted(0.9, -2..3)).prop_map(|(key, watermark, value)| Row {
        key,
        watermark,
        value,
    })
}

fn sql(rows: &[Row]) -> String {
    let text = |v: Option<String>| v.unwrap_or_else(|| "NULL".to_owned());
    let row = |r: &Row| {
        let Row { key: (k, l), watermark, value } = r;
        let l = l.map(|l| format!("'{l}'"));
        format!(
            "({}, {}, {}, {})",
            text(k.map(|k| k.to_string())),
            text(l),
            text(watermark.map(|w| w.to_string())),
            text(value.map(|v| v.to_string()))
        )
    };
    rows.iter().map(row).collect::<Vec<_>>().join(", ")
}

type Table = BTreeMap<(Option<i32>, Option<&'static str>), (Option<i64>, Option<i32>)>;

/// What the specification says, row by row. `None` sorts before every value, as NULL is least.
fn model(table: &mut Table, batch: &[Row], keep_newer: bool) {
    let mut winners = Table::new();
    for row in batch {
        let new = (row.watermark, row.value);
        let held = winners.entry(row.key).or_insert(new);
        *held = (*held).max(new);
    }
    for (key, new) in winners {
        match table.get(&key) {
            Some(stored) if keep_newer && stored.0 > new.0 => {}
            _ => {
                table.insert(key, new);
            }
        }
    }
}

fn shown(table: &Table) -> Vec<String> {
    let text = |v: Option<String>| v.unwrap_or_else(|| "NULL".to_owned());
    let mut rows: Vec<String> = table
        .iter()
        .map(|((k, l), (w, v))| {
            let v = v.map(|v| format!("{v}.0"));
            [text(k.map(|k| k.to_string())), text(l.map(str::to_owned)), text(w.map(|w| w.to_string())), text(v)].join("|")
        })
        .collect();
    rows.sort();
    rows
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn incremental_is_the_model(batches in prop::collection::vec(prop::collection::vec(row(), 1..12), 1..4), keep_newer: bool, again: bool) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let keep = if keep_newer { "-- @keep_newer: true\n" } else { "" };
        let lake = Lake::new(&[("silver/t/pipeline.sql", &KEYED.replace("{keep}", keep))]);
        let mut table = Table::new();
        runtime.block_on(async {
            for batch in &batches {
                for _ in 0..=u8::from(again) {
                    let before = table.len() as u64;
                    model(&mut table, batch, keep_newer);
                    let report = rat_core::interop::run::run(&lake.context, &name("silver.t"), &with_rows(&sql(batch))).await.unwrap();
                    assert!(report.is_ok(), "{:?}", report.error);
                    assert_eq!(lake.rows("silver.t").await.unwrap(), shown(&table), "after {batch:?}");
                    assert_eq!(report.rows_inserted, table.len() as u64 - before);
                    assert_eq!(report.rows_written, report.rows_inserted + report.rows_updated);
                    assert_eq!(report.rows_written + report.rows_dropped, batch.len() as u64);
                    assert_eq!(report.rows_total, Some(table.len() as u64));
                }
            }
        });
    }
}
