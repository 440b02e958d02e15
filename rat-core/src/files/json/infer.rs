//! The types of JSON values, from a sample.

use arrow::datatypes::DataType;
use serde_json::Value;

use super::split::{self, Piece, Place};
use super::{JsonColumn, JsonShape, Kind, Layout};
use crate::dialect::ReadFunction;
use crate::files::csv::Typed;
use crate::files::guess::{Formats, Guess};
use crate::files::moments::Format;
use crate::files::numbers::Notation;
use crate::files::options::{JsonFormat, Options};
use crate::files::types::HUGEINT;

const SAMPLE_RECORDS: usize = 20_480;
const MAX_OBJECT_BYTES: usize = 16 << 20;
/// An object with more keys than this whose values are alike is a map.
const MAP_KEYS: usize = 200;

/// Samples without one record that can be read: the first that cannot.
pub(in crate::files) struct Flaw {
    /// Which sample it is in.
    pub sample: usize,
    pub line: usize,
    pub what: String,
}

/// What was seen at one place of the records.
#[derive(Debug, Clone, Default)]
struct Node {
    booleans: bool,
    numbers: Option<Number>,
    text: Option<Guess>,
    fields: Option<Vec<(String, Node)>>,
    items: Option<Box<Node>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Number {
    Long,
    Huge,
    Double,
}

impl Node {
    fn add(&mut self, value: &Value, formats: &Formats) {
        match value {
            Value::Null => {}
            Value::Bool(_) => self.booleans = true,
            Value::Number(number) => {
                let kind = match (number.is_i64(), number.is_u64()) {
                    (true, _) => Number::Long,
                    (false, true) => Number::Huge,
                    (false, false) => Number::Double,
                };
                self.numbers = self.numbers.max(Some(kind));
            }
            Value::String(text) => self.text.get_or_insert_with(|| Guess::moments(formats)).add(text.as_bytes(), Notation::default()),
            Value::Array(values) => {
                let items = self.items.get_or_insert_default();
                for value in values {
                    items.add(value, formats);
                }
            }
            Value::Object(object) => {
                let fields = self.fields.get_or_insert_default();
                for (place, (key, value)) in object.iter().enumerate() {
                    // Records mostly have the same keys in the same order.
                    let known = match fields.get(place) {
                        Some((name, _)) if name == key => Some(place),
                        _ => fields.iter().position(|(name, _)| name == key),
                    };
                    let place = known.unwrap_or_else(|| {
                        fields.push((key.clone(), Node::default()));
                        fields.len() - 1
                    });
                    fields[place].1.add(value, formats);
                }
            }
        }
    }

    fn merge(&mut self, other: &Node) -> bool {
        let before = self.kinds();
        self.booleans |= other.booleans;
        self.numbers = self.numbers.max(other.numbers);
        before == 0
            || other.kinds() == 0
            || self.kinds() == before && other.text.is_none() && other.fields.is_none() && other.items.is_none()
    }

    fn kinds(&self) -> usize {
        usize::from(self.booleans)
            + usize::from(self.numbers.is_some())
            + usize::from(self.text.is_some())
            + usize::from(self.fields.is_some())
            + usize::from(self.items.is_some())
    }

    /// The type, `depth` levels deep; what is below is JSON text.
    fn kind(&self, depth: usize) -> Kind {
        if depth == 0 || self.kinds() != 1 {
            return Kind::Json;
        }
        if self.booleans {
            return Kind::Scalar(DataType::Boolean);
        }
        if let Some(number) = self.numbers {
            return Kind::Scalar(match number {
                Number::Long => DataType::Int64,
                Number::Huge => HUGEINT,
                Number::Double => DataType::Float64,
            });
        }
        if let Some(guess) = &self.text {
            return Kind::Scalar(guess.data_type());
        }
        if let Some(items) = &self.items {
            return Kind::List(Box::new(items.kind(depth - 1)));
        }
        match &self.fields {
            Some(fields) if fields.is_empty() => Kind::Json,
            Some(fields) if fields.len() > MAP_KEYS => {
                let mut value = Node::default();
                let alike = fields.iter().all(|(_, field)| value.merge(field));
                if alike { Kind::Map(Box::new(value.kind(depth - 1))) } else { self.object(fields, depth) }
            }
            Some(fields) => self.object(fields, depth),
            None => Kind::Json,
        }
    }

