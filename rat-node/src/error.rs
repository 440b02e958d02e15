//! Core errors on their way to JavaScript: as JSON in the reason, from which `lib/errors.js` makes the class of the kind.

use std::fmt::Display;

use rat_core::error::{Code, Error};

use crate::report::text;
use crate::value::Value;

/// The napi error that carries an error of the core whole.
pub fn to_node(error: &Error) -> napi::Error {
    napi::Error::from_reason(text(error))
}

/// The error of an argument that is not what it should be.
pub fn wrong(parameter: impl Display, expected: &str, given: &Value) -> napi::Error {
    to_node(&Error::new(Code::InvalidArgument, format!("`{parameter}` must be {expected}, and is {}", given.describe())))
}
