//! From Python to the core's futures: a verb on its way is a [`Call`], which is waited for or awaited.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::{Arc, OnceLock};
use std::thread::{self, ThreadId};
use std::time::Duration;

use futures::FutureExt;
use pyo3::exceptions::{PyKeyboardInterrupt, PyRuntimeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict, PyTuple};
use rat_core::Stop;
use rat_core::error::{Code, Error};
use tokio::runtime::Runtime;
use tokio::sync::Mutex;

use crate::error::to_python;

/// How often a waiting call looks whether Ctrl-C was pressed.
const SIGNAL_CHECK: Duration = Duration::from_millis(50);
/// How long an interrupted run may take to end by itself. It has its files to delete and its outcome to write down.
const ENDING: Duration = Duration::from_secs(2);

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
    /// What asks the verb to end by itself; where there is none, it is dropped.
    stop: Option<Stop>,
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
            Err(panic) => Err(Failure::Core(panicked(&*panic))),
        }
    };
    Call { work: parking_lot::Mutex::new(Some(Box::pin(work))), awaited_on: EventLoop::default(), stop: None }
}

#[pymethods]
impl Call {
    /// Waits with the GIL released. Ctrl-C stops the verb.
    pub fn wait(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let mut work = self.begin()?;
        let runtime = runtime().map_err(|e| to_python(py, &e))?;
        match (wait(py, runtime, &mut work), &self.stop) {
            (Ok(done), _) => finish(py, done),
            (Err(raised), None) => Err(raised),
            // The outcome is in the ledger when the exception comes, or the process could end before. A second Ctrl-C does not wait.
            (Err(raised), Some(stop)) => {
                stop.ask();
                let ended = async { tokio::time::timeout(ENDING, work).await.map(drop) };
                wait(py, runtime, ended).and(Err(raised))
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
        let (abort, stop) = (task.abort_handle(), self.stop.clone());
        let when_done = PyCFunction::new_closure(py, None, None, move |args: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| {
            if args.get_item(0)?.call_method0("cancelled")?.is_truthy()? {
                stop.as_ref().map_or_else(|| abort.abort(), Stop::ask);
            }
            PyResult::Ok(())
        })?;
        future.call_method1("add_done_callback", (when_done,))?;
        future.call_method0("__await__")
    }
}

impl Call {
    /// The same call, which tells its event loop to whom it may concern, and asks the verb to stop where it would be dropped.
    pub fn telling(self, awaited_on: EventLoop, stop: Stop) -> Self {
        Self { awaited_on, stop: Some(stop), ..self }
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

fn panicked(panic: &(dyn Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string).or_else(|| panic.downcast_ref::<String>().cloned());
    Error::new(Code::Internal, text.unwrap_or_else(|| "the core panicked".to_owned()))
}

/// A stream that calls take turns at; `None` once it is closed.
pub type Shared<T> = std::sync::Arc<Mutex<Option<T>>>;

/// Waits with the GIL released, and looks now and then whether a signal's handler raised, as that of Ctrl-C does.
fn wait<T: Send>(py: Python<'_>, runtime: &Runtime, work: impl Future<Output = T> + Send) -> PyResult<T> {
    let mut work = pin!(work);
    loop {
        let step = || runtime.block_on(async { tokio::time::timeout(SIGNAL_CHECK, &mut work).await });
        // A callback of one verb may call another, on a thread of the runtime.
        match py.detach(|| tokio::task::block_in_place(step)) {
            Ok(done) => return Ok(done),
            Err(_still_running) => py.check_signals()?,
        }
    }
}

/// Waits for a reader outside Python, such as an Arrow consumer: on whichever thread it likes, with the GIL or without, where nothing may
/// unwind.
pub struct Outside {
    asked_by: ThreadId,
}

impl Outside {
    /// For a reader that was asked for now.
    pub fn new(_py: Python<'_>) -> Self {
        Self { asked_by: thread::current().id() }
    }

    /// What the work gives. A panic in it, and an exception that a signal's handler raised, are errors.
    pub fn wait<T: Send>(&self, work: impl Future<Output = Result<T, Error>> + Send) -> Result<T, Error> {
        let work = AssertUnwindSafe(work).catch_unwind().map(|done| done.unwrap_or_else(|panic| Err(panicked(&*panic))));
        let runtime = runtime()?;
        // Another thread may not ask for the GIL: who holds it may be waiting for that thread.
        if thread::current().id() != self.asked_by {
            return tokio::task::block_in_place(|| runtime.block_on(work));
        }
        with_gil(|py| {
            wait(py, runtime, work).unwrap_or_else(|raised| {
                let error = Error::new(Code::Cancelled, format!("interrupted: {raised}"));
                // The reader makes an error of its own of this one; Python raises what Ctrl-C means once the reader has returned to it.
                if raised.is_instance_of::<PyKeyboardInterrupt>(py)
                    && let Err(failed) = py.import("_thread").and_then(|thread| thread.call_method0("interrupt_main"))
                {
                    failed.write_unraisable(py, None);
                }
                Err(error)
            })
        })
    }
}

/// Takes the GIL, whether this thread has it or not. pyo3 counts by itself, and does not see that a reader has let it go.
#[expect(unsafe_code, reason = "what is ensured is released by the same thread, and the token lives in between")]
fn with_gil<T>(work: impl FnOnce(Python<'_>) -> T) -> T {
    struct Held(ffi::PyGILState_STATE);

    impl Drop for Held {
        fn drop(&mut self) {
            unsafe { ffi::PyGILState_Release(self.0) }
        }
    }

    let _held = Held(unsafe { ffi::PyGILState_Ensure() });
    work(unsafe { Python::assume_attached() })
}

/// A verb with a defect, for the test that the process outlives one. Not in what is published.
#[cfg(debug_assertions)]
#[pyfunction]
pub fn _panic_on_purpose() -> Call {
    call::<(), Error>(async { panic!("a defect on purpose") }, |py, ()| Ok(py.None()))
}
