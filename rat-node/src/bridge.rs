//! From the core's futures to promises: a panic becomes an error, and every error crosses as data.

use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use rat_core::error::{Code, Error};

use crate::error::to_node;

/// Awaits a verb of the core on Node's tokio threads, never on its event loop.
pub async fn call<T>(verb: impl Future<Output = Result<T, Error>>) -> napi::Result<T> {
    match AssertUnwindSafe(verb).catch_unwind().await {
        Ok(done) => done.map_err(|e| to_node(&e)),
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(ToString::to_string).or_else(|| panic.downcast_ref::<String>().cloned());
            Err(to_node(&Error::new(Code::Internal, text.unwrap_or_else(|| "the core panicked".to_owned()))))
        }
    }
}
