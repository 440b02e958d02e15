//! `on_event`: a Python callback that is told what happens, and may stop it by raising.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict, PyTuple};
use rat_core::error::Error;
use rat_core::{EventSink, Stop};
use tokio::runtime::Handle;
use tokio::sync::Notify;

use crate::arguments::{Callback, shown};
use crate::bridge::{Call, EventLoop, Failure, call};
use crate::exit;
use crate::report::plain;

/// A verb that can be listened to and asked to stop, and what its callback raised, if it did.
#[derive(Default)]
pub struct Listener {
    /// What asks the verb to stop, as the caller or the callback may.
    pub stop: Stop,
    awaited_on: EventLoop,
    raised: Mutex<Option<PyErr>>,
    /// Whether the caller is gone or its callback has raised: what a run says after that, nobody is told.
    over: AtomicBool,
}

struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Listener {
    /// A sink that calls `callback` with each event as a dict, among the context variables of the caller. What an async function gives is
    /// awaited before the next event.
    pub fn new(py: Python<'_>, callback: Option<Callback>) -> PyResult<(Arc<Self>, EventSink)> {
        let listener = Arc::<Self>::default();
        let Some(Callback(callback)) = callback else { return Ok((listener, EventSink::default())) };
        let context = py.import("contextvars")?.call_method0("copy_context")?.unbind();
        let told = Arc::clone(&listener);
        let sink = EventSink(Arc::new(move |event| {
            if told.over.load(Ordering::Relaxed) {
                return;
            }
            let tell = |py: Python<'_>| {
                // Runs tell at the same time, and one at a time may be in a context.
                let context = context.bind(py).call_method0("copy")?;
                let given = context.call_method1("run", (&callback, plain(py, event)?))?;
                told.settle(&context, &given)
            };
            if let Some(Err(raised)) = exit::attach(tell) {
                told.over.store(true, Ordering::Relaxed);
                told.raised.lock().get_or_insert(raised);
                told.stop.ask();
            }
        }));
        Ok((listener, sink))
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
        let _under_way = exit::under_way(&self.stop);
        let done = verb.await;
        match self.raised.lock().take() {
            Some(raised) => Err(Failure::Raised(raised)),
            None => Ok(done?),
        }
    }

    /// Awaits what a callback gave, if it can be awaited, on the event loop of the verb. Once that is asked to stop, nobody waits for it.
    fn settle(&self, context: &Bound<'_, PyAny>, given: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = given.py();
        if !given.hasattr("__await__")? {
            return Ok(());
        }
        let close = || drop(given.call_method0("close"));
        let Some(event_loop) = self.awaited_on.get() else {
            close();
            return Err(PyTypeError::new_err("`on_event` is an async function: await the verb, by its twin whose name ends in `_async`"));
        };
        if self.stop.is_asked() {
            close();
            return Ok(());
        }
        let asyncio = py.import("asyncio")?;
        if !asyncio.call_method1("iscoroutine", (given,))?.is_truthy()? {
            return Err(PyTypeError::new_err(format!("`on_event` must give None or a coroutine, and gave {}", shown(given))));
        }
        let begin = asyncio.getattr("run_coroutine_threadsafe")?;
        let awaited = context.call_method1("run", (begin, given, event_loop)).inspect_err(|_closed| close())?;
        let done = Arc::new(Notify::new());
        let ring = Arc::clone(&done);
        let when_done = PyCFunction::new_closure(py, None, None, move |_: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| {
            ring.notify_one();
            PyResult::Ok(())
        })?;
        awaited.call_method1("add_done_callback", (when_done,))?;
        let until = async {
            tokio::select! {
                () = done.notified() => {}
                () = self.stop.asked() => {}
            }
        };
        // The loop has a thread of its own, and this one of rat's may take others' work meanwhile.
        exit::detached(py, || tokio::task::block_in_place(|| Handle::current().block_on(until)));
        if awaited.call_method0("done")?.is_truthy()? {
            return awaited.call_method0("result").map(drop);
        }
        awaited.call_method0("cancel").map(drop)
    }
}
