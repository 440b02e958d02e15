//! Names of things: `namespace.layer.name`.

use std::fmt;
use std::str::FromStr;

use crate::error::{Code, Error, Result, nearest};

/// The three layers of a lake, in the order data flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Layer {
    /// As it landed.
    Bronze,
    /// Cleaned and typed.
    Silver,
    /// Answers.
    Gold,
}

impl Layer {
    /// All layers, in the order data flows.
    pub const ALL: [Layer; 3] = [Layer::Bronze, Layer::Silver, Layer::Gold];

    /// The layer as it is written, `"silver"`.
    pub fn as_str(self) -> &'static str {
        match self {
            Layer::Bronze => "bronze",
            Layer::Silver => "silver",
            Layer::Gold => "gold",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Layer {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Layer::ALL.into_iter().find(|l| l.as_str() == text).ok_or_else(|| {
            let error = Error::new(Code::UnknownLayer, format!("`{text}` is not a layer"));
            match nearest(text, Layer::ALL.map(Layer::as_str)) {
                Some(near) => error.with_help(format!("did you mean `{near}`?")),
                None => error,
            }
        })
    }
}

/// Whether a text may name a namespace, a pipeline or a landing zone: `^[a-z][a-z0-9_-]*$`, at most 128 characters.
pub fn is_valid_name(text: &str) -> bool {
    text.len() <= 128
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'))
}

/// The full name of a pipeline and of the one table it makes: `default.silver.orders`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name {
    /// The namespace; `default` exists by itself. In SQL it is the catalog.
    pub namespace: String,
    /// The layer. In SQL it is the schema.
    pub layer: Layer,
    /// The last part.
    pub name: String,
}

impl Name {
    /// A name from its parts.
    ///
    /// # Errors
    /// `INVALID_NAME` when a part cannot be used.
    pub fn new(namespace: &str, layer: Layer, name: &str) -> Result<Self> {
        for part in [namespace, name] {
            if !is_valid_name(part) {
                return Err(Error::new(Code::InvalidName, format!("`{part}` cannot be used as a name")));
            }
        }
        Ok(Self { namespace: namespace.to_owned(), layer, name: name.to_owned() })
    }

    /// Reads `layer.name`, in `namespace`, or `namespace.layer.name`.
    ///
    /// # Errors
    /// `INVALID_REF` when it has another number of parts, `UNKNOWN_LAYER`, `INVALID_NAME`.
    pub fn parse(text: &str, namespace: &str) -> Result<Self> {
        match text.split('.').collect::<Vec<_>>().as_slice() {
            [layer, name] => Self::new(namespace, layer.parse()?, name),
            [namespace, layer, name] => Self::new(namespace, layer.parse()?, name),
            _ => Err(Error::new(Code::InvalidRef, format!("`{text}` is not the name of a table"))),
        }
    }

    /// As it is written in SQL: `"default"."silver"."orders"`.
    pub fn to_sql(&self) -> String {
        format!("\"{}\".\"{}\".\"{}\"", self.namespace, self.layer, self.name)
    }

    /// `layer.name`, what people say inside one namespace.
    pub fn short(&self) -> String {
        format!("{}.{}", self.layer, self.name)
    }

    /// The name as it is said where this is the current namespace: `layer.name` inside it, and in full from another.
    pub fn within(&self, namespace: &str) -> String {
        if self.namespace == namespace { self.short() } else { self.to_string() }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.namespace, self.layer, self.name)
    }
}

impl serde::Serialize for Name {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
