//! From Arrow to Iceberg: what a table holds a type as, or why it cannot.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use iceberg::spec::{ListType, MapType, NestedField, PrimitiveType, Schema as IcebergSchema, StructType, Type};

use crate::error::{Code, Diagnostic, Error, Label, Result};
use crate::types::sql_type;

/// A column that a table cannot hold as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unstorable {
    /// The column, and inside a nested one the path to the part: `address.since`.
    pub column: String,
    /// `UNSUPPORTED_TYPE` or `DUPLICATE_COLUMN`.
    pub code: Code,
    /// One sentence.
    pub message: String,
    /// The cast or alias that mends it.
    pub help: String,
}

impl Unstorable {
    /// The same as a diagnostic, at the expression that makes the column; `places` says where that of a number is.
    pub fn diagnostic(self, schema: &Schema, places: &dyn Fn(usize) -> Vec<Label>) -> Diagnostic {
        let top = self.column.split('.').next().unwrap_or_default();
        // Of two columns with one name the later one is the one too many.
        let column = schema.fields().iter().rposition(|field| field.name() == &self.column || field.name() == top);
        let mut diagnostic = Diagnostic::error(self.code, self.message).help(self.help);
        diagnostic.labels = column.map(places).unwrap_or_default();
        diagnostic
    }
}

impl From<Unstorable> for Error {
    fn from(found: Unstorable) -> Self {
        Error::new(found.code, found.message).with_help(found.help).with_context("column", found.column)
    }
}

/// Every column of a query's result that a table cannot hold; empty when it can hold all.
pub fn unstorable(schema: &Schema) -> Vec<Unstorable> {
    let mut found = Vec::new();
    let mut seen: HashMap<String, &str> = HashMap::new();
    for field in schema.fields() {
        if let Some(first) = seen.insert(field.name().to_lowercase(), field.name()) {
            found.push(duplicate(field.name(), first));
        }
        if field.name().is_empty() {
            found.push(Unstorable {
                column: String::new(),
                code: Code::DuplicateColumn,
                message: "a column has no name".to_owned(),
                help: "give the column an alias".to_owned(),
            });
        }
        let mut ids = 0;
        if let Err(refused) = iceberg_type(field.data_type(), field.name(), &mut ids) {
            found.push(refused);
        }
    }
    found
}

fn duplicate(name: &str, first: &str) -> Unstorable {
    Unstorable {
        column: name.to_owned(),
        code: Code::DuplicateColumn,
        message: match name == first {
            true => format!("two columns are named `{name}`"),
            false => format!("the columns `{first}` and `{name}` differ in case alone, which SQL does not see"),
        },
        help: "give one of them another alias".to_owned(),
    }
}

/// The schema of a new table: ids from 1, every column optional but for those in `not_null`.
pub(in crate::tables) fn fresh_schema(schema: &Schema, not_null: &[String]) -> Result<IcebergSchema> {
    if let Some(first) = unstorable(schema).into_iter().next() {
        return Err(first.into());
    }
    let mut last_id = i32::try_from(schema.fields().len()).unwrap_or(i32::MAX);
    let mut fields = Vec::with_capacity(schema.fields().len());
    for (id, field) in (1..).zip(schema.fields()) {
        let required = not_null.iter().any(|column| column.eq_ignore_ascii_case(field.name()));
        fields.push(Arc::new(column(field, id, required, &mut last_id)?));
    }
    IcebergSchema::builder()
        .with_fields(fields)
        .build()
        .map_err(|e| Error::new(Code::UnsupportedType, "the columns cannot be those of a table").with_source(e))
}

pub(super) fn column(field: &Field, id: i32, required: bool, last_id: &mut i32) -> Result<NestedField> {
    let field_type = iceberg_type(field.data_type(), field.name(), last_id)?;
    let made = NestedField::new(id, field.name(), field_type, required);
    Ok(match field.metadata().get("doc") {
        Some(doc) => made.with_doc(doc),
        None => made,
    })
}

