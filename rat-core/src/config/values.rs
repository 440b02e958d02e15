//! The values that keys of a pipeline's config take.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::Setting;
use crate::name::Name;

/// A closed set of words: an enum, its text, and back.
macro_rules! words {
    ($($(#[$doc:meta])* pub enum $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ })+) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$variant_doc])* $variant,)+ }

        impl $name {
            /// All of them, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// As it is written.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// From its text, without regard to case.
            pub fn from_text(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|word| word.as_str().eq_ignore_ascii_case(text))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl super::read::Word for $name {
            const WORDS: &'static [&'static str] = &[$($text),+];
            fn from_word(text: &str) -> Option<Self> { Self::from_text(text) }
        }
    )+ };
}

words! {
    /// What a run does with the rows that are there and the rows that are new.
    pub enum MergeStrategy {
        /// Exactly the new rows.
        FullRefresh = "full_refresh",
        /// Old rows and new rows.
        AppendOnly = "append_only",
        /// Old rows whose key is not among the new, and the new rows, one per key.
        Incremental = "incremental",
        /// Old rows whose key is not among the new, and all new rows.
        DeleteInsert = "delete_insert",
        /// History: a row per version of a key.
        Scd2 = "scd2",
        /// Old rows whose partition is not among the new, and all new rows.
        Snapshot = "snapshot",
    }

    /// What a pipeline makes.
    pub enum Materialized {
        /// A table.
        Table = "table",
        /// SQL stored under a name, expanded where it is ref()'d.
        View = "view",
        /// Nothing: it is only expanded where it is ref()'d.
        Ephemeral = "ephemeral",
    }

    /// What to do with a row whose whole key is NULL.
    pub enum NullKeys {
        /// Refuse the run.
        Fail = "fail",
        /// Let NULL equal NULL.
        Match = "match",
    }

    /// How changed rows leave their files.
    pub enum WriteMode {
        /// By what is cheaper, file by file.
        Auto = "auto",
        /// Files with changed rows are rewritten.
        CopyOnWrite = "copy_on_write",
        /// Changed rows are removed by position delete files.
        MergeOnRead = "merge_on_read",
    }

    /// What to do when the query's columns are not the table's.
    pub enum OnSchemaChange {
        /// Add new columns and widen types.
        Append = "append",
        /// Refuse any difference.
        Fail = "fail",
        /// As `append`, and drop columns that are gone.
        Sync = "sync",
        /// Write the common columns.
        Ignore = "ignore",
    }

    /// Whether the table may be rebuilt from nothing.
    pub enum RefreshPolicy {
        /// It may.
        Allow = "allow",
        /// It may not.
        Never = "never",
    }

    /// What scd2 does with a key that is absent from the new rows.
    pub enum HardDeletes {
        /// Leave its open row.
        Ignore = "ignore",
        /// End its open row.
        Close = "close",
    }

    /// What a run does when another run of the same table is active in this process.
    pub enum OnActive {
        /// Wait for it.
        Queue = "queue",
        /// Do nothing, and say so.
        Skip = "skip",
        /// Fail.
        Fail = "fail",
    }

    /// What a failing quality test does.
    pub enum TestSeverity {
        /// Nothing is published.
        Error = "error",
        /// The report says so.
        Warn = "warn",
    }
}

impl MergeStrategy {
    /// Whether rows are told apart by `unique_key`.
    pub fn has_key(self) -> bool {
        matches!(self, Self::Incremental | Self::DeleteInsert | Self::Scd2)
    }
}

/// How much earlier than the table's watermark `watermark_value` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookback {
    /// For dates and timestamps.
    Time(Duration),
    /// For integers.
    Number(u64),
}

impl fmt::Display for Lookback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lookback::Time(duration) => f.write_str(&crate::settings::format_duration(*duration)),
            Lookback::Number(number) => write!(f, "{number}"),
        }
    }
}

impl Serialize for Lookback {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One field of a table's partitioning.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PartitionField {
    /// The column.
    pub column: String,
    /// What of the column's value makes the partition.
    pub transform: Transform,
}

/// What of a column's value makes the partition: Iceberg's transforms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transform {
    /// The value itself.
    Identity,
    /// Its year.
    Year,
    /// Its month.
    Month,
    /// Its day.
    Day,
    /// Its hour.
    Hour,
    /// Its hash, in so many buckets.
    Bucket(u32),
    /// Its first so many characters, or itself rounded down to a multiple.
    Truncate(u32),
}

