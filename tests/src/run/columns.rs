//! The query's columns and the table's.

use rat_core::error::Code;
use rat_core::interop::run::run;

use super::harness::{Lake, full_refresh, name, with_rows};
use crate::scan::interop::{ask, python};

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

const NESTED: &str = "SELECT 1 AS id, {'n': CAST(1 AS INT), 'gone': 'x', 'tags': [{'t': CAST(1 AS INT)}]} AS v";
const LATER: &str =
    "SELECT 2 AS id, {'tags': [{'t': CAST(5000000000 AS BIGINT), 'u': 'y'}], 'n': CAST(6000000000 AS BIGINT), 'new': true} AS v";

#[tokio::test]
async fn fields_inside_a_column_follow_the_policy_by_name() {
    let (lake, report) = then("append", NESTED, LATER).await;
    assert!(report.is_ok(), "{:?}", report.error);
    let warnings: Vec<&str> = report.warnings.iter().map(|warning| warning.message.as_str()).collect();
    assert_eq!(warnings, ["column `v.gone` of the table is not in the query: it is NULL in the new rows"]);
    assert_eq!(
        lake.rows("silver.t").await.unwrap(),
        [
            "1|{n: 1, gone: x, tags: [{t: 1, u: NULL}], new: NULL}",
            "2|{n: 6000000000, gone: NULL, tags: [{t: 5000000000, u: y}], new: true}"
        ]
    );
    let (lake, report) = then("sync", NESTED, LATER).await;
    assert!(report.is_ok(), "{:?}", report.error);
    assert_eq!(
        lake.rows("silver.t").await.unwrap(),
        ["1|{n: 1, tags: [{t: 1, u: NULL}], new: NULL}", "2|{n: 6000000000, tags: [{t: 5000000000, u: y}], new: true}"]
    );
    let (lake, report) = then("fail", NESTED, LATER).await;
    let error = report.error.unwrap();
    assert_eq!(error.code(), Code::SchemaChanged);
    for path in ["`v.n` is Int64", "`v.gone` is not in the query", "`v.tags.element.t` is", "`v.tags.element.u` is not", "`v.new` is not"] {
        assert!(error.message().contains(path), "{path}: {error}");
    }
    assert_eq!(lake.rows("silver.t").await.unwrap().len(), 1);
    let (lake, report) = then("ignore", NESTED, &LATER.replace("6000000000", "6").replace("5000000000", "5")).await;
    assert!(report.is_ok(), "{:?}", report.error);
    assert_eq!(report.warnings.len(), 3, "{:?}", report.warnings);
    assert_eq!(lake.rows("silver.t").await.unwrap(), ["1|{n: 1, gone: x, tags: [{t: 1}]}", "2|{n: 6, gone: NULL, tags: [{t: 5}]}"]);
    let (_, report) = then("ignore", NESTED, LATER).await;
    assert_eq!(report.error.unwrap().code(), Code::CastFailed, "a value that does not fit is not cut");
    let (_, report) = then("append", NESTED, "SELECT 2 AS id, {'n': DATE '2024-01-01'} AS v").await;
    let error = report.error.unwrap();
    assert_eq!(error.code(), Code::SchemaChanged);
    assert!(error.message().contains("`v.n` is DATE in the query and INTEGER in the table"), "{error}");
}

#[tokio::test]
async fn fields_of_a_struct_go_by_their_names_and_not_by_their_places() {
    let (lake, report) = then("append", "SELECT {'a': 1, 'b': 2} AS v", "SELECT {'B': 4, 'A': 3} AS v").await;
    assert!(report.is_ok() && report.warnings.is_empty(), "{report:?}");
    assert_eq!(lake.rows("silver.t").await.unwrap(), ["{a: 1, b: 2}", "{a: 3, b: 4}"]);
}

#[tokio::test]
async fn rows_that_a_merge_writes_anew_get_the_new_fields() {
    for strategy in ["incremental", "scd2"] {
        for mode in ["copy_on_write", "merge_on_read"] {
            let text = |sql: &str| format!("-- @merge_strategy: {strategy}\n-- @unique_key: id\n-- @write_mode: {mode}\n{sql}");
            let first = text("SELECT * FROM (VALUES (1, {'n': CAST(1 AS INT)}), (2, {'n': CAST(2 AS INT)}), (3, NULL)) AS t(id, v)");
            let second = text("SELECT * FROM (VALUES (2, {'m': 'x', 'n': CAST(6000000000 AS BIGINT)})) AS t(id, v)");
            let lake = Lake::new(&[("silver/t/pipeline.sql", &first)]);
            assert!(lake.run("silver.t").await.is_ok());
            let lake = lake.with(&[("silver/t/pipeline.sql", &second)]);
            let report = lake.run("silver.t").await;
            assert!(report.is_ok(), "{strategy}, {mode}: {:?}", report.error);
            let rows = lake.rows("silver.t").await.unwrap();
            let values: Vec<&str> = rows.iter().map(|row| row.split('|').nth(1).unwrap()).collect();
            let mut expected = vec!["{n: 1, m: NULL}", "{n: 6000000000, m: x}", "NULL"];
            if strategy == "scd2" {
                expected.insert(1, "{n: 2, m: NULL}");
            }
            assert_eq!(values, expected, "{strategy}, {mode}");
            if let Some(python) = python() {
                for (engine, read) in ask(&python, "read_merged.py", &[lake.folder.path().to_str().unwrap(), "silver", "t"]) {
                    assert_eq!(read.len(), rows.len(), "{strategy}, {mode}, {engine:?}: {read:?}");
                    assert!(read.iter().any(|row| row.contains("6000000000")), "{strategy}, {mode}, {engine:?}: {read:?}");
                }
            }
        }
    }
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

#[tokio::test]
async fn a_column_that_no_table_holds_is_told_where_it_is_made() {
    let lake = Lake::new(&[("silver/t/pipeline.sql", "-- @merge_strategy: append_only\nSELECT 1 AS id,\n  INTERVAL 3 DAY AS wait")]);
    let report = lake.run("silver.t").await;
    let error = report.error.as_ref().unwrap();
    assert_eq!(error.code(), Code::UnsupportedType);
    assert!(error.diagnostics()[0].to_string().ends_with("(default/pipelines/silver/t/pipeline.sql:3:12)"), "{}", error.diagnostics()[0]);
}

#[tokio::test]
async fn the_moment_of_a_run_is_a_column_like_any_other() {
    let sql = "-- @merge_strategy: append_only\nSELECT now() AS at, current_timestamp AS same, current_localtimestamp() AS here, current_date AS day";
    let lake = Lake::new(&[("silver/t/pipeline.sql", sql)]);
    for _ in 0..2 {
        let report = lake.run("silver.t").await;
        assert!(report.is_ok(), "{:?}", report.error);
    }
    let row = "2024-02-01T00:00:00Z|2024-02-01T00:00:00Z|2024-02-01T00:00:00|2024-02-01";
    assert_eq!(lake.rows("silver.t").await.unwrap(), [row, row]);
}
