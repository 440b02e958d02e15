//! What a query answers: [`QueryResult`] whole, [`QueryStream`] batch by batch.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use futures::StreamExt;
use pyo3::PyTypeInfo;
use pyo3::exceptions::{PyStopAsyncIteration, PyStopIteration};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyIterator, PyList, PyTuple};
use rat_core::error::Error;

use crate::arguments::Count;
use crate::arrow::{array_capsules, reader_capsule, rows, stream_capsule};
use crate::bridge::{Call, Outside, Shared, call};
use crate::report::plain;

/// The rows of a query, as Arrow. Anything that speaks the Arrow PyCapsule protocol takes it without a copy.
#[pyclass(name = "Result", module = "rat", frozen)]
pub struct QueryResult(rat_core::QueryResult);

impl From<rat_core::QueryResult> for QueryResult {
    fn from(result: rat_core::QueryResult) -> Self {
        Self(result)
    }
}

#[pymethods]
impl QueryResult {
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(&self, py: Python<'py>, requested_schema: Option<Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyCapsule>> {
        // The protocol lets a producer that cannot cast ignore the wish.
        drop(requested_schema);
        stream_capsule(py, self.0.schema.clone(), self.0.batches.clone())
    }

    fn to_pylist<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        rows(py, &self.0.schema, &self.0.batches)
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        self.to_pylist(py)?.try_iter()
    }

    fn to_arrow<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        to_arrow(slf, "table")
    }

    fn to_polars<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        to_polars(slf)
    }

    fn to_pandas<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        to_pandas(slf, "table")
    }

    #[getter]
    fn columns(&self) -> Vec<String> {
        columns(&self.0.schema)
    }

    #[getter]
    fn types(&self) -> Vec<String> {
        types(&self.0.schema)
    }

    #[getter]
    fn num_rows(&self) -> usize {
        self.0.num_rows()
    }

    #[getter]
    fn duration_ms(&self) -> f64 {
        self.0.duration.as_secs_f64() * 1000.0
    }

    /// The first rows alone.
    fn head(&self, rows: Count) -> Self {
        Self(self.0.head(rows.0))
    }

    fn __len__(&self) -> usize {
        self.num_rows()
    }

    fn __repr__(&self) -> String {
        format!("<Result {}, {:.1} ms>", shape(self.num_rows(), &self.0.schema), self.duration_ms())
    }

    fn _repr_html_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("rat.display")?.call_method1("result", (slf,))
    }
}

/// The batches of a query as they come; an iterator, an async iterator and an Arrow stream. Each batch comes once, whoever asks.
#[pyclass(name = "Stream", module = "rat", frozen)]
pub struct QueryStream {
    schema: SchemaRef,
    batches: Shared<rat_core::QueryStream>,
}

impl From<rat_core::QueryStream> for QueryStream {
    fn from(stream: rat_core::QueryStream) -> Self {
        Self { schema: stream.schema(), batches: Arc::new(tokio::sync::Mutex::new(Some(stream))) }
    }
}

#[pymethods]
impl QueryStream {
    #[getter]
    fn columns(&self) -> Vec<String> {
        columns(&self.schema)
    }

    #[getter]
    fn types(&self) -> Vec<String> {
        types(&self.schema)
    }

    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(&self, py: Python<'py>, requested_schema: Option<Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyCapsule>> {
        drop(requested_schema);
        let batches = Arc::clone(&self.batches);
        let outside = Outside::new(py);
        // The reader has nothing but a text: it says the code and the way out too.
        let told = |e: Error| ArrowError::ExternalError(format!("{e:#}").into());
        let next = std::iter::from_fn(move || outside.wait(next(Arc::clone(&batches))).map_err(told).transpose());
        reader_capsule(py, self.schema.clone(), next)
    }

    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        call(next(Arc::clone(&self.batches)), |py, batch| give(py, batch, PyStopIteration::new_err(()))).wait(py)
    }

    fn __aiter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __anext__(&self) -> Call {
        call(next(Arc::clone(&self.batches)), |py, batch| give(py, batch, PyStopAsyncIteration::new_err(())))
    }

    /// Stops the query. What was not read is lost.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let batches = Arc::clone(&self.batches);
        let closed = async move {
            batches.lock().await.take();
            Ok::<_, Error>(())
        };
        call(closed, |py, ()| Ok(py.None())).wait(py).map(drop)
    }

    fn __enter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyTuple>) -> PyResult<()> {
        self.close(py)
    }

    fn __repr__(&self) -> String {
        format!("<Stream of {}>", counted(self.schema.fields().len(), "column"))
    }
}

