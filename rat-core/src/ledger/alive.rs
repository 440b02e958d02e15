//! The lock that says a run is alive: the operating system lets go of it when the process ends, however it ends.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::Result;

use super::database::io_failed;

#[derive(Debug)]
pub(super) struct Alive {
    file: Option<File>,
    path: PathBuf,
}

impl Alive {
    pub(super) fn take(folder: &Path, id: &str) -> Result<Self> {
        let path = folder.join(id);
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(|e| io_failed(&path, e))?;
        // The identifier is new, so nobody else can hold it but a reader that asks `is_alive` this very instant; wait for that one.
        file.lock().map_err(|e| io_failed(&path, e))?;
        Ok(Self { file: Some(file), path })
    }

    pub(super) fn is_alive(folder: &Path, id: &str) -> bool {
        match File::open(folder.join(id)) {
            Ok(file) => matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)),
            Err(_) => false,
        }
    }

    pub(super) fn forget(folder: &Path, id: &str) {
        // A lock file that stays behind says nothing: nobody holds it.
        let _ = fs::remove_file(folder.join(id));
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
        self.file.take();
    }
}
