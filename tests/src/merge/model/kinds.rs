//! The types that columns have, each with a few values from the least to the greatest: as SQL, and as rows show them.

use std::fmt;

/// A type. What it may widen to has its values first, as they are shown then, and greater ones behind them.
#[derive(PartialEq)]
pub struct Kind {
    pub sql: &'static str,
    pub values: &'static [(&'static str, &'static str)],
    pub wider: Option<&'static Self>,
    /// How a table may be partitioned by it.
    pub transforms: &'static [&'static str],
}

impl Kind {
    /// A value, or NULL, of this type.
    pub fn cast(&self, text: &str) -> String {
        match self.sql {
            // No name of the type is SQL; its literals are.
            "BLOB" => format!("CASE WHEN true THEN {text} ELSE X'' END"),
            name => match name.strip_prefix("MAP(VARCHAR, ").and_then(|name| name.strip_suffix(')')) {
                Some(of) => map(text, of),
                None => format!("CAST({text} AS {name})"),
            },
        }
    }

    /// Whether Spark has such a type.
    pub fn is_of_spark(&self) -> bool {
        self.sql != "TIME"
    }

    pub fn is_nested(&self) -> bool {
        self.transforms.is_empty()
    }
}

/// A map of texts, or NULL, from its keys and values: there is no cast to it.
fn map(text: &str, of: &str) -> String {
    let of_lists = |keys: &str, values: &str| format!("MAP(CAST({keys} AS VARCHAR[]), CAST({values} AS {of}[]))");
    let value = text.split_once(": ").map_or(text.to_owned(), |(keys, values)| of_lists(keys, values));
    format!("CASE WHEN true THEN {value} ELSE {} END", of_lists("[]", "[]"))
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sql)
    }
}

const NUMBER: &[&str] = &["", "bucket(3, {})", "truncate(10, {})"];
const TEXT: &[&str] = &["", "bucket(3, {})", "truncate(1, {})"];
const DAY: &[&str] = &["", "bucket(2, {})", "year({})", "month({})", "day({})"];
const MOMENT: &[&str] = &["", "bucket(2, {})", "year({})", "month({})", "day({})", "hour({})"];

pub const BIGINT: Kind = Kind {
    sql: "BIGINT",
    values: &[("-3", "-3"), ("1", "1"), ("2", "2"), ("5", "5"), ("40", "40"), ("20000000000", "20000000000")],
    wider: None,
    transforms: NUMBER,
};
const INTEGER: Kind = Kind {
    sql: "INTEGER",
    values: &[("-3", "-3"), ("1", "1"), ("2", "2"), ("5", "5"), ("40", "40")],
    wider: Some(&BIGINT),
    transforms: NUMBER,
};
const DOUBLE: Kind = Kind {
    sql: "DOUBLE",
    values: &[("-2.5", "-2.5"), ("0.5", "0.5"), ("1024.25", "1024.25"), ("20000000000.5", "20000000000.5")],
    wider: None,
    transforms: &[""],
};
const FLOAT: Kind =
    Kind { sql: "FLOAT", values: &[("-2.5", "-2.5"), ("0.5", "0.5"), ("1024.25", "1024.25")], wider: Some(&DOUBLE), transforms: &[""] };
const WIDE_DECIMAL: Kind = Kind {
    sql: "DECIMAL(20, 2)",
    values: &[("-0.25", "-0.25"), ("1.50", "1.50"), ("7.00", "7.00"), ("1000.00", "1000.00"), ("123456789012.25", "123456789012.25")],
    wider: None,
    transforms: NUMBER,
};
const DECIMAL: Kind = Kind {
    sql: "DECIMAL(9, 2)",
    values: &[("-0.25", "-0.25"), ("1.50", "1.50"), ("7.00", "7.00"), ("1000.00", "1000.00")],
    wider: Some(&WIDE_DECIMAL),
    transforms: NUMBER,
};
const VARCHAR: Kind = Kind {
    sql: "VARCHAR",
    values: &[("''", ""), ("'a'", "a"), ("'a text longer than a view holds'", "a text longer than a view holds"), ("'ä'", "ä")],
    wider: None,
    transforms: TEXT,
};
const BLOB: Kind =
    Kind { sql: "BLOB", values: &[("X'00'", "00"), ("X'0001'", "0001"), ("X'61'", "61"), ("X'ff'", "ff")], wider: None, transforms: TEXT };
