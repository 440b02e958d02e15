//! Reports of the core as the dataclasses of `rat/reports.py`.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use serde::Serialize;

/// Anything serialisable as plain Python data: dicts, lists, text, numbers.
pub fn plain<'py>(py: Python<'py>, data: &impl Serialize) -> PyResult<Bound<'py, PyAny>> {
    let text = serde_json::to_string(data).map_err(|e| PyValueError::new_err(e.to_string()))?;
    py.import("json")?.call_method1("loads", (text,))
}

/// A report as the class of that name in `rat/reports.py`.
pub fn report<'py>(py: Python<'py>, class: &str, data: &impl Serialize) -> PyResult<Bound<'py, PyAny>> {
    py.import("rat.reports")?.getattr(class)?.call_method1("_from", (plain(py, data)?,))
}
