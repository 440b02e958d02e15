//! Python's values as the core's: parameters of a query, and rows to write.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyList, PyMapping, PyMemoryView, PySequence, PyString, PyTuple};
use rat_core::{Param, Params};

use crate::arguments::{bytes, instant, shown, text};

/// How deep lists may be nested; a list that holds itself is deeper than that.
pub const DEEPEST: usize = 64;

/// Values for a query's placeholders: a list for `?` and `$1`, a dict for `$name`.
pub fn params(given: Option<Bound<'_, PyAny>>) -> PyResult<Params> {
    let Some(given) = given else { return Ok(Params::default()) };
    if let Ok(named) = given.cast::<PyDict>() {
        return fields("params", named).map(Params::named);
    }
    if let Ok(named) = given.cast::<PyMapping>() {
        let named = PyDict::from_sequence(named.items()?.as_any())?;
        return fields("params", &named).map(Params::named);
    }
    if is_list(&given) {
        let values = given.try_iter()?.enumerate().map(|(index, value)| param(&format!("params[{index}]"), &value?, 0));
        return Ok(Params::positional(values.collect::<PyResult<Vec<_>>>()?));
    }
    Err(PyTypeError::new_err(format!("`params` must be a list of values, or a dict of them by name, and is {}", shown(&given))))
}

/// Rows to write: a list of dicts of values by the names of columns.
pub fn rows(given: &Bound<'_, PyAny>) -> PyResult<Vec<Vec<(String, Param)>>> {
    let row = |(index, row): (usize, PyResult<Bound<'_, PyAny>>)| {
        let (row, name) = (row?, format!("data[{index}]"));
        match row.cast::<PyDict>() {
            Ok(row) => fields(&name, row),
            Err(_) => {
                Err(PyTypeError::new_err(format!("`{name}` must be a dict of values by the names of columns, and is {}", shown(&row))))
            }
        }
    };
    given.try_iter()?.enumerate().map(row).collect()
}

/// Whether it is a list, or another sequence that is neither text nor bytes.
pub fn is_list(given: &Bound<'_, PyAny>) -> bool {
    let is_flat = given.is_instance_of::<PyString>() || bytes_like(given);
    given.is_instance_of::<PyList>() || given.is_instance_of::<PyTuple>() || !is_flat && given.cast::<PySequence>().is_ok()
}

fn bytes_like(given: &Bound<'_, PyAny>) -> bool {
    given.is_instance_of::<PyBytes>() || given.is_instance_of::<PyByteArray>() || given.is_instance_of::<PyMemoryView>()
}

fn fields(of: &str, given: &Bound<'_, PyDict>) -> PyResult<Vec<(String, Param)>> {
    let field = |(key, value): (Bound<'_, PyAny>, Bound<'_, PyAny>)| {
        let name =
            text(&key).ok_or_else(|| PyTypeError::new_err(format!("the names in `{of}` must be str, and one is {}", shown(&key))))?;
        let value = param(&format!("{of}[{name:?}]"), &value, 0)?;
        Ok((name, value))
    };
    given.iter().map(field).collect()
}

