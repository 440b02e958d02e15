//! Two processes with two strategies on one table, or a process of ours and PyIceberg: whatever came first, the table is what some order of all
//! runs makes of it, and no run that was told a success is missing.
//!
//! `RAT_RACE_ROUNDS` says how many runs each process makes.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rat_core::error::Code;
use rat_core::interop::run::run;
use rat_core::interop::storage::Storage;
use rat_core::interop::tables::Relation;

use crate::run::harness::{Lake, name, with_rows};
use crate::scan::interop::python;

const LAKE: &str = "RAT_RACE_LAKE";
const STRATEGY: &str = "RAT_RACE_STRATEGY";
const RACER: &str = "RAT_RACE_RACER";
const ROUNDS: &str = "RAT_RACE_ROUNDS";

type Batch = Vec<(usize, usize)>;

/// Keys that both processes write, and values that only one run writes.
fn batch(racer: usize, round: usize) -> Batch {
    let value = (racer * 1000 + round) * 10;
    vec![(round % 3, value), (round % 3 + 2, value + 1), (10 + racer, value + 2)]
}

fn config(strategy: &str) -> String {
    let key = match strategy {
        "append_only" => "",
        "snapshot" => "-- @partition_column: id\n",
        _ => "-- @unique_key: id\n",
    };
    format!("-- @merge_strategy: {strategy}\n{key}SELECT * FROM (VALUES {{{{ var('rows') }}}}) AS t(id, v)")
}

fn sql(batch: &Batch) -> String {
    batch.iter().map(|(id, v)| format!("({id}, {v})")).collect::<Vec<_>>().join(", ")
}

/// What a run makes of the rows: each with its key, its value, and whether it is an ended version.
fn merge(strategy: &str, table: &mut Vec<(usize, usize, bool)>, batch: &Batch) {
    match strategy {
        "append_only" => {}
        "scd2" => table.iter_mut().for_each(|(id, _, ended)| *ended |= batch.iter().any(|(new, _)| new == id)),
        _ => table.retain(|(id, ..)| batch.iter().all(|(new, _)| new != id)),
    }
    table.extend(batch.iter().map(|(id, v)| (*id, *v, false)));
}

#[expect(clippy::disallowed_methods, reason = "how a parent process tells its child what to do")]
fn told(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn rounds() -> usize {
    told(ROUNDS).map_or(6, |rounds| rounds.parse().unwrap())
}

/// A lake in this folder, with a ledger of its own.
fn lake(folder: &Path, strategy: &str) -> Lake {
    let storage = Storage::create(folder.to_str().unwrap(), &Default::default()).unwrap();
    Lake::open(tempfile::tempdir().unwrap(), storage, &[("silver/t/pipeline.sql", &config(strategy))])
}

/// What a child process does: its runs, each until nobody was first too often. Without the variable there is nothing to do.
#[tokio::test(flavor = "multi_thread")]
async fn racer() {
    let (Some(folder), Some(strategy), Some(racer)) = (told(LAKE), told(STRATEGY), told(RACER)) else { return };
    let lake = lake(Path::new(&folder), &strategy);
    let mut done = String::new();
    for round in 0..rounds() {
        loop {
            let rows = sql(&batch(racer.parse().unwrap(), round));
            let report = run(&lake.context, &name("silver.t"), &with_rows(&rows)).await.unwrap();
            match report.error.as_ref().map(|error| error.code()) {
                None => {
                    done.push_str(&format!("{}\n", report.id));
                    break;
                }
                Some(Code::CommitConflict | Code::CatalogUnavailable) => {}
                Some(_) => panic!("{:?}", report.error),
            }
        }
    }
    fs::write(Path::new(&folder).join(format!("done-{racer}")), done).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_with_two_strategies_are_as_one_after_the_other() {
    let pairs = [("incremental", "append_only"), ("delete_insert", "incremental"), ("snapshot", "append_only"), ("scd2", "scd2")];
    for strategies in pairs {
        let strategies = [strategies.0, strategies.1];
        let folder = tempfile::tempdir().unwrap();
        let racers = strategies.iter().enumerate().map(|(racer, strategy)| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "merge::race::racer"])
                .env(LAKE, folder.path())
                .env(STRATEGY, strategy)
                .env(RACER, racer.to_string())
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        });
        for mut racer in racers.collect::<Vec<_>>() {
            assert!(racer.wait().unwrap().success(), "{strategies:?}");
        }
        let lake = lake(folder.path(), strategies[0]);
        let order = summaries(&lake).await.into_iter().map(|summary| summary["rat.run-id"].clone());
        let order: Vec<String> = order.collect();
        let done = [0, 1].map(|racer| fs::read_to_string(folder.path().join(format!("done-{racer}"))).unwrap());
        let done = done.each_ref().map(|text| text.lines().collect::<Vec<_>>());
        assert_eq!(order.len(), 2 * rounds(), "{strategies:?}: every run is there once, and nothing else");
        let mut expected = Vec::new();
        for id in order {
            let (racer, round) =
                (0..2).find_map(|racer| Some((racer, done[racer].iter().position(|d| *d == id)?))).expect("a run nobody made");
            merge(strategies[racer], &mut expected, &batch(racer, round));
        }
        holds(&lake, expected, &format!("{strategies:?}")).await;
    }
}

