//! Identifiers as a component, so that a test can foretell them.

use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

/// Where new identifiers come from. They never repeat, and sort by the time they were made.
pub trait Ids: std::fmt::Debug + Send + Sync {
    /// A new identifier.
    fn next(&self) -> Uuid;
}

/// UUIDs of version 7: unique everywhere.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomIds;

impl Ids for RandomIds {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks")]
    fn next(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// 1, 2, 3 ... in the form of UUIDs, for tests.
#[derive(Debug, Default)]
pub struct SequentialIds(AtomicU64);

impl Ids for SequentialIds {
    fn next(&self) -> Uuid {
        let n = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        Uuid::from_u64_pair(0x0000_0000_0000_7000, 0x8000_0000_0000_0000 | n)
    }
}
