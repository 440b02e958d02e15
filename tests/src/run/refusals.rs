//! Lakes and disks that a run cannot work with: each is told by its code, with its place and the way out, and nothing is published.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use rat_core::error::{Code, Error, Kind};
use rat_core::{
    BuildOptions, CheckOptions, CompileOptions, Lake, PlanOptions, PreviewOptions, QueryOptions, RunOptions, RunReport, RunStatus,
};
use serde_json::json;

use crate::tables::faults::{Fault, FaultyStore};

fn write(root: &Path, name: &str, sql: &str) {
    let folder = root.join("default/pipelines").join(name);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("pipeline.sql"), sql).unwrap();
}

/// A project of one table that grows by a row each run, and one that reads it; both are built once.
async fn built(root: &Path) {
    write(root, "silver/t", "-- @merge_strategy: append_only\nSELECT 1 AS id");
    write(root, "gold/g", "SELECT count(*) AS n FROM {{ ref('silver.t') }}");
    let lake = open(root).await;
    run(&lake, "silver.t").await.into_result().unwrap();
    run(&lake, "gold.g").await.into_result().unwrap();
}

async fn open(root: &Path) -> Lake {
    // Nobody wants to wait here for a lock that is not let go of.
    Lake::builder(&root.to_string_lossy()).settings(json!({"catalog": {"busy_timeout": "20ms"}})).open().await.unwrap()
}

async fn run(lake: &Lake, pipeline: &str) -> RunReport {
    lake.run(pipeline, &RunOptions::default()).await.unwrap()
}

async fn count(lake: &Lake) -> String {
    let result = lake.query("SELECT count(*) FROM silver.t", &QueryOptions::default()).await.unwrap();
    arrow::util::display::array_value_to_string(result.batches[0].column(0), 0).unwrap()
}

/// The error of a run that failed, with its record and without leftovers.
async fn refused(lake: &Lake, root: &Path, pipeline: &str) -> Error {
    let before = data_files(root);
    let report = run(lake, pipeline).await;
    let error = report.error.expect("it must be refused");
    let record = lake.runs().get(&report.id).unwrap();
    assert_eq!((record.status, record.error_code.as_deref()), (RunStatus::Failed, Some(error.code().as_str())));
    assert!(!error.help().is_empty(), "{error}");
    assert_eq!(data_files(root), before, "{error}");
    error
}

fn data_files(root: &Path) -> Vec<String> {
    let files = walkdir::WalkDir::new(root).sort_by_file_name().into_iter().filter_map(Result::ok);
    let paths = files.map(|entry| entry.path().display().to_string());
    paths.filter(|path| path.ends_with(".parquet") || path.ends_with(".avro")).collect()
}

fn metadata_of(root: &Path, table: &str) -> std::path::PathBuf {
    let files = fs::read_dir(root.join("default").join(table).join("metadata")).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.to_string_lossy().ends_with(".metadata.json")).max().unwrap()
}

#[tokio::test]
async fn a_disk_that_cannot_be_written_or_is_full_refuses_the_run() {
    for (io, code, kind) in [
        (ErrorKind::ReadOnlyFilesystem, Code::ReadOnlyStorage, Kind::Denied),
        (ErrorKind::StorageFull, Code::StorageFull, Kind::Unavailable),
    ] {
        let folder = tempfile::tempdir().unwrap();
        built(folder.path()).await;
        let store = Arc::new(Mutex::new(None));
        let handed_out = Arc::clone(&store);
        let lake = Lake::builder(&folder.path().to_string_lossy())
            .wrap_storage(move |storage| {
                storage.wrap(|inner| {
                    let faulty = FaultyStore::new(inner);
                    *handed_out.lock().unwrap() = Some(faulty.clone());
                    Arc::new(faulty)
                })
            })
            .open()
            .await
            .unwrap();
        let store = store.lock().unwrap().take().unwrap();
        store.arm_from(0, Fault::Disk(io));
        let error = refused(&lake, folder.path(), "silver.t").await;
        assert_eq!((error.code(), error.kind()), (code, kind), "{error}");
        assert!(error.message().contains("default/silver/t/"), "the place: {error}");
        store.disarm();
        assert_eq!(count(&lake).await, "1");
        run(&lake, "silver.t").await.into_result().unwrap();
        assert_eq!(count(&lake).await, "2");
    }
}

const SMALL_DISK: &str = "RAT_SMALL_DISK";

