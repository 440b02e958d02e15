//! YAML into nodes, safely: no tags, no duplicate keys, aliases within a budget.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};

use super::node::{Content, Key, Node, Style};
use crate::error::{Code, Diagnostic, Source};

/// Nodes of one text, aliases counted as often as they are used: a "billion laughs" ends here.
const MAX_NODES: usize = 20_000;
/// Nesting: readers of nodes recurse.
const MAX_DEPTH: usize = 64;

/// The value of a YAML text; `None` when it is empty.
pub(super) fn parse(source: &Arc<Source>) -> Result<Option<Node>, Diagnostic> {
    parse_part(source, 0..source.text.len())
}

/// The value of a YAML text inside another text, such as an annotation's value.
pub(super) fn parse_part(source: &Arc<Source>, range: Range<usize>) -> Result<Option<Node>, Diagnostic> {
    let text = &source.text[range.clone()];
    let places = Places::new(text, range.start);
    let fail = |message: String, range: Range<usize>| {
        Diagnostic::error(Code::InvalidYaml, format!("this YAML cannot be read: {message}")).at(source, range, "")
    };
    let mut builder = Builder { places: &places, stack: Vec::new(), anchors: HashMap::new(), budget: MAX_NODES, root: None };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let at = places.byte(error.marker());
            fail(plain_words(error.info()), at..at)
        })?;
        builder.take(event, &span).map_err(|(message, range)| fail(message, range))?;
    }
    Ok(builder.root.filter(|root| !root.is_null()))
}

/// The scanner's words, in the style of ours.
fn plain_words(info: &str) -> String {
    info.trim_end_matches('.').to_owned()
}

/// From the scanner's lines and columns to bytes. Its character index is not used: it counts comments in bytes.
struct Places<'a> {
    text: &'a str,
    lines: Vec<usize>,
    base: usize,
}

impl<'a> Places<'a> {
    fn new(text: &'a str, base: usize) -> Self {
        let bytes = text.as_bytes();
        let breaks = bytes.iter().enumerate().filter(|(i, b)| **b == b'\n' || (**b == b'\r' && bytes.get(i + 1) != Some(&b'\n')));
        Self { text, lines: std::iter::once(0).chain(breaks.map(|(i, _)| i + 1)).collect(), base }
    }

    fn byte(&self, marker: &Marker) -> usize {
        let line = self.lines.get(marker.line().saturating_sub(1)).copied().unwrap_or(self.text.len());
        let rest = &self.text[line..];
        self.base + line + rest.char_indices().nth(marker.col()).map_or(rest.len(), |(i, _)| i)
    }

    /// The bytes of a span, without the white space that the scanner counts in at its end.
    fn range(&self, span: &Span) -> Range<usize> {
        let (start, end) = (self.byte(&span.start), self.byte(&span.end));
        let shown = self.text.get(start - self.base..end.max(start) - self.base).unwrap_or("");
        start..start + shown.trim_end().len()
    }
}

type Refusal = (String, Range<usize>);

struct Builder<'p> {
    places: &'p Places<'p>,
    stack: Vec<Open>,
    anchors: HashMap<usize, Node>,
    budget: usize,
    root: Option<Node>,
}

/// A list or mapping that is not closed yet.
struct Open {
    start: usize,
    anchor: usize,
    content: Content,
    key: Option<Key>,
}

impl Builder<'_> {
    fn take(&mut self, event: Event<'_>, span: &Span) -> Result<(), Refusal> {
        let range = self.places.range(span);
        match event {
            Event::Scalar(_, _, _, Some(_)) | Event::SequenceStart(_, Some(_)) | Event::MappingStart(_, Some(_)) => {
                Err(("tags are not allowed".to_owned(), range))
            }
            Event::Scalar(text, style, anchor, None) => {
                let style = if style == ScalarStyle::Plain { Style::Plain } else { Style::Quoted };
                self.put(Node::scalar(text, style, range), anchor)
            }
            Event::SequenceStart(anchor, None) => self.open(Content::List(Vec::new()), range, anchor),
            Event::MappingStart(anchor, None) => self.open(Content::Map(Vec::new()), range, anchor),
            Event::SequenceEnd | Event::MappingEnd => self.close(range),
            Event::Alias(id) => match self.anchors.get(&id) {
                Some(node) => {
                    let node = Node { content: node.content.clone(), range };
                    self.put(node, 0)
                }
                None => Err(("an alias cannot stand inside its own anchor".to_owned(), range)),
            },
            Event::DocumentStart(_) if self.root.is_some() => Err(("there is more than one document".to_owned(), range)),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => Ok(()),
        }
    }

    fn open(&mut self, content: Content, range: Range<usize>, anchor: usize) -> Result<(), Refusal> {
        if self.stack.len() == MAX_DEPTH {
            return Err((format!("it is nested deeper than {MAX_DEPTH} levels"), range));
        }
        if self.wants_key() {
            return Err(("a key is a list or a mapping".to_owned(), range));
        }
        self.stack.push(Open { start: range.start, anchor, content, key: None });
        Ok(())
    }

    fn close(&mut self, range: Range<usize>) -> Result<(), Refusal> {
        let open = self.stack.pop().expect("the parser closes only what it opened");
        // A block collection ends where its last part ends; the scanner reports the start of what comes after it.
        let end = match &open.content {
            Content::List(items) if range.is_empty() => items.last().map(|item| item.range.end),
            Content::Map(entries) if range.is_empty() => entries.last().map(|(key, value)| value.range.end.max(key.range.end)),
            _ => None,
        };
        let end = end.unwrap_or(range.end).max(open.start);
        self.put(Node { content: open.content, range: open.start..end }, open.anchor)
    }

    fn wants_key(&self) -> bool {
        matches!(self.stack.last(), Some(Open { content: Content::Map(_), key: None, .. }))
    }

    fn put(&mut self, node: Node, anchor: usize) -> Result<(), Refusal> {
        let size = size(&node, self.budget);
        let Some(rest) = self.budget.checked_sub(size) else {
            return Err((format!("it has more than {MAX_NODES} values"), node.range));
        };
        self.budget = rest;
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.stack.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match (&mut open.content, open.key.take()) {
            (Content::List(items), _) => items.push(node),
            (Content::Map(entries), Some(key)) => entries.push((key, node)),
            (Content::Map(entries), None) => {
                let Content::Scalar { text, .. } = node.content else {
                    return Err(("a key is a list or a mapping".to_owned(), node.range));
                };
                if entries.iter().any(|(key, _)| key.text == text) {
                    return Err((format!("the key `{text}` is there twice"), node.range));
                }
                open.key = Some(Key { text, range: node.range });
            }
            (Content::Scalar { .. }, _) => {}
        }
        Ok(())
    }
}

/// How many nodes an addition costs: a collection's parts were paid when they were put, an alias's were not.
fn size(node: &Node, limit: usize) -> usize {
    match &node.content {
        Content::Scalar { .. } => 1,
        Content::List(items) => items.iter().fold(1, |sum, item| if sum > limit { sum } else { sum + size(item, limit) }),
        Content::Map(entries) => entries.iter().fold(1, |sum, (_, value)| if sum > limit { sum } else { sum + 1 + size(value, limit) }),
    }
}
