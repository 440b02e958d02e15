//! The query's columns and the table's.

use rat_core::error::Code;
use rat_core::interop::run::run;

use super::harness::{Lake, full_refresh, name, with_rows};

fn append(policy: &str, sql: &str) -> Vec<(&'static str, String)> {
    vec![("silver/t/pipeline.sql", format!("-- @merge_strategy: append_only\n-- @on_schema_change: {policy}\n{sql}"))]
}

async fn then(policy: &str, first: &str, second: &str) -> (Lake, rat_core::interop::run::RunReport) {
    let files = append(policy, first);
    let lake = Lake::new(&[(files[0].0, &files[0].1)]);
    let report = lake.run("silver.t").await;
    assert!(report.is_ok(), "{:?}", report.error);
    let files = append(policy, second);
    let lake = lake.with(&[(files[0].0, &files[0].1)]);
    let report = lake.run("silver.t").await;
    (lake, report)
}

#[tokio::test]
async fn append_adds_and_widens_and_fills_with_null() {
    let (lake, report) = then("append", "SELECT CAST(1 AS INT) AS id, 'a' AS v", "SELECT CAST(2 AS BIGINT) AS ID, true AS extra").await;
    assert!(report.is_ok(), "{:?}", report.error);
    assert_eq!(report.warnings.iter().map(|w| w.code).collect::<Vec<_>>(), [Code::SchemaChanged]);
    assert_eq!(lake.rows("silver.t").await.unwrap(), ["1|a|NULL", "2|NULL|true"]);
}

#[tokio::test]
async fn fail_refuses_any_difference() {
    let (lake, report) = then("fail", "SELECT 1 AS id", "SELECT 1 AS id, 2 AS extra").await;
    let error = report.error.unwrap();
    assert_eq!(error.code(), Code::SchemaChanged);
    assert!(error.message().contains("`extra`"), "{error}");
    assert_eq!(lake.rows("silver.t").await.unwrap(), ["1"]);
}

#[tokio::test]
async fn sync_drops_what_is_gone() {
    let (lake, report) = then("sync", "SELECT 1 AS id, 'a' AS v", "SELECT 2 AS id, 'b' AS w").await;
    assert!(report.is_ok(), "{:?}", report.error);
    assert_eq!(lake.rows("silver.t").await.unwrap(), ["1|NULL", "2|b"]);
}

#[tokio::test]
async fn ignore_writes_the_common_columns() {
    let (lake, report) = then("ignore", "SELECT 1 AS id, 'a' AS v", "SELECT 2 AS id, 'b' AS w").await;
    assert_eq!(report.warnings.len(), 2, "{:?}", report.warnings);
    assert_eq!(lake.rows("silver.t").await.unwrap(), ["1|a", "2|NULL"]);
}

#[tokio::test]
async fn an_incompatible_type_is_an_error_in_all_four() {
    for policy in ["append", "fail", "sync", "ignore"] {
        let (_, report) = then(policy, "SELECT DATE '2024-01-01' AS d", "SELECT true AS d").await;
        assert_eq!(report.error.unwrap().code(), Code::SchemaChanged, "{policy}");
    }
}

#[tokio::test]
async fn a_value_that_does_not_fit_names_its_column() {
    let (lake, report) = then("ignore", "SELECT CAST(1 AS INT) AS n", "SELECT CAST(3000000000 AS BIGINT) AS n").await;
    let error = report.error.unwrap();
    assert_eq!(error.code(), Code::CastFailed);
    assert!(error.message().contains("`n`"), "{error}");
    assert_eq!(lake.rows("silver.t").await.unwrap(), ["1"]);
}

#[tokio::test]
async fn a_full_refresh_replaces_the_columns() {
    let lake = Lake::new(&[("silver/t/pipeline.sql", "SELECT 1 AS id, 'a' AS v")]);
    lake.run("silver.t").await;
    let lake = lake.with(&[("silver/t/pipeline.sql", "SELECT 'x' AS v, true AS id")]);
    let report = lake.run("silver.t").await;
    assert!(report.is_ok(), "{:?}", report.error);
    assert_eq!(lake.rows("silver.t").await.unwrap(), ["x|true"]);
}

#[tokio::test]
async fn not_null_is_enforced_when_written() {
    let config = "columns:\n  - {name: id, type: bigint, not_null: true}\n  - {name: v, type: varchar}\n";
    let lake =
        Lake::new(&[("silver/t/pipeline.sql", "SELECT * FROM (VALUES {{ var('rows') }}) AS t(id, v)"), ("silver/t/config.yaml", config)]);
    let report = run(&lake.context, &name("silver.t"), &with_rows("(1, 'a'), (NULL, 'b')")).await.unwrap();
    let error = report.error.unwrap();
    assert_eq!(error.code(), Code::NotNullViolated);
    assert!(error.message().contains("`id`"), "{error}");
    assert_eq!(lake.rows("silver.t").await, None);
    let report = run(&lake.context, &name("silver.t"), &full_refresh("(1, NULL)")).await.unwrap();
    assert!(report.is_ok(), "{:?}", report.error);
}
