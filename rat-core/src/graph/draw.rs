//! The graph for people (Mermaid) and for programs (JSON).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Graph;
use crate::name::{Layer, Name};

impl Graph {
    /// The tables of the lake that no pipeline makes, and every edge: what is read, and what reads it.
    pub fn edges(&self) -> (BTreeSet<&Name>, Vec<(&Name, &Name)>) {
        let mut tables = BTreeSet::new();
        let mut edges = BTreeSet::new();
        for (name, info) in self.shape.names.iter().zip(&self.infos) {
            for dep in &info.deps {
                edges.insert((&dep.name, name));
                if !self.contains(&dep.name) {
                    tables.insert(&dep.name);
                }
            }
        }
        (tables, edges.into_iter().collect())
    }

    /// A Mermaid flowchart, left to right, a column of boxes per layer colour; tables that no pipeline makes are cylinders.
    pub fn to_mermaid(&self) -> String {
        let (tables, edges) = self.edges();
        let one_namespace =
            self.shape.names.iter().chain(tables.iter().copied()).map(|name| &name.namespace).collect::<BTreeSet<_>>().len() < 2;
        let shown = |name: &Name| if one_namespace { name.short() } else { name.to_string() };
        let mut numbers: BTreeMap<&Name, usize> = BTreeMap::new();
        let mut text = String::from("flowchart LR\n");
        for (number, name) in self.order().chain(tables.iter().copied()).enumerate() {
            numbers.insert(name, number);
            let (open, close) = if tables.contains(name) { ("[(", ")]") } else { ("[", "]") };
            text.push_str(&format!("  n{number}{open}\"{}\"{close}:::{}\n", shown(name), name.layer));
        }
        for (from, to) in edges {
            text.push_str(&format!("  n{} --> n{}\n", numbers[from], numbers[to]));
        }
        for (layer, colour) in Layer::ALL.into_iter().zip(["#f3d9c2", "#e3e6ea", "#f7e7a6"]) {
            text.push_str(&format!("  classDef {layer} fill:{colour},stroke:#555,color:#111\n"));
        }
        text
    }

    /// `{"nodes": [{name, kind, layer, path, tags}], "edges": [{from, to}]}`, nodes in build order.
    pub fn to_json(&self) -> Value {
        let (tables, edges) = self.edges();
        let pipelines = self.shape.order.iter().map(|node| {
            let (name, info) = (&self.shape.names[*node], &self.infos[*node]);
            json!({"name": name, "kind": "pipeline", "layer": name.layer.as_str(), "path": info.path, "tags": info.tags})
        });
        let tables = tables.into_iter().map(|name| json!({"name": name, "kind": "table", "layer": name.layer.as_str()}));
        json!({
            "nodes": pipelines.chain(tables).collect::<Vec<_>>(),
            "edges": edges.into_iter().map(|(from, to)| json!({"from": from, "to": to})).collect::<Vec<_>>(),
        })
    }
}
