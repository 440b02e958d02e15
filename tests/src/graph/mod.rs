//! Tests of graph: order, cycles, selection, drawings.

mod cycles;
mod laws;
mod selection;

use rat_core::interop::graph::{Graph, NodeInfo};
use rat_core::name::Name;

pub fn name(text: &str) -> Name {
    Name::parse(text, "default").unwrap()
}

/// A graph from lines `name: dependency dependency`; tags follow `#`.
pub fn graph(lines: &str) -> Graph {
    let nodes = lines.lines().filter(|line| !line.trim().is_empty()).map(|line| {
        let (line, tags) = line.split_once('#').unwrap_or((line, ""));
        let (pipeline, deps) = line.split_once(':').unwrap_or((line, ""));
        let pipeline = name(pipeline.trim());
        let path = format!("{}/pipelines/{}/{}", pipeline.namespace, pipeline.layer, pipeline.name);
        let deps = deps.split_whitespace().map(|dep| name(dep).into()).collect();
        let tags = tags.split_whitespace().map(str::to_owned).collect();
        (pipeline, NodeInfo { deps, tags, path, ..NodeInfo::default() })
    });
    let (graph, diagnostics) = Graph::new(nodes.collect());
    assert_eq!(diagnostics, []);
    graph
}

/// Bronze, silver and gold of a shop.
pub fn shop() -> Graph {
    graph(
        "bronze.orders #hourly
         bronze.customers
         silver.orders: bronze.orders silver.customers #finance
         silver.customers: bronze.customers
         gold.revenue: silver.orders #finance
         gold.segments: silver.customers bronze.crm
         other.gold.revenue: default.gold.revenue",
    )
}

fn short(names: impl IntoIterator<Item = impl std::borrow::Borrow<Name>>) -> Vec<String> {
    names.into_iter().map(|name| name.borrow().to_string().replace("default.", "")).collect()
}

#[test]
fn the_order_puts_inputs_first_and_names_decide_the_rest() {
    assert_eq!(
        short(shop().order()),
        ["bronze.customers", "bronze.orders", "silver.customers", "silver.orders", "gold.revenue", "gold.segments", "other.gold.revenue"]
    );
}

#[test]
fn up_and_down_reach_all_the_way() {
    let shop = shop();
    assert_eq!(short(shop.upstream(&name("gold.revenue"))), ["bronze.customers", "bronze.orders", "silver.customers", "silver.orders"]);
    assert_eq!(short(shop.downstream(&name("bronze.orders"))), ["silver.orders", "gold.revenue", "other.gold.revenue"]);
    assert_eq!(short(shop.parents(&name("silver.orders"))), ["bronze.orders", "silver.customers"]);
    assert_eq!(short(shop.children(&name("silver.customers"))), ["silver.orders", "gold.segments"]);
    assert!(shop.upstream(&name("gold.nothing")).is_empty());
}

#[test]
fn a_name_is_found_or_its_near_miss_is_named() {
    let shop = shop();
    assert_eq!(shop.find("gold.revenue", "other").unwrap(), &Name::parse("gold.revenue", "other").unwrap());
    assert_eq!(shop.find("gold.revenu", "default").unwrap_err().help(), "did you mean `gold.revenue`?");
    assert_eq!(shop.find("defualt.gold.revenue", "other").unwrap_err().help(), "did you mean `default.gold.revenue`?");
    // A name alone is no name of a pipeline.
    assert_eq!(shop.find("revenue", "default").unwrap_err().help(), "did you mean `gold.revenue`?");
    assert_eq!(shop.find("order", "default").unwrap_err().help(), "did you mean `bronze.orders` or `silver.orders`?");
}

#[test]
fn the_drawing_shows_pipelines_tables_and_reads() {
    let drawing = graph("silver.orders: bronze.orders bronze.crm\nbronze.orders").to_mermaid();
    let expected = "flowchart LR\n  n0[\"bronze.orders\"]:::bronze\n  n1[\"silver.orders\"]:::silver\n  n2[(\"bronze.crm\")]:::bronze\n  \
                    n2 --> n1\n  n0 --> n1\n";
    assert!(drawing.starts_with(expected), "{drawing}");
}

#[test]
fn the_data_has_every_node_and_edge() {
    let data = graph("silver.orders: bronze.orders bronze.crm #a\nbronze.orders").to_json();
    let expected = serde_json::json!({
        "nodes": [
            {"name": "default.bronze.orders", "kind": "pipeline", "layer": "bronze", "path": "default/pipelines/bronze/orders", "tags": []},
            {"name": "default.silver.orders", "kind": "pipeline", "layer": "silver", "path": "default/pipelines/silver/orders", "tags": ["a"]},
            {"name": "default.bronze.crm", "kind": "table", "layer": "bronze"},
        ],
        "edges": [
            {"from": "default.bronze.crm", "to": "default.silver.orders"},
            {"from": "default.bronze.orders", "to": "default.silver.orders"},
        ],
    });
    assert_eq!(data, expected);
}

#[test]
fn a_long_chain_does_not_exhaust_the_stack() {
    let lines: String = (1..20_000).map(|n| format!("bronze.p{n}: bronze.p{}\n", n - 1)).collect();
    let graph = graph(&format!("bronze.p0\n{lines}"));
    assert_eq!(graph.upstream(&name("bronze.p19999")).len(), 19_999);
}
