//! Each limit has its code, and a query under it runs.

use std::time::Duration;

use futures::StreamExt;
use rat_core::error::Code;
use rat_core::interop::query::{QueryOptions, stream};

use super::{Lake, rows};
use crate::eventually::eventually;

#[tokio::test]
async fn text_that_is_too_long() {
    let lake = Lake::new();
    let sql = format!("SELECT 1 -- {}", "x".repeat(100_000));
    assert_eq!(lake.fails(&sql).await.0, Code::QueryTooLong);
    let sql = format!("SELECT 1 AS a -- {}", "x".repeat(90_000));
    assert_eq!(rows(&lake.query(&sql).await.unwrap()), ["1"]);
}

#[tokio::test]
async fn rows_beyond_the_limit_are_not_returned() {
    let lake = Lake::new();
    let options = QueryOptions { limit: Some(3), ..QueryOptions::default() };
    let result = lake.query_with("SELECT * FROM range(0, 1000000)", &options).await.unwrap();
    assert_eq!(result.num_rows(), 3);
    let result = lake.query_with("SELECT 1 AS a", &options).await.unwrap();
    assert_eq!(result.num_rows(), 1);
}

#[tokio::test]
async fn a_result_with_too_many_bytes_is_refused_and_streams() {
    let lake = Lake::new();
    let options = QueryOptions { bytes: Some(100_000), ..QueryOptions::default() };
    let sql = "SELECT * FROM range(0, 100000)";
    assert_eq!(lake.query_with(sql, &options).await.unwrap_err().code(), Code::ResultTooLarge);
    let batches: Vec<_> = stream(&lake.context(), sql, &options).await.unwrap().collect().await;
    assert_eq!(batches.iter().map(|b| b.as_ref().unwrap().num_rows()).sum::<usize>(), 100_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_takes_too_long_stops() {
    let lake = Lake::new();
    let options = QueryOptions { timeout: Some(Duration::from_millis(50)), ..QueryOptions::default() };
    let sql = "SELECT count(*) FROM range(0, 10000000) a, range(0, 10000000) b WHERE (a.range * b.range) % 7 = 3";
    let error = lake.query_with(sql, &options).await.unwrap_err();
    assert_eq!(error.code(), Code::TimedOut);
    assert_eq!(error.message(), "the query took longer than 50ms");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_join_that_makes_much_of_little_stops_too() {
    let lake = Lake::new();
    let options = QueryOptions { timeout: Some(Duration::from_millis(50)), ..QueryOptions::default() };
    for sql in [
        "SELECT sum(sin(a.v * b.v)) FROM range(0, 100000) a(v), range(0, 100000) b(v)",
        "SELECT sum(sin(a.v + b.v)) FROM range(0, 100000) a(v) JOIN range(0, 100000) b(v) ON a.v % 2 = b.v % 2",
        "SELECT sum(sin(a.v + b.v)) FROM range(0, 100000) a(v) JOIN range(0, 100000) b(v) ON a.v < b.v",
    ] {
        assert_eq!(lake.query_with(sql, &options).await.unwrap_err().code(), Code::TimedOut, "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_join_that_never_finds_a_row_stops_too() {
    let lake = Lake::new();
    let options = QueryOptions { timeout: Some(Duration::from_millis(50)), ..QueryOptions::default() };
    let sorting = Lake { session: lake.session.with_sorted_joins(), ..Lake::new() };
    for sql in [
        "SELECT count(*) FROM range(0, 1000000) a(v) JOIN range(0, 1000000) b(v) ON a.v + b.v < 0",
        "SELECT count(*) FROM range(0, 1000000) a(v) LEFT JOIN range(0, 1000000) b(v) ON a.v + b.v < 0",
        "SELECT count(*) FROM range(0, 1000000) a(v) WHERE EXISTS (SELECT 1 FROM range(0, 1000000) b(v) WHERE a.v + b.v < 0)",
        "SELECT count(*) FROM range(0, 1000000) a(v) JOIN range(0, 1000000) b(v) ON a.v % 2 = b.v % 2 AND a.v + b.v < 0",
    ] {
        for lake in [&lake, &sorting] {
            assert_eq!(lake.query_with(sql, &options).await.unwrap_err().code(), Code::TimedOut, "{sql}");
            eventually("its work ends and its memory is free", async || lake.session.memory_reserved_bytes() == 0).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_a_stream_frees_its_memory() {
    let lake = Lake::new();
    let sql = "SELECT range, count(*) FROM range(0, 3000000) GROUP BY range ORDER BY range DESC";
    let mut running = stream(&lake.context(), sql, &QueryOptions::default()).await.unwrap();
    let first = running.next().await.unwrap().unwrap();
    assert!(first.num_rows() > 0);
    drop(running);
    eventually("the memory is free", async || lake.session.memory_reserved_bytes() == 0).await;
}

#[tokio::test]
async fn a_query_that_needs_more_memory_than_there_is_says_so() {
    use rat_core::interop::session::{Options, Session};
    let mut lake = Lake::new();
    let options = Options { memory_bytes: Some(1 << 20), partitions: Some(1), spill_bytes: 1 << 20, ..Options::default() };
    lake.session = Session::open(std::sync::Arc::clone(lake.session.clock()), &options).unwrap();
    let sql = "SELECT count(*) FROM range(0, 5000000) a JOIN range(0, 5000000) b ON a.range = b.range";
    assert_eq!(lake.fails(sql).await.0, Code::OutOfMemory);
}

#[tokio::test]
async fn data_that_fails_a_query_is_named() {
    let lake = Lake::new();
    let (code, message) = lake.fails("SELECT CAST(x AS INTEGER) FROM (VALUES ('12'), ('ab')) t(x)").await;
    assert_eq!(code, Code::ExecutionFailed);
    assert!(message.contains("`ab`"), "{message}");
}
