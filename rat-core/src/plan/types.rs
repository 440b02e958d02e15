//! Names of types as people write them.

use datafusion::arrow::datatypes::Schema;

use crate::types::sql_type;

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
