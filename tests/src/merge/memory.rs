//! Merges of tables and of new rows that are many times the memory there is.

use std::sync::Arc;

use rat_core::clock::Clock;
use rat_core::interop::run::{RunOptions, RunReport, run};
use rat_core::interop::session::{Options, Session};

use crate::run::harness::{Lake, name};

const POOL: usize = 2 << 20;
/// Each row is some 220 bytes: eight times the pool.
const ROWS: u64 = 80_000;

/// A lake with one pipeline, whose rows are `ROWS` ids in an order that is not theirs, and what `v` says of each.
fn lake(header: &str) -> Lake {
    let rows = format!(
        "SELECT (range * 7919) % {ROWS} AS id, range % 50 AS part, {{{{ var('v') }}}} AS v, repeat('x', 190) || range AS f FROM range(0, {ROWS})"
    );
    let mut lake = Lake::new(&[("silver/t/pipeline.sql", &format!("{header}{rows} {{{{ var('where') }}}}"))]);
    let options = Options { memory_bytes: Some(POOL), partitions: Some(2), ..Options::default() };
    let session = Session::open(Arc::clone(&lake.clock) as Arc<dyn Clock>, &options).unwrap();
    session.register_storage(&lake.storage);
    lake.context.session = session;
    lake
}

async fn merged(lake: &Lake, v: &str, of: &str) -> RunReport {
    let vars = [("v".to_owned(), v.into()), ("where".to_owned(), of.into())].into();
    let report = run(&lake.context, &name("silver.t"), &RunOptions { vars, ..RunOptions::default() }).await.unwrap();
    assert!(report.is_ok(), "{v} {of}: {:?}", report.error);
    assert_eq!(lake.context.session.memory_reserved_bytes(), 0, "{v} {of}");
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn incremental() {
    let lake = lake("-- @merge_strategy: incremental\n-- @unique_key: id\n-- @sort_by: id\n");
    assert_eq!(merged(&lake, "1", "").await.rows_written, ROWS);
    let report = merged(&lake, "2", "").await;
    assert_eq!((report.rows_updated, report.rows_inserted, report.rows_total), (ROWS, 0, Some(ROWS)));
}

#[tokio::test(flavor = "multi_thread")]
async fn incremental_of_which_every_key_comes_twice() {
    let twice = "-- @merge_strategy: incremental\n-- @unique_key: id\n-- @watermark_column: v\n";
    let lake = lake(twice);
    let report = merged(&lake, "range // 40000", "UNION ALL SELECT range, 0, 5, repeat('y', 190) || range FROM range(0, 80000)").await;
    assert_eq!((report.rows_written, report.rows_dropped, report.rows_total), (ROWS, ROWS, Some(ROWS)));
}

#[tokio::test(flavor = "multi_thread")]
async fn delete_insert() {
    let lake = lake("-- @merge_strategy: delete_insert\n-- @unique_key: id\n");
    merged(&lake, "1", "").await;
    let report = merged(&lake, "2", "WHERE range % 10 < 9").await;
    assert_eq!((report.rows_written, report.rows_deleted, report.rows_total), (ROWS / 10 * 9, ROWS / 10 * 9, Some(ROWS)));
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshot() {
    let lake = lake("-- @merge_strategy: snapshot\n-- @partition_column: part\n");
    merged(&lake, "1", "").await;
    let report = merged(&lake, "2", "WHERE range % 50 < 40").await;
    assert_eq!((report.rows_written, report.rows_deleted, report.rows_total), (ROWS / 5 * 4, ROWS / 5 * 4, Some(ROWS)));
}

#[tokio::test(flavor = "multi_thread")]
async fn scd2() {
    let lake = lake("-- @merge_strategy: scd2\n-- @unique_key: id\n-- @scd_hard_deletes: close\n-- @scd_compare: v\n");
    merged(&lake, "1", "").await;
    assert_eq!(merged(&lake, "1", "WHERE range > 0").await.rows_written, 0);
    let report = merged(&lake, "range % 2", "WHERE range > 1").await;
    assert_eq!((report.rows_written, report.rows_total), (ROWS / 2 - 1, Some(ROWS + ROWS / 2 - 1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn full_refresh_in_order() {
    let lake = lake("-- @sort_by: f\n");
    assert_eq!(merged(&lake, "1", "").await.rows_total, Some(ROWS));
}
