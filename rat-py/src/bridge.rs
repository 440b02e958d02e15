//! From Python to the core's futures: a verb on its way is a [`Call`], which is waited for or awaited.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::FutureExt;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use rat_core::Stop;
use rat_core::error::{Code, Error};
use tokio::runtime::Runtime;

use crate::awaited::Awaited;
use crate::error::to_python;
use crate::exit;

/// How often a waiting call looks whether Ctrl-C was pressed.
const SIGNAL_CHECK: Duration = Duration::from_millis(50);
/// How long an interrupted run may take to end by itself. It has its files to delete and its outcome to write down.
pub const ENDING: Duration = Duration::from_secs(2);

struct Owned {
    runtime: Runtime,
    /// The process that made it: its threads do not exist in a fork.
    process: u32,
}

static RUNTIME: OnceLock<Owned> = OnceLock::new();

/// Begins rat's threads where there are none yet.
fn runtime(py: Python<'_>) -> PyResult<&'static Runtime> {
    if RUNTIME.get().is_none() {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("rat").build();
        let runtime = runtime.map_err(|e| to_python(py, &Error::new(Code::Internal, format!("threads cannot be started: {e}"))))?;
        if RUNTIME.set(Owned { runtime, process: std::process::id() }).is_ok() {
            exit::register(py)?;
        }
    }
    begun().map_err(|e| to_python(py, &e))
}

/// The threads that there are.
pub fn begun() -> Result<&'static Runtime, Error> {
    match RUNTIME.get() {
        Some(owned) if owned.process == std::process::id() => Ok(&owned.runtime),
        Some(_of_another) => Err(Error::new(Code::Closed, "rat was used before this process was forked, and its threads are not here")
            .with_help("start workers with `spawn` or `forkserver`")),
        None => Err(Error::new(Code::Internal, "nothing was begun")),
    }
}

/// Whether rat's threads are in this process.
pub fn is_here() -> bool {
    begun().is_ok()
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
pub type Give = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;
pub type Work = Pin<Box<dyn Future<Output = Result<Give, Failure>> + Send>>;

/// A verb on its way: `wait()` for it, or `await` it; either once. Dropped before its end, the verb is cancelled.
#[pyclass(module = "rat._rat", frozen)]
pub struct Call {
    work: parking_lot::Mutex<Option<Work>>,
    awaited_on: EventLoop,
    awaited: parking_lot::Mutex<Option<Py<Awaited>>>,
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
    let work: Work = Box::pin(work);
    Call { work: parking_lot::Mutex::new(Some(work)), awaited_on: EventLoop::default(), awaited: Default::default(), stop: None }
}

#[pymethods]
impl Call {
    /// Waits with the GIL released. Ctrl-C stops the verb.
    pub fn wait(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let mut work = self.begin()?;
        let runtime = runtime(py)?;
        let _inside = exit::enter().ok_or_else(ending)?;
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

    /// Runs on rat's own threads and tells the event loop at the end; cancelling the awaiting task cancels the verb. `anext` with a default
    /// asks for this at each step.
    fn __await__(&self, py: Python<'_>) -> PyResult<Py<Awaited>> {
        if let Some(under_way) = self.awaited.lock().as_ref().filter(|awaited| awaited.get().is_under_way()) {
            return Ok(under_way.clone_ref(py));
        }
        let work = self.begin()?;
        let events = py.import("asyncio")?.call_method0("get_running_loop")?;
        self.awaited_on.get_or_init(|| events.clone().unbind());
        let runtime = runtime(py)?;
        if exit::is_ended() {
            return Err(ending());
        }
        let awaited = Py::new(py, Awaited::begin(&events, runtime, work, self.stop.clone())?)?;
        *self.awaited.lock() = Some(awaited.clone_ref(py));
        Ok(awaited)
    }
}

/// Nothing can be begun where nobody can be told of its end.
fn ending() -> PyErr {
    PyRuntimeError::new_err("Python is ending, and rat with it")
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

pub fn finish(py: Python<'_>, done: Result<Give, Failure>) -> PyResult<Py<PyAny>> {
    done.map_err(|failure| failure.into_python(py))?(py)
}

pub fn panicked(panic: &(dyn Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string).or_else(|| panic.downcast_ref::<String>().cloned());
    Error::new(Code::Internal, text.unwrap_or_else(|| "the core panicked".to_owned()))
}

/// Waits with the GIL released, and looks now and then whether a signal's handler raised, as that of Ctrl-C does.
pub fn wait<T: Send>(py: Python<'_>, runtime: &Runtime, work: impl Future<Output = T> + Send) -> PyResult<T> {
    let mut work = pin!(work);
    loop {
        let step = || runtime.block_on(async { tokio::time::timeout(SIGNAL_CHECK, &mut work).await });
        // A callback of one verb may call another, on a thread of the runtime.
        match exit::detached(py, || tokio::task::block_in_place(step)) {
            Ok(done) => return Ok(done),
            Err(_still_running) => py.check_signals()?,
        }
    }
}

/// A verb with a defect, for the test that the process outlives one. Not in what is published.
#[cfg(debug_assertions)]
#[pyfunction]
pub fn _panic_on_purpose() -> Call {
    call::<(), Error>(async { panic!("a defect on purpose") }, |py, ()| Ok(py.None()))
}
