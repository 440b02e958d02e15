//! Files that nobody needs yet: deleted when what made them is dropped, unless somebody took them over.

use crate::storage::Storage;

/// Paths of files that are in no snapshot. Dropped, it deletes them in the background: a cancelled run leaves nothing.
#[derive(Debug)]
pub(super) struct Litter {
    storage: Storage,
    paths: Vec<String>,
}

impl Litter {
    pub(super) fn new(storage: &Storage) -> Self {
        Self { storage: storage.clone(), paths: Vec::new() }
    }

    pub(super) fn add(&mut self, path: impl Into<String>) {
        self.paths.push(path.into());
    }

    pub(super) fn paths(&self) -> &[String] {
        &self.paths
    }

    /// Somebody else answers for the files from here on.
    pub(super) fn keep(mut self) -> Vec<String> {
        std::mem::take(&mut self.paths)
    }

    /// Deletes the files now. What cannot be deleted is left to maintenance: the error that led here matters more.
    pub(super) async fn clear(mut self) {
        self.storage.delete_all(&std::mem::take(&mut self.paths)).await;
    }
}

impl Drop for Litter {
    fn drop(&mut self) {
        self.storage.delete_later(std::mem::take(&mut self.paths));
    }
}
