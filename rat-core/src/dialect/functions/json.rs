//! Values inside JSON text, by key, position or path.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{ArrayRef, AsArray, StringBuilder};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result, exec_err, plan_err};
use datafusion::logical_expr::ScalarUDF;
use serde_json::Value;

use super::scalar::Scalar;

fn coerce(types: &[DataType]) -> Result<Vec<DataType>> {
    if types.len() != 2 {
        return plan_err!("a JSON function takes the JSON and a path, {} arguments given", types.len());
    }
    // `j -> 'a' = 'b'` is `j -> ('a' = 'b')`.
    if !(types[1].is_string() || types[1].is_integer() || types[1].is_null()) {
        return plan_err!("a JSON path is a text or a position, and not {}; `->` binds weakest of all, so put it in brackets", types[1]);
    }
    Ok(vec![DataType::Utf8, DataType::Utf8])
}

/// `json -> path`: the value as JSON text.
pub(in crate::dialect) fn extract() -> Arc<ScalarUDF> {
    static FUNCTION: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
        Arc::new(Scalar::udf(
            &["json_extract", "json_extract_path"],
            coerce,
            |_| Ok(DataType::Utf8),
            |args, _| each(args, |value| Some(value.to_string())),
        ))
    });
    Arc::clone(&FUNCTION)
}

/// `json ->> path`: a text without its quotes, anything else as JSON text; JSON's null is NULL.
pub(in crate::dialect) fn extract_string() -> Arc<ScalarUDF> {
    static FUNCTION: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
        Arc::new(Scalar::udf(
            &["json_extract_string", "json_extract_path_text"],
            coerce,
            |_| Ok(DataType::Utf8),
            |args, _| {
                each(args, |value| match value {
                    Value::Null => None,
                    Value::String(text) => Some(text.clone()),
                    other => Some(other.to_string()),
                })
            },
        ))
    });
    Arc::clone(&FUNCTION)
}

fn each(args: &[ArrayRef], shown: fn(&Value) -> Option<String>) -> Result<ArrayRef> {
    let (texts, paths) = (args[0].as_string::<i32>(), args[1].as_string::<i32>());
    let mut builder = StringBuilder::new();
    for (text, path) in texts.iter().zip(paths) {
        let (Some(text), Some(path)) = (text, path) else {
            builder.append_null();
            continue;
        };
        let Ok(value) = serde_json::from_str::<Value>(text) else { return exec_err!("malformed JSON") };
        builder.append_option(find(&value, path)?.and_then(shown));
    }
    Ok(Arc::new(builder.finish()))
}

/// `$.a.b[0]`, `/a/b/0`, or one key.
fn find<'a>(value: &'a Value, path: &str) -> Result<Option<&'a Value>> {
    if path.starts_with('/') {
        return Ok(value.pointer(path));
    }
    let Some(mut rest) = path.strip_prefix('$') else {
        return Ok(match path.parse::<usize>() {
            Ok(position) if value.is_array() => value.get(position),
            _ => value.get(path),
        });
    };
    let mut at = value;
    while !rest.is_empty() {
        let next = if let Some(key) = rest.strip_prefix('.') {
            let (key, after) = match key.strip_prefix('"').and_then(|quoted| quoted.split_once('"')) {
                Some(quoted) => quoted,
                None => key.split_at(key.find(['.', '[']).unwrap_or(key.len())),
            };
            rest = after;
            if key == "*" {
                return exec_err!("`*` in a JSON path is not supported");
            }
            at.get(key)
        } else if let Some((index, after)) = rest.strip_prefix('[').and_then(|index| index.split_once(']')) {
            rest = after;
            let Some(list) = at.as_array() else { return Ok(None) };
            let position = match index.strip_prefix("#-") {
                Some(back) => back.parse().ok().and_then(|back: usize| list.len().checked_sub(back)),
                None => match index.parse::<usize>() {
                    Ok(position) => Some(position),
                    Err(_) => return exec_err!("`[{index}]` in a JSON path is not supported"),
                },
            };
            position.and_then(|position| list.get(position))
        } else {
            return exec_err!("`{path}` is not a JSON path");
        };
        match next {
            Some(next) => at = next,
            None => return Ok(None),
        }
    }
    Ok(Some(at))
}
