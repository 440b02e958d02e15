//! Many writers, one table: every row arrives once.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;

use rat_core::clock::SystemClock;
use rat_core::ids::RandomIds;
use rat_core::interop::storage::Storage;
use rat_core::interop::tables::Tables;

use super::support::{append, batch, ids, orders};

const LAKE: &str = "RAT_TESTS_LAKE";
const WRITER: &str = "RAT_TESTS_WRITER";

fn handle(path: &str) -> Tables {
    let storage = Storage::open(path, &BTreeMap::new()).unwrap();
    Tables::embedded(storage, Arc::new(SystemClock), Arc::new(RandomIds)).unwrap()
}

async fn check(tables: &Tables, writers: i64, appends: i64) {
    let table = tables.get(&orders()).await.unwrap();
    let expected: Vec<i64> = (0..writers).flat_map(|writer| (0..appends).map(move |n| writer * 1000 + n)).collect();
    assert_eq!(ids(&table).await, expected);
    assert_eq!(table.row_count(), Some((writers * appends) as u64));
    let history: Vec<i64> = table.metadata().snapshots().map(|snapshot| snapshot.sequence_number()).collect();
    assert_eq!(history.len() as i64, writers * appends, "every append is one snapshot");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_tasks_append_through_handles_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap().to_owned();
    let first = handle(&path);
    append(&first, &orders(), batch([0])).await;
    let tasks = (0..8).map(|writer| {
        let path = path.clone();
        tokio::spawn(async move {
            let tables = handle(&path);
            for n in if writer == 0 { 1..10 } else { 0..10 } {
                append(&tables, &orders(), batch([writer * 1000 + n])).await;
            }
        })
    });
    for task in futures::future::join_all(tasks).await {
        task.unwrap();
    }
    check(&handle(&path), 8, 10).await;
}

// What a child process does; a test like any other to the harness, which does nothing unless it is asked to.
#[tokio::test]
async fn child_writer() {
    let (Some(path), Some(writer)) = (std::env::var_os(LAKE), std::env::var_os(WRITER)) else { return };
    let (tables, writer) = (handle(path.to_str().unwrap()), writer.to_str().unwrap().parse::<i64>().unwrap());
    for n in if writer == 0 { 1..10 } else { 0..10 } {
        append(&tables, &orders(), batch([writer * 1000 + n])).await;
    }
}

#[tokio::test]
async fn four_processes_append() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    append(&handle(path), &orders(), batch([0])).await;
    let child = |writer: i64| {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "tables::concurrency::child_writer", "--nocapture"])
            .env(LAKE, path)
            .env(WRITER, writer.to_string())
            .output()
    };
    let outputs: Vec<_> = std::thread::scope(|scope| {
        let children: Vec<_> = (0..4).map(|writer| scope.spawn(move || child(writer))).collect();
        children.into_iter().map(|child| child.join().unwrap().unwrap()).collect()
    });
    for output in outputs {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    check(&handle(path), 4, 10).await;
}

#[tokio::test]
async fn processes_that_meet_in_a_new_lake_make_one_catalog() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap().to_owned();
    let tasks = (0..6).map(|n| {
        let path = path.clone();
        tokio::spawn(async move { append(&handle(&path), &super::support::name(&format!("gold.t{n}")), batch([n])).await })
    });
    for task in futures::future::join_all(tasks).await {
        task.unwrap();
    }
    assert_eq!(handle(&path).list().await.unwrap().len(), 6);
}