fn param(name: &str, value: &Bound<'_, PyAny>, depth: usize) -> PyResult<Param> {
    let what = "None, bool, int of 64 bits, float, Decimal of up to 38 digits, str, bytes, date, datetime, time without zone, timedelta, UUID, \
                or a list of these";
    let wrong = || PyTypeError::new_err(format!("`{name}` must be {what}, and is {}", shown(value)));
    Ok(if value.is_none() {
        Param::Null
    } else if value.is_instance_of::<PyBool>() {
        Param::Bool(value.extract()?)
    } else if value.is_instance_of::<PyInt>() {
        Param::Integer(value.extract().map_err(|_| wrong())?)
    } else if value.is_instance_of::<PyFloat>() {
        Param::Number(value.extract()?)
    } else if value.is_instance_of::<PyString>() {
        Param::Text(text(value).ok_or_else(wrong)?)
    } else if is_list(value) && depth < DEEPEST {
        let items = value.try_iter()?.enumerate().map(|(index, item)| param(&format!("{name}[{index}]"), &item?, depth + 1));
        Param::List(items.collect::<PyResult<_>>()?)
    } else if let Some(time) = time(value)? {
        time.ok_or_else(wrong)?
    } else if is_a(value, "decimal", "Decimal")? {
        Param::decimal(&value.str()?.to_string()).ok_or_else(wrong)?
    } else if is_a(value, "uuid", "UUID")? {
        Param::Text(value.str()?.to_string())
    } else if let Some(plain) = scalar(value)? {
        return param(name, &plain, depth + 1);
    } else if let Some(bytes) = bytes(value) {
        Param::Bytes(bytes)
    } else {
        return Err(wrong());
    })
}

/// A scalar of another package, such as numpy's, as Python's own value. `None` for what is none, and for what Python cannot say exactly.
pub fn scalar<'py>(value: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    if is_a(value, "numpy", "generic")? {
        let plain = value.call_method0("item")?;
        let kind = value.getattr("dtype")?.getattr("kind")?.extract::<String>()?;
        if !["M", "m"].contains(&kind.as_str()) || !plain.is_instance_of::<PyInt>() {
            return Ok((!is_a(&plain, "numpy", "generic")?).then_some(plain));
        }
        // What is finer than microseconds comes as a number.
        let Ok(micros) = value.call_method1("astype", (format!("{kind}8[us]"),)) else { return Ok(None) };
        let plain = micros.call_method0("item")?;
        return Ok((micros.eq(value).unwrap_or(false) && !plain.is_instance_of::<PyInt>()).then_some(plain));
    }
    // An array with one item has an index too.
    if is_a(value, "numpy", "ndarray")? {
        return Ok(None);
    }
    Ok(value.getattr_opt("__index__")?.and_then(|index| index.call0().ok()).filter(|whole| whole.is_instance_of::<PyInt>()))
}

/// What the module `datetime` has. `Some(None)` is of it, and no value.
fn time(value: &Bound<'_, PyAny>) -> PyResult<Option<Option<Param>>> {
    let iso = |value: &Bound<'_, PyAny>| PyResult::Ok(value.call_method0("isoformat")?.to_string());
    Ok(Some(if is_a(value, "datetime", "datetime")? {
        match value.getattr("tzinfo")?.is_none() {
            true => Some(Param::Timestamp(value.call_method1("isoformat", (" ",))?.extract()?)),
            false => instant(value).map(Param::TimestampTz),
        }
    } else if is_a(value, "datetime", "date")? {
        Some(Param::Date(iso(value)?))
    } else if is_a(value, "datetime", "time")? {
        value.getattr("tzinfo")?.is_none().then(|| iso(value).map(Param::Time)).transpose()?
    } else if is_a(value, "datetime", "timedelta")? {
        let part = |name: &str| value.getattr(name)?.extract::<i64>();
        let seconds = part("days")? * 86_400 + part("seconds")?;
        seconds.checked_mul(1_000_000).and_then(|micros| Some(Param::Interval(micros.checked_add(part("microseconds").ok()?)?)))
    } else {
        return Ok(None);
    }))
}

fn is_a(value: &Bound<'_, PyAny>, module: &str, class: &str) -> PyResult<bool> {
    is_one_of(value, &[(module, class)])
}

/// Whether a value is of one of these classes of modules. A module that nobody has imported has made no value.
pub fn is_one_of(value: &Bound<'_, PyAny>, classes: &[(&str, &str)]) -> PyResult<bool> {
    let modules = value.py().import("sys")?.getattr("modules")?;
    for (module, class) in classes {
        if let Some(module) = modules.cast::<PyDict>()?.get_item(module)?
            && value.is_instance(&module.getattr(*class)?)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}
