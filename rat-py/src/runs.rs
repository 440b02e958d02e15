//! `lake.runs`: what ran.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use rat_core::{RunFilter, Status};

use crate::bridge::{Call, call};
use crate::report::{plain, report, reports};

/// The runs of a lake.
#[pyclass(module = "rat._rat", frozen)]
pub struct Runs(pub rat_core::Lake);

#[pymethods]
impl Runs {
    #[pyo3(signature = (pipeline = None, *, status = None, since = None, until = None, limit = None, after = None))]
    fn list(
        &self,
        pipeline: Option<String>,
        status: Option<String>,
        since: Option<&str>,
        until: Option<&str>,
        limit: Option<usize>,
        after: Option<String>,
    ) -> PyResult<Call> {
        let defaults = RunFilter::default();
        let filter = RunFilter {
            pipeline,
            statuses: status.map(|text| read_status(&text)).transpose()?.into_iter().collect(),
            since: since.map(|text| moment(text, "since")).transpose()?,
            until: until.map(|text| moment(text, "until")).transpose()?,
            limit: limit.unwrap_or(defaults.limit),
            after,
        };
        let lake = self.0.clone();
        Ok(call(async move { lake.runs().list(&filter) }, |py, done| report(py, "RunPage", &done)))
    }

    fn get(&self, id: String) -> Call {
        let lake = self.0.clone();
        call(async move { lake.runs().get(&id) }, |py, done| report(py, "RunRecord", &done))
    }

    fn report(&self, id: String) -> Call {
        let lake = self.0.clone();
        call(async move { lake.runs().report(&id) }, |py, done| match done {
            Some(done) => report(py, "RunReport", &done),
            None => Ok(py.None()),
        })
    }

    #[pyo3(signature = (id, *, after = 0))]
    fn logs(&self, id: String, after: u64) -> Call {
        let lake = self.0.clone();
        call(async move { lake.runs().logs(&id, after) }, |py, done| reports(py, "LogLine", &done))
    }

    fn tests(&self, id: String) -> Call {
        let lake = self.0.clone();
        call(async move { lake.runs().tests(&id) }, |py, done| Ok(plain(py, &done)?.unbind()))
    }
}

fn read_status(text: &str) -> PyResult<Status> {
    let all = [Status::Pending, Status::Running, Status::Success, Status::Failed, Status::Cancelled];
    let named = all.into_iter().find(|status| status.as_str() == text);
    named.ok_or_else(|| PyTypeError::new_err("`status` is one of pending, running, success, failed, cancelled"))
}

fn moment(text: &str, parameter: &str) -> PyResult<chrono::DateTime<chrono::Utc>> {
    let wrong = |e| PyTypeError::new_err(format!("`{parameter}` is a time in ISO 8601 with its zone: {e}"));
    chrono::DateTime::parse_from_rfc3339(text).map(|moment| moment.to_utc()).map_err(wrong)
}