/// The Iceberg type of an Arrow type; nested fields take the ids after `last_id`.
pub(super) fn iceberg_type(arrow: &DataType, path: &str, last_id: &mut i32) -> Result<Type, Unstorable> {
    let refused = |why: &str, help: String| Unstorable {
        column: path.to_owned(),
        code: Code::UnsupportedType,
        message: format!("the column `{path}` has the type {}, {why}", sql_type(arrow)),
        help,
    };
    let decimal = |precision: u8, scale: i8| match u32::try_from(scale) {
        Ok(scale) if precision <= 38 => Ok(PrimitiveType::Decimal { precision: u32::from(precision), scale }),
        Ok(_) => Err(refused("and a table holds at most 38 digits", format!("cast it: `cast({path} as decimal(38, {scale}))`"))),
        Err(_) => Err(refused("and a table holds no negative scale", format!("cast it: `cast({path} as decimal(38, 0))`"))),
    };
    let primitive = match arrow {
        DataType::Boolean => PrimitiveType::Boolean,
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::UInt8 | DataType::UInt16 => PrimitiveType::Int,
        DataType::Int64 | DataType::UInt32 | DataType::UInt64 => PrimitiveType::Long,
        DataType::Float16 | DataType::Float32 => PrimitiveType::Float,
        DataType::Float64 => PrimitiveType::Double,
        DataType::Decimal32(p, s) | DataType::Decimal64(p, s) | DataType::Decimal128(p, s) | DataType::Decimal256(p, s) => decimal(*p, *s)?,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => PrimitiveType::String,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => PrimitiveType::Binary,
        DataType::FixedSizeBinary(width) => PrimitiveType::Fixed(u64::from(width.unsigned_abs())),
        DataType::Date32 => PrimitiveType::Date,
        DataType::Time32(_) | DataType::Time64(_) => PrimitiveType::Time,
        DataType::Timestamp(TimeUnit::Nanosecond, zone) => {
            let to = if zone.is_some() { "timestamptz" } else { "timestamp" };
            return Err(refused("and a table holds microseconds", format!("cast it: `cast({path} as {to})`")));
        }
        DataType::Timestamp(_, None) => PrimitiveType::Timestamp,
        DataType::Timestamp(_, Some(_)) => PrimitiveType::Timestamptz,
        DataType::Dictionary(_, values) => return iceberg_type(values, path, last_id),
        DataType::RunEndEncoded(_, values) => return iceberg_type(values.data_type(), path, last_id),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::FixedSizeList(item, _)
        | DataType::ListView(item)
        | DataType::LargeListView(item) => {
            let id = next(last_id);
            let element = iceberg_type(item.data_type(), &format!("{path}.element"), last_id)?;
            return Ok(Type::List(ListType::new(Arc::new(NestedField::list_element(id, element, false)))));
        }
        DataType::Map(entries, _) => {
            let DataType::Struct(parts) = entries.data_type() else {
                return Err(refused("whose entries are no pairs", "build the map with `map`".to_owned()));
            };
            let [key, value] = parts.as_ref() else {
                return Err(refused("whose entries are no pairs", "build the map with `map`".to_owned()));
            };
            let (key_id, value_id) = (next(last_id), next(last_id));
            let key = iceberg_type(key.data_type(), &format!("{path}.key"), last_id)?;
            let value = iceberg_type(value.data_type(), &format!("{path}.value"), last_id)?;
            return Ok(Type::Map(MapType::new(
                Arc::new(NestedField::map_key_element(key_id, key)),
                Arc::new(NestedField::map_value_element(value_id, value, false)),
            )));
        }
        DataType::Struct(parts) => {
            let ids: Vec<i32> = parts.iter().map(|_| next(last_id)).collect();
            let mut seen: HashMap<String, &str> = HashMap::new();
            let mut fields = Vec::with_capacity(parts.len());
            for (id, part) in ids.into_iter().zip(parts) {
                let inner = format!("{path}.{}", part.name());
                if let Some(first) = seen.insert(part.name().to_lowercase(), part.name()) {
                    return Err(Unstorable { column: inner, ..duplicate(part.name(), first) });
                }
                fields.push(Arc::new(NestedField::optional(id, part.name(), iceberg_type(part.data_type(), &inner, last_id)?)));
            }
            if fields.is_empty() {
                return Err(refused("and a table holds no struct without fields", "leave the column out".to_owned()));
            }
            return Ok(Type::Struct(StructType::new(fields)));
        }
        DataType::Null => return Err(refused("which no value has", format!("give it a type: `cast({path} as varchar)`"))),
        DataType::Date64 => {
            return Err(refused(
                "which may carry a time of day",
                format!("cast it: `cast({path} as date)` or `cast({path} as timestamp)`"),
            ));
        }
        DataType::Interval(_) | DataType::Duration(_) => {
            return Err(refused("and a table holds no length of time", format!("cast it: `cast({path} as varchar)`, or store seconds")));
        }
        DataType::Union(..) => return Err(refused("and a table column has one type", format!("cast it: `cast({path} as varchar)`"))),
    };
    Ok(Type::Primitive(primitive))
}