const DATE: Kind = Kind {
    sql: "DATE",
    values: &[("'1969-12-31'", "1969-12-31"), ("'2024-02-29'", "2024-02-29"), ("'2024-03-01'", "2024-03-01")],
    wider: None,
    transforms: DAY,
};
const TIMESTAMP: Kind = Kind {
    sql: "TIMESTAMP",
    values: &[
        ("'1969-12-31 23:59:59'", "1969-12-31T23:59:59"),
        ("'2024-02-29 12:00:01'", "2024-02-29T12:00:01"),
        ("'2024-02-29 13:00:00'", "2024-02-29T13:00:00"),
    ],
    wider: None,
    transforms: MOMENT,
};
pub const TIMESTAMPTZ: Kind = Kind {
    sql: "TIMESTAMPTZ",
    values: &[
        ("'1969-12-31 23:59:59Z'", "1969-12-31T23:59:59Z"),
        ("'2024-02-29 12:00:01Z'", "2024-02-29T12:00:01Z"),
        ("'2024-02-29 23:30:00-02'", "2024-03-01T01:30:00Z"),
    ],
    wider: None,
    transforms: MOMENT,
};
const TIME: Kind = Kind {
    sql: "TIME",
    values: &[("'00:00:00'", "00:00:00"), ("'12:00:01'", "12:00:01"), ("'23:59:59'", "23:59:59")],
    wider: None,
    transforms: &["", "bucket(3, {})"],
};
const BOOLEAN: Kind = Kind { sql: "BOOLEAN", values: &[("false", "false"), ("true", "true")], wider: None, transforms: &[""] };

const GROWN_STRUCT: Kind = Kind {
    sql: "STRUCT(x BIGINT, y VARCHAR, z DATE)",
    values: &[
        ("{'x': NULL, 'y': 'b', 'z': NULL}", "{x: NULL, y: b, z: NULL}"),
        ("{'x': 1, 'y': 'a', 'z': NULL}", "{x: 1, y: a, z: NULL}"),
        ("{'x': 1, 'y': 'b', 'z': NULL}", "{x: 1, y: b, z: NULL}"),
        ("{'x': 20000000000, 'y': NULL, 'z': '2024-02-29'}", "{x: 20000000000, y: NULL, z: 2024-02-29}"),
    ],
    wider: None,
    transforms: &[],
};
const STRUCT: Kind = Kind {
    sql: "STRUCT(x INTEGER, y VARCHAR)",
    values: &[("{'x': NULL, 'y': 'b'}", "{x: NULL, y: b}"), ("{'x': 1, 'y': 'a'}", "{x: 1, y: a}"), ("{'x': 1, 'y': 'b'}", "{x: 1, y: b}")],
    wider: Some(&GROWN_STRUCT),
    transforms: &[],
};
const GROWN_LIST: Kind = Kind {
    sql: "BIGINT[]",
    values: &[("[]", "[]"), ("[1, NULL]", "[1, NULL]"), ("[2, 3]", "[2, 3]"), ("[20000000000]", "[20000000000]")],
    wider: None,
    transforms: &[],
};
const LIST: Kind = Kind {
    sql: "INTEGER[]",
    values: &[("[]", "[]"), ("[1, NULL]", "[1, NULL]"), ("[2, 3]", "[2, 3]")],
    wider: Some(&GROWN_LIST),
    transforms: &[],
};

/// Maps are in the order of their entries.
const GROWN_MAP: Kind = Kind {
    sql: "MAP(VARCHAR, BIGINT)",
    values: &[
        ("[]: []", "{}"),
        ("['a', 'b']: [NULL, 1]", "{a: NULL, b: 1}"),
        ("['a']: [1]", "{a: 1}"),
        ("['ä']: [20000000000]", "{ä: 20000000000}"),
    ],
    wider: None,
    transforms: &[],
};
const MAP: Kind = Kind {
    sql: "MAP(VARCHAR, INTEGER)",
    values: &[("[]: []", "{}"), ("['a', 'b']: [NULL, 1]", "{a: NULL, b: 1}"), ("['a']: [1]", "{a: 1}")],
    wider: Some(&GROWN_MAP),
    transforms: &[],
};

/// What a key may be.
pub const PLAIN: &[&Kind] =
    &[&INTEGER, &BIGINT, &VARCHAR, &DECIMAL, &DATE, &TIMESTAMP, &TIMESTAMPTZ, &FLOAT, &DOUBLE, &BOOLEAN, &BLOB, &TIME];
/// What only a value may be.
pub const NESTED: &[&Kind] = &[&STRUCT, &LIST, &MAP];
/// What a watermark may be where few moments suffice.
pub const ORDERED: &[&Kind] = &[&BIGINT, &INTEGER, &VARCHAR, &DECIMAL, &DATE, &TIMESTAMP, &TIMESTAMPTZ, &DOUBLE, &TIME];
