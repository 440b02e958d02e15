//! Core errors on their way to JavaScript: as JSON in the reason, from which `errors.js` makes the class of the kind.

use rat_core::error::{Diagnostic, Error};
use serde_json::{Value, json};

/// The napi error that carries an error of the core whole.
pub fn to_node(error: &Error) -> napi::Error {
    let context: serde_json::Map<_, _> = error.context().iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
    let carried = json!({
        "kind": error.kind().as_str(),
        "code": error.code().as_str(),
        "message": error.message(),
        "help": error.help(),
        "retryable": error.is_retryable(),
        "drawn": format!("{error:#}"),
        "context": context,
        "diagnostics": error.diagnostics().iter().map(diagnostic).collect::<Vec<_>>(),
    });
    napi::Error::from_reason(carried.to_string())
}

/// A diagnostic as plain data.
pub fn diagnostic(diagnostic: &Diagnostic) -> Value {
    let (start, end) = (diagnostic.start(), diagnostic.end());
    json!({
        "code": diagnostic.code.as_str(),
        "severity": diagnostic.severity.to_string(),
        "message": diagnostic.message,
        "help": diagnostic.help.as_deref().unwrap_or_else(|| diagnostic.code.help()),
        "path": diagnostic.path(),
        "line": start.map(|(line, _)| line),
        "column": start.map(|(_, column)| column),
        "endLine": end.map(|(line, _)| line),
        "endColumn": end.map(|(_, column)| column),
        "drawn": format!("{diagnostic:#}"),
    })
}
