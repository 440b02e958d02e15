//! The keys whose values have parts: column contracts, built-in tests, partitioning, renames.

use std::collections::BTreeMap;

use super::node::{Content, Node, Style};
use super::read::{Reader, boolean, count, duration, name, names, one_of, scalar, text, text_map};
use super::{BuiltinTest, ColumnContract, PartitionField, Scalar, Setting, Transform};
use crate::error::{Code, Diagnostic};
use crate::name::Name;

/// `columns`: a list of mappings.
pub(super) fn contract(reader: &mut Reader<'_>, key: &str, node: &Node) -> Option<Vec<Setting<ColumnContract>>> {
    let Content::List(items) = &node.content else {
        reader.wrong_type(key, "a list of columns", node);
        return None;
    };
    let mut columns: Vec<Setting<ColumnContract>> = Vec::with_capacity(items.len());
    for item in items {
        let value = column(reader, key, item)?;
        if columns.iter().any(|column| column.name.eq_ignore_ascii_case(&value.name)) {
            reader.invalid(format!("`{key}` names `{}` twice", value.name), Some("remove one of them".to_owned()), item.range.clone());
            return None;
        }
        columns.push(Setting { value, origin: reader.origin(item) });
    }
    Some(columns)
}

fn column(reader: &mut Reader<'_>, key: &str, node: &Node) -> Option<ColumnContract> {
    let [column, data_type, description, not_null] = reader.fields(key, node, ["name", "type", "description", "not_null"])?;
    let column = reader.required(key, "name", column, node)?;
    let data_type = match data_type {
        Some(node) => Some(Setting { value: name(reader, "columns.type", node)?, origin: reader.origin(node) }),
        None => None,
    };
    Some(ColumnContract {
        name: name(reader, "columns.name", column)?,
        data_type,
        description: match description {
            Some(node) => Some(text(reader, "columns.description", node)?),
            None => None,
        },
        not_null: match not_null {
            Some(node) => boolean(reader, "columns.not_null", node)?,
            None => false,
        },
    })
}

const TESTS: [&str; 7] = ["not_null", "unique", "accepted_values", "relationships", "range", "row_count", "freshness"];

/// `tests`: a list of one-key mappings, or one mapping with a key per test.
pub(super) fn tests(reader: &mut Reader<'_>, key: &str, node: &Node) -> Option<Vec<Setting<BuiltinTest>>> {
    let maps: Vec<&Node> = match &node.content {
        Content::List(items) => items.iter().collect(),
        Content::Map(_) => vec![node],
        Content::Scalar { .. } => {
            reader.wrong_type(key, "a list of tests", node);
            return None;
        }
    };
    let mut tests = Vec::new();
    for map in maps {
        let Content::Map(entries) = &map.content else {
            reader.wrong_type(key, "tests with their arguments, such as `not_null: [id]`", map);
            return None;
        };
        for (kind, arguments) in entries {
            if !TESTS.contains(&kind.text.as_str()) {
                let message = format!("`{}` is not a built-in test", kind.text);
                reader.invalid(message, Some(one_of(&kind.text, &TESTS)), kind.range.clone());
                return None;
            }
            let value = builtin(reader, &kind.text, arguments)?;
            tests.push(Setting {
                value,
                origin: reader.origin(&Node { content: Content::List(Vec::new()), range: kind.range.start..arguments.range.end }),
            });
        }
    }
    Some(tests)
}

fn builtin(reader: &mut Reader<'_>, kind: &str, node: &Node) -> Option<BuiltinTest> {
    match kind {
        "not_null" => Some(BuiltinTest::NotNull { columns: some_names(reader, kind, node)? }),
        "unique" => Some(BuiltinTest::Unique { columns: some_names(reader, kind, node)? }),
        "accepted_values" => {
            let [column, values] = reader.fields(kind, node, ["column", "values"])?;
            let column = reader.required(kind, "column", column, node)?;
            let values = reader.required(kind, "values", values, node)?;
            let Content::List(items) = &values.content else {
                reader.wrong_type("accepted_values.values", "a list", values);
                return None;
            };
            Some(BuiltinTest::AcceptedValues {
                column: name(reader, "accepted_values.column", column)?,
                values: items.iter().map(|item| scalar(reader, "accepted_values.values", item)).collect::<Option<_>>()?,
            })
        }
        "relationships" => {
            let [column, to, field] = reader.fields(kind, node, ["column", "to", "field"])?;
            let column = reader.required(kind, "column", column, node)?;
            let to = reader.required(kind, "to", to, node)?;
            let field = reader.required(kind, "field", field, node)?;
            Some(BuiltinTest::Relationships {
                column: name(reader, "relationships.column", column)?,
                to: table(reader, "relationships.to", to)?,
                field: name(reader, "relationships.field", field)?,
            })
        }
        "range" => {
            let [column, min, max] = reader.fields(kind, node, ["column", "min", "max"])?;
            let column = reader.required(kind, "column", column, node)?;
            some_bound(reader, kind, min.or(max), node)?;
            let mut bound = |key: &str, node: Option<&Node>| match node {
                Some(node) => scalar(reader, key, node).map(Some),
                None => Some(None),
            };
            let (min, max) = (bound("range.min", min)?, bound("range.max", max)?);
            ordered(reader, kind, min.as_ref().and_then(number), max.as_ref().and_then(number), node)?;
            Some(BuiltinTest::Range { column: name(reader, "range.column", column)?, min, max })
        }
        "row_count" => {
            let [min, max] = reader.fields(kind, node, ["min", "max"])?;
            some_bound(reader, kind, min.or(max), node)?;
            let mut bound = |key: &str, node: Option<&Node>| match node {
                Some(node) => count::<u64>(reader, key, node).map(Some),
                None => Some(None),
            };
            let (min, max) = (bound("row_count.min", min)?, bound("row_count.max", max)?);
            ordered(reader, kind, min.map(|n| n as f64), max.map(|n| n as f64), node)?;
            Some(BuiltinTest::RowCount { min, max })
        }
        _ => {
            let [column, max_age] = reader.fields(kind, node, ["column", "max_age"])?;
            let column = reader.required(kind, "column", column, node)?;
            let max_age = reader.required(kind, "max_age", max_age, node)?;
            Some(BuiltinTest::Freshness {
                column: name(reader, "freshness.column", column)?,
                max_age: duration(reader, "freshness.max_age", max_age)?,
            })
        }
    }
}

