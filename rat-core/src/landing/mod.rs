//! Landing zones: files that arrived, which of them a table has consumed, and where they go then.
//!
//! A zone is the folder `<namespace>/landing/<zone>/`. In it `_samples/` and `_processed/` are never ingested, nor are hidden and
//! half-written files. [`Landing`] lists zones and files, puts files in and brings moved ones back; [`Landing::cut`] fixes what one run
//! reads: the files as they are at that moment, or those of them that no earlier published run consumed.
//!
//! What was consumed is written to an immutable file beside the table's metadata before the run publishes, and the published snapshot
//! names it (`rat.landing`). So a file counts as consumed exactly when the rows made of it are published, whatever crashes in between.
//! Moving files to `_processed/<run id>/` is housekeeping afterwards, repeated by the next run where it did not happen.
//!
//! A file is its path, size and etag: one that is sent again under the same name is a new file.
//!
//! Knows files and storage; no run, no catalog, no other story.

mod archive;
mod consumed;
mod cut;
mod preview;
mod zones;

use crate::storage::Storage;

pub use archive::Restored;
pub use consumed::{Consumed, ConsumedFile};
pub use cut::{Cut, Request};
pub use zones::{Zone, ZoneFile};

/// The landing zones of a lake. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Landing {
    storage: Storage,
}

impl Landing {
    /// The zones of a lake.
    pub fn new(storage: &Storage) -> Self {
        Self { storage: storage.clone() }
    }
}
