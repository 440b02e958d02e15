//! Writes on their way.
//!
//! A store goes on with a write whose caller was dropped: a thread that writes a file does not stop, a request that was sent arrives. What
//! deletes the file then would come first, and the file be there for good. So a write runs to its end whoever waits for it, and a
//! deletion waits for the writes of its file that were asked for before. Deletions that nobody waits for can be waited for together.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use object_store::path::Path;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::Notify;

type Outcome<T> = Result<T, object_store::Error>;

/// How many writes of which files are on their way, and which deletions.
#[derive(Debug, Default)]
pub(super) struct Underway {
    files: Mutex<HashMap<Path, usize>>,
    deletions: Mutex<Deletions>,
    ended: Notify,
}

#[derive(Debug, Default)]
struct Deletions {
    next: u64,
    begun: BTreeSet<u64>,
}

/// One deletion, counted while this lives.
pub(super) struct Deletion {
    all: Arc<Underway>,
    number: u64,
}

/// One write, counted while this lives.
struct Write {
    all: Arc<Underway>,
    file: Path,
}

impl Underway {
    /// Runs a write of a file to its end, also when the caller is dropped.
    pub(super) async fn write<T: Send + 'static>(
        self: &Arc<Self>,
        file: &Path,
        write: impl Future<Output = Outcome<T>> + Send + 'static,
    ) -> Outcome<T> {
        *self.files.lock().entry(file.clone()).or_default() += 1;
        let counted = Write { all: Arc::clone(self), file: file.clone() };
        let work = async move {
            let outcome = write.await;
            drop(counted);
            outcome
        };
        // Without a runtime there is nobody to go on.
        let Ok(runtime) = Handle::try_current() else { return work.await };
        match runtime.spawn(work).await {
            Ok(outcome) => outcome,
            Err(stopped) => match stopped.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(stopped) => Err(stopped.into()),
            },
        }
    }

    /// Waits for the writes of a file that are on their way.
    pub(super) async fn quiet(&self, file: &Path) {
        loop {
            let ended = self.ended.notified();
            if !self.files.lock().contains_key(file) {
                return;
            }
            ended.await;
        }
    }
}

impl Underway {
    /// Counts a deletion that nobody waits for.
    pub(super) fn deletion(self: &Arc<Self>) -> Deletion {
        let mut deletions = self.deletions.lock();
        let number = deletions.next;
        deletions.next += 1;
        deletions.begun.insert(number);
        Deletion { all: Arc::clone(self), number }
    }

    /// Waits for the deletions that have begun by now.
    pub(super) async fn deleted(&self) {
        let next = self.deletions.lock().next;
        loop {
            let ended = self.ended.notified();
            if self.deletions.lock().begun.first().is_none_or(|first| *first >= next) {
                return;
            }
            ended.await;
        }
    }
}

impl Drop for Deletion {
    fn drop(&mut self) {
        self.all.deletions.lock().begun.remove(&self.number);
        self.all.ended.notify_waiters();
    }
}

impl Drop for Write {
    fn drop(&mut self) {
        let mut files = self.all.files.lock();
        if let Some(count) = files.get_mut(&self.file) {
            *count -= 1;
            if *count == 0 {
                files.remove(&self.file);
            }
        }
        drop(files);
        self.all.ended.notify_waiters();
    }
}
