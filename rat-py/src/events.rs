//! `on_event`: a Python callback that is told what happens, and may stop it by raising.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use rat_core::error::Error;
use rat_core::{EventSink, Stop};

use crate::arguments::Callback;
use crate::bridge::{Call, EventLoop, Failure, call};
use crate::report::plain;

/// A verb that can be listened to and asked to stop, and what its callback raised, if it did.
#[derive(Default)]
pub struct Listener {
    /// What asks the verb to stop, as the caller or the callback may.
    pub stop: Stop,
    awaited_on: EventLoop,
    raised: Mutex<Option<PyErr>>,
    /// Whether the caller is gone: what a run says after that, nobody is told.
    over: AtomicBool,
}

struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Listener {
    /// A sink that calls `callback` with each event as a dict. What an async function gives is awaited before the next event.
    pub fn new(callback: Option<Callback>) -> (Arc<Self>, EventSink) {
        let listener = Arc::<Self>::default();
        let Some(Callback(callback)) = callback else { return (listener, EventSink::default()) };
        let told = Arc::clone(&listener);
        let sink = EventSink(Arc::new(move |event| {
            if told.over.load(Ordering::Relaxed) {
                return;
            }
            let tell = |py: Python<'_>| settle(callback.bind(py).call1((plain(py, event)?,))?, told.awaited_on.get());
            if let Some(Err(raised)) = Python::try_attach(tell) {
                told.raised.lock().get_or_insert(raised);
                told.stop.ask();
            }
        }));
        (listener, sink)
    }

    /// The verb, listened to.
    pub fn call<T: Send + 'static>(
        self: Arc<Self>,
        verb: impl Future<Output = Result<T, Error>> + Send + 'static,
        give: impl FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>> + Send + 'static,
    ) -> Call {
        let (awaited_on, stop) = (Arc::clone(&self.awaited_on), self.stop.clone());
        call(self.listen(verb), give).telling(awaited_on, stop)
    }

    /// The verb's answer, or the first exception of the callback, which has asked the verb to stop.
    async fn listen<T>(self: Arc<Self>, verb: impl Future<Output = Result<T, Error>>) -> Result<T, Failure> {
        let _over = Over(&self.over);
        let done = verb.await;
        match self.raised.lock().take() {
            Some(raised) => Err(Failure::Raised(raised)),
            None => Ok(done?),
        }
    }
}

/// Awaits what a callback gave, if it can be awaited, on the event loop of the verb.
fn settle(given: Bound<'_, PyAny>, awaited_on: Option<&Py<PyAny>>) -> PyResult<()> {
    let py = given.py();
    if !given.hasattr("__await__")? {
        return Ok(());
    }
    let Some(event_loop) = awaited_on else {
        given.call_method0("close").ok();
        return Err(PyTypeError::new_err("`on_event` is an async function: await the verb, by its twin whose name ends in `_async`"));
    };
    // The loop has a thread of its own, and this one of rat's may take others' work meanwhile.
    let awaited = py.import("asyncio")?.call_method1("run_coroutine_threadsafe", (&given, event_loop));
    let awaited = awaited.inspect_err(|_closed| drop(given.call_method0("close")))?.unbind();
    py.detach(|| tokio::task::block_in_place(|| Python::attach(|py| awaited.call_method0(py, "result").map(drop))))
}
