//! Files and folders that survive a power cut.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::error::{Code, Error, Result};

use super::failure::{Deed, io};

// A flush waits for the disk, not for a core: several at a time share one journal commit.
const AT_ONCE: usize = 8;

pub(super) async fn sync(root: PathBuf, files: Vec<PathBuf>) -> Result<()> {
    let mut folders = BTreeSet::new();
    for file in &files {
        folders.extend(file.ancestors().skip(1).take_while(|folder| folder.starts_with(&root)).map(Path::to_owned));
    }
    // Folders only after every file in them: a name that is durable points at content that is.
    flush(files).await?;
    flush(folders.into_iter().collect()).await
}

async fn flush(mut paths: Vec<PathBuf>) -> Result<()> {
    let mut tasks = Vec::new();
    let share = paths.len().div_ceil(AT_ONCE).max(1);
    while !paths.is_empty() {
        let part = paths.split_off(paths.len().saturating_sub(share));
        tasks.push(tokio::task::spawn_blocking(move || part.iter().try_for_each(|path| flush_one(path))));
    }
    for task in tasks {
        task.await.map_err(|e| Error::new(Code::Internal, "a flush to disk did not end").with_source(e))??;
    }
    Ok(())
}

fn flush_one(path: &Path) -> Result<()> {
    // Only Unix can open a folder as a file; elsewhere the file system itself keeps names durable.
    if cfg!(not(unix)) && path.is_dir() {
        return Ok(());
    }
    std::fs::File::open(path).and_then(|file| file.sync_all()).map_err(|e| io(e, Deed::Write, &path.display().to_string()))
}
