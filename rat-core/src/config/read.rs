//! From text with places to typed values. Every refusal says what the key takes, what it was given, and where.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::node::{Content, Looks, Node, Style};
use super::{Lookback, Origin, Scalar};
use crate::error::{Code, Diagnostic, Label, Source, nearest};
use crate::settings::{parse_duration, parse_size};

pub(super) use super::read_lists::{contract, partition_by, renames, tests};

/// A closed set of words that a key takes.
pub(super) trait Word: Sized {
    const WORDS: &'static [&'static str];
    fn from_word(text: &str) -> Option<Self>;
}

/// Reads values out of one text, and collects what is wrong with them.
pub(super) struct Reader<'a> {
    /// The text that places point into; a caller's values have none.
    pub source: Option<&'a Arc<Source>>,
    /// The one place of all that is read, when the values have none of their own.
    place: Option<&'a Label>,
    /// Where `layer.name` is looked for; `rat.toml` belongs to no namespace.
    pub namespace: Option<&'a str>,
    pub diagnostics: Vec<Diagnostic>,
}

impl<'a> Reader<'a> {
    pub fn new(source: Option<&'a Arc<Source>>, namespace: Option<&'a str>) -> Self {
        Self { source, place: None, namespace, diagnostics: Vec::new() }
    }

    /// Reads what was written in one place and handed on as data.
    pub fn given(place: Option<&'a Label>) -> Self {
        Self { place, ..Self::new(None, None) }
    }

    pub fn origin(&self, node: &Node) -> Origin {
        match self.label(node.range.clone()) {
            Some(label) => Origin::Written(label),
            None => Origin::Call,
        }
    }

    pub fn label(&self, range: Range<usize>) -> Option<Label> {
        match self.source {
            Some(source) => Some(Label { source: Arc::clone(source), range, text: String::new() }),
            None => self.place.cloned(),
        }
    }

    pub fn report(&mut self, mut diagnostic: Diagnostic, range: Range<usize>) {
        diagnostic.labels.extend(self.label(range));
        self.diagnostics.push(diagnostic);
    }

    /// The value has another type than the key takes.
    pub fn wrong_type(&mut self, key: &str, wanted: &str, node: &Node) {
        let mut diagnostic = Diagnostic::error(Code::WrongType, format!("`{key}` takes {wanted}, not {}", node.kind()));
        if wanted == "text" && matches!(node.looks(), Looks::Bool(_) | Looks::Integer(_) | Looks::Float(_)) {
            diagnostic = diagnostic.help("put the value in quotes");
        }
        self.report(diagnostic, node.range.clone());
    }

    /// The value has the right type and cannot be used.
    pub fn invalid(&mut self, message: String, help: Option<String>, range: Range<usize>) {
        let mut diagnostic = Diagnostic::error(Code::InvalidValue, message);
        diagnostic.help = help;
        self.report(diagnostic, range);
    }

    /// A key that is not known is left out, with a warning.
    pub fn unknown_key<'k>(&mut self, key: &str, place: &str, known: impl IntoIterator<Item = &'k str>, range: Range<usize>) {
        let mut diagnostic = Diagnostic::warning(Code::UnknownKey, format!("`{key}` is not a key of {place}"));
        if let Some(near) = nearest(key, known) {
            diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
        }
        self.report(diagnostic, range);
    }

    /// A mapping's entries, none of which may have another name than the known ones; unknown ones are told and left out.
    pub fn fields<'n, const N: usize>(&mut self, place: &str, node: &'n Node, known: [&str; N]) -> Option<[Option<&'n Node>; N]> {
        let Content::Map(entries) = &node.content else {
            self.wrong_type(place, "a mapping", node);
            return None;
        };
        let mut fields = [None; N];
        for (key, value) in entries {
            match known.iter().position(|name| *name == key.text) {
                Some(_) if value.is_null() => {}
                Some(index) => fields[index] = Some(value),
                None => self.unknown_key(&key.text, &format!("`{place}`"), known, key.range.clone()),
            }
        }
        Some(fields)
    }

    /// A field that must be there.
    pub fn required<'n>(&mut self, place: &str, name: &str, field: Option<&'n Node>, node: &Node) -> Option<&'n Node> {
        if field.is_none() {
            self.invalid(format!("`{place}` has no `{name}`"), Some(format!("add `{name}`")), node.range.clone());
        }
        field
    }
}

pub(super) fn text(reader: &mut Reader<'_>, key: &str, node: &Node) -> Option<String> {
    match (&node.content, node.looks()) {
        (Content::Scalar { text, style: Style::Raw }, _) | (Content::Scalar { text, .. }, Looks::Text) => Some(text.clone()),
        _ => {
            reader.wrong_type(key, "text", node);
            None
        }
    }
}

/// Text that names something: not empty, no space around it.
pub(super) fn name(reader: &mut Reader<'_>, key: &str, node: &Node) -> Option<String> {
    let text = text(reader, key, node)?;
    let text = text.trim();
    if text.is_empty() {
        reader.invalid(format!("`{key}` is empty"), Some("write a name, or remove the key".to_owned()), node.range.clone());
        return None;
    }
    Some(text.to_owned())
}

