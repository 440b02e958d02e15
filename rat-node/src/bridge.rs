//! From the core's futures to promises: off the event loop, stopped by a signal, and a panic becomes an error.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use napi::Env;
use napi::bindgen_prelude::{PromiseRaw, Result, ToNapiValue};
use napi_derive::napi;
use rat_core::error::{self, Code, Error};
use rat_core::{EventSink, Stop};
use tokio::sync::{Mutex, mpsc};

use crate::error::to_node;
use crate::report::report;
use crate::value::Value;

/// One call of a verb: what stops it, and what it tells while it is under way.
#[napi]
pub struct Call {
    stop: Stop,
    /// `None` is the end.
    told: mpsc::UnboundedSender<Option<Value>>,
    events: Mutex<mpsc::UnboundedReceiver<Option<Value>>>,
}

#[napi]
impl Call {
    /// A call that was not made yet.
    #[napi(constructor)]
    pub fn new() -> Self {
        let (told, events) = mpsc::unbounded_channel();
        Self { stop: Stop::default(), told, events: Mutex::new(events) }
    }

    /// Stops the verb: its promise is rejected, and nothing of it is published.
    #[napi]
    pub fn cancel(&self) {
        self.stop.ask();
    }

    /// No event comes after those that were told.
    #[napi]
    pub fn end(&self) {
        // The receiver lives as long as this does.
        let _ = self.told.send(None);
    }

    /// The next event; undefined when the verb is over.
    #[napi]
    pub async fn event(&self) -> Value {
        self.events.lock().await.recv().await.flatten().unwrap_or(Value::Undefined)
    }
}

impl Call {
    /// Whom the core tells.
    pub fn sink(&self) -> EventSink {
        let told = self.told.clone();
        EventSink(Arc::new(move |event| {
            // Nobody listens any more when the process is about to end.
            let _ = told.send(Some(report(event)));
        }))
    }

    /// What asks a verb to end by itself, for [`ending`](Self::ending).
    pub fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// The promise of a verb of the core, which runs on tokio's threads.
    pub fn promise<'env, T, V>(&self, env: &'env Env, verb: V) -> Result<PromiseRaw<'env, T>>
    where
        T: ToNapiValue + Send + 'static,
        V: Future<Output = error::Result<T>> + Send + 'static,
    {
        self.promise_of(env, verb, |_, done| Ok(done))
    }

    /// The same, with a last step on the event loop.
    pub fn promise_of<'env, T, V, F>(&self, env: &'env Env, verb: V, last: F) -> Result<PromiseRaw<'env, T>>
    where
        T: ToNapiValue + Send + 'static,
        V: Future<Output = error::Result<T>> + Send + 'static,
        F: FnOnce(&'env Env, T) -> Result<T> + 'static,
    {
        let stop = self.stop();
        let stopped = async move {
            tokio::select! {
                biased;
                () = stop.asked() => Err(aborted()),
                done = verb => done,
            }
        };
        env.spawn_future_with_callback(guarded(stopped), last)
    }

    /// The promise of a verb that ends by itself when it is asked to stop, and tells how. What was asked before it began is not begun.
    pub fn ending<'env, V>(&self, env: &'env Env, verb: V) -> Result<PromiseRaw<'env, Value>>
    where
        V: Future<Output = error::Result<Value>> + Send + 'static,
    {
        let stop = self.stop();
        env.spawn_future(guarded(async move { if stop.is_asked() { Err(aborted()) } else { verb.await } }))
    }
}

/// A panic in it is an error.
async fn guarded<T>(verb: impl Future<Output = error::Result<T>>) -> Result<T> {
    let done = AssertUnwindSafe(verb).catch_unwind().await.unwrap_or_else(|panic| Err(panicked(&*panic)));
    done.map_err(|error| to_node(&error))
}

fn aborted() -> Error {
    Error::new(Code::Cancelled, "the signal was aborted")
}

fn panicked(panic: &(dyn Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string).or_else(|| panic.downcast_ref::<String>().cloned());
    Error::new(Code::Internal, text.unwrap_or_else(|| "the core panicked".to_owned()))
}

/// A verb with a defect, for the test that the process outlives one. Not in what is published.
#[cfg(debug_assertions)]
#[napi]
pub fn panic_on_purpose<'env>(env: &'env Env, call: &Call) -> Result<PromiseRaw<'env, ()>> {
    call.promise(env, async { panic!("a defect on purpose") })
}
