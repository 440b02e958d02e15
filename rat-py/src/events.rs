//! `on_event`: a Python callback that is told what happens, and may stop it by raising.

use std::future::Future;
use std::sync::Arc;

use parking_lot::Mutex;
use pyo3::prelude::*;
use rat_core::EventSink;
use rat_core::error::Error;
use tokio::sync::Notify;

use crate::arguments::Callback;
use crate::bridge::Failure;
use crate::report::plain;

/// What a callback raised, if it did.
#[derive(Default)]
pub struct Listener {
    raised: Mutex<Option<PyErr>>,
    stop: Notify,
}

impl Listener {
    /// A sink that calls `callback` with each event as a dict.
    pub fn new(callback: Option<Callback>) -> (Arc<Self>, EventSink) {
        let listener = Arc::<Self>::default();
        let Some(Callback(callback)) = callback else { return (listener, EventSink::default()) };
        let told = Arc::clone(&listener);
        let sink = EventSink(Arc::new(move |event| {
            let called = Python::try_attach(|py| plain(py, event).and_then(|event| callback.call1(py, (event,)).map(drop)));
            if let Some(Err(raised)) = called {
                told.raised.lock().get_or_insert(raised);
                told.stop.notify_one();
            }
        }));
        (listener, sink)
    }

    /// The verb's answer, or the first exception of the callback, which cancels the verb.
    pub async fn listen<T>(self: Arc<Self>, verb: impl Future<Output = Result<T, Error>>) -> Result<T, Failure> {
        let done = tokio::select! {
            done = verb => Some(done),
            () = self.stop.notified() => None,
        };
        match (self.raised.lock().take(), done) {
            (Some(raised), _) => Err(Failure::Raised(raised)),
            (None, Some(done)) => Ok(done?),
            (None, None) => unreachable!("only a raised exception stops a verb"),
        }
    }
}
