//! What `lake.submit` gives: a run in the background, and what happens in it.

use std::sync::Arc;

use pyo3::exceptions::{PyStopAsyncIteration, PyStopIteration};
use pyo3::prelude::*;
use rat_core::Event;
use rat_core::error::Error;
use tokio::sync::Mutex;

use crate::arguments::Seconds;
use crate::bridge::{Call, call};
use crate::report::{finished, plain};

/// A run in the background; `rat.RunHandle` holds one.
#[pyclass(module = "rat._rat", frozen)]
pub struct RunHandle(rat_core::RunHandle);

impl RunHandle {
    /// The public object of a handle.
    pub fn give(py: Python<'_>, handle: rat_core::RunHandle) -> PyResult<Py<PyAny>> {
        Ok(py.import("rat.handle")?.getattr("RunHandle")?.call1((Self(handle),))?.unbind())
    }
}

#[pymethods]
impl RunHandle {
    #[getter]
    fn id(&self) -> String {
        self.0.id()
    }

    #[getter]
    fn pipeline(&self) -> String {
        self.0.pipeline().to_string()
    }

    #[getter]
    fn status(&self) -> &'static str {
        self.0.status().as_str()
    }

    #[pyo3(signature = (timeout = None, *, raise_on_failure = true))]
    fn wait(&self, timeout: Option<Seconds>, raise_on_failure: bool) -> Call {
        let (handle, timeout) = (self.0.clone(), timeout.map(|seconds| seconds.0));
        call(async move { handle.wait(timeout).await }, move |py, done| {
            finished(py, "RunReport", &done, done.error.as_ref().filter(|_| raise_on_failure))
        })
    }

    fn cancel(&self) {
        self.0.cancel();
    }

    fn events(&self) -> RunEvents {
        RunEvents(Arc::new(Mutex::new(self.0.events())))
    }
}

/// What happens in a run, as dicts; an iterator and an async iterator.
#[pyclass(module = "rat", frozen)]
pub struct RunEvents(Arc<Mutex<rat_core::RunEvents>>);

#[pymethods]
impl RunEvents {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.next(|py, event| give(py, event, PyStopIteration::new_err(()))).wait(py)
    }

    fn __repr__(&self) -> &'static str {
        "<RunEvents>"
    }

    fn __aiter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __anext__(&self) -> Call {
        self.next(|py, event| give(py, event, PyStopAsyncIteration::new_err(())))
    }
}

impl RunEvents {
    fn next(&self, give: impl FnOnce(Python<'_>, Option<Event>) -> PyResult<Py<PyAny>> + Send + 'static) -> Call {
        let events = Arc::clone(&self.0);
        call(async move { Ok::<_, Error>(events.lock().await.next().await) }, give)
    }
}

fn give(py: Python<'_>, event: Option<Event>, end: PyErr) -> PyResult<Py<PyAny>> {
    Ok(plain(py, &event.ok_or(end)?)?.unbind())
}
