//! `onEvent`: what happens in a run, kept until the listener asks for more.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use rat_core::{Event, EventSink};
use tokio::sync::Notify;

use crate::report::report;
use crate::value::Value;

/// Between the core, which tells at its own pace, and a listener that may be slower.
#[derive(Default)]
pub struct Listener {
    untold: Mutex<Untold>,
    more: Notify,
}

#[derive(Default)]
struct Untold {
    events: VecDeque<Event>,
    is_over: bool,
}

impl Listener {
    /// Whom the core tells.
    pub fn sink(self: &Arc<Self>) -> EventSink {
        let listener = Arc::clone(self);
        EventSink(Arc::new(move |event| listener.tell(event)))
    }

    /// No event comes after those that were told.
    pub fn end(&self) {
        self.untold.lock().is_over = true;
        self.more.notify_one();
    }

    /// The next event; undefined at the end.
    pub async fn next(&self) -> Value {
        loop {
            {
                let mut untold = self.untold.lock();
                if let Some(event) = untold.events.pop_front() {
                    drop(untold);
                    return report(&event);
                }
                if untold.is_over {
                    return Value::Undefined;
                }
            }
            self.more.notified().await;
        }
    }

    fn tell(&self, event: &Event) {
        let mut untold = self.untold.lock();
        // A run that goes on when its caller is gone tells nobody.
        if untold.is_over {
            return;
        }
        // Of progress that nobody has heard of yet, the newest is enough.
        if let (Some(Event::Progress { run_id: before, .. }), Event::Progress { run_id, .. }) = (untold.events.back(), event)
            && before == run_id
        {
            untold.events.pop_back();
        }
        untold.events.push_back(event.clone());
        drop(untold);
        self.more.notify_one();
    }
}
