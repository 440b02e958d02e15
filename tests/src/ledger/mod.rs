//! The ledger: records, locks, pages, and what is left when things go wrong.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rat_core::clock::ManualClock;
use rat_core::error::Code;
use rat_core::interop::ledger::{Ledger, Outcome, RunFilter, RunGuard, RunStart, Status, TestLine};

fn open(folder: &Path) -> Ledger {
    Ledger::open(folder, Arc::new(ManualClock::default())).unwrap()
}

fn begin(ledger: &Ledger, n: usize, pipeline: &str) -> RunGuard {
    let start = RunStart {
        id: format!("{n:04}"),
        pipeline: pipeline.to_owned(),
        trigger: "manual".to_owned(),
        strategy: "full_refresh".to_owned(),
        attempt: 1,
    };
    ledger.begin(start).unwrap()
}

#[test]
fn a_run_is_running_then_what_it_finished_as() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::default());
    let ledger = Ledger::open(folder.path(), clock.clone()).unwrap();
    let run = begin(&ledger, 1, "default.silver.orders");
    run.phase("write").unwrap();
    run.log("info", "wrote 3 rows");
    run.log("warning", "a column is gone");
    let record = ledger.run("0001").unwrap();
    assert_eq!((record.status, record.phase.as_deref(), record.finished_at), (Status::Running, Some("write"), None));
    clock.advance(Duration::from_millis(1500));
    let test = TestLine {
        name: "unique_id".to_owned(),
        severity: "error".to_owned(),
        status: "passed".to_owned(),
        violations: Some(0),
        duration_ms: 2,
        message: None,
    };
    let outcome = Outcome { rows_written: Some(3), snapshot_id: Some(42), report: Some("{}".to_owned()), ..Outcome::success() };
    run.finish(&outcome, std::slice::from_ref(&test)).unwrap();
    let record = ledger.run("0001").unwrap();
    assert_eq!((record.status, record.phase, record.duration_ms), (Status::Success, None, Some(1500)));
    assert_eq!((record.rows_written, record.snapshot_id, record.report.as_deref()), (Some(3), Some(42), Some("{}")));
    assert_eq!(ledger.tests("0001").unwrap(), [test]);
    let lines = ledger.logs("0001", 0).unwrap();
    assert_eq!(lines.iter().map(|l| l.message.as_str()).collect::<Vec<_>>(), ["wrote 3 rows", "a column is gone"]);
    assert_eq!(ledger.logs("0001", 1).unwrap().len(), 1);
    assert_eq!(ledger.last_success("default.silver.orders").unwrap().unwrap().id, "0001");
}

#[test]
fn a_dropped_run_is_cancelled_and_a_panicking_one_failed() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    drop(begin(&ledger, 1, "a"));
    assert_eq!(ledger.run("0001").unwrap().status, Status::Cancelled);
    let clone = ledger.clone();
    let panicked = std::thread::spawn(move || {
        let _run = begin(&clone, 2, "a");
        panic!("a test that panics on purpose");
    });
    assert!(panicked.join().is_err());
    let record = ledger.run("0002").unwrap();
    assert_eq!((record.status, record.error_code.as_deref()), (Status::Failed, Some("INTERNAL")));
}

#[test]
fn an_abandoned_run_is_seen_by_others_and_a_living_one_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    let alive = begin(&ledger, 1, "a");
    // A process that is killed runs no destructor; the operating system closes its files.
    let killed = begin(&ledger, 2, "a");
    std::fs::remove_file(folder.path().join("alive/0002")).unwrap();
    std::mem::forget(killed);
    let other = open(folder.path());
    let abandoned: Vec<_> = other.abandoned().unwrap().into_iter().map(|run| run.id).collect();
    assert_eq!(abandoned, ["0002"]);
    other.settle("0002", &Outcome::failed("RUN_LOST", "gone")).unwrap();
    assert!(other.abandoned().unwrap().is_empty());
    assert_eq!(other.run("0002").unwrap().error_code.as_deref(), Some("RUN_LOST"));
    alive.finish(&Outcome::success(), &[]).unwrap();
    assert_eq!(std::fs::read_dir(folder.path().join("alive")).unwrap().count(), 0);
}

