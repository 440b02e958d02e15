//! Runs in the background: they go on by themselves, end for everybody who waits, and stop when they are asked to.

use std::fs;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rat_core::error::Code;
use rat_core::{
    BuildOptions, Event, EventSink, Lake, Phase, Publish, QueryOptions, RunFilter, RunHandle, RunOptions, RunReport, RunStatus, Stop,
};

use crate::eventually::eventually;

struct Shop {
    folder: tempfile::TempDir,
    lake: Lake,
}

impl Shop {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, sql: &str| {
            let folder = folder.path().join("default/pipelines").join(name);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("pipeline.sql"), sql).unwrap();
        };
        write("silver/t", "-- @merge_strategy: append_only\nSELECT 1 AS id");
        write("silver/alone", "SELECT 1 AS id");
        write("silver/impatient", "-- @on_active: fail\nSELECT 1 AS id");
        write("silver/shy", "-- @on_active: skip\nSELECT 1 AS id");
        write("silver/broken", "SELECT CAST('x' AS INT) AS id");
        write("gold/g", "SELECT count(*) AS n FROM {{ ref('silver.t') }}");
        let lake = Lake::open(&folder.path().to_string_lossy()).await.unwrap();
        Self { folder, lake }
    }

    async fn submit(&self, pipeline: &str) -> RunHandle {
        self.lake.submit(pipeline, &RunOptions::default()).await.unwrap()
    }

    async fn submit_held(&self, pipeline: &str, phase: Phase) -> (RunHandle, Held) {
        let (on_event, held) = hold(phase);
        (self.lake.submit(pipeline, &RunOptions { on_event: on_event.0, ..RunOptions::default() }).await.unwrap(), held)
    }

    async fn rows(&self, table: &str) -> Option<usize> {
        self.lake.query(&format!("SELECT * FROM {table}"), &QueryOptions::default()).await.ok().map(|result| result.num_rows())
    }

    fn data_files(&self) -> usize {
        let files = walkdir::WalkDir::new(self.folder.path().join("default/silver")).into_iter().filter_map(Result::ok);
        files.filter(|entry| entry.path().extension().is_some_and(|e| e == "parquet")).count()
    }
}

/// A run that stands still where a phase begins, until it is let go.
struct Held {
    reached: Mutex<Receiver<String>>,
    go: Sender<()>,
}

fn hold(at: Phase) -> (EventSink, Held) {
    let ((reach, reached), (go, gone)) = (channel(), channel::<()>());
    let gone = Mutex::new(Some(gone));
    let sink = EventSink(Arc::new(move |event: &Event| {
        if let Event::Phase { phase, run_id, .. } = event
            && *phase == at
            && let Some(gone) = gone.lock().unwrap().take()
        {
            let _ = reach.send(run_id.clone());
            let _ = gone.recv();
        }
    }));
    (sink, Held { reached: Mutex::new(reached), go })
}

impl Held {
    /// The identifier of the run, once it stands.
    async fn reached(&self) -> String {
        let mut id = None;
        eventually("the phase is reached", async || {
            id = self.reached.lock().unwrap().try_recv().ok();
            id.is_some()
        })
        .await;
        id.unwrap()
    }

    fn let_go(&self) {
        let _ = self.go.send(());
    }
}

fn words(events: &[Event]) -> Vec<String> {
    let word = |event: &Event| match event {
        Event::Started { .. } => Some("started".to_owned()),
        Event::Phase { phase, .. } => Some(phase.as_str().to_owned()),
        Event::Finished { report } => Some(report.status.as_str().to_owned()),
        _ => None,
    };
    events.iter().filter_map(word).collect()
}

async fn told(handle: &RunHandle) -> Vec<Event> {
    let mut events = handle.events();
    let mut all = Vec::new();
    while let Some(event) = events.next().await {
        all.push(event);
    }
    all
}

