//! Columns built from JSON values.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ListArray, MapArray, StructArray};
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field};
use arrow::error::ArrowError;
use serde_json::Value;

use super::Kind;
use super::split::Into;
use crate::files::columns::TextColumn;
use crate::files::guess::Formats;
use crate::files::numbers::Notation;
use crate::files::types::{list_of, map_of};
use crate::types::sql_type;

/// The values of one column, or of one place inside it.
pub(super) enum Column {
    Scalar { values: TextColumn, data_type: DataType, json: bool },
    Object { fields: Vec<(String, Column)>, valid: Vec<bool>, known_only: bool },
    List { items: Box<Column>, ends: Vec<i32>, valid: Vec<bool>, item_type: DataType },
    Map { keys: TextColumn, values: Box<Column>, ends: Vec<i32>, valid: Vec<bool>, value_type: DataType, rows: usize },
}

/// The first thing in a record that does not fit, and the way to it.
#[derive(Default)]
pub(super) struct Misfit {
    pub way: Vec<Into>,
    pub found: Option<(Vec<Into>, String)>,
}

impl Misfit {
    fn say(&mut self, what: impl FnOnce() -> String) {
        if self.found.is_none() {
            self.found = Some((self.way.clone(), what()));
        }
    }
}

impl Column {
    pub fn new(kind: &Kind, formats: &Formats, known_only: bool) -> Self {
        match kind {
            Kind::Json => Column::Scalar {
                values: TextColumn::new(&DataType::Utf8, None, Notation::default()),
                data_type: DataType::Utf8,
                json: true,
            },
            Kind::Scalar(data_type) => {
                let format = match data_type {
                    DataType::Date32 => formats.date.clone(),
                    DataType::Timestamp(..) => formats.timestamp.clone(),
                    _ => None,
                };
                Column::Scalar {
                    values: TextColumn::new(data_type, format, Notation::default()),
                    data_type: data_type.clone(),
                    json: false,
                }
            }
            Kind::Object(fields) => Column::Object {
                fields: fields.iter().map(|(key, kind)| (key.clone(), Column::new(kind, formats, known_only))).collect(),
                valid: Vec::new(),
                known_only,
            },
            Kind::List(item) => Column::List {
                items: Box::new(Column::new(item, formats, known_only)),
                ends: vec![0],
                valid: Vec::new(),
                item_type: item.data_type(),
            },
            Kind::Map(value) => Column::Map {
                keys: TextColumn::new(&DataType::Utf8, None, Notation::default()),
                values: Box::new(Column::new(value, formats, known_only)),
                ends: vec![0],
                valid: Vec::new(),
                value_type: value.data_type(),
                rows: 0,
            },
        }
    }

