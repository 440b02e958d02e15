//! One problem in the project, with its places.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::{Code, snippet};

/// A text of the project: what labels point into.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Source {
    /// The path inside the project, with `/`, such as `default/pipelines/silver/orders/pipeline.sql`.
    pub path: String,
    /// The whole text.
    pub text: String,
}

impl Source {
    /// A text at a path.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { path: path.into(), text: text.into() })
    }

    /// Line and column of a byte offset, both from 1, the column in characters. An offset past the end is the end.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &self.text[..offset];
        let start = before.rfind('\n').map_or(0, |i| i + 1);
        (before.matches('\n').count() + 1, before[start..].chars().count() + 1)
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing runs until it is mended.
    Error,
    /// It runs, and may surprise.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        })
    }
}

/// A place in a file, and what is to be said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The file.
    pub source: Arc<Source>,
    /// Bytes of its text.
    pub range: Range<usize>,
    /// A few words, or nothing.
    pub text: String,
}

/// A problem found in the project, before or while something runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The word for this problem.
    pub code: Code,
    /// Whether it stops the pipeline.
    pub severity: Severity,
    /// One sentence in the user's words.
    pub message: String,
    /// The way out, one imperative sentence; the code's own help when there is nothing better.
    pub help: Option<String>,
    /// Places; the first is the primary one, at what the user typed. Inside a macro, the calls that led there follow, innermost first.
    pub labels: Vec<Label>,
}

impl Diagnostic {
    /// An error.
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self { code, severity: Severity::Error, message: message.into(), help: None, labels: Vec::new() }
    }

    /// A warning.
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// Adds a place; the first one added is the primary.
    #[must_use]
    pub fn at(mut self, source: &Arc<Source>, range: Range<usize>, text: impl Into<String>) -> Self {
        self.labels.push(Label { source: Arc::clone(source), range, text: text.into() });
        self
    }

    /// Sets the way out.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Whether what they are about can go on.
    pub(crate) fn none_is_error(all: &[Self]) -> bool {
        all.iter().all(|diagnostic| diagnostic.severity != Severity::Error)
    }

    /// The file of the primary place.
    pub fn path(&self) -> Option<&str> {
        self.labels.first().map(|l| l.source.path.as_str())
    }

    /// Line and column where the primary place starts, from 1, columns in characters.
    pub fn start(&self) -> Option<(usize, usize)> {
        self.labels.first().map(|l| l.source.line_column(l.range.start))
    }

    /// Line and column just after the primary place.
    pub fn end(&self) -> Option<(usize, usize)> {
        self.labels.first().map(|l| l.source.line_column(l.range.end))
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return snippet::draw(self, f);
        }
        f.write_str(&self.message)?;
        if let (Some(path), Some((line, column))) = (self.path(), self.start()) {
            write!(f, " ({path}:{line}:{column})")?;
        }
        Ok(())
    }
}
