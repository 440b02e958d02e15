//! What comes one by one, the batches of a stream or the events of a run, to whoever asks next.

use std::future::Future;
use std::sync::Arc;

use rat_core::Stop;
use rat_core::error::{Code, Error};
use tokio::sync::{Mutex, OwnedMutexGuard};

/// Where the items come from. Asking may be given up at any time, and loses none.
pub trait Source: Send + 'static {
    type Item: Send + 'static;

    fn next(&mut self) -> impl Future<Output = Result<Option<Self::Item>, Error>> + Send;
}

struct Held<S: Source> {
    /// `None` after its end.
    source: Option<S>,
    /// What was asked for and not taken.
    returned: Option<S::Item>,
}

impl<S: Source> Held<S> {
    fn end(&mut self) {
        self.source = None;
        self.returned = None;
    }
}

/// A source that many may ask, in turns. Clones are one.
pub struct Feed<S: Source> {
    held: Arc<Mutex<Held<S>>>,
    closed: Stop,
}

impl<S: Source> Clone for Feed<S> {
    fn clone(&self) -> Self {
        Self { held: Arc::clone(&self.held), closed: self.closed.clone() }
    }
}

impl<S: Source> Feed<S> {
    pub fn new(source: S) -> Self {
        Self { held: Arc::new(Mutex::new(Held { source: Some(source), returned: None })), closed: Stop::default() }
    }

    /// The next item, which is the caller's once it is taken.
    pub fn next(&self) -> impl Future<Output = Result<Turn<S>, Error>> + Send + use<S> {
        let feed = self.clone();
        let was_closed = self.closed.is_asked();
        async move {
            let mut held = Arc::clone(&feed.held).lock_owned().await;
            let item = match (held.returned.take(), held.source.as_mut()) {
                _ if feed.closed.is_asked() => {
                    held.end();
                    if !was_closed {
                        return Err(closed());
                    }
                    None
                }
                (Some(item), _) => Some(item),
                (None, None) => None,
                (None, Some(source)) => {
                    let next = tokio::select! {
                        biased;
                        () = feed.closed.asked() => Err(closed()),
                        next = source.next() => next,
                    };
                    if !matches!(next, Ok(Some(_))) {
                        held.end();
                    }
                    next?
                }
            };
            Ok(Turn { held, item, closed: feed.closed })
        }
    }

    /// Ends it for everybody, also for who waits.
    pub fn close(&self) {
        self.closed.ask();
        // Who has it now ends it.
        if let Ok(mut held) = self.held.try_lock() {
            held.end();
        }
    }

    pub fn is_closed(&self) -> bool {
        self.closed.is_asked()
    }

    /// Whether nothing can come any more.
    pub fn is_over(&self) -> bool {
        let is_empty = |held: &Held<S>| held.source.is_none() && held.returned.is_none();
        self.is_closed() || self.held.try_lock().is_ok_and(|held| is_empty(&held))
    }
}

/// Somebody's turn: nobody else asks until the item is taken, or left to who is next.
pub struct Turn<S: Source> {
    held: OwnedMutexGuard<Held<S>>,
    item: Option<S::Item>,
    closed: Stop,
}

impl<S: Source> Turn<S> {
    /// The item; `None` at the end.
    pub fn take(mut self) -> Option<S::Item> {
        self.item.take()
    }
}

impl<S: Source> Drop for Turn<S> {
    fn drop(&mut self) {
        self.held.returned = self.item.take();
        if self.closed.is_asked() {
            self.held.end();
        }
    }
}

/// The error of who waits while somebody else closes.
pub fn closed() -> Error {
    Error::new(Code::Cancelled, "the stream was closed before it was read to its end").with_help("ask the query again")
}
