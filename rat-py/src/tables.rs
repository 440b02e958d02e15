//! `lake.tables`: what the lake holds.

use pyo3::prelude::*;

use crate::arguments::{SnapshotId, Text};
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

    fn get(&self, name: Text) -> Call {
        let lake = self.0.clone();
        call(async move { lake.tables().get(&name).await }, |py, done| report(py, "Table", &done))
    }

    fn history(&self, name: Text) -> Call {
        let lake = self.0.clone();
        call(async move { lake.tables().history(&name).await }, |py, done| reports(py, "Snapshot", &done))
    }

    fn rollback(&self, name: Text, snapshot_id: SnapshotId) -> Call {
        let lake = self.0.clone();
        call(async move { lake.tables().rollback(&name, snapshot_id.0).await }, |py, done| report(py, "Table", &done))
    }

    #[pyo3(signature = (name, tag, snapshot_id = None))]
    fn tag(&self, name: Text, tag: Text, snapshot_id: Option<SnapshotId>) -> Call {
        let lake = self.0.clone();
        call(async move { lake.tables().tag(&name, &tag, snapshot_id.map(|id| id.0)).await }, |py, done| report(py, "Table", &done))
    }

    #[pyo3(signature = (name, branch, snapshot_id = None))]
    fn branch(&self, name: Text, branch: Text, snapshot_id: Option<SnapshotId>) -> Call {
        let lake = self.0.clone();
        call(async move { lake.tables().branch(&name, &branch, snapshot_id.map(|id| id.0)).await }, |py, done| report(py, "Table", &done))
    }

    fn untag(&self, name: Text, tag: Text) -> Call {
        let lake = self.0.clone();
        call(async move { lake.tables().untag(&name, &tag).await }, |py, done| report(py, "Table", &done))
    }

    fn rename(&self, name: Text, to: Text) -> Call {
        let lake = self.0.clone();
        call(async move { lake.tables().rename(&name, &to).await }, |py, done| report(py, "Table", &done))
    }

    fn drop(&self, name: Text) -> Call {
        let lake = self.0.clone();
        call(async move { lake.tables().drop(&name).await }, |py, ()| Ok(py.None()))
    }

    fn __repr__(&self) -> String {
        format!("<Tables of {}>", self.0.url())
    }
}
