//! `docs/decisions/0001-run-protocol.md`, cell by cell: what a reader sees, and what the record says, after an event in a state.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::FutureExt;
use rat_core::error::{Code, Error};
use rat_core::interop::run::{Event, OnEvent, Phase, RunReport, RunStatus, run, settle};
use tokio::task::coop;

use super::harness::{Lake, name, with_event, with_rows};
use crate::eventually::eventually;

const APPEND: &str = "-- @merge_strategy: append_only\nSELECT * FROM (VALUES {{ var('rows') }}) AS t(id)";
const KEYED: &str = "-- @merge_strategy: incremental\n-- @unique_key: id\nSELECT * FROM (VALUES {{ var('rows') }}) AS t(id, v)";
const OLD: &[&str] = &["1"];
const NEW: &[&str] = &["1", "2"];

async fn lake() -> Lake {
    let test = ("silver/t/tests/quality/none.sql", "SELECT * FROM {{ this }} WHERE id < 0");
    let lake = Lake::new(&[("silver/t/pipeline.sql", APPEND), test]);
    lake.run_rows("silver.t", "(1)").await;
    lake
}

/// Calls back once, when the phase begins.
fn at(phase: Phase, then: impl Fn() + Send + Sync + 'static) -> OnEvent {
    let done = AtomicBool::new(false);
    Arc::new(move |event| {
        if matches!(event, Event::Phase { phase: now, .. } if *now == phase) && !done.swap(true, Ordering::SeqCst) {
            then();
        }
    })
}

/// Lets go of the run when the phase begins, as a caller does who drops its future.
async fn drop_at(lake: &Lake, phase: Phase) {
    let reached = Arc::new(tokio::sync::Notify::new());
    let tell = Arc::clone(&reached);
    let then = move || {
        tell.notify_one();
        // The run would go on to its next wait, and on a busy machine there may be none: what it waits for is there already.
        while coop::has_budget_remaining() {
            let _ = coop::consume_budget().now_or_never();
        }
    };
    let options = with_event("(2)", at(phase, then));
    let target = name("silver.t");
    tokio::select! {
        biased;
        () = reached.notified() => {}
        report = run(&lake.context, &target, &options) => panic!("the run ended first: {report:?}"),
    }
}

/// Waits until the newest run's record is no longer `running`, and nothing is being deleted any more.
async fn settled(lake: &Lake) -> RunStatus {
    let newest = || lake.context.ledger.runs(&Default::default()).unwrap().runs[0].status;
    eventually("the run ended", async || newest() != RunStatus::Running).await;
    newest()
}

async fn files_are_gone(lake: &Lake, expected: usize) {
    eventually("only the expected files are there", async || lake.data_files().len() == expected).await;
}

async fn cancelled(phase: Phase) {
    let lake = lake().await;
    drop_at(&lake, phase).await;
    assert_eq!(settled(&lake).await, RunStatus::Cancelled);
    assert_eq!(lake.rows("silver.t").await.unwrap(), OLD);
    files_are_gone(&lake, 1).await;
    lake.run_rows("silver.t", "(2)").await;
    assert_eq!(lake.rows("silver.t").await.unwrap(), NEW);
}

