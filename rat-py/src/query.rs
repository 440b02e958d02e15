//! What a query answers: [`QueryResult`] whole, [`QueryStream`] batch by batch.

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, SchemaRef};
use futures::StreamExt;
use pyo3::PyTypeInfo;
use pyo3::exceptions::{PyStopAsyncIteration, PyStopIteration, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyIterator, PyList, PyTuple};
use rat_core::error::{Code, Error};

use crate::arguments::Count;
use crate::arrow::Export;
use crate::bridge::{Call, call};
use crate::error::to_python;
use crate::feed::{Feed, Source, Turn, closed};
use crate::outside::Outside;
use crate::report::plain;
use crate::values::{For, rows};

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
        Export::new(py, &self.0.schema, requested_schema.as_ref())?.stream(py, self.0.batches.clone().into_iter().map(Ok))
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        Export::new(py, &self.0.schema, None)?.schema(py)
    }

    /// The rows as dicts of plain Python values; needs no other package.
    ///
    /// Integers, floats, bool, str, bytes, ``Decimal``, ``date``, ``time`` and ``datetime``, in UTC for a ``TIMESTAMP WITH TIME ZONE``;
    /// lists, and dicts for structs and maps. A map whose keys are lists, structs or maps is a list of tuples. What Python has no value
    /// for is its text in SQL: an ``INTERVAL``, ``1 month 2 days 00:00:03``; a date or time outside of the years 1 to 9999; a time with
    /// nanoseconds.
    fn to_pylist<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        rows(py, &self.0.schema, &self.0.batches, For::Python)
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        self.to_pylist(py)?.try_iter()
    }

    /// A `pyarrow.Table`, without a copy.
    fn to_arrow<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        to_arrow(slf, "table")
    }

    /// A `polars.DataFrame`, without a copy where polars has the type; a `TypeError` where it has none, as for `INTERVAL`.
    fn to_polars<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        to_polars(slf, &slf.get().0.schema)
    }

    /// A `pandas.DataFrame`, by way of pyarrow.
    fn to_pandas<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        to_pandas(slf, "table")
    }

    /// The names of the columns.
    #[getter]
    fn columns(&self) -> Vec<String> {
        columns(&self.0.schema)
    }

    /// The types of the columns, as SQL writes them.
    #[getter]
    fn types(&self) -> Vec<String> {
        types(&self.0.schema)
    }

    /// How many rows there are.
    #[getter]
    fn num_rows(&self) -> usize {
        self.0.num_rows()
    }

    /// How long the query took, planning included, in milliseconds.
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

    /// The rows as JSON has them.
    fn _plain<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        rows(py, &self.0.schema, &self.0.batches, For::Json)
    }

    fn _repr_html_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("rat.display")?.call_method1("result", (slf,))
    }
}

/// The batches of a query as they come: an iterator, an async iterator, a context manager and an Arrow stream. Each batch comes once.
#[pyclass(name = "Stream", module = "rat", frozen)]
pub struct QueryStream {
    schema: SchemaRef,
    batches: Feed<rat_core::QueryStream>,
}

impl Source for rat_core::QueryStream {
    type Item = RecordBatch;

    async fn next(&mut self) -> Result<Option<RecordBatch>, Error> {
        StreamExt::next(self).await.transpose()
    }
}

impl From<rat_core::QueryStream> for QueryStream {
    fn from(stream: rat_core::QueryStream) -> Self {
        Self { schema: stream.schema(), batches: Feed::new(stream) }
    }
}

#[pymethods]
impl QueryStream {
    /// The names of the columns.
    #[getter]
    fn columns(&self) -> Vec<String> {
        columns(&self.schema)
    }

