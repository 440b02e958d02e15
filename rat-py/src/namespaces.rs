//! `lake.namespaces`: which there are.

use pyo3::prelude::*;

use crate::bridge::{Call, call};

/// The namespaces of a lake.
#[pyclass(module = "rat._rat", frozen)]
pub struct Namespaces(pub rat_core::Lake);

#[pymethods]
impl Namespaces {
    fn list(&self) -> Call {
        let lake = self.0.clone();
        call(async move { lake.namespaces().list().await }, |py, names| Ok(names.into_pyobject(py)?.unbind()))
    }

    fn __repr__(&self) -> String {
        format!("<Namespaces of {}>", self.0.url())
    }
}
