//! The verbs of a lake, each a [`Call`].

use pyo3::prelude::*;
use pyo3::types::PyDict;
use rat_core::error::Error;
use rat_core::{
    BuildOptions, CheckOptions, CompileOptions, Freshness, GraphOptions, InitOptions, OnFailure, Publish, QueryOptions, RunOptions,
    TestOptions,
};
use serde::Serialize;

use crate::arguments::{Selection, from_python, moment, params, path, refresh, seconds, selection};
use crate::bridge::{Call, call};
use crate::error::{exception, to_python};
use crate::events::Listener;
use crate::graph::Graph;
use crate::landing::Landing;
use crate::namespaces::Namespaces;
use crate::query::{QueryResult, QueryStream};
use crate::report::{report, reports};
use crate::runs::Runs;
use crate::tables::Tables;

/// A lake. The class of the public face, `rat.Lake`, holds one.
#[pyclass(module = "rat._rat", frozen)]
pub struct Lake(rat_core::Lake);

/// Opens the lake in a folder that exists.
#[pyfunction]
#[pyo3(signature = (path, *, namespace = "default", settings = None, read_only = false))]
pub fn open(
    #[pyo3(from_py_with = path)] path: String,
    namespace: &str,
    settings: Option<Bound<'_, PyDict>>,
    read_only: bool,
) -> PyResult<Call> {
    let mut builder = rat_core::Lake::builder(&path).namespace(namespace);
    if settings.is_some() {
        builder = builder.settings(from_python(settings, "settings")?);
    }
    if read_only {
        builder = builder.read_only();
    }
    Ok(call(builder.open(), |py, lake| Ok(Py::new(py, Lake(lake))?.into_any())))
}

/// Writes a project that runs into a folder, and opens it.
#[pyfunction]
#[pyo3(signature = (path, *, example = None))]
pub fn init(#[pyo3(from_py_with = path)] path: String, example: Option<String>) -> Call {
    let options = InitOptions { example };
    call(async move { rat_core::Lake::init(&path, &options).await }, |py, lake| Ok(Py::new(py, Lake(lake))?.into_any()))
}

#[pymethods]
impl Lake {
    #[pyo3(signature = (select = None))]
    fn check(&self, select: Option<Selection>) -> Call {
        let (lake, options) = (self.0.clone(), CheckOptions { select: selection(select) });
        call(async move { lake.check(&options).await }, |py, done| report(py, "CheckReport", &done))
    }

    #[pyo3(signature = (pipeline, *, sql = None, full_refresh = false, vars = None))]
    fn compile(&self, pipeline: String, sql: Option<String>, full_refresh: bool, vars: Option<Bound<'_, PyDict>>) -> PyResult<Call> {
        let options = CompileOptions { sql, refresh: refresh(full_refresh, false), vars: from_python(vars, "vars")? };
        let lake = self.0.clone();
        Ok(call(async move { lake.compile(&pipeline, &options).await }, |py, done| report(py, "Compiled", &done)))
    }

    #[pyo3(signature = (select = None, *, vars = None))]
    fn test(&self, select: Option<Selection>, vars: Option<Bound<'_, PyDict>>) -> PyResult<Call> {
        let options = TestOptions { select: selection(select), vars: from_python(vars, "vars")? };
        let lake = self.0.clone();
        Ok(call(async move { lake.test(&options).await }, |py, done| reports(py, "TestResult", &done)))
    }

    #[pyo3(signature = (select = None))]
    fn graph(&self, select: Option<Selection>) -> Call {
        let (lake, options) = (self.0.clone(), GraphOptions { select: selection(select) });
        call(async move { lake.graph(&options).await }, Graph::give)
    }

    #[pyo3(signature = (pipeline, *, full_refresh = false, vars = None, timeout = None, allow_data_loss = false, on_event = None, raise_on_failure = true))]
    #[expect(clippy::too_many_arguments, reason = "keyword options of the Python signature")]
    fn run(
        &self,
        pipeline: String,
        full_refresh: bool,
        vars: Option<Bound<'_, PyDict>>,
        timeout: Option<f64>,
        allow_data_loss: bool,
        on_event: Option<Py<PyAny>>,
        raise_on_failure: bool,
    ) -> PyResult<Call> {
        let (listener, sink) = Listener::new(on_event);
        let options = RunOptions {
            refresh: refresh(full_refresh, allow_data_loss),
            timeout: seconds(timeout)?,
            vars: from_python(vars, "vars")?,
            on_event: sink.0,
            ..RunOptions::default()
        };
        let lake = self.0.clone();
        Ok(call(listener.listen(async move { lake.run(&pipeline, &options).await }), move |py, done| {
            finished(py, "RunReport", &done, done.error.as_ref().filter(|_| raise_on_failure))
        }))
    }

