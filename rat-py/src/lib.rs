//! Python bindings of rat: convert in, one call, convert out. What is decided is decided in `rat-core`.

mod arguments;
mod arrow;
mod awaited;
mod bridge;
mod error;
mod events;
mod exit;
mod feed;
mod graph;
mod handle;
mod json;
mod lake;
mod landing;
mod namespaces;
mod outside;
mod params;
mod query;
mod report;
mod runs;
mod tables;
mod values;

use pyo3::prelude::*;

/// The native half of the package `rat`.
#[pymodule(gil_used = false)]
fn _rat(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<awaited::Awaited>()?;
    module.add_class::<bridge::Call>()?;
    module.add_class::<graph::Graph>()?;
    module.add_class::<handle::RunEvents>()?;
    module.add_class::<handle::RunHandle>()?;
    module.add_class::<lake::Lake>()?;
    module.add_class::<landing::Landing>()?;
    module.add_class::<namespaces::Namespaces>()?;
    module.add_class::<query::Batch>()?;
    module.add_class::<query::QueryResult>()?;
    module.add_class::<query::QueryStream>()?;
    module.add_class::<runs::Runs>()?;
    module.add_class::<tables::Tables>()?;
    #[cfg(debug_assertions)]
    module.add_function(wrap_pyfunction!(bridge::_panic_on_purpose, module)?)?;
    module.add_function(wrap_pyfunction!(lake::init, module)?)?;
    module.add_function(wrap_pyfunction!(lake::open, module)?)
}
