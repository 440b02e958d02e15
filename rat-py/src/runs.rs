//! `lake.runs`: what ran.

use pyo3::prelude::*;
use rat_core::{RunFilter, RunStatus};

use crate::arguments::{Count, Instant, Text, Texts, selection};
use crate::bridge::{Call, call};
use crate::error::to_python;
use crate::report::{report, reports};

/// The runs of a lake.
#[pyclass(module = "rat._rat", frozen)]
pub struct Runs(pub rat_core::Lake);

#[pymethods]
impl Runs {
    #[expect(clippy::too_many_arguments, reason = "keyword options of the Python signature")]
    #[pyo3(signature = (pipeline = None, *, status = None, since = None, until = None, limit = None, after = None))]
    fn list(
        &self,
        py: Python<'_>,
        pipeline: Option<Text>,
        status: Option<Texts>,
        since: Option<Instant>,
        until: Option<Instant>,
        limit: Option<Count>,
        after: Option<Text>,
    ) -> PyResult<Call> {
        let defaults = RunFilter::default();
        let filter = RunFilter {
            pipeline: pipeline.map(|text| text.0),
            statuses: selection(status).iter().map(|s| RunStatus::from_text(s).map_err(|e| to_python(py, &e))).collect::<PyResult<_>>()?,
            since: since.map(|instant| instant.0),
            until: until.map(|instant| instant.0),
            limit: limit.map_or(defaults.limit, |count| count.0),
            after: after.map(|text| text.0),
        };
        let lake = self.0.clone();
        Ok(call(async move { lake.runs().list(&filter) }, |py, done| report(py, "RunPage", &done)))
    }

    fn get(&self, id: Text) -> Call {
        let lake = self.0.clone();
        call(async move { lake.runs().get(&id) }, |py, done| report(py, "RunRecord", &done))
    }

    fn cancel(&self, id: Text) -> Call {
        let lake = self.0.clone();
        call(async move { lake.runs().cancel(&id).await }, |py, ()| Ok(py.None()))
    }

    fn report(&self, id: Text) -> Call {
        let lake = self.0.clone();
        call(async move { lake.runs().report(&id) }, |py, done| match done {
            Some(done) => report(py, "RunReport", &done),
            None => Ok(py.None()),
        })
    }

    #[pyo3(signature = (id, *, after = None))]
    fn logs(&self, id: Text, after: Option<Count>) -> Call {
        let (lake, after) = (self.0.clone(), after.map_or(0, |count| count.0 as u64));
        call(async move { lake.runs().logs(&id, after) }, |py, done| reports(py, "LogLine", &done))
    }

    fn tests(&self, id: Text) -> Call {
        let lake = self.0.clone();
        call(async move { lake.runs().tests(&id) }, |py, done| reports(py, "TestLine", &done))
    }

    fn __repr__(&self) -> String {
        format!("<Runs of {}>", self.0.url())
    }
}
