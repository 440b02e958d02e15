//! Written files that no snapshot refers to yet, and who answers for them.

use std::sync::Arc;

use crate::tables::{Tables, WrittenFile};

/// Files that are deleted when the last copy of this is dropped, unless [`claim`](Self::claim) was called: a run that is cancelled between
/// two steps leaves nothing behind. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Unclaimed(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    tables: Tables,
    files: Vec<WrittenFile>,
    claimed: std::sync::atomic::AtomicBool,
}

impl Unclaimed {
    pub(super) fn new(tables: &Tables, files: Vec<WrittenFile>) -> Self {
        Self(Arc::new(Inner { tables: tables.clone(), files, claimed: false.into() }))
    }

    /// No files, of the same lake.
    pub(super) fn none(&self) -> Self {
        Self::new(&self.0.tables, Vec::new())
    }

    /// These files and one more.
    pub(super) fn and(self, file: WrittenFile) -> Self {
        let mut files = self.files().to_vec();
        files.push(file);
        self.claim();
        Self::new(&self.0.tables, files)
    }

    /// These files and those.
    pub(super) fn with(self, those: Self) -> Self {
        let files = [self.files(), those.files()].concat();
        self.claim();
        those.claim();
        Self::new(&self.0.tables, files)
    }

    /// The files.
    pub fn files(&self) -> &[WrittenFile] {
        &self.0.files
    }

    /// Says that something else answers for the files from here on: a snapshot, or nobody knows who after a commit without an answer.
    pub fn claim(&self) {
        self.0.claimed.store(true, std::sync::atomic::Ordering::Relaxed);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if !*self.claimed.get_mut() {
            let paths = self.files.iter().map(|file| file.path().to_owned()).collect();
            self.tables.storage().delete_later(paths);
        }
    }
}