fn some_names(reader: &mut Reader<'_>, kind: &str, node: &Node) -> Option<Vec<String>> {
    let columns = names(reader, kind, node)?;
    if columns.is_empty() {
        reader.invalid(format!("`{kind}` names no column"), Some(format!("write `{kind}: [column]`")), node.range.clone());
        return None;
    }
    Some(columns)
}

fn some_bound(reader: &mut Reader<'_>, kind: &str, bound: Option<&Node>, node: &Node) -> Option<()> {
    if bound.is_none() {
        reader.invalid(format!("`{kind}` has neither `min` nor `max`"), Some("add `min` or `max`".to_owned()), node.range.clone());
        return None;
    }
    Some(())
}

fn ordered(reader: &mut Reader<'_>, kind: &str, min: Option<f64>, max: Option<f64>, node: &Node) -> Option<()> {
    if let (Some(min), Some(max)) = (min, max)
        && min > max
    {
        reader.invalid(format!("`min` of `{kind}` is greater than its `max`"), Some("swap the two".to_owned()), node.range.clone());
        return None;
    }
    Some(())
}

fn number(scalar: &Scalar) -> Option<f64> {
    match scalar {
        Scalar::Integer(number) => Some(*number as f64),
        Scalar::Float(number) => Some(*number),
        Scalar::Bool(_) | Scalar::Text(_) => None,
    }
}

fn table(reader: &mut Reader<'_>, key: &str, node: &Node) -> Option<Name> {
    let text = name(reader, key, node)?;
    let namespace = match reader.namespace {
        Some(namespace) => namespace,
        None if text.matches('.').count() == 2 => "default",
        None => {
            let help = "write `namespace.layer.name`: what is written here holds in every namespace".to_owned();
            reader.invalid(format!("`{text}` does not name its namespace"), Some(help), node.range.clone());
            return None;
        }
    };
    match Name::parse(&text, namespace) {
        Ok(name) => Some(name),
        Err(error) => {
            let mut diagnostic = Diagnostic::error(Code::InvalidValue, error.message());
            diagnostic.help = Some(error.help().to_owned());
            reader.report(diagnostic, node.range.clone());
            None
        }
    }
}

const TRANSFORMS: [&str; 7] = ["identity", "year", "month", "day", "hour", "bucket", "truncate"];

/// `partition_by`: `day(ts), bucket(16, id)`, or a list of such texts or of `{column, transform}`.
pub(super) fn partition_by(reader: &mut Reader<'_>, key: &str, node: &Node) -> Option<Vec<PartitionField>> {
    let mut fields: Vec<PartitionField> = Vec::new();
    let mut add = |reader: &mut Reader<'_>, field: PartitionField, node: &Node| {
        if fields.contains(&field) {
            reader.invalid(format!("`{key}` has `{field}` twice"), Some("remove one of them".to_owned()), node.range.clone());
            return None;
        }
        let periods = [Transform::Year, Transform::Month, Transform::Day, Transform::Hour];
        let of_column = fields.iter().filter(|other| other.column.eq_ignore_ascii_case(&field.column));
        let finer = of_column.filter(|other| periods.contains(&other.transform)).find(|_| periods.contains(&field.transform));
        if let Some(other) = finer {
            let message = format!("`{key}` has `{other}` and `{field}`, and one of them says the other");
            reader.invalid(message, Some("keep the finer of the two".to_owned()), node.range.clone());
            return None;
        }
        fields.push(field);
        Some(())
    };
    match &node.content {
        Content::Scalar { .. } => {
            for part in split_outside_parentheses(&text(reader, key, node)?) {
                let field = partition_field(reader, part, node)?;
                add(reader, field, node)?;
            }
        }
        Content::List(items) => {
            for item in items {
                let field = match &item.content {
                    Content::Map(_) => {
                        let [column, transform] = reader.fields(key, item, ["column", "transform"])?;
                        let column = reader.required(key, "column", column, item)?;
                        let column = name(reader, "partition_by.column", column)?;
                        let transform = match transform {
                            Some(node) => {
                                let text = name(reader, "partition_by.transform", node)?;
                                transform_of(reader, &text.replace('[', "(").replace(']', ")"), node)?
                            }
                            None => Transform::Identity,
                        };
                        PartitionField { column, transform }
                    }
                    _ => {
                        let text = name(reader, key, item)?;
                        partition_field(reader, &text, item)?
                    }
                };
                add(reader, field, item)?;
            }
        }
        Content::Map(_) => {
            reader.wrong_type(key, "a list, or text such as `day(ts), bucket(16, id)`", node);
            return None;
        }
    }
    Some(fields)
}

