//! Names of types as people write them.

use datafusion::arrow::datatypes::{DataType, Schema, TimeUnit};

/// Puts the SQL names of types in the place of the engine's.
pub(super) fn in_sql(message: &str) -> String {
    const NAMES: &[(&str, &str)] = &[
        ("Timestamp(Nanosecond, Some(\"+00:00\"))", "TIMESTAMPTZ"),
        ("Timestamp(Microsecond, Some(\"+00:00\"))", "TIMESTAMPTZ"),
        ("Timestamp(ns, \"+00:00\")", "TIMESTAMPTZ"),
        ("Timestamp(µs, \"+00:00\")", "TIMESTAMPTZ"),
        ("Timestamp(Nanosecond, None)", "TIMESTAMP"),
        ("Timestamp(Microsecond, None)", "TIMESTAMP"),
        ("Timestamp(ns)", "TIMESTAMP"),
        ("Timestamp(µs)", "TIMESTAMP"),
        ("Interval(MonthDayNano)", "INTERVAL"),
        ("Decimal128", "DECIMAL"),
        ("LargeUtf8", "VARCHAR"),
        ("Utf8View", "VARCHAR"),
        ("Utf8", "VARCHAR"),
        ("BinaryView", "BLOB"),
        ("LargeBinary", "BLOB"),
        ("Boolean", "BOOLEAN"),
        ("Float64", "DOUBLE"),
        ("Float32", "FLOAT"),
        ("UInt64", "UBIGINT"),
        ("UInt32", "UINTEGER"),
        ("UInt16", "USMALLINT"),
        ("UInt8", "UTINYINT"),
        ("Int64", "BIGINT"),
        ("Int32", "INTEGER"),
        ("Int16", "SMALLINT"),
        ("Int8", "TINYINT"),
        ("Date32", "DATE"),
        ("Time64(ns)", "TIME"),
        ("Time64(µs)", "TIME"),
    ];
    NAMES.iter().fold(message.to_owned(), |text, (engine, sql)| if text.contains(engine) { text.replace(engine, sql) } else { text })
}

/// A type as SQL writes it: `BIGINT`, `DECIMAL(10, 2)`, `STRUCT(a INTEGER)`.
pub fn sql_type(data_type: &DataType) -> String {
    let text = match data_type {
        DataType::Null => "NULL",
        DataType::Boolean => "BOOLEAN",
        DataType::Int8 => "TINYINT",
        DataType::Int16 => "SMALLINT",
        DataType::Int32 => "INTEGER",
        DataType::Int64 => "BIGINT",
        DataType::UInt8 => "UTINYINT",
        DataType::UInt16 => "USMALLINT",
        DataType::UInt32 => "UINTEGER",
        DataType::UInt64 => "UBIGINT",
        DataType::Float16 | DataType::Float32 => "FLOAT",
        DataType::Float64 => "DOUBLE",
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "VARCHAR",
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => "BLOB",
        DataType::Date32 | DataType::Date64 => "DATE",
        DataType::Time32(_) | DataType::Time64(_) => "TIME",
        DataType::Timestamp(TimeUnit::Nanosecond, None) => "TIMESTAMP_NS",
        DataType::Timestamp(_, None) => "TIMESTAMP",
        DataType::Timestamp(_, Some(_)) => "TIMESTAMP WITH TIME ZONE",
        DataType::Interval(_) | DataType::Duration(_) => "INTERVAL",
        DataType::Decimal32(p, s) | DataType::Decimal64(p, s) | DataType::Decimal128(p, s) | DataType::Decimal256(p, s) => {
            return format!("DECIMAL({p}, {s})");
        }
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::FixedSizeList(item, _)
        | DataType::ListView(item)
        | DataType::LargeListView(item) => return format!("{}[]", sql_type(item.data_type())),
        DataType::Struct(fields) => {
            let fields: Vec<String> = fields.iter().map(|f| format!("{} {}", f.name(), sql_type(f.data_type()))).collect();
            return format!("STRUCT({})", fields.join(", "));
        }
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(parts) if parts.len() == 2 => {
                return format!("MAP({}, {})", sql_type(parts[0].data_type()), sql_type(parts[1].data_type()));
            }
            _ => "MAP",
        },
        DataType::Dictionary(_, values) => return sql_type(values),
        DataType::RunEndEncoded(_, values) => return sql_type(values.data_type()),
        DataType::Union(..) => "UNION",
    };
    text.to_owned()
}

/// A column, for people and programs.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type as SQL writes it: `BIGINT`, `DECIMAL(10, 2)`.
    #[serde(rename = "type")]
    pub data_type: String,
    /// Whether it can hold NULL.
    pub nullable: bool,
}

/// The columns of a schema.
pub fn columns(schema: &Schema) -> Vec<Column> {
    let column = |field: &std::sync::Arc<datafusion::arrow::datatypes::Field>| Column {
        name: field.name().clone(),
        data_type: sql_type(field.data_type()),
        nullable: field.is_nullable(),
    };
    schema.fields().iter().map(column).collect()
}
