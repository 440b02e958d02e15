//! Core errors as Python exceptions: one class a kind, defined in `rat/errors.py`.

use pyo3::prelude::*;
use rat_core::error::{Error, Kind};

use crate::report::plain;

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
    exception(py, error).map_or_else(|failed| failed, PyErr::from_value)
}

/// The exception as an object, not raised: reports hold one.
pub fn exception<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyAny>> {
    let class = py.import("rat.errors")?.getattr(class_name(error.kind()))?;
    class.call_method1("_from", (plain(py, error)?,))
}
