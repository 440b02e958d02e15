//! What holds of every graph and every selection.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use rat_core::interop::graph::{Graph, NodeInfo};
use rat_core::name::Name;

use super::name;

const NODES: usize = 12;

/// Which node reads which; each pair once.
fn edges() -> impl Strategy<Value = BTreeSet<(usize, usize)>> {
    prop::collection::btree_set((0..NODES, 0..NODES), 0..30)
}

fn node(number: usize) -> Name {
    name(&format!("{}.p{number}", ["bronze", "silver", "gold"][number % 3]))
}

/// The node, with the tag of another number.
fn info(number: usize, tag: usize, edges: &BTreeSet<(usize, usize)>) -> NodeInfo {
    let deps = edges.iter().filter(|(from, _)| *from == number).map(|(_, to)| node(*to).into()).collect();
    NodeInfo { deps, tags: vec![format!("t{}", tag % 4)], ..NodeInfo::default() }
}

fn build(edges: &BTreeSet<(usize, usize)>) -> Graph {
    Graph::new((0..NODES).map(|number| (node(number), info(number, number, edges))).collect()).0
}

/// Edges from higher to lower numbers: no circle.
fn acyclic() -> impl Strategy<Value = BTreeSet<(usize, usize)>> {
    edges().prop_map(|edges| edges.into_iter().filter(|(from, to)| from != to).map(|(a, b)| (a.max(b), a.min(b))).collect())
}

/// A selection that names something.
fn operand() -> impl Strategy<Value = String> {
    let atom = prop_oneof![
        (0..NODES).prop_map(|number| node(number).short()),
        (0..4usize).prop_map(|tag| format!("tag:t{tag}")),
        prop::sample::select(vec!["layer:gold", "silver.*", "*.p1*"]).prop_map(str::to_owned),
    ];
    let before = prop::sample::select(vec!["", "+", "1+", "2+", "@"]);
    let after = prop::sample::select(vec!["", "+", "+1", "+2"]);
    (before, atom, after)
        .prop_map(|(before, atom, after)| if before == "@" { format!("@{atom}") } else { format!("{before}{atom}{after}") })
}

