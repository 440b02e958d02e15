//! `lake.tables`: what the lake holds.

use pyo3::prelude::*;

use crate::bridge::{Call, call};
use crate::report::{report, reports};

/// The tables of a lake.
#[pyclass(module = "rat._rat", frozen)]
pub struct Tables(pub rat_core::Lake);

#[pymethods]
impl Tables {
    fn list(&self) -> Call {
        let lake = self.0.clone();
        call(async move { lake.tables().list().await }, |py, done| reports(py, "TableEntry", &done))
    }

    fn get(&self, name: String) -> Call {
        let lake = self.0.clone();
        call(async move { lake.tables().get(&name).await }, |py, done| report(py, "Table", &done))
    }

    fn history(&self, name: String) -> Call {
        let lake = self.0.clone();
        call(async move { lake.tables().history(&name).await }, |py, done| reports(py, "Snapshot", &done))
    }
}