#[tokio::test(flavor = "multi_thread")]
async fn cancel_planned() {
    cancelled(Phase::Plan).await;
    cancelled(Phase::Execute).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancel_written() {
    cancelled(Phase::Write).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancel_staged() {
    cancelled(Phase::Test).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancel_synced() {
    let lake = lake().await;
    drop_at(&lake, Phase::Publish).await;
    assert_eq!(settled(&lake).await, RunStatus::Success, "from the swap on the run listens to nobody");
    assert_eq!(lake.rows("silver.t").await.unwrap(), NEW);
}

async fn panicked(phase: Phase) {
    let lake = lake().await;
    let context = lake.context.clone();
    let options = with_event("(2)", at(phase, || panic!("a defect, on purpose")));
    let task = tokio::spawn(async move { run(&context, &name("silver.t"), &options).await });
    assert!(task.await.unwrap_err().is_panic());
    let newest = lake.context.ledger.runs(&Default::default()).unwrap().runs.remove(0);
    assert_eq!((newest.status, newest.error_code.as_deref()), (RunStatus::Failed, Some("INTERNAL")));
    assert_eq!(lake.rows("silver.t").await.unwrap(), OLD);
    files_are_gone(&lake, 1).await;
    lake.run_rows("silver.t", "(2)").await;
    assert_eq!(lake.rows("silver.t").await.unwrap(), NEW);
}

#[tokio::test(flavor = "multi_thread")]
async fn panic_planned() {
    panicked(Phase::Plan).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn panic_written() {
    panicked(Phase::Write).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn panic_staged() {
    panicked(Phase::Test).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn panic_synced() {
    panicked(Phase::Publish).await;
}

/// The process is gone: nothing of the run is ever polled or dropped again, and its lock is not held any more.
async fn killed(phase: Phase) -> (Lake, String) {
    let lake = lake().await;
    let (reached, reaches) = std::sync::mpsc::channel();
    let stop = move || {
        reached.send(()).unwrap();
        loop {
            std::thread::park();
        }
    };
    let options = with_event("(2)", at(phase, stop));
    let context = lake.context.clone();
    // A thread and a runtime of its own, so that nothing goes on while the callback does not return.
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { run(&context, &name("silver.t"), &options).await })
    });
    tokio::task::spawn_blocking(move || reaches.recv()).await.unwrap().expect("the run ended before the phase");
    let newest = lake.context.ledger.runs(&Default::default()).unwrap().runs.remove(0);
    std::fs::remove_dir_all(lake.folder.path().join(".rat/alive")).unwrap();
    std::fs::create_dir(lake.folder.path().join(".rat/alive")).unwrap();
    (lake, newest.id)
}

async fn lost(phase: Phase) {
    let (mut lake, id) = killed(phase).await;
    assert_eq!(lake.context.ledger.run(&id).unwrap().status, RunStatus::Running);
    // Another process opens the lake.
    lake.context.active = Arc::default();
    assert_eq!(settle(&lake.context.tables, &lake.context.ledger).await.unwrap(), 1);
    let record = lake.context.ledger.run(&id).unwrap();
    assert_eq!((record.status, record.error_code.as_deref()), (RunStatus::Failed, Some("RUN_LOST")));
    assert_eq!(lake.rows("silver.t").await.unwrap(), OLD);
    lake.run_rows("silver.t", "(2)").await;
    assert_eq!(lake.rows("silver.t").await.unwrap(), NEW);
    assert_eq!(settle(&lake.context.tables, &lake.context.ledger).await.unwrap(), 0);
}

#[tokio::test]
async fn kill_planned() {
    lost(Phase::Plan).await;
}

#[tokio::test]
async fn kill_written() {
    lost(Phase::Write).await;
}

#[tokio::test]
async fn kill_staged() {
    lost(Phase::Test).await;
}

#[tokio::test]
async fn kill_swapped() {
    let lake = lake().await;
    let report = lake.run_rows("silver.t", "(2)").await;
    // The record goes back to what a process leaves that was killed between the swap and the record.
    let ledger = rusqlite::Connection::open(lake.folder.path().join(".rat/ledger.db")).unwrap();
    ledger.execute("UPDATE runs SET status = 'running', snapshot_id = NULL WHERE id = ?1", [&report.id]).unwrap();
    // Somebody else commits on top before anybody looks.
    lake.run_rows("silver.t", "(3)").await;
    assert_eq!(settle(&lake.context.tables, &lake.context.ledger).await.unwrap(), 1);
    let record = lake.context.ledger.run(&report.id).unwrap();
    assert_eq!((record.status, record.snapshot_id, record.rows_written), (RunStatus::Success, report.snapshot_id, Some(1)));
}

/// Deletes the ledger as the phase begins: nothing but history is lost.
async fn forgotten(phase: Phase) {
    let lake = lake().await;
    let folder = lake.folder.path().join(".rat");
    let options = with_event(
        "(2)",
        at(phase, move || {
            for file in ["ledger.db", "ledger.db-wal", "ledger.db-shm"] {
                let _ = std::fs::remove_file(folder.join(file));
            }
        }),
    );
    // The ledger may or may not be able to write down the outcome; the table does not care.
    let _ = run(&lake.context, &name("silver.t"), &options).await;
    assert_eq!(lake.rows("silver.t").await.unwrap(), NEW);
    let Lake { folder, storage, .. } = lake;
    let again = Lake::open(folder, storage, &[("silver/t/pipeline.sql", APPEND)]);
    assert_eq!(settle(&again.context.tables, &again.context.ledger).await.unwrap(), 0);
    again.run_rows("silver.t", "(3)").await;
    assert_eq!(again.rows("silver.t").await.unwrap(), ["1", "2", "3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn forget_between_every_two_phases() {
    for phase in [Phase::Plan, Phase::Execute, Phase::Write, Phase::Test, Phase::Publish] {
        forgotten(phase).await;
    }
}

/// Another process commits while the phase begins.
fn race(lake: &Lake, phase: Phase, rows: &'static str, theirs: &'static str) -> rat_core::interop::run::RunOptions {
    let mut other = lake.context.clone();
    other.active = Arc::default();
    with_event(
        rows,
        at(phase, move || {
            let other = other.clone();
            let work = move || {
                let runtime = tokio::runtime::Runtime::new().unwrap();
                runtime.block_on(async { run(&other, &name("silver.t"), &with_rows(theirs)).await.unwrap() })
            };
            let report: RunReport = std::thread::spawn(work).join().unwrap();
            assert!(report.is_ok(), "{:?}", report.error);
        }),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn race_written_staged_and_synced() {
    for phase in [Phase::Execute, Phase::Write, Phase::Test, Phase::Publish] {
        let lake = lake().await;
        let report = run(&lake.context, &name("silver.t"), &race(&lake, phase, "(2)", "(7)")).await.unwrap();
        assert!(report.is_ok(), "{phase:?}: {:?}", report.error);
        assert_eq!(lake.rows("silver.t").await.unwrap(), ["1", "2", "7"], "{phase:?}");
        assert_eq!(report.rows_total, Some(3), "tests and counts are of what was published");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn race_of_two_merges_keeps_both() {
    for phase in [Phase::Execute, Phase::Write, Phase::Test, Phase::Publish] {
        let lake = Lake::new(&[("silver/t/pipeline.sql", KEYED)]);
        lake.run_rows("silver.t", "(1, 'a'), (2, 'b')").await;
        let report = run(&lake.context, &name("silver.t"), &race(&lake, phase, "(1, 'mine'), (3, 'mine')", "(1, 'theirs'), (2, 'theirs')"))
            .await
            .unwrap();
        assert!(report.is_ok(), "{phase:?}: {:?}", report.error);
        assert_eq!(lake.rows("silver.t").await.unwrap(), ["1|mine", "2|theirs", "3|mine"], "{phase:?}");
        assert_eq!((report.rows_inserted, report.rows_updated), (1, 1), "{phase:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn race_at_a_first_run() {
    let lake = Lake::new(&[("silver/t/pipeline.sql", KEYED)]);
    let report =
        run(&lake.context, &name("silver.t"), &race(&lake, Phase::Publish, "(1, 'mine')", "(1, 'theirs'), (2, 'theirs')")).await.unwrap();
    assert!(report.is_ok(), "{:?}", report.error);
    assert_eq!(lake.rows("silver.t").await.unwrap(), ["1|mine", "2|theirs"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn error_staged() {
    let lake = lake().await;
    let report = run(&lake.context, &name("silver.t"), &with_rows("(-2)")).await.unwrap();
    assert_eq!((report.status, report.error.as_ref().map(Error::code)), (RunStatus::Failed, Some(Code::QualityFailed)));
    assert_eq!(report.phases.iter().map(|p| p.phase).collect::<Vec<_>>(), [Phase::Plan, Phase::Execute, Phase::Write, Phase::Test]);
    assert_eq!(lake.rows("silver.t").await.unwrap(), OLD);
    files_are_gone(&lake, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_in_this_process_queues_skips_or_fails() {
    for (on_active, expected) in [("queue", Some(3)), ("skip", Some(2)), ("fail", None)] {
        let sql = format!("-- @on_active: {on_active}\n{APPEND}");
        let lake = Lake::new(&[("silver/t/pipeline.sql", &sql)]);
        lake.run_rows("silver.t", "(1)").await;
        let started = Arc::new(tokio::sync::Notify::new());
        let (tell, context) = (Arc::clone(&started), lake.context.clone());
        let target = name("silver.t");
        // The second one is asked for while the first is in its first phase.
        let options = with_event("(2)", at(Phase::Plan, move || tell.notify_one()));
        let options = rat_core::interop::run::RunOptions { ..options };
        let first = async { run(&context, &target, &options).await.unwrap() };
        let second = async {
            started.notified().await;
            run(&lake.context, &target, &with_rows("(3)")).await
        };
        let (first, second) = tokio::join!(first, second);
        assert!(first.is_ok());
        match (on_active, second) {
            ("queue", Ok(report)) => assert!(report.is_ok() && report.skipped_reason.is_none()),
            ("skip", Ok(report)) => assert!(report.skipped_reason.is_some()),
            ("fail", Err(error)) => assert_eq!(error.code(), Code::AlreadyRunning),
            (_, other) => panic!("{on_active}: {other:?}"),
        }
        if let Some(rows) = expected {
            assert_eq!(lake.rows("silver.t").await.unwrap().len(), rows, "{on_active}");
        }
    }
}

/// Every time the run is about to swap, another process was first.
#[tokio::test(flavor = "multi_thread")]
async fn race_that_is_always_lost_is_given_up() {
    let mut lake = Lake::new(&[("silver/t/pipeline.sql", KEYED)]);
    lake.context.commit_retries = 2;
    lake.run_rows("silver.t", "(1, 'a')").await;
    let mut other = lake.context.clone();
    other.active = Arc::default();
    let theirs = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counted = Arc::clone(&theirs);
    let on_event: OnEvent = Arc::new(move |event| {
        if matches!(event, Event::Phase { phase: Phase::Publish, .. }) {
            let (other, n) = (other.clone(), counted.fetch_add(1, Ordering::SeqCst));
            let work = move || {
                let runtime = tokio::runtime::Runtime::new().unwrap();
                runtime.block_on(async { run(&other, &name("silver.t"), &with_rows(&format!("({}, 'theirs')", 10 + n))).await.unwrap() })
            };
            assert!(std::thread::spawn(work).join().unwrap().is_ok());
        }
    });
    let report = run(&lake.context, &name("silver.t"), &with_event("(1, 'mine')", on_event)).await.unwrap();
    assert_eq!(report.error.as_ref().map(Error::code), Some(Code::CommitConflict));
    assert_eq!(theirs.load(Ordering::SeqCst), 3, "once, and two retries");
    assert_eq!(lake.rows("silver.t").await.unwrap(), ["10|theirs", "11|theirs", "12|theirs", "1|a"]);
    assert_eq!(lake.context.ledger.run(&report.id).unwrap().error_code.as_deref(), Some("COMMIT_CONFLICT"));
    let Some(rat_core::interop::tables::Relation::Table(table)) = lake.context.tables.find(&name("silver.t")).await.unwrap() else {
        panic!("it is a table")
    };
    let reachable = crate::tables::support::reachable(&lake.context.tables, &table).await;
    assert_eq!(crate::tables::support::files(&lake.context.tables, &name("silver.t")).await, reachable, "nothing of the run is left");
}

/// After a rebase over rows of others, a test of the whole table sees theirs too.
#[tokio::test(flavor = "multi_thread")]
async fn race_that_breaks_a_test_publishes_nothing() {
    for phase in [Phase::Execute, Phase::Test, Phase::Publish] {
        let lake = Lake::new(&[("silver/t/pipeline.sql", APPEND), ("silver/t/config.yaml", "tests:\n  - unique: [id]\n")]);
        lake.run_rows("silver.t", "(1)").await;
        let report = run(&lake.context, &name("silver.t"), &race(&lake, phase, "(2)", "(2)")).await.unwrap();
        assert_eq!(report.error.as_ref().map(Error::code), Some(Code::QualityFailed), "{phase:?}");
        assert_eq!(lake.rows("silver.t").await.unwrap(), ["1", "2"], "{phase:?}: theirs, and ours not");
    }
}
