//! How a table's columns change without rewriting a file: by field id.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::datatypes::{FieldRef, Schema};
use iceberg::spec::{ListType, MapType, NestedField, NestedFieldRef, PrimitiveType, Schema as IcebergSchema, StructType, Type};

use crate::error::{Code, Error, Result, nearest};

use super::storable::{column, iceberg_type, unstorable};

/// One change to a table's columns. Columns are named without regard to case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnChange {
    /// A new optional column at the end, NULL in the rows that are there.
    Add(FieldRef),
    /// The same column with this field's type, where its values can be read as such: int to long, float to double, more decimal digits. Of
    /// the fields inside it those of the same name are kept, the others are dropped, and new ones are added, optional.
    Retype(FieldRef),
    /// NULL is allowed from now on.
    MakeOptional(String),
    /// Another name for the same column, or field of a struct.
    Rename {
        /// The name so far; of a field the path to it, with dots.
        from: String,
        /// The name from now on, without a path.
        to: String,
    },
    /// The column is gone from here on; older snapshots keep it.
    Drop(String),
}

/// The schema after the changes, in their order. Ids go on after `last_id`, which has counted every column there ever was.
pub(in crate::tables) fn changed(schema: &IcebergSchema, changes: &[ColumnChange], last_id: &mut i32) -> Result<IcebergSchema> {
    let mut fields: Vec<NestedFieldRef> = schema.as_struct().fields().to_vec();
    for change in changes {
        match change {
            ColumnChange::Add(field) => {
                if position(&fields, field.name()).is_ok() {
                    return Err(Error::new(Code::SchemaChanged, format!("the column `{}` exists already", field.name())));
                }
                *last_id += 1;
                let id = *last_id;
                fields.push(Arc::new(column(field, id, false, last_id)?));
            }
            ColumnChange::Retype(field) => {
                let at = position(&fields, field.name())?;
                let mut wider = fields[at].as_ref().clone();
                wider.field_type = Box::new(widened(&wider.field_type, field, field.name(), last_id)?);
                fields[at] = Arc::new(wider);
            }
            ColumnChange::MakeOptional(name) => {
                let at = position(&fields, name)?;
                let mut optional = fields[at].as_ref().clone();
                optional.required = false;
                fields[at] = Arc::new(optional);
            }
            ColumnChange::Rename { from, to } => {
                let unknown = position(&fields, from).err();
                if !rename(&mut fields, from, to)? {
                    return Err(unknown.unwrap_or_else(|| Error::new(Code::UnknownColumn, format!("there is no `{from}` to rename"))));
                }
            }
            ColumnChange::Drop(name) => {
                let at = position(&fields, name)?;
                fields.remove(at);
            }
        }
    }
    build(fields, schema)
}

/// The schema of a full replacement: columns that remain, by name, keep their ids; a column whose type became another is a new one.
pub(in crate::tables) fn replaced(schema: &IcebergSchema, new: &Schema, not_null: &[String], last_id: &mut i32) -> Result<IcebergSchema> {
    if let Some(first) = unstorable(new).into_iter().next() {
        return Err(first.into());
    }
    let mut fields: Vec<NestedFieldRef> = Vec::with_capacity(new.fields().len());
    for field in new.fields() {
        let required = not_null.iter().any(|column| column.eq_ignore_ascii_case(field.name()));
        let kept = schema.as_struct().fields().iter().find(|old| old.name.eq_ignore_ascii_case(field.name()));
        let kept = kept.and_then(|old| Some((old, widened(&old.field_type, field, field.name(), last_id).ok()?)));
        let made = match kept {
            Some((old, field_type)) if same_or_narrower(field, &field_type) => {
                let mut made = old.as_ref().clone();
                made.name.clone_from(field.name());
                made.field_type = Box::new(field_type);
                made.required = required;
                made
            }
            _ => {
                *last_id += 1;
                let id = *last_id;
                column(field, id, required, last_id)?
            }
        };
        fields.push(Arc::new(made));
    }
    build(fields, schema)
}

