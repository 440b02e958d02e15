//! What YAML, TOML, annotations and callers have in common: a tree of text with places. What a text means is decided by the key that
//! takes it, so `tags: [no, 1]` and `max_retries: 1` are both what their author meant, and both can be told where they are wrong.

use std::ops::Range;

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub content: Content,
    /// Bytes of the source; empty at 0 for what a caller gave.
    pub range: Range<usize>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    Scalar { text: String, style: Style },
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// How much a scalar's text says about its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// `true`, `12` and `null` are what they look like; everything else is text.
    Plain,
    /// Text, whatever it looks like.
    Quoted,
    /// The value of an annotation: whatever its key wants.
    Raw,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Key {
    pub text: String,
    pub range: Range<usize>,
}

/// What a scalar looks like to somebody who reads YAML.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Looks {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text,
}

impl Node {
    pub fn scalar(text: impl Into<String>, style: Style, range: Range<usize>) -> Self {
        Self { content: Content::Scalar { text: text.into(), style }, range }
    }

    /// A caller's value. It has no place.
    pub fn from_json(value: &serde_json::Value) -> Self {
        use serde_json::Value;
        let content = match value {
            Value::Null => Content::Scalar { text: String::new(), style: Style::Plain },
            Value::Bool(_) | Value::Number(_) => Content::Scalar { text: value.to_string(), style: Style::Plain },
            Value::String(text) => Content::Scalar { text: text.clone(), style: Style::Quoted },
            Value::Array(items) => Content::List(items.iter().map(Node::from_json).collect()),
            Value::Object(map) => {
                Content::Map(map.iter().map(|(key, value)| (Key { text: key.clone(), range: 0..0 }, Node::from_json(value))).collect())
            }
        };
        Self { content, range: 0..0 }
    }

    /// The value without its places.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value;
        match &self.content {
            Content::Scalar { text, .. } => match self.looks() {
                Looks::Null => Value::Null,
                Looks::Bool(value) => Value::Bool(value),
                Looks::Integer(value) => value.into(),
                Looks::Float(value) => serde_json::Number::from_f64(value).map_or_else(|| text.as_str().into(), Value::Number),
                Looks::Text => text.as_str().into(),
            },
            Content::List(items) => Value::Array(items.iter().map(Node::to_json).collect()),
            Content::Map(entries) => Value::Object(entries.iter().map(|(key, value)| (key.text.clone(), value.to_json())).collect()),
        }
    }

    pub fn is_null(&self) -> bool {
        self.looks() == Looks::Null
    }

    /// The YAML 1.2 core schema, without the octal, hexadecimal and non-finite forms that nobody means in a config.
    pub fn looks(&self) -> Looks {
        let Content::Scalar { text, style } = &self.content else { return Looks::Text };
        if *style == Style::Quoted {
            return Looks::Text;
        }
        match text.as_str() {
            "" | "~" | "null" | "Null" | "NULL" => return Looks::Null,
            "true" | "True" | "TRUE" => return Looks::Bool(true),
            "false" | "False" | "FALSE" => return Looks::Bool(false),
            _ => {}
        }
        if let Ok(value) = text.parse() {
            return Looks::Integer(value);
        }
        let numeric =
            text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')) && text.bytes().any(|b| b.is_ascii_digit());
        match text.parse() {
            Ok(value) if numeric => Looks::Float(value),
            _ => Looks::Text,
        }
    }

    /// The kind of value, with its article, for messages.
    pub fn kind(&self) -> &'static str {
        match &self.content {
            Content::List(_) => "a list",
            Content::Map(_) => "a mapping",
            Content::Scalar { .. } => match self.looks() {
                Looks::Null => "nothing",
                Looks::Bool(_) => "a boolean",
                Looks::Integer(_) | Looks::Float(_) => "a number",
                Looks::Text => "text",
            },
        }
    }
}
