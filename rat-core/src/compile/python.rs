//! What a Python pipeline reads, as far as its text tells: calls of `ref` with a literal name.
//!
//! The program is not run to find out. A `ref` whose name is computed is found when the program runs, and only then.

use std::ops::Range;
use std::sync::Arc;

use crate::error::{Code, Diagnostic, Label, Source};
use crate::name::Name;
use crate::template::Reference;

/// The tables that a program refers to, each once, in the order of their first call.
pub(super) fn refs(source: &Arc<Source>, namespace: &str) -> (Vec<Reference>, Vec<Diagnostic>) {
    let mut refs: Vec<Reference> = Vec::new();
    let mut diagnostics = Vec::new();
    for range in literal_calls(&source.text) {
        let label = Label { source: Arc::clone(source), range: range.clone(), text: String::new() };
        match Name::parse(&source.text[range], namespace) {
            Ok(name) if refs.iter().any(|known| known.name == name) => {}
            Ok(name) => refs.push(Reference { name, label, calls: Vec::new() }),
            Err(error) => {
                let mut diagnostic = Diagnostic::error(Code::InvalidRef, error.message()).help(error.help());
                diagnostic.labels.push(label);
                diagnostics.push(diagnostic);
            }
        }
    }
    (refs, diagnostics)
}

/// The bytes between the quotes of every `ref("…")`.
fn literal_calls(text: &str) -> Vec<Range<usize>> {
    let mut calls = Vec::new();
    let mut at = 0;
    // What stands before decides whether a word is the function: `x.ref` and `def ref` are something else.
    let mut before = "";
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        if c == '#' {
            at += rest.find('\n').unwrap_or(rest.len());
        } else if c == '"' || c == '\'' {
            at += string(rest);
            before = "";
        } else if c.is_alphabetic() || c == '_' {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
            let word = &rest[..end];
            if word == "ref" && !matches!(before, "." | "def") {
                calls.extend(argument(&rest[end..]).map(|range| at + end + range.start..at + end + range.end));
            }
            at += end;
            before = word;
        } else {
            if !c.is_whitespace() {
                before = &rest[..c.len_utf8()];
            }
            at += c.len_utf8();
        }
    }
    calls
}

/// The inside of the literal in `("…")`, when nothing else is in the brackets.
fn argument(text: &str) -> Option<Range<usize>> {
    let open = text.len() - text.trim_start().len();
    let inner = text[open..].strip_prefix('(')?;
    let start = text.len() - inner.trim_start().len();
    let literal = &text[start..];
    if !literal.starts_with(['"', '\'']) || literal.starts_with("\"\"\"") || literal.starts_with("'''") {
        return None;
    }
    let length = string(literal);
    let after = text[start + length..].trim_start();
    let ends = length >= 2 && literal[..length].ends_with(&literal[..1]);
    (ends && after.starts_with([')', ','])).then_some(start + 1..start + length - 1)
}

/// The bytes of the string that a text begins with, its quotes included; one that does not end goes to the end of its line, or of the text.
fn string(text: &str) -> usize {
    let quote = &text[..1];
    let triple = quote.repeat(3);
    let (open, close) = if text.starts_with(&triple) { (3, triple.as_str()) } else { (1, quote) };
    let mut at = open;
    while let Some(c) = text[at..].chars().next() {
        if text[at..].starts_with(close) {
            return at + close.len();
        }
        match c {
            '\\' => at += 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8),
            '\n' if open == 1 => return at,
            _ => at += c.len_utf8(),
        }
    }
    text.len()
}
