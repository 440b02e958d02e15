//! TOML into nodes, with `${NAME}` expanded from the environment.
//!
//! Expansion happens in values, after parsing: whatever a variable holds, it cannot change the shape of the file.

use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::node::{Content, Key, Node, Style};
use crate::error::{Code, Diagnostic, Source};

/// The file as nodes; what cannot be read is told, and the rest is there.
pub(super) fn parse(source: &Arc<Source>, env: &dyn Fn(&str) -> Option<String>) -> (Node, Vec<Diagnostic>) {
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    let mut reader = TomlReader { source, env, diagnostics: Vec::new() };
    for error in errors {
        let range = error.span().unwrap_or(0..0);
        let message = format!("this TOML cannot be read: {}", error.message());
        reader.diagnostics.push(Diagnostic::error(Code::InvalidToml, message).at(source, range, ""));
    }
    let range = table.span();
    let content = reader.table(table.get_ref());
    (Node { content, range }, reader.diagnostics)
}

struct TomlReader<'a> {
    source: &'a Arc<Source>,
    env: &'a dyn Fn(&str) -> Option<String>,
    diagnostics: Vec<Diagnostic>,
}

impl TomlReader<'_> {
    fn table(&mut self, table: &DeTable<'_>) -> Content {
        let mut entries = Vec::with_capacity(table.len());
        for (key, value) in table {
            entries.push((Key { text: key.get_ref().to_string(), range: key.span() }, self.value(value)));
        }
        Content::Map(entries)
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>) -> Node {
        let range = value.span();
        let content = match value.get_ref() {
            DeValue::String(text) => Content::Scalar { text: self.expand(text, &range), style: Style::Quoted },
            DeValue::Integer(number) => {
                let text = match i64::from_str_radix(number.as_str(), number.radix()) {
                    Ok(number) => number.to_string(),
                    Err(_) => number.as_str().to_owned(),
                };
                Content::Scalar { text, style: Style::Plain }
            }
            DeValue::Float(number) => Content::Scalar { text: number.as_str().to_owned(), style: Style::Plain },
            DeValue::Boolean(value) => Content::Scalar { text: value.to_string(), style: Style::Plain },
            DeValue::Datetime(value) => Content::Scalar { text: value.to_string(), style: Style::Quoted },
            DeValue::Array(items) => {
                let mut nodes = Vec::with_capacity(items.len());
                for item in items {
                    nodes.push(self.value(item));
                }
                Content::List(nodes)
            }
            DeValue::Table(table) => self.table(table),
        };
        Node { content, range }
    }

    /// Replaces `${NAME}` by the variable; `$$` is one `$`. The variable's value is never in a message.
    fn expand(&mut self, text: &str, range: &std::ops::Range<usize>) -> String {
        let mut expanded = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            expanded.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some(after) = rest.strip_prefix("$$") {
                expanded.push('$');
                rest = after;
            } else if let Some((name, after)) = rest.strip_prefix("${").and_then(|rest| rest.split_once('}')) {
                match (self.env)(name) {
                    Some(value) => expanded.push_str(&value),
                    None => self.unset(name, range),
                }
                rest = after;
            } else if rest.starts_with("${") {
                let message = format!("`{rest}` has no closing `}}`");
                let help = "close it, or write `$$` for a `$`";
                self.diagnostics.push(Diagnostic::error(Code::InvalidValue, message).at(self.source, range.clone(), "").help(help));
                rest = "";
            } else {
                expanded.push('$');
                rest = &rest[1..];
            }
        }
        expanded.push_str(rest);
        expanded
    }

    fn unset(&mut self, name: &str, range: &std::ops::Range<usize>) {
        let written = format!("${{{name}}}");
        // Escapes in the text may hide the name; then the whole value is the place.
        let place = match self.source.text.get(range.clone()).and_then(|text| text.find(&written)) {
            Some(at) => range.start + at..range.start + at + written.len(),
            None => range.clone(),
        };
        let message = format!("the environment variable `{name}` is not set");
        let diagnostic = Diagnostic::error(Code::UnsetVariable, message).at(self.source, place, "");
        let diagnostic = diagnostic.help(format!("set `{name}`, or write the value"));
        self.diagnostics.push(diagnostic);
    }
}
