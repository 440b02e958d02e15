//! SQL text to the syntax tree that the planner takes.
//!
//! [`parse`] reads one statement, as DuckDB writes SQL. Everything is said in bytes of the SQL text; what those bytes are in the user's
//! files is the template's to say. Knows no table, column or pipeline.

mod depth;
mod parse;
mod read;
mod span;

pub use depth::with_stack;
pub use parse::{Parsed, Reads, parse};
pub use read::{OptionValue, Problem, ReadCall, ReadFunction};
pub use span::byte_range;
