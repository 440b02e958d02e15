//! From the core's futures to promises: off the event loop, stopped by a signal, and a panic becomes an error.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;

use futures::FutureExt;
use napi::Env;
use napi::bindgen_prelude::{Object, PromiseRaw, Result, ToNapiValue};
use napi_derive::napi;
use rat_core::error::{self, Code, Error};
use rat_core::{EventSink, Stop};
use tokio::sync::watch;

use crate::error::to_node;
use crate::events::Listener;
use crate::value::Value;

/// Dropped with its environment, the main program's or a worker's.
struct Environment(watch::Sender<()>);

/// Runs once for each environment that loads the addon.
#[napi(module_exports)]
pub fn begin(_exports: Object, env: Env) -> Result<()> {
    env.set_instance_data(Environment(watch::Sender::new(())), (), drop)
}

/// Ends with the environment: nobody is there any more to get what was asked for.
fn end_of(env: &Env) -> Result<impl Future<Output = ()> + Send + use<>> {
    let environment = env.get_instance_data::<Environment>()?.ok_or_else(|| napi::Error::from_reason("the addon was not loaded here"))?;
    let mut environment = environment.0.subscribe();
    Ok(async move { while environment.changed().await.is_ok() {} })
}

/// One call of a verb: what stops it, and who listens to it.
#[napi]
pub struct Call {
    stop: Stop,
    listener: Option<Arc<Listener>>,
}

#[napi]
impl Call {
    /// A call that was not made yet, with somebody who listens or without.
    #[napi(constructor)]
    pub fn new(is_listened_to: bool) -> Self {
        Self { stop: Stop::default(), listener: is_listened_to.then(Arc::default) }
    }

    /// Stops the verb: its promise is rejected, and nothing of it is published.
    #[napi]
    pub fn cancel(&self) {
        self.stop.ask();
    }

    /// No event comes after those that were told.
    #[napi]
    pub fn end(&self) {
        if let Some(listener) = &self.listener {
            listener.end();
        }
    }

    /// The next event; undefined when the verb is over.
    // No `async fn`: its future would hold `self`, which an environment that ends does not wait for.
    #[napi]
    pub fn event<'env>(&self, env: &'env Env) -> Result<PromiseRaw<'env, Value>> {
        let (listener, end) = (self.listener.clone(), end_of(env)?);
        env.spawn_future(async move {
            let Some(listener) = listener else { return Ok(Value::Undefined) };
            tokio::select! {
                () = end => Ok(Value::Undefined),
                event = listener.next() => Ok(event),
            }
        })
    }
}

impl Call {
    /// Whom the core tells.
    pub fn sink(&self) -> EventSink {
        self.listener.as_ref().map(Listener::sink).unwrap_or_default()
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
        env.spawn_future_with_callback(self.guarded(env, stopped)?, last)
    }

    /// The promise of a verb that ends by itself when it is asked to stop, and tells how. What was asked before it began is not begun.
    pub fn ending<'env, V>(&self, env: &'env Env, verb: V) -> Result<PromiseRaw<'env, Value>>
    where
        V: Future<Output = error::Result<Value>> + Send + 'static,
    {
        let stop = self.stop();
        env.spawn_future(self.guarded(env, async move { if stop.is_asked() { Err(aborted()) } else { verb.await } })?)
    }

    /// A panic in it is an error, and the end of the environment stops it.
    fn guarded<T: Send, V>(&self, env: &Env, verb: V) -> Result<impl Future<Output = Result<T>> + Send + use<T, V>>
    where
        V: Future<Output = error::Result<T>> + Send,
    {
        let (stop, end) = (self.stop(), end_of(env)?);
        Ok(async move {
            let mut verb = pin!(AssertUnwindSafe(verb).catch_unwind());
            let done = tokio::select! {
                done = &mut verb => done,
                () = end => {
                    stop.ask();
                    verb.await
                }
            };
            done.unwrap_or_else(|panic| Err(panicked(&*panic))).map_err(|error| to_node(&error))
        })
    }
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
