//! Names of types as people write them.

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
