//! Runs of several processes on one lake.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use rat_core::{Lake, QueryOptions, RunFilter, RunOptions, RunStatus};

const LAKE: &str = "RAT_RUNS_LAKE";
const WRITER: &str = "RAT_RUNS_WRITER";
const RUNS: usize = 10;

/// What a child process does: its runs, one after the other. Without the variables there is nothing to do.
#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "how a parent process tells its child what to do")]
async fn child() {
    let (Ok(path), Ok(writer)) = (std::env::var(LAKE), std::env::var(WRITER)) else { return };
    let lake = Lake::open(&path).await.unwrap();
    for n in 0..RUNS {
        let vars = [("row".to_owned(), format!("{writer}{n}").into())].into();
        lake.run("bronze.t", &RunOptions { vars, ..RunOptions::default() }).await.unwrap().into_result().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn four_processes_that_append_ten_times_each_make_forty_appends() {
    let folder = tempfile::tempdir().unwrap();
    let pipeline = folder.path().join("default/pipelines/bronze/t");
    fs::create_dir_all(&pipeline).unwrap();
    fs::write(pipeline.join("pipeline.sql"), "-- @merge_strategy: append_only\nSELECT {{ var('row') }} AS id").unwrap();
    let children = [1, 2, 3, 4].map(|writer: usize| {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "run::processes::child", "--nocapture"])
            .env(LAKE, folder.path())
            .env(WRITER, writer.to_string())
            .spawn()
            .unwrap()
    });
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let lake = Lake::open(&folder.path().to_string_lossy()).await.unwrap();
    let result = lake.query("SELECT id FROM bronze.t", &QueryOptions::default()).await.unwrap();
    let id = |batch: &arrow::record_batch::RecordBatch, row| arrow::util::display::array_value_to_string(batch.column(0), row).unwrap();
    let ids: Vec<String> = result.batches.iter().flat_map(|batch| (0..batch.num_rows()).map(|row| id(batch, row))).collect();
    let expected: BTreeSet<String> = (1..=4).flat_map(|writer| (0..RUNS).map(move |n| format!("{writer}{n}"))).collect();
    assert_eq!((ids.len(), ids.into_iter().collect::<BTreeSet<_>>()), (40, expected));
    let runs = lake.runs().list(&RunFilter::default()).unwrap().runs;
    assert_eq!(runs.iter().filter(|run| run.status == RunStatus::Success).count(), 40, "each is in the ledger");
    assert_eq!(lake.tables().history("bronze.t").await.unwrap().len(), 40, "and is one snapshot");
}
