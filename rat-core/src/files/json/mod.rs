//! JSON: records one a line, in an array, or one behind the other. Types are found by [`sniff`], files read by [`Decoder`].

mod build;
mod decode;
mod infer;
mod split;

use arrow::datatypes::DataType;

pub(super) use decode::Decoder;
pub(super) use infer::{Flaw, sniff};

use super::guess::Formats;

/// What the JSON files of a call look like.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct JsonShape {
    pub layout: Option<Layout>,
    /// Records are objects, and their keys columns; otherwise every value is one row of one column.
    pub objects: bool,
    pub columns: Vec<JsonColumn>,
    /// A key that is no column is an error: the columns were sniffed. Where the call lists them, other keys are not read.
    pub known_only: bool,
    pub formats: Formats,
    pub ignore_errors: bool,
    pub max_object_bytes: usize,
}

/// How records follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// One a line.
    Lines,
    /// Inside one array.
    Array,
    /// One behind the other, over as many lines as they like.
    Values,
}

/// A column as it is read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct JsonColumn {
    /// The key in the record.
    pub key: String,
    pub name: String,
    pub kind: Kind,
}

/// The type of a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// Any type that text can be read as.
    Scalar(DataType),
    /// Values of several kinds: their JSON text.
    Json,
    Object(Vec<(String, Kind)>),
    List(Box<Kind>),
    Map(Box<Kind>),
}

impl Kind {
    pub fn data_type(&self) -> DataType {
        match self {
            Kind::Scalar(data_type) => data_type.clone(),
            Kind::Json => DataType::Utf8,
            Kind::Object(fields) => {
                DataType::Struct(fields.iter().map(|(name, kind)| arrow::datatypes::Field::new(name, kind.data_type(), true)).collect())
            }
            Kind::List(item) => super::types::list_of(item.data_type()),
            Kind::Map(value) => super::types::map_of(value.data_type()),
        }
    }

    /// How a type that was written is read.
    pub fn of(data_type: &DataType) -> Self {
        match data_type {
            DataType::Struct(fields) => Kind::Object(fields.iter().map(|f| (f.name().clone(), Kind::of(f.data_type()))).collect()),
            DataType::List(item) => Kind::List(Box::new(Kind::of(item.data_type()))),
            DataType::Map(entries, _) => match entries.data_type() {
                DataType::Struct(fields) if fields.len() == 2 => Kind::Map(Box::new(Kind::of(fields[1].data_type()))),
                _ => Kind::Json,
            },
            other => Kind::Scalar(other.clone()),
        }
    }
}
