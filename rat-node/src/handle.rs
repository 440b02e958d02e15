//! What `lake.submit` gives: a run in the background, and what happens in it.

use std::sync::Arc;

use napi::Env;
use napi::bindgen_prelude::{PromiseRaw, Result};
use napi_derive::napi;
use rat_core::{RunEvents, RunHandle};
use tokio::sync::Mutex;

use crate::arguments::{Options, seconds};
use crate::bridge::Call;
use crate::lake::outcome;
use crate::report::report;
use crate::value::Value;

/// A run in the background; `lib/handle.js` wraps it.
#[napi]
pub struct NativeRunHandle(pub(crate) RunHandle);

#[napi]
impl NativeRunHandle {
    /// The run's identifier.
    #[napi(getter)]
    pub fn id(&self) -> String {
        self.0.id()
    }

    /// Its pipeline.
    #[napi(getter)]
    pub fn pipeline(&self) -> String {
        self.0.pipeline().to_string()
    }

    /// Where it is.
    #[napi(getter)]
    pub fn status(&self) -> String {
        self.0.status().as_str().to_owned()
    }

    /// `{ report, failure }` of its end.
    #[napi]
    pub fn wait<'env>(&self, env: &'env Env, call: &Call, options: Value) -> Result<PromiseRaw<'env, Value>> {
        let timeout = Options::of("runHandle.wait", options)?.take("timeout", seconds)?;
        let handle = self.0.clone();
        call.promise(env, async move { handle.wait(timeout).await.map(|run| outcome(&run, run.clone().into_result().err())) })
    }

    /// Asks it to stop.
    #[napi]
    pub fn cancel(&self) {
        self.0.cancel();
    }

    /// What happens, from the beginning.
    #[napi]
    pub fn events(&self, options: Value) -> Result<NativeRunEvents> {
        Options::of("runHandle.events", options)?;
        Ok(NativeRunEvents(Arc::new(Mutex::new(self.0.events()))))
    }
}

/// What happens in a run; `lib/handle.js` makes an async iterator of it.
#[napi]
pub struct NativeRunEvents(Arc<Mutex<RunEvents>>);

#[napi]
impl NativeRunEvents {
    /// The next event; undefined at the end.
    #[napi]
    pub fn next<'env>(&self, env: &'env Env, call: &Call) -> Result<PromiseRaw<'env, Value>> {
        let events = Arc::clone(&self.0);
        call.promise(env, async move { Ok(events.lock().await.next().await.map_or(Value::Undefined, |event| report(&event))) })
    }
}