    /// The types of the columns, as SQL writes them.
    #[getter]
    fn types(&self) -> Vec<String> {
        types(&self.schema)
    }

    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(&self, py: Python<'py>, requested_schema: Option<Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyCapsule>> {
        if self.batches.is_over() {
            let error = Error::new(Code::InvalidArgument, "the stream was read to its end or closed, and has no rows left");
            return Err(to_python(py, &error.with_help("ask the query again, or use `query` for rows that are read more than once")));
        }
        let (batches, outside) = (self.batches.clone(), Outside::new(py));
        let next = move || {
            let batch = outside.wait(batches.next()).map(Turn::take);
            // The rows so far would pass for all of them.
            if matches!(batch, Ok(None)) && batches.is_closed() { Err(closed()) } else { batch }
        };
        Export::new(py, &self.schema, requested_schema.as_ref())?.stream(py, std::iter::from_fn(move || next().transpose()))
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        Export::new(py, &self.schema, None)?.schema(py)
    }

    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        call(self.batches.next(), |py, batch| give(py, batch, PyStopIteration::new_err(()))).wait(py)
    }

    fn __aiter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __anext__(&self) -> Call {
        call(self.batches.next(), |py, batch| give(py, batch, PyStopAsyncIteration::new_err(())))
    }

    /// Stops the query, also where another thread waits for it. What was not read is lost.
    fn close(&self) {
        self.batches.close();
    }

    fn __enter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, _exception: &Bound<'_, PyTuple>) {
        self.close();
    }

    fn __aenter__(slf: Py<Self>) -> Call {
        call(async { Ok::<_, Error>(()) }, |_, ()| Ok(slf.into_any()))
    }

    #[pyo3(signature = (*_exception))]
    fn __aexit__(&self, _exception: &Bound<'_, PyTuple>) -> Call {
        self.close();
        call(async { Ok::<_, Error>(()) }, |py, ()| Ok(py.None()))
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
        Export::new(py, self.0.schema_ref(), requested_schema.as_ref())?.array(py, self.0.clone())
    }

    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(&self, py: Python<'py>, requested_schema: Option<Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyCapsule>> {
        Export::new(py, self.0.schema_ref(), requested_schema.as_ref())?.stream(py, [Ok(self.0.clone())].into_iter())
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        Export::new(py, self.0.schema_ref(), None)?.schema(py)
    }

    /// The rows as dicts of plain Python values, as a `Result` gives them.
    fn to_pylist<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        rows(py, self.0.schema_ref(), std::slice::from_ref(&self.0), For::Python)
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        self.to_pylist(py)?.try_iter()
    }

    /// A `pyarrow.RecordBatch`, without a copy.
    fn to_arrow<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        to_arrow(slf, "record_batch")
    }

    /// A `polars.DataFrame`, without a copy where polars has the type; a `TypeError` where it has none, as for `INTERVAL`.
    fn to_polars<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        to_polars(slf, slf.get().0.schema_ref())
    }

    /// A `pandas.DataFrame`, by way of pyarrow.
    fn to_pandas<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        to_pandas(slf, "record_batch")
    }

    /// The first rows alone.
    fn head(&self, rows: Count) -> Self {
        Self(self.0.slice(0, rows.0.min(self.0.num_rows())))
    }

    /// The names of the columns.
    #[getter]
    fn columns(&self) -> Vec<String> {
        columns(self.0.schema_ref())
    }

    /// The types of the columns, as SQL writes them.
    #[getter]
    fn types(&self) -> Vec<String> {
        types(self.0.schema_ref())
    }

    /// How many rows there are.
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

fn give(py: Python<'_>, batch: Turn<rat_core::QueryStream>, end: PyErr) -> PyResult<Py<PyAny>> {
    Ok(Py::new(py, Batch(batch.take().ok_or(end)?))?.into_any())
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

fn to_polars<'py, T: PyTypeInfo>(rows: &Bound<'py, T>, schema: &SchemaRef) -> PyResult<Bound<'py, PyAny>> {
    let polars = optional(rows.py(), "polars")?;
    for (field, sql_type) in schema.fields().iter().zip(types(schema)) {
        if let Some(cast) = unknown_to_polars(field) {
            let name = field.name();
            return Err(PyTypeError::new_err(format!(
                "column `{name}` is {sql_type}, which polars does not have: select `cast({name} as {cast})`"
            )));
        }
    }
    polars.call_method1("DataFrame", (rows,))
}

/// What to cast a column to that polars has no type for, which would be a panic of its own.
fn unknown_to_polars(field: &Field) -> Option<String> {
    let text = || "VARCHAR".to_owned();
    match field.data_type() {
        DataType::Interval(_) => Some(text()),
        DataType::Decimal256(precision, scale) if *precision > 38 => Some(format!("DECIMAL(38, {})", (*scale).min(38))),
        DataType::Struct(fields) => fields.iter().find_map(|field| unknown_to_polars(field)).map(|_| text()),
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) | DataType::Map(item, _) => {
            unknown_to_polars(item).map(|_| text())
        }
        _ => None,
    }
}

fn to_pandas<'py, T: PyTypeInfo>(rows: &Bound<'py, T>, function: &str) -> PyResult<Bound<'py, PyAny>> {
    optional(rows.py(), "pandas")?;
    to_arrow(rows, function)?.call_method0("to_pandas")
}

/// A package that rat does not need and this method does.
fn optional<'py>(py: Python<'py>, package: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import("rat._optional")?.call_method1("package", (package,))
}
