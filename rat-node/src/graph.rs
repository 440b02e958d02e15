//! `lake.graph()`.

use std::mem;

use napi::bindgen_prelude::Result;
use napi_derive::napi;
use rat_core::Graph;
use rat_core::name::Name;

use crate::arguments::text;
use crate::error::to_node;
use crate::report::report;
use crate::value::Value;

/// The graph; `lib/graph.js` wraps it.
#[napi]
pub struct NativeGraph {
    graph: Graph,
    namespace: String,
    data: Value,
}

impl NativeGraph {
    pub fn new(graph: Graph, namespace: &str) -> Self {
        Self { data: report(&graph), graph, namespace: namespace.to_owned() }
    }

    fn name(&self, given: Value) -> Result<&Name> {
        self.graph.find(&text("pipeline", given)?, &self.namespace).map_err(|e| to_node(&e))
    }
}

#[napi]
impl NativeGraph {
    /// Nodes and edges, once.
    #[napi]
    pub fn data(&mut self) -> Value {
        mem::replace(&mut self.data, Value::Undefined)
    }

    /// The pipelines, each after all that it reads.
    #[napi]
    pub fn order(&self) -> Vec<String> {
        self.graph.order().into_iter().map(ToString::to_string).collect()
    }

    /// Everything a pipeline needs.
    #[napi]
    pub fn upstream(&self, pipeline: Value) -> Result<Vec<String>> {
        Ok(self.graph.upstream(self.name(pipeline)?).into_iter().map(ToString::to_string).collect())
    }

    /// Everything that needs a pipeline.
    #[napi]
    pub fn downstream(&self, pipeline: Value) -> Result<Vec<String>> {
        Ok(self.graph.downstream(self.name(pipeline)?).into_iter().map(ToString::to_string).collect())
    }

    /// A Mermaid flowchart.
    #[napi]
    pub fn to_mermaid(&self) -> String {
        self.graph.to_mermaid()
    }
}
