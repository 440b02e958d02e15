//! Python bindings of rat: convert in, one call, convert out. What is decided is decided in `rat-core`.

mod arrow;
mod bridge;
mod error;
mod report;

use pyo3::prelude::*;

/// The native half of the package `rat`.
#[pymodule(gil_used = false)]
fn _rat(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    Ok(())
}