/// A disk of 2 MiB in a name space of its own, where the system lets anybody have one.
#[test]
fn a_real_disk_that_is_full() {
    let alone = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", script]);
        command
    };
    if !alone("mount -t tmpfs -o size=2m none /tmp").output().is_ok_and(|probe| probe.status.success()) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=2m none \"$RAT_SMALL_DISK\" && exec \"$0\" --exact run::refusals::on_a_small_disk --nocapture";
    let child = alone(script).arg(std::env::current_exe().unwrap()).env(SMALL_DISK, folder.path()).output().unwrap();
    assert!(child.status.success(), "{}{}", String::from_utf8_lossy(&child.stdout), String::from_utf8_lossy(&child.stderr));
}

/// What the child process does. As a test of its own, without the variable, it has nothing to do.
#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "how a parent process tells its child what to do")]
async fn on_a_small_disk() {
    let Ok(path) = std::env::var(SMALL_DISK) else { return };
    let root = Path::new(&path);
    built(root).await;
    let lake = open(root).await;
    let mut most = 0;
    for left in (0..64).map(|block| block * 4096) {
        // All of the disk is taken but so much: the run gets a little further each time.
        fill(root, left);
        let before = count(&lake).await;
        let report = lake.run("silver.t", &RunOptions::default()).await;
        fs::remove_file(root.join("ballast")).unwrap();
        most = left;
        if report.as_ref().is_ok_and(RunReport::is_ok) {
            break;
        }
        let recorded = report.is_ok();
        let error = report.map_or_else(|unwritten| unwritten, |report| report.error.unwrap());
        assert_eq!(error.code(), Code::StorageFull, "{left} bytes left: {error:?}");
        let anew = open(root).await;
        if count(&anew).await != before {
            assert!(!recorded, "{left} bytes left: published, and told as failed");
            break;
        }
        let running = anew.runs().list(&Default::default()).unwrap().runs.iter().filter(|run| run.status == RunStatus::Running).count();
        assert_eq!(running, 0, "{left} bytes left");
    }
    assert!(most >= 4 << 10, "it succeeded on a full disk");
    assert_eq!(count(&open(root).await).await, "2");
}

/// Takes what is free but for so many bytes.
fn fill(root: &Path, left: usize) {
    use std::io::Write;
    let mut ballast = fs::File::create(root.join("ballast")).unwrap();
    let block = [0u8; 4096];
    let mut taken = 0;
    while ballast.write_all(&block).is_ok() {
        taken += block.len();
    }
    ballast.set_len(taken.saturating_sub(left) as u64).unwrap();
}

#[tokio::test]
async fn a_catalog_that_another_process_holds_is_waited_for_and_then_told() {
    let folder = tempfile::tempdir().unwrap();
    built(folder.path()).await;
    let lake = open(folder.path()).await;
    let other = rusqlite::Connection::open(folder.path().join(".rat/catalog.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = refused(&lake, folder.path(), "silver.t").await;
    assert_eq!(error.code(), Code::CatalogUnavailable, "{error}");
    assert!(error.is_retryable() && error.help().contains("close the other program"), "{error}");
    assert_eq!(count(&lake).await, "1", "who reads does not wait");
    other.execute_batch("ROLLBACK").unwrap();
    run(&lake, "silver.t").await.into_result().unwrap();
}

#[tokio::test]
async fn a_lake_of_a_newer_rat_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    built(folder.path()).await;
    let newer = |database: &str, version: i64| {
        let connection = rusqlite::Connection::open(folder.path().join(".rat").join(database)).unwrap();
        connection.pragma_update(None, "user_version", version).unwrap();
    };
    let known: i64 = rusqlite::Connection::open(folder.path().join(".rat/catalog.db"))
        .unwrap()
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap();
    for database in ["catalog.db", "ledger.db"] {
        newer(database, 99);
        // The catalog is looked at when it is needed, the ledger when the lake is opened.
        let attempt = async { Lake::open(&folder.path().to_string_lossy()).await?.run("silver.t", &RunOptions::default()).await };
        let error = attempt.await.unwrap_err();
        assert_eq!((error.code(), error.help()), (Code::LakeNewer, "update rat"), "{database}");
        assert!(error.message().contains("99"), "{error}");
        newer(database, known);
    }
    assert_eq!(count(&open(folder.path()).await).await, "1");
}

#[tokio::test]
async fn a_moved_lake_says_where_it_was() {
    let place = tempfile::tempdir().unwrap();
    let (old, new) = (place.path().canonicalize().unwrap().join("old"), place.path().join("new"));
    fs::create_dir(&old).unwrap();
    built(&old).await;
    fs::rename(&old, &new).unwrap();
    let lake = open(&new).await;
    for pipeline in ["silver.t", "gold.g"] {
        let error = refused(&lake, &new, pipeline).await;
        assert_eq!(error.code(), Code::LakeMoved, "{error}");
        assert!(error.help().contains(&old.display().to_string()), "{error}");
    }
}

#[tokio::test]
async fn a_damaged_metadata_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    built(folder.path()).await;
    let damaged = metadata_of(folder.path(), "silver/t");
    let whole = fs::read(&damaged).unwrap();
    fs::write(&damaged, &whole[..whole.len() / 2]).unwrap();
    let lake = open(folder.path()).await;
    for pipeline in ["silver.t", "gold.g"] {
        let error = refused(&lake, folder.path(), pipeline).await;
        assert_eq!((error.code(), error.kind()), (Code::CorruptTable, Kind::Corrupt), "{error}");
        let file = damaged.file_name().unwrap().to_string_lossy().into_owned();
        assert!(error.context().iter().any(|(key, value)| *key == "file" && value.ends_with(&file)), "{:?}", error.context());
    }
    fs::write(&damaged, &whole).unwrap();
    let lake = open(folder.path()).await;
    run(&lake, "silver.t").await.into_result().unwrap();
    assert_eq!(count(&lake).await, "2");
}

