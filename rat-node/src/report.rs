//! Reports of the core as JavaScript has them: camelCase names, bigint for identifiers of snapshots.

use serde::Serialize;
use serde_json::Value as Json;

use crate::value::{TO_JSON, Value};

/// Fields whose keys are names of the user's own: columns, tables, properties, what a setting maps.
const DATA: [&str; 5] = ["inputs", "context", "properties", "samples", "value"];
/// Fields that a double would round: identifiers of 64 bits. Of `inputs`, each value.
const IDENTIFIERS: [&str; 4] = ["snapshot_id", "base_snapshot_id", "parent_id", "inputs"];
/// The most that a double counts to without a gap.
const EXACT: u64 = 9_007_199_254_740_991;

/// Anything the core can say, as plain data.
pub fn report(data: &impl Serialize) -> Value {
    from_json("", serde_json::to_value(data).unwrap_or_default())
}

/// The same as JSON text, for where only text can go.
pub fn text(data: &impl Serialize) -> String {
    named("", serde_json::to_value(data).unwrap_or_default()).to_string()
}

fn from_json(field: &str, json: Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(value),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(id), _) if IDENTIFIERS.contains(&field) => Value::Signed(id),
            // Of the user's own data, what a double would round.
            (Some(whole), _) if DATA.contains(&field) && whole.unsigned_abs() > EXACT => Value::Signed(whole),
            (None, Some(whole)) if DATA.contains(&field) => Value::Unsigned(whole),
            _ => Value::Number(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::Text(text),
        Json::Array(items) => Value::List(items.into_iter().map(|item| from_json(field, item)).collect()),
        Json::Object(fields) => {
            let value = |key: &str, json| if DATA.contains(&field) { from_json(field, json) } else { from_json(key, json) };
            let fields: Vec<_> = fields.into_iter().map(|(key, json)| (name(field, &key), value(&key, json))).collect();
            let is_own = |name: &str| fields.iter().any(|(own, _)| own == name);
            match fields.iter().any(|(_, value)| has_bigint(value)) && !is_own(TO_JSON) {
                true => Value::Identified(fields),
                false => Value::Object(fields),
            }
        }
    }
}

/// Whether a field is a bigint, or a list with one. An object within says it itself.
fn has_bigint(value: &Value) -> bool {
    match value {
        Value::Signed(_) | Value::Unsigned(_) => true,
        Value::List(items) => items.iter().any(has_bigint),
        _ => false,
    }
}

fn named(field: &str, json: Json) -> Json {
    match json {
        Json::Array(items) => Json::Array(items.into_iter().map(|item| named(field, item)).collect()),
        Json::Object(fields) => fields.into_iter().map(|(key, json)| (name(field, &key), named(&key, json))).collect(),
        other => other,
    }
}

/// A key inside of `field`, in camelCase unless it is data.
fn name(field: &str, key: &str) -> String {
    if DATA.contains(&field) {
        return key.to_owned();
    }
    let mut words = key.split('_');
    let mut name = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        name.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name
}
