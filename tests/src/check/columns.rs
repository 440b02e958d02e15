//! What each pipeline's table will hold, built or not.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use rat_core::interop::check::{Environment, LakeFacts};

use super::{check, columns, files, name, pipeline, shown, workspace};

const ORDERS: &str = "SELECT 1 AS id, 10 AS customer_id, 2.5 AS amount, DATE '2024-01-01' AS ordered_at";

#[test]
fn types_and_lineage_go_through_every_layer() {
    let report = check(&[
        ("bronze.orders", ORDERS),
        ("silver.orders", "SELECT id, customer_id, amount * 2 AS twice FROM {{ ref('bronze.orders') }}"),
        ("gold.totals", "SELECT customer_id, sum(twice) AS total, count(*) AS n FROM {{ ref('silver.orders') }} GROUP BY customer_id"),
    ]);
    assert!(report.ok, "{:#?}", report.diagnostics);
    assert_eq!(
        columns(&report, "gold.totals").iter().map(|c| c.split(' ').next().unwrap()).collect::<Vec<_>>(),
        ["customer_id", "total", "n"]
    );
    let lineage = &pipeline(&report, "gold.totals").lineage;
    let from: Vec<String> = lineage.iter().map(|l| l.from.iter().map(|o| format!("{}.{}", o.table, o.column)).collect()).collect();
    assert_eq!(from, ["default.silver.orders.customer_id", "default.silver.orders.twice", ""]);
}

#[test]
fn tables_of_the_lake_have_the_columns_of_the_catalog() {
    let schema = Arc::new(Schema::new(vec![Field::new("k", DataType::Utf8View, true)]));
    let facts = LakeFacts { tables: BTreeMap::from([(name("bronze.crm"), Some(schema))]), ..LakeFacts::default() };
    let files = files(&[("silver.crm", "SELECT k, upper(k) AS u FROM {{ ref('bronze.crm') }}")]);
    let report = workspace().check(&files, &facts, &Environment::default());
    assert!(report.ok, "{:#?}", report.diagnostics);
    assert_eq!(columns(&report, "silver.crm"), ["k VARCHAR", "u VARCHAR"]);
}

#[test]
fn views_and_ephemeral_pipelines_are_expanded() {
    let report = check(&[
        ("bronze.orders", ORDERS),
        ("silver.big", "-- @materialized: view\nSELECT id, amount FROM {{ ref('bronze.orders') }} WHERE amount > 1"),
        ("silver.bigger", "-- @materialized: ephemeral\nSELECT id, amount + 1 AS more FROM {{ ref('silver.big') }}"),
        ("gold.ids", "SELECT id, more FROM {{ ref('silver.bigger') }}"),
    ]);
    assert!(report.ok, "{:#?}", report.diagnostics);
    let lineage = &pipeline(&report, "gold.ids").lineage;
    assert_eq!(lineage[1].from[0].table, "default.bronze.orders");
    assert_eq!(lineage[1].from[0].column, "amount");
}

#[test]
fn an_absent_this_has_the_columns_of_a_run_from_nothing() {
    let sql = "-- @merge_strategy: incremental\n-- @unique_key: id\n-- @watermark_column: ordered_at\n\
               SELECT id, ordered_at FROM {{ ref('bronze.orders') }}\n\
               {% if is_incremental() %}WHERE ordered_at > (SELECT max(ordered_at) FROM {{ this }}){% endif %}";
    let report = check(&[("bronze.orders", ORDERS), ("silver.orders", sql)]);
    assert!(report.ok, "{:#?}", report.diagnostics);
    let wrong = sql.replace("max(ordered_at)", "max(ordered)");
    let report = check(&[("bronze.orders", ORDERS), ("silver.orders", &wrong)]);
    assert_eq!(shown(&report.diagnostics), ["error UNKNOWN_COLUMN silver/orders/pipeline.sql:5:57 ordered"]);
}

#[test]
fn a_later_run_is_checked_too_and_warns() {
    let sql = "-- @merge_strategy: append_only\n-- @watermark_column: ordered_at\n\
               SELECT id, ordered_at FROM {{ ref('bronze.orders') }}\n\
               {% if watermark_value %}WHERE ordred_at > '{{ watermark_value }}'{% endif %}";
    let report = check(&[("bronze.orders", ORDERS), ("silver.orders", sql)]);
    assert!(report.ok);
    assert_eq!(shown(&report.diagnostics), ["warning UNKNOWN_COLUMN silver/orders/pipeline.sql:4:31 ordred_at"]);
}

#[test]
fn history_has_the_columns_of_its_validity() {
    let report = check(&[
        ("silver.customers", "-- @merge_strategy: scd2\n-- @unique_key: id\nSELECT 1 AS id, 'a' AS name"),
        ("gold.now", "SELECT id FROM {{ ref('silver.customers') }} WHERE valid_to IS NULL"),
    ]);
    assert!(report.ok, "{:#?}", report.diagnostics);
    assert_eq!(columns(&report, "silver.customers")[2..], ["valid_from TIMESTAMP WITH TIME ZONE", "valid_to TIMESTAMP WITH TIME ZONE"]);
}

#[test]
fn python_is_shown_and_typed_by_its_contract_alone() {
    let report = check(&[
        ("default/pipelines/silver/model/pipeline.py", "# @columns: [{name: id, type: bigint}]\nresult = []"),
        ("default/pipelines/silver/free/pipeline.py", "result = []"),
        ("gold.a", "SELECT id FROM {{ ref('silver.model') }}"),
        ("gold.b", "SELECT anything FROM {{ ref('silver.free') }}"),
    ]);
    assert!(report.ok, "{:#?}", report.diagnostics);
    assert_eq!(columns(&report, "gold.a"), ["id BIGINT"]);
    assert!(pipeline(&report, "gold.b").schema.is_none());
}
