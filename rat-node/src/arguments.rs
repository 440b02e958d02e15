//! What JavaScript says to a verb, as the core wants it. What is of another type or name is refused here, by the parameter's name.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

use chrono::{DateTime, Utc};
use napi::bindgen_prelude::Result;
use napi_derive::napi;
use rat_core::Refresh;
use rat_core::error::{Code, Error, nearest};

use crate::error::{to_node, wrong};
use crate::value::Value;

/// The options of every verb that has some, those that `lib/call.js` takes for itself included. `lib/lake.d.ts` says what they mean.
const OPTIONS: [(&str, &[&str]); 18] = [
    ("open", &["namespace", "settings", "readOnly", "signal"]),
    ("init", &["example", "signal"]),
    ("check", &["signal"]),
    ("compile", &["sql", "fullRefresh", "vars", "signal"]),
    ("plan", &["fullRefresh", "allowDataLoss", "vars", "signal"]),
    ("preview", &["sql", "fullRefresh", "vars", "limit", "count", "signal"]),
    ("test", &["vars", "signal"]),
    ("graph", &["signal"]),
    ("run", &["fullRefresh", "allowDataLoss", "vars", "timeout", "signal", "onEvent", "raiseOnFailure"]),
    ("submit", &["fullRefresh", "allowDataLoss", "vars", "timeout", "signal"]),
    ("runHandle.wait", &["timeout", "signal", "raiseOnFailure"]),
    (
        "build",
        &[
            "exclude",
            "publish",
            "fullRefresh",
            "allowDataLoss",
            "force",
            "failFast",
            "concurrency",
            "vars",
            "signal",
            "onEvent",
            "raiseOnFailure",
        ],
    ),
    ("write", &["strategy", "uniqueKey", "settings", "timeout", "signal", "onEvent", "raiseOnFailure"]),
    ("maintain", &["dryRun", "relocate", "keepSnapshots", "keepFor", "orphanGrace", "signal", "raiseOnFailure"]),
    ("query", &["params", "limit", "timeout", "namespaces", "asOf", "signal"]),
    ("runs.list", &["pipeline", "status", "since", "until", "limit", "after", "signal"]),
    ("landing.preview", &["limit", "signal"]),
    ("landing.restore", &["run", "signal"]),
];

/// The options of every other verb.
const BARE: &[&str] = &["signal"];

/// The names of the options of every verb, for the test that compares them with the declared types.
#[napi]
pub fn options() -> Value {
    let names = |names: &[&str]| Value::List(names.iter().map(|name| Value::Text((*name).to_owned())).collect());
    Value::Object(OPTIONS.iter().map(|(verb, options)| ((*verb).to_owned(), names(options))).collect())
}

/// Refuses an argument that never reaches the core: a signal, a callback.
#[napi]
pub fn refuse(parameter: String, expected: String, given: Value) -> Result<()> {
    Err(wrong(parameter, &expected, &given))
}

/// Refuses what is given to a verb that has no options of its own.
#[napi]
pub fn no_options(verb: String, given: Value) -> Result<()> {
    Options::of(&verb, given).map(drop)
}

/// The options of one call. Each is taken by its name; one that is not given is `None`.
pub struct Options(BTreeMap<String, Value>);

impl Options {
    /// Reads the options of a verb.
    pub fn of(verb: &str, given: Value) -> Result<Self> {
        let fields = match given {
            Value::Undefined => Vec::new(),
            Value::Object(fields) => fields,
            other => return Err(wrong("options", "a plain object", &other)),
        };
        let known = OPTIONS.iter().find(|(name, _)| *name == verb).map_or(BARE, |(_, options)| options);
        if let Some((name, _)) = fields.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            let error = Error::new(Code::InvalidArgument, format!("`{name}` is not an option of `{verb}`"));
            return Err(to_node(&match nearest(name, known.iter().copied()) {
                Some(near) => error.with_help(format!("did you mean `{near}`?")),
                None => error.with_help(format!("its options are {}", known.join(", "))),
            }));
        }
        Ok(Self(fields.into_iter().filter(|(_, value)| *value != Value::Undefined).collect()))
    }

    /// One option, read by one of the functions below.
    pub fn take<T>(&mut self, name: &str, read: impl FnOnce(&str, Value) -> Result<T>) -> Result<Option<T>> {
        self.0.remove(name).map(|value| read(name, value)).transpose()
    }

    /// A boolean; false when it is not given.
    pub fn flag(&mut self, name: &str) -> Result<bool> {
        let read = |name: &str, value| match value {
            Value::Bool(value) => Ok(value),
            other => Err(wrong(name, "a boolean", &other)),
        };
        Ok(self.take(name, read)?.unwrap_or_default())
    }

    /// `fullRefresh` and `allowDataLoss`.
    pub fn refresh(&mut self) -> Result<Refresh> {
        Ok(match (self.flag("fullRefresh")?, self.flag("allowDataLoss")?) {
            (false, _) => Refresh::No,
            (true, false) => Refresh::Full,
            (true, true) => Refresh::FullWithLoss,
        })
    }
}

