//! A run that consumes landed files: the states after the swap, retries and limits of time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arrow::array::Int32Array;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use rat_core::error::{Code, Diagnostic, Error, Result};
use rat_core::interop::dialect::{Problem, ReadCall};
use rat_core::interop::run::{Event, Landing, LandingCut, LandingRequest, Phase, Refresh, RunHandle, RunOptions, RunStatus, run, submit};

use super::harness::{Lake, name};
use crate::eventually::eventually;

/// What the zone does when it is asked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Fine,
    Unavailable,
    Panics,
}

/// A zone of one row a run, whose moods come in order and end fine.
#[derive(Debug, Default)]
struct Zone {
    listing: Mutex<VecDeque<Mood>>,
    archiving: Mutex<VecDeque<Mood>>,
    archived: Mutex<Vec<String>>,
    seen: Mutex<Vec<Option<String>>>,
    gone: u64,
}

#[derive(Debug)]
struct ZoneCut(Arc<Zone>);

#[derive(Debug)]
struct Shared(Arc<Zone>);

fn act(moods: &Mutex<VecDeque<Mood>>) -> Result<()> {
    match moods.lock().unwrap().pop_front().unwrap_or(Mood::Fine) {
        Mood::Fine => Ok(()),
        Mood::Unavailable => Err(Error::new(Code::StorageUnavailable, "the disk is asleep")),
        Mood::Panics => panic!("a defect, on purpose"),
    }
}

#[async_trait]
impl Landing for Shared {
    async fn cut(&self, request: LandingRequest<'_>) -> Result<Arc<dyn LandingCut>> {
        act(&self.0.listing)?;
        let consumed = request.published.and_then(|table| table.summary()?.get("rat.landing").cloned());
        self.0.seen.lock().unwrap().push(consumed);
        Ok(Arc::new(ZoneCut(Arc::clone(&self.0))))
    }

    async fn samples(&self, request: LandingRequest<'_>) -> Result<Arc<dyn LandingCut>> {
        self.cut(request).await
    }

    async fn is_unchanged(&self, _request: LandingRequest<'_>, _seen: Option<&str>) -> Result<bool> {
        Ok(false)
    }
}

#[async_trait]
impl LandingCut for ZoneCut {
    fn files(&self) -> Vec<(String, u64)> {
        Vec::new()
    }

    fn seen(&self) -> Option<String> {
        None
    }

    fn read(&self, _call: &ReadCall) -> Result<Arc<dyn TableProvider>, Vec<Problem>> {
        let schema = Arc::new(Schema::new(vec![Field::new("id", DataType::Int32, true)]));
        let run = i32::try_from(self.0.seen.lock().unwrap().len()).unwrap();
        let batch = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(Int32Array::from(vec![run]))]).unwrap();
        Ok(Arc::new(MemTable::try_new(schema, vec![vec![batch]]).unwrap()))
    }

    fn gone(&self) -> u64 {
        self.0.gone
    }

    async fn stage(&self, run_id: &str) -> Result<Option<String>> {
        Ok(Some(format!("consumed-{run_id}")))
    }

    async fn archive(&self, run_id: &str) -> Result<()> {
        tokio::task::yield_now().await;
        act(&self.0.archiving)?;
        self.0.archived.lock().unwrap().push(run_id.to_owned());
        Ok(())
    }

    fn warnings(&self) -> Vec<Diagnostic> {
        vec![Diagnostic::warning(Code::MalformedFile, "2 rows were left out")]
    }
}

const SQL: &str = "-- @merge_strategy: append_only\n-- @archive_landing_zones: true\n-- @max_retries: 1\n-- @retry_delay_seconds: 0\n\
                   SELECT id FROM read_csv('{{ landing_zone(\"arrivals\") }}')";

fn lake(zone: Zone) -> (Lake, Arc<Zone>) {
    let mut lake = Lake::new(&[("bronze/t/pipeline.sql", SQL)]);
    let zone = Arc::new(zone);
    lake.context.landing = Arc::new(Shared(Arc::clone(&zone)));
    (lake, zone)
}

