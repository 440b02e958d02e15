//! `lake.landing`: zones and the files in them.

use pyo3::prelude::*;

use crate::bridge::{Call, call};
use crate::query::QueryResult;
use crate::report::{report, reports};

/// The landing zones of a lake.
#[pyclass(module = "rat._rat", frozen)]
pub struct Landing(pub rat_core::Lake);

#[pymethods]
impl Landing {
    fn zones(&self) -> Call {
        let lake = self.0.clone();
        call(async move { lake.landing().zones().await }, |py, done| reports(py, "Zone", &done))
    }

    fn files(&self, zone: String) -> Call {
        let lake = self.0.clone();
        call(async move { lake.landing().files(&zone).await }, |py, done| reports(py, "ZoneFile", &done))
    }

    fn samples(&self, zone: String) -> Call {
        let lake = self.0.clone();
        call(async move { lake.landing().samples(&zone).await }, |py, done| reports(py, "ZoneFile", &done))
    }

    fn put(&self, zone: String, name: String, data: Vec<u8>) -> Call {
        let lake = self.0.clone();
        call(async move { lake.landing().put(&zone, &name, data).await }, |py, path| Ok(path.into_pyobject(py)?.into_any().unbind()))
    }

    fn remove(&self, zone: String, name: String) -> Call {
        let lake = self.0.clone();
        call(async move { lake.landing().remove(&zone, &name).await }, |py, ()| Ok(py.None()))
    }

    fn preview(&self, zone: String, limit: usize) -> Call {
        let lake = self.0.clone();
        call(async move { lake.landing().preview(&zone, limit).await }, |py, done| Ok(Py::new(py, QueryResult::from(done))?.into_any()))
    }

    fn restore(&self, zone: String, run: Option<String>) -> Call {
        let lake = self.0.clone();
        call(async move { lake.landing().restore(&zone, run.as_deref()).await }, |py, done| report(py, "Restored", &done))
    }
}
