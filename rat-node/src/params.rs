//! JavaScript's values as the core's: parameters of a query, and rows to write.

use napi::bindgen_prelude::Result;
use rat_core::{Param, Params};

use crate::arguments::instant;
use crate::error::wrong;
use crate::value::Value;

/// The whole numbers that a double counts without a gap.
const EXACT: f64 = 9_007_199_254_740_991.0;

/// Values for `$1`, `?` and `$name`: an array or an object.
pub fn params(name: &str, value: Value) -> Result<Params> {
    match value {
        Value::List(items) => items_of(name, items).map(Params::positional),
        Value::Object(fields) => fields_of(name, fields).map(Params::named),
        other => Err(wrong(name, "an array or an object", &other)),
    }
}

/// Rows to write: an array of objects.
pub fn rows(name: &str, rows: Vec<Value>) -> Result<Vec<Vec<(String, Param)>>> {
    let row = |(i, row)| match row {
        // A column that is undefined is one that the row does not have.
        Value::Object(fields) => {
            let given = fields.into_iter().filter(|(_, value)| *value != Value::Undefined);
            fields_of(&format!("{name}[{i}]"), given.collect())
        }
        other => Err(wrong(&format!("{name}[{i}]"), "an object of values by the names of columns", &other)),
    };
    rows.into_iter().enumerate().map(row).collect()
}

fn items_of(name: &str, items: Vec<Value>) -> Result<Vec<Param>> {
    items.into_iter().enumerate().map(|(i, item)| param(&format!("{name}[{i}]"), item)).collect()
}

fn fields_of(name: &str, fields: Vec<(String, Value)>) -> Result<Vec<(String, Param)>> {
    fields.into_iter().map(|(key, value)| Ok((key.clone(), param(&format!("{name}.{key}"), value)?))).collect()
}

fn param(name: &str, value: Value) -> Result<Param> {
    Ok(match value {
        Value::Null => Param::Null,
        Value::Bool(value) => Param::Bool(value),
        Value::Signed(number) => Param::Integer(number),
        Value::Number(number) if number.fract() == 0.0 && number.abs() <= EXACT => Param::Integer(number as i64),
        Value::Number(number) if number.is_finite() => Param::Number(number),
        Value::Text(text) => Param::Text(text),
        Value::Date(_) => Param::TimestampTz(instant(name, value)?),
        Value::Bytes(bytes) => Param::Bytes(bytes),
        Value::List(items) => Param::List(items_of(name, items)?),
        other => {
            let expected = "null, a boolean, a number, a bigint of 64 bits, a string, a Date, a Uint8Array or an array of these";
            return Err(wrong(name, expected, &other));
        }
    })
}
