//! `lake.landing`: zones and the files in them.

use pyo3::prelude::*;

use crate::arguments::{Bytes, Count, Text};
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

    fn files(&self, zone: Text) -> Call {
        let lake = self.0.clone();
        call(async move { lake.landing().files(&zone).await }, |py, done| reports(py, "ZoneFile", &done))
    }

    fn samples(&self, zone: Text) -> Call {
        let lake = self.0.clone();
        call(async move { lake.landing().samples(&zone).await }, |py, done| reports(py, "ZoneFile", &done))
    }

    fn put(&self, zone: Text, name: Text, data: Bytes) -> Call {
        let lake = self.0.clone();
        call(async move { lake.landing().put(&zone, &name, data.0).await }, |py, path| Ok(path.into_pyobject(py)?.into_any().unbind()))
    }

    fn remove(&self, zone: Text, name: Text) -> Call {
        let lake = self.0.clone();
        call(async move { lake.landing().remove(&zone, &name).await }, |py, ()| Ok(py.None()))
    }

    fn preview(&self, zone: Text, limit: Count) -> Call {
        let lake = self.0.clone();
        call(async move { lake.landing().preview(&zone, limit.0).await }, |py, done| Ok(Py::new(py, QueryResult::from(done))?.into_any()))
    }

    fn restore(&self, zone: Text, run: Option<Text>) -> Call {
        let lake = self.0.clone();
        call(async move { lake.landing().restore(&zone, run.as_deref()).await }, |py, done| report(py, "Restored", &done))
    }

    fn __repr__(&self) -> String {
        format!("<Landing of {}>", self.0.url())
    }
}
