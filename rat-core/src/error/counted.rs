//! How many of what.

use std::fmt::Display;

/// `1 row`, `2 rows`.
pub fn counted<N: Display + PartialEq + From<u8>>(number: N, of: &str) -> String {
    let plural = if number == N::from(1) { "" } else { "s" };
    format!("{number} {of}{plural}")
}
