//! The strategies against a plain model, over random histories: columns of every type, that come, go, widen and change their names, every
//! partitioning and write mode, also those that change, and batches sent again. Each old snapshot keeps the rows and columns of its time.
//!
//! `RAT_MODEL_STEPS` says how many runs there are in all, `RAT_MODEL_SEED` with which history it begins: a failure tells its own. If they are
//! there, PyIceberg reads the table after every fiftieth of them, PyIceberg and Polars at the end of each history, and Spark all tables in the
//! end.

mod kinds;
mod random;
mod readers;
mod shape;

use std::collections::BTreeMap;
use std::path::Path;

use rat_core::interop::run::{RunReport, run};

use super::spark;
use crate::run::harness::{Lake, full_refresh, name, rows_of, with_rows};
pub use random::Random;
pub use readers::Readers;
pub use shape::{Role, Row, Shape, or_null};

#[derive(Debug)]
struct History {
    strategy: &'static str,
    shape: Shape,
    keep_newer: bool,
    /// Whether the setting names the watermark column.
    ranked: bool,
}

impl History {
    fn random(random: &mut Random) -> Self {
        let strategy = random.one(&["incremental", "incremental", "delete_insert", "snapshot", "append_only", "full_refresh"]);
        let keep_newer = strategy == "incremental" && random.chance(50);
        let distinct = keep_newer && random.chance(50);
        Self { strategy, shape: Shape::random(random, distinct, false), keep_newer, ranked: keep_newer || random.chance(80) }
    }

    fn pipeline(&self) -> String {
        let mut text = format!("-- @merge_strategy: {}\n-- @null_keys: match\n", self.strategy);
        match self.strategy {
            "incremental" | "delete_insert" => text += &format!("-- @unique_key: {}\n", self.shape.key_names()),
            "snapshot" => text += &format!("-- @partition_column: {}\n", self.shape.name_of(Role::Key)),
            _ => {}
        }
        if self.ranked {
            text += &format!("-- @watermark_column: {}\n", self.shape.name_of(Role::Watermark));
        }
        if self.keep_newer {
            text += "-- @keep_newer: true\n";
        }
        self.shape.pipeline(&text, false)
    }

    fn batch(&self, random: &mut Random, clock: &mut u64) -> Vec<Row> {
        let most = if random.chance(30) { 60 } else { 6 };
        let rows = if random.chance(3) { 0 } else { 1 + random.below(most) };
        let row = |_| {
            *clock += 1;
            let watermark = match self.shape.distinct {
                // Late and early rows, each with a moment of its own.
                true => Some((*clock ^ (random.next() % 16)) * 100_000 + *clock),
                false => self.shape.watermark(random),
            };
            self.shape.row(random, watermark)
        };
        (0..rows).map(row).collect()
    }

    fn sql(&self, rows: &[Row]) -> String {
        let rows: Vec<(Row, String)> = rows.iter().map(|row| (row.clone(), String::new())).collect();
        self.shape.rows(&rows)
    }

    fn shown(&self, rows: &[Row]) -> Vec<String> {
        let mut shown: Vec<String> = rows.iter().map(|row| self.shape.shown(row, "", "")).collect();
        shown.sort();
        shown
    }

    /// What the specification says.
    fn merge(&self, table: &mut Vec<Row>, batch: &[Row]) {
        let keys = if self.strategy == "snapshot" { 1 } else { self.shape.keys };
        let is_new = |old: &Row| batch.iter().any(|new| new.cells[..keys] == old.cells[..keys]);
        match self.strategy {
            "append_only" => table.extend_from_slice(batch),
            "full_refresh" => *table = batch.to_vec(),
            "delete_insert" | "snapshot" => {
                table.retain(|old| !is_new(old));
                table.extend_from_slice(batch);
            }
            _ => {
                let mut winners: BTreeMap<&[Option<usize>], &Row> = BTreeMap::new();
                for row in batch {
                    let held = winners.entry(&row.cells[..keys]).or_insert(row);
                    if self.shape.rank(row) > self.shape.rank(held) {
                        *held = row;
                    }
                }
                for (key, new) in winners {
                    match table.iter_mut().find(|old| old.cells[..keys] == *key) {
                        Some(old) if self.keep_newer && old.watermark > new.watermark => {}
                        Some(old) => *old = new.clone(),
                        None => table.push(new.clone()),
                    }
                }
            }
        }
    }
}

pub fn steps() -> usize {
    #[expect(clippy::disallowed_methods, reason = "how long a test runs is not a setting of rat")]
    let set = std::env::var("RAT_MODEL_STEPS").ok();
    set.map_or(80, |steps| steps.parse().unwrap())
}

/// The seed that a failure tells: the first history is that one.
pub fn seed() -> Option<u64> {
    #[expect(clippy::disallowed_methods, reason = "what a test begins with is not a setting of rat")]
    let set = std::env::var("RAT_MODEL_SEED").ok();
    set.map(|seed| seed.parse().unwrap())
}

