//! `rat.Result`: what a query answered.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyList};

use crate::arrow::{rows, stream_capsule};

/// The rows of a query, as Arrow. Anything that speaks the Arrow PyCapsule protocol takes it without a copy.
#[pyclass(name = "Result", module = "rat", frozen)]
pub struct QueryResult {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    duration_ms: f64,
}

impl From<rat_core::QueryResult> for QueryResult {
    fn from(result: rat_core::QueryResult) -> Self {
        Self { schema: result.schema, batches: result.batches, duration_ms: result.duration.as_secs_f64() * 1000.0 }
    }
}

#[pymethods]
impl QueryResult {
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(&self, py: Python<'py>, requested_schema: Option<Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyCapsule>> {
        // The protocol lets a producer that cannot cast ignore the wish.
        drop(requested_schema);
        stream_capsule(py, self.schema.clone(), self.batches.clone())
    }

    /// The rows as a list of dicts of plain Python values; needs no other package.
    fn to_pylist<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        rows(py, &self.schema, &self.batches)
    }

    /// A `pyarrow.Table`.
    fn to_arrow<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("pyarrow")?.call_method1("table", (slf,))
    }

    /// A `polars.DataFrame`.
    fn to_polars<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("polars")?.call_method1("DataFrame", (slf,))
    }

    /// A `pandas.DataFrame`, by way of pyarrow.
    fn to_pandas<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        Self::to_arrow(slf)?.call_method0("to_pandas")
    }

    /// The names of the columns.
    #[getter]
    fn columns(&self) -> Vec<String> {
        self.schema.fields().iter().map(|field| field.name().clone()).collect()
    }

    /// How many rows there are.
    #[getter]
    fn num_rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// How long the query took, in milliseconds.
    #[getter]
    fn duration_ms(&self) -> f64 {
        self.duration_ms
    }

    fn __len__(&self) -> usize {
        self.num_rows()
    }

    fn __repr__(&self) -> String {
        format!("<Result {} rows, {} columns, {:.1} ms>", self.num_rows(), self.schema.fields().len(), self.duration_ms)
    }
}
