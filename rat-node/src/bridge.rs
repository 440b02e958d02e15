//! From the core's futures to promises: off the event loop, stopped by a signal, and a panic becomes an error.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use napi::Env;
use napi::bindgen_prelude::{Object, PromiseRaw, Result, ToNapiValue};
use napi_derive::napi;
use rat_core::EventSink;
use rat_core::error::{self, Code, Error};
use tokio::sync::watch;

use crate::error::to_node;
use crate::events::Listener;
use crate::value::Value;

/// Dropped with its environment, the main program's or a worker's, which gives up what was called there.
struct Environment(watch::Sender<()>);

/// Runs once for each environment that loads the addon.
#[napi(module_exports)]
pub fn begin(_exports: Object, env: Env) -> Result<()> {
    env.set_instance_data(Environment(watch::Sender::new(())), (), drop)
}

/// One call of a verb: what stops it, and who listens to it.
#[napi]
pub struct Call {
    cancelled: watch::Sender<bool>,
    listener: Option<Arc<Listener>>,
}

#[napi]
impl Call {
    /// A call that was not made yet, with somebody who listens or without.
    #[napi(constructor)]
    pub fn new(is_listened_to: bool) -> Self {
        Self { cancelled: watch::Sender::new(false), listener: is_listened_to.then(Arc::default) }
    }

    /// Stops the verb: its promise is rejected, and nothing of it is published.
    #[napi]
    pub fn cancel(&self) {
        self.cancelled.send_replace(true);
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
        let listener = self.listener.clone();
        let next = async move {
            Ok(match listener {
                Some(listener) => listener.next().await,
                None => Value::Undefined,
            })
        };
        promise_until_end(env, next, |_, event| Ok(event))
    }
}

impl Call {
    /// Whom the core tells.
    pub fn sink(&self) -> EventSink {
        self.listener.as_ref().map(Listener::sink).unwrap_or_default()
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
        let mut cancelled = self.cancelled.subscribe();
        let stopped = async move { cancelled.wait_for(|cancelled| *cancelled).await.is_ok() };
        let whole = async move {
            let done = tokio::select! {
                biased;
                true = stopped => Err(Error::new(Code::Cancelled, "the signal was aborted")),
                done = AssertUnwindSafe(verb).catch_unwind() => done.unwrap_or_else(|panic| Err(panicked(&*panic))),
            };
            done.map_err(|error| to_node(&error))
        };
        promise_until_end(env, whole, last)
    }
}

/// A promise that is given up with its environment: nobody is there any more to get it.
fn promise_until_end<'env, T, V, F>(env: &'env Env, whole: V, last: F) -> Result<PromiseRaw<'env, T>>
where
    T: ToNapiValue + Send + 'static,
    V: Future<Output = Result<T>> + Send + 'static,
    F: FnOnce(&'env Env, T) -> Result<T> + 'static,
{
    let environment = env.get_instance_data::<Environment>()?.ok_or_else(|| napi::Error::from_reason("the addon was not loaded here"))?;
    let mut environment = environment.0.subscribe();
    let ended = async move { while environment.changed().await.is_ok() {} };
    let alive = async move {
        tokio::select! {
            biased;
            () = ended => Err(napi::Error::from_reason("the program or the worker that asked has ended")),
            done = whole => done,
        }
    };
    env.spawn_future_with_callback(alive, last)
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