// A replacement gives exactly the query's types: a column that would stay wider than the query has it becomes a new one.
fn same_or_narrower(field: &FieldRef, held: &Type) -> bool {
    let mut ids = 0;
    iceberg_type(field.data_type(), field.name(), &mut ids).is_ok_and(|wanted| shape(&wanted) == shape(held))
}

fn shape(held: &Type) -> String {
    match held {
        Type::Primitive(primitive) => primitive.to_string(),
        Type::List(list) => format!("[{}]", shape(&list.element_field.field_type)),
        Type::Map(map) => format!("{{{}:{}}}", shape(&map.key_field.field_type), shape(&map.value_field.field_type)),
        Type::Struct(parts) => parts.fields().iter().map(|part| format!("({} {})", part.name, shape(&part.field_type))).collect(),
    }
}

fn position(fields: &[NestedFieldRef], name: &str) -> Result<usize> {
    fields.iter().position(|field| field.name.eq_ignore_ascii_case(name)).ok_or_else(|| {
        let error = Error::new(Code::UnknownColumn, format!("the table has no column `{name}`"));
        match nearest(name, fields.iter().map(|field| field.name.as_str())) {
            Some(near) => error.with_help(format!("did you mean `{near}`?")),
            None => error,
        }
    })
}

/// Renames a column, or the field at a path; false when there is none.
fn rename(fields: &mut [NestedFieldRef], path: &str, to: &str) -> Result<bool> {
    if let Ok(at) = position(fields, path) {
        if position(fields, to).is_ok_and(|other| other != at) {
            let message = format!("`{path}` cannot be renamed to `{to}`, which exists already");
            return Err(Error::new(Code::SchemaChanged, message)
                .with_help("take a rename that was done before out of `renamed_from`, or drop one of the two first"));
        }
        let mut renamed = fields[at].as_ref().clone();
        renamed.name = to.to_owned();
        fields[at] = Arc::new(renamed);
        return Ok(true);
    }
    for (dot, _) in path.match_indices('.') {
        let (Ok(at), rest) = (position(fields, &path[..dot]), &path[dot + 1..]) else { continue };
        if let Some(field_type) = renamed_within(&fields[at].field_type, rest, to)? {
            fields[at] = with_type(&fields[at], field_type);
            return Ok(true);
        }
    }
    Ok(false)
}

fn renamed_within(held: &Type, path: &str, to: &str) -> Result<Option<Type>> {
    let within = |field: &NestedFieldRef, rest: &str| {
        Ok::<_, Error>(renamed_within(&field.field_type, rest, to)?.map(|field_type| with_type(field, field_type)))
    };
    Ok(match held {
        Type::Struct(parts) => {
            let mut parts = parts.fields().to_vec();
            rename(&mut parts, path, to)?.then(|| Type::Struct(StructType::new(parts)))
        }
        Type::List(list) => match path.split_once('.') {
            Some((_, rest)) => within(&list.element_field, rest)?.map(|element| Type::List(ListType::new(element))),
            None => None,
        },
        Type::Map(map) => match path.split_once('.') {
            Some((part, rest)) if part.eq_ignore_ascii_case("key") => {
                within(&map.key_field, rest)?.map(|key| Type::Map(MapType::new(key, Arc::clone(&map.value_field))))
            }
            Some((_, rest)) => within(&map.value_field, rest)?.map(|value| Type::Map(MapType::new(Arc::clone(&map.key_field), value))),
            None => None,
        },
        Type::Primitive(_) => None,
    })
}

fn build(fields: Vec<NestedFieldRef>, before: &IcebergSchema) -> Result<IcebergSchema> {
    let ids: HashSet<i32> = fields.iter().map(|field| field.id).collect();
    IcebergSchema::builder()
        .with_schema_id(before.schema_id())
        .with_identifier_field_ids(before.identifier_field_ids().filter(|id| ids.contains(id)))
        .with_fields(fields)
        .build()
        .map_err(|e| Error::new(Code::SchemaChanged, "the columns cannot be those of a table").with_source(e))
}

