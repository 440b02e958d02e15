//! What keeps a table small: history that nobody needs is let go, files that nobody names are deleted, small files become large ones.
//!
//! Nothing here changes a row. Expiring and rewriting are commits like any other: they lose against a writer who was first, and are made
//! again on what that one left. A file is deleted only when the published table does not reach it, so a process that dies anywhere leaves
//! files too many, never one too few, and [`Tables::remove_orphans`](super::Tables::remove_orphans) finds those.
//!
//! Knows nothing of runs: what is in use is the caller's to say, in [`Keep`].

mod expire;
mod orphans;
mod reach;
mod relocate;
mod rewrite;

pub use expire::{Expired, Keep};
pub use orphans::Removed;
pub use rewrite::Rewrite;