fn moods(moods: &[Mood]) -> Mutex<VecDeque<Mood>> {
    Mutex::new(moods.iter().copied().collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_consumed_is_in_the_snapshot_that_has_the_rows() {
    let (lake, zone) = lake(Zone::default());
    let first = lake.run("bronze.t").await;
    assert!(first.is_ok(), "{:?}", first.error);
    assert_eq!(first.phases.last().unwrap().phase, Phase::Archive);
    assert_eq!(first.warnings.iter().map(|w| w.code).collect::<Vec<_>>(), [Code::MalformedFile]);
    let second = lake.run("bronze.t").await;
    assert_eq!(*zone.seen.lock().unwrap(), [None, Some(format!("consumed-{}", first.id))]);
    assert_eq!(*zone.archived.lock().unwrap(), [first.id, second.id]);
    assert_eq!(lake.rows("bronze.t").await.unwrap(), ["1", "2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn error_swapped() {
    let (lake, _) = lake(Zone { archiving: moods(&[Mood::Unavailable]), ..Zone::default() });
    let report = lake.run("bronze.t").await;
    assert_eq!(report.status, RunStatus::Success);
    assert!(report.warnings.iter().any(|w| w.code == Code::StorageUnavailable), "{:?}", report.warnings);
    assert_eq!(lake.rows("bronze.t").await.unwrap(), ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn panic_swapped() {
    let (lake, _) = lake(Zone { archiving: moods(&[Mood::Panics]), ..Zone::default() });
    let report = lake.run("bronze.t").await;
    assert_eq!(report.status, RunStatus::Success);
    assert!(report.warnings.iter().any(|w| w.code == Code::Internal), "{:?}", report.warnings);
    assert_eq!(lake.context.ledger.run(&report.id).unwrap().snapshot_id, report.snapshot_id);
}

#[tokio::test(flavor = "multi_thread")]
async fn cancel_swapped() {
    let (lake, zone) = lake(Zone::default());
    let reached = Arc::new(tokio::sync::Notify::new());
    let tell = Arc::clone(&reached);
    let on_event = move |event: &Event| {
        if matches!(event, Event::Phase { phase: Phase::Archive, .. }) {
            tell.notify_one();
        }
    };
    let options = RunOptions { on_event: Arc::new(on_event), ..RunOptions::default() };
    let target = name("bronze.t");
    tokio::select! {
        biased;
        () = reached.notified() => {}
        _ = run(&lake.context, &target, &options) => {}
    }
    let newest = || lake.context.ledger.runs(&Default::default()).unwrap().runs.remove(0);
    eventually("the run ended", async || newest().status != RunStatus::Running).await;
    assert_eq!(newest().status, RunStatus::Success);
    assert_eq!(zone.archived.lock().unwrap().len(), 1);
    assert_eq!(lake.rows("bronze.t").await.unwrap(), ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transient_error_is_tried_again_as_often_as_allowed() {
    let (lake, _) = lake(Zone { listing: moods(&[Mood::Unavailable]), ..Zone::default() });
    let report = lake.run("bronze.t").await;
    assert_eq!((report.status, report.attempt), (RunStatus::Success, 2));
    let records = lake.context.ledger.runs(&Default::default()).unwrap().runs;
    assert_eq!(records.iter().map(|r| (r.status, r.attempt)).collect::<Vec<_>>(), [(RunStatus::Success, 2), (RunStatus::Failed, 1)]);

    let (lake, _) = self::lake(Zone { listing: moods(&[Mood::Unavailable, Mood::Unavailable, Mood::Fine]), ..Zone::default() });
    let report = lake.run("bronze.t").await;
    assert_eq!((report.error.unwrap().code(), report.attempt), (Code::StorageUnavailable, 2));
    assert_eq!(lake.rows("bronze.t").await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_would_lose_rows_is_refused_unless_that_is_meant() {
    let (lake, _) = lake(Zone { gone: 3, ..Zone::default() });
    lake.run("bronze.t").await;
    let with = |refresh| RunOptions { refresh, ..RunOptions::default() };
    let refused = run(&lake.context, &name("bronze.t"), &with(Refresh::Full)).await.unwrap();
    let error = refused.error.unwrap();
    assert_eq!(error.code(), Code::RefreshLosesData);
    assert!(error.message().starts_with("3 consumed landing files"), "{error}");
    let meant = run(&lake.context, &name("bronze.t"), &with(Refresh::FullWithLoss)).await.unwrap();
    assert!(meant.is_ok(), "{:?}", meant.error);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_takes_too_long_publishes_nothing() {
    let (lake, _) = lake(Zone::default());
    let options = RunOptions { timeout: Some(Duration::ZERO), ..RunOptions::default() };
    let report = run(&lake.context, &name("bronze.t"), &options).await.unwrap();
    assert_eq!((report.status, report.error.unwrap().code()), (RunStatus::Failed, Code::TimedOut));
    assert_eq!(lake.rows("bronze.t").await, None);
}

async fn submitted(lake: &Lake) -> RunHandle {
    submit(lake.context.clone(), name("bronze.t"), RunOptions::default()).await.unwrap()
}

async fn told(handle: &RunHandle) -> Vec<String> {
    let mut events = handle.events();
    let mut told = Vec::new();
    while let Some(event) = events.next().await {
        match event {
            Event::Started { attempt, .. } => told.push(format!("started {attempt}")),
            Event::Finished { report } => told.push(report.status.as_str().to_owned()),
            _ => {}
        }
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submitted_run_is_tried_again_and_is_another_run_then() {
    let (lake, _) = lake(Zone { listing: moods(&[Mood::Unavailable]), ..Zone::default() });
    let handle = submitted(&lake).await;
    let report = handle.wait(None).await.unwrap();
    assert_eq!((report.status, report.attempt, &report.id), (RunStatus::Success, 2, &handle.id()));
    assert_eq!(told(&handle).await, ["started 1", "failed", "started 2", "success"]);
    assert_eq!(lake.rows("bronze.t").await.unwrap(), ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_cancelled_between_two_attempts_stays_failed() {
    let (lake, _) = lake(Zone { listing: moods(&[Mood::Unavailable]), ..Zone::default() });
    let slow = SQL.replace("retry_delay_seconds: 0", "retry_delay_seconds: 86400");
    let lake = lake.with(&[("bronze/t/pipeline.sql", &slow)]);
    let handle = submitted(&lake).await;
    let mut events = handle.events();
    while !matches!(events.next().await.unwrap(), Event::Finished { .. }) {}
    assert_eq!(handle.status(), RunStatus::Running, "it will be tried again");
    handle.cancel();
    let report = handle.wait(None).await.unwrap();
    assert_eq!((report.status, report.error.unwrap().code()), (RunStatus::Failed, Code::StorageUnavailable));
    assert!(events.next().await.is_none() && lake.rows("bronze.t").await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submitted_run_that_panics_ends_for_all_who_wait() {
    let (lake, _) = lake(Zone { listing: moods(&[Mood::Panics]), ..Zone::default() });
    let handle = submitted(&lake).await;
    assert_eq!(handle.wait(None).await.unwrap_err().code(), Code::Internal);
    assert_eq!((handle.status(), told(&handle).await), (RunStatus::Failed, vec!["started 1".to_owned()]));
    let record = lake.context.ledger.run(&handle.id()).unwrap();
    assert_eq!((record.status, record.error_code.as_deref()), (RunStatus::Failed, Some("INTERNAL")));
}

#[test]
fn a_run_whose_runtime_stops_ends_as_cancelled() {
    let (lake, _) = lake(Zone { listing: moods(&[Mood::Unavailable]), ..Zone::default() });
    let slow = SQL.replace("retry_delay_seconds: 0", "retry_delay_seconds: 86400");
    let lake = lake.with(&[("bronze/t/pipeline.sql", &slow)]);
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let first = runtime();
    let handle = first.block_on(submitted(&lake));
    drop(first);
    let ended = runtime().block_on(handle.wait(None));
    assert_eq!((ended.unwrap_err().code(), handle.status()), (Code::Cancelled, RunStatus::Cancelled));
}
