//! Columns that had another name: `renamed_from`. A field of a struct is named by its path, `address.city`; what is in a list is `element`, in
//! a map `key` and `value`.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields};

use super::columns::same_name;
use crate::error::{Code, Error, Result, nearest};
use crate::tables::ColumnChange;

/// The field at a path, from the columns down.
pub fn field_at<'a>(columns: &'a Fields, path: &str) -> Option<&'a FieldRef> {
    find(columns, path).map(|(_, field)| field)
}

/// The table's columns by their new names, and how they get them. `renames` are pairs of new and old names. One that was done before is no
/// change.
///
/// # Errors
/// `UNKNOWN_COLUMN` when the table has neither name, `INVALID_VALUE` when a field would leave its struct.
pub(super) fn renamed(columns: &Fields, renames: &[(String, String)]) -> Result<(Fields, Vec<ColumnChange>)> {
    let (mut columns, mut changes) = (columns.clone(), Vec::new());
    for (new, old) in renames {
        let Some((steps, field)) = find(&columns, old) else {
            if find(&columns, new).is_some() {
                continue;
            }
            let error = Error::new(Code::UnknownColumn, format!("`renamed_from` names `{old}`, and the table has neither it nor `{new}`"));
            let near = nearest(old, columns.iter().map(|field| field.name().as_str()));
            return Err(error.with_help(match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "take it out of `renamed_from`".to_owned(),
            }));
        };
        let name = match steps.len() {
            1 if find(&columns, new).is_none() && parent_of(&columns, new) => {
                let message = format!("`renamed_from` would move `{old}` to `{new}`, and a column stays a column");
                return Err(Error::new(Code::InvalidValue, message).with_help("write a name without a path"));
            }
            1 => new.as_str(),
            _ => in_the_same_struct(new, old, field.name())?,
        };
        changes.push(ColumnChange::Rename { from: old.clone(), to: name.to_owned() });
        columns = rename(&columns, &steps, name);
    }
    Ok((columns, changes))
}

/// Whether a path begins with one of the columns.
fn parent_of(columns: &Fields, path: &str) -> bool {
    path.match_indices('.').any(|(dot, _)| find(columns, &path[..dot]).is_some())
}

/// The last part of the new path, where the rest of it is the old one's.
fn in_the_same_struct<'a>(new: &'a str, old: &str, name: &str) -> Result<&'a str> {
    let parent = &old[..old.len() - name.len()];
    match new.get(..parent.len()) {
        Some(given) if same_name(given, parent) => Ok(&new[parent.len()..]),
        _ => {
            let message = format!("`renamed_from` would move `{old}` to `{new}`, and a field stays in its struct");
            Err(Error::new(Code::InvalidValue, message)
                .with_help(format!("write `{parent}{}: {old}`", new.rsplit('.').next().unwrap_or(new))))
        }
    }
}

/// Where a path leads: the place among the columns, and of each part in the one before.
fn find<'a>(columns: &'a Fields, path: &str) -> Option<(Vec<usize>, &'a FieldRef)> {
    let at = |fields: &'a Fields, name: &str| fields.iter().position(|field| same_name(field.name(), name));
    if let Some(place) = at(columns, path) {
        return Some((vec![place], &columns[place]));
    }
    // The name of a column may have dots of its own.
    path.match_indices('.').find_map(|(dot, _)| {
        let place = at(columns, &path[..dot])?;
        let (mut steps, mut field) = (vec![place], &columns[place]);
        for part in path[dot + 1..].split('.') {
            let (step, next) = match field.data_type() {
                DataType::Struct(parts) => at(parts, part).map(|place| (place, &parts[place]))?,
                DataType::List(item) if same_name(part, "element") => (0, item),
                DataType::Map(entries, _) => match entries.data_type() {
                    DataType::Struct(parts) => ["key", "value"].iter().position(|name| same_name(part, name)).map(|i| (i, &parts[i]))?,
                    _ => return None,
                },
                _ => return None,
            };
            steps.push(step);
            field = next;
        }
        // What a list and a map hold has no name of its own.
        Some((steps, field)).filter(|(_, field)| path.to_lowercase().ends_with(&field.name().to_lowercase()))
    })
}

fn rename(fields: &Fields, steps: &[usize], name: &str) -> Fields {
    let Some((place, rest)) = steps.split_first() else { return fields.clone() };
    let mut fields: Vec<FieldRef> = fields.iter().cloned().collect();
    fields[*place] = Arc::new(renamed_field(&fields[*place], rest, name));
    fields.into()
}

fn renamed_field(field: &Field, steps: &[usize], name: &str) -> Field {
    if steps.is_empty() {
        return field.clone().with_name(name);
    }
    let data_type = match field.data_type() {
        DataType::Struct(parts) => DataType::Struct(rename(parts, steps, name)),
        DataType::List(item) => DataType::List(Arc::new(renamed_field(item, &steps[1..], name))),
        DataType::Map(entries, sorted) => match entries.data_type() {
            DataType::Struct(parts) => {
                let parts = DataType::Struct(rename(parts, steps, name));
                DataType::Map(Arc::new(entries.as_ref().clone().with_data_type(parts)), *sorted)
            }
            _ => field.data_type().clone(),
        },
        other => other.clone(),
    };
    field.clone().with_data_type(data_type)
}
