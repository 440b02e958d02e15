//! What bounds a run: its time, its tests' time, its attempts, what may not be rebuilt; and the one moment of all that it reads.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rat_core::error::Code;
use rat_core::interop::run::{RunStatus, TestStatus, retry_pause, run};
use rat_core::{BuildOptions, Lake as Door, Publish, QueryOptions, RunOptions};

use super::harness::{Lake, full_refresh, name, with_rows};

/// It finds no row, and looks for hours.
const ENDLESS: &str = "SELECT a.v AS id FROM range(0, 1000000) a(v) JOIN range(0, 1000000) b(v) ON a.v + b.v < 0";

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_takes_longer_than_its_pipeline_allows_is_ended() {
    let lake = Lake::new(&[("silver/t/pipeline.sql", "-- @merge_strategy: append_only\nSELECT 1 AS id")]);
    assert!(lake.run("silver.t").await.is_ok());
    let files = lake.data_files();
    let lake = lake.with(&[("silver/t/pipeline.sql", &format!("-- @merge_strategy: append_only\n-- @timeout: 50ms\n{ENDLESS}"))]);
    let report = lake.run("silver.t").await;
    let error = report.error.as_ref().unwrap();
    assert_eq!((error.code(), report.status), (Code::TimedOut, RunStatus::Failed), "{error}");
    assert_eq!(lake.context.ledger.run(&report.id).unwrap().error_code.as_deref(), Some("TIMED_OUT"));
    assert_eq!((lake.rows("silver.t").await.unwrap(), lake.data_files()), (vec!["1".to_owned()], files));
    // The call's own limit comes before the pipeline's.
    let options = RunOptions { timeout: Some(Duration::from_millis(10)), ..RunOptions::default() };
    let lake = lake.with(&[("silver/t/pipeline.sql", &format!("-- @timeout: 1d\n{ENDLESS}"))]);
    let report = run(&lake.context, &name("silver.t"), &options).await.unwrap();
    assert_eq!(report.error.unwrap().code(), Code::TimedOut);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_that_takes_too_long_counts_as_failed() {
    let mut lake = Lake::new(&[("silver/t/pipeline.sql", "SELECT 1 AS id"), ("silver/t/tests/quality/endless.sql", ENDLESS)]);
    lake.context.test_timeout = Duration::from_millis(50);
    let report = lake.run("silver.t").await;
    let result = &report.tests[0];
    assert_eq!((result.status, result.error.as_ref().unwrap().code()), (TestStatus::Error, Code::TimedOut));
    let error = report.error.unwrap();
    assert_eq!(error.message(), "quality test `endless` could not be run: the test took longer than 0.05 s");
    assert_eq!(lake.rows("silver.t").await, None);
    assert!(lake.data_files().is_empty(), "what was staged is taken back");
}

#[test]
fn pauses_between_attempts_double_and_are_of_chance() {
    let second = Duration::from_secs(1);
    let between = |attempt| (retry_pause(second, attempt, 0.0), retry_pause(second, attempt, 0.999));
    for (attempt, doubled) in [(1, 1), (2, 2), (3, 4), (11, 1024), (12, 1024), (u32::MAX, 1024)] {
        let (least, most) = between(attempt);
        assert_eq!(least, second * doubled / 2, "attempt {attempt}");
        assert!(most > second * doubled && most < second * doubled * 3 / 2, "attempt {attempt}");
    }
    assert_eq!(retry_pause(Duration::ZERO, 3, 0.5), Duration::ZERO);
}

#[tokio::test]
async fn what_says_never_is_not_rebuilt() {
    let lake = Lake::new(&[(
        "silver/t/pipeline.sql",
        "-- @merge_strategy: append_only\n-- @full_refresh: never\nSELECT * FROM (VALUES {{ var('rows') }}) AS t(id)",
    )]);
    lake.run_rows("silver.t", "(1)").await;
    let report = run(&lake.context, &name("silver.t"), &full_refresh("(2)")).await.unwrap();
    let error = report.error.as_ref().unwrap();
    assert_eq!(error.code(), Code::RefreshLosesData);
    assert!(error.diagnostics()[0].to_string().ends_with("pipeline.sql:2:19)"), "{}", error.diagnostics()[0]);
    assert_eq!(lake.rows("silver.t").await.unwrap(), ["1"]);
    lake.run_rows("silver.t", "(2)").await;
    assert_eq!(lake.rows("silver.t").await.unwrap(), ["1", "2"]);
}

#[tokio::test]
async fn a_view_whose_test_fails_stays_what_it_was() {
    let test = ("silver/v/tests/quality/positive.sql", "SELECT * FROM {{ this }} WHERE id < 0");
    let reader = ("gold/r/pipeline.sql", "SELECT id FROM {{ ref('silver.v') }}");
    let view = |id: i64| format!("-- @materialized: view\nSELECT {id} AS id");
    let lake = Lake::new(&[("silver/v/pipeline.sql", &view(-1)), test, reader]);
    let report = lake.run("silver.v").await;
    assert_eq!(report.error.unwrap().code(), Code::QualityFailed);
    assert_eq!(lake.run("gold.r").await.error.unwrap().code(), Code::NotBuilt, "it was never stored");

    let lake = lake.with(&[("silver/v/pipeline.sql", &view(1)), test, reader]);
    assert!(lake.run("silver.v").await.is_ok());
    let lake = lake.with(&[("silver/v/pipeline.sql", &view(-2)), test, reader]);
    assert_eq!(lake.run("silver.v").await.error.unwrap().code(), Code::QualityFailed);
    assert!(lake.run("gold.r").await.is_ok());
    assert_eq!(lake.rows("gold.r").await.unwrap(), ["1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_that_a_run_reads_is_of_one_moment() {
    let folder = tempfile::tempdir().unwrap();
    let write = |pipeline: &str, sql: &str| {
        let folder = folder.path().join("default/pipelines").join(pipeline);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("pipeline.sql"), sql).unwrap();
    };
    for side in ["bronze/a", "bronze/b"] {
        write(side, "SELECT {{ var('n') }} AS n");
    }
    write("gold/g", "SELECT a.n AS a, b.n AS b FROM {{ ref('bronze.a') }} AS a, {{ ref('bronze.b') }} AS b");
    let lake = Door::open(&folder.path().to_string_lossy()).await.unwrap();
    let both = move |n: i64| BuildOptions {
        select: Some(vec!["bronze.*".to_owned()]),
        vars: BTreeMap::from([("n".to_owned(), n.into())]),
        publish: Publish::Together,
        ..BuildOptions::default()
    };
    lake.build(&both(0)).await.unwrap().into_result().unwrap();
    let (enough, writer) = (Arc::new(AtomicBool::new(false)), lake.clone());
    let end = Arc::clone(&enough);
    let writing = tokio::spawn(async move {
        let mut n = 0;
        while !end.load(Ordering::SeqCst) {
            n += 1;
            writer.build(&both(n)).await.unwrap().into_result().unwrap();
        }
        n
    });
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..20 {
        lake.run("gold.g", &RunOptions::default()).await.unwrap().into_result().unwrap();
        let result = lake.query("SELECT a, b FROM gold.g", &QueryOptions::default()).await.unwrap();
        let [a, b] = [0, 1].map(|column| arrow::util::display::array_value_to_string(result.batches[0].column(column), 0).unwrap());
        assert_eq!(a, b, "two tables that are published together");
        seen.insert(a);
    }
    enough.store(true, Ordering::SeqCst);
    assert!(writing.await.unwrap() > 1 && seen.len() > 1, "they moved meanwhile: {seen:?}");
}

#[tokio::test]
async fn rows_that_are_refused_leave_no_trace_in_the_watermark() {
    let lake = Lake::new(&[
        (
            "silver/t/pipeline.sql",
            "-- @merge_strategy: append_only\n-- @watermark_column: id\nSELECT * FROM (VALUES {{ var('rows') }}) AS t(id)\n\
             {% if watermark_value %}WHERE id > {{ watermark_value }}{% endif %}",
        ),
        ("silver/t/tests/quality/small.sql", "SELECT * FROM {{ this }} WHERE id > 100"),
    ]);
    lake.run_rows("silver.t", "(1)").await;
    let report = run(&lake.context, &name("silver.t"), &with_rows("(2), (101)")).await.unwrap();
    assert_eq!(report.error.unwrap().code(), Code::QualityFailed);
    lake.run_rows("silver.t", "(1), (2), (3)").await;
    assert_eq!(lake.rows("silver.t").await.unwrap(), ["1", "2", "3"]);
}
