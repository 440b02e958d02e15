//! How many queries run at once, and what the others are told.

use std::time::Duration;

use futures::StreamExt;
use rat_core::error::{Code, Kind};
use rat_core::interop::query::{QueryOptions, Queue, stream};

use super::Lake;

fn patient(millis: u64) -> QueryOptions {
    QueryOptions { timeout: Some(Duration::from_millis(millis)), ..QueryOptions::default() }
}

/// A query that is under way for longer than any test.
const ENDLESS: &str = "select sum(sin(a.v * b.v)) from range(1000000) a(v), range(1000000) b(v)";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_too_many_waits_and_is_told_when_its_time_is_over() {
    let lake = Lake { queue: Queue::new(2), ..Lake::new() };
    let context = lake.context();
    let options = QueryOptions { timeout: None, ..QueryOptions::default() };
    let [mut first, mut second] = [stream(&context, ENDLESS, &options).await.unwrap(), stream(&context, ENDLESS, &options).await.unwrap()];
    // Nobody waits for their rows yet.
    lake.query_with("select 1", &patient(20_000)).await.unwrap();
    {
        let (mut first, second) = (Box::pin(first.next()), Box::pin(second.next()));
        assert!(futures::poll!(first.as_mut()).is_pending());
        let asked = async {
            let error = lake.query_with("select 1", &patient(20)).await.unwrap_err();
            assert_eq!((error.code(), error.kind(), error.is_retryable()), (Code::Busy, Kind::Unavailable, true));
            assert!(error.message().contains('2'), "{}", error.message());
        };
        tokio::select! {
            biased;
            _ = second => unreachable!("it is under way"),
            () = asked => {}
        }
    }
    // One that is given up makes place.
    drop(first);
    lake.query_with("select 1", &patient(20_000)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn results_that_are_read_slowly_take_nobodys_turn_and_no_time() {
    let lake = Lake { queue: Queue::new(2), ..Lake::new() };
    let context = lake.context();
    let timeout = Duration::from_secs(2);
    let options = QueryOptions { timeout: Some(timeout), ..QueryOptions::default() };
    let mut slow = Vec::new();
    for _ in 0..5 {
        let mut one = stream(&context, "select * from range(0, 100000)", &options).await.unwrap();
        let batch = one.next().await.unwrap().unwrap();
        slow.push((one, batch.num_rows()));
        lake.query_with("select 1", &patient(20_000)).await.unwrap();
    }
    tokio::time::sleep(timeout + Duration::from_millis(100)).await;
    for (mut one, mut rows) in slow {
        while let Some(batch) = one.next().await {
            rows += batch.unwrap().num_rows();
        }
        assert_eq!(rows, 100_000);
    }
}

#[tokio::test]
async fn all_the_time_there_is_can_be_asked_for() {
    let lake = Lake::new();
    for timeout in [Duration::MAX, Duration::from_secs(u64::MAX / 2)] {
        let options = QueryOptions { timeout: Some(timeout), ..QueryOptions::default() };
        assert_eq!(lake.query_with("select 1", &options).await.unwrap().num_rows(), 1);
    }
}

#[tokio::test]
async fn one_that_fails_or_waits_in_vain_takes_no_place() {
    let lake = Lake { queue: Queue::new(1), ..Lake::new() };
    for _ in 0..3 {
        assert_eq!(lake.query("select nope from range(1)").await.unwrap_err().code(), Code::UnknownColumn);
        assert_eq!(lake.query("delete from x").await.unwrap_err().code(), Code::NotReadOnly);
    }
    assert!(lake.query("select 1").await.is_ok());
}
