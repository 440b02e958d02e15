//! A run in the background, and the handle on it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use parking_lot::Mutex;
use tokio::sync::watch;

use super::pipeline::{Place, run_in_place};
use super::report::Event;
use super::stop::Stop;
use super::{RunContext, RunOptions, RunReport, RunStatus};
use crate::error::{Code, Error, Kind, Result};
use crate::name::Name;

/// A run that goes on in the background, whoever looks. Cheap to clone; clones are one run.
///
/// Dropping the handle leaves the run going, and so does closing the lake. It ends with the program, as any run does: wait for it.
#[derive(Clone)]
pub struct RunHandle(Arc<Shared>);

struct Shared {
    pipeline: Name,
    stop: Stop,
    state: Mutex<State>,
    /// Rings when the state has changed.
    bell: watch::Sender<()>,
}

struct State {
    id: String,
    begun: bool,
    events: History,
    outcome: Option<Result<RunReport>>,
}

/// What happened, in order. Of tellings of progress that follow each other the newest is kept: a long run has millions.
#[derive(Default)]
struct History {
    next: u64,
    events: Vec<(u64, Event)>,
}

impl History {
    fn add(&mut self, event: Event) {
        if matches!((self.events.last(), &event), (Some((_, Event::Progress { .. })), Event::Progress { .. })) {
            self.events.pop();
        }
        self.next += 1;
        self.events.push((self.next, event));
    }

    fn after(&self, seen: u64) -> Option<&(u64, Event)> {
        self.events.get(self.events.partition_point(|(number, _)| *number <= seen))
    }
}

/// Starts a run in the background, on the runtime of the caller. Runs of one table come in the order in which they are submitted.
///
/// # Errors
/// `PIPELINE_NOT_FOUND`.
pub async fn submit(context: RunContext, pipeline: Name, options: RunOptions) -> Result<RunHandle> {
    let stop = options.stop.one();
    let place = Place::take(&context, &pipeline, &stop)?.queued().await;
    let state = State { id: place.listed.id().to_owned(), begun: false, events: History::default(), outcome: None };
    let shared = Arc::new(Shared { pipeline: pipeline.clone(), stop, state: Mutex::new(state), bell: watch::Sender::new(()) });
    let told = Arc::clone(&shared);
    let on_event = options.on_event;
    let options = RunOptions {
        on_event: Arc::new(move |event| {
            told.tell(event.clone());
            on_event(event);
        }),
        ..options
    };
    let ending = Ending(Arc::clone(&shared));
    tokio::spawn(async move {
        let done = AssertUnwindSafe(run_in_place(&context, &pipeline, &options, place)).catch_unwind().await;
        let done = done.unwrap_or_else(|_| Err(Error::new(Code::Internal, "the run panicked; nothing was published by it after that")));
        // In a runtime that stops, timers panic and what waits for a task fails: that is not the run's doing.
        let succeeded = done.as_ref().is_ok_and(|report| report.error.is_none());
        ending.0.end(if !succeeded && is_stopping().await { Err(stopped()) } else { done });
    });
    Ok(RunHandle(shared))
}

/// Whether this runtime has begun to stop: it takes no new work then, of one of its two kinds first.
async fn is_stopping() -> bool {
    tokio::task::spawn_blocking(|| ()).await.is_err() || tokio::spawn(async {}).await.is_err()
}

fn stopped() -> Error {
    Error::new(Code::Cancelled, "the runtime stopped while the run was under way")
}

/// Ends the run for those who wait, also where the runtime drops it.
struct Ending(Arc<Shared>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.end(Err(stopped()));
    }
}

impl Shared {
    fn tell(&self, event: Event) {
        {
            let mut state = self.state.lock();
            if let Event::Started { run_id, .. } = &event {
                state.id.clone_from(run_id);
                state.begun = true;
            }
            state.events.add(event);
        }
        self.bell.send_replace(());
    }

    /// The first end counts.
    fn end(&self, outcome: Result<RunReport>) {
        self.state.lock().outcome.get_or_insert(outcome);
        self.bell.send_replace(());
    }
}

impl RunHandle {
    /// The run's identifier, from the beginning. A retry after a transient error is a run of its own, and has another.
    pub fn id(&self) -> String {
        self.0.state.lock().id.clone()
    }

    /// Its pipeline.
    pub fn pipeline(&self) -> &Name {
        &self.0.pipeline
    }

    /// Where it is: `pending` while it waits for another run of its table, and in no ledger then; `running`, also between retries; at the
    /// end what came of it.
    pub fn status(&self) -> RunStatus {
        let state = self.0.state.lock();
        match &state.outcome {
            None if state.begun => RunStatus::Running,
            None => RunStatus::Pending,
            Some(Ok(report)) => report.status,
            Some(Err(error)) if error.kind() == Kind::Cancelled => RunStatus::Cancelled,
            Some(Err(_)) => RunStatus::Failed,
        }
    }

    /// Waits for its end, at the most so long. A run that failed or was cancelled is a report; [`RunReport::into_result`] makes it an
    /// error. Any number may wait, before the end and after it.
    ///
    /// # Errors
    /// `TIMED_OUT` when it is still under way, and it goes on; what [`Lake::run`](crate::Lake::run) gives when it could not be written down.
    pub async fn wait(&self, timeout: Option<Duration>) -> Result<RunReport> {
        let mut bell = self.0.bell.subscribe();
        let end = async {
            loop {
                if let Some(outcome) = self.0.state.lock().outcome.clone() {
                    return outcome;
                }
                // The sender is in the handle.
                let _ = bell.changed().await;
            }
        };
        let Some(timeout) = timeout else { return end.await };
        tokio::time::timeout(timeout, end).await.unwrap_or_else(|_| {
            let message = format!("the run of `{}` did not end within {} s", self.0.pipeline.short(), timeout.as_secs_f64());
            Err(Error::new(Code::TimedOut, message).with_help("it goes on: wait again, or cancel it"))
        })
    }

    /// Asks it to stop: it ends as `cancelled`, and nothing of it is published. One that has published already is a success all the same,
    /// and one that is over stays what it is.
    pub fn cancel(&self) {
        self.0.stop.ask();
    }

    /// What happens, from the beginning and to the end, whenever it is asked for. Where rows are read faster than somebody listens, only
    /// the newest [`Event::Progress`] is told.
    pub fn events(&self) -> RunEvents {
        RunEvents { shared: Arc::clone(&self.0), bell: self.0.bell.subscribe(), seen: 0 }
    }
}

impl std::fmt::Debug for RunHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunHandle").field("id", &self.id()).field("pipeline", &self.0.pipeline).field("status", &self.status()).finish()
    }
}

/// What happens in one run, in order.
pub struct RunEvents {
    shared: Arc<Shared>,
    bell: watch::Receiver<()>,
    seen: u64,
}

impl RunEvents {
    /// The next event; `None` when the run is over.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            {
                let state = self.shared.state.lock();
                if let Some((number, event)) = state.events.after(self.seen) {
                    self.seen = *number;
                    return Some(event.clone());
                }
                if state.outcome.is_some() {
                    return None;
                }
            }
            // The sender is in what is shared.
            let _ = self.bell.changed().await;
        }
    }
}

impl std::fmt::Debug for RunEvents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunEvents").field("pipeline", &self.shared.pipeline).finish_non_exhaustive()
    }
}
