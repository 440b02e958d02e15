//! History of a million rows, sent whole each time: beside a snapshot of dbt on DuckDB of the same rows.

use std::fs;
use std::path::Path;

use rat_core::{Lake, QueryOptions};
use tokio::runtime::Runtime;

use super::engine::Engine;
use super::side::{Side, alone, pairs};
use crate::measure::{Bench, PAIRS};

/// Every hundredth row has changed when `changes` says another word.
const ROWS: &str = "\
select i as id, substr(md5(cast(i as varchar)), 1, 10) as s1, 'category_' || (i % 100) as s2, (i * 7919 % 100000) / 100.0 as d1,
       case when i % 100 = 7 then 'CHANGES' else '' end as s3
from range(0, 1000000) t(i)";

const SETTINGS: &str = "\
-- @merge_strategy: scd2
-- @unique_key: id
";

/// The versions that there are, those that are open, those of them that are the rows as last sent, and those that ended and are as first sent.
const COUNTS: &str = "\
select count(*),
       count(*) filter (where h.VALID_TO is null),
       count(*) filter (where h.VALID_TO is null and h.s3 = s.s3),
       count(*) filter (where h.VALID_TO is not null and h.id % 100 = 7 and h.s3 = 'first')
from HISTORY h join (ROWS) s on h.id = s.id and h.s1 = s.s1 and h.s2 = s.s2 and h.d1 = s.d1";

const CHANGED: &str = "SCD2 of 1M rows with 1 % changed";
const UNCHANGED: &str = "SCD2 of 1M rows with none changed";
const GOAL: &str = "1 s for 1 %";

/// A run of dbt takes seconds, most of them its start.
const DBT_PAIRS: usize = 3;

pub fn run(bench: &mut Bench) {
    let lake = tempfile::tempdir().unwrap();
    let pipeline = lake.path().join("default/pipelines/silver/t");
    fs::create_dir_all(&pipeline).unwrap();
    fs::write(pipeline.join("pipeline.sql"), format!("{SETTINGS}{}", rows("{{ var('changes') }}"))).unwrap();
    let rat = Engine::Rat { folder: lake.path().to_owned() };
    rat.step("first");
    let check = |changes: &str, ended: u64| {
        let said = ask(lake.path(), &counts("silver.t", "valid_to", changes));
        assert_eq!(said, expected(ended), "rat's history after the {changes} rows");
    };
    if bench.wants(CHANGED) {
        let mut ours = Side::new(&rat, "second", || check("second", 10_000));
        alone(bench, CHANGED, GOAL, PAIRS, &mut ours);
        beside(bench, &mut ours);
    }
    if bench.wants(UNCHANGED) {
        alone(bench, UNCHANGED, "", PAIRS, &mut Side::new(&rat, "first", || check("first", 0)));
    }
}

/// dbt with both of its strategies: the one that compares the columns, as rat does, and the one that is told of a change by a column.
fn beside(bench: &mut Bench, ours: &mut Side<'_>) {
    for (strategy, shown) in [("check", "dbt snapshot, all columns compared"), ("timestamp", "dbt snapshot, told by a timestamp")] {
        let folder = tempfile::tempdir().unwrap();
        let Some(dbt) = Engine::dbt(strategy, folder.path()) else { return };
        let source = |changes: &str| drop(dbt.step(&format!("source:{}", rows(changes))));
        source("first");
        dbt.step("snapshot");
        source("second");
        let check = || {
            let said = dbt.step(&format!("ask:{}", counts("history", "dbt_valid_to", "second"))).counts;
            assert_eq!(said, expected(10_000), "the history of {shown}");
        };
        let mut theirs = Side::new(&dbt, "snapshot", check);
        pairs(bench, CHANGED, GOAL, DBT_PAIRS, ours, shown, &mut theirs);
    }
}

fn rows(changes: &str) -> String {
    ROWS.replace("CHANGES", changes)
}

fn counts(history: &str, valid_to: &str, changes: &str) -> String {
    COUNTS.replace("HISTORY", history).replace("VALID_TO", valid_to).replace("ROWS", &rows(changes))
}

/// What [`COUNTS`] says of a history of which so many versions have ended.
fn expected(ended: u64) -> Vec<u64> {
    vec![1_000_000 + ended, 1_000_000, 1_000_000, ended]
}

fn ask(lake: &Path, sql: &str) -> Vec<u64> {
    Runtime::new().unwrap().block_on(async {
        let lake = Lake::open(&lake.to_string_lossy()).await.unwrap();
        let rows = lake.query(sql, &QueryOptions::default()).await.unwrap();
        let shown = |column| arrow::util::display::array_value_to_string(column, 0).unwrap().parse().unwrap();
        rows.batches[0].columns().iter().map(|column| shown(column)).collect()
    })
}
