//! Python's arguments as the core's options. What does not fit is a `TypeError` that names the parameter.

use std::path::PathBuf;
use std::time::Duration;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use rat_core::error::{Code, Error};
use rat_core::{Param, Params, Refresh};
use serde::de::DeserializeOwned;

use crate::error::to_python;

/// One selection, or a list of them.
#[derive(FromPyObject)]
pub enum Selection {
    /// `"silver.orders+"`.
    One(String),
    /// `["tag:a", "gold.x"]`.
    Many(Vec<String>),
}

/// The selections as a list.
pub fn selection(given: Option<Selection>) -> Vec<String> {
    match given {
        None => Vec::new(),
        Some(Selection::One(one)) => vec![one],
        Some(Selection::Many(many)) => many,
    }
}

/// A path or URL as the core reads it: text, or anything with `__fspath__`.
pub fn path(given: &Bound<'_, PyAny>) -> PyResult<String> {
    if let Ok(text) = given.cast::<PyString>() {
        return text.to_str().map(str::to_owned).map_err(|_| not_utf8(given.py()));
    }
    let path: PathBuf = given.extract().map_err(|_| PyTypeError::new_err("`path` is a str or os.PathLike"))?;
    path.into_os_string().into_string().map_err(|_| not_utf8(given.py()))
}

fn not_utf8(py: Python<'_>) -> PyErr {
    to_python(py, &Error::new(Code::InvalidArgument, "`path` is not UTF-8").with_help("give the lake's folder a name in UTF-8"))
}

/// A duration in seconds.
pub fn seconds(timeout: Option<f64>) -> PyResult<Option<Duration>> {
    let wrong = |_| PyTypeError::new_err("`timeout` is a number of seconds, not negative");
    timeout.map(|seconds| Duration::try_from_secs_f64(seconds).map_err(wrong)).transpose()
}

/// A moment of a table, as text: a date or datetime is its ISO form, a snapshot its number.
pub fn moment(given: &Bound<'_, PyAny>) -> PyResult<String> {
    if let Ok(text) = given.extract::<String>() {
        return Ok(text);
    }
    if given.is_instance_of::<PyInt>() && !given.is_instance_of::<PyBool>() {
        return given.str()?.extract();
    }
    let iso =
        given.call_method0("isoformat").map_err(|_| PyTypeError::new_err("`as_of` is a datetime, a snapshot id, or the name of a tag"))?;
    iso.extract()
}

/// What a rebuild may lose.
pub fn refresh(full_refresh: bool, allow_data_loss: bool) -> Refresh {
    match (full_refresh, allow_data_loss) {
        (false, _) => Refresh::No,
        (true, false) => Refresh::Full,
        (true, true) => Refresh::FullWithLoss,
    }
}

/// Plain Python data as the core's, through JSON.
pub fn from_python<T: DeserializeOwned + Default>(data: Option<Bound<'_, PyDict>>, parameter: &str) -> PyResult<T> {
    let Some(data) = data else { return Ok(T::default()) };
    let wrong = |e: &dyn std::fmt::Display| PyTypeError::new_err(format!("`{parameter}`: {e}"));
    let text = data.py().import("json")?.call_method1("dumps", (data.as_any(),)).map_err(|e| wrong(&e.value(data.py())))?;
    serde_json::from_str(text.cast::<PyString>()?.to_str()?).map_err(|e| wrong(&e))
}

/// Values for a query's placeholders: a list for `?` and `$1`, a dict for `$name`.
pub fn params(given: Option<Bound<'_, PyAny>>) -> PyResult<Params> {
    let Some(given) = given else { return Ok(Params::default()) };
    if let Ok(named) = given.cast::<PyDict>() {
        let pairs = named.iter().map(|(name, value)| Ok((name.extract()?, param(&value)?))).collect::<PyResult<Vec<_>>>()?;
        return Ok(Params::named(pairs));
    }
    if given.is_instance_of::<PyList>() || given.is_instance_of::<PyTuple>() {
        let values = given.try_iter()?.map(|value| param(&value?)).collect::<PyResult<Vec<_>>>()?;
        return Ok(Params::positional(values));
    }
    Err(PyTypeError::new_err("`params` is a list of values, or a dict of them by name"))
}

fn param(value: &Bound<'_, PyAny>) -> PyResult<Param> {
    let py = value.py();
    let datetime = py.import("datetime")?;
    Ok(if value.is_none() {
        Param::Null
    } else if value.is_instance_of::<PyBool>() {
        Param::Bool(value.extract()?)
    } else if value.is_instance_of::<PyInt>() {
        Param::Integer(value.extract().map_err(|_| PyTypeError::new_err("`params`: a whole number must fit 64 bits"))?)
    } else if value.is_instance_of::<PyFloat>() {
        Param::Number(value.extract()?)
    } else if value.is_instance_of::<PyString>() {
        Param::Text(value.extract()?)
    } else if value.is_instance(&datetime.getattr("datetime")?)? {
        match value.getattr("tzinfo")?.is_none() {
            true => Param::Timestamp(value.call_method1("isoformat", (" ",))?.extract()?),
            false => {
                let text: String = value.call_method0("isoformat")?.extract()?;
                let parsed = chrono::DateTime::parse_from_rfc3339(&text).map_err(|e| PyTypeError::new_err(format!("`params`: {e}")))?;
                Param::TimestampTz(parsed.to_utc())
            }
        }
    } else if value.is_instance(&datetime.getattr("date")?)? {
        Param::Date(value.call_method0("isoformat")?.extract()?)
    } else {
        let message = "`params` holds None, bool, int, float, str, date and datetime; not";
        return Err(PyTypeError::new_err(format!("{message} {}", value.get_type().name()?)));
    })
}