fn next(last_id: &mut i32) -> i32 {
    *last_id += 1;
    *last_id
}

/// The table of types, as `docs/reference/types.md` prints it.
pub fn types_page() -> String {
    let field = |data_type: DataType| Arc::new(Field::new("x", data_type, true));
    let micros = TimeUnit::Microsecond;
    let entries = Field::new(
        "entries",
        DataType::Struct(vec![Field::new("key", DataType::Utf8, false), Field::new("value", DataType::Int64, true)].into()),
        false,
    );
    let rows: Vec<(&str, DataType, &str)> = vec![
        ("boolean", DataType::Boolean, ""),
        ("tinyint", DataType::Int8, ""),
        ("smallint", DataType::Int16, ""),
        ("integer", DataType::Int32, ""),
        ("bigint", DataType::Int64, ""),
        ("utinyint", DataType::UInt8, ""),
        ("usmallint", DataType::UInt16, ""),
        ("uinteger", DataType::UInt32, ""),
        ("ubigint", DataType::UInt64, "a value beyond `bigint` fails the run with `CAST_FAILED`"),
        ("real", DataType::Float32, ""),
        ("double", DataType::Float64, ""),
        ("decimal(18, 3)", DataType::Decimal128(18, 3), "up to 38 digits"),
        ("decimal(76, 3)", DataType::Decimal256(76, 3), ""),
        ("varchar", DataType::Utf8, ""),
        ("varchar", DataType::LargeUtf8, ""),
        ("varchar", DataType::Utf8View, ""),
        ("varchar", DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)), "read back as plain text"),
        ("blob", DataType::Binary, ""),
        ("blob", DataType::LargeBinary, ""),
        ("blob", DataType::BinaryView, ""),
        ("", DataType::FixedSizeBinary(16), ""),
        ("date", DataType::Date32, ""),
        ("", DataType::Date64, ""),
        ("time", DataType::Time64(micros), ""),
        ("time", DataType::Time64(TimeUnit::Nanosecond), "a value with nanoseconds fails the run with `CAST_FAILED`"),
        ("timestamp_s", DataType::Timestamp(TimeUnit::Second, None), ""),
        ("timestamp_ms", DataType::Timestamp(TimeUnit::Millisecond, None), ""),
        ("timestamp", DataType::Timestamp(micros, None), ""),
        ("timestamp_ns", DataType::Timestamp(TimeUnit::Nanosecond, None), ""),
        ("timestamptz", DataType::Timestamp(micros, Some("UTC".into())), "the instant is kept, the zone's name is not"),
        ("", DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())), ""),
        ("integer[]", DataType::List(field(DataType::Int32)), ""),
        ("struct(x integer)", DataType::Struct(vec![field(DataType::Int32)].into()), ""),
        ("map(varchar, bigint)", DataType::Map(Arc::new(entries), false), ""),
        ("interval", DataType::Interval(arrow::datatypes::IntervalUnit::MonthDayNano), ""),
        ("", DataType::Duration(micros), ""),
        ("null", DataType::Null, ""),
    ];
    let mut page = String::from(
        "# Types\n\nWhat a column of a query is in a table. A type that a table cannot hold without loss is `UNSUPPORTED_TYPE`, with the cast that\nmends it. Two names that differ in case alone are `DUPLICATE_COLUMN`. Every column is optional unless `not_null`.\n\nA `uuid` column that another engine made is read as its 16 bytes, and kept whatever becomes of its files.\n\n| SQL | Arrow | Iceberg | |\n|---|---|---|---|\n",
    );
    for (sql, arrow, note) in rows {
        let mut ids = 0;
        let (held, note) = match iceberg_type(&arrow, "x", &mut ids) {
            Ok(held) => (shown(&held), note.to_owned()),
            Err(refused) => ("—".to_owned(), refused.help),
        };
        page.push_str(&format!("| {sql} | `{arrow}` | {held} | {note} |\n"));
    }
    page
}

fn shown(held: &Type) -> String {
    match held {
        Type::Primitive(primitive) => primitive.to_string(),
        Type::List(list) => format!("list<{}>", shown(&list.element_field.field_type)),
        Type::Map(map) => format!("map<{}, {}>", shown(&map.key_field.field_type), shown(&map.value_field.field_type)),
        Type::Struct(parts) => {
            let parts: Vec<String> = parts.fields().iter().map(|part| format!("{}: {}", part.name, shown(&part.field_type))).collect();
            format!("struct<{}>", parts.join(", "))
        }
    }
}
