//! The calls of `read_csv` and its kin that a query makes.

use std::ops::Range;

use crate::error::Code;

/// A problem in a SQL text, before it is known which template wrote the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The word for this problem.
    pub code: Code,
    /// One sentence in the user's words.
    pub message: String,
    /// The way out, when it is a better one than the code's own.
    pub help: Option<String>,
    /// Bytes of the SQL.
    pub range: Range<usize>,
}

/// Which files a read function reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReadFunction {
    /// `read_csv`, `read_csv_auto`.
    Csv,
    /// `read_parquet`, `parquet_scan`.
    Parquet,
    /// `read_json`, `read_json_auto`.
    Json,
    /// `read_ndjson`, `read_ndjson_auto`.
    Ndjson,
}

/// The value of an option, as written in the call.
#[derive(Debug, Clone, PartialEq)]
pub enum OptionValue {
    /// `NULL`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Number(f64),
    /// `'text'`.
    Text(String),
    /// `['a', 'b']`.
    List(Vec<OptionValue>),
    /// `{'a': 'INTEGER'}`, in the order written.
    Struct(Vec<(String, OptionValue)>),
}

/// One call of a read function on a landing zone.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadCall {
    /// Which files it reads.
    pub function: ReadFunction,
    /// The zone as the template wrote it, `landing://default/orders`.
    pub zone_url: String,
    /// The options in the order written: name, value, and the bytes of the SQL that hold both.
    pub options: Vec<(String, OptionValue, Range<usize>)>,
    /// The table name that stands for the call in the statement.
    pub alias_table: String,
    /// The bytes of the SQL that hold the call.
    pub range: Range<usize>,
}