/// What the snapshots say of themselves, from the first to the last.
async fn summaries(lake: &Lake) -> Vec<HashMap<String, String>> {
    let Some(Relation::Table(table)) = lake.context.tables.find(&name("silver.t")).await.unwrap() else { panic!("no table") };
    let mut snapshots: Vec<_> = table.metadata().snapshots().collect();
    snapshots.sort_by_key(|snapshot| snapshot.sequence_number());
    snapshots.iter().map(|snapshot| snapshot.summary().additional_properties.clone()).collect()
}

async fn holds(lake: &Lake, expected: Vec<(usize, usize, bool)>, told: &str) {
    let mut expected: Vec<String> = expected.iter().map(|(id, v, ended)| format!("{id}|{v}|{ended}")).collect();
    expected.sort();
    let rows = lake.rows("silver.t").await.unwrap();
    let found = rows.iter().map(|row| {
        let row: Vec<&str> = row.split('|').collect();
        format!("{}|{}|{}", row[0], row[1], row.get(3).is_some_and(|to| *to != "NULL"))
    });
    let mut found: Vec<String> = found.collect();
    found.sort();
    assert_eq!(found, expected, "{told}");
}

/// Runs of ours in one process, and a script with PyIceberg in another, until the script has done its rounds. Gives our runs.
async fn beside_pyiceberg(lake: &Lake, python: &Path, script: &str, strategy: &str) -> Vec<String> {
    let mut done = vec![lake.run_rows("silver.t", &sql(&batch(0, 0))).await.id];
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop").join(script);
    let mut other = Command::new(python)
        .arg(script)
        .arg(lake.storage.absolute("").trim_start_matches("file://"))
        .args(["silver", "t", &rounds().to_string()])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut failed = None;
    while failed.is_none() {
        failed = other.try_wait().unwrap().map(|status| !status.success());
        // A run is faster than what PyIceberg does, which would never come first: it is met twice for each of its rounds.
        let others: HashSet<String> = summaries(lake).await.iter().filter_map(|summary| summary.get("round").cloned()).collect();
        if done.len() > 2 * others.len() + 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
            continue;
        }
        let report = run(&lake.context, &name("silver.t"), &with_rows(&sql(&batch(0, done.len())))).await.unwrap();
        match report.error.as_ref().map(|error| error.code()) {
            None => done.push(report.id),
            Some(Code::CommitConflict | Code::CatalogUnavailable) => {}
            Some(_) => panic!("{:?}", report.error),
        }
    }
    other.wait().unwrap();
    assert_eq!(failed, Some(false), "{strategy}: PyIceberg could not write");
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_beside_pyiceberg_loses_neither_its_rows_nor_the_others() {
    let Some(python) = python() else { return };
    for strategy in ["incremental", "append_only", "delete_insert", "scd2"] {
        let folder = tempfile::tempdir().unwrap();
        let lake = lake(folder.path(), strategy);
        let done = beside_pyiceberg(&lake, &python, "append_rows.py", strategy).await;
        let (mut expected, mut others) = (Vec::new(), 0);
        for summary in summaries(&lake).await {
            if let Some(round) = summary.get("round") {
                let round: usize = round.parse().unwrap();
                merge("append_only", &mut expected, &vec![(round % 3, 90_000 + round), (round % 3 + 2, 95_000 + round)]);
                others += 1;
            } else {
                let round = done.iter().position(|id| *id == summary["rat.run-id"]).expect("a run nobody made");
                merge(strategy, &mut expected, &batch(0, round));
            }
        }
        assert_eq!(others, rounds(), "{strategy}");
        holds(&lake, expected, strategy).await;
    }
}

/// What a round of PyIceberg's makes of the rows: `change_rows.py` says it.
fn changed(table: &mut Vec<(usize, usize, bool)>, round: usize) {
    let id = round % 5;
    table.retain(|(other, ..)| *other != id);
    if !round.is_multiple_of(3) {
        table.push((id, 90_000 + round, false));
    }
    if round % 3 == 2 {
        table.push((20 + round, 95_000 + round, false));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_pyiceberg_deletes_and_puts_in_place_beside_a_run_is_as_one_after_the_other() {
    let Some(python) = python() else { return };
    // Keys are one row each, as an upsert of PyIceberg's wants them.
    for strategy in ["incremental", "delete_insert", "snapshot"] {
        let folder = tempfile::tempdir().unwrap();
        let lake = lake(folder.path(), strategy);
        let done = beside_pyiceberg(&lake, &python, "change_rows.py", strategy).await;
        let (mut expected, mut before) = (Vec::new(), None);
        for summary in summaries(&lake).await {
            // A round may be several snapshots, of one commit.
            let round = summary.get("round").map(|round| round.parse::<usize>().unwrap());
            match round {
                Some(_) if round == before => {}
                Some(round) => changed(&mut expected, round),
                None => {
                    let ours = done.iter().position(|id| *id == summary["rat.run-id"]).expect("a run nobody made");
                    merge(strategy, &mut expected, &batch(0, ours));
                }
            }
            before = round;
        }
        holds(&lake, expected, strategy).await;
    }
}