// The held type widened as far as the wanted one asks, with the wanted one's nested fields, by name.
fn widened(held: &Type, field: &FieldRef, path: &str, last_id: &mut i32) -> Result<Type> {
    let mut unused = 0;
    let wanted = iceberg_type(field.data_type(), path, &mut unused)?;
    merge(held, &wanted, path, last_id)
}

fn merge(held: &Type, wanted: &Type, path: &str, last_id: &mut i32) -> Result<Type> {
    use PrimitiveType::{Decimal, Double, Float, Int, Long};
    let refused = || {
        Error::new(Code::SchemaChanged, format!("the column `{path}` is {held} in the table and {wanted} in the query"))
            .with_help(format!("cast `{path}` to the table's type, or run with full_refresh"))
    };
    Ok(match (held, wanted) {
        (Type::Primitive(held), Type::Primitive(wanted)) => Type::Primitive(match (held, wanted) {
            (held, wanted) if held == wanted => held.clone(),
            (Int, Long) | (Long, Int) => Long,
            (Float, Double) | (Double, Float) => Double,
            (Decimal { precision: a, scale: s }, Decimal { precision: b, scale: t }) if s == t => {
                Decimal { precision: *a.max(b), scale: *s }
            }
            _ => return Err(refused()),
        }),
        (Type::List(held), Type::List(wanted)) => {
            let element = merge(&held.element_field.field_type, &wanted.element_field.field_type, &format!("{path}.element"), last_id)?;
            Type::List(ListType::new(with_type(&held.element_field, element)))
        }
        (Type::Map(held), Type::Map(wanted)) => {
            let key = merge(&held.key_field.field_type, &wanted.key_field.field_type, &format!("{path}.key"), last_id)?;
            let value = merge(&held.value_field.field_type, &wanted.value_field.field_type, &format!("{path}.value"), last_id)?;
            Type::Map(MapType::new(with_type(&held.key_field, key), with_type(&held.value_field, value)))
        }
        (Type::Struct(held), Type::Struct(wanted)) => {
            let mut fields: Vec<NestedFieldRef> = Vec::new();
            for part in wanted.fields() {
                let inner = format!("{path}.{}", part.name);
                fields.push(match held.fields().iter().find(|other| other.name.eq_ignore_ascii_case(&part.name)) {
                    Some(kept) => with_type(kept, merge(&kept.field_type, &part.field_type, &inner, last_id)?),
                    None => {
                        *last_id += 1;
                        let id = *last_id;
                        Arc::new(NestedField::optional(id, &part.name, renumbered(&part.field_type, last_id)))
                    }
                });
            }
            Type::Struct(StructType::new(fields))
        }
        _ => return Err(refused()),
    })
}

fn with_type(field: &NestedFieldRef, field_type: Type) -> NestedFieldRef {
    let mut field = field.as_ref().clone();
    field.field_type = Box::new(field_type);
    Arc::new(field)
}

fn renumbered(held: &Type, last_id: &mut i32) -> Type {
    let mut again = |field: &NestedFieldRef| {
        *last_id += 1;
        let mut made = field.as_ref().clone();
        made.id = *last_id;
        made.field_type = Box::new(renumbered(&field.field_type, last_id));
        Arc::new(made)
    };
    match held {
        Type::Primitive(_) => held.clone(),
        Type::List(list) => Type::List(ListType::new(again(&list.element_field))),
        Type::Map(map) => {
            let key = again(&map.key_field);
            Type::Map(MapType::new(key, again(&map.value_field)))
        }
        Type::Struct(parts) => Type::Struct(StructType::new(parts.fields().iter().map(again).collect())),
    }
}
