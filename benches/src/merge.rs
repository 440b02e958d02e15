//! Upserts into ten million rows, each in a process of its own: what is waited for, what is written, what memory it takes.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use parquet::arrow::ArrowWriter;
use rat_core::{Lake, QueryOptions, RunOptions};
use tokio::runtime::Runtime;

use crate::measure::{self, Bench};

/// What a child process of the bench is asked with.
pub const ONCE: &str = "merge-once";

const ROWS: i64 = 10_000_000;
const RUNS: usize = 7;

const PIPELINE: &str = "\
-- @merge_strategy: incremental
-- @unique_key: id
-- @sort_by: id
{% if var('changes') == 'none' %}
select i as id, substr(md5(cast(i as varchar)), 1, 10) as s1, 'category_' || (i % 100) as s2, (i * 7919 % 100000) / 100.0 as d1,
       cast(i as double) * 0.6180339887 % 1 as d2, timestamp '2024-01-01' + i * interval '3 seconds' as ts
from range(0, 10000000) t(i)
{% else %}
select * from read_parquet('{{ landing_zone(var('changes')) }}')
{% endif %}";

/// History of a million rows, sent whole each time; every hundredth has changed.
const HISTORY: &str = "\
-- @merge_strategy: scd2
-- @unique_key: id
select i as id, substr(md5(cast(i as varchar)), 1, 10) as s1, 'category_' || (i % 100) as s2, (i * 7919 % 100000) / 100.0 as d1,
       case when i % 100 = 7 then '{{ var('changes') }}' else '' end as s3
from range(0, 1000000) t(i)";

struct Case {
    zone: &'static str,
    what: &'static str,
    goal: &'static str,
    ids: fn() -> Vec<i64>,
}

const CASES: &[Case] = &[
    Case {
        zone: "spread",
        what: "upsert of 1,000 changed and 1,000 new rows, spread over 10M rows",
        goal: "0.8 s, 1 MB written, 250 MB",
        ids: || (0..1000).map(|n| n * (ROWS / 1000) + 3333).chain(ROWS..ROWS + 1000).collect(),
    },
    Case {
        zone: "recent",
        what: "the same in the newest 1 % of the keys",
        goal: "0.25 s",
        ids: || (0..1000).map(|n| ROWS - ROWS / 100 + n * 100).chain(ROWS..ROWS + 1000).collect(),
    },
    Case {
        zone: "million",
        what: "upsert of 1M changed rows, spread over 10M rows",
        goal: "flat memory, under delta-rs",
        ids: || (0..1_000_000).map(|n| n * 10 + 3).collect(),
    },
];

pub fn run(bench: &mut Bench) {
    let folder = tempfile::tempdir().unwrap();
    let pipeline = folder.path().join("default/pipelines/silver/t");
    fs::create_dir_all(&pipeline).unwrap();
    fs::write(pipeline.join("pipeline.sql"), PIPELINE).unwrap();
    for case in CASES {
        let zone = folder.path().join("default/landing").join(case.zone);
        fs::create_dir_all(&zone).unwrap();
        write_changes(&zone.join("changes.parquet"), &(case.ids)());
    }
    let (made, _) = child(folder.path(), "none");
    bench.record("the first run of the table of 10M rows, one per key, sorted", "", vec![made]);
    let kept = tempfile::tempdir().unwrap();
    copy(&folder.path().join(".rat"), kept.path());
    for case in CASES {
        let before = bytes(folder.path());
        let (mut times, mut peak, mut written) = (Vec::new(), 0, 0);
        for _ in 0..RUNS {
            let (time, said) = child(folder.path(), case.zone);
            times.push(time);
            peak = peak.max(said);
            written = bytes(folder.path()) - before;
            // The table is as before: nothing points to the new files. They go, so that the disk does not fill.
            copy(kept.path(), &folder.path().join(".rat"));
            forget_newer(folder.path(), &kept.path().join("catalog.db"));
        }
        bench.record(case.what, case.goal, times);
        bench.note(format!("peak {peak} MB, {:.2} MB written, whole process", written as f64 / 1e6));
    }
    after_many(bench, folder.path());
    history(bench);
}

/// A run of which one row of a hundred is a new version, and then one of which none is; over tables that were made anew.
fn history(bench: &mut Bench) {
    let (mut changed, mut unchanged, mut peak, mut written) = (Vec::new(), Vec::new(), 0, 0);
    for _ in 0..RUNS {
        let folder = tempfile::tempdir().unwrap();
        let pipeline = folder.path().join("default/pipelines/silver/t");
        fs::create_dir_all(&pipeline).unwrap();
        fs::write(pipeline.join("pipeline.sql"), HISTORY).unwrap();
        child(folder.path(), "first");
        let before = bytes(folder.path());
        let (time, said) = child(folder.path(), "second");
        written = bytes(folder.path()) - before;
        changed.push(time);
        peak = peak.max(said);
        unchanged.push(child(folder.path(), "second").0);
    }
    bench.record("SCD2 of 1M rows with 1 % changed", "", changed);
    bench.note(format!("peak {peak} MB, {:.2} MB written, whole process", written as f64 / 1e6));
    bench.record("SCD2 of 1M rows with none changed", "", unchanged);
}

