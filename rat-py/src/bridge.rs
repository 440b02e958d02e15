//! From Python's threads to the core's futures: the one runtime, and the one way to wait.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::OnceLock;
use std::time::Duration;

use futures::FutureExt;
use pyo3::prelude::*;
use rat_core::error::{Code, Error};
use tokio::runtime::Runtime;

use crate::error::to_python;

/// How often a waiting call looks whether Ctrl-C was pressed.
const SIGNAL_CHECK: Duration = Duration::from_millis(50);

struct Owned {
    runtime: Runtime,
    /// The process that made it: its threads do not exist in a fork.
    process: u32,
}

fn runtime() -> Result<&'static Runtime, Error> {
    static RUNTIME: OnceLock<Owned> = OnceLock::new();
    let owned = match RUNTIME.get() {
        Some(owned) => owned,
        None => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("rat").build();
            let runtime = runtime.map_err(|e| Error::new(Code::Internal, format!("threads cannot be started: {e}")))?;
            RUNTIME.get_or_init(|| Owned { runtime, process: std::process::id() })
        }
    };
    if owned.process != std::process::id() {
        return Err(Error::new(Code::InvalidArgument, "rat was used before this process was forked")
            .with_help("start workers with `spawn`, or import rat in the worker"));
    }
    Ok(&owned.runtime)
}

/// Waits for a verb of the core with the GIL released. Ctrl-C drops the future, which cancels it; a panic becomes `InternalError`.
pub fn block<T: Send>(py: Python<'_>, verb: impl Future<Output = Result<T, Error>> + Send) -> PyResult<T> {
    let runtime = runtime().map_err(|e| to_python(py, &e))?;
    let mut verb = Box::pin(AssertUnwindSafe(verb).catch_unwind());
    loop {
        let step = py.detach(|| runtime.block_on(async { tokio::time::timeout(SIGNAL_CHECK, &mut verb).await }));
        match step {
            Ok(Ok(done)) => return done.map_err(|e| to_python(py, &e)),
            Ok(Err(panic)) => return Err(to_python(py, &Error::new(Code::Internal, panic_message(&*panic)))),
            Err(_still_running) => py.check_signals()?,
        }
    }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string).or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "the core panicked".to_owned())
}
