//! How many queries run at once, and what the others are told.

use std::time::Duration;

use futures::StreamExt;
use rat_core::error::{Code, Kind};
use rat_core::interop::query::{QueryOptions, Queue, stream};

use super::Lake;

fn patient(millis: u64) -> QueryOptions {
    QueryOptions { timeout: Some(Duration::from_millis(millis)), ..QueryOptions::default() }
}

#[tokio::test]
async fn one_too_many_waits_and_is_told_when_its_time_is_over() {
    let lake = Lake { queue: Queue::new(2), ..Lake::new() };
    let context = lake.context();
    let options = QueryOptions::default();
    let mut first = stream(&context, "select * from range(0, 100000)", &options).await.unwrap();
    let second = stream(&context, "select * from range(0, 100000)", &options).await.unwrap();
    let error = lake.query_with("select 1", &patient(20)).await.unwrap_err();
    assert_eq!((error.code(), error.kind(), error.is_retryable()), (Code::Busy, Kind::Unavailable, true));
    assert!(error.message().contains('2'), "{}", error.message());

    // A result that was read to its end makes place, and so does one that is given up.
    while first.next().await.is_some() {}
    lake.query_with("select 1", &patient(20_000)).await.unwrap();
    let third = stream(&context, "select * from range(0, 100000)", &options).await.unwrap();
    assert_eq!(lake.query_with("select 1", &patient(20)).await.unwrap_err().code(), Code::Busy);
    drop((second, third));
    lake.query_with("select 1", &patient(20_000)).await.unwrap();
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
