//! Circles: each told once, with the whole way round; tests that would close one do not count.

use std::collections::BTreeMap;

use rat_core::error::{Code, Diagnostic, Label, Source};
use rat_core::interop::graph::{Dependency, Graph, NodeInfo};
use rat_core::name::Name;

use super::{name, short};

fn reads(from: &str, to: &[&str]) -> (Name, NodeInfo) {
    let deps = to.iter().map(|dep| {
        let source = Source::new(format!("{from}.sql"), format!("ref('{dep}')"));
        let range = 0..source.text.len();
        Dependency { name: name(dep), label: Some(Label { source, range, text: String::new() }) }
    });
    (name(from), NodeInfo { deps: deps.collect(), ..NodeInfo::default() })
}

fn build<const N: usize>(nodes: [(Name, NodeInfo); N]) -> (Graph, Vec<Diagnostic>) {
    Graph::new(BTreeMap::from(nodes))
}

#[test]
fn the_whole_way_round_is_told_with_its_places() {
    let (graph, found) = build([
        reads("silver.a", &["silver.b"]),
        reads("silver.b", &["silver.c", "bronze.x"]),
        reads("silver.c", &["silver.a"]),
        reads("gold.d", &["silver.c"]),
        reads("bronze.x", &[]),
    ]);
    let [cycle] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(cycle.code, Code::Cycle);
    assert_eq!(cycle.message, "pipelines read each other in a circle: `silver.a` -> `silver.b` -> `silver.c` -> `silver.a`");
    let places: Vec<&str> = cycle.labels.iter().map(|label| label.source.path.as_str()).collect();
    assert_eq!(places, ["silver.a.sql", "silver.b.sql", "silver.c.sql"]);
    assert_eq!(short(graph.order()), ["bronze.x", "silver.a", "silver.b", "silver.c", "gold.d"]);
    assert_eq!(short(graph.upstream(&name("gold.d"))), ["bronze.x", "silver.a", "silver.b", "silver.c"]);
}

#[test]
fn a_pipeline_that_reads_itself_is_told_of_this() {
    let (_, found) = build([reads("silver.a", &["silver.a"])]);
    assert_eq!(found[0].message, "pipeline `silver.a` reads itself");
    assert_eq!(found[0].help.as_deref(), Some("write `this` for the pipeline's own table"));
}

#[test]
fn two_circles_are_two_diagnostics() {
    let (_, found) = build([
        reads("silver.a", &["silver.b"]),
        reads("silver.b", &["silver.a"]),
        reads("gold.c", &["gold.d", "silver.a"]),
        reads("gold.d", &["gold.c"]),
    ]);
    assert_eq!(found.len(), 2);
}

#[test]
fn tests_order_a_build_unless_that_makes_a_circle() {
    let with_test = |from: &str, deps: &[&str], test: &[&str]| {
        let (node, info) = reads(from, deps);
        (node, NodeInfo { test_deps: test.iter().map(|dep| name(dep).into()).collect(), ..info })
    };
    let (graph, found) = build([with_test("bronze.a", &[], &["bronze.b", "bronze.a"]), reads("bronze.b", &[])]);
    assert_eq!(found, []);
    assert_eq!(short(graph.order()), ["bronze.b", "bronze.a"]);

    let (graph, found) = build([with_test("bronze.a", &[], &["silver.b"]), reads("silver.b", &["bronze.a"])]);
    assert_eq!(found, []);
    assert_eq!(short(graph.order()), ["bronze.a", "silver.b"]);
}
