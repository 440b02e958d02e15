//! `rat.Lake`: the verbs.

use std::sync::Arc;
use std::time::Duration;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use rat_core::error::Error;
use rat_core::{BuildOptions, CheckOptions, EventSink, Freshness, OnFailure, Publish, QueryOptions, Refresh, RunOptions};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bridge::block;
use crate::error::exception;
use crate::query::QueryResult;
use crate::report::{plain, report};

/// A lake: a folder of pipelines and the tables they make. A context manager.
#[pyclass(name = "Lake", module = "rat", frozen)]
pub struct Lake(rat_core::Lake);

/// Opens the lake in a folder that exists.
#[pyfunction]
#[pyo3(signature = (path, *, namespace = "default", settings = None, read_only = false))]
pub fn open(py: Python<'_>, path: &str, namespace: &str, settings: Option<Bound<'_, PyDict>>, read_only: bool) -> PyResult<Lake> {
    let mut builder = rat_core::Lake::builder(path).namespace(namespace);
    if let Some(settings) = settings {
        builder = builder.settings(from_python(&settings, "settings")?);
    }
    if read_only {
        builder = builder.read_only();
    }
    block(py, builder.open()).map(Lake)
}

#[pymethods]
impl Lake {
    #[pyo3(signature = (select = None))]
    fn check<'py>(&self, py: Python<'py>, select: Option<Selection>) -> PyResult<Bound<'py, PyAny>> {
        let options = CheckOptions { select: selection(select) };
        report(py, "CheckReport", &block(py, self.0.check(&options))?)
    }

    #[pyo3(signature = (pipeline, *, full_refresh = false, vars = None, timeout = None, allow_data_loss = false, on_event = None, raise_on_failure = true))]
    #[expect(clippy::too_many_arguments, reason = "keyword options of the Python signature")]
    fn run<'py>(
        &self,
        py: Python<'py>,
        pipeline: &str,
        full_refresh: bool,
        vars: Option<Bound<'py, PyDict>>,
        timeout: Option<f64>,
        allow_data_loss: bool,
        on_event: Option<Py<PyAny>>,
        raise_on_failure: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let mut options =
            RunOptions { refresh: refresh(full_refresh, allow_data_loss), timeout: seconds(timeout)?, ..RunOptions::default() };
        if let Some(vars) = vars {
            options.vars = from_python(&vars, "vars")?;
        }
        if let Some(callback) = on_event {
            options.on_event = event_sink(callback).0;
        }
        let done = block(py, self.0.run(pipeline, &options))?;
        finished(py, "RunReport", &done, done.error.as_ref().filter(|_| raise_on_failure))
    }

    #[pyo3(signature = (select = None, *, exclude = None, publish = "each", full_refresh = false, allow_data_loss = false, force = false, fail_fast = false, concurrency = None, vars = None, on_event = None, raise_on_failure = true))]
    #[expect(clippy::too_many_arguments, reason = "keyword options of the Python signature")]
    fn build<'py>(
        &self,
        py: Python<'py>,
        select: Option<Selection>,
        exclude: Option<Selection>,
        publish: &str,
        full_refresh: bool,
        allow_data_loss: bool,
        force: bool,
        fail_fast: bool,
        concurrency: Option<usize>,
        vars: Option<Bound<'py, PyDict>>,
        on_event: Option<Py<PyAny>>,
        raise_on_failure: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let options = BuildOptions {
            select: selection(select),
            exclude: selection(exclude),
            publish: Publish::from_text(publish).map_err(|e| crate::error::to_python(py, &e))?,
            refresh: refresh(full_refresh, allow_data_loss),
            freshness: if force { Freshness::RunAll } else { Freshness::SkipFresh },
            on_failure: if fail_fast { OnFailure::Stop } else { OnFailure::GoOn },
            concurrency,
            vars: vars.map(|vars| from_python(&vars, "vars")).transpose()?.unwrap_or_default(),
            on_event: on_event.map(event_sink).unwrap_or_default(),
        };
        let done = block(py, self.0.build(&options))?;
        let failure = done.clone().into_result().err().filter(|_| raise_on_failure);
        finished(py, "BuildReport", &done, failure.as_ref())
    }

    #[pyo3(signature = (sql, *, limit = None, timeout = None, namespaces = None))]
    fn query(
        &self,
        py: Python<'_>,
        sql: &str,
        limit: Option<usize>,
        timeout: Option<f64>,
        namespaces: Option<Vec<String>>,
    ) -> PyResult<QueryResult> {
        let options = QueryOptions { limit, timeout: seconds(timeout)?, namespaces, ..QueryOptions::default() };
        block(py, self.0.query(sql, &options)).map(QueryResult::from)
    }

    /// Every verb of this handle raises from now on.
    fn close(&self) {
        self.0.close();
    }

    fn __enter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, _exception: &Bound<'_, PyAny>) {
        self.0.close();
    }

    fn __repr__(&self) -> String {
        format!("<Lake {}>", self.0.url())
    }
}

/// One selection, or a list of them.
#[derive(FromPyObject)]
enum Selection {
    One(String),
    Many(Vec<String>),
}

fn selection(given: Option<Selection>) -> Vec<String> {
    match given {
        None => Vec::new(),
        Some(Selection::One(one)) => vec![one],
        Some(Selection::Many(many)) => many,
    }
}

fn refresh(full_refresh: bool, allow_data_loss: bool) -> Refresh {
    match (full_refresh, allow_data_loss) {
        (false, _) => Refresh::No,
        (true, false) => Refresh::Full,
        (true, true) => Refresh::FullWithLoss,
    }
}

fn seconds(timeout: Option<f64>) -> PyResult<Option<Duration>> {
    let wrong = |_| PyTypeError::new_err("`timeout` is a number of seconds, not negative");
    timeout.map(|seconds| Duration::try_from_secs_f64(seconds).map_err(wrong)).transpose()
}

/// Plain Python data as the core's, through JSON.
fn from_python<T: DeserializeOwned>(data: &Bound<'_, PyDict>, parameter: &str) -> PyResult<T> {
    let text = data.py().import("json")?.call_method1("dumps", (data,))?;
    serde_json::from_str(text.cast::<PyString>()?.to_str()?).map_err(|e| PyTypeError::new_err(format!("`{parameter}`: {e}")))
}

fn event_sink(callback: Py<PyAny>) -> EventSink {
    EventSink(Arc::new(move |event| {
        Python::attach(|py| {
            let called = plain(py, event).and_then(|event| callback.call1(py, (event,)));
            if let Err(raised) = called {
                raised.write_unraisable(py, Some(callback.bind(py)));
            }
        });
    }))
}

/// The report, or `RunFailedError` with it.
fn finished<'py>(py: Python<'py>, class: &str, data: &impl Serialize, failure: Option<&Error>) -> PyResult<Bound<'py, PyAny>> {
    let made = report(py, class, data)?;
    match failure {
        None => Ok(made),
        Some(error) => {
            let failed = py.import("rat.errors")?.getattr("RunFailedError")?.call1((exception(py, error)?, made))?;
            Err(PyErr::from_value(failed))
        }
    }
}
