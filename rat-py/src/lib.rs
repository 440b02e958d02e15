//! Python bindings of rat: convert in, one call, convert out. What is decided is decided in `rat-core`.

mod arrow;
mod bridge;
mod error;
mod lake;
mod query;
mod report;

use pyo3::prelude::*;

/// The native half of the package `rat`.
#[pymodule(gil_used = false)]
fn _rat(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<lake::Lake>()?;
    module.add_class::<query::QueryResult>()?;
    module.add_function(wrap_pyfunction!(lake::open, module)?)
}
