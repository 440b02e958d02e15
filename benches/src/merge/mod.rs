//! Merges into ten million rows, each in a process of its own and beside other engines: the time, what is written, the memory; and what
//! reading costs afterwards.

mod data;
mod engine;
pub mod history;
mod restore;
mod side;
pub mod small;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

use rat_core::{Lake, MaintainOptions, QueryOptions, RunOptions};
use tokio::runtime::Runtime;

use self::data::{PARTITIONS, ROWS};
use self::engine::Engine;
use self::restore::Kept;
use self::side::{Side, alone, pairs};
use crate::measure::{self, Bench, PAIRS};

/// What a child process of the bench is asked with.
pub const ONCE: &str = "merge-once";

const UPSERT: &str = "\
-- @merge_strategy: incremental
-- @unique_key: id
-- @sort_by: id
select * from read_parquet('{{ landing_zone(var('changes')) }}')";

const REPLACE: &str = "\
-- @merge_strategy: snapshot
-- @partition_column: p
select * from read_parquet('{{ landing_zone(var('changes')) }}')";

/// How many rows are as a landed file says.
const SAME: &str = "\
select count(*) as same
from {{ ref('silver.t') }} t join read_parquet('{{ landing_zone(var('changes')) }}') s
  on t.id = s.id and t.s1 = s.s1 and t.s2 = s.s2 and t.d1 = s.d1 and t.d2 = s.d2";

struct Case {
    changes: &'static str,
    what: &'static str,
    goal: &'static str,
    ids: fn() -> Vec<i64>,
}

impl Case {
    fn side<'a>(&self, engine: &'a Engine) -> Side<'a> {
        let ids = (self.ids)();
        let rows = ROWS.cast_unsigned() + ids.iter().filter(|id| **id >= ROWS).count() as u64;
        Side::new(engine, self.changes, || {
            let counts = engine.step(&format!("check:{}", self.changes)).counts;
            assert_eq!(counts, [ids.len() as u64, rows], "{} of {}", self.what, engine.folder().display());
        })
    }
}

const CASES: &[Case] = &[
    Case {
        changes: "spread",
        what: "upsert of 1,000 changed and 1,000 new rows, spread over 10M rows",
        goal: "0.7 of DuckLake, 0.08 of delta-rs; 1 MB written, 250 MB",
        ids: || (0..1000).map(|n| n * (ROWS / 1000) + 3333).chain(ROWS..ROWS + 1000).collect(),
    },
    Case {
        changes: "recent",
        what: "the same, the changed in the newest 1 % of the keys",
        goal: "0.25 s",
        ids: || (0..1000).map(|n| ROWS - ROWS / 100 + n * 100).chain(ROWS..ROWS + 1000).collect(),
    },
    Case {
        changes: "million",
        what: "upsert of 1M changed rows, spread over 10M rows",
        goal: "below delta-rs in time and memory",
        ids: || (0..1_000_000).map(|n| n * 10 + 3).collect(),
    },
];

pub fn run(bench: &mut Bench) {
    let files = tempfile::tempdir().unwrap();
    let lake = files.path().join("lake");
    for (pipeline, sql) in [("silver/t", UPSERT), ("silver/replaced", REPLACE), ("gold/same", SAME)] {
        let folder = lake.join("default/pipelines").join(pipeline);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("pipeline.sql"), sql).unwrap();
    }
    land(files.path(), &lake, "base", 0, 0..ROWS);
    let rat = Engine::Rat { folder: lake.clone() };
    bench.record("the first run of a table of 10M rows, one per key, sorted", "", vec![rat.step("base").whole]);
    let peers = Engine::merging(files.path());
    for (peer, _) in &peers {
        peer.step("base");
    }
    for case in CASES {
        land(files.path(), &lake, case.changes, 1, (case.ids)().into_iter());
        beside(bench, case, &rat, &peers);
    }
    replace(bench, files.path(), &lake, &rat);
    after_many(bench, files.path(), &lake);
}

/// A file for the other engines, and the same in a landing zone.
fn land(files: &Path, lake: &Path, name: &str, version: u64, ids: impl Iterator<Item = i64>) {
    let file = files.join(format!("{name}.parquet"));
    data::write(&file, version, ids);
    let zone = lake.join("default/landing").join(name);
    fs::create_dir_all(&zone).unwrap();
    fs::copy(file, zone.join(format!("{name}.parquet"))).unwrap();
}

