//! `scd2` against a plain model, over random histories: own moments and given ones, keys that go and return, columns that change, batches sent
//! again.
//!
//! The model takes new versions one by one. `RAT_MODEL_STEPS` says how many runs there are in all. If it is there, PyIceberg reads the table
//! after every fiftieth of them, PyIceberg and Polars at the end of each history, and Spark all tables in the end.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::DateTime;
use rat_core::clock::{Clock, to_iso};
use rat_core::error::Code;
use rat_core::interop::run::{RunReport, run};

use super::model::{Random, Readers, Role, Row, Shape, is_read, or_null, read_by_spark, seed, steps};
use crate::run::harness::{Lake, name, with_rows};

const DAY: i64 = 86_400_000_000;
/// 1 January 2024.
const BEGIN: i64 = 1_704_067_200_000_000;

/// A row of the query, and when it says that it begins.
type Given = (Row, i64);

#[derive(Debug, Clone, PartialEq)]
struct Version {
    row: Row,
    from: i64,
    to: Option<i64>,
}

#[derive(Debug)]
struct History {
    shape: Shape,
    own: bool,
    closes: bool,
}

/// A new version is older than what the table tells.
#[derive(Debug)]
struct Late;

impl History {
    fn random(random: &mut Random) -> Self {
        Self { shape: Shape::random(random, false, true), own: random.chance(50), closes: random.chance(40) }
    }

    fn pipeline(&self) -> String {
        let mut text = format!("-- @merge_strategy: scd2\n-- @unique_key: {}\n-- @null_keys: match\n", self.shape.key_names());
        text += &format!("-- @watermark_column: {}\n", self.shape.name_of(Role::Watermark));
        if self.closes {
            text += "-- @scd_hard_deletes: close\n";
        }
        self.shape.pipeline(&text, self.own)
    }

    fn batch(&self, random: &mut Random, step: usize) -> Vec<Given> {
        let most = if random.chance(30) { 40 } else { 6 };
        let rows = 1 + random.below(most);
        let row = |_| {
            let watermark = self.shape.watermark(random);
            // Mostly later than before, and now and then not.
            let day = if random.chance(3) { random.below(step * 4 + 1) } else { step * 4 + random.below(4) };
            (self.shape.row(random, watermark), BEGIN + day as i64 * DAY)
        };
        (0..rows).map(row).collect()
    }

    fn sql(&self, rows: &[Given]) -> String {
        let rows: Vec<(Row, String)> = rows.iter().map(|(row, moment)| (row.clone(), format!("'{}'", shown(*moment)))).collect();
        self.shape.rows(&rows)
    }

    fn shown(&self, table: &[Version]) -> Vec<String> {
        let version = |v: &Version| self.shape.shown(&v.row, &shown(v.from), or_null(v.to.map(shown).as_deref()));
        let mut shown: Vec<String> = table.iter().map(version).collect();
        shown.sort();
        shown
    }

    fn key<'a>(&self, row: &'a Row) -> &'a [Option<usize>] {
        &row.cells[..self.shape.keys]
    }

    fn same(&self, one: &Row, other: &Row) -> bool {
        one.cells[self.shape.keys..] == other.cells[self.shape.keys..]
    }

    /// What the specification says.
    fn merge(&self, table: &[Version], batch: &[Given], now: i64) -> Result<Vec<Version>, Late> {
        let mut table = table.to_vec();
        let mut chosen: BTreeMap<(&[Option<usize>], i64), &Given> = BTreeMap::new();
        for given in batch {
            let held = chosen.entry((self.key(&given.0), if self.own { given.1 } else { 0 })).or_insert(given);
            if self.shape.rank(&given.0) > self.shape.rank(&held.0) {
                *held = given;
            }
        }
        for (row, moment) in chosen.into_values() {
            match self.own {
                true => self.own(&mut table, row, *moment)?,
                false => self.given(&mut table, row, now),
            }
        }
        if self.closes && !batch.is_empty() {
            let is_sent = |v: &Version| batch.iter().any(|(row, _)| self.key(row) == self.key(&v.row));
            for version in table.iter_mut().filter(|v| v.to.is_none() && !is_sent(v)) {
                version.to = Some(now.max(version.from + 1));
            }
        }
        Ok(table)
    }

    /// The next version of a key, which begins now.
    fn given(&self, table: &mut Vec<Version>, row: &Row, now: i64) {
        let mut begin = now;
        for version in table.iter_mut().filter(|version| self.key(&version.row) == self.key(row)) {
            match version.to {
                None if self.same(&version.row, row) => return,
                None => {
                    begin = begin.max(version.from + 1);
                    version.to = Some(begin);
                }
                Some(end) => begin = begin.max(end),
            }
        }
        table.push(Version { row: row.clone(), from: begin, to: None });
    }

    /// A version that says when it begins.
    fn own(&self, table: &mut Vec<Version>, row: &Row, moment: i64) -> Result<(), Late> {
        let of_key = |version: &Version| self.key(&version.row) == self.key(row);
        let Some(newest) = table.iter().filter(|v| of_key(v)).map(|v| v.from).max() else {
            table.push(Version { row: row.clone(), from: moment, to: None });
            return Ok(());
        };
        if let Some(version) = table.iter_mut().filter(|v| of_key(v)).find(|v| v.from == moment) {
            let returns = moment == newest && version.to.is_some();
            if !self.same(&version.row, row) || returns {
                version.row = row.clone();
            }
            if returns {
                version.to = None;
            }
            return Ok(());
        }
        if moment < newest {
            let valid = table.iter().filter(|v| of_key(v)).find(|v| v.from < moment && v.to.is_some_and(|to| moment < to));
            return if valid.is_some_and(|version| self.same(&version.row, row)) { Ok(()) } else { Err(Late) };
        }
        if let Some(version) = table.iter_mut().filter(|v| of_key(v)).find(|v| v.from == newest) {
            if version.to.is_none() && self.same(&version.row, row) {
                return Ok(());
            }
            version.to = Some(version.to.map_or(moment, |to| to.min(moment)));
        }
        table.push(Version { row: row.clone(), from: moment, to: None });
        Ok(())
    }
}

