//! A lake whose folder was moved, and is made one of where it is now.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rat_core::error::Code;
use rat_core::interop::storage::Storage;
use rat_core::{Lake, MaintainOptions, MaintenanceReport, QueryOptions, RunOptions};

use super::support::rows;
use crate::scan::interop::{ask, python};
use crate::tables::faults::{Fault, FaultyStore};

const VALUES: &str = "select * from (values {{ var('rows', '(0, 0)') }}) as t(id, v)";

fn write(root: &Path, pipeline: &str, sql: &str) {
    let folder = root.join("default/pipelines").join(pipeline);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("pipeline.sql"), sql).unwrap();
}

async fn open(root: &Path) -> Lake {
    Lake::open(&root.to_string_lossy()).await.unwrap()
}

async fn run(lake: &Lake, pipeline: &str, rows: &str) {
    let vars = BTreeMap::from([("rows".to_owned(), rows.into())]);
    lake.run(pipeline, &RunOptions { vars, ..RunOptions::default() }).await.unwrap().into_result().unwrap();
}

async fn answer(lake: &Lake, sql: &str, as_of: Option<String>) -> Vec<String> {
    rows(&lake.query(sql, &QueryOptions { as_of, ..QueryOptions::default() }).await.unwrap())
}

/// Tables with history, position deletes of several commits, partitions, versions, a view, and a view in the place of a table.
async fn built(root: &Path) {
    write(root, "silver/merged", &format!("-- @merge_strategy: incremental\n-- @unique_key: id\n-- @write_mode: merge_on_read\n{VALUES}"));
    write(
        root,
        "silver/parts",
        &format!("-- @merge_strategy: delete_insert\n-- @unique_key: id\n-- @partition_by: bucket(2, id)\n{VALUES}"),
    );
    write(root, "silver/versions", &format!("-- @merge_strategy: scd2\n-- @unique_key: id\n{VALUES}"));
    write(root, "gold/seen", "-- @materialized: view\nselect id from {{ ref('silver.merged') }}");
    write(root, "gold/shelf", "select 5 as id");
    let lake = open(root).await;
    for rows in ["(1, 1), (2, 1), (3, 1), (4, 1), (5, 1), (6, 1)", "(2, 2), (7, 1)", "(3, 3), (7, 3)", "(2, 4)"] {
        for table in ["silver.merged", "silver.parts", "silver.versions"] {
            run(&lake, table, rows).await;
        }
    }
    run(&lake, "gold.seen", "").await;
    run(&lake, "gold.shelf", "").await;
    write(root, "gold/shelf", "-- @materialized: view\nselect 6 as id");
    run(&lake, "gold.shelf", "").await;
    lake.tables().tag("silver.merged", "kept", None).await.unwrap();
}

const TABLES: [&str; 3] = ["silver.merged", "silver.parts", "silver.versions"];

/// Every row of every snapshot of every table.
async fn everything(lake: &Lake) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    for table in TABLES {
        for entry in lake.tables().history(table).await.unwrap() {
            let sql = format!("select id, v from {table} order by all");
            found.push((
                format!("{table} {} {}", entry.snapshot_id, entry.operation),
                answer(lake, &sql, Some(entry.snapshot_id.to_string())).await,
            ));
        }
        found.push((table.to_owned(), answer(lake, &format!("select id, v from {table} order by all"), None).await));
    }
    for view in ["gold.seen", "gold.shelf"] {
        found.push((view.to_owned(), answer(lake, &format!("select id from {view} order by id"), None).await));
    }
    found
}

async fn relocate(lake: &Lake, dry_run: bool) -> MaintenanceReport {
    lake.maintain(&MaintainOptions { relocate: true, dry_run, ..MaintainOptions::default() }).await.unwrap()
}

fn files(root: &Path) -> Vec<PathBuf> {
    let files = walkdir::WalkDir::new(root.join("default")).sort_by_file_name().into_iter().filter_map(Result::ok);
    files.map(|entry| entry.path().to_owned()).filter(|path| path.is_file()).collect()
}