/// Some rows of a stream.
#[pyclass(module = "rat", frozen)]
pub struct Batch(RecordBatch);

#[pymethods]
impl Batch {
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_array__<'py>(&self, py: Python<'py>, requested_schema: Option<Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyTuple>> {
        drop(requested_schema);
        array_capsules(py, &self.0)
    }

    fn to_pylist<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        rows(py, &self.0.schema(), std::slice::from_ref(&self.0))
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        self.to_pylist(py)?.try_iter()
    }

    fn to_arrow<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        to_arrow(slf, "record_batch")
    }

    fn to_polars<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        to_polars(slf)
    }

    fn to_pandas<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        to_pandas(slf, "record_batch")
    }

    /// The first rows alone.
    fn head(&self, rows: Count) -> Self {
        Self(self.0.slice(0, rows.0.min(self.0.num_rows())))
    }

    #[getter]
    fn columns(&self) -> Vec<String> {
        columns(self.0.schema_ref())
    }

    #[getter]
    fn types(&self) -> Vec<String> {
        types(self.0.schema_ref())
    }

    #[getter]
    fn num_rows(&self) -> usize {
        self.0.num_rows()
    }

    fn __len__(&self) -> usize {
        self.0.num_rows()
    }

    fn __repr__(&self) -> String {
        format!("<Batch {}>", shape(self.0.num_rows(), self.0.schema_ref()))
    }
}

/// A preview as the class of `rat/reports/`, with its rows.
pub fn preview(py: Python<'_>, done: rat_core::Preview) -> PyResult<Py<PyAny>> {
    let data = plain(py, &done)?;
    let rows = Py::new(py, QueryResult::from(done.data))?;
    Ok(py.import("rat.reports")?.getattr("Preview")?.call_method1("_with", (data, rows))?.unbind())
}

async fn next(batches: Shared<rat_core::QueryStream>) -> Result<Option<RecordBatch>, Error> {
    match batches.lock().await.as_mut() {
        Some(stream) => stream.next().await.transpose(),
        None => Ok(None),
    }
}

fn give(py: Python<'_>, batch: Option<RecordBatch>, end: PyErr) -> PyResult<Py<PyAny>> {
    Ok(Py::new(py, Batch(batch.ok_or(end)?))?.into_any())
}

fn columns(schema: &SchemaRef) -> Vec<String> {
    schema.fields().iter().map(|field| field.name().clone()).collect()
}

fn shape(rows: usize, schema: &SchemaRef) -> String {
    format!("{}, {}", counted(rows, "row"), counted(schema.fields().len(), "column"))
}

fn counted(number: usize, of: &str) -> String {
    format!("{number} {of}{}", if number == 1 { "" } else { "s" })
}

fn types(schema: &SchemaRef) -> Vec<String> {
    rat_core::columns(schema).into_iter().map(|column| column.data_type).collect()
}

/// Rows as what a function of pyarrow makes of them, by the PyCapsule protocol.
fn to_arrow<'py, T: PyTypeInfo>(rows: &Bound<'py, T>, function: &str) -> PyResult<Bound<'py, PyAny>> {
    optional(rows.py(), "pyarrow")?.call_method1(function, (rows,))
}

fn to_polars<'py, T: PyTypeInfo>(rows: &Bound<'py, T>) -> PyResult<Bound<'py, PyAny>> {
    optional(rows.py(), "polars")?.call_method1("DataFrame", (rows,))
}

fn to_pandas<'py, T: PyTypeInfo>(rows: &Bound<'py, T>, function: &str) -> PyResult<Bound<'py, PyAny>> {
    optional(rows.py(), "pandas")?;
    to_arrow(rows, function)?.call_method0("to_pandas")
}

/// A package that rat does not need and this method does.
fn optional<'py>(py: Python<'py>, package: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import("rat._optional")?.call_method1("package", (package,))
}