    fn object(&self, fields: &[(String, Node)], depth: usize) -> Kind {
        let mut named: Vec<(String, Kind)> = Vec::with_capacity(fields.len());
        for (key, node) in fields {
            named.push((key.clone(), node.kind(depth - 1)));
        }
        Kind::Object(named)
    }
}

/// Finds out what the files look like; as the CSV sniffer of the same name.
pub(in crate::files) fn sniff(
    function: ReadFunction,
    options: &Options,
    declared: Option<Vec<(String, DataType)>>,
    typed: &dyn Typed,
    samples: &[(Vec<u8>, bool)],
) -> Result<Option<JsonShape>, Flaw> {
    let formats = Formats {
        date: options.date_format.as_deref().and_then(Format::new),
        timestamp: options.timestamp_format.as_deref().and_then(Format::new),
    };
    let layout = match (function, options.format) {
        (ReadFunction::Ndjson, JsonFormat::Auto) | (_, JsonFormat::Newline) => Some(Layout::Lines),
        (_, JsonFormat::Array) => Some(Layout::Array),
        (_, JsonFormat::Unstructured) => Some(Layout::Values),
        (_, JsonFormat::Auto) => None,
    };
    let known_only = declared.is_none();
    let mut root = Node::default();
    let mut flaw = None;
    for (sample, (bytes, whole)) in samples.iter().enumerate() {
        let (records, found) = records(layout, bytes, *whole, options.sample_rows.unwrap_or(SAMPLE_RECORDS));
        for record in &records {
            root.add(record, &formats);
        }
        flaw = flaw.or(found.map(|(line, what)| Flaw { sample, line, what }));
    }
    let depth = options.maximum_depth.unwrap_or(usize::MAX).max(1);
    let objects = !known_only || root.kinds() == 0 || root.kinds() == 1 && root.fields.is_some();
    let columns = match declared {
        Some(columns) => {
            columns.into_iter().map(|(name, data_type)| JsonColumn { key: name.clone(), name, kind: Kind::of(&data_type) }).collect()
        }
        None if root.kinds() == 0 => return flaw.map_or(Ok(None), Err),
        None if !objects => vec![JsonColumn { key: String::new(), name: "json".to_owned(), kind: root.kind(depth) }],
        None => {
            let fields = root.fields.take().unwrap_or_default();
            let names = crate::files::csv::column_names(fields.iter().map(|(key, _)| Some(key.clone())).collect(), &[], false);
            fields
                .into_iter()
                .zip(names)
                .enumerate()
                .map(|(place, ((key, node), name))| {
                    let kind = typed.data_type(&name, place).map_or_else(|| node.kind(depth.saturating_sub(1)), |t| Kind::of(&t));
                    JsonColumn { key, name, kind }
                })
                .collect::<Vec<_>>()
        }
    };
    if columns.is_empty() {
        return Ok(None);
    }
    Ok(Some(JsonShape {
        layout,
        objects,
        columns,
        known_only,
        formats,
        ignore_errors: options.ignore_errors,
        max_object_bytes: options.max_object_bytes.unwrap_or(MAX_OBJECT_BYTES),
    }))
}

/// The records of a sample that can be read, and where the first one is that cannot. What cannot be read is told with its exact place when
/// the file is read; here it matters only when there is nothing else.
fn records(layout: Option<Layout>, bytes: &[u8], whole: bool, most: usize) -> (Vec<Value>, Option<(usize, String)>) {
    let layout = layout.unwrap_or_else(|| split::layout(bytes));
    let (mut place, mut at, mut records, mut flaw) = (Place::default(), 0, Vec::new(), None);
    let line = |at: usize| bytes[..at].iter().filter(|b| **b == b'\n').count() + 1;
    while records.len() < most {
        match split::next(layout, &mut place, bytes, at, whole) {
            Piece::Value(start, end) => {
                match serde_json::from_slice(&bytes[start..end]) {
                    Ok(value) => records.push(value),
                    Err(e) if flaw.is_none() => flaw = Some((line(start), format!("not JSON: {}", split::without_place(&e.to_string())))),
                    Err(_) => {}
                }
                if layout == Layout::Array {
                    place = Place::AfterValue;
                }
                at = end;
            }
            Piece::Broken(at, what) => {
                flaw = flaw.or_else(|| Some((line(at), what.to_owned())));
                break;
            }
            Piece::More(_) | Piece::End => break,
        }
    }
    (records, flaw)
}