    #[pyo3(signature = (select = None, *, exclude = None, publish = "each", full_refresh = false, allow_data_loss = false, force = false, fail_fast = false, concurrency = None, vars = None, on_event = None, raise_on_failure = true))]
    #[expect(clippy::too_many_arguments, reason = "keyword options of the Python signature")]
    fn build(
        &self,
        py: Python<'_>,
        select: Option<Selection>,
        exclude: Option<Selection>,
        publish: &str,
        full_refresh: bool,
        allow_data_loss: bool,
        force: bool,
        fail_fast: bool,
        concurrency: Option<usize>,
        vars: Option<Bound<'_, PyDict>>,
        on_event: Option<Py<PyAny>>,
        raise_on_failure: bool,
    ) -> PyResult<Call> {
        let (listener, sink) = Listener::new(on_event);
        let options = BuildOptions {
            select: selection(select),
            exclude: selection(exclude),
            publish: Publish::from_text(publish).map_err(|e| to_python(py, &e))?,
            refresh: refresh(full_refresh, allow_data_loss),
            freshness: if force { Freshness::RunAll } else { Freshness::SkipFresh },
            on_failure: if fail_fast { OnFailure::Stop } else { OnFailure::GoOn },
            concurrency,
            vars: from_python(vars, "vars")?,
            on_event: sink,
        };
        let lake = self.0.clone();
        Ok(call(listener.listen(async move { lake.build(&options).await }), move |py, done| {
            let failure = done.clone().into_result().err().filter(|_| raise_on_failure);
            finished(py, "BuildReport", &done, failure.as_ref())
        }))
    }

    #[pyo3(signature = (sql, *, params = None, limit = None, timeout = None, as_of = None, namespaces = None))]
    fn query(
        &self,
        sql: String,
        params: Option<Bound<'_, PyAny>>,
        limit: Option<usize>,
        timeout: Option<f64>,
        as_of: Option<Bound<'_, PyAny>>,
        namespaces: Option<Vec<String>>,
    ) -> PyResult<Call> {
        let options = query_options(params, limit, timeout, as_of, namespaces)?;
        let lake = self.0.clone();
        Ok(call(async move { lake.query(&sql, &options).await }, |py, done| Ok(Py::new(py, QueryResult::from(done))?.into_any())))
    }

    #[pyo3(signature = (sql, *, params = None, limit = None, timeout = None, as_of = None, namespaces = None))]
    fn stream(
        &self,
        sql: String,
        params: Option<Bound<'_, PyAny>>,
        limit: Option<usize>,
        timeout: Option<f64>,
        as_of: Option<Bound<'_, PyAny>>,
        namespaces: Option<Vec<String>>,
    ) -> PyResult<Call> {
        let options = query_options(params, limit, timeout, as_of, namespaces)?;
        let lake = self.0.clone();
        Ok(call(async move { lake.stream(&sql, &options).await }, |py, done| Ok(Py::new(py, QueryStream::from(done))?.into_any())))
    }

    #[getter]
    fn tables(&self) -> Tables {
        Tables(self.0.clone())
    }

    #[getter]
    fn runs(&self) -> Runs {
        Runs(self.0.clone())
    }

    #[getter]
    fn landing(&self) -> Landing {
        Landing(self.0.clone())
    }

    #[getter]
    fn namespaces(&self) -> Namespaces {
        Namespaces(self.0.clone())
    }

    #[getter]
    fn url(&self) -> &str {
        self.0.url()
    }

    #[getter]
    fn namespace(&self) -> &str {
        self.0.namespace()
    }

    fn close(&self) {
        self.0.close();
    }
}

fn query_options(
    given: Option<Bound<'_, PyAny>>,
    limit: Option<usize>,
    timeout: Option<f64>,
    as_of: Option<Bound<'_, PyAny>>,
    namespaces: Option<Vec<String>>,
) -> PyResult<QueryOptions> {
    let as_of = as_of.map(|when| moment(&when)).transpose()?;
    Ok(QueryOptions { params: params(given)?, limit, timeout: seconds(timeout)?, namespaces, as_of })
}

/// The report, or `RunFailedError` with it.
fn finished(py: Python<'_>, class: &str, data: &impl Serialize, failure: Option<&Error>) -> PyResult<Py<PyAny>> {
    let made = report(py, class, data)?;
    match failure {
        None => Ok(made),
        Some(error) => {
            let failed = py.import("rat.errors")?.getattr("RunFailedError")?.call1((exception(py, error)?, made))?;
            Err(PyErr::from_value(failed))
        }
    }
}
