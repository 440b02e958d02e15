//! Builds whose tables are published together: each reads what those before it are about to publish, and one commit publishes all or none.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use rat_core::error::Code;
use rat_core::{BuildOptions, BuildReport, Event, EventSink, Lake, Phase, Publish, QueryOptions, RunOptions, RunStatus};

use crate::maintain::leftovers::{assert_no_leftovers, maintained};
use crate::tables::faults::{Fault, FaultyStore};

fn write(root: &Path, name: &str, sql: &str) {
    let folder = root.join("default/pipelines").join(name);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("pipeline.sql"), sql).unwrap();
}

/// Bronze grows by a row each run; gold counts it, through a view.
fn project(root: &Path) {
    write(root, "bronze/a", "-- @merge_strategy: append_only\nSELECT 1 AS id");
    write(root, "silver/v", "-- @materialized: view\nSELECT id FROM {{ ref('bronze.a') }}");
    write(root, "silver/b", "SELECT id + 1 AS id FROM {{ ref('bronze.a') }}");
    write(root, "gold/g", "SELECT (SELECT count(*) FROM {{ ref('silver.v') }}) AS v, (SELECT count(*) FROM {{ ref('silver.b') }}) AS b");
}

async fn open(root: &Path) -> Lake {
    Lake::open(&root.to_string_lossy()).await.unwrap()
}

fn together(on_event: impl Fn(&Event) + Send + Sync + 'static) -> BuildOptions {
    BuildOptions { publish: Publish::Together, on_event: EventSink(Arc::new(on_event)), ..BuildOptions::default() }
}

async fn rows(lake: &Lake, sql: &str) -> Vec<Vec<String>> {
    let result = lake.query(sql, &QueryOptions::default()).await.unwrap();
    let text = |column: &arrow::array::ArrayRef, row| arrow::util::display::array_value_to_string(column, row).unwrap();
    let batches = result.batches.iter();
    batches.flat_map(|batch| (0..batch.num_rows()).map(|row| batch.columns().iter().map(|c| text(c, row)).collect())).collect()
}

