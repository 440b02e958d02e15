//! CSV: found out from a sample by [`sniff`], read by [`Decoder`].

mod decode;
mod sniff;
mod tokens;

use arrow::datatypes::DataType;

pub(super) use decode::Decoder;
pub(super) use sniff::{Refused, Typed, sniff};
use tokens::Dialect;

use super::moments::Format;
use super::numbers::Notation;

/// What the CSV files of a call look like.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CsvShape {
    pub dialect: Dialect,
    /// Lines at the top that are no records.
    pub skip: usize,
    /// Whether the first record holds names.
    pub header: bool,
    pub columns: Vec<CsvColumn>,
    pub match_by: Match,
    /// The names a call gives to the first columns of every file.
    pub names: Vec<String>,
    pub normalize_names: bool,
    /// What stands for NULL.
    pub nulls: Vec<Vec<u8>>,
    pub quoted_values_are_not_null: bool,
    pub notation: Notation,
    pub null_padding: bool,
    pub ignore_errors: bool,
    pub max_line_bytes: usize,
}

/// A column as it is read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CsvColumn {
    pub name: String,
    pub data_type: DataType,
    pub format: Option<Format>,
}

/// How the columns of a file are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    /// By their names in the header, which all must be there.
    Name,
    /// By their names; one that is not there is NULL.
    NameOrNull,
    /// By their names if the header has them all, else by their places: `columns` was written.
    NameElsePlace,
    /// By their places: there is no header.
    Place,
}

/// The names of a file's columns: trimmed, with a name for those that have none, unlike each other, as the call says.
pub(super) fn column_names(header: Vec<Option<String>>, given: &[String], normalize: bool) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(header.len());
    for (i, name) in header.into_iter().enumerate() {
        let found = match given.get(i) {
            Some(given) => given.clone(),
            None => name.map(|n| n.trim().to_owned()).filter(|n| !n.is_empty()).unwrap_or_else(|| format!("column{i}")),
        };
        let found = if normalize { normalized(&found) } else { found };
        let taken = |name: &str| names.iter().any(|n: &String| n.eq_ignore_ascii_case(name));
        let mut unique = found.clone();
        let mut n = 1;
        while taken(&unique) {
            unique = format!("{found}_{n}");
            n += 1;
        }
        names.push(unique);
    }
    names
}

fn normalized(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    if plain.starts_with(|c: char| c.is_ascii_digit()) { format!("_{plain}") } else { plain }
}