/// A list of names, or names with commas between them. None twice.
pub(super) fn names(reader: &mut Reader<'_>, key: &str, node: &Node) -> Option<Vec<String>> {
    let names: Vec<String> = match &node.content {
        Content::List(items) => items.iter().map(|item| name(reader, key, item)).collect::<Option<_>>()?,
        Content::Map(_) => {
            reader.wrong_type(key, "a list, or text with commas", node);
            return None;
        }
        Content::Scalar { style, .. } if *style != Style::Raw && node.looks() != Looks::Text => {
            reader.wrong_type(key, "a list, or text with commas", node);
            return None;
        }
        Content::Scalar { text, .. } => text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect(),
    };
    if let Some(i) = (1..names.len()).find(|i| names[..*i].contains(&names[*i])) {
        let range = if let Content::List(items) = &node.content { items[i].range.clone() } else { node.range.clone() };
        reader.invalid(format!("`{key}` names `{}` twice", names[i]), Some("remove one of them".to_owned()), range);
        return None;
    }
    Some(names)
}

pub(super) fn word<T: Word>(reader: &mut Reader<'_>, key: &str, node: &Node) -> Option<T> {
    let Content::Scalar { text, .. } = &node.content else {
        reader.wrong_type(key, "one word", node);
        return None;
    };
    let word = T::from_word(text.trim());
    if word.is_none() {
        reader.invalid(format!("`{text}` is not a value of `{key}`"), Some(one_of(text, T::WORDS)), node.range.clone());
    }
    word
}

/// The near miss first, else all that is allowed.
pub(super) fn one_of(text: &str, words: &[&str]) -> String {
    match nearest(text, words.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("write one of {}", words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")),
    }
}

/// `true` and `false`, and the words that YAML once read as them.
pub(super) fn boolean(reader: &mut Reader<'_>, key: &str, node: &Node) -> Option<bool> {
    if let Content::Scalar { text, style } = &node.content
        && *style != Style::Quoted
    {
        match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => return Some(true),
            "false" | "no" | "off" => return Some(false),
            _ => {}
        }
    }
    reader.wrong_type(key, "`true` or `false`", node);
    None
}

/// A whole number, not negative, that fits.
pub(super) fn count<T: TryFrom<i64>>(reader: &mut Reader<'_>, key: &str, node: &Node) -> Option<T> {
    match node.looks() {
        Looks::Integer(number) => {
            let fits = if number < 0 { None } else { T::try_from(number).ok() };
            if fits.is_none() {
                let help = if number < 0 { "write a whole number from 0" } else { "write a smaller number" };
                reader.invalid(format!("`{number}` is out of range for `{key}`"), Some(help.to_owned()), node.range.clone());
            }
            fits
        }
        _ => {
            reader.wrong_type(key, "a whole number", node);
            None
        }
    }
}

/// A whole number from 1.
pub(super) fn positive<T: TryFrom<i64> + Default + PartialEq>(reader: &mut Reader<'_>, key: &str, node: &Node) -> Option<T> {
    let number = count::<T>(reader, key, node)?;
    if number == T::default() {
        reader.invalid(format!("`{key}` is at least 1"), Some("write a whole number from 1".to_owned()), node.range.clone());
        return None;
    }
    Some(number)
}

pub(super) fn duration(reader: &mut Reader<'_>, key: &str, node: &Node) -> Option<Duration> {
    let Content::Scalar { text, .. } = &node.content else {
        reader.wrong_type(key, "a duration", node);
        return None;
    };
    let duration = parse_duration(text);
    if duration.is_none() {
        let help = match node.looks() {
            Looks::Integer(number) => format!("write the unit: `{number}s`, `{number}m`"),
            _ => "write numbers with `w`, `d`, `h`, `m`, `s` or `ms`, such as `1h30m`".to_owned(),
        };
        reader.invalid(format!("`{text}` is not a duration"), Some(help), node.range.clone());
    }
    duration
}

pub(super) fn size(reader: &mut Reader<'_>, key: &str, node: &Node) -> Option<crate::settings::ByteSize> {
    let Content::Scalar { text, .. } = &node.content else {
        reader.wrong_type(key, "a size", node);
        return None;
    };
    let size = parse_size(text);
    if size.is_none() {
        let help = "write a number with `KiB`, `MiB` or `GiB`, such as `128MiB`".to_owned();
        reader.invalid(format!("`{text}` is not a size"), Some(help), node.range.clone());
    }
    size
}

pub(super) fn lookback(reader: &mut Reader<'_>, key: &str, node: &Node) -> Option<Lookback> {
    match node.looks() {
        Looks::Integer(_) => count(reader, key, node).map(Lookback::Number),
        _ => duration(reader, key, node).map(Lookback::Time),
    }
}

pub(super) fn scalar(reader: &mut Reader<'_>, key: &str, node: &Node) -> Option<Scalar> {
    let Content::Scalar { text, .. } = &node.content else {
        reader.wrong_type(key, "one value", node);
        return None;
    };
    match node.looks() {
        Looks::Null => {
            reader.wrong_type(key, "one value", node);
            None
        }
        Looks::Bool(value) => Some(Scalar::Bool(value)),
        Looks::Integer(value) => Some(Scalar::Integer(value)),
        Looks::Float(value) => Some(Scalar::Float(value)),
        Looks::Text => Some(Scalar::Text(text.clone())),
    }
}

/// A mapping from text to text.
pub(super) fn text_map(reader: &mut Reader<'_>, key: &str, node: &Node) -> Option<BTreeMap<String, String>> {
    let Content::Map(entries) = &node.content else {
        reader.wrong_type(key, "a mapping", node);
        return None;
    };
    entries.iter().map(|(field, value)| Some((field.text.clone(), name(reader, &format!("{key}.{}", field.text), value)?))).collect()
}