#[tokio::test]
async fn a_view_that_reads_a_landing_zone_is_not_stored() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("default/landing/in")).unwrap();
    fs::write(folder.path().join("default/landing/in/a.csv"), "id\n1\n").unwrap();
    write(folder.path(), "silver/v", "-- @materialized: view\nSELECT id\nFROM read_csv('{{ landing_zone('in') }}')");
    let lake = open(folder.path()).await;
    let error = refused(&lake, folder.path(), "silver.v").await;
    assert_eq!(error.code(), Code::ViewNotPure, "{error}");
    assert_eq!(error.diagnostics()[0].path(), Some("default/pipelines/silver/v/pipeline.sql"));
    assert_eq!(error.diagnostics()[0].start().unwrap().0, 3);
    assert!(lake.tables().list().await.unwrap().is_empty());
}

#[tokio::test]
async fn files_that_make_no_pipeline_are_told_by_whatever_names_it() {
    for (file, text, code) in
        [("pipeline.py", "result = []", Code::TwoSources), ("tests/quality/t.sql", "SELECT 1 WHERE \u{fffd}", Code::NotUtf8)]
    {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        built(root).await;
        let path = root.join("default/pipelines/silver/t").join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let bytes: Vec<u8> = text.chars().map(|c| if c == '\u{fffd}' { 0xff } else { c as u8 }).collect();
        fs::write(&path, bytes).unwrap();
        told_everywhere(root, code, file).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    built(root).await;
    let sql = root.join("default/pipelines/silver/t/pipeline.sql");
    fs::rename(&sql, sql.with_file_name("pipelin.sql")).unwrap();
    told_everywhere(root, Code::NoSource, "default/pipelines/silver/t").await;
}

/// Everything that names `silver.t` tells the fault of its files, and what reads it is held back, not blamed.
async fn told_everywhere(root: &Path, code: Code, place: &str) {
    let lake = open(root).await;
    let error = refused(&lake, root, "silver.t").await;
    assert_eq!(error.code(), code, "{error}");
    let paths: Vec<&str> = error.diagnostics()[0].labels.iter().map(|label| label.source.path.as_str()).collect();
    assert!(paths.iter().any(|path| path.ends_with(place)), "{paths:?}");

    let report = lake.build(&BuildOptions::default()).await.unwrap();
    let codes: Vec<_> = report.runs.iter().map(|run| (run.status, run.error.as_ref().map(Error::code))).collect();
    assert_eq!(codes, [(RunStatus::Failed, Some(code)), (RunStatus::Cancelled, None)], "what reads it waits");

    let compiled = lake.compile("silver.t", &CompileOptions::default()).await.unwrap();
    assert_eq!(compiled.diagnostics.iter().map(|d| d.code).collect::<Vec<_>>(), [code]);
    let plan = lake.plan("silver.t", &PlanOptions::default()).await.unwrap();
    assert_eq!(plan.diagnostics.iter().map(|d| d.code).collect::<Vec<_>>(), [code]);
    assert_eq!(lake.preview(Some("silver.t"), &PreviewOptions::default()).await.unwrap_err().code(), code);
    let mended = PreviewOptions { sql: Some("SELECT 7 AS id".to_owned()), ..PreviewOptions::default() };
    assert!(lake.preview(Some("silver.t"), &mended).await.is_ok(), "another text in its place is well");

    let report = lake.check(&CheckOptions::default()).await.unwrap();
    assert_eq!(report.diagnostics.iter().map(|d| d.code).collect::<Vec<_>>(), [code], "{:?}", report.diagnostics);
    assert_eq!(count(&lake).await, "1", "its table is there still");
}
