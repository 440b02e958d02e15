//! Zones and the files in them.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use serde::Serialize;

use super::Landing;
use crate::error::{Code, Error, Result, nearest};
use crate::files::zone::{self, Listing};
use crate::name::is_valid_name;
use crate::storage::{Entry, StorageWriter};

/// A landing zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Zone {
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// How many files there are to ingest, consumed ones that were not moved included.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// A file in a zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ZoneFile {
    /// The name inside the zone, with folders: `2024/monday.csv`.
    pub name: String,
    /// The path in the lake.
    pub path: String,
    /// The size in bytes.
    pub size: u64,
    /// When it was written.
    #[serde(serialize_with = "crate::clock::serialize_iso")]
    pub modified: DateTime<Utc>,
}

impl Landing {
    /// Every zone of a namespace, by name.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE`.
    #[inline(never)]
    pub fn zones<'a>(&'a self, namespace: &'a str) -> BoxFuture<'a, Result<Vec<Zone>>> {
        Box::pin(async move {
            let mut zones = Vec::new();
            for name in self.names(namespace).await? {
                if let Some(listing) = self.list(namespace, &name).await? {
                    let bytes = listing.files.iter().map(|f| f.size).sum();
                    zones.push(Zone { namespace: namespace.to_owned(), name, files: listing.files.len() as u64, bytes });
                }
            }
            Ok(zones)
        })
    }

    /// The files of a zone that are there to be ingested, by path.
    ///
    /// # Errors
    /// `UNKNOWN_ZONE`, `STORAGE_UNAVAILABLE`.
    #[inline(never)]
    pub fn files<'a>(&'a self, namespace: &'a str, zone: &'a str) -> BoxFuture<'a, Result<Vec<ZoneFile>>> {
        Box::pin(async move {
            Ok(self.listing(namespace, zone).await?.files.into_iter().map(|entry| zone_file(namespace, zone, entry)).collect())
        })
    }

    /// The files of a zone that show what others will look like: those in `_samples/`.
    ///
    /// # Errors
    /// `UNKNOWN_ZONE`, `STORAGE_UNAVAILABLE`.
    #[inline(never)]
    pub fn samples<'a>(&'a self, namespace: &'a str, zone: &'a str) -> BoxFuture<'a, Result<Vec<ZoneFile>>> {
        Box::pin(async move {
            Ok(self.listing(namespace, zone).await?.samples.into_iter().map(|entry| zone_file(namespace, zone, entry)).collect())
        })
    }

    /// Puts a file into a zone, which is made if it is not there, over one of that name, and gives its path in the lake. A run sees the
    /// whole file or none. Under `_samples/` it is a sample.
    ///
    /// # Errors
    /// `INVALID_NAME` for the zone, `INVALID_ARGUMENT` for a file name that would not be ingested, storage codes.
    #[inline(never)]
    pub fn put<'a>(&'a self, namespace: &'a str, zone: &'a str, name: &'a str, bytes: Bytes) -> BoxFuture<'a, Result<String>> {
        Box::pin(async move {
            let path = put_path(namespace, zone, name)?;
            self.storage.write(&path, bytes).await?;
            match self.storage.sync(std::slice::from_ref(&path)).await {
                // A run may have consumed it and moved it away already.
                Err(e) if e.code() == Code::PathNotFound => Ok(path),
                outcome => outcome.map(|()| path),
            }
        })
    }

    /// Puts a file that is written piece by piece; it appears in the zone when the writer is closed.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn writer(&self, namespace: &str, zone: &str, name: &str) -> Result<StorageWriter> {
        self.storage.writer(&put_path(namespace, zone, name)?)
    }

    /// Removes a file that has not been ingested.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    #[inline(never)]
    pub fn remove<'a>(&'a self, namespace: &'a str, zone: &'a str, name: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { self.storage.delete(&put_path(namespace, zone, name)?).await })
    }

    pub(super) async fn names(&self, namespace: &str) -> Result<Vec<String>> {
        zone::names(&self.storage, namespace).await
    }

    pub(super) async fn list(&self, namespace: &str, zone: &str) -> Result<Option<Listing>> {
        zone::list(&self.storage, namespace, zone).await
    }

    pub(super) async fn listing(&self, namespace: &str, zone: &str) -> Result<Listing> {
        match self.list(namespace, zone).await? {
            Some(listing) => Ok(listing),
            None => {
                let (message, help) = self.unknown(namespace, zone).await?;
                Err(Error::new(Code::UnknownZone, message).with_help(help))
            }
        }
    }

    /// What to say of a zone that is not there.
    pub(super) async fn unknown(&self, namespace: &str, zone: &str) -> Result<(String, String)> {
        let names = self.names(namespace).await?;
        let message = format!("there is no landing zone `{zone}` in namespace `{namespace}`");
        let help = match nearest(zone, names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("create the folder `{}`", zone::folder(namespace, zone)),
        };
        Ok((message, help))
    }
}

fn zone_file(namespace: &str, zone: &str, entry: Entry) -> ZoneFile {
    let folder = zone::folder(namespace, zone);
    let name = entry.path.strip_prefix(&folder).unwrap_or(&entry.path).trim_start_matches('/').to_owned();
    ZoneFile { name, path: entry.path, size: entry.size, modified: entry.modified }
}

fn put_path(namespace: &str, zone: &str, name: &str) -> Result<String> {
    for part in [namespace, zone] {
        if !is_valid_name(part) {
            return Err(Error::new(Code::InvalidName, format!("`{part}` cannot be the name of a namespace or landing zone")));
        }
    }
    let plain = name.strip_prefix("_samples/").unwrap_or(name);
    let clean = !plain.is_empty() && plain.split('/').all(|part| !part.is_empty() && part != "." && part != "..") && !plain.contains('\\');
    if !clean || !zone::is_ingested(plain) {
        return Err(Error::new(Code::InvalidArgument, format!("a landed file cannot be named `{name}`"))
            .with_help("use a plain file name: not hidden, not `.tmp` or `.part`, not in `_processed/`"));
    }
    Ok(format!("{}/{name}", zone::folder(namespace, zone)))
}