/// Texts in files of metadata, and paths in delete files, that are of another place.
fn mentions(root: &Path, paths: &[PathBuf], place: &str) -> Vec<PathBuf> {
    let mentions = |path: &&PathBuf| {
        let bytes = std::fs::read(path).unwrap();
        bytes.windows(place.len()).any(|window| window == place.as_bytes())
    };
    paths.iter().filter(|path| path.starts_with(root)).filter(mentions).cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_lake_is_relocated_with_its_history_and_goes_on() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path().canonicalize().unwrap();
    let (old, new) = (place.join("first-place"), place.join("second"));
    std::fs::create_dir(&old).unwrap();
    built(&old).await;
    let before = everything(&open(&old).await).await;
    std::fs::rename(&old, &new).unwrap();

    let lake = open(&new).await;
    assert_eq!(lake.tables().get("silver.merged").await.unwrap_err().code(), Code::LakeMoved);
    let there = files(&new);
    let would = relocate(&lake, true).await;
    assert_eq!(files(&new), there, "a dry run writes nothing");
    let done = relocate(&lake, false).await.into_result().unwrap();
    let counts =
        |report: &MaintenanceReport| report.tables.iter().map(|table| (table.name.to_string(), table.files_relocated)).collect::<Vec<_>>();
    assert_eq!(counts(&would), counts(&done));
    assert!(done.tables.len() == 5 && done.tables.iter().all(|table| table.files_relocated > 0), "{done:?}");
    let written: Vec<PathBuf> = files(&new).into_iter().filter(|path| !there.contains(path)).collect();
    assert_eq!(mentions(&new, &written, "first-place"), Vec::<PathBuf>::new());

    assert_eq!(everything(&lake).await, before, "every snapshot has the rows it had");
    if let Some(python) = python() {
        for (name, rows) in [("merged", &before), ("parts", &before)] {
            let ours = rows.iter().find(|(of, _)| *of == format!("silver.{name}")).map(|(_, rows)| rows.len());
            for (engine, read) in ask(&python, "read_merged.py", &[new.to_str().unwrap(), "silver", name]) {
                assert_eq!(Some(read.len()), ours, "{engine:?}");
            }
        }
    }
    // Again is nothing, and runs go on.
    assert!(relocate(&lake, false).await.tables.iter().all(|table| table.files_relocated == 0));
    for table in TABLES {
        run(&lake, table, "(1, 9), (8, 9)").await;
        assert_eq!(answer(&lake, &format!("select count(*) from {table} where v = 9"), None).await, ["2"], "{table}");
    }
    write(&new, "gold/shelf", "select 7 as id");
    run(&lake, "gold.shelf", "").await;
    let shelf = lake.tables().history("gold.shelf").await.unwrap();
    assert_eq!(
        answer(&lake, "select id from gold.shelf", Some(shelf.last().unwrap().snapshot_id.to_string())).await,
        ["5"],
        "the table behind the view came along"
    );
    lake.maintain(&MaintainOptions { orphan_grace: Some(std::time::Duration::ZERO), ..MaintainOptions::default() })
        .await
        .unwrap()
        .into_result()
        .unwrap();
    assert_eq!(answer(&lake, "select count(*) from silver.merged where v = 9", None).await, ["2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_a_lake_of_its_own() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path().canonicalize().unwrap();
    let (old, new) = (place.join("lake"), place.join("lake/copies/of it"));
    std::fs::create_dir(&old).unwrap();
    built(&old).await;
    let before = everything(&open(&old).await).await;
    for entry in
        walkdir::WalkDir::new(&old).into_iter().filter_map(Result::ok).filter(|entry| !entry.path().starts_with(old.join("copies")))
    {
        let target = new.join(entry.path().strip_prefix(&old).unwrap());
        match entry.path().is_dir() {
            true => std::fs::create_dir_all(target).unwrap(),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
    let lake = open(&new).await;
    relocate(&lake, false).await.into_result().unwrap();
    run(&lake, "silver.merged", "(1, 100)").await;
    std::fs::remove_dir_all(old.join("default/silver/merged/data")).unwrap();
    assert_eq!(answer(&lake, "select v from silver.merged where id = 1", None).await, ["100"], "nothing is read where the lake was");
    assert_eq!(everything(&open(&new).await).await.len(), before.len() + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_anywhere_it_is_done_again_or_moved_back() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path().canonicalize().unwrap();
    let (old, new) = (place.join("old"), place.join("new"));
    std::fs::create_dir(&old).unwrap();
    built(&old).await;
    let before = everything(&open(&old).await).await;
    std::fs::rename(&old, &new).unwrap();
    let mut stopped = 0;
    for n in (0..).step_by(7) {
        let (hand, handed) = std::sync::mpsc::channel();
        let wrap = move |storage: Storage| {
            storage.wrap(|store| {
                let faulty = FaultyStore::new(store);
                hand.send(faulty.clone()).unwrap();
                Arc::new(faulty)
            })
        };
        let lake = Lake::builder(&new.to_string_lossy()).wrap_storage(wrap).open().await.unwrap();
        let store = handed.recv().unwrap();
        store.arm_from(n, Fault::Io(ErrorKind::Other));
        let report = lake.maintain(&MaintainOptions { relocate: true, ..MaintainOptions::default() }).await;
        store.disarm();
        let failed = report.map_or(true, |report| report.tables.iter().any(|table| table.error.is_some()));
        if !failed {
            break;
        }
        stopped += 1;
        if stopped == 1 {
            // What was not relocated is as it was where it was.
            drop(lake);
            std::fs::rename(&new, &old).unwrap();
            assert_eq!(everything(&open(&old).await).await, before);
            std::fs::rename(&old, &new).unwrap();
        } else if stopped == 4 {
            // Some tables are relocated and some are not: of either place a lake can be made.
            drop(lake);
            std::fs::rename(&new, &old).unwrap();
            let back = open(&old).await;
            relocate(&back, false).await.into_result().unwrap();
            assert_eq!(everything(&back).await, before);
            drop(back);
            std::fs::rename(&old, &new).unwrap();
        }
    }
    assert!(stopped > 5, "it was stopped only {stopped} times");
    let lake = open(&new).await;
    relocate(&lake, false).await.into_result().unwrap();
    assert_eq!(everything(&lake).await, before);
}

#[tokio::test]
async fn what_is_not_there_is_told_table_by_table() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path().canonicalize().unwrap();
    let (old, new) = (place.join("old"), place.join("new"));
    std::fs::create_dir(&old).unwrap();
    built(&old).await;
    std::fs::rename(&old, &new).unwrap();
    std::fs::remove_dir_all(new.join("default/silver/parts")).unwrap();
    let lake = open(&new).await;
    let report = relocate(&lake, false).await;
    let failed: Vec<_> = report.tables.iter().filter_map(|table| Some((table.name.short(), table.error.as_ref()?.code()))).collect();
    assert_eq!(failed, [("silver.parts".to_owned(), Code::LakeMoved)]);
    assert_eq!(answer(&lake, "select count(*) from silver.merged", None).await, ["7"]);
}
