//! Names that the project knows and the lake has not: what is not built yet, and what never has a table.

use rat_core::error::{Code, Error};
use rat_core::{BuildOptions, QueryOptions, RunOptions};

use super::support::Shop;

async fn shop() -> Shop {
    Shop::new(&[
        ("default/pipelines/silver/orders/pipeline.sql", "select 1 as id"),
        ("default/pipelines/silver/recent/pipeline.sql", "-- @materialized: view\nselect id from {{ ref('silver.orders') }}"),
        ("default/pipelines/silver/inline/pipeline.sql", "-- @materialized: ephemeral\nselect id from {{ ref('silver.orders') }}"),
        ("default/pipelines/gold/totals/pipeline.sql", "select count(*) as n from {{ ref('silver.orders') }}"),
        ("default/pipelines/gold/bare/pipeline.sql", "select count(*) as n\nfrom silver.orders"),
        ("sales/pipelines/gold/report/pipeline.sql", "select n from {{ ref('default.gold.totals') }}"),
        ("sales/pipelines/silver/own/pipeline.sql", "select 1 as id"),
    ])
    .await
}

fn told(error: &Error) -> (Code, &str, &str) {
    (error.code(), error.message(), error.help())
}

async fn refused(shop: &Shop, sql: &str) -> Error {
    shop.lake.query(sql, &QueryOptions::default()).await.unwrap_err()
}

#[tokio::test]
async fn a_query_of_what_is_not_built_says_how_to_build_it() {
    let shop = shop().await;
    let expected = (Code::NotBuilt, "`silver.orders` has not been built yet", "build it with what it reads: `rat build +silver.orders`");
    for sql in ["select * from silver.orders", "describe Silver.ORDERS", "with o as (from default.silver.orders) select * from o"] {
        assert_eq!(told(&refused(&shop, sql).await), expected, "{sql}");
    }
    let error = refused(&shop, "select 1 as one,\n  id from silver.orders").await;
    assert_eq!(error.diagnostics()[0].start(), Some((2, 11)));
    let streamed = shop.lake.stream("select * from silver.orders", &QueryOptions::default()).await.unwrap_err();
    assert_eq!(told(&streamed), expected);
    let elsewhere = refused(&shop, "select * from sales.silver.own").await;
    assert_eq!(elsewhere.help(), "build it with what it reads: `rat build +sales.silver.own`");
    let select = BuildOptions { select: Some(vec!["+silver.orders".to_owned()]), ..BuildOptions::default() };
    shop.lake.build(&select).await.unwrap().into_result().unwrap();
    assert_eq!(shop.rows("select * from silver.orders").await, ["1"]);
}

#[tokio::test]
async fn a_name_nobody_knows_stays_unknown_with_the_nearest() {
    let shop = shop().await;
    let near = refused(&shop, "select * from silver.ordrs").await;
    assert_eq!(told(&near), (Code::UnknownTable, "there is no table `silver.ordrs`", "did you mean `silver.orders`?"));
    let bare = refused(&shop, "with t as (select 1) select * from orders").await;
    assert_eq!(told(&bare), (Code::UnknownTable, "there is no table `orders`", "write `silver.orders`"));
    // A name in a namespace that does not exist for the query is nobody's.
    let only = QueryOptions { namespaces: Some(vec!["default".to_owned()]), ..QueryOptions::default() };
    let hidden = shop.lake.query("select * from sales.silver.own", &only).await.unwrap_err();
    assert_eq!(told(&hidden).0, Code::UnknownTable);
    assert!(!format!("{hidden:#}").contains("`sales.silver.own`?"), "{hidden:#}");
}

#[tokio::test]
async fn what_is_ephemeral_has_no_table_to_build() {
    let shop = shop().await;
    let error = refused(&shop, "select * from silver.inline").await;
    let message = "`silver.inline` is ephemeral: it has no table, and is expanded where a pipeline reads it";
    assert_eq!(told(&error), (Code::UnknownTable, message, "make `silver.inline` a view: `materialized: view`"));
}

#[tokio::test]
async fn a_view_over_what_is_gone_says_so() {
    let shop = shop().await;
    shop.run("silver.orders").await;
    shop.run("silver.recent").await;
    assert_eq!(shop.rows("select * from silver.recent").await, ["1"]);
    shop.lake.tables().drop("silver.orders").await.unwrap();
    let error = refused(&shop, "select * from silver.recent").await;
    let message = "the view `default.silver.recent` cannot be planned: `silver.orders` has not been built yet";
    assert_eq!(told(&error), (Code::NotBuilt, message, "build it with what it reads: `rat build +silver.orders`"));
}

#[tokio::test]
async fn a_run_says_it_of_what_it_refs_and_how_to_ref_what_it_names() {
    let shop = shop().await;
    let run = async |pipeline: &str| shop.lake.run(pipeline, &RunOptions::default()).await.unwrap().into_result().unwrap_err();
    let error = run("gold.totals").await;
    assert_eq!(
        told(&error),
        (Code::NotBuilt, "`silver.orders` has not been built yet", "build it with what it reads: `rat build +silver.orders`")
    );
    let error = run("sales.gold.report").await;
    assert_eq!(error.help(), "build it with what it reads: `rat build +default.gold.totals`");
    let error = run("gold.bare").await;
    assert_eq!((error.code(), error.diagnostics()[0].start()), (Code::UnknownTable, Some((2, 6))));
    assert!(error.help().contains("ref('layer.name')"), "{}", error.help());
}

#[tokio::test]
async fn a_table_that_is_asked_for_by_name_is_not_found_and_says_why() {
    let shop = shop().await;
    let error = shop.lake.tables().get("silver.orders").await.unwrap_err();
    let expected =
        (Code::TableNotFound, "`silver.orders` has not been built yet", "build it with what it reads: `rat build +silver.orders`");
    assert_eq!(told(&error), expected);
}
