//! As many new rows as the table has, in no order, where the pool holds a part of them: what does not fit is spilled.

use std::fs;

use super::data::ROWS;
use super::engine::Engine;
use super::{UPSERT, land};
use crate::measure::Bench;

const SETTINGS: &str = "[engine]\nmemory = \"512MiB\"\n";

/// No divisor of the number of rows: it reaches each of them once.
const STRIDE: i64 = 7_919_999;

pub fn run(bench: &mut Bench) {
    let cases = [
        ("first", "full_refresh of 10M rows in no order, sorted, under a pool of 512 MiB", "full_refresh"),
        ("second", "upsert of 10M changed rows in no order into 10M rows, under a pool of 512 MiB", "incremental"),
    ];
    let files = tempfile::tempdir().unwrap();
    let lake = files.path().join("lake");
    let pipeline = lake.join("default/pipelines/silver/t");
    fs::create_dir_all(&pipeline).unwrap();
    let gold = lake.join("default/pipelines/gold/same");
    fs::create_dir_all(&gold).unwrap();
    fs::write(gold.join("pipeline.sql"), super::SAME).unwrap();
    fs::write(lake.join("rat.toml"), SETTINGS).unwrap();
    let rat = Engine::Rat { folder: lake.clone() };
    for (version, (changes, what, strategy)) in (0_u64..).zip(cases) {
        fs::write(pipeline.join("pipeline.sql"), UPSERT.replace("incremental", strategy)).unwrap();
        land(files.path(), &lake, changes, version, (0..ROWS).map(|n| n * STRIDE % ROWS));
        fs::remove_file(files.path().join(format!("{changes}.parquet"))).unwrap();
        let step = rat.step(changes);
        bench.record(what, "succeeds", vec![step.whole]);
        bench.note(format!("whole process; {} MB peak", step.peak_mb));
    }
    let rows = ROWS.cast_unsigned();
    assert_eq!(rat.step("check:second").counts, [rows, rows], "every row is the new one");
}
