//! From Python to the core's futures: a verb on its way is a [`Call`], which is waited for or awaited.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::FutureExt;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict, PyTuple};
use rat_core::error::{Code, Error};
use tokio::runtime::Runtime;
use tokio::sync::Mutex;

use crate::error::to_python;

/// How often a waiting call looks whether Ctrl-C was pressed.
const SIGNAL_CHECK: Duration = Duration::from_millis(50);

struct Owned {
    runtime: Runtime,
    /// The process that made it: its threads do not exist in a fork.
    process: u32,
}

fn runtime() -> Result<&'static Runtime, Error> {
    static RUNTIME: OnceLock<Owned> = OnceLock::new();
    let owned = match RUNTIME.get() {
        Some(owned) => owned,
        None => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("rat").build();
            let runtime = runtime.map_err(|e| Error::new(Code::Internal, format!("threads cannot be started: {e}")))?;
            RUNTIME.get_or_init(|| Owned { runtime, process: std::process::id() })
        }
    };
    if owned.process != std::process::id() {
        return Err(Error::new(Code::InvalidArgument, "rat was used before this process was forked")
            .with_help("start workers with `spawn`, or import rat in the worker"));
    }
    Ok(&owned.runtime)
}

/// Why a call gave nothing: the core said so, or a callback of the caller's raised.
pub enum Failure {
    /// An error of the core.
    Core(Error),
    /// The caller's own exception.
    Raised(PyErr),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

impl Failure {
    fn into_python(self, py: Python<'_>) -> PyErr {
        match self {
            Self::Core(error) => to_python(py, &error),
            Self::Raised(raised) => raised,
        }
    }
}

/// Makes the Python object of what the core gave, with the GIL held.
type Give = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;
type Work = Pin<Box<dyn Future<Output = Result<Give, Failure>> + Send>>;

/// A verb on its way: `wait()` for it, or `await` it; either once. Dropped before its end, the verb is cancelled.
#[pyclass(module = "rat._rat", frozen)]
pub struct Call {
    work: parking_lot::Mutex<Option<Work>>,
    awaited_on: EventLoop,
}

/// The event loop that a verb is awaited on; none when it is waited for.
pub type EventLoop = Arc<OnceLock<Py<PyAny>>>;

/// A verb of the core and what becomes of its answer. A panic in it is an `InternalError`.
pub fn call<T, F>(
    verb: impl Future<Output = Result<T, F>> + Send + 'static,
    give: impl FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>> + Send + 'static,
) -> Call
where
    T: Send + 'static,
    F: Into<Failure>,
{
    let guarded = AssertUnwindSafe(verb).catch_unwind();
    let work = async move {
        match guarded.await {
            Ok(Ok(answer)) => Ok(Box::new(move |py: Python<'_>| give(py, answer)) as Give),
            Ok(Err(failure)) => Err(failure.into()),
            Err(panic) => Err(Failure::Core(Error::new(Code::Internal, panic_message(&*panic)))),
        }
    };
    Call { work: parking_lot::Mutex::new(Some(Box::pin(work))), awaited_on: EventLoop::default() }
}

#[pymethods]
impl Call {
    /// Waits with the GIL released. Ctrl-C drops the future, which cancels it.
    pub fn wait(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let mut work = self.begin()?;
        let runtime = runtime().map_err(|e| to_python(py, &e))?;
        loop {
            // A callback of one verb may call another, on a thread of the runtime.
            let step = || runtime.block_on(async { tokio::time::timeout(SIGNAL_CHECK, &mut work).await });
            match py.detach(|| tokio::task::block_in_place(step)) {
                Ok(done) => return finish(py, done),
                Err(_still_running) => py.check_signals()?,
            }
        }
    }

    /// Runs on rat's own threads and tells the event loop at the end; cancelling the awaiting task cancels the verb.
    fn __await__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let work = self.begin()?;
        let events = py.import("asyncio")?.call_method0("get_running_loop")?;
        let future = events.call_method0("create_future")?;
        let (events, waiting) = (events.unbind(), future.clone().unbind());
        self.awaited_on.get_or_init(|| events.clone_ref(py));
        let task = runtime().map_err(|e| to_python(py, &e))?.spawn(async move {
            let done = work.await;
            // An interpreter that is shutting down has nobody left to tell.
            Python::try_attach(|py| tell(py, &events, &waiting, done)).transpose().ok();
        });
        let abort = task.abort_handle();
        let when_done = PyCFunction::new_closure(py, None, None, move |args: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| {
            if args.get_item(0)?.call_method0("cancelled")?.is_truthy()? {
                abort.abort();
            }
            PyResult::Ok(())
        })?;
        future.call_method1("add_done_callback", (when_done,))?;
        future.call_method0("__await__")
    }
}

impl Call {
    /// The same call, which tells its event loop to whom it may concern.
    pub fn telling(self, awaited_on: EventLoop) -> Self {
        Self { awaited_on, ..self }
    }

    fn begin(&self) -> PyResult<Work> {
        self.work.lock().take().ok_or_else(|| PyRuntimeError::new_err("this call was already waited for"))
    }
}

fn finish(py: Python<'_>, done: Result<Give, Failure>) -> PyResult<Py<PyAny>> {
    done.map_err(|failure| failure.into_python(py))?(py)
}

/// Settles the event loop's future from outside its thread.
fn tell(py: Python<'_>, events: &Py<PyAny>, waiting: &Py<PyAny>, done: Result<Give, Failure>) -> PyResult<()> {
    let (method, value) = match finish(py, done) {
        Ok(value) => ("set_result", value),
        Err(error) => ("set_exception", error.into_value(py).into_any()),
    };
    let waiting = waiting.clone_ref(py);
    let settle = PyCFunction::new_closure(py, None, None, move |args: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| {
        let waiting = waiting.bind(args.py());
        if !waiting.call_method0("done")?.is_truthy()? {
            waiting.call_method1(method, (value.clone_ref(args.py()),))?;
        }
        PyResult::Ok(())
    })?;
    // A loop that was closed meanwhile has nobody who waits.
    events.call_method1(py, "call_soon_threadsafe", (settle,)).map(drop)
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string).or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "the core panicked".to_owned())
}

/// A stream that calls take turns at; `None` once it is closed.
pub type Shared<T> = std::sync::Arc<Mutex<Option<T>>>;

/// The next item for a reader outside Python, such as an Arrow consumer.
pub fn block<T>(work: impl Future<Output = T>) -> Result<T, Error> {
    Ok(runtime()?.block_on(work))
}

/// A verb with a defect, for the test that the process outlives one. Not in what is published.
#[cfg(debug_assertions)]
#[pyfunction]
pub fn _panic_on_purpose() -> Call {
    call::<(), Error>(async { panic!("a defect on purpose") }, |py, ()| Ok(py.None()))
}
