//! `lake.graph()`: what reads what.

use pyo3::prelude::*;
use rat_core::name::Name;

use crate::arguments::Text;
use crate::error::to_python;
use crate::report::plain;

/// The graph of the core; `rat.Graph` holds one beside its nodes.
#[pyclass(module = "rat._rat", frozen)]
pub struct Graph {
    graph: rat_core::Graph,
    /// The namespace that `layer.name` means.
    namespace: String,
}

impl Graph {
    /// The public object of a graph.
    pub fn give(py: Python<'_>, graph: rat_core::Graph, namespace: String) -> PyResult<Py<PyAny>> {
        let data = plain(py, &graph)?;
        Ok(py.import("rat.graph")?.getattr("Graph")?.call1((Self { graph, namespace }, data))?.unbind())
    }

    fn pipeline(&self, py: Python<'_>, text: &str) -> PyResult<&Name> {
        self.graph.find(text, &self.namespace).map_err(|e| to_python(py, &e))
    }
}

#[pymethods]
impl Graph {
    fn order(&self) -> Vec<String> {
        texts(self.graph.order())
    }

    fn upstream(&self, py: Python<'_>, pipeline: Text) -> PyResult<Vec<String>> {
        Ok(texts(self.graph.upstream(self.pipeline(py, &pipeline)?)))
    }

    fn downstream(&self, py: Python<'_>, pipeline: Text) -> PyResult<Vec<String>> {
        Ok(texts(self.graph.downstream(self.pipeline(py, &pipeline)?)))
    }

    fn to_mermaid(&self) -> String {
        self.graph.to_mermaid()
    }
}

fn texts(names: Vec<&Name>) -> Vec<String> {
    names.into_iter().map(ToString::to_string).collect()
}