/// A string.
pub fn text(name: &str, value: Value) -> Result<String> {
    match value {
        Value::Text(text) => Ok(text),
        other => Err(wrong(name, "a string", &other)),
    }
}

/// As [`texts`]; `None` when it is not given.
pub fn selection(name: &str, value: Value) -> Result<Option<Vec<String>>> {
    (value != Value::Undefined).then(|| texts(name, value)).transpose()
}

/// A string, or an array of strings; none when it is not given.
pub fn texts(name: &str, value: Value) -> Result<Vec<String>> {
    match value {
        Value::Undefined => Ok(Vec::new()),
        Value::Text(text) => Ok(vec![text]),
        Value::List(items) => items.into_iter().enumerate().map(|(i, item)| text(&format!("{name}[{i}]"), item)).collect(),
        other => Err(wrong(name, "a string or an array of strings", &other)),
    }
}

/// A whole number that is not negative.
pub fn count(name: &str, value: Value) -> Result<usize> {
    match value {
        // Exact below 2^53, which is what a double counts to.
        Value::Number(number) if number >= 0.0 && number.fract() == 0.0 && number <= 9_007_199_254_740_991.0 => Ok(number as usize),
        other => Err(wrong(name, "a whole number, not negative", &other)),
    }
}

/// A time in seconds.
pub fn seconds(name: &str, value: Value) -> Result<Duration> {
    let expected = "a number of seconds, not negative";
    match value {
        Value::Number(number) => Duration::try_from_secs_f64(number).map_err(|_| wrong(name, expected, &Value::Number(number))),
        other => Err(wrong(name, expected, &other)),
    }
}

/// The instant of a Date.
pub fn instant(name: impl Display, value: &Value) -> Result<DateTime<Utc>> {
    value.instant().ok_or_else(|| wrong(name, "a valid Date", value))
}

/// An instant: a Date, or text as reports have it.
pub fn time(name: &str, value: Value) -> Result<DateTime<Utc>> {
    let instant = match &value {
        Value::Text(text) => DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc()),
        other => other.instant(),
    };
    instant.ok_or_else(|| wrong(name, "a valid Date or ISO 8601 text, with its zone", &value))
}

/// The number of a snapshot.
pub fn snapshot(name: &str, value: Value) -> Result<i64> {
    match value {
        Value::Signed(id) => Ok(id),
        other => Err(wrong(name, "a bigint", &other)),
    }
}

/// A moment, as the core reads it: a Date, a snapshot, or text that is a time or the name of a tag.
pub fn moment(name: &str, value: Value) -> Result<String> {
    match value {
        Value::Text(text) => Ok(text),
        Value::Signed(snapshot) => Ok(snapshot.to_string()),
        Value::Date(_) => Ok(instant(name, &value)?.to_rfc3339()),
        other => Err(wrong(name, "a Date, a bigint or a string", &other)),
    }
}

/// Bytes or text.
pub fn bytes(name: &str, value: Value) -> Result<Vec<u8>> {
    match value {
        Value::Bytes(bytes) => Ok(bytes),
        Value::Text(text) => Ok(text.into_bytes()),
        other => Err(wrong(name, "a Buffer, a Uint8Array or a string", &other)),
    }
}

/// What JSON can say.
pub fn json(name: &str, value: Value) -> Result<serde_json::Value> {
    use serde_json::Value as Json;
    Ok(match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(value),
        // A whole number stays one: `3`, not `3.0`.
        Value::Number(number) if number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_991.0 => Json::from(number as i64),
        Value::Number(number) if number.is_finite() => Json::from(number),
        Value::Signed(number) => Json::from(number),
        Value::Text(text) => Json::String(text),
        // As JSON.stringify writes one.
        Value::Date(_) => Json::String(instant(name, &value)?.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)),
        Value::List(items) => Json::Array(items.into_iter().map(|item| json(name, item)).collect::<Result<_>>()?),
        Value::Object(_) => Json::Object(fields(name, value)?.into_iter().collect()),
        other => return Err(wrong(name, "made of what JSON has, or a Date", &other)),
    })
}

/// An object of what JSON can say.
pub fn fields(name: &str, value: Value) -> Result<BTreeMap<String, serde_json::Value>> {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().filter(|(_, value)| *value != Value::Undefined);
            fields.map(|(key, value)| Ok((key.clone(), json(&format!("{name}.{key}"), value)?))).collect()
        }
        other => Err(wrong(name, "an object", &other)),
    }
}
