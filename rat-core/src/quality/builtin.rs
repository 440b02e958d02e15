//! The built-in tests, as SQL.

use std::collections::BTreeMap;
use std::time::Instant;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::TestResult;
use super::subject::{Found, Subject, started};
use crate::config::{BuiltinTest, Scalar};
use crate::error::{Code, Error, Result};

/// Up to so many rows, `unique` over one column counts distinct values in the scan it shares; a set of more values than that does not spill,
/// and grouping does.
const DISTINCT_ROWS: u64 = 1_000_000;

impl Subject<'_> {
    /// Runs the built-in tests of the table, in their order.
    pub async fn builtin(&self, tests: &[BuiltinTest]) -> Vec<TestResult> {
        let mut shared: BTreeMap<String, Vec<(usize, String)>> = BTreeMap::new();
        for (i, test) in tests.iter().enumerate() {
            if let Some(count) = count_in_scan(test, self.rows, self.now) {
                shared.entry(self.rows_to_judge(test)).or_default().push((i, count));
            }
        }
        let mut counts: BTreeMap<usize, u64> = BTreeMap::new();
        for (from, tests) in shared {
            // When it fails, each test is run alone, and the one to blame says so itself.
            counts.extend(self.scan_once(&from, &tests).await.unwrap_or_default());
        }
        let mut results = Vec::with_capacity(tests.len());
        for (i, test) in tests.iter().enumerate() {
            let begun = started();
            let sql = violations(test, &self.rows_to_judge(test), self.now);
            results.push(match counts.get(&i) {
                Some(count) => self.known(test, sql, *count, begun).await,
                None => {
                    let found = self.find(&sql, &|_, _| Vec::new()).await;
                    self.result(name_of(test), sql, 0, found, begun)
                }
            });
        }
        results
    }

    /// The shared scan said how many; the rows themselves are looked for only when there are any.
    async fn known(&self, test: &BuiltinTest, sql: String, count: u64, begun: Instant) -> TestResult {
        let found = match (count, test) {
            (0, _) => Ok(Found { count, samples: None }),
            // The scan counts surplus rows; what is reported is keys, as when there was no shared scan.
            (_, BuiltinTest::Unique { .. }) => {
                return self.result(name_of(test), sql.clone(), 0, self.find(&sql, &|_, _| Vec::new()).await, begun);
            }
            _ => self.find(&format!("SELECT * FROM ({sql}) AS violations LIMIT 20"), &|_, _| Vec::new()).await,
        };
        self.result(name_of(test), sql, 0, found.map(|found| Found { count, ..found }), begun)
    }

    /// What stands behind FROM: the stored rows need no second look when they are known to pass.
    fn rows_to_judge(&self, test: &BuiltinTest) -> String {
        match mark(test) {
            Some(mark) if self.passed.contains(&mark) => "new_rows".to_owned(),
            _ => self.table.to_sql(),
        }
    }

    async fn scan_once(&self, from: &str, shared: &[(usize, String)]) -> Result<Vec<(usize, u64)>> {
        let counts: Vec<String> = shared.iter().map(|(i, count)| format!("CAST({count} AS BIGINT) AS test_{i}")).collect();
        let sql = format!("SELECT {} FROM {from}", counts.join(", "));
        let found = self.find(&sql, &|_, _| Vec::new()).await?;
        let row = found.samples.filter(|row| row.num_columns() == shared.len());
        let row = row.ok_or_else(|| Error::new(Code::Internal, "the scan for the built-in tests gave no row"))?;
        let count = |column: usize| row.column(column).as_primitive::<Int64Type>().value(0).unsigned_abs();
        Ok(shared.iter().enumerate().map(|(column, (test, _))| (*test, count(column))).collect())
    }
}

/// The test in words: `accepted_values(status)`.
pub fn name_of(test: &BuiltinTest) -> String {
    let of = match test {
        BuiltinTest::NotNull { columns } | BuiltinTest::Unique { columns } => columns.join(", "),
        BuiltinTest::AcceptedValues { column, .. } | BuiltinTest::Range { column, .. } | BuiltinTest::Freshness { column, .. } => {
            column.clone()
        }
        BuiltinTest::Relationships { column, to, field } => format!("{column}, {}.{field}", to.short()),
        BuiltinTest::RowCount { .. } => return test.kind().to_owned(),
    };
    format!("{}({of})", test.kind())
}

/// What a snapshot says of its rows when all of them pass a row-local test: the same word for the same condition. None for other tests,
/// which a row can fail because of the rows that come after it.
pub fn mark(test: &BuiltinTest) -> Option<String> {
    let condition = row_violates(test).filter(|_| test.is_row_local())?;
    Some(Sha256::digest(condition).iter().take(8).map(|byte| format!("{byte:02x}")).collect())
}

