//! `scd2` against a plain model, over random histories: own moments and given ones, keys that go and return, batches sent again.
//!
//! The model takes new versions one by one. `RAT_MODEL_STEPS` says how many runs there are in all; other engines read the table at the end of
//! each history, if they are there.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::DateTime;
use rat_core::clock::{Clock, to_iso};
use rat_core::error::Code;
use rat_core::interop::run::{RunReport, run};

use super::model::{KINDS, Kind, LABELS, Random, steps};
use crate::run::harness::{Lake, name, with_rows};
use crate::scan::interop::{ask, python};

const DAY: i64 = 86_400_000_000;
/// 1 January 2024.
const BEGIN: i64 = 1_704_067_200_000_000;

type Key = (Option<usize>, Option<usize>);

#[derive(Debug, Clone, Copy, PartialEq)]
struct Row {
    key: Key,
    watermark: Option<u64>,
    value: Option<usize>,
    moment: i64,
}

#[derive(Debug, Clone, PartialEq)]
struct Version {
    row: Row,
    to: Option<i64>,
}

#[derive(Debug, Clone, Copy)]
struct History {
    kind: Kind,
    own: bool,
    closes: bool,
    partition_by: Option<&'static str>,
    sort_by: bool,
    write_mode: &'static str,
}

/// A new version is older than what the table tells.
#[derive(Debug)]
struct Late;

impl History {
    fn random(random: &mut Random) -> Self {
        Self {
            kind: random.one(KINDS),
            own: random.chance(50),
            closes: random.chance(40),
            partition_by: random.one(&[None, Some("l"), Some("bucket(3, l)"), Some("month(valid_from)")]),
            sort_by: random.chance(30),
            write_mode: random.one(&["auto", "auto", "copy_on_write", "merge_on_read"]),
        }
    }

    fn pipeline(&self) -> String {
        let mut text =
            format!("-- @merge_strategy: scd2\n-- @unique_key: k, l\n-- @null_keys: match\n-- @write_mode: {}\n", self.write_mode);
        text.push_str("-- @watermark_column: w\n");
        if self.closes {
            text.push_str("-- @scd_hard_deletes: close\n");
        }
        if let Some(partition_by) = self.partition_by {
            text.push_str(&format!("-- @partition_by: {partition_by}\n"));
        }
        if self.sort_by {
            text.push_str("-- @sort_by: l, value\n");
        }
        let moment = if self.own { ", CAST(at AS TIMESTAMPTZ) AS valid_from" } else { "" };
        text + &format!(
            "SELECT CAST(k AS {}) AS k, CAST(l AS VARCHAR) AS l, CAST(w AS BIGINT) AS w, CAST(value AS INTEGER) AS value{moment} \
             FROM (VALUES {{{{ var('rows') }}}}) AS t(k, l, w, value, at)",
            self.kind.0
        )
    }

    fn batch(&self, random: &mut Random, step: usize) -> Vec<Row> {
        let most = if random.chance(30) { 40 } else { 6 };
        let rows = 1 + random.below(most);
        let row = |_| Row {
            key: (random.chance(92).then(|| random.below(self.kind.1.len())), random.chance(92).then(|| random.below(LABELS.len()))),
            watermark: random.chance(90).then(|| random.next() % 5),
            value: random.chance(90).then(|| random.below(3)),
            // Mostly later than before, and now and then not.
            moment: BEGIN + (if random.chance(3) { random.below(step * 4 + 1) } else { step * 4 + random.below(4) }) as i64 * DAY,
        };
        (0..rows).map(row).collect()
    }

    fn sql(&self, rows: &[Row]) -> String {
        let or_null = |text: Option<String>| text.unwrap_or_else(|| "NULL".to_owned());
        let row = |row: &Row| {
            let k = or_null(row.key.0.map(|k| self.kind.1[k].0.to_owned()));
            let l = or_null(row.key.1.map(|l| format!("'{}'", LABELS[l])));
            let (w, value) = (or_null(row.watermark.map(|w| w.to_string())), or_null(row.value.map(|v| v.to_string())));
            format!("({k}, {l}, {w}, {value}, '{}')", shown(row.moment))
        };
        rows.iter().map(row).collect::<Vec<_>>().join(", ")
    }

    fn shown(&self, table: &[Version]) -> Vec<String> {
        let or_null = |text: Option<String>| text.unwrap_or_else(|| "NULL".to_owned());
        let version = |Version { row, to }: &Version| {
            let k = or_null(row.key.0.map(|k| self.kind.1[k].1.to_owned()));
            let l = or_null(row.key.1.map(|l| LABELS[l].to_owned()));
            let (w, value) = (or_null(row.watermark.map(|w| w.to_string())), or_null(row.value.map(|v| v.to_string())));
            format!("{k}|{l}|{w}|{value}|{}|{}", shown(row.moment), or_null(to.map(shown)))
        };
        let mut shown: Vec<String> = table.iter().map(version).collect();
        shown.sort();
        shown
    }

