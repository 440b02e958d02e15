//! Pipelines that are gone, and those that have another name now.

use std::time::Duration;

use rat_core::error::{Code, Severity};
use rat_core::{CheckOptions, Lake, MaintainOptions, RunOptions, WriteData, WriteOptions};

use super::support::Shop;

const ORDERS: &str = "-- @merge_strategy: incremental\n-- @unique_key: id\n-- @watermark_column: at\n\
    select * from (values (1, 10), (2, 20), (3, 30)) as t(id, at) {% if watermark_value %} where at > {{ watermark_value }} {% endif %}";

async fn told(lake: &Lake) -> Vec<(Code, String, String)> {
    let report = lake.check(&CheckOptions::default()).await.unwrap();
    assert!(report.ok, "{:?}", report.diagnostics);
    let told = report.diagnostics.iter().inspect(|d| assert_eq!(d.severity, Severity::Warning));
    told.map(|d| (d.code, d.message.clone(), d.help.clone().unwrap_or_default())).collect()
}

/// A lake whose pipeline was `silver.orders` and is `silver.sales` now, with a view beside it.
async fn renamed() -> Shop {
    let shop = Shop::new(&[("default/pipelines/silver/orders/pipeline.sql", ORDERS)]).await;
    shop.run("silver.orders").await;
    shop.lake.tables().tag("silver.orders", "first", None).await.unwrap();
    let pipelines = shop.folder.path().join("default/pipelines/silver");
    std::fs::rename(pipelines.join("orders"), pipelines.join("orders2")).unwrap();
    shop
}

#[tokio::test]
async fn a_table_whose_pipeline_is_gone_is_told_with_the_way_out() {
    let shop = renamed().await;
    let [(code, message, help)] = &told(&shop.lake).await[..] else { panic!("one warning") };
    assert_eq!((*code, message.as_str()), (Code::PipelineGone, "the table `silver.orders` was made by a pipeline that is gone"));
    assert!(help.contains("rat tables silver.orders --rename silver.orders2"), "{help}");
    shop.lake.tables().drop("silver.orders").await.unwrap();
    assert_eq!(told(&shop.lake).await, []);
}

#[tokio::test]
async fn a_view_whose_pipeline_is_gone_is_told_and_what_nobody_made_is_not() {
    let shop = Shop::new(&[("default/pipelines/gold/v/pipeline.sql", "-- @materialized: view\nselect 1 as id")]).await;
    shop.run("gold.v").await;
    let rows =
        arrow::array::RecordBatch::try_from_iter([("id", std::sync::Arc::new(arrow::array::Int32Array::from(vec![1])) as _)]).unwrap();
    let data = WriteData::batches(rows.schema(), vec![rows]);
    shop.lake.write("bronze.given", data, &WriteOptions::default()).await.unwrap().into_result().unwrap();
    assert_eq!(told(&shop.lake).await, []);
    std::fs::remove_dir_all(shop.folder.path().join("default/pipelines/gold/v")).unwrap();
    let [(code, message, _)] = &told(&shop.lake).await[..] else { panic!("one warning") };
    assert_eq!((*code, message.as_str()), (Code::PipelineGone, "the view `gold.v` was made by a pipeline that is gone"));
    assert_eq!(shop.lake.tables().rename("gold.v", "gold.w").await.unwrap().name.to_string(), "default.gold.w");
    assert_eq!(shop.rows("select id from gold.w").await, ["1"]);
}

#[tokio::test]
async fn a_renamed_table_keeps_rows_history_and_watermark_and_goes_on() {
    let shop = renamed().await;
    let tables = shop.lake.tables();
    let (before, history) = (tables.get("silver.orders").await.unwrap(), tables.history("silver.orders").await.unwrap());
    let after = tables.rename("silver.orders", "silver.orders2").await.unwrap();
    assert_eq!(
        (&after.metadata_location, &after.properties, &after.references),
        (&before.metadata_location, &before.properties, &before.references)
    );
    assert_eq!(tables.history("silver.orders2").await.unwrap(), history);
    assert_eq!(tables.get("silver.orders").await.unwrap_err().code(), Code::TableNotFound);
    assert_eq!(told(&shop.lake).await, []);
    let report = shop.run("silver.orders2").await;
    assert_eq!((report.rows_written, report.base_snapshot_id), (0, before.snapshot_id), "the watermark came along");
    assert_eq!(shop.rows("select id from silver.orders2 order by id").await, ["1", "2", "3"]);
}

#[tokio::test]
async fn a_new_table_of_the_old_name_and_the_renamed_one_leave_each_other_alone() {
    let shop = renamed().await;
    shop.lake.tables().rename("silver.orders", "silver.orders2").await.unwrap();
    shop.write("default/pipelines/silver/orders/pipeline.sql", "select 7 as id");
    shop.run("silver.orders").await;
    let (old, new) = (shop.lake.tables().get("silver.orders2").await.unwrap(), shop.lake.tables().get("silver.orders").await.unwrap());
    assert_eq!(old.location, new.location, "both lie in one folder");
    shop.write("default/silver/orders/data/litter.parquet", "left behind");
    // The litter's age is that of its file, which the clock of the lake does not move.
    shop.clock.advance(Duration::from_secs(100 * 366 * 86_400));
    let report = shop.lake.maintain(&MaintainOptions { orphan_grace: Some(Duration::ZERO), ..MaintainOptions::default() }).await.unwrap();
    let deleted: u64 = report.into_result().unwrap().tables.iter().map(|table| table.orphans_deleted).sum();
    assert_eq!(deleted, 1, "the litter, and no file of either table");
    assert_eq!(shop.rows("select id from silver.orders2 order by id").await, ["1", "2", "3"]);
    assert_eq!(shop.rows("select id from silver.orders").await, ["7"]);
}

#[tokio::test]
async fn a_rename_that_cannot_be_meant_is_refused() {
    let shop = renamed().await;
    let tables = shop.lake.tables();
    let code = async |from: &str, to: &str| tables.rename(from, to).await.unwrap_err().code();
    assert_eq!(code("silver.nothing", "silver.other").await, Code::TableNotFound);
    assert_eq!(code("silver.orders", "silver.orders").await, Code::TableExists);
    assert_eq!(code("silver.orders", "platinum.orders").await, Code::UnknownLayer);
    shop.lake.run("silver.orders2", &RunOptions::default()).await.unwrap().into_result().unwrap();
    assert_eq!(code("silver.orders", "silver.orders2").await, Code::TableExists);
    assert_eq!(code("silver.orders2", "silver.other").await, Code::TableHasPipeline);
    let reader = Lake::builder(&shop.folder.path().to_string_lossy()).read_only().open().await.unwrap();
    assert_eq!(reader.tables().rename("silver.orders", "silver.x").await.unwrap_err().code(), Code::ReadOnlyLake);
}
