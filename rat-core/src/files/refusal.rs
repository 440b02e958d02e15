//! What cannot be read: an error that names the file, line and column, or a row that is left out and counted.

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::error::{Code, Error, Result};

/// How many refused rows are remembered with their places.
const REMEMBERED: usize = 20;
/// How much of a value a message shows.
const SHOWN: usize = 60;

/// What reading the files of a call came to; shared by all its partitions, and exact when they are done.
#[derive(Debug, Default)]
pub struct Counts {
    rows: AtomicU64,
    refused: AtomicU64,
    places: Mutex<Vec<String>>,
}

impl Counts {
    /// Rows read.
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// Rows left out under `ignore_errors`.
    pub fn refused_rows(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// The places of the first refused rows, and what is wrong there.
    pub fn refusals(&self) -> Vec<String> {
        self.places.lock().clone()
    }

    pub(super) fn add_rows(&self, rows: usize) {
        self.rows.fetch_add(rows as u64, Ordering::Relaxed);
    }

    fn refuse(&self, message: &str) {
        self.refused.fetch_add(1, Ordering::Relaxed);
        let mut places = self.places.lock();
        if places.len() < REMEMBERED {
            places.push(message.to_owned());
        }
    }
}

/// A place in a file and what is wrong there.
pub(super) struct Refusal<'a> {
    pub path: &'a str,
    /// From 1.
    pub line: u64,
    /// From 1, in characters.
    pub column: usize,
    pub what: String,
    pub help: &'static str,
}

pub(super) const HELP_TYPE: &str = "mend the value, set `columns`, `types` or `nullstr`, read all as text with `all_varchar = true`, or leave such rows out with `ignore_errors = true`";
pub(super) const HELP_SHAPE: &str =
    "mend the line, fill short rows with `null_padding = true`, or leave such rows out with `ignore_errors = true`";
pub(super) const HELP_RECORD: &str = "mend the record, set `columns`, or leave such records out with `ignore_errors = true`";
pub(super) const HELP_FILE: &str = "land the file again, whole";

impl Refusal<'_> {
    /// The error, or under `ignore_errors` a count.
    pub fn raise(self, ignore: bool, counts: &Counts) -> Result<()> {
        let message = format!("`{}` line {}, column {}: {}", self.path, self.line, self.column, self.what);
        if ignore {
            counts.refuse(&message);
            return Ok(());
        }
        Err(Error::new(Code::MalformedFile, message)
            .with_help(self.help)
            .with_context("file", self.path)
            .with_context("line", self.line)
            .with_context("column", self.column))
    }
}

/// A file that cannot be read at all.
pub(super) fn unreadable(path: &str, what: impl std::fmt::Display, help: &str) -> Error {
    Error::new(Code::MalformedFile, format!("`{path}`: {what}")).with_help(help).with_context("file", path)
}

/// The column of an offset: characters since the line began, from 1.
pub(super) fn column_of(buffer: &[u8], at: usize) -> usize {
    let at = at.min(buffer.len());
    let start = buffer[..at].iter().rposition(|b| matches!(b, b'\n' | b'\r')).map_or(0, |i| i + 1);
    String::from_utf8_lossy(&buffer[start..at]).chars().count() + 1
}

/// A value as a message shows it.
pub(super) fn shown(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("`{}...`", &text[..end]),
        None => format!("`{text}`"),
    }
}
