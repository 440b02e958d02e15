//! Moving consumed files to `_processed/<run id>/`, and back.

use futures::future::BoxFuture;

use super::Landing;
use crate::error::{Code, Error, Result};
use crate::files::LandedFile;
use crate::files::zone::{PROCESSED, folder};
use crate::storage::Storage;

/// What [`Landing::restore`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Restored {
    /// Paths of the files that are back in the zone.
    pub files: Vec<String>,
    /// Paths of those that stay where they are: a file of the same name has landed since.
    pub kept: Vec<String>,
}

/// Where a consumed file goes.
fn target(file: &LandedFile, namespace: &str, zone: &str, run: &str) -> Option<String> {
    let folder = folder(namespace, zone);
    let name = file.path.strip_prefix(&folder)?.strip_prefix('/')?;
    Some(format!("{folder}/{PROCESSED}/{run}/{name}"))
}

/// Moves a consumed file away, if it is still there. A file that has landed under its name since is another file, and stays.
pub(super) async fn move_away(storage: &Storage, file: &LandedFile, namespace: &str, zone: &str, run: &str) -> Result<()> {
    let Some(target) = target(file, namespace, zone, run) else { return Ok(()) };
    let is_it = |entry: Option<crate::storage::Entry>| entry.map(|entry| LandedFile::from_entry(&entry)).as_ref() == Some(file);
    if !is_it(storage.stat(&file.path).await?) {
        return Ok(());
    }
    match storage.rename(&file.path, &target).await {
        // Another run, or another process, was first.
        Err(e) if e.code() == Code::PathNotFound => return Ok(()),
        outcome => outcome?,
    }
    // On a local disk a file keeps its etag when it is moved. Another one means that a new file landed between the look and the move.
    let moved = storage.stat(&target).await?.map(|entry| LandedFile::from_entry(&entry));
    if let Some(moved) = moved.filter(|_| storage.local_path(&target).is_some())
        && (moved.size, &moved.etag) != (file.size, &file.etag)
    {
        if storage.exists(&file.path).await? {
            return Err(Error::new(Code::StorageUnavailable, format!("`{}` was replaced twice while it was moved away", file.path))
                .with_help(format!("look at `{target}`: it may not have been read yet")));
        }
        storage.rename(&target, &file.path).await?;
    }
    Ok(())
}

impl Landing {
    /// Brings files back into a zone that runs have moved to `_processed/`: those of one run, or of all. They still count as consumed: a
    /// run with `full_refresh` reads them, any other moves them away again.
    ///
    /// # Errors
    /// `UNKNOWN_ZONE`, storage codes.
    #[inline(never)]
    pub fn restore<'a>(&'a self, namespace: &'a str, zone: &'a str, run: Option<&'a str>) -> BoxFuture<'a, Result<Restored>> {
        Box::pin(async move {
            let folder = folder(namespace, zone);
            let moved_to = format!("{folder}/{PROCESSED}/");
            let mut restored = Restored::default();
            for entry in self.listing(namespace, zone).await?.processed {
                let Some((of_run, name)) = entry.path.strip_prefix(&moved_to).and_then(|rest| rest.split_once('/')) else { continue };
                if run.is_some_and(|run| run != of_run) {
                    continue;
                }
                let target = format!("{folder}/{name}");
                if self.storage.exists(&target).await? {
                    restored.kept.push(entry.path);
                } else {
                    self.storage.rename(&entry.path, &target).await?;
                    restored.files.push(target);
                }
            }
            Ok(restored)
        })
    }
}
