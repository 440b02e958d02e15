//! A resolved value and where it came from.

use std::ops::Deref;

use crate::error::Label;

/// A value of a pipeline's config, with its origin. Dereferences to the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it came from.
    pub origin: Origin,
}

/// Where a value came from; later ones win over earlier ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// A file says so: `rat.toml`, `config.yaml` or an annotation. The place is the value's.
    Written(Label),
    /// The caller said so.
    Call,
}

impl Origin {
    /// The place in a file, if it was written in one.
    pub fn label(&self) -> Option<&Label> {
        match self {
            Origin::Written(label) => Some(label),
            Origin::Default | Origin::Call => None,
        }
    }
}

impl<T> Setting<T> {
    /// A value that nobody set.
    pub fn default_value(value: T) -> Self {
        Self { value, origin: Origin::Default }
    }

    /// Whether somebody set it.
    pub fn is_set(&self) -> bool {
        self.origin != Origin::Default
    }
}

impl<T> Deref for Setting<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// As its value: the origin is for people and snapshots, not for data.
impl<T: serde::Serialize> serde::Serialize for Setting<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}