    /// Appends exactly one value, also when it does not fit: then it is a NULL, and the misfit is told.
    pub fn append(&mut self, value: Option<&Value>, misfit: &mut Misfit) {
        let value = value.filter(|value| !value.is_null());
        match self {
            Column::Scalar { values, data_type, json } => {
                let Some(value) = value else { return values.append_null() };
                let fits = match value {
                    value if *json => values.append(value.to_string().as_bytes()),
                    Value::String(text) => values.append(text.as_bytes()),
                    Value::Bool(_) if !matches!(data_type, DataType::Boolean | DataType::Utf8) => refuse(values),
                    Value::Number(_) if *data_type == DataType::Boolean => refuse(values),
                    Value::Array(_) | Value::Object(_) if *data_type != DataType::Utf8 => refuse(values),
                    value => values.append(value.to_string().as_bytes()),
                };
                if !fits {
                    misfit.say(|| format!("{} is expected, found {}", sql_type(data_type), shown(value)));
                }
            }
            Column::Object { fields, valid, known_only } => {
                let object = value.and_then(Value::as_object);
                if let (Some(value), None) = (value, object) {
                    misfit.say(|| format!("an object is expected, found {}", shown(value)));
                }
                if let Some(object) = object.filter(|_| *known_only) {
                    unknown_key(object.keys(), |key| fields.iter().any(|(name, _)| name == key), misfit);
                }
                for (key, column) in fields {
                    misfit.way.push(Into::Key(key.clone()));
                    column.append(object.and_then(|object| object.get(key.as_str())), misfit);
                    misfit.way.pop();
                }
                valid.push(object.is_some());
            }
            Column::List { items, ends, valid, .. } => {
                let list = value.and_then(Value::as_array);
                if let (Some(value), None) = (value, list) {
                    misfit.say(|| format!("an array is expected, found {}", shown(value)));
                }
                let values = list.map(Vec::as_slice).unwrap_or_default();
                for (i, value) in values.iter().enumerate() {
                    misfit.way.push(Into::Item(i));
                    items.append(Some(value), misfit);
                    misfit.way.pop();
                }
                ends.push(ends.last().copied().unwrap_or_default() + i32::try_from(values.len()).unwrap_or(i32::MAX));
                valid.push(list.is_some());
            }
            Column::Map { keys, values, ends, valid, rows, .. } => {
                let object = value.and_then(Value::as_object);
                if let (Some(value), None) = (value, object) {
                    misfit.say(|| format!("an object is expected, found {}", shown(value)));
                }
                for (key, value) in object.into_iter().flatten() {
                    keys.append(key.as_bytes());
                    misfit.way.push(Into::Key(key.clone()));
                    values.append(Some(value), misfit);
                    misfit.way.pop();
                    *rows += 1;
                }
                ends.push(i32::try_from(*rows).unwrap_or(i32::MAX));
                valid.push(object.is_some());
            }
        }
    }

    /// The column, which is empty afterwards.
    pub fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        Ok(match self {
            Column::Scalar { values, .. } => values.finish()?,
            Column::Object { fields, valid, .. } => {
                let mut arrays = Vec::with_capacity(fields.len());
                let mut of = Vec::with_capacity(fields.len());
                for (name, column) in fields {
                    let array = column.finish()?;
                    of.push(Field::new(name.as_str(), array.data_type().clone(), true));
                    arrays.push(array);
                }
                Arc::new(StructArray::try_new(of.into(), arrays, nulls(valid))?)
            }
            Column::List { items, ends, valid, item_type } => {
                let DataType::List(field) = list_of(item_type.clone()) else { unreachable!("a list is a list") };
                Arc::new(ListArray::try_new(field, offsets(ends), items.finish()?, nulls(valid))?)
            }
            Column::Map { keys, values, ends, valid, value_type, rows } => {
                let DataType::Map(field, sorted) = map_of(value_type.clone()) else { unreachable!("a map is a map") };
                let DataType::Struct(of) = field.data_type() else { unreachable!("the entries of a map are a struct") };
                *rows = 0;
                let entries = StructArray::try_new(of.clone(), vec![keys.finish()?, values.finish()?], None)?;
                Arc::new(MapArray::try_new(field, offsets(ends), entries, nulls(valid), sorted)?)
            }
        })
    }
}

/// Tells the first key that is no column.
pub(super) fn unknown_key<'a>(keys: impl Iterator<Item = &'a String>, known: impl Fn(&str) -> bool, misfit: &mut Misfit) {
    if let Some(key) = keys.into_iter().find(|key| !known(key)) {
        misfit.way.push(Into::Key(key.clone()));
        misfit.say(|| format!("the key `{key}` is in none of the sampled records"));
        misfit.way.pop();
    }
}

fn refuse(values: &mut TextColumn) -> bool {
    values.append_null();
    false
}

fn shown(value: &Value) -> String {
    crate::files::refusal::shown(value.to_string().as_bytes())
}

fn nulls(valid: &mut Vec<bool>) -> Option<NullBuffer> {
    let valid = std::mem::take(valid);
    valid.contains(&false).then(|| NullBuffer::from(valid))
}

fn offsets(ends: &mut Vec<i32>) -> OffsetBuffer<i32> {
    OffsetBuffer::new(ScalarBuffer::from(std::mem::replace(ends, vec![0])))
}
