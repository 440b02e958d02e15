//! The strategies against a plain model, over random histories: every partitioning, also one that changes,
//! key type and write mode, re-runs included.
//!
//! `RAT_MODEL_STEPS` says how many runs there are in all; other engines read the table at the end of each history, if they are there.

use std::collections::BTreeMap;

use rat_core::interop::run::{RunReport, run};

use crate::run::harness::{Lake, full_refresh, name, with_rows};
use crate::scan::interop::{ask, python};

/// A generator whose runs can be repeated: SplitMix64.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// With which its next number comes again.
    pub(super) fn seed(&self) -> u64 {
        self.0
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    pub(super) fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    pub(super) fn chance(&mut self, in_a_hundred: usize) -> bool {
        self.below(100) < in_a_hundred
    }
}

/// A type of the key, with literals and how rows show them.
pub(super) type Kind = (&'static str, &'static [(&'static str, &'static str)]);

pub(super) const KINDS: &[Kind] = &[
    ("INTEGER", &[("1", "1"), ("2", "2"), ("-3", "-3"), ("40", "40"), ("5", "5"), ("6", "6")]),
    ("BIGINT", &[("1", "1"), ("20000000000", "20000000000"), ("-3", "-3"), ("4", "4")]),
    ("VARCHAR", &[("''", ""), ("'a'", "a"), ("'a text longer than a view holds'", "a text longer than a view holds"), ("'ä'", "ä")]),
    ("DECIMAL(9, 2)", &[("1.50", "1.50"), ("-0.25", "-0.25"), ("1000.00", "1000.00"), ("7.00", "7.00")]),
    ("DATE", &[("DATE '1969-12-31'", "1969-12-31"), ("DATE '2024-02-29'", "2024-02-29"), ("DATE '2024-03-01'", "2024-03-01")]),
    (
        "TIMESTAMP",
        &[("TIMESTAMP '1969-12-31 23:59:59'", "1969-12-31T23:59:59"), ("TIMESTAMP '2024-02-29 12:00:01'", "2024-02-29T12:00:01")],
    ),
    (
        "TIMESTAMPTZ",
        &[("TIMESTAMPTZ '1969-12-31 23:59:59Z'", "1969-12-31T23:59:59Z"), ("TIMESTAMPTZ '2024-02-29 12:00:01Z'", "2024-02-29T12:00:01Z")],
    ),
    ("DOUBLE", &[("1.5", "1.5"), ("-2.5", "-2.5"), ("0.5", "0.5"), ("1024.25", "1024.25")]),
    ("BOOLEAN", &[("true", "true"), ("false", "false")]),
];
const PARTITIONS: &[Option<&str>] = &[None, Some("l"), Some("k"), Some("bucket(3, l)"), Some("bucket(2, value), l")];
const WRITE_MODES: &[&str] = &["auto", "auto", "copy_on_write", "merge_on_read"];
pub(super) const LABELS: &[&str] = &["a", "B", "c", "d"];

#[derive(Debug, Clone, Copy, PartialEq)]
struct Row {
    /// Places in the kind's literals and in the labels.
    key: (Option<usize>, Option<usize>),
    watermark: Option<u64>,
    value: usize,
}

#[derive(Debug, Clone, Copy)]
struct History {
    strategy: &'static str,
    kind: Kind,
    partition_by: Option<&'static str>,
    sort_by: bool,
    write_mode: &'static str,
    keep_newer: bool,
    /// No two rows have one watermark.
    distinct: bool,
}

impl History {
    fn random(random: &mut Random) -> Self {
        let strategy = random.one(&["incremental", "incremental", "delete_insert", "snapshot", "append_only", "full_refresh"]);
        let keep_newer = strategy == "incremental" && random.chance(50);
        Self {
            strategy,
            kind: random.one(KINDS),
            partition_by: random.one(PARTITIONS),
            sort_by: random.chance(30),
            write_mode: random.one(WRITE_MODES),
            keep_newer,
            distinct: keep_newer && random.chance(50),
        }
    }

    /// The next run's files are written in another way; those that are there stay as they are.
    fn changed(self, random: &mut Random) -> Self {
        Self { partition_by: random.one(PARTITIONS), write_mode: random.one(WRITE_MODES), sort_by: random.chance(30), ..self }
    }

    fn pipeline(&self) -> String {
        let mut text = format!("-- @merge_strategy: {}\n-- @write_mode: {}\n-- @null_keys: match\n", self.strategy, self.write_mode);
        match self.strategy {
            "incremental" => text.push_str("-- @unique_key: k, l\n-- @watermark_column: w\n"),
            "delete_insert" => text.push_str("-- @unique_key: k, l\n"),
            "snapshot" => text.push_str("-- @partition_column: k\n"),
            _ => {}
        }
        if let Some(partition_by) = self.partition_by {
            text.push_str(&format!("-- @partition_by: {partition_by}\n"));
        }
        if self.sort_by {
            text.push_str("-- @sort_by: l, value\n");
        }
        if self.keep_newer {
            text.push_str("-- @keep_newer: true\n");
        }
        text + &format!(
            "SELECT CAST(k AS {}) AS k, CAST(l AS VARCHAR) AS l, CAST(w AS BIGINT) AS w, CAST(value AS INTEGER) AS value \
             FROM (VALUES {{{{ var('rows') }}}}) AS t(k, l, w, value)",
            self.kind.0
        )
    }

