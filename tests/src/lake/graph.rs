//! The graph as the door shows it: what a check knows, joined with what ran.

use rat_core::error::Code;
use rat_core::name::Name;
use rat_core::{GraphOptions, Language, NodeKind, RunOptions, Status};

use super::support::Shop;

fn name(text: &str) -> Name {
    Name::parse(text, "default").unwrap()
}

async fn shop() -> Shop {
    Shop::new(&[
        ("default/pipelines/bronze/orders/pipeline.sql", "-- @tags: raw\nselect 1 as id, 2.5 as amount"),
        (
            "default/pipelines/silver/orders/pipeline.sql",
            "-- @merge_strategy: incremental\n-- @unique_key: id\n-- @description: Orders, once each\nselect id, amount * 2 as twice from {{ ref('bronze.orders') }}",
        ),
        ("default/pipelines/gold/broken/pipeline.sql", "select nope from {{ ref('silver.orders') }}"),
        ("default/pipelines/gold/ml/pipeline.py", "result = []"),
    ])
    .await
}

#[tokio::test]
async fn nodes_carry_what_is_known_of_them() {
    let shop = shop().await;
    let run = shop.run("bronze.orders").await;
    shop.lake.run("gold.broken", &RunOptions::default()).await.unwrap();
    let graph = shop.lake.graph(&GraphOptions::default()).await.unwrap();
    let order: Vec<String> = graph.order().into_iter().map(Name::short).collect();
    assert_eq!(order, ["bronze.orders", "silver.orders", "gold.broken", "gold.ml"]);
    let edges: Vec<String> = graph.edges.iter().map(|e| format!("{} {}", e.from.short(), e.to.short())).collect();
    assert_eq!(edges, ["bronze.orders silver.orders", "silver.orders gold.broken"]);

    let silver = graph.node(&name("silver.orders")).unwrap();
    assert_eq!((silver.kind, silver.language, silver.ok), (NodeKind::Pipeline, Some(Language::Sql), true));
    assert_eq!(silver.path.as_deref(), Some("default/pipelines/silver/orders"));
    assert_eq!((silver.strategy.as_deref(), silver.materialized.as_deref()), (Some("incremental"), Some("table")));
    assert_eq!(silver.description.as_deref(), Some("Orders, once each"));
    let columns: Vec<String> = silver.columns.iter().flatten().map(|c| format!("{} {}", c.name, c.data_type)).collect();
    assert_eq!(columns, ["id BIGINT", "twice DECIMAL(23, 1)"]);
    let from: Vec<String> = silver.lineage[1].from.iter().map(|o| format!("{}.{}", o.table, o.column)).collect();
    assert_eq!(from, ["default.bronze.orders.amount"]);
    assert!(silver.latest_run.is_none());

    let bronze = graph.node(&name("bronze.orders")).unwrap();
    assert_eq!(bronze.tags, ["raw"]);
    let latest = bronze.latest_run.as_ref().unwrap();
    assert_eq!((latest.id.as_str(), latest.status, latest.rows_written), (run.id.as_str(), Status::Success, Some(1)));
    let broken = graph.node(&name("gold.broken")).unwrap();
    assert!(!broken.ok && broken.columns.is_none());
    assert_eq!(broken.latest_run.as_ref().unwrap().status, Status::Failed);
    assert_eq!(graph.node(&name("gold.ml")).unwrap().language, Some(Language::Python));
    assert_eq!(graph.downstream(&name("bronze.orders")), [&name("silver.orders"), &name("gold.broken")]);
    assert_eq!(graph.upstream(&name("gold.broken")), [&name("bronze.orders"), &name("silver.orders")]);
}

#[tokio::test]
async fn a_selection_is_a_graph_of_its_own() {
    let shop = shop().await;
    let select = |text: &str| GraphOptions { select: Some(vec![text.to_owned()]) };
    let graph = shop.lake.graph(&select("silver.orders+")).await.unwrap();
    assert_eq!(graph.nodes.iter().map(|n| n.name.short()).collect::<Vec<_>>(), ["silver.orders", "gold.broken"]);
    assert_eq!(graph.edges.len(), 1);
    assert!(graph.to_mermaid().contains("\"silver.orders\"") && !graph.to_mermaid().contains("bronze.orders"));
    let json = graph.to_json();
    assert_eq!(json["nodes"][0]["layer"], "silver");
    assert_eq!(json["edges"][0], serde_json::json!({"from": "default.silver.orders", "to": "default.gold.broken"}));
    assert_eq!(shop.lake.graph(&select("silver.nothing")).await.unwrap_err().code(), Code::PipelineNotFound);
    assert_eq!(graph.find("silver.orders", "default").unwrap().to_string(), "default.silver.orders");
    let missing = graph.find("gold.brokn", "default").unwrap_err();
    assert_eq!((missing.code(), missing.help()), (Code::PipelineNotFound, "did you mean `gold.broken`?"));
}

#[tokio::test]
async fn a_table_without_a_pipeline_is_a_node_and_a_circle_is_drawn() {
    let shop = shop().await;
    shop.run("bronze.orders").await;
    std::fs::remove_dir_all(shop.folder.path().join("default/pipelines/bronze")).unwrap();
    shop.write("default/pipelines/gold/broken/pipeline.sql", "select * from {{ ref('gold.broken2') }}");
    shop.write("default/pipelines/gold/broken2/pipeline.sql", "select * from {{ ref('gold.broken') }}");
    let graph = shop.lake.graph(&GraphOptions::default()).await.unwrap();
    let table = graph.node(&name("bronze.orders")).unwrap();
    assert_eq!((table.kind, table.path.as_deref()), (NodeKind::Table, None));
    assert!(graph.to_mermaid().contains("[(\"bronze.orders\")]"));
    assert_eq!(graph.edges.iter().filter(|e| e.from.name.starts_with("broken")).count(), 2);
}