    /// What the specification says. `None` sorts before every value, as NULL is least.
    fn merge(&self, table: &[Version], batch: &[Row], now: i64) -> Result<Vec<Version>, Late> {
        let mut table = table.to_vec();
        let mut chosen: BTreeMap<(Key, i64), Row> = BTreeMap::new();
        for row in batch {
            let held = chosen.entry((row.key, if self.own { row.moment } else { 0 })).or_insert(*row);
            if (row.watermark, row.value) > (held.watermark, held.value) {
                *held = *row;
            }
        }
        for row in chosen.values() {
            match self.own {
                true => own(&mut table, *row)?,
                false => given(&mut table, *row, now),
            }
        }
        if self.closes {
            for version in table.iter_mut().filter(|v| v.to.is_none() && batch.iter().all(|row| row.key != v.row.key)) {
                version.to = Some(now.max(version.row.moment + 1));
            }
        }
        Ok(table)
    }
}

/// The next version of a key, which begins now.
fn given(table: &mut Vec<Version>, row: Row, now: i64) {
    let mut begin = now;
    for version in table.iter_mut().filter(|version| version.row.key == row.key) {
        match version.to {
            None if version.row.value == row.value => return,
            None => {
                begin = begin.max(version.row.moment + 1);
                version.to = Some(begin);
            }
            Some(end) => begin = begin.max(end),
        }
    }
    table.push(Version { row: Row { moment: begin, ..row }, to: None });
}

/// A version that says when it begins.
fn own(table: &mut Vec<Version>, row: Row) -> Result<(), Late> {
    let newest = table.iter().filter(|v| v.row.key == row.key).map(|v| v.row.moment).max();
    let Some(newest) = newest else {
        table.push(Version { row, to: None });
        return Ok(());
    };
    let of_key = |version: &&mut Version| version.row.key == row.key;
    if let Some(version) = table.iter_mut().filter(of_key).find(|v| v.row.moment == row.moment) {
        let is_newest = row.moment == newest;
        let returns = is_newest && version.to.is_some();
        if version.row.value != row.value || returns {
            version.row = row;
        }
        if returns {
            version.to = None;
        }
        return Ok(());
    }
    if row.moment < newest {
        let valid =
            table.iter().filter(|v| v.row.key == row.key).find(|v| v.row.moment < row.moment && v.to.is_some_and(|to| row.moment < to));
        return if valid.is_some_and(|version| version.row.value == row.value) { Ok(()) } else { Err(Late) };
    }
    if let Some(version) = table.iter_mut().filter(of_key).find(|v| v.row.moment == newest) {
        if version.to.is_none() && version.row.value == row.value {
            return Ok(());
        }
        version.to = Some(version.to.map_or(row.moment, |to| to.min(row.moment)));
    }
    table.push(Version { row, to: None });
    Ok(())
}

fn shown(micros: i64) -> String {
    to_iso(DateTime::from_timestamp_micros(micros).unwrap())
}

#[tokio::test]
async fn history_is_the_model() {
    let python = python();
    let mut random = Random::new(20_261_124);
    let mut left = steps();
    let (mut late, mut replaced) = (0, 0);
    while left > 0 {
        let seed = random.seed();
        let history = History::random(&mut random);
        let lake = Lake::new(&[("silver/t/pipeline.sql", &history.pipeline())]);
        let (mut table, mut sent): (Vec<Version>, Vec<Vec<Row>>) = (Vec::new(), Vec::new());
        for step in 0..(3 + random.below(8)) {
            let again = (!sent.is_empty() && random.chance(25)).then(|| random.below(sent.len()));
            let batch = again.map_or_else(|| history.batch(&mut random, step), |at| sent[at].clone());
            sent.push(batch.clone());
            if random.chance(70) {
                lake.clock.advance(Duration::from_secs(random.next() % 200_000));
            }
            let told = |what: &str| format!("seed {seed}, step {step}, {what}: {history:?}\n{}", history.sql(&batch));
            let now = lake.clock.now().timestamp_micros();
            let report = run(&lake.context, &name("silver.t"), &with_rows(&history.sql(&batch))).await.unwrap();
            match history.merge(&table, &batch, now) {
                Ok(after) => {
                    assert!(report.is_ok(), "{}: {:?}", told("run"), report.error);
                    check_counts(&report, table.len() as u64, after.len() as u64, batch.len() as u64, &told("counts"));
                    let ends =
                        |version: &&Version| version.to.is_none() && after.iter().any(|now| now.row == version.row && now.to.is_some());
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
            let found = lake.rows("silver.t").await.unwrap_or_default();
            assert_eq!(found, history.shown(&table), "{}", told("rows"));
            left = left.saturating_sub(1);
        }
        if let Some(python) = python.as_ref().filter(|_| !table.is_empty()) {
            for (engine, rows) in ask(python, "read_merged.py", &[lake.folder.path().to_str().unwrap(), "silver", "t"]) {
                assert_eq!(rows, history.shown(&table), "seed {seed}, {}: {history:?}", engine.0);
            }
        }
    }
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
