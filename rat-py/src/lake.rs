//! The verbs of a lake, each a [`Call`].

use pyo3::prelude::*;
use pyo3::types::PyDict;
use rat_core::{
    BuildOptions, CheckOptions, CompileOptions, Freshness, GraphOptions, InitOptions, MaintainOptions, OnFailure, PlanOptions,
    PreviewOptions, Publish, QueryOptions, RunOptions, TestOptions, WriteOptions,
};

use crate::arguments::{Callback, Count, Moment, Seconds, Text, Texts, from_python, path, refresh, selection};
use crate::arrow::given;
use crate::bridge::{Call, call};
use crate::error::to_python;
use crate::events::Listener;
use crate::graph::Graph;
use crate::handle::RunHandle;
use crate::landing::Landing;
use crate::namespaces::Namespaces;
use crate::params::params;
use crate::query::{QueryResult, QueryStream, preview};
use crate::report::{finished, report, reports};
use crate::runs::Runs;
use crate::tables::Tables;

/// A lake. The class of the public face, `rat.Lake`, holds one.
#[pyclass(module = "rat._rat", frozen)]
pub struct Lake(rat_core::Lake);

/// Opens the lake in a folder that exists.
#[pyfunction]
#[pyo3(signature = (path, *, namespace = None, settings = None, read_only = false))]
pub fn open(
    #[pyo3(from_py_with = path)] path: String,
    namespace: Option<Text>,
    settings: Option<Bound<'_, PyDict>>,
    read_only: bool,
) -> PyResult<Call> {
    let mut builder = rat_core::Lake::builder(&path);
    if let Some(namespace) = namespace {
        builder = builder.namespace(&namespace);
    }
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
pub fn init(#[pyo3(from_py_with = path)] path: String, example: Option<Text>) -> Call {
    let options = InitOptions { example: example.map(|text| text.0) };
    call(async move { rat_core::Lake::init(&path, &options).await }, |py, lake| Ok(Py::new(py, Lake(lake))?.into_any()))
}

#[pymethods]
impl Lake {
    #[pyo3(signature = (select = None))]
    fn check(&self, select: Option<Texts>) -> Call {
        let (lake, options) = (self.0.clone(), CheckOptions { select: select.map(|texts| texts.0) });
        call(async move { lake.check(&options).await }, |py, done| report(py, "CheckReport", &done))
    }

    #[pyo3(signature = (pipeline, *, sql = None, full_refresh = false, vars = None))]
    fn compile(&self, pipeline: Text, sql: Option<Text>, full_refresh: bool, vars: Option<Bound<'_, PyDict>>) -> PyResult<Call> {
        let options =
            CompileOptions { sql: sql.map(|text| text.0), refresh: refresh(full_refresh, false), vars: from_python(vars, "vars")? };
        let lake = self.0.clone();
        Ok(call(async move { lake.compile(&pipeline, &options).await }, |py, done| report(py, "Compiled", &done)))
    }

    #[pyo3(signature = (pipeline, *, full_refresh = false, allow_data_loss = false, vars = None))]
    fn plan(&self, pipeline: Text, full_refresh: bool, allow_data_loss: bool, vars: Option<Bound<'_, PyDict>>) -> PyResult<Call> {
        let options = PlanOptions { refresh: refresh(full_refresh, allow_data_loss), vars: from_python(vars, "vars")? };
        let lake = self.0.clone();
        Ok(call(async move { lake.plan(&pipeline, &options).await }, |py, done| report(py, "WritePlan", &done)))
    }

    #[pyo3(signature = (pipeline = None, *, sql = None, full_refresh = false, vars = None, limit = None, count = false))]
    fn preview(
        &self,
        pipeline: Option<Text>,
        sql: Option<Text>,
        full_refresh: bool,
        vars: Option<Bound<'_, PyDict>>,
        limit: Option<Count>,
        count: bool,
    ) -> PyResult<Call> {
        let options = PreviewOptions {
            sql: sql.map(|text| text.0),
            refresh: refresh(full_refresh, false),
            vars: from_python(vars, "vars")?,
            limit: limit.map_or(PreviewOptions::ROWS, |count| count.0),
            count,
        };
        let lake = self.0.clone();
        Ok(call(async move { lake.preview(pipeline.as_deref(), &options).await }, preview))
    }

    #[pyo3(signature = (select = None, *, vars = None))]
    fn test(&self, select: Option<Texts>, vars: Option<Bound<'_, PyDict>>) -> PyResult<Call> {
        let options = TestOptions { select: select.map(|texts| texts.0), vars: from_python(vars, "vars")? };
        let lake = self.0.clone();
        Ok(call(async move { lake.test(&options).await }, |py, done| reports(py, "TestResult", &done)))
    }

    #[pyo3(signature = (select = None))]
    fn graph(&self, select: Option<Texts>) -> Call {
        let (lake, options) = (self.0.clone(), GraphOptions { select: select.map(|texts| texts.0) });
        let namespace = lake.namespace().to_owned();
        call(async move { lake.graph(&options).await }, |py, graph| Graph::give(py, graph, namespace))
    }

    #[pyo3(signature = (pipeline, *, full_refresh = false, vars = None, timeout = None, allow_data_loss = false, on_event = None, raise_on_failure = true))]
    #[expect(clippy::too_many_arguments, reason = "keyword options of the Python signature")]
    fn run(
        &self,
        pipeline: Text,
        full_refresh: bool,
        vars: Option<Bound<'_, PyDict>>,
        timeout: Option<Seconds>,
        allow_data_loss: bool,
        on_event: Option<Callback>,
        raise_on_failure: bool,
    ) -> PyResult<Call> {
        let (listener, sink) = Listener::new(on_event);
        let options = RunOptions {
            refresh: refresh(full_refresh, allow_data_loss),
            timeout: timeout.map(|seconds| seconds.0),
            vars: from_python(vars, "vars")?,
            on_event: sink.0,
            stop: listener.stop.clone(),
            ..RunOptions::default()
        };
        let lake = self.0.clone();
        Ok(listener.call(async move { lake.run(&pipeline, &options).await }, move |py, done| {
            finished(py, "RunReport", &done, done.error.as_ref().filter(|_| raise_on_failure))
        }))
    }

    #[pyo3(signature = (pipeline, *, full_refresh = false, vars = None, timeout = None, allow_data_loss = false))]
    fn submit(
        &self,
        pipeline: Text,
        full_refresh: bool,
        vars: Option<Bound<'_, PyDict>>,
        timeout: Option<Seconds>,
        allow_data_loss: bool,
    ) -> PyResult<Call> {
        let options = RunOptions {
            refresh: refresh(full_refresh, allow_data_loss),
            timeout: timeout.map(|seconds| seconds.0),
            vars: from_python(vars, "vars")?,
            ..RunOptions::default()
        };
        let lake = self.0.clone();
        Ok(call(async move { lake.submit(&pipeline, &options).await }, RunHandle::give))
    }

    #[pyo3(signature = (select = None, *, exclude = None, publish = None, full_refresh = false, allow_data_loss = false, force = false, fail_fast = false, concurrency = None, vars = None, on_event = None, raise_on_failure = true))]
    #[expect(clippy::too_many_arguments, reason = "keyword options of the Python signature")]
    fn build(
        &self,
        py: Python<'_>,
        select: Option<Texts>,
        exclude: Option<Texts>,
        publish: Option<Text>,
        full_refresh: bool,
        allow_data_loss: bool,
        force: bool,
        fail_fast: bool,
        concurrency: Option<Count>,
        vars: Option<Bound<'_, PyDict>>,
        on_event: Option<Callback>,
        raise_on_failure: bool,
    ) -> PyResult<Call> {
        let (listener, sink) = Listener::new(on_event);
        let options = BuildOptions {
            select: select.map(|texts| texts.0),
            exclude: selection(exclude),
            publish: publish.map(|text| Publish::from_text(&text)).transpose().map_err(|e| to_python(py, &e))?.unwrap_or_default(),
            refresh: refresh(full_refresh, allow_data_loss),
            freshness: if force { Freshness::RunAll } else { Freshness::SkipFresh },
            on_failure: if fail_fast { OnFailure::Stop } else { OnFailure::GoOn },
            concurrency: concurrency.map(|count| count.0),
            vars: from_python(vars, "vars")?,
            on_event: sink,
            stop: listener.stop.clone(),
        };
        let lake = self.0.clone();
        Ok(listener.call(async move { lake.build(&options).await }, move |py, done| {
            let failure = done.clone().into_result().err().filter(|_| raise_on_failure);
            finished(py, "BuildReport", &done, failure.as_ref())
        }))
    }

    #[pyo3(signature = (sql, *, params = None, limit = None, timeout = None, as_of = None, namespaces = None))]
    fn query(
        &self,
        sql: Text,
        params: Option<Bound<'_, PyAny>>,
        limit: Option<Count>,
        timeout: Option<Seconds>,
        as_of: Option<Moment>,
        namespaces: Option<Texts>,
    ) -> PyResult<Call> {
        let options = query_options(params, limit, timeout, as_of, namespaces)?;
        let lake = self.0.clone();
        Ok(call(async move { lake.query(&sql, &options).await }, |py, done| Ok(Py::new(py, QueryResult::from(done))?.into_any())))
    }

    #[pyo3(signature = (sql, *, params = None, limit = None, timeout = None, as_of = None, namespaces = None))]
    fn stream(
        &self,
        sql: Text,
        params: Option<Bound<'_, PyAny>>,
        limit: Option<Count>,
        timeout: Option<Seconds>,
        as_of: Option<Moment>,
        namespaces: Option<Texts>,
    ) -> PyResult<Call> {
        let options = query_options(params, limit, timeout, as_of, namespaces)?;
        let lake = self.0.clone();
        Ok(call(async move { lake.stream(&sql, &options).await }, |py, done| Ok(Py::new(py, QueryStream::from(done))?.into_any())))
    }

    #[pyo3(signature = (table, data, *, strategy = None, unique_key = None, settings = None, timeout = None, on_event = None, raise_on_failure = true))]
    #[expect(clippy::too_many_arguments, reason = "keyword options of the Python signature")]
    fn write(
        &self,
        table: Text,
        data: Bound<'_, PyAny>,
        strategy: Option<Text>,
        unique_key: Option<Texts>,
        settings: Option<Bound<'_, PyDict>>,
        timeout: Option<Seconds>,
        on_event: Option<Callback>,
        raise_on_failure: bool,
    ) -> PyResult<Call> {
        let (listener, sink) = Listener::new(on_event);
        let options = WriteOptions {
            strategy: strategy.map(|text| text.0),
            unique_key: selection(unique_key),
            settings: from_python(settings, "settings")?,
            timeout: timeout.map(|seconds| seconds.0),
            on_event: sink,
            stop: listener.stop.clone(),
        };
        let (lake, data) = (self.0.clone(), given(&data)?);
        Ok(listener.call(async move { lake.write(&table, data, &options).await }, move |py, done| {
            finished(py, "RunReport", &done, done.error.as_ref().filter(|_| raise_on_failure))
        }))
    }

    #[pyo3(signature = (select = None, *, dry_run = false, relocate = false, keep_snapshots = None, keep_for = None, orphan_grace = None, raise_on_failure = true))]
    #[expect(clippy::too_many_arguments, reason = "keyword options of the Python signature")]
    fn maintain(
        &self,
        select: Option<Texts>,
        dry_run: bool,
        relocate: bool,
        keep_snapshots: Option<Count>,
        keep_for: Option<Seconds>,
        orphan_grace: Option<Seconds>,
        raise_on_failure: bool,
    ) -> Call {
        let options = MaintainOptions {
            select: select.map(|texts| texts.0),
            dry_run,
            relocate,
            // No table has more than this says.
            keep_snapshots: keep_snapshots.map(|count| u32::try_from(count.0).unwrap_or(u32::MAX)),
            keep_for: keep_for.map(|seconds| seconds.0),
            orphan_grace: orphan_grace.map(|seconds| seconds.0),
        };
        let lake = self.0.clone();
        call(async move { lake.maintain(&options).await }, move |py, done| {
            let failure = done.clone().into_result().err().filter(|_| raise_on_failure);
            finished(py, "MaintenanceReport", &done, failure.as_ref())
        })
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
    fn url(&self) -> String {
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
    limit: Option<Count>,
    timeout: Option<Seconds>,
    as_of: Option<Moment>,
    namespaces: Option<Texts>,
) -> PyResult<QueryOptions> {
    Ok(QueryOptions {
        params: params(given)?,
        limit: limit.map(|count| count.0),
        timeout: timeout.map(|seconds| seconds.0),
        namespaces: namespaces.map(|texts| texts.0),
        as_of: as_of.map(|moment| moment.0),
    })
}
