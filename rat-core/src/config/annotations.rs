//! Annotations: comment lines `-- @key: value` (`# @key: value` in Python) before the first line of code.

use std::ops::Range;
use std::sync::Arc;

use super::node::{Node, Style};
use super::{KEYS, yaml};
use crate::error::{Code, Diagnostic, Source};
use crate::project::Language;

/// The annotations of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotations {
    /// In the order of the file.
    pub entries: Vec<Entry>,
    /// Bytes of the source that are template: what follows the last annotation of the head.
    pub body: Range<usize>,
}

/// One annotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key, in lower case.
    pub key: String,
    /// The value, without white space around it.
    pub value: String,
    /// The place of the key.
    pub key_range: Range<usize>,
    /// The place of the value; empty when there is none.
    pub value_range: Range<usize>,
}

impl Entry {
    /// A value that begins with `[` or `{` is YAML; everything else is text.
    pub(super) fn node(&self, source: &Arc<Source>) -> Result<Node, Diagnostic> {
        if self.value.starts_with(['[', '{'])
            && let Some(node) = yaml::parse_part(source, self.value_range.clone())?
        {
            return Ok(node);
        }
        Ok(Node::scalar(self.value.as_str(), Style::Raw, self.value_range.clone()))
    }
}

/// Reads the annotations at the head of a pipeline. A comment or blank line between them does not end the block; the first line of code
/// does. Warns of annotations that come too late, are written twice, or lack their `:`, when their key is one that rat knows.
pub fn annotations(source: &Arc<Source>, language: Language) -> (Annotations, Vec<Diagnostic>) {
    let mut scan = Scan::new(source, language, KEYS.iter().map(|key| key.name).collect());
    let lines = Lines::new(&source.text, language);
    let start = lines.start;
    let mut body = start;
    let mut in_head = true;
    for line in lines {
        match line.kind {
            LineKind::Comment if in_head => {
                if scan.comment(&line) {
                    body = line.end;
                }
            }
            LineKind::Comment => scan.late(&line),
            LineKind::Blank => {}
            LineKind::Code => {
                in_head = false;
                if !source.text[line.end..].contains('@') {
                    break;
                }
            }
        }
    }
    (Annotations { entries: scan.entries, body: body..source.text.len() }, scan.diagnostics)
}

/// Reads the annotations of a quality test, which may stand anywhere in the file. `keys` are the known ones.
pub(super) fn annotations_anywhere(source: &Arc<Source>, keys: &[&'static str]) -> (Vec<Entry>, Vec<Diagnostic>) {
    let mut scan = Scan::new(source, Language::Sql, keys.to_vec());
    for line in Lines::new(&source.text, Language::Sql).filter(|line| line.kind == LineKind::Comment) {
        scan.comment(&line);
    }
    (scan.entries, scan.diagnostics)
}

/// The body of a quality test: what follows the annotations at its head. Those further down are comments of the SQL.
pub fn test_body(source: &Arc<Source>) -> Range<usize> {
    annotations(source, Language::Sql).0.body
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum LineKind {
    Blank,
    /// A whole line of comment.
    Comment,
    Code,
}

struct Line<'a> {
    kind: LineKind,
    /// The text after the comment mark.
    comment: &'a str,
    /// Where `comment` begins.
    start: usize,
    /// Just after the line break.
    end: usize,
}

/// The lines of a file; inside a block comment every line is blank, as nothing in it counts.
struct Lines<'a> {
    text: &'a str,
    start: usize,
    mark: &'static str,
    /// The end of the block comment we are in.
    until: Option<&'static str>,
    blocks: &'static [(&'static str, &'static str)],
}

impl<'a> Lines<'a> {
    fn new(text: &'a str, language: Language) -> Self {
        let (mark, blocks): (_, &[_]) = match language {
            Language::Sql => ("--", &[("/*", "*/"), ("{#", "#}")]),
            Language::Python => ("#", &[]),
        };
        let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Self { text, start, mark, until: None, blocks }
    }

