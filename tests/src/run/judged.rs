//! Row-local tests look at stored rows once: what a snapshot says of its rows is believed as far as it can know it.

use rat_core::interop::run::{RunReport, TestStatus, run};

use super::harness::{Lake, name, with_rows};
use crate::tables::support::batch;

const QUERY: &str = "SELECT * FROM (VALUES {{ var('rows') }}) AS t(id, v)";
const TESTS: &str = "tests:\n  - not_null: [id]\n  - accepted_values: {column: v, values: [1, 2, 3]}\n  - range: {column: id, min: 1, max: 99}\n  - unique: [id]\n";

fn files<'a>(query: &'a str, tests: &'a str) -> [(&'a str, &'a str); 2] {
    [("silver/t/pipeline.sql", query), ("silver/t/config.yaml", tests)]
}

/// The tests that looked at new rows alone.
fn of_new_rows(report: &RunReport) -> Vec<&str> {
    assert!(report.tests.iter().all(|test| test.status == TestStatus::Passed), "{:?}", report.tests);
    report.tests.iter().filter(|test| test.sql.contains("new_rows")).map(|test| test.name.as_str()).collect()
}

#[tokio::test]
async fn stored_rows_are_not_looked_at_again() {
    for strategy in ["-- @merge_strategy: append_only", "-- @merge_strategy: incremental\n-- @unique_key: id"] {
        let lake = Lake::new(&files(&format!("{strategy}\n{QUERY}"), TESTS));
        assert!(of_new_rows(&lake.run_rows("silver.t", "(1, 1), (2, 2)").await).is_empty(), "{strategy}");
        for rows in ["(3, 3)", "(4, 1)"] {
            let report = lake.run_rows("silver.t", rows).await;
            assert_eq!(of_new_rows(&report), ["not_null(id)", "accepted_values(v)", "range(id)"], "{strategy}");
        }
        let bad = run(&lake.context, &name("silver.t"), &with_rows("(5, 7), (6, 8), (7, 1)")).await.unwrap();
        assert_eq!(bad.tests[1].count, Some(2), "{strategy}");
        assert_eq!(bad.tests[1].samples.as_ref().unwrap().num_rows(), 2, "{strategy}");
        assert_eq!(lake.rows("silver.t").await.unwrap().len(), 4, "{strategy}");
    }
}

#[tokio::test]
async fn a_test_that_is_new_or_another_looks_at_all_rows() {
    let query = format!("-- @merge_strategy: append_only\n{QUERY}");
    let lake = Lake::new(&files(&query, "tests:\n  - not_null: [id]\n"));
    lake.run_rows("silver.t", "(1, 50)").await;
    let lake = lake.with(&files(&query, "tests:\n  - not_null: [id]\n  - range: {column: v, min: 1, max: 60}\n"));
    assert_eq!(of_new_rows(&lake.run_rows("silver.t", "(2, 2)").await), ["not_null(id)"]);
    let lake = lake.with(&files(&query, "tests:\n  - not_null: [id]\n  - range: {column: v, min: 1, max: 40}\n"));
    let report = run(&lake.context, &name("silver.t"), &with_rows("(3, 3)")).await.unwrap();
    assert_eq!(report.tests[1].count, Some(1), "the stored row violates it: {:?}", report.tests);
}

#[tokio::test]
async fn rows_that_nobody_tested_are_looked_at() {
    let query = format!("-- @merge_strategy: append_only\n{QUERY}");
    let lake = Lake::new(&files(&query, TESTS));
    lake.run_rows("silver.t", "(1, 1)").await;
    // A run without tests in between, and then another engine: neither says anything of its rows.
    let lake = lake.with(&[("silver/t/pipeline.sql", query.as_str())]);
    lake.run_rows("silver.t", "(2, 9)").await;
    let lake = lake.with(&files(&query, TESTS));
    let report = run(&lake.context, &name("silver.t"), &with_rows("(3, 3)")).await.unwrap();
    assert_eq!(report.tests[1].count, Some(1), "{:?}", report.tests);

    let lake = Lake::new(&files(&query, TESTS));
    lake.run_rows("silver.t", "(1, 1)").await;
    crate::tables::support::append(&lake.context.tables, &name("silver.t"), batch([7])).await;
    let report = run(&lake.context, &name("silver.t"), &with_rows("(3, 3)")).await.unwrap();
    assert!(report.is_ok(), "{:?}", report.error);
    assert!(of_new_rows(&report).is_empty(), "{:?}", report.tests);
    assert_eq!(of_new_rows(&lake.run_rows("silver.t", "(4, 3)").await).len(), 3, "from then on it is known");
}

#[tokio::test]
async fn a_column_that_changed_is_looked_at_again() {
    let query = format!("-- @merge_strategy: append_only\n{QUERY}");
    let lake = Lake::new(&files(&query, "tests:\n  - not_null: [id]\n"));
    lake.run_rows("silver.t", "(1, 1)").await;
    let wider = "-- @merge_strategy: append_only\nSELECT *, id + 1 AS w FROM (VALUES {{ var('rows') }}) AS t(id, v)";
    let lake = lake.with(&files(wider, "tests:\n  - not_null: [id]\n"));
    assert!(of_new_rows(&lake.run_rows("silver.t", "(2, 2)").await).is_empty());
    assert_eq!(of_new_rows(&lake.run_rows("silver.t", "(3, 2)").await).len(), 1);
}