/// Whether the n-th step of all is one after which another engine reads the table.
pub fn is_read(step: usize) -> bool {
    step.is_multiple_of(50)
}

#[tokio::test]
async fn every_strategy_is_the_model() {
    let mut random = Random::new(seed().unwrap_or(20_261_123));
    let mut lake = Lake::new(&[]);
    let folder = lake.folder.path().to_owned();
    let mut readers = Readers::of(&folder, "silver");
    let (mut step, mut ends) = (0, BTreeMap::new());
    while step < steps() {
        let seed = random.seed();
        let mut history = History::random(&mut random);
        let table_name = format!("t{}", ends.len());
        let full_name = format!("silver.{table_name}");
        let path = format!("silver/{table_name}/pipeline.sql");
        lake = lake.with(&[(&path, &history.pipeline())]);
        let (mut table, mut all, mut sent, mut clock) = (Vec::new(), Vec::new(), Vec::<Vec<Row>>::new(), 0);
        let mut past = Vec::new();
        for turn in 0..(2 + random.below(8)) {
            if random.chance(40) && turn > 0 {
                match random.chance(30) {
                    true => history.shape.lay_out(&mut random),
                    false => {
                        let cells = history.shape.evolve(&mut random, history.strategy != "full_refresh" && !history.shape.distinct);
                        cells.apply(table.iter_mut().chain(&mut all).chain(sent.iter_mut().flatten()));
                    }
                }
                lake = lake.with(&[(&path, &history.pipeline())]);
            }
            let told = |what: &str| format!("seed {seed}, turn {turn}, {what}: {history:?}\n{}", history.pipeline());
            let earlier = (!sent.is_empty() && random.chance(15)).then(|| random.one(&(0..sent.len()).collect::<Vec<_>>()));
            let batch = earlier.map_or_else(|| history.batch(&mut random, &mut clock), |at| sent[at].clone());
            let batch: Vec<Row> = batch.into_iter().map(|row| history.shape.as_given(row)).collect();
            all.extend_from_slice(&batch);
            for _ in 0..(1 + usize::from(random.chance(20))) {
                let before = table.len() as u64;
                history.merge(&mut table, &batch);
                let report = run(&lake.context, &name(&full_name), &with_rows(&history.sql(&batch))).await.unwrap();
                assert!(report.is_ok(), "{}: {:?}", told("run"), report.error);
                assert_eq!(lake.rows(&full_name).await.unwrap(), history.shown(&table), "{}\n{}", told("rows"), history.sql(&batch));
                check_counts(&report, before, table.len() as u64, batch.len() as u64, &told("counts"));
                step += 1;
                past.push((lake.context.tables.get(&name(&full_name)).await.unwrap().snapshot_id().unwrap(), history.shown(&table)));
                if let Some(readers) = readers.as_mut().filter(|_| is_read(step)) {
                    assert_eq!(readers.read(&table_name, &["pyiceberg"])["pyiceberg"], history.shown(&table), "{}", told("PyIceberg"));
                }
            }
            sent.push(batch);
        }
        let told = |what: &str| format!("seed {seed}, at the end, {what}: {history:?}\n{}", history.pipeline());
        let now = lake.context.tables.get(&name(&full_name)).await.unwrap();
        for (snapshot, rows) in &past {
            assert_eq!(&rows_of(&lake.context, &now.at_snapshot(*snapshot).unwrap()).await, rows, "{}", told("an old snapshot"));
        }
        if history.shape.distinct {
            let report = run(&lake.context, &name(&full_name), &full_refresh(&history.sql(&all))).await.unwrap();
            assert!(report.is_ok(), "{}: {:?}", told("rebuild"), report.error);
            assert_eq!(lake.rows(&full_name).await.unwrap(), history.shown(&table), "{}", told("rebuilt"));
        }
        if let Some(readers) = &mut readers {
            for (engine, rows) in readers.read(&table_name, &["pyiceberg", "polars"]) {
                assert_eq!(rows, history.shown(&table), "{}", told(&engine));
            }
        }
        ends.insert(table_name, history.shape.is_of_spark().then(|| history.shown(&table)));
    }
    read_by_spark(&folder, &ends);
}

/// Spark finds these rows; none in tables with a column for which it has no type.
pub fn read_by_spark(folder: &Path, ends: &BTreeMap<String, Option<Vec<String>>>) {
    for (table, rows) in spark::read(folder) {
        assert_eq!(Some(&rows), ends.get(&table), "Spark, {table}");
    }
}

fn check_counts(report: &RunReport, before: u64, after: u64, read: u64, told: &str) {
    assert_eq!(report.rows_total, Some(after), "{told}");
    assert_eq!(report.rows_written, report.rows_inserted + report.rows_updated, "{told}");
    assert_eq!(report.rows_written + report.rows_dropped, read, "{told}");
    assert_eq!(before + report.rows_inserted - report.rows_deleted, after, "{told}");
}
