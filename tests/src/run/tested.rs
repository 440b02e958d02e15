//! Quality tests keep rows from being published, or do not.

use rat_core::error::{Code, Error, Severity};
use rat_core::interop::run::{RunReport, TestStatus, run};

use super::harness::{Lake, name, with_rows};

const QUERY: &str = "-- @merge_strategy: append_only\nSELECT * FROM (VALUES {{ var('rows') }}) AS t(id, v)";

/// Where an error points.
fn place(error: &Error) -> String {
    let label = &error.diagnostics()[0].labels[0];
    let (line, column) = label.source.line_column(label.range.start);
    format!("{}:{line}:{column}", label.source.path)
}

#[tokio::test]
async fn a_failing_test_publishes_nothing_and_leaves_nothing() {
    let lake = Lake::new(&[
        ("silver/t/pipeline.sql", QUERY),
        (
            "silver/t/tests/quality/positive.sql",
            "-- @description: v is positive\n-- @remediation: look upstream\nSELECT * FROM {{ this }} WHERE v < 0",
        ),
    ]);
    lake.run_rows("silver.t", "(1, 1)").await;
    let files = lake.data_files();
    let report = run(&lake.context, &name("silver.t"), &with_rows("(2, -987654321), (3, 3)")).await.unwrap();
    let error = report.error.as_ref().unwrap();
    assert_eq!((error.code(), error.help()), (Code::QualityFailed, "look upstream"));
    assert_eq!(place(error), "default/pipelines/silver/t/tests/quality/positive.sql:3:1");
    let test = &report.tests[0];
    assert_eq!((test.name.as_str(), test.status, test.count), ("positive", TestStatus::Failed, Some(1)));
    assert_eq!(test.samples.as_ref().unwrap().num_rows(), 1);
    assert_eq!(lake.rows("silver.t").await.unwrap(), ["1|1"]);
    assert_eq!(lake.data_files(), files, "discard deletes the run's files");
    let line = &lake.context.ledger.tests(&report.id).unwrap()[0];
    assert_eq!((line.name.as_str(), line.status.as_str(), line.violations), ("positive", "failed", Some(1)));
    assert!(!lake.context.ledger.run(&report.id).unwrap().report.unwrap().contains("987654321"), "samples are data, and are not kept");
}

#[tokio::test]
async fn tests_see_the_table_as_it_would_be_and_the_new_rows() {
    let lake = Lake::new(&[
        ("silver/t/pipeline.sql", QUERY),
        ("silver/t/tests/quality/whole.sql", "-- @severity: warn\nSELECT * FROM {{ ref('silver.t') }}"),
        ("silver/t/tests/quality/new.sql", "-- @severity: warn\n-- @max_violations: 1\nSELECT * FROM new_rows"),
    ]);
    lake.run_rows("silver.t", "(1, 1), (2, 2)").await;
    let report = lake.run_rows("silver.t", "(3, 3)").await;
    let counts: Vec<_> = report.tests.iter().map(|t| (t.name.as_str(), t.count, t.status, t.severity)).collect();
    assert_eq!(
        counts,
        [("new", Some(1), TestStatus::Passed, Severity::Warning), ("whole", Some(3), TestStatus::Failed, Severity::Warning)]
    );
}

#[tokio::test]
async fn a_test_that_cannot_run_counts_as_failed() {
    let lake = Lake::new(&[("silver/t/pipeline.sql", QUERY), ("silver/t/tests/quality/broken.sql", "SELECT nothing FROM {{ this }}")]);
    let report = run(&lake.context, &name("silver.t"), &with_rows("(1, 1)")).await.unwrap();
    let error = report.error.unwrap();
    assert_eq!((error.code(), place(&error).as_str()), (Code::QualityFailed, "default/pipelines/silver/t/tests/quality/broken.sql:1:8"));
    assert_eq!(error.help(), report.tests[0].error.as_ref().unwrap().help(), "the way out is that of what stopped it");
    assert_eq!(report.tests[0].status, TestStatus::Error);
    assert_eq!(report.tests[0].error.as_ref().unwrap().code(), Code::UnknownColumn);
    assert_eq!(lake.rows("silver.t").await, None);
}

#[tokio::test]
async fn built_in_tests_find_what_they_are_for() {
    let config = "tests:\n  - not_null: [id]\n  - unique: [id]\n  - unique: [id, v]\n  - accepted_values: {column: v, values: [1, 2, 3]}\n  \
                  - range: {column: id, min: 1, max: 9}\n  - row_count: {min: 1, max: 5}\n  \
                  - relationships: {column: v, to: bronze.other, field: k}\n";
    let lake = Lake::new(&[
        ("bronze/other/pipeline.sql", "SELECT * FROM (VALUES (1), (2), (3)) AS t(k)"),
        ("silver/t/pipeline.sql", QUERY),
        ("silver/t/config.yaml", config),
    ]);
    lake.run("bronze.other").await;
    let good = lake.run_rows("silver.t", "(1, 1), (2, NULL)").await;
    assert!(good.tests.iter().all(|t| t.status == TestStatus::Passed && t.count == Some(0)), "{:?}", good.tests);
    let bad = run(&lake.context, &name("silver.t"), &with_rows("(NULL, 4), (1, 1), (11, 2), (12, 2)")).await.unwrap();
    let counts: Vec<_> = bad.tests.iter().map(|t| (t.name.as_str(), t.count)).collect();
    assert_eq!(
        counts,
        [
            ("not_null(id)", Some(1)),
            ("unique(id)", Some(1)),
            ("unique(id, v)", Some(1)),
            ("accepted_values(v)", Some(1)),
            ("range(id)", Some(2)),
            ("row_count", Some(1)),
            ("relationships(v, bronze.other.k)", Some(1)),
        ]
    );
    let error = bad.error.as_ref().unwrap();
    assert_eq!(place(error), "default/pipelines/silver/t/config.yaml:2:5", "{error}");
    assert!(bad.tests.iter().all(|t| t.samples.as_ref().is_some_and(|rows| rows.num_rows() > 0)), "{:?}", bad.tests);
    assert_eq!(lake.rows("silver.t").await.unwrap().len(), 2);
}

#[tokio::test]
async fn freshness_is_the_age_of_the_newest_row_when_the_run_began() {
    // The run begins at midnight of the first of February.
    for (column, newest, fresh) in [
        ("TIMESTAMP", "2024-01-31 23:00:00", true),
        ("TIMESTAMP", "2024-01-31 22:59:59", false),
        ("TIMESTAMPTZ", "2024-02-01 00:30:00+01:00", true),
        ("TIMESTAMPTZ", "2024-01-31 22:59:59+00:00", false),
        ("DATE", "2024-02-01", true),
        ("DATE", "2024-01-31", false),
    ] {
        let report = judged(&format!("SELECT CAST('{newest}' AS {column}) AS at")).await;
        let result = &report.tests[0];
        assert_eq!((result.name.as_str(), result.count), ("freshness(at)", Some(u64::from(!fresh))), "{column} {newest}");
        assert_eq!(report.is_ok(), fresh, "{column} {newest}: {:?}", report.error);
    }
    let report = judged("SELECT TIMESTAMP '2024-01-31 23:30:00' AS at WHERE false").await;
    assert_eq!(report.tests[0].status, TestStatus::Failed, "an empty table is as old as can be");
}

async fn judged(sql: &str) -> RunReport {
    let config = "tests:\n  - freshness: {column: at, max_age: 1h}\n";
    let lake = Lake::new(&[("silver/t/pipeline.sql", sql), ("silver/t/config.yaml", config)]);
    lake.run("silver.t").await
}
