//! Reports of the core as the dataclasses of `rat/reports/`.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use rat_core::error::Error;
use serde::Serialize;

use crate::error::exception;

/// Anything serialisable as plain Python data: dicts, lists, text, numbers.
pub fn plain<'py>(py: Python<'py>, data: &impl Serialize) -> PyResult<Bound<'py, PyAny>> {
    let text = serde_json::to_string(data).map_err(|e| PyValueError::new_err(e.to_string()))?;
    py.import("json")?.call_method1("loads", (text,))
}

/// A report as the class of that name in `rat/reports/`.
pub fn report(py: Python<'_>, class: &str, data: &impl Serialize) -> PyResult<Py<PyAny>> {
    Ok(py.import("rat.reports")?.getattr(class)?.call_method1("_from", (plain(py, data)?,))?.unbind())
}

/// A list of reports of one class.
pub fn reports<T: Serialize>(py: Python<'_>, class: &str, data: &[T]) -> PyResult<Py<PyAny>> {
    let made = data.iter().map(|one| report(py, class, one)).collect::<PyResult<Vec<_>>>()?;
    Ok(py.import("rat.reports")?.getattr("Reports")?.call1((made,))?.unbind())
}

/// The report, or `RunFailedError` with it.
pub fn finished(py: Python<'_>, class: &str, data: &impl Serialize, failure: Option<&Error>) -> PyResult<Py<PyAny>> {
    let made = report(py, class, data)?;
    match failure {
        None => Ok(made),
        Some(error) => {
            let failed = py.import("rat.errors")?.getattr("RunFailedError")?.call1((exception(py, error)?, made))?;
            Err(PyErr::from_value(failed))
        }
    }
}