/// Everything reached from a node, by a plain walk.
fn reached(start: usize, edges: &BTreeSet<(usize, usize)>) -> BTreeSet<Name> {
    let mut seen = BTreeSet::new();
    let mut open = vec![start];
    while let Some(at) = open.pop() {
        open.extend(edges.iter().filter(|(from, _)| *from == at).map(|(_, to)| *to).filter(|to| seen.insert(*to)));
    }
    seen.remove(&start);
    seen.into_iter().map(node).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn the_order_has_every_node_once_and_respects_every_edge(edges in acyclic()) {
        let graph = build(&edges);
        let order: Vec<&Name> = graph.order().collect();
        prop_assert_eq!(order.iter().collect::<BTreeSet<_>>().len(), NODES);
        prop_assert_eq!(order.len(), NODES);
        let place = |number: usize| order.iter().position(|name| **name == node(number)).unwrap();
        for (from, to) in &edges {
            prop_assert!(place(*to) < place(*from), "{} reads {}", node(*from), node(*to));
        }
    }

    #[test]
    fn circles_are_told_exactly_when_there_are_some(edges in edges()) {
        let graph = build(&edges);
        let (_, found) = Graph::new(graph.names().iter().map(|name| (name.clone(), graph.info(name).unwrap().clone())).collect());
        let circular = (0..NODES).any(|n| edges.contains(&(n, n)) || edges.iter().any(|(a, b)| *a == n && a != b && reached(*b, &edges).contains(&node(n))));
        prop_assert_eq!(!found.is_empty(), circular);
        prop_assert_eq!(graph.order().count(), NODES);
    }

    #[test]
    fn up_and_down_are_what_a_walk_finds(edges in edges(), start in 0..NODES) {
        let graph = build(&edges);
        let up: BTreeSet<Name> = graph.upstream(&node(start)).into_iter().cloned().collect();
        prop_assert_eq!(&up, &reached(start, &edges));
        for other in up {
            prop_assert!(graph.downstream(&other).contains(&&node(start)));
        }
    }

    #[test]
    fn union_and_intersection_are_those_of_sets(edges in edges(), a in operand(), b in operand(), c in operand()) {
        let graph = build(&edges);
        let select = |text: String| graph.select(&[text], "default").unwrap();
        let (in_a, in_b, in_c) = (select(a.clone()), select(b.clone()), select(c.clone()));
        prop_assert_eq!(select(format!("{a} {b}")), &in_a | &in_b);
        prop_assert_eq!(select(format!("{b} {a}")), &in_a | &in_b);
        prop_assert_eq!(select(format!("{a},{b}")), &in_a & &in_b);
        prop_assert_eq!(select(format!("{b},{a}")), &in_a & &in_b);
        prop_assert_eq!(select(format!("{a},{b} {c}")), &(&in_a & &in_b) | &in_c);
        prop_assert_eq!(graph.select(&[a.as_str(), b.as_str()], "default").unwrap(), &in_a | &in_b);
        prop_assert_eq!(select(format!("{a} {a}")), in_a);
    }

    #[test]
    fn more_steps_select_more(edges in edges(), start in 0..NODES) {
        let graph = build(&edges);
        let select = |text: String| graph.select(&[text], "default").unwrap();
        let own = node(start).short();
        let mut before = select(own.clone());
        for steps in 1..4 {
            let now = select(format!("{own}+{steps}"));
            prop_assert!(before.is_subset(&now));
            before = now;
        }
        let all = select(format!("{own}+"));
        prop_assert!(before.is_subset(&all));
        let (around, at) = (select(format!("+{own}+")), select(format!("@{own}")));
        prop_assert!(around.is_subset(&at));
    }

    #[test]
    fn a_renewed_graph_is_the_graph_of_the_new_words(edges in edges(), moved in prop::collection::btree_map(0..NODES, 0..4usize, 0..4), a in operand()) {
        let new: BTreeMap<Name, Arc<NodeInfo>> = moved.iter().map(|(number, tag)| (node(*number), Arc::new(info(*number, *tag, &edges)))).collect();
        let renewed = build(&edges).renewed(&new).expect("the edges are the same");
        let tag = |number: usize| moved.get(&number).copied().unwrap_or(number);
        let whole = Graph::new((0..NODES).map(|number| (node(number), info(number, tag(number), &edges))).collect()).0;
        prop_assert!(renewed.order().eq(whole.order()));
        for number in 0..NODES {
            let tags = |graph: &Graph| graph.info(&node(number)).unwrap().tags.clone();
            prop_assert_eq!(tags(&renewed), tags(&whole));
            prop_assert_eq!(renewed.parents(&node(number)), whole.parents(&node(number)));
        }
        let select = |graph: &Graph| graph.select(&[a.as_str()], "default").map_err(|error| error.to_string());
        prop_assert_eq!(select(&renewed), select(&whole));
    }

    #[test]
    fn a_graph_is_not_renewed_where_its_edges_or_names_are_others(edges in edges(), from in 0..NODES, to in 0..NODES) {
        let graph = build(&edges);
        let mut other = edges.clone();
        if !other.remove(&(from, to)) {
            other.insert((from, to));
        }
        prop_assert!(graph.renewed([(&node(from), &Arc::new(info(from, from, &other)))]).is_none());
        let tested = NodeInfo { test_deps: vec![node(to).into()], ..info(from, from, &edges) };
        prop_assert!(graph.renewed([(&node(from), &Arc::new(tested))]).is_none());
        prop_assert!(graph.renewed([(&name("silver.unknown"), &Arc::new(info(from, from, &edges)))]).is_none());
    }

    #[test]
    fn no_selection_panics(text in "[-@+*?.,:!\\[\\] a-z0-9é]{0,30}") {
        let graph = build(&BTreeSet::new());
        if let Err(error) = graph.select(&[text], "default") {
            prop_assert!(["INVALID_SELECTOR", "PIPELINE_NOT_FOUND"].contains(&error.code().as_str()));
        }
    }
}
