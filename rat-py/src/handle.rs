//! What `lake.submit` gives: a run in the background, and what happens in it.

use pyo3::exceptions::{PyStopAsyncIteration, PyStopIteration};
use pyo3::prelude::*;
use rat_core::error::Error;
use rat_core::{Event, Stop};

use crate::arguments::{Seconds, flag};
use crate::bridge::{Call, call};
use crate::exit;
use crate::feed::{Feed, Source, Turn};
use crate::report::{finished, plain};

/// A run in the background; `rat.RunHandle` holds one.
#[pyclass(module = "rat._rat", frozen)]
pub struct RunHandle(rat_core::RunHandle);

impl RunHandle {
    /// A run that has begun. It is asked to stop when Python ends, whoever has its handle.
    pub fn begun(handle: rat_core::RunHandle, stop: &Stop) -> rat_core::RunHandle {
        let (run, under_way) = (handle.clone(), exit::under_way(stop));
        tokio::spawn(async move {
            let _under_way = under_way;
            run.wait(None).await.map(drop)
        });
        handle
    }

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
    fn wait(&self, timeout: Option<Seconds>, #[pyo3(from_py_with = flag)] raise_on_failure: bool) -> Call {
        let (handle, timeout) = (self.0.clone(), timeout.map(|seconds| seconds.0));
        call(async move { handle.wait(timeout).await }, move |py, done| {
            finished(py, "RunReport", &done, done.error.as_ref().filter(|_| raise_on_failure))
        })
    }

    fn cancel(&self) {
        self.0.cancel();
    }

    fn events(&self) -> RunEvents {
        RunEvents(Feed::new(self.0.events()))
    }
}

/// What happens in a run, as dicts, in order: an iterator and an async iterator that end with the run.
#[pyclass(module = "rat", frozen)]
pub struct RunEvents(Feed<rat_core::RunEvents>);

impl Source for rat_core::RunEvents {
    type Item = Event;

    async fn next(&mut self) -> Result<Option<Event>, Error> {
        Ok(rat_core::RunEvents::next(self).await)
    }
}

#[pymethods]
impl RunEvents {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        call(self.0.next(), |py, event| give(py, event, PyStopIteration::new_err(()))).wait(py)
    }

    fn __repr__(&self) -> &'static str {
        "<RunEvents>"
    }

    fn __aiter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __anext__(&self) -> Call {
        call(self.0.next(), |py, event| give(py, event, PyStopAsyncIteration::new_err(())))
    }
}

fn give(py: Python<'_>, event: Turn<rat_core::RunEvents>, end: PyErr) -> PyResult<Py<PyAny>> {
    Ok(plain(py, &event.take().ok_or(end)?)?.unbind())
}