    fn batch(&self, random: &mut Random, clock: &mut u64) -> Vec<Row> {
        let most = if random.chance(30) { 60 } else { 6 };
        let rows = 1 + random.below(most);
        let row = |_| {
            *clock += 1;
            let key = (random.chance(92).then(|| random.below(self.kind.1.len())), random.chance(92).then(|| random.below(LABELS.len())));
            let watermark = match self.distinct {
                // Late and early rows, each with a moment of its own.
                true => Some((*clock ^ (random.next() % 16)) * 100_000 + *clock),
                false => random.chance(90).then(|| random.next() % 5),
            };
            Row { key, watermark, value: random.below(9) }
        };
        (0..rows).map(row).collect()
    }

    fn sql(&self, rows: &[Row]) -> String {
        let or_null = |text: Option<String>| text.unwrap_or_else(|| "NULL".to_owned());
        let row = |row: &Row| {
            let k = or_null(row.key.0.map(|k| self.kind.1[k].0.to_owned()));
            let l = or_null(row.key.1.map(|l| format!("'{}'", LABELS[l])));
            format!("({k}, {l}, {}, {})", or_null(row.watermark.map(|w| w.to_string())), row.value)
        };
        rows.iter().map(row).collect::<Vec<_>>().join(", ")
    }

    fn shown(&self, rows: &[Row]) -> Vec<String> {
        let or_null = |text: Option<String>| text.unwrap_or_else(|| "NULL".to_owned());
        let row = |row: &Row| {
            let k = or_null(row.key.0.map(|k| self.kind.1[k].1.to_owned()));
            let l = or_null(row.key.1.map(|l| LABELS[l].to_owned()));
            format!("{k}|{l}|{}|{}", or_null(row.watermark.map(|w| w.to_string())), row.value)
        };
        let mut shown: Vec<String> = rows.iter().map(row).collect();
        shown.sort();
        shown
    }

    /// What the specification says. `None` sorts before every value, as NULL is least.
    fn merge(&self, table: &mut Vec<Row>, batch: &[Row]) {
        match self.strategy {
            "append_only" => table.extend(batch),
            "full_refresh" => *table = batch.to_vec(),
            "delete_insert" => {
                table.retain(|old| batch.iter().all(|new| new.key != old.key));
                table.extend(batch);
            }
            "snapshot" => {
                table.retain(|old| batch.iter().all(|new| new.key.0 != old.key.0));
                table.extend(batch);
            }
            _ => {
                let mut winners: BTreeMap<_, Row> = BTreeMap::new();
                for row in batch {
                    let held = winners.entry(row.key).or_insert(*row);
                    if (row.watermark, row.value) > (held.watermark, held.value) {
                        *held = *row;
                    }
                }
                for (key, new) in winners {
                    match table.iter_mut().find(|old| old.key == key) {
                        Some(old) if self.keep_newer && old.watermark > new.watermark => {}
                        Some(old) => *old = new,
                        None => table.push(new),
                    }
                }
            }
        }
    }
}

pub(super) fn steps() -> usize {
    #[expect(clippy::disallowed_methods, reason = "how long a test runs is not a setting of rat")]
    let set = std::env::var("RAT_MODEL_STEPS").ok();
    set.map_or(60, |steps| steps.parse().unwrap())
}

#[tokio::test]
async fn every_strategy_is_the_model() {
    let python = python();
    let mut random = Random::new(20_261_123);
    let mut left = steps();
    while left > 0 {
        let seed = random.seed();
        let mut history = History::random(&mut random);
        let mut lake = Lake::new(&[("silver/t/pipeline.sql", &history.pipeline())]);
        let (mut table, mut all, mut clock) = (Vec::new(), Vec::new(), 0);
        for step in 0..(2 + random.below(8)) {
            if random.chance(15) {
                history = history.changed(&mut random);
                lake = lake.with(&[("silver/t/pipeline.sql", &history.pipeline())]);
            }
            let told = |what: &str| format!("seed {seed}, step {step}, {what}: {history:?}");
            let batch = history.batch(&mut random, &mut clock);
            all.extend(batch.iter().copied());
            for _ in 0..(1 + usize::from(random.chance(20))) {
                let before = table.len() as u64;
                history.merge(&mut table, &batch);
                let report = run(&lake.context, &name("silver.t"), &with_rows(&history.sql(&batch))).await.unwrap();
                assert!(report.is_ok(), "{}: {:?}", told("run"), report.error);
                assert_eq!(lake.rows("silver.t").await.unwrap(), history.shown(&table), "{}", told("rows"));
                check_counts(&report, before, table.len() as u64, batch.len() as u64, &told("counts"));
                left = left.saturating_sub(1);
            }
        }
        let told = |what: &str| format!("seed {seed}, at the end, {what}: {history:?}");
        if history.distinct {
            let report = run(&lake.context, &name("silver.t"), &full_refresh(&history.sql(&all))).await.unwrap();
            assert!(report.is_ok(), "{:?}", report.error);
            assert_eq!(lake.rows("silver.t").await.unwrap(), history.shown(&table), "{}", told("rebuilt"));
        }
        if let Some(python) = &python {
            let answers = ask(python, "read_merged.py", &[lake.folder.path().to_str().unwrap(), "silver", "t"]);
            for (engine, rows) in answers {
                assert_eq!(rows, history.shown(&table), "{}", told(&engine.0));
            }
        }
    }
}

fn check_counts(report: &RunReport, before: u64, after: u64, read: u64, told: &str) {
    assert_eq!(report.rows_total, Some(after), "{told}");
    assert_eq!(report.rows_written, report.rows_inserted + report.rows_updated, "{told}");
    assert_eq!(report.rows_written + report.rows_dropped, read, "{told}");
    assert_eq!(before + report.rows_inserted - report.rows_deleted, after, "{told}");
}