impl fmt::Display for PartitionField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let column = &self.column;
        match self.transform {
            Transform::Identity => f.write_str(column),
            Transform::Year => write!(f, "year({column})"),
            Transform::Month => write!(f, "month({column})"),
            Transform::Day => write!(f, "day({column})"),
            Transform::Hour => write!(f, "hour({column})"),
            Transform::Bucket(n) => write!(f, "bucket({n}, {column})"),
            Transform::Truncate(n) => write!(f, "truncate({n}, {column})"),
        }
    }
}

impl Serialize for PartitionField {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What a pipeline promises of one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnContract {
    /// The column.
    pub name: String,
    /// Its SQL type as written, `decimal(10, 2)`; `None` leaves it open.
    pub data_type: Option<Setting<String>>,
    /// What it holds.
    pub description: Option<String>,
    /// Whether NULL is refused.
    pub not_null: bool,
}

impl Serialize for ColumnContract {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &self.name)?;
        if let Some(data_type) = &self.data_type {
            map.serialize_entry("type", &data_type.value)?;
        }
        if let Some(description) = &self.description {
            map.serialize_entry("description", description)?;
        }
        if self.not_null {
            map.serialize_entry("not_null", &true)?;
        }
        map.end()
    }
}

/// A value in a built-in test.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Scalar {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// Text; also dates and timestamps.
    Text(String),
}

/// A quality test that needs no SQL.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BuiltinTest {
    /// None of these columns is NULL anywhere.
    NotNull {
        /// The columns, each on its own.
        columns: Vec<String>,
    },
    /// No two rows have the same values in these columns taken together; a NULL equals nothing.
    Unique {
        /// The columns, taken together.
        columns: Vec<String>,
    },
    /// Every value that is not NULL is one of these.
    AcceptedValues {
        /// The column.
        column: String,
        /// The values.
        values: Vec<Scalar>,
    },
    /// Every value that is not NULL exists in another table.
    Relationships {
        /// The column.
        column: String,
        /// The other table.
        to: Name,
        /// Its column.
        field: String,
    },
    /// Every value that is not NULL lies between the two, ends included.
    Range {
        /// The column.
        column: String,
        /// The least value; open when absent.
        min: Option<Scalar>,
        /// The greatest value; open when absent.
        max: Option<Scalar>,
    },
    /// The table has so many rows.
    RowCount {
        /// The fewest; open when absent.
        min: Option<u64>,
        /// The most; open when absent.
        max: Option<u64>,
    },
    /// The greatest value is no older than this when the run starts.
    Freshness {
        /// A column of dates or timestamps.
        column: String,
        /// The age.
        #[serde(serialize_with = "crate::settings::serialize_duration")]
        max_age: Duration,
    },
}

impl BuiltinTest {
    /// The kind of test, as it is written.
    pub fn kind(&self) -> &'static str {
        match self {
            BuiltinTest::NotNull { .. } => "not_null",
            BuiltinTest::Unique { .. } => "unique",
            BuiltinTest::AcceptedValues { .. } => "accepted_values",
            BuiltinTest::Relationships { .. } => "relationships",
            BuiltinTest::Range { .. } => "range",
            BuiltinTest::RowCount { .. } => "row_count",
            BuiltinTest::Freshness { .. } => "freshness",
        }
    }

    /// Whether a row passes or fails on its own, whatever the other rows are.
    pub fn is_row_local(&self) -> bool {
        matches!(self, BuiltinTest::NotNull { .. } | BuiltinTest::AcceptedValues { .. } | BuiltinTest::Range { .. })
    }
}

impl From<TestSeverity> for crate::error::Severity {
    fn from(severity: TestSeverity) -> Self {
        match severity {
            TestSeverity::Error => Self::Error,
            TestSeverity::Warn => Self::Warning,
        }
    }
}

/// What the head of a quality test says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TestHeader {
    /// What a failure does. Default `error`.
    pub severity: TestSeverity,
    /// What the test is about.
    pub description: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// What to do when it fails.
    pub remediation: Option<String>,
    /// Violating rows that are still a pass. Default 0.
    pub max_violations: u64,
}

impl Default for TestHeader {
    fn default() -> Self {
        Self { severity: TestSeverity::Error, description: None, tags: Vec::new(), remediation: None, max_violations: 0 }
    }
}
