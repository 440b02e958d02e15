//! JavaScript's values as the core's: parameters of a query, and rows to write.

use std::fmt::{self, Display, Formatter};

use napi::bindgen_prelude::Result;
use rat_core::{Param, Params};

use crate::arguments::instant;
use crate::error::wrong;
use crate::value::Value;

/// The whole numbers that a double counts without a gap.
const EXACT: f64 = 9_007_199_254_740_991.0;

/// Where a value stands, for the error that names it: nothing is written for the million values that are right.
#[derive(Clone, Copy)]
enum Place<'a> {
    Argument(&'a str),
    Item(&'a Place<'a>, usize),
    Field(&'a Place<'a>, &'a str),
}

impl Display for Place<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument(name) => f.write_str(name),
            Self::Item(place, index) => write!(f, "{place}[{index}]"),
            Self::Field(place, name) => write!(f, "{place}.{name}"),
        }
    }
}

/// Values for `$1`, `?` and `$name`: an array or an object.
pub fn params(name: &str, value: Value) -> Result<Params> {
    match value {
        Value::List(items) => items_of(Place::Argument(name), items).map(Params::positional),
        Value::Object(fields) => fields_of(Place::Argument(name), fields).map(Params::named),
        other => Err(wrong(name, "an array or an object", &other)),
    }
}

/// Rows to write: an array of objects.
pub fn rows(name: &str, rows: Vec<Value>) -> Result<Vec<Vec<(String, Param)>>> {
    let argument = Place::Argument(name);
    let row = |(i, row)| match row {
        // A column that is undefined is one that the row does not have.
        Value::Object(mut fields) => {
            fields.retain(|(_, value)| *value != Value::Undefined);
            fields_of(Place::Item(&argument, i), fields)
        }
        other => Err(wrong(Place::Item(&argument, i), "an object of values by the names of columns", &other)),
    };
    rows.into_iter().enumerate().map(row).collect()
}

fn items_of(place: Place<'_>, items: Vec<Value>) -> Result<Vec<Param>> {
    items.into_iter().enumerate().map(|(i, item)| param(Place::Item(&place, i), item)).collect()
}

fn fields_of(place: Place<'_>, fields: Vec<(String, Value)>) -> Result<Vec<(String, Param)>> {
    let field = |(key, value): (String, Value)| param(Place::Field(&place, &key), value).map(|value| (key, value));
    fields.into_iter().map(field).collect()
}

fn param(place: Place<'_>, value: Value) -> Result<Param> {
    Ok(match value {
        Value::Null => Param::Null,
        Value::Bool(value) => Param::Bool(value),
        Value::Signed(number) => Param::Integer(number),
        Value::Number(number) if number.fract() == 0.0 && number.abs() <= EXACT => Param::Integer(number as i64),
        Value::Number(number) => Param::Number(number),
        Value::Text(text) => Param::Text(text),
        Value::Date(_) => Param::TimestampTz(instant(place, &value)?),
        Value::Bytes(bytes) => Param::Bytes(bytes),
        Value::List(items) => Param::List(items_of(place, items)?),
        other => {
            let expected =
                "null, a boolean, a number, a bigint of 64 bits with its sign, a string, a Date, a Uint8Array or an array of these";
            return Err(wrong(place, expected, &other));
        }
    })
}