fn statuses(report: &BuildReport) -> Vec<(String, RunStatus)> {
    report.runs.iter().map(|run| (run.pipeline.short(), run.status)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_are_published_in_one_commit_and_read_each_other() {
    let folder = tempfile::tempdir().unwrap();
    project(folder.path());
    let lake = open(folder.path()).await;
    let catalog = folder.path().join(".rat/catalog.db");
    let seen = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&seen);
    let options = together(move |event| {
        // Until the last of them is told of, nobody else sees any.
        if matches!(event, Event::Phase { phase: Phase::Test, .. }) {
            let stored = |catalog: &rusqlite::Connection| catalog.query_row("SELECT count(*) FROM iceberg_tables", [], |row| row.get(0));
            let stored: u32 = rusqlite::Connection::open(&catalog).and_then(|catalog| stored(&catalog)).unwrap_or_default();
            counted.fetch_add(1 + 1000 * stored, Ordering::SeqCst);
        }
    });
    let report = lake.build(&options).await.unwrap().into_result().unwrap();
    assert_eq!(seen.load(Ordering::SeqCst), 4, "four pipelines were tested before one was in the catalog");
    assert!(report.runs.iter().all(|run| run.status == RunStatus::Success && run.skipped_reason.is_none()), "{:?}", statuses(&report));
    assert_eq!(rows(&lake, "SELECT v, b FROM gold.g").await, [["1", "1"]]);
    for run in &report.runs {
        assert_eq!(lake.runs().get(&run.id).unwrap().status, RunStatus::Success);
    }
    // What was read is what was published: the next build finds all of it fresh but what reads nothing, which is fresh too.
    let again = lake.build(&together(|_| {})).await.unwrap();
    assert!(again.runs.iter().all(|run| run.skipped_reason.is_some()), "{again:?}");
    let force = BuildOptions { freshness: rat_core::Freshness::RunAll, ..together(|_| {}) };
    lake.build(&force).await.unwrap().into_result().unwrap();
    assert_eq!(rows(&open(folder.path()).await, "SELECT v, b FROM gold.g").await, [["2", "2"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_fails_keeps_all_of_them_back() {
    let folder = tempfile::tempdir().unwrap();
    project(folder.path());
    let tests = folder.path().join("default/pipelines/gold/g/tests/quality");
    fs::create_dir_all(&tests).unwrap();
    fs::write(tests.join("none.sql"), "SELECT * FROM {{ this }}").unwrap();
    let lake = open(folder.path()).await;
    let report = lake.build(&together(|_| {})).await.unwrap();
    assert_eq!(report.status, RunStatus::Failed);
    for (name, status) in statuses(&report) {
        let expected = if name == "gold.g" { RunStatus::Failed } else { RunStatus::Cancelled };
        assert_eq!(status, expected, "{name}");
    }
    let held = report.runs.iter().find(|run| run.pipeline.short() == "bronze.a").unwrap();
    let error = held.error.as_ref().unwrap();
    assert_eq!(error.code(), Code::Cancelled);
    assert!(error.message().contains("gold.g"), "{error}");
    assert_eq!(lake.runs().get(&held.id).unwrap().status, RunStatus::Cancelled);
    assert!(lake.tables().list().await.unwrap().is_empty());
    let left = walkdir::WalkDir::new(folder.path()).into_iter().filter_map(Result::ok).map(|entry| entry.path().display().to_string());
    let left: Vec<String> = left.filter(|path| [".parquet", ".avro", ".metadata.json"].iter().any(|end| path.ends_with(end))).collect();
    assert_eq!(left, Vec::<String>::new());
    assert_eq!(report.into_result().unwrap_err().code(), Code::QualityFailed);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_another_writer_was_first_all_are_made_again() {
    for losses in [1, 99] {
        let folder = tempfile::tempdir().unwrap();
        project(folder.path());
        let lake = open(folder.path()).await;
        lake.build(&together(|_| {})).await.unwrap().into_result().unwrap();
        let (root, won) = (folder.path().to_owned(), Arc::new(AtomicU32::new(0)));
        let counted = Arc::clone(&won);
        let race = move |event: &Event| {
            let last = matches!(event, Event::Phase { phase: Phase::Publish, pipeline, .. } if pipeline.short() == "gold.g");
            if last && counted.load(Ordering::SeqCst) < losses {
                counted.fetch_add(1, Ordering::SeqCst);
                let root = root.clone();
                let work = move || {
                    let runtime = tokio::runtime::Runtime::new().unwrap();
                    runtime
                        .block_on(async { open(&root).await.run("bronze.a", &RunOptions::default()).await.unwrap().into_result().unwrap() })
                };
                std::thread::spawn(work).join().unwrap();
            }
        };
        let report = lake.build(&BuildOptions { freshness: rat_core::Freshness::RunAll, ..together(race) }).await.unwrap();
        let theirs = u64::from(won.load(Ordering::SeqCst));
        let lake = open(folder.path()).await;
        if losses == 1 {
            assert!(report.status == RunStatus::Success, "{:?}", report.runs.iter().map(|run| &run.error).collect::<Vec<_>>());
            assert_eq!(rows(&lake, "SELECT count(*) FROM bronze.a").await, [["3"]]);
            assert_eq!(rows(&lake, "SELECT v, b FROM gold.g").await, [["3", "3"]], "gold counts what bronze holds");
        } else {
            assert!(theirs > 1, "it was tried more than once");
            for run in &report.runs {
                assert_eq!(run.error.as_ref().map(rat_core::error::Error::code), Some(Code::CommitConflict), "{}", run.pipeline);
            }
            assert_eq!(rows(&lake, "SELECT count(*) FROM bronze.a").await, [[(1 + theirs).to_string()]]);
            assert_eq!(rows(&lake, "SELECT b FROM gold.g").await, [["1"]], "nothing of the build is there");
        }
    }
}

/// What stands in the tables: how often bronze grew, and what gold saw of both.
async fn state(lake: &Lake) -> (String, Vec<Vec<String>>) {
    let grown = rows(lake, "SELECT count(*) FROM bronze.a").await;
    (grown[0][0].clone(), rows(lake, "SELECT v, b FROM gold.g").await)
}

/// A lake over a store that can be made to fail.
async fn faulty(root: &Path) -> (Lake, FaultyStore) {
    let store = Arc::new(Mutex::new(None));
    let handed_out = Arc::clone(&store);
    let lake = Lake::builder(&root.to_string_lossy()).wrap_storage(move |storage| {
        storage.wrap(|inner| {
            let faulty = FaultyStore::new(inner);
            *handed_out.lock().unwrap() = Some(faulty.clone());
            Arc::new(faulty)
        })
    });
    let lake = lake.open().await.unwrap();
    let store = store.lock().unwrap().take().unwrap();
    (lake, store)
}

fn all() -> BuildOptions {
    BuildOptions { freshness: rat_core::Freshness::RunAll, ..together(|_| {}) }
}

/// Every run of the build is written down as it was told.
fn assert_recorded(lake: &Lake, build: &rat_core::error::Result<BuildReport>, what: &str) {
    for run in build.iter().flat_map(|report| &report.runs) {
        if run.id.is_empty() {
            assert!(run.skipped_reason.is_some(), "{what}: {} was neither run nor skipped", run.pipeline);
            continue;
        }
        let record = lake.runs().get(&run.id).unwrap();
        let code = run.error.as_ref().map(|error| error.code().as_str().to_owned());
        assert_eq!((record.status, record.error_code), (run.status, code), "{what}: {}", run.pipeline);
    }
    let runs = lake.runs().list(&Default::default()).unwrap().runs;
    assert!(runs.iter().all(|run| run.status != RunStatus::Running), "{what}: a run that is over is under way in the ledger");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_at_any_operation_leaves_all_tables_old_or_all_new() {
    const TABLES: [&str; 3] = ["bronze.a", "silver.b", "gold.g"];
    #[expect(clippy::disallowed_methods, reason = "how long a test runs is not a setting of rat")]
    let stride = std::env::var("RAT_FAULT_STRIDE").map_or(17, |stride| stride.parse::<u64>().unwrap());
    let full = Fault::Io(ErrorKind::StorageFull);
    for (fault, lasting) in [(Fault::Io(ErrorKind::TimedOut), false), (Fault::Lie, false), (Fault::Torn, false), (full, true)] {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        project(root);
        open(root).await.build(&together(|_| {})).await.unwrap().into_result().unwrap();
        let (mut grown, mut n, mut failed) = (1, 0, 0);
        loop {
            let what = format!("{fault:?} at operation {n}");
            let (lake, store) = faulty(root).await;
            let before = store.operations();
            match lasting {
                true => store.arm_from(n, fault),
                false => store.arm(n, fault),
            }
            let build = lake.build(&all()).await;
            store.disarm();
            let reached = store.operations() - before;
            let succeeded = build.as_ref().is_ok_and(|report| report.status == RunStatus::Success);
            failed += usize::from(!succeeded);
            assert_recorded(&lake, &build, &what);
            drop(lake);
            let lake = open(root).await;
            grown += usize::from(succeeded);
            let all_of = |grown: usize| (grown.to_string(), vec![vec![grown.to_string(), grown.to_string()]]);
            assert_eq!(state(&lake).await, all_of(grown), "{what}: {build:?}");
            if !lasting {
                assert_no_leftovers(root, &TABLES).await;
            }
            let next = lake.build(&all()).await;
            assert_recorded(&lake, &next, &what);
            next.unwrap().into_result().unwrap();
            grown += 1;
            maintained(&lake).await;
            assert_no_leftovers(root, &TABLES).await;
            assert_eq!(state(&lake).await, all_of(grown), "{what}: after the next build, and maintenance");
            if n > reached {
                break;
            }
            n += stride;
        }
        assert!(failed > 0, "{fault:?}: {failed} builds of {n} were hit");
    }
}