#[test]
fn runs_are_paged_and_filtered() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    for n in 1..=25 {
        let outcome = if n % 5 == 0 { Outcome::failed("NULL_KEY", "a NULL key") } else { Outcome::success() };
        begin(&ledger, n, if n % 2 == 0 { "even" } else { "odd" }).finish(&outcome, &[]).unwrap();
    }
    let mut filter = RunFilter { limit: 10, ..RunFilter::default() };
    let mut seen = Vec::new();
    loop {
        let page = ledger.runs(&filter).unwrap();
        assert!(page.runs.len() <= 10);
        seen.extend(page.runs.into_iter().map(|run| run.id));
        match page.next {
            Some(next) => filter.after = Some(next),
            None => break,
        }
    }
    let expected: Vec<_> = (1..=25).rev().map(|n| format!("{n:04}")).collect();
    assert_eq!(seen, expected);
    let failed = RunFilter { pipeline: Some("even".to_owned()), statuses: vec![Status::Failed], ..RunFilter::default() };
    let failed: Vec<_> = ledger.runs(&failed).unwrap().runs.into_iter().map(|run| run.id).collect();
    assert_eq!(failed, ["0020", "0010"]);
    let none = RunFilter { pipeline: Some("x' OR 1=1 --".to_owned()), ..RunFilter::default() };
    assert!(ledger.runs(&none).unwrap().runs.is_empty());
}

#[test]
fn a_missing_run_a_damaged_file_and_a_newer_layout_have_codes() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(open(folder.path()).run("nope").unwrap_err().code(), Code::RunNotFound);

    let damaged = tempfile::tempdir().unwrap();
    std::fs::write(damaged.path().join("ledger.db"), "this is no database, but it is long enough to be one ".repeat(40)).unwrap();
    let error = Ledger::open(damaged.path(), Arc::new(ManualClock::default())).unwrap_err();
    assert_eq!(error.code(), Code::CorruptCatalog);
    assert!(error.help().contains("only history is lost"));

    let newer = tempfile::tempdir().unwrap();
    let connection = rusqlite::Connection::open(newer.path().join("ledger.db")).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    assert_eq!(Ledger::open(newer.path(), Arc::new(ManualClock::default())).unwrap_err().code(), Code::LakeNewer);
}

#[test]
fn a_ledger_deleted_under_a_run_loses_history_only() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    let run = begin(&ledger, 1, "a");
    for file in ["ledger.db", "ledger.db-wal", "ledger.db-shm"] {
        let _ = std::fs::remove_file(folder.path().join(file));
    }
    run.phase("publish").unwrap();
    run.finish(&Outcome::success(), &[]).unwrap();
    assert!(open(folder.path()).runs(&RunFilter::default()).unwrap().runs.is_empty());
}

#[test]
fn a_read_only_ledger_reads_and_an_absent_one_is_empty() {
    let folder = tempfile::tempdir().unwrap();
    begin(&open(folder.path()), 1, "a").finish(&Outcome::success(), &[]).unwrap();
    let clock = Arc::new(ManualClock::default());
    let ledger = Ledger::open_read_only(folder.path(), clock.clone()).unwrap();
    assert_eq!(ledger.runs(&RunFilter::default()).unwrap().runs.len(), 1);
    let empty = Ledger::open_read_only(&folder.path().join("nothing"), clock).unwrap();
    assert!(empty.runs(&RunFilter::default()).unwrap().runs.is_empty());
    assert!(!folder.path().join("nothing").exists());
}

#[test]
fn programs_that_open_a_new_ledger_at_once_all_get_it() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let start = std::sync::Barrier::new(4);
        std::thread::scope(|scope| {
            for n in 0..4 {
                let (start, folder) = (&start, folder.path());
                scope.spawn(move || {
                    start.wait();
                    begin(&open(folder), n, "default.silver.orders").finish(&Outcome::success(), &[]).unwrap();
                });
            }
        });
        assert_eq!(open(folder.path()).runs(&RunFilter::default()).unwrap().runs.len(), 4);
    }
}
