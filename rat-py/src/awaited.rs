//! A verb that is awaited: it runs on rat's threads, and whoever awaits it takes its answer on the event loop's.

use std::mem;
use std::sync::Arc;

use parking_lot::Mutex;
use pyo3::exceptions::{PyRuntimeError, PyStopIteration};
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict, PyTuple};
use rat_core::Stop;
use tokio::runtime::Runtime;

use crate::bridge::{Failure, Give, Work, finish};
use crate::exit;

/// What came of the verb. An answer that nobody takes is dropped, and what a stream gave goes back to it.
enum Answer {
    UnderWay,
    Come(Result<Give, Failure>),
    /// It was taken, or nobody waits for it any more.
    Over,
}

/// What `await` steps through: the steps of an event loop's future, and then the answer.
#[pyclass(module = "rat._rat", frozen)]
pub struct Awaited {
    steps: Py<PyAny>,
    answer: Arc<Mutex<Answer>>,
}

impl Awaited {
    /// Begins the work. Where its awaiting task is cancelled, `stop` is asked, or the work dropped.
    pub fn begin(events: &Bound<'_, PyAny>, runtime: &Runtime, work: Work, stop: Option<Stop>) -> PyResult<Self> {
        let py = events.py();
        let future = events.call_method0("create_future")?;
        let answer = Arc::new(Mutex::new(Answer::UnderWay));
        let (events, waiting, come) = (events.clone().unbind(), future.clone().unbind(), Arc::clone(&answer));
        let task = runtime.spawn(async move {
            let done = work.await;
            match &mut *come.lock() {
                waited @ Answer::UnderWay => *waited = Answer::Come(done),
                _ => return,
            }
            // A loop that was closed meanwhile has nobody who waits.
            exit::attach(|py| ring(py, &events, &waiting)).transpose().ok();
        });
        let abort = task.abort_handle();
        let when_done = PyCFunction::new_closure(py, None, None, move |args: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| {
            if args.get_item(0)?.call_method0("cancelled")?.is_truthy()? {
                stop.as_ref().map_or_else(|| abort.abort(), Stop::ask);
            }
            PyResult::Ok(())
        })?;
        future.call_method1("add_done_callback", (when_done,))?;
        Ok(Self { steps: future.call_method0("__await__")?.unbind(), answer })
    }

    /// Whether there is an answer to come or to take.
    pub fn is_under_way(&self) -> bool {
        !matches!(*self.answer.lock(), Answer::Over)
    }

    fn take(&self) -> Answer {
        mem::replace(&mut *self.answer.lock(), Answer::Over)
    }
}

#[pymethods]
impl Awaited {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let step = self.steps.bind(py).try_iter()?.next();
        match step {
            Some(Ok(step)) => Ok(step.unbind()),
            Some(Err(cancelled)) => {
                drop(self.take());
                Err(cancelled)
            }
            None => match self.take() {
                Answer::Come(done) => Err(ended(py, finish(py, done))),
                Answer::UnderWay | Answer::Over => Err(PyRuntimeError::new_err("this call was already waited for")),
            },
        }
    }

    fn send(&self, py: Python<'_>, _value: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.__next__(py)
    }

    #[pyo3(signature = (*exception))]
    fn throw<'py>(&self, py: Python<'py>, exception: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
        drop(self.take());
        self.steps.bind(py).call_method1("throw", exception)
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        drop(self.take());
        self.steps.bind(py).call_method0("close").map(drop)
    }
}

/// How a coroutine hears an answer: the end of the steps has it as its value.
fn ended(py: Python<'_>, done: PyResult<Py<PyAny>>) -> PyErr {
    match done {
        Ok(value) => PyStopIteration::new_err((value,)),
        // A callback's own would pass for the answer.
        Err(raised) if raised.is_instance_of::<PyStopIteration>(py) => {
            let error = PyRuntimeError::new_err("`on_event` raised StopIteration");
            error.set_cause(py, Some(raised));
            error
        }
        Err(raised) => raised,
    }
}

/// Wakes who waits, from outside the event loop's thread.
fn ring(py: Python<'_>, events: &Py<PyAny>, waiting: &Py<PyAny>) -> PyResult<()> {
    let waiting = waiting.clone_ref(py);
    let settle = PyCFunction::new_closure(py, None, None, move |args: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| {
        let waiting = waiting.bind(args.py());
        if !waiting.call_method0("done")?.is_truthy()? {
            waiting.call_method1("set_result", (args.py().None(),))?;
        }
        PyResult::Ok(())
    })?;
    events.call_method1(py, "call_soon_threadsafe", (settle,)).map(drop)
}