/// The number of violations as an aggregate over the table, where it is one.
fn count_in_scan(test: &BuiltinTest, rows: Option<u64>, now: DateTime<Utc>) -> Option<String> {
    match test {
        BuiltinTest::Unique { columns } => match columns.as_slice() {
            [column] if rows.is_some_and(|rows| rows <= DISTINCT_ROWS) => {
                let column = quoted(column);
                Some(format!("count({column}) - count(DISTINCT {column})"))
            }
            _ => None,
        },
        BuiltinTest::Relationships { .. } => None,
        BuiltinTest::RowCount { min, max } => Some(one_if(outside("count(*)", min.as_ref(), max.as_ref()))),
        BuiltinTest::Freshness { column, max_age } => Some(one_if(too_old(column, *max_age, now))),
        _ => row_violates(test).map(|violates| format!("count(*) FILTER (WHERE {violates})")),
    }
}

/// The query for the violating rows; for a test of the whole table, for one row that says what it is.
fn violations(test: &BuiltinTest, from: &str, now: DateTime<Utc>) -> String {
    match test {
        BuiltinTest::Unique { columns } => {
            let key: Vec<String> = columns.iter().map(|c| quoted(c)).collect();
            let present: Vec<String> = key.iter().map(|c| format!("{c} IS NOT NULL")).collect();
            let (key, present) = (key.join(", "), present.join(" AND "));
            format!("SELECT {key}, count(*) AS \"rows\" FROM {from} WHERE {present} GROUP BY {key} HAVING count(*) > 1")
        }
        BuiltinTest::Relationships { column, to, field } => {
            let (column, field, to) = (quoted(column), quoted(field), to.to_sql());
            format!(
                "SELECT this.* FROM {from} AS this WHERE this.{column} IS NOT NULL \
                 AND NOT EXISTS (SELECT 1 FROM {to} AS other WHERE other.{field} = this.{column})"
            )
        }
        BuiltinTest::RowCount { min, max } => {
            format!("SELECT count(*) AS \"rows\" FROM {from} HAVING {}", outside("count(*)", min.as_ref(), max.as_ref()))
        }
        BuiltinTest::Freshness { column, max_age } => {
            let greatest = quoted(column);
            format!("SELECT max({greatest}) AS {greatest} FROM {from} HAVING {}", too_old(column, *max_age, now))
        }
        _ => format!("SELECT * FROM {from} WHERE {}", row_violates(test).unwrap_or_else(|| "false".to_owned())),
    }
}

fn row_violates(test: &BuiltinTest) -> Option<String> {
    Some(match test {
        BuiltinTest::NotNull { columns } => columns.iter().map(|c| format!("{} IS NULL", quoted(c))).collect::<Vec<_>>().join(" OR "),
        BuiltinTest::AcceptedValues { column, values } if values.is_empty() => format!("{} IS NOT NULL", quoted(column)),
        BuiltinTest::AcceptedValues { column, values } => {
            let values: Vec<String> = values.iter().map(literal).collect();
            // NULL compares as unknown, which is no violation.
            format!("{} NOT IN ({})", quoted(column), values.join(", "))
        }
        BuiltinTest::Range { column, min, max } => {
            outside(&quoted(column), min.as_ref().map(literal).as_ref(), max.as_ref().map(literal).as_ref())
        }
        _ => return None,
    })
}

fn outside(value: &str, min: Option<&impl std::fmt::Display>, max: Option<&impl std::fmt::Display>) -> String {
    let below = min.map(|min| format!("{value} < {min}"));
    let above = max.map(|max| format!("{value} > {max}"));
    match below.into_iter().chain(above).collect::<Vec<_>>() {
        sides if sides.is_empty() => "false".to_owned(),
        sides => sides.join(" OR "),
    }
}

fn too_old(column: &str, max_age: std::time::Duration, now: DateTime<Utc>) -> String {
    let oldest = chrono::Duration::from_std(max_age).ok().and_then(|age| now.checked_sub_signed(age)).unwrap_or(DateTime::<Utc>::MIN_UTC);
    let column = quoted(column);
    // An empty table is as old as can be.
    format!("(max({column}) IS NULL OR max({column}) < TIMESTAMP '{}')", oldest.format("%Y-%m-%d %H:%M:%S%.6f"))
}

fn one_if(condition: String) -> String {
    format!("CASE WHEN {condition} THEN 1 ELSE 0 END")
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn literal(value: &Scalar) -> String {
    match value {
        Scalar::Bool(value) => value.to_string(),
        Scalar::Integer(value) => value.to_string(),
        Scalar::Float(value) => format!("CAST({value:?} AS DOUBLE)"),
        Scalar::Text(value) => format!("'{}'", value.replace('\'', "''")),
    }
}
