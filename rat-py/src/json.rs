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
    let value = Reader { parameter }.value(parameter, data.bind(py), 0)?;
    serde_json::from_value(value).map_err(|e| Reader { parameter }.wrong(&e.to_string()))
}

struct Reader<'a> {
    parameter: &'a str,
}

impl Reader<'_> {
    fn wrong(&self, what: &str) -> PyErr {
        PyTypeError::new_err(format!("`{}` must be made of what JSON has, dates, times, Decimals and UUIDs: {what}", self.parameter))
    }

    /// The value at a place that is called by this name.
    fn value(&self, name: &str, given: &Bound<'_, PyAny>, depth: usize) -> PyResult<Value> {
        let wrong = || self.wrong(&format!("`{name}` is {}", shown(given)));
        if depth > DEEPEST {
            return Err(self.wrong(&format!("`{name}` is nested deeper than {DEEPEST}")));
        }
        Ok(if given.is_none() {
            Value::Null
        } else if given.is_instance_of::<PyBool>() {
            Value::Bool(given.extract()?)
        } else if given.is_instance_of::<PyInt>() {
            whole(given).ok_or_else(|| self.wrong(&format!("`{name}` is {}, which has more than 64 bits", shown(given))))?
        } else if given.is_instance_of::<PyFloat>() {
            Number::from_f64(given.extract()?).map(Value::Number).ok_or_else(wrong)?
        } else if given.is_instance_of::<PyString>() {
            text(given).map(Value::String).ok_or_else(wrong)?
        } else if let Ok(fields) = given.cast::<PyDict>() {
            let field = |(key, value): (Bound<'_, PyAny>, Bound<'_, PyAny>)| {
                let told = || self.wrong(&format!("the names in `{name}` must be str, and one is {}", shown(&key)));
                let key = text(&key).ok_or_else(told)?;
                let value = self.value(&format!("{name}[{key:?}]"), &value, depth + 1)?;
                Ok((key, value))
            };
            Value::Object(fields.iter().map(field).collect::<PyResult<Map<_, _>>>()?)
        } else if is_list(given) {
            let items = given.try_iter()?.enumerate().map(|(index, item)| self.value(&format!("{name}[{index}]"), &item?, depth + 1));
            Value::Array(items.collect::<PyResult<_>>()?)
        } else if is_one_of(given, &TEXTS)? {
            Value::String(given.str()?.to_string())
        } else {
            let plain = scalar(given)?.ok_or_else(wrong)?;
            self.value(name, &plain, depth + 1)?
        })
    }
}

fn whole(given: &Bound<'_, PyAny>) -> Option<Value> {
    given.extract::<i64>().map(Value::from).or_else(|_| given.extract::<u64>().map(Value::from)).ok()
}
