//! SQL as DuckDB means it, on an engine that means some of it otherwise.
//!
//! [`parse`] reads one statement: the grammar is `syntax`, and `rewrite` puts on the tree what needs no types (names of columns,
//! `FROM`-first, types, read functions). [`functions`] is everything a query can call and the rules that need types: what `/` means, how a
//! cast rounds, how a timestamp is written. What is not there, or would not answer as DuckDB does, is refused with `UNSUPPORTED_SQL`.
//!
//! Everything is said in bytes of the SQL text; what those bytes are in the user's files is the template's to say. Knows no table, column
//! or pipeline.

mod depth;
mod from_first;
mod functions;
mod lateral;
mod parse;
mod read;
mod reading;
mod relations;
mod rewrite;
mod slips;
mod span;
mod syntax;
mod twins;
mod typed;
mod walk;
mod words;

pub use depth::with_stack;
pub use functions::{Functions, configure, countable, functions, functions_page, texts};
pub use lateral::expand_alias;
pub use parse::{Parsed, Reads, parse};
pub use read::{OptionValue, Problem, ReadCall, ReadFunction};
pub use reading::{is_query, kind, not_a_query, reads_only};
pub use span::byte_range;
pub use twins::tell_apart;
pub use walk::{walk, walk_mut};
