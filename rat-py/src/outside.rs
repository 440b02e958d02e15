//! Waiting for an Arrow reader, which asks for rows from outside Python.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::thread::{self, ThreadId};

use futures::FutureExt;
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::ffi;
use pyo3::prelude::*;
use rat_core::error::{Code, Error};

use crate::bridge::{begun, panicked, wait};
use crate::exit;

/// Waits for a reader outside Python, such as an Arrow consumer: on whichever thread it likes, with the GIL or without, where nothing may
/// unwind.
pub struct Outside {
    asked_by: ThreadId,
}

impl Outside {
    /// For a reader that was asked for now.
    pub fn new(_py: Python<'_>) -> Self {
        Self { asked_by: thread::current().id() }
    }

    /// What the work gives. A panic in it, and an exception that a signal's handler raised, are errors.
    pub fn wait<T: Send>(&self, work: impl Future<Output = Result<T, Error>> + Send) -> Result<T, Error> {
        let work = AssertUnwindSafe(work).catch_unwind().map(|done| done.unwrap_or_else(|panic| Err(panicked(&*panic))));
        let runtime = begun()?;
        // Another thread may not ask for the GIL: who holds it may be waiting for that thread.
        if thread::current().id() != self.asked_by {
            return tokio::task::block_in_place(|| runtime.block_on(work));
        }
        let _inside = exit::enter().ok_or_else(|| Error::new(Code::Cancelled, "Python is ending"))?;
        with_gil(|py| {
            wait(py, runtime, work).unwrap_or_else(|raised| {
                let error = Error::new(Code::Cancelled, format!("interrupted: {raised}"));
                // The reader makes an error of its own of this one; Python raises what Ctrl-C means once the reader has returned to it.
                if raised.is_instance_of::<PyKeyboardInterrupt>(py)
                    && let Err(failed) = py.import("_thread").and_then(|thread| thread.call_method0("interrupt_main"))
                {
                    failed.write_unraisable(py, None);
                }
                Err(error)
            })
        })
    }
}

/// Takes the GIL, whether this thread has it or not. pyo3 counts by itself, and does not see that a reader has let it go.
#[expect(unsafe_code, reason = "what is ensured is released by the same thread, and the token lives in between")]
fn with_gil<T>(work: impl FnOnce(Python<'_>) -> T) -> T {
    struct Held(ffi::PyGILState_STATE);

    impl Drop for Held {
        fn drop(&mut self) {
            unsafe { ffi::PyGILState_Release(self.0) }
        }
    }

    let _held = Held(unsafe { ffi::PyGILState_Ensure() });
    work(unsafe { Python::assume_attached() })
}