fn shown(micros: i64) -> String {
    to_iso(DateTime::from_timestamp_micros(micros).unwrap())
}

#[tokio::test]
async fn history_is_the_model() {
    let mut random = Random::new(seed().unwrap_or(20_261_124));
    let mut lake = Lake::new(&[]);
    let mut readers = Readers::of(lake.folder.path(), "silver");
    let (mut done, mut histories, mut ends) = (0, 0, BTreeMap::new());
    let (mut late, mut replaced) = (0, 0);
    while done < steps() {
        let seed = random.seed();
        let mut history = History::random(&mut random);
        histories += 1;
        let table_name = format!("t{histories}");
        let full_name = format!("silver.{table_name}");
        let path = format!("silver/{table_name}/pipeline.sql");
        lake = lake.with(&[(&path, &history.pipeline())]);
        let (mut table, mut sent): (Vec<Version>, Vec<Vec<Given>>) = (Vec::new(), Vec::new());
        let mut taken = false;
        for step in 0..(3 + random.below(8)) {
            // A change of the columns that a refused run would have made comes with the next one, before another.
            if random.chance(30) && taken {
                match random.chance(30) {
                    true => history.shape.lay_out(&mut random),
                    false => {
                        let cells = history.shape.evolve(&mut random, true);
                        cells.apply(table.iter_mut().map(|v| &mut v.row).chain(sent.iter_mut().flatten().map(|(row, _)| row)));
                    }
                }
                lake = lake.with(&[(&path, &history.pipeline())]);
            }
            let again = (!sent.is_empty() && random.chance(25)).then(|| random.below(sent.len()));
            let batch = again.map_or_else(|| history.batch(&mut random, step), |at| sent[at].clone());
            let batch: Vec<Given> = batch.into_iter().map(|(row, moment)| (history.shape.as_given(row), moment)).collect();
            sent.push(batch.clone());
            if random.chance(70) {
                lake.clock.advance(Duration::from_secs(random.next() % 200_000));
            }
            let told =
                |what: &str| format!("seed {seed}, step {step}, {what}: {history:?}\n{}\n{}", history.pipeline(), history.sql(&batch));
            let now = lake.clock.now().timestamp_micros();
            let report = run(&lake.context, &name(&full_name), &with_rows(&history.sql(&batch))).await.unwrap();
            match history.merge(&table, &batch, now) {
                Ok(after) => {
                    assert!(report.is_ok(), "{}: {:?}", told("run"), report.error);
                    check_counts(&report, table.len() as u64, after.len() as u64, batch.len() as u64, &told("counts"));
                    let ends = |v: &&Version| {
                        v.to.is_none() && after.iter().any(|now| (&now.row, now.from) == (&v.row, v.from) && now.to.is_some())
                    };
                    // A key that was gone and returns goes on with a version that may end at once: that one is updated.
                    assert!(history.closes || report.rows_ended == table.iter().filter(ends).count() as u64, "{}", told("ended"));
                    replaced += report.rows_updated;
                    table = after;
                }
                Err(Late) => {
                    late += 1;
                    assert_eq!(report.error.as_ref().map(|error| error.code()), Some(Code::Scd2LateRow), "{}", told("late"));
                }
            }
            taken = report.is_ok();
            let found = lake.rows(&full_name).await.unwrap_or_default();
            assert!(taken || found.len() == table.len(), "{}", told("rows"));
            if taken {
                assert_eq!(found, history.shown(&table), "{}", told("rows"));
            }
            done += 1;
            if let Some(readers) = readers.as_mut().filter(|_| is_read(done) && taken) {
                assert_eq!(readers.read(&table_name, &["pyiceberg"])["pyiceberg"], history.shown(&table), "{}", told("PyIceberg"));
            }
        }
        if table.is_empty() {
            continue;
        }
        let told = |what: &str| format!("seed {seed}, at the end, {what}: {history:?}\n{}", history.pipeline());
        // Whatever the last run was refused for, this one brings the columns.
        let report = run(&lake.context, &name(&full_name), &with_rows(&history.sql(&[]))).await.unwrap();
        assert!(report.is_ok(), "{}: {:?}", told("run"), report.error);
        if let Some(readers) = &mut readers {
            for (engine, rows) in readers.read(&table_name, &["pyiceberg", "polars"]) {
                assert_eq!(rows, history.shown(&table), "{}", told(&engine));
            }
        }
        ends.insert(table_name, history.shape.is_of_spark().then(|| history.shown(&table)));
    }
    read_by_spark(lake.folder.path(), &ends);
    // Few histories need not have come upon everything.
    assert!(steps() < 500 || (late > 0 && replaced > 0), "no history had a late version, or none that replaced one");
}

fn check_counts(report: &RunReport, before: u64, after: u64, read: u64, told: &str) {
    assert_eq!(report.rows_total, Some(after), "{told}");
    assert_eq!(report.rows_written, report.rows_inserted + report.rows_updated, "{told}");
    assert_eq!(report.rows_written + report.rows_dropped, read, "{told}");
    assert_eq!(before + report.rows_inserted, after, "{told}");
    assert_eq!(report.rows_deleted, 0, "{told}: history only grows");
}