fn code(report: &RunReport) -> Code {
    report.error.as_ref().unwrap().code()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_run_goes_on_without_its_handle_and_after_its_lake_is_closed() {
    let shop = Shop::new().await;
    let (handle, held) = shop.submit_held("silver.t", Phase::Execute).await;
    let id = held.reached().await;
    assert_eq!(handle.id(), id);
    let kept = handle.clone();
    drop(handle);
    shop.lake.close();
    assert_eq!(shop.lake.submit("silver.t", &RunOptions::default()).await.unwrap_err().code(), Code::Closed);
    assert_eq!(shop.lake.runs().cancel(&id).await.unwrap_err().code(), Code::Closed);
    held.let_go();
    assert_eq!(kept.wait(None).await.unwrap().status, RunStatus::Success);

    let again = Lake::open(&shop.folder.path().to_string_lossy()).await.unwrap();
    let (sink, held) = hold(Phase::Execute);
    let dropped = again.submit("silver.t", &RunOptions { on_event: sink.0, ..RunOptions::default() }).await.unwrap().id();
    held.reached().await;
    held.let_go();
    eventually("the run is a success", async || again.runs().get(&dropped).unwrap().status == RunStatus::Success).await;
    assert_eq!(again.query("SELECT * FROM silver.t", &QueryOptions::default()).await.unwrap().num_rows(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_wait_that_times_out_leaves_the_run_going() {
    let shop = Shop::new().await;
    let (handle, held) = shop.submit_held("silver.t", Phase::Write).await;
    held.reached().await;
    let error = handle.wait(Some(Duration::ZERO)).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::TimedOut, "the run of `silver.t` did not end within 0 s"));
    assert_eq!(handle.status(), RunStatus::Running);
    assert_eq!(shop.lake.runs().get(&handle.id()).unwrap().status, RunStatus::Running);
    held.let_go();
    let report = handle.wait(Some(Duration::from_secs(300))).await.unwrap();
    assert_eq!((report.status, report.rows_total, &report.id), (RunStatus::Success, Some(1), &handle.id()));
    assert_eq!(handle.status(), RunStatus::Success);
    assert_eq!(handle.wait(Some(Duration::ZERO)).await.unwrap().id, report.id, "after the end everybody gets it at once");
    handle.cancel();
    assert_eq!(shop.lake.runs().get(&report.id).unwrap().status, RunStatus::Success, "what is over stays what it is");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cancelled_run_publishes_nothing_and_says_so() {
    for phase in [Phase::Plan, Phase::Execute, Phase::Write, Phase::Test] {
        let shop = Shop::new().await;
        assert!(shop.submit("silver.t").await.wait(None).await.unwrap().is_ok());
        let files = shop.data_files();
        let (handle, held) = shop.submit_held("silver.t", phase).await;
        held.reached().await;
        handle.cancel();
        held.let_go();
        let report = handle.wait(None).await.unwrap();
        assert_eq!((report.status, code(&report)), (RunStatus::Cancelled, Code::Cancelled), "{phase:?}");
        assert_eq!(handle.status(), RunStatus::Cancelled);
        let record = shop.lake.runs().get(&report.id).unwrap();
        assert_eq!((record.status, record.error_code.as_deref()), (RunStatus::Cancelled, Some("CANCELLED")), "{phase:?}");
        assert_eq!((shop.rows("silver.t").await, shop.data_files()), (Some(1), files), "{phase:?}");
        assert_eq!(words(&told(&handle).await).last().map(String::as_str), Some("cancelled"), "{phase:?}");
        assert!(shop.submit("silver.t").await.wait(None).await.unwrap().is_ok());
        assert_eq!(shop.rows("silver.t").await, Some(2), "{phase:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_run_that_publishes_already_is_a_success() {
    let shop = Shop::new().await;
    let (handle, held) = shop.submit_held("silver.t", Phase::Publish).await;
    held.reached().await;
    handle.cancel();
    shop.lake.runs().cancel(&handle.id()).await.unwrap();
    held.let_go();
    assert_eq!(handle.wait(None).await.unwrap().status, RunStatus::Success);
    assert_eq!(shop.rows("silver.t").await, Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn events_come_in_order_complete_and_to_their_end() {
    let shop = Shop::new().await;
    let (handle, held) = shop.submit_held("silver.t", Phase::Execute).await;
    held.reached().await;
    let early = tokio::spawn({
        let handle = handle.clone();
        async move { told(&handle).await }
    });
    held.let_go();
    let report = handle.wait(None).await.unwrap();
    let expected = ["started", "plan", "execute", "write", "test", "publish", "success"];
    assert_eq!(words(&early.await.unwrap()), expected);
    let late = told(&handle).await;
    assert_eq!(words(&late), expected);
    let Some(Event::Finished { report: last }) = late.last() else { panic!("{late:?}") };
    assert_eq!(last.id, report.id);
    let failed = shop.submit("silver.broken").await;
    assert_eq!(words(&told(&failed).await).last().map(String::as_str), Some("failed"));
    assert_eq!(code(&failed.wait(None).await.unwrap()), Code::ExecutionFailed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn runs_of_one_table_come_in_their_order_and_can_be_cancelled_before_their_turn() {
    let shop = Shop::new().await;
    let (first, held) = shop.submit_held("silver.t", Phase::Execute).await;
    held.reached().await;
    let (second, third, fourth) = (shop.submit("silver.t").await, shop.submit("silver.t").await, shop.submit("silver.t").await);
    assert_eq!((first.status(), second.status()), (RunStatus::Running, RunStatus::Pending));
    assert_eq!(shop.lake.runs().get(&second.id()).unwrap_err().code(), Code::RunNotFound, "what is pending is in no ledger");
    third.cancel();
    let report = third.wait(None).await.unwrap();
    assert_eq!((report.status, &report.id), (RunStatus::Cancelled, &third.id()));
    assert_eq!(words(&told(&third).await), ["started", "cancelled"]);
    assert_eq!(shop.lake.runs().get(&third.id()).unwrap().status, RunStatus::Cancelled);
    shop.lake.runs().cancel(&fourth.id()).await.unwrap();
    assert_eq!(fourth.wait(None).await.unwrap().status, RunStatus::Cancelled);
    held.let_go();
    assert!(first.wait(None).await.unwrap().is_ok() && second.wait(None).await.unwrap().is_ok());
    let many = [shop.submit("silver.t").await, shop.submit("silver.t").await, shop.submit("silver.t").await];
    let mut bases = Vec::new();
    for handle in &many {
        let report = handle.wait(None).await.unwrap();
        bases.push((report.base_snapshot_id, report.snapshot_id));
    }
    assert!(bases.windows(2).all(|pair| pair[1].0 == pair[0].1), "each built on the one before: {bases:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_pipeline_that_would_not_wait_is_told_through_its_handle() {
    let shop = Shop::new().await;
    let (first, held) = shop.submit_held("silver.impatient", Phase::Execute).await;
    held.reached().await;
    let second = shop.submit("silver.impatient").await;
    assert_eq!(second.wait(None).await.unwrap_err().code(), Code::AlreadyRunning);
    assert_eq!((second.status(), told(&second).await.len()), (RunStatus::Failed, 0));
    held.let_go();
    assert!(first.wait(None).await.unwrap().is_ok());

    let (first, held) = shop.submit_held("silver.shy", Phase::Execute).await;
    held.reached().await;
    let second = shop.submit("silver.shy").await;
    let report = second.wait(None).await.unwrap();
    assert!(report.skipped_reason.is_some() && report.id.is_empty(), "{report:?}");
    assert_eq!(words(&told(&second).await), ["cancelled"]);
    held.let_go();
    assert!(first.wait(None).await.unwrap().is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_run_is_cancelled_by_its_identifier_and_what_cannot_be_says_why() {
    let shop = Shop::new().await;
    let runs = shop.lake.runs();
    assert_eq!(runs.cancel("none").await.unwrap_err().code(), Code::RunNotFound);
    let (sink, held) = hold(Phase::Execute);
    let running = tokio::spawn({
        let lake = shop.lake.clone();
        async move { lake.run("silver.t", &RunOptions { on_event: sink.0, ..RunOptions::default() }).await.unwrap() }
    });
    let id = held.reached().await;
    let other = Lake::open(&shop.folder.path().to_string_lossy()).await.unwrap();
    let elsewhere = other.runs().cancel(&id).await.unwrap_err();
    assert_eq!(elsewhere.code(), Code::RunElsewhere);
    runs.cancel(&id).await.unwrap();
    held.let_go();
    assert_eq!(running.await.unwrap().status, RunStatus::Cancelled);
    for lake in [&shop.lake, &other] {
        let ended = lake.runs().cancel(&id).await.unwrap_err();
        assert_eq!(ended.code(), Code::RunEnded);
        assert!(ended.message().ends_with("is over: cancelled"), "{}", ended.message());
    }
    assert_eq!(shop.rows("silver.t").await, None);

    // A process that is gone has nothing under way.
    let ledger = rusqlite::Connection::open(shop.folder.path().join(".rat/ledger.db")).unwrap();
    let columns = "id, pipeline, trigger, strategy, attempt, status, started_at";
    ledger
        .execute(&format!("INSERT INTO runs ({columns}) VALUES ('gone', 'default.silver.t', 'manual', 'append_only', 1, 'running', 0)"), ())
        .unwrap();
    let gone = runs.cancel("gone").await.unwrap_err();
    assert_eq!((gone.code(), gone.message()), (Code::RunEnded, "the run `gone` of `default.silver.t` is over: failed"));

    let reader = Lake::builder(&shop.folder.path().to_string_lossy()).read_only().open().await.unwrap();
    assert_eq!(reader.runs().cancel(&id).await.unwrap_err().code(), Code::ReadOnlyLake);
    assert_eq!(reader.submit("silver.t", &RunOptions::default()).await.unwrap_err().code(), Code::ReadOnlyLake);
    assert_eq!(shop.lake.submit("silver.tt", &RunOptions::default()).await.unwrap_err().code(), Code::PipelineNotFound);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_run_of_a_build_is_cancelled_and_the_rest_goes_on() {
    let shop = Shop::new().await;
    let (sink, held) = hold_of("silver.t");
    let select = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let options = BuildOptions { select: Some(select(&["silver.t+", "silver.alone"])), on_event: sink, ..BuildOptions::default() };
    let build = tokio::spawn({
        let lake = shop.lake.clone();
        async move { lake.build(&options).await.unwrap() }
    });
    shop.lake.runs().cancel(&held.reached().await).await.unwrap();
    held.let_go();
    let report = build.await.unwrap();
    let statuses: Vec<_> = report.runs.iter().map(|run| (run.pipeline.short(), run.status, run.skipped_reason.is_some())).collect();
    assert!(statuses.contains(&("silver.t".to_owned(), RunStatus::Cancelled, false)), "{statuses:?}");
    assert!(statuses.contains(&("silver.alone".to_owned(), RunStatus::Success, false)), "{statuses:?}");
    assert!(statuses.contains(&("gold.g".to_owned(), RunStatus::Cancelled, true)), "{statuses:?}");
}

/// As [`hold`], when the run of one pipeline of a build begins its tests.
fn hold_of(pipeline: &'static str) -> (EventSink, Held) {
    let (inner, held) = hold(Phase::Test);
    let sink = move |event: &Event| {
        if matches!(event, Event::Phase { pipeline: of, .. } if of.short() == pipeline) {
            (inner.0)(event);
        }
    };
    (EventSink(Arc::new(sink)), held)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tables_that_are_published_together_are_cancelled_together() {
    let shop = Shop::new().await;
    // `silver.t` is ready and waits for `gold.g` when it is cancelled.
    let (sink, held) = hold_of("gold.g");
    let options =
        BuildOptions { select: Some(vec!["silver.t+".to_owned()]), publish: Publish::Together, on_event: sink, ..BuildOptions::default() };
    let build = tokio::spawn({
        let lake = shop.lake.clone();
        async move { lake.build(&options).await.unwrap() }
    });
    held.reached().await;
    let waiting = RunFilter { pipeline: Some("silver.t".to_owned()), ..RunFilter::default() };
    let id = shop.lake.runs().list(&waiting).unwrap().runs[0].id.clone();
    shop.lake.runs().cancel(&id).await.unwrap();
    held.let_go();
    let report = build.await.unwrap();
    assert!(report.runs.iter().all(|run| run.status == RunStatus::Cancelled && run.error.is_some()), "{report:?}");
    assert_eq!((shop.rows("silver.t").await, shop.data_files()), (None, 0));
}

/// Who asks to stop when a phase of a pipeline begins.
fn asking(stop: &Stop, pipeline: &'static str, phase: Phase) -> EventSink {
    let stop = stop.clone();
    EventSink(Arc::new(move |event| {
        if matches!(event, Event::Phase { pipeline: of, phase: begun, .. } if of.short() == pipeline && *begun == phase) {
            stop.ask();
        }
    }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_run_that_is_asked_to_stop_tells_whether_it_was_published() {
    let shop = Shop::new().await;
    for (phase, status, rows) in [
        (Phase::Plan, RunStatus::Cancelled, None),
        (Phase::Test, RunStatus::Cancelled, None),
        (Phase::Publish, RunStatus::Success, Some(1)),
        (Phase::Execute, RunStatus::Cancelled, Some(1)),
    ] {
        let stop = Stop::default();
        let options = RunOptions { on_event: asking(&stop, "silver.t", phase).0, stop, ..RunOptions::default() };
        let report = shop.lake.run("silver.t", &options).await.unwrap();
        assert_eq!((report.status, shop.rows("silver.t").await), (status, rows), "{phase:?}");
        assert_eq!(shop.lake.runs().get(&report.id).unwrap().status, status);
        // What was asked stays asked.
        let again = shop.lake.run("silver.t", &RunOptions { stop: options.stop, ..RunOptions::default() }).await.unwrap();
        assert_eq!((again.status, shop.rows("silver.t").await), (RunStatus::Cancelled, rows));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_build_that_is_asked_to_stop_starts_nothing_more_and_tells_what_was_published() {
    let shop = Shop::new().await;
    for publish in [Publish::Each, Publish::Together] {
        let stop = Stop::default();
        let options = BuildOptions {
            select: Some(vec!["silver.t+".to_owned()]),
            concurrency: Some(1),
            publish,
            on_event: asking(&stop, "gold.g", Phase::Execute),
            stop,
            ..BuildOptions::default()
        };
        let report = shop.lake.build(&options).await.unwrap();
        let statuses: Vec<_> = report.runs.iter().map(|run| run.status).collect();
        let (first, rows) = match publish {
            Publish::Each => (RunStatus::Success, Some(1)),
            Publish::Together => (RunStatus::Cancelled, None),
        };
        assert_eq!((report.status, statuses), (RunStatus::Cancelled, vec![first, RunStatus::Cancelled]), "{publish:?}");
        assert_eq!((shop.rows("silver.t").await, shop.rows("gold.g").await), (rows, None));
        assert_eq!(report.into_result().unwrap_err().code(), Code::Cancelled);
        shop.lake.tables().drop("silver.t").await.ok();
    }
    let stop = Stop::default();
    let options =
        BuildOptions { on_event: asking(&stop, "silver.alone", Phase::Test), concurrency: Some(1), stop, ..BuildOptions::default() };
    let report =
        shop.lake.build(&BuildOptions { select: Some(vec!["silver.alone".to_owned(), "silver.t+".to_owned()]), ..options }).await.unwrap();
    let left: Vec<_> = report.runs.iter().filter_map(|run| run.skipped_reason.as_deref()).collect();
    assert!(left.contains(&"the build was cancelled") && report.status == RunStatus::Cancelled, "{report:?}");
}
