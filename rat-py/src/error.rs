//! Core errors as Python exceptions: one class a kind, defined in `rat/errors.py`.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use rat_core::error::{Diagnostic, Error, Kind};

/// The exception class of a kind.
fn class_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Invalid => "InvalidError",
        Kind::NotFound => "NotFoundError",
        Kind::Conflict => "ConflictError",
        Kind::Rejected => "RejectedError",
        Kind::Denied => "DeniedError",
        Kind::Cancelled => "CancelledError",
        Kind::Timeout => "TimeoutError",
        Kind::Unavailable => "UnavailableError",
        Kind::Corrupt => "CorruptError",
        _ => "InternalError",
    }
}

/// The exception for an error. Whatever goes wrong on the way is itself the exception.
pub fn to_python(py: Python<'_>, error: &Error) -> PyErr {
    exception(py, error).unwrap_or_else(|failed| failed)
}

fn exception(py: Python<'_>, error: &Error) -> PyResult<PyErr> {
    let fields = PyDict::new(py);
    fields.set_item("kind", error.kind().as_str())?;
    fields.set_item("code", error.code().as_str())?;
    fields.set_item("message", error.message())?;
    fields.set_item("help", error.help())?;
    fields.set_item("retryable", error.is_retryable())?;
    fields.set_item("drawn", format!("{error:#}"))?;
    let context = PyDict::new(py);
    for (key, value) in error.context() {
        context.set_item(key, value)?;
    }
    fields.set_item("context", context)?;
    let diagnostics = error.diagnostics().iter().map(|d| diagnostic(py, d)).collect::<PyResult<Vec<_>>>()?;
    fields.set_item("diagnostics", PyList::new(py, diagnostics)?)?;
    let class = py.import("rat.errors")?.getattr(class_name(error.kind()))?;
    Ok(PyErr::from_value(class.call((), Some(&fields))?))
}

/// A diagnostic as `rat.Diagnostic`.
pub fn diagnostic<'py>(py: Python<'py>, diagnostic: &Diagnostic) -> PyResult<Bound<'py, PyAny>> {
    let fields = PyDict::new(py);
    fields.set_item("code", diagnostic.code.as_str())?;
    fields.set_item("severity", diagnostic.severity.to_string())?;
    fields.set_item("message", &diagnostic.message)?;
    fields.set_item("help", diagnostic.help.as_deref().unwrap_or_else(|| diagnostic.code.help()))?;
    fields.set_item("path", diagnostic.path())?;
    fields.set_item("line", diagnostic.start().map(|(line, _)| line))?;
    fields.set_item("column", diagnostic.start().map(|(_, column)| column))?;
    fields.set_item("end_line", diagnostic.end().map(|(line, _)| line))?;
    fields.set_item("end_column", diagnostic.end().map(|(_, column)| column))?;
    fields.set_item("drawn", format!("{diagnostic:#}"))?;
    py.import("rat.errors")?.getattr("Diagnostic")?.call((), Some(&fields))
}
