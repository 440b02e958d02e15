//! `lake.graph()`: what reads what.

use pyo3::prelude::*;
use pyo3::types::PyString;
use rat_core::name::Name;

use crate::report::plain;

/// The graph of the core; `rat.Graph` holds one beside its nodes.
#[pyclass(module = "rat._rat", frozen)]
pub struct Graph(rat_core::Graph);

impl Graph {
    /// The public object of a graph.
    pub fn give(py: Python<'_>, graph: rat_core::Graph) -> PyResult<Py<PyAny>> {
        let data = plain(py, &graph)?;
        Ok(py.import("rat.graph")?.getattr("Graph")?.call1((Self(graph), data))?.unbind())
    }
}

#[pymethods]
impl Graph {
    fn order(&self) -> Vec<String> {
        texts(self.0.order())
    }

    fn upstream(&self, pipeline: &Bound<'_, PyString>) -> PyResult<Vec<String>> {
        Ok(texts(self.0.upstream(&name(pipeline)?)))
    }

    fn downstream(&self, pipeline: &Bound<'_, PyString>) -> PyResult<Vec<String>> {
        Ok(texts(self.0.downstream(&name(pipeline)?)))
    }

    fn to_mermaid(&self) -> String {
        self.0.to_mermaid()
    }
}

fn name(text: &Bound<'_, PyString>) -> PyResult<Name> {
    Name::parse(text.to_str()?, "default").map_err(|e| crate::error::to_python(text.py(), &e))
}

fn texts(names: Vec<&Name>) -> Vec<String> {
    names.into_iter().map(ToString::to_string).collect()
}