/// One case, by rat and each peer in turns, each time into the table of ten million rows.
fn beside(bench: &mut Bench, case: &Case, rat: &Engine, peers: &[(Engine, &str)]) {
    let mut ours = case.side(rat);
    for (peer, shown) in peers {
        // A million rows do not end in an hour with PyIceberg's upsert, and take more than a minute as RAT v2 merges them.
        let runs = match *shown {
            "DuckLake" => PAIRS,
            "PyIceberg" if case.changes == "million" => continue,
            "RAT v2" if case.changes == "million" => 1,
            "PyIceberg" => 1,
            _ => 3,
        };
        pairs(bench, case.what, case.goal, runs, &mut ours, shown, &mut case.side(peer));
    }
    if peers.is_empty() {
        alone(bench, case.what, case.goal, PAIRS, &mut ours);
    }
}

/// Another version of one partition in a hundred, in the place of what is there.
fn replace(bench: &mut Bench, files: &Path, lake: &Path, rat: &Engine) {
    rat.step("replaced:base");
    let size = ROWS / PARTITIONS;
    land(files, lake, "partition", 1, 50 * size..51 * size);
    let mut kept = Kept::of(lake);
    let mut written = 0;
    let times = (0..PAIRS).map(|_| {
        let step = rat.step("replaced:partition");
        written = kept.written();
        kept.restore();
        step.whole
    });
    bench.record("snapshot: one partition of a hundred in 10M rows replaced, 100,000 rows", "", times.collect());
    bench.note(format!("whole process; {:.2} MB written", written as f64 / 1e6));
}

/// Full scans: of the table as first written, after a hundred upserts, and after maintenance.
fn after_many(bench: &mut Bench, files: &Path, lake: &Path) {
    let runtime = Runtime::new().unwrap();
    let lake_folder = lake;
    let other = tempfile::tempdir().unwrap();
    copy(lake_folder, other.path());
    let open = |folder: &Path| runtime.block_on(Lake::open(&folder.to_string_lossy())).unwrap();
    let (lake, clean) = (open(lake_folder), open(other.path()));
    let relocate = MaintainOptions { relocate: true, ..MaintainOptions::default() };
    runtime.block_on(clean.maintain(&relocate)).unwrap().into_result().unwrap();
    let scan = |lake: &Lake| {
        let sql = "select count(*), sum(d1), max(s1), min(ts) from silver.t";
        runtime.block_on(lake.query(sql, &QueryOptions::default())).unwrap();
    };
    let mut upserts = Vec::new();
    for round in 0..100 {
        let ids = (0..1000).map(|n| n * (ROWS / 1000) + round * 97).chain(ROWS + round * 1000..ROWS + (round + 1) * 1000);
        land(files, lake_folder, "many", 2 + round.cast_unsigned(), ids);
        let options = RunOptions { vars: BTreeMap::from([("changes".to_owned(), "many".into())]), ..RunOptions::default() };
        let begin = Instant::now();
        runtime.block_on(lake.run("silver.t", &options)).unwrap().into_result().unwrap();
        upserts.push(begin.elapsed());
    }
    let last = upserts[90..].to_vec();
    bench.record("an upsert of 2,000 rows in an open lake, a hundred after each other", "", upserts);
    bench.record("the last ten of them", "", last);
    bench.pair("a full scan after a hundred upserts", "1.3", "as first written", PAIRS, || scan(&lake), || scan(&clean));
    let begin = Instant::now();
    let maintained = runtime.block_on(lake.maintain(&MaintainOptions::default())).unwrap();
    maintained.into_result().unwrap();
    bench.record("maintain after a hundred upserts", "", vec![begin.elapsed()]);
    bench.pair("a full scan after that", "1.0", "as first written", PAIRS, || scan(&lake), || scan(&clean));
}

/// One step from nothing; prints its seconds, its peak memory in MB, and what was counted.
pub fn once(folder: &str, changes: &str) {
    let begin = Instant::now();
    let runtime = Runtime::new().unwrap();
    let counts = runtime.block_on(async {
        let lake = Lake::open(folder).await.unwrap();
        let (pipeline, changes) = match changes.split_once(':') {
            Some(("check", changes)) => ("gold.same", changes),
            Some(("replaced", changes)) => ("silver.replaced", changes),
            _ => ("silver.t", changes),
        };
        let options = RunOptions { vars: BTreeMap::from([("changes".to_owned(), changes.into())]), ..RunOptions::default() };
        let report = lake.run(pipeline, &options).await.unwrap().into_result().unwrap();
        if std::env::var_os("RAT_BENCH_PHASES").is_some() {
            report.phases.iter().for_each(|phase| eprintln!("  {changes}: {phase:?}"));
        }
        if pipeline != "gold.same" {
            return Vec::new();
        }
        let mut counts = Vec::new();
        for sql in ["select same from gold.same", "select count(*) from silver.t"] {
            let rows = lake.query(sql, &QueryOptions::default()).await.unwrap();
            counts.push(arrow::util::display::array_value_to_string(rows.batches[0].column(0), 0).unwrap());
        }
        counts
    });
    println!("{} {} {}", begin.elapsed().as_secs_f64(), measure::peak_memory_mb(), counts.join(" "));
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}
