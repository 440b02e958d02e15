//! Python's data as JSON, for variables and settings. What JSON does not have is a `TypeError` that says where it is.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyString};
use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value};

use crate::arguments::{Fields, shown, text};
use crate::params::{DEEPEST, is_list, is_one_of, scalar};

/// What has a text that SQL reads: `2024-02-29`, `12.50`.
const TEXTS: [(&str, &str); 4] = [("datetime", "date"), ("datetime", "time"), ("decimal", "Decimal"), ("uuid", "UUID")];

/// Plain Python data as the core's.
pub fn from_python<T: DeserializeOwned + Default>(py: Python<'_>, data: Option<Fields>, parameter: &str) -> PyResult<T> {
    let Some(Fields(data)) = data else { return Ok(T::default()) };
    let wrong = |what: String| {
        PyTypeError::new_err(format!("`{parameter}` must be made of what JSON has, dates, times, Decimals and UUIDs: {what}"))
    };
    let value = value(parameter, data.bind(py), 0)?.map_err(wrong)?;
    serde_json::from_value(value).map_err(|e| wrong(e.to_string()))
}

/// The value, or what is wrong with it.
fn value(name: &str, given: &Bound<'_, PyAny>, depth: usize) -> PyResult<Result<Value, String>> {
    let wrong = || Ok(Err(format!("`{name}` is {}", shown(given))));
    if depth > DEEPEST {
        return Ok(Err(format!("`{name}` is nested deeper than {DEEPEST}")));
    }
    Ok(Ok(if given.is_none() {
        Value::Null
    } else if given.is_instance_of::<PyBool>() {
        Value::Bool(given.extract()?)
    } else if given.is_instance_of::<PyInt>() {
        return Ok(whole(given).ok_or_else(|| format!("`{name}` is {}, which has more than 64 bits", shown(given))));
    } else if given.is_instance_of::<PyFloat>() {
        match Number::from_f64(given.extract()?) {
            Some(number) => Value::Number(number),
            None => return wrong(),
        }
    } else if given.is_instance_of::<PyString>() {
        match text(given) {
            Some(text) => Value::String(text),
            None => return wrong(),
        }
    } else if let Ok(fields) = given.cast::<PyDict>() {
        let mut made = Map::new();
        for (key, field) in fields.iter() {
            let Some(key) = text(&key) else { return Ok(Err(format!("the names in `{name}` must be str, and one is {}", shown(&key)))) };
            match value(&format!("{name}[{key:?}]"), &field, depth + 1)? {
                Ok(field) => made.insert(key, field),
                wrong => return Ok(wrong),
            };
        }
        Value::Object(made)
    } else if is_list(given) {
        let items = given.try_iter()?.enumerate().map(|(index, item)| value(&format!("{name}[{index}]"), &item?, depth + 1));
        match items.collect::<PyResult<Result<_, _>>>()? {
            Ok(items) => Value::Array(items),
            Err(wrong) => return Ok(Err(wrong)),
        }
    } else if is_one_of(given, &TEXTS)? {
        Value::String(given.str()?.to_string())
    } else if let Some(plain) = scalar(given)? {
        return value(name, &plain, depth + 1);
    } else {
        return wrong();
    }))
}

fn whole(given: &Bound<'_, PyAny>) -> Option<Value> {
    given.extract::<i64>().map(Value::from).or_else(|_| given.extract::<u64>().map(Value::from)).ok()
}
