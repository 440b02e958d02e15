//! Core errors on their way to JavaScript: as JSON in the reason, from which `errors.js` makes the class of the kind.

use rat_core::error::Error;

/// The napi error that carries an error of the core whole.
pub fn to_node(error: &Error) -> napi::Error {
    napi::Error::from_reason(serde_json::to_string(error).unwrap_or_else(|_| error.to_string()))
}
