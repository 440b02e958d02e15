//! Where landed files lie: the folder of a landing zone, and which of its files are what.

use crate::error::Result;
use crate::files::LandedFile;
use crate::name::is_valid_name;
use crate::storage::{Entry, Storage};

/// The folder of files that show what others will look like.
const SAMPLES: &str = "_samples";
/// The folder of files that were ingested and moved away.
pub const PROCESSED: &str = "_processed";
/// Endings of files that are still being written, by browsers, copy tools and rat's own uploads elsewhere.
const UNFINISHED: [&str; 6] = [".tmp", ".temp", ".part", ".partial", ".crdownload", "~"];

/// What the files of a zone are, by where they lie.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// To be ingested.
    pub files: Vec<Entry>,
    /// Only shown.
    pub samples: Vec<Entry>,
    /// Ingested, and moved away.
    pub processed: Vec<Entry>,
}

impl Listing {
    /// The files to be ingested.
    pub fn landed(&self) -> Vec<LandedFile> {
        self.files.iter().map(LandedFile::from_entry).collect()
    }

    /// Files that show what the zone's files look like, best first: what lies there, samples, what was moved away last. So a project whose
    /// files are all ingested is typed as before.
    pub fn telling(&self) -> Vec<LandedFile> {
        let of = [&self.files, &self.samples].into_iter().find(|files| !files.is_empty());
        match of {
            Some(files) => files.iter().map(LandedFile::from_entry).collect(),
            None => {
                let moved = self.processed.iter().max_by_key(|entry| (entry.modified, &entry.path));
                moved.into_iter().map(LandedFile::from_entry).collect()
            }
        }
    }
}

/// The namespace and zone of `landing://default/orders`.
pub fn parse_url(url: &str) -> Option<(&str, &str)> {
    let (namespace, zone) = url.strip_prefix("landing://")?.split_once('/')?;
    (is_valid_name(namespace) && is_valid_name(zone)).then_some((namespace, zone))
}

/// The folder of a zone.
pub fn folder(namespace: &str, zone: &str) -> String {
    format!("{namespace}/landing/{zone}")
}

/// Whether a file, by its name inside the zone, is there to be ingested.
pub fn is_ingested(name: &str) -> bool {
    let mut parts = name.split('/').peekable();
    if matches!(parts.peek(), Some(&(SAMPLES | PROCESSED))) {
        return false;
    }
    let lower = name.to_ascii_lowercase();
    !name.split('/').any(|part| part.starts_with('.')) && !UNFINISHED.iter().any(|ending| lower.ends_with(ending))
}

/// The zones of a namespace.
///
/// # Errors
/// `STORAGE_UNAVAILABLE`.
pub async fn names(storage: &Storage, namespace: &str) -> Result<Vec<String>> {
    let folders = storage.folders(&format!("{namespace}/landing")).await?;
    Ok(folders.into_iter().filter(|name| is_valid_name(name)).collect())
}

/// What lies in a zone; `None` when there is no such zone.
///
/// # Errors
/// `STORAGE_UNAVAILABLE`.
pub async fn list(storage: &Storage, namespace: &str, zone: &str) -> Result<Option<Listing>> {
    let folder = folder(namespace, zone);
    let entries = storage.list(&folder).await?;
    if entries.is_empty() && !names(storage, namespace).await?.iter().any(|name| name == zone) {
        return Ok(None);
    }
    let mut listing = Listing::default();
    for entry in entries {
        let Some(name) = entry.path.strip_prefix(&folder).map(|name| name.trim_start_matches('/')) else { continue };
        if is_ingested(name) {
            listing.files.push(entry);
        } else if let Some(sample) = name.strip_prefix(SAMPLES).and_then(|name| name.strip_prefix('/')) {
            if is_ingested(sample) {
                listing.samples.push(entry);
            }
        } else if name.starts_with(PROCESSED) && is_ingested(name.trim_start_matches(PROCESSED).trim_start_matches('/')) {
            listing.processed.push(entry);
        }
    }
    Ok(Some(listing))
}
