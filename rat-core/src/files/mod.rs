//! Landed files as tables: CSV, JSON and Parquet, plain or packed, with DuckDB's options and DuckDB's idea of their types.
//!
//! [`samples`] reads the heads of a few files, [`sniff`] finds from them what the files look like ([`Shape`]: columns, types, delimiter,
//! formats), and [`provider`] streams files in that shape. One shape serves all files of a call: a later value that does not fit is
//! `MALFORMED_FILE` at its file, line and column, never another type. Where DuckDB loses data without a word (rounding into a whole-number
//! column, dropping an offset or a time of day), rat refuses the value; docs/reference/landing.md lists these.
//!
//! [`zone`] says where landed files lie. Which of them are read is the caller's business: nothing here knows runs and tables.
//!
//! Memory is bounded whatever the size of a file: a piece of input, a batch of rows, and the longest row.

mod columns;
mod csv;
mod guess;
mod json;
mod moments;
mod numbers;
mod options;
mod parquet;
mod reference;
mod refusal;
mod scan;
mod shape;
mod types;
mod unpack;
pub mod zone;

use bytes::Bytes;

pub use options::{OPTIONS, OptionSpec};
pub use reference::reference;
pub use refusal::Counts;
pub use scan::{FilesTable, provider};
pub use shape::{Shape, samples, schema, sniff};

use crate::storage::Entry;

/// A file to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LandedFile {
    /// The path in the lake, `default/landing/orders/monday.csv`.
    pub path: String,
    /// The size in bytes.
    pub size: u64,
    /// What changes when the content does: the store's etag, or the time of writing where the store has none.
    pub etag: String,
}

impl LandedFile {
    /// A file as a listing shows it.
    pub fn from_entry(entry: &Entry) -> Self {
        let etag = entry.etag.clone().unwrap_or_else(|| entry.modified.timestamp_micros().to_string());
        Self { path: entry.path.clone(), size: entry.size, etag }
    }
}

/// What [`samples`] read of a file: the first bytes, or of a Parquet file the footer.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The path in the lake.
    pub path: String,
    /// The bytes.
    pub bytes: Bytes,
    /// Whether that is the whole file.
    pub whole: bool,
}

/// The Arrow type that a type name stands for, as `columns` and contracts write it.
///
/// # Errors
/// What is wrong with the name, and the near one.
pub fn type_of(name: &str) -> Result<arrow::datatypes::DataType, String> {
    types::parse(name).map_err(|(reason, near)| match near {
        Some(near) => format!("{reason}; {near}"),
        None => reason,
    })
}