    fn kind(&mut self, line: &'a str) -> (LineKind, &'a str) {
        let line = line.trim_start();
        if let Some(comment) = line.strip_prefix(self.mark)
            && self.until.is_none()
        {
            return (LineKind::Comment, comment);
        }
        // A line may close one block comment and open the next; code after a block comment is code.
        let mut rest = line;
        loop {
            if let Some(end) = self.until {
                match rest.split_once(end) {
                    Some((_, after)) => {
                        self.until = None;
                        rest = after.trim_start();
                    }
                    None => return (LineKind::Blank, ""),
                }
            }
            match self.blocks.iter().find_map(|(open, close)| Some((rest.strip_prefix(open)?, *close))) {
                Some((after, close)) => {
                    self.until = Some(close);
                    rest = after;
                }
                None => break,
            }
        }
        (if rest.is_empty() { LineKind::Blank } else { LineKind::Code }, "")
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        if self.start >= self.text.len() {
            return None;
        }
        let rest = &self.text[self.start..];
        let length = rest.find('\n').map_or(rest.len(), |at| at + 1);
        let line = rest[..length].trim_end();
        let (kind, comment) = self.kind(line);
        let start = self.start + line.len() - comment.len();
        self.start += length;
        Some(Line { kind, comment, start, end: self.start })
    }
}

struct Scan<'a> {
    source: &'a Arc<Source>,
    mark: &'static str,
    known: Vec<&'static str>,
    entries: Vec<Entry>,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Scan<'a> {
    fn new(source: &'a Arc<Source>, language: Language, known: Vec<&'static str>) -> Self {
        let mark = if language == Language::Sql { "--" } else { "#" };
        Self { source, mark, known, entries: Vec::new(), diagnostics: Vec::new() }
    }

    /// Takes a comment line; whether it is an annotation.
    fn comment(&mut self, line: &Line<'_>) -> bool {
        let Some((key, key_range, rest)) = at_word(line) else { return false };
        let Some(value) = rest.strip_prefix(':') else {
            if self.is_known(&key) {
                let message = format!("`@{key}` is a comment: it has no `:`");
                let help = format!("write `{} @{key}: {}`", self.mark, rest.trim());
                self.diagnostics.push(Diagnostic::warning(Code::MisplacedAnnotation, message).at(self.source, key_range, "").help(help));
            }
            return false;
        };
        let trimmed = value.trim();
        // The comment ends where the value ends, before white space.
        let value_start = line.start + line.comment.len() - value.trim_start().len();
        let entry = Entry { key, value: trimmed.to_owned(), key_range, value_range: value_start..value_start + trimmed.len() };
        if let Some(earlier) = self.entries.iter().position(|earlier| earlier.key == entry.key) {
            let earlier = self.entries.remove(earlier);
            let diagnostic =
                Diagnostic::warning(Code::DuplicateAnnotation, format!("`@{}` is written twice: the last one counts", entry.key))
                    .at(self.source, earlier.key_range, "does not count")
                    .at(self.source, entry.key_range.clone(), "counts");
            self.diagnostics.push(diagnostic);
        }
        self.entries.push(entry);
        true
    }

    /// A comment after code: an annotation there does not count, which its author should hear.
    fn late(&mut self, line: &Line<'_>) {
        let Some((key, key_range, rest)) = at_word(line) else { return };
        if rest.starts_with(':') && self.is_known(&key) {
            let message = format!("`@{key}` comes after the first line of code, and does not count");
            self.diagnostics.push(Diagnostic::warning(Code::MisplacedAnnotation, message).at(self.source, key_range, ""));
        }
    }

    fn is_known(&self, key: &str) -> bool {
        self.known.contains(&key)
    }
}

/// `@word` at the start of a comment: the word in lower case, its place, and what follows it.
fn at_word<'a>(line: &Line<'a>) -> Option<(String, Range<usize>, &'a str)> {
    let comment = line.comment.trim_start();
    let word = comment.strip_prefix('@')?;
    let length = word.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')).count();
    if length == 0 {
        return None;
    }
    let start = line.start + (line.comment.len() - comment.len()) + 1;
    Some((word[..length].to_ascii_lowercase(), start..start + length, word[length..].trim_start()))
}
