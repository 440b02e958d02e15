//! What a run reads.

use rat_core::error::Code;
use rat_core::interop::run::{RunStatus, run};

use super::harness::{Lake, name, with_rows};

#[tokio::test]
async fn an_input_that_is_not_built_says_how_to_build_it() {
    let lake = Lake::new(&[("bronze/a/pipeline.sql", "SELECT 1 AS id"), ("silver/b/pipeline.sql", "SELECT *\nFROM {{ ref('bronze.a') }}")]);
    let error = lake.run("silver.b").await.error.unwrap();
    assert_eq!(error.code(), Code::NotBuilt);
    assert_eq!(error.diagnostics()[0].start().unwrap().0, 2);
    lake.run("bronze.a").await;
    let report = lake.run("silver.b").await;
    assert_eq!(report.inputs.keys().collect::<Vec<_>>(), ["default.bronze.a"]);
    assert_eq!(lake.rows("silver.b").await.unwrap(), ["1"]);
}

#[tokio::test]
async fn views_and_ephemeral_pipelines_are_expanded() {
    let lake = Lake::new(&[
        ("bronze/a/pipeline.sql", "SELECT * FROM (VALUES {{ var('rows') }}) AS t(id)"),
        ("silver/v/pipeline.sql", "-- @materialized: view\nSELECT id * 10 AS ten FROM {{ ref('bronze.a') }}"),
        ("silver/e/pipeline.sql", "-- @materialized: ephemeral\nSELECT ten + 1 AS n FROM {{ ref('silver.v') }}"),
        ("gold/g/pipeline.sql", "SELECT n FROM {{ ref('silver.e') }}"),
    ]);
    lake.run_rows("bronze.a", "(1), (2)").await;
    let view = lake.run("silver.v").await;
    assert!(view.is_ok(), "{:?}", view.error);
    assert_eq!((view.strategy.as_str(), view.rows_total), ("view", None));
    lake.run("gold.g").await;
    assert_eq!(lake.rows("gold.g").await.unwrap(), ["11", "21"]);
    lake.run_rows("bronze.a", "(3)").await;
    let report = lake.run("gold.g").await;
    assert_eq!(report.inputs.keys().collect::<Vec<_>>(), ["default.bronze.a"], "the table behind both");
    assert_eq!(lake.rows("gold.g").await.unwrap(), ["31"]);
}

#[tokio::test]
async fn this_is_empty_on_a_first_run_and_the_table_later() {
    let sql = "-- @merge_strategy: append_only\nSELECT (SELECT count(*) FROM {{ this }}) AS before, 1 AS one";
    let lake = Lake::new(&[("silver/t/pipeline.sql", sql)]);
    // Guarded, a first run does not look; unguarded, there is nothing to take the columns from.
    let error = lake.run("silver.t").await.error.unwrap();
    assert!(!error.diagnostics().is_empty(), "{error}");
    let guarded = "-- @merge_strategy: append_only\nSELECT {% if is_append_only() %}(SELECT count(*) FROM {{ this }}){% else %}CAST(0 AS BIGINT){% endif %} AS before";
    let lake = lake.with(&[("silver/t/pipeline.sql", guarded)]);
    for _ in 0..3 {
        let report = lake.run("silver.t").await;
        assert!(report.is_ok(), "{:?}", report.error);
    }
    assert_eq!(lake.rows("silver.t").await.unwrap(), ["0", "1", "2"]);
}

#[tokio::test]
async fn the_watermark_goes_on_from_the_table() {
    let sql = "-- @merge_strategy: append_only\n-- @watermark_column: at\n\
               SELECT at FROM (VALUES {{ var('rows') }}) AS t(at) {% if watermark_value %}WHERE at > {{ watermark_value }}{% endif %}";
    let lake = Lake::new(&[("silver/t/pipeline.sql", sql)]);
    assert_eq!(lake.run_rows("silver.t", "(1), (5)").await.watermark.as_deref(), Some("5"));
    let second = lake.run_rows("silver.t", "(4), (5), (6)").await;
    assert_eq!((second.rows_written, second.watermark.as_deref()), (1, Some("6")));
    let third = lake.run_rows("silver.t", "(2)").await;
    assert_eq!((third.rows_written, third.watermark.as_deref()), (0, Some("6")));
    assert_eq!(lake.rows("silver.t").await.unwrap(), ["1", "5", "6"]);
}

#[tokio::test]
async fn python_pipelines_are_refused_with_a_record() {
    let lake = Lake::new(&[("silver/p/pipeline.py", "result = []\n")]);
    let report = lake.run("silver.p").await;
    assert_eq!((report.status, report.error.unwrap().code()), (RunStatus::Failed, Code::UnsupportedPipeline));
    assert_eq!(lake.context.ledger.run(&report.id).unwrap().status, RunStatus::Failed);
}

#[tokio::test]
async fn a_pipeline_that_does_not_exist_names_the_near_one() {
    let lake = Lake::new(&[("silver/orders/pipeline.sql", "SELECT 1 AS id")]);
    let error = run(&lake.context, &name("silver.oders"), &with_rows("")).await.unwrap_err();
    assert_eq!(error.code(), Code::PipelineNotFound);
    assert!(error.help().contains("silver.orders"), "{}", error.help());
}
