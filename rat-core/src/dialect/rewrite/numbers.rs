//! `1_000_000` is one million.

use datafusion::sql::sqlparser::ast::{Value, ValueWithSpan};

pub(super) fn value(value: &mut ValueWithSpan) {
    if let Value::Number(digits, _) = &mut value.value {
        digits.retain(|c| c != '_');
    }
}