/// A full scan after a hundred upserts, beside the same rows without any delete.
fn after_many(bench: &mut Bench, folder: &Path) {
    let runtime = Runtime::new().unwrap();
    let lake = runtime.block_on(Lake::open(&folder.to_string_lossy())).unwrap();
    let zone = folder.join("default/landing/many");
    fs::create_dir_all(&zone).unwrap();
    let scan = || {
        let sql = "select count(*), sum(d1), max(s1), min(ts) from silver.t";
        runtime.block_on(lake.query(sql, &QueryOptions::default())).unwrap();
    };
    let clean: Vec<Duration> = (0..RUNS).map(|_| timed(scan)).collect();
    bench.record("a full scan of the table as first written", "", clean);
    let mut upserts = Vec::new();
    for round in 0..100 {
        let ids: Vec<i64> =
            (0..1000).map(|n| n * (ROWS / 1000) + round * 97).chain(ROWS + round * 1000..ROWS + (round + 1) * 1000).collect();
        write_changes(&zone.join("changes.parquet"), &ids);
        let options = RunOptions { vars: BTreeMap::from([("changes".to_owned(), "many".into())]), ..RunOptions::default() };
        upserts.push(timed(|| drop(runtime.block_on(lake.run("silver.t", &options)).unwrap().into_result().unwrap())));
    }
    bench.record("an upsert of 2,000 rows in an open lake, a hundred times", "", upserts);
    let piled: Vec<Duration> = (0..RUNS).map(|_| timed(scan)).collect();
    bench.record("a full scan after a hundred upserts", "1.3 of the table as first written", piled);
}

/// One upsert from nothing; prints its peak memory in MB.
pub fn once(folder: &str, changes: &str) {
    let begin = Instant::now();
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let lake = Lake::open(folder).await.unwrap();
        let opened = begin.elapsed();
        let options = RunOptions { vars: BTreeMap::from([("changes".to_owned(), changes.into())]), ..RunOptions::default() };
        let report = lake.run("silver.t", &options).await.unwrap().into_result().unwrap();
        eprintln!(
            "{changes}: opened {opened:?}, ran {:?}; {} updated, {} inserted",
            begin.elapsed(),
            report.rows_updated,
            report.rows_inserted
        );
        for phase in &report.phases {
            eprintln!("  {phase:?}");
        }
    });
    println!("{}", measure::peak_memory_mb());
}

fn child(folder: &Path, changes: &str) -> (Duration, u64) {
    let program = std::env::current_exe().unwrap();
    let begin = Instant::now();
    let child = Command::new(&program).arg(ONCE).arg(folder).arg(changes).stderr(std::process::Stdio::inherit()).output().unwrap();
    let taken = begin.elapsed();
    assert!(child.status.success());
    (taken, String::from_utf8_lossy(&child.stdout).trim().parse().unwrap())
}

fn timed(work: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    work();
    begin.elapsed()
}

fn write_changes(path: &Path, ids: &[i64]) {
    let of = |ids: &[i64]| {
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("id", Arc::new(Int64Array::from(ids.to_vec()))),
            ("s1", Arc::new(StringArray::from_iter_values(ids.iter().map(|id| format!("{:010x}", id.wrapping_mul(0x9E37_79B9)))))),
            ("s2", Arc::new(StringArray::from_iter_values(ids.iter().map(|id| format!("category_{}", id % 100))))),
            ("d1", Arc::new(Float64Array::from_iter_values(ids.iter().map(|id| (id * 31 % 100_000) as f64 / 100.0)))),
            ("d2", Arc::new(Float64Array::from_iter_values(ids.iter().map(|id| (*id as f64 * 0.414_213_562) % 1.0)))),
            ("ts", Arc::new(TimestampMicrosecondArray::from_iter_values(ids.iter().map(|id| 1_704_067_200_000_000 + id * 3_000_000)))),
        ];
        RecordBatch::try_from_iter(columns).unwrap()
    };
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), of(&[]).schema(), None).unwrap();
    for ids in ids.chunks(100_000) {
        writer.write(&of(ids)).unwrap();
    }
    writer.close().unwrap();
}

fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap).filter(|entry| entry.file_type().unwrap().is_file()) {
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.map(Result::unwrap) {
        match entry.file_type().unwrap().is_dir() {
            true => files(&entry.path(), found),
            false => found.push(entry.path()),
        }
    }
}

fn bytes(folder: &Path) -> u64 {
    let mut found = Vec::new();
    files(&folder.join("default/silver"), &mut found);
    found.iter().filter_map(|path| path.metadata().ok()).map(|metadata| metadata.len()).sum()
}

fn forget_newer(folder: &Path, than: &Path) {
    let kept = than.metadata().unwrap().modified().unwrap();
    let mut found = Vec::new();
    files(&folder.join("default/silver"), &mut found);
    for path in found {
        if path.metadata().unwrap().modified().unwrap() > kept {
            fs::remove_file(path).unwrap();
        }
    }
}