fn split_outside_parentheses(text: &str) -> Vec<&str> {
    let mut depth = 0usize;
    text.split(|c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    })
    .map(str::trim)
    .filter(|part| !part.is_empty())
    .collect()
}

/// `column`, `day(column)`, `bucket(16, column)`.
fn partition_field(reader: &mut Reader<'_>, text: &str, node: &Node) -> Option<PartitionField> {
    let Some((function, rest)) = text.split_once('(') else {
        return Some(PartitionField { column: text.to_owned(), transform: Transform::Identity });
    };
    let Some(arguments) = rest.trim_end().strip_suffix(')') else {
        reader.invalid(format!("`{text}` has no closing `)`"), Some("close the parenthesis".to_owned()), node.range.clone());
        return None;
    };
    let function = function.trim();
    let (transform, column) = match arguments.split_once(',') {
        Some((number, column)) => (format!("{function}({})", number.trim()), column.trim()),
        None => (function.to_owned(), arguments.trim()),
    };
    let transform = transform_of(reader, &transform, node)?;
    if column.is_empty() || column.contains([',', '(', ')']) {
        reader.invalid(
            format!("`{text}` names no column"),
            Some("write it as `day(ts)` or `bucket(16, id)`".to_owned()),
            node.range.clone(),
        );
        return None;
    }
    Some(PartitionField { column: column.to_owned(), transform })
}

/// `day`, `bucket(16)`.
fn transform_of(reader: &mut Reader<'_>, text: &str, node: &Node) -> Option<Transform> {
    let (function, number) = match text.strip_suffix(')').and_then(|text| text.split_once('(')) {
        Some((function, number)) => (function.trim(), Some(number.trim())),
        None => (text.trim(), None),
    };
    let function = function.to_ascii_lowercase();
    let width = number.and_then(|number| number.parse::<u32>().ok()).filter(|width| *width > 0 && *width <= i32::MAX as u32);
    let transform = match (function.as_str(), number, width) {
        ("identity", None, _) => Transform::Identity,
        ("year" | "years", None, _) => Transform::Year,
        ("month" | "months", None, _) => Transform::Month,
        ("day" | "days", None, _) => Transform::Day,
        ("hour" | "hours", None, _) => Transform::Hour,
        ("bucket", _, Some(width)) => Transform::Bucket(width),
        ("truncate", _, Some(width)) => Transform::Truncate(width),
        ("bucket" | "truncate", _, None) => {
            let help = format!("write its number first: `{function}(16, column)`");
            reader.invalid(format!("`{function}` needs a whole number from 1"), Some(help), node.range.clone());
            return None;
        }
        _ if TRANSFORMS.contains(&function.as_str()) => {
            reader.invalid(format!("`{function}` takes no number"), Some(format!("write `{function}(column)`")), node.range.clone());
            return None;
        }
        _ => {
            reader.invalid(format!("`{function}` is not a partition transform"), Some(one_of(&function, &TRANSFORMS)), node.range.clone());
            return None;
        }
    };
    Some(transform)
}

/// `renamed_from`: a mapping `new: old`, or, in an annotation, the same with commas between.
pub(super) fn renames(reader: &mut Reader<'_>, key: &str, node: &Node) -> Option<BTreeMap<String, String>> {
    let Content::Scalar { text, style: Style::Raw } = &node.content else {
        return text_map(reader, key, node);
    };
    let mut renames = BTreeMap::new();
    for part in text.split(',').filter(|part| !part.trim().is_empty()) {
        let Some((new, old)) =
            part.split_once(':').map(|(new, old)| (new.trim(), old.trim())).filter(|(new, old)| !new.is_empty() && !old.is_empty())
        else {
            reader.wrong_type(key, "`new: old`", node);
            return None;
        };
        renames.insert(new.to_owned(), old.to_owned());
    }
    Some(renames)
}
