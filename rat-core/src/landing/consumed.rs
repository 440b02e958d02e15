//! Which files a table has consumed: immutable files beside its metadata.
//!
//! A file of the set holds what its run consumed and names the earlier files that hold the rest. A new one takes in the earlier ones that
//! are no longer than itself, so of n consumed files there are about log n pieces: reading and writing stay cheap however many runs there
//! were.

use std::collections::HashMap;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::{Code, Error, Result};
use crate::files::LandedFile;
use crate::name::Name;
use crate::storage::Storage;

const VERSION: u32 = 1;

/// A file that a published run consumed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsumedFile {
    /// The path in the lake, as it was when it was read.
    pub path: String,
    /// The size in bytes.
    pub size: u64,
    /// What told it from others of that name.
    pub etag: String,
    /// The run that consumed it.
    pub run: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Sidecar {
    version: u32,
    files: Vec<ConsumedFile>,
    earlier: Vec<Earlier>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Earlier {
    path: String,
    files: usize,
}

/// One piece of the set, as it is stored.
#[derive(Debug, Clone)]
struct Segment {
    path: String,
    files: Vec<ConsumedFile>,
}

/// The files that the published runs of one table consumed.
#[derive(Debug, Clone, Default)]
pub struct Consumed {
    /// Oldest first; the last is the head that the snapshot names.
    segments: Vec<Segment>,
    runs: HashMap<(String, u64, String), String>,
}

impl Consumed {
    /// Reads the set that a snapshot names; `None` names the empty one.
    ///
    /// # Errors
    /// `CORRUPT_TABLE` when a piece is missing or damaged, `LAKE_NEWER`, `STORAGE_UNAVAILABLE`.
    pub async fn load(storage: &Storage, head: Option<&str>) -> Result<Self> {
        let Some(head) = head else { return Ok(Self::default()) };
        let sidecar = read(storage, head).await?;
        let mut segments: Vec<Segment> = stream::iter(sidecar.earlier)
            .map(|earlier| async move { Ok::<_, Error>(Segment { files: read(storage, &earlier.path).await?.files, path: earlier.path }) })
            .buffered(8)
            .try_collect()
            .await?;
        segments.push(Segment { path: head.to_owned(), files: sidecar.files });
        let runs = segments
            .iter()
            .flat_map(|segment| &segment.files)
            .map(|file| ((file.path.clone(), file.size, file.etag.clone()), file.run.clone()))
            .collect();
        Ok(Self { segments, runs })
    }

    /// Whether exactly this file was consumed, and by which run.
    pub fn run_of(&self, file: &LandedFile) -> Option<&str> {
        self.runs.get(&(file.path.clone(), file.size, file.etag.clone())).map(String::as_str)
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.runs.len()
    }

    /// Whether nothing was consumed.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Every file, oldest first.
    pub fn files(&self) -> impl Iterator<Item = &ConsumedFile> {
        self.segments.iter().flat_map(|segment| &segment.files)
    }

    /// The paths of the pieces: what maintenance must keep while a snapshot names the head.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().map(|segment| segment.path.as_str())
    }

    /// Writes the set with some more files, durably, and returns the path of its head. Nothing that is there is changed, so the set that
    /// the published snapshot names stays as it is until another snapshot is published. Without more files it is the same head.
    ///
    /// # Errors
    /// Storage codes.
    pub async fn with(&self, storage: &Storage, table: &Name, run: &str, files: &[LandedFile]) -> Result<Option<String>> {
        let new: Vec<&LandedFile> = files.iter().filter(|file| self.run_of(file).is_none()).collect();
        if new.is_empty() {
            return Ok(self.segments.last().map(|segment| segment.path.clone()));
        }
        let mut held: Vec<ConsumedFile> = new
            .into_iter()
            .map(|file| ConsumedFile { path: file.path.clone(), size: file.size, etag: file.etag.clone(), run: run.to_owned() })
            .collect();
        let mut earlier: Vec<&Segment> = self.segments.iter().collect();
        while let Some(last) = earlier.last().filter(|last| last.files.len() <= held.len()) {
            held.splice(0..0, last.files.iter().cloned());
            earlier.pop();
        }
        let earlier = earlier.into_iter().map(|segment| Earlier { path: segment.path.clone(), files: segment.files.len() }).collect();
        let text = serde_json::to_vec(&Sidecar { version: VERSION, files: held, earlier })
            .map_err(|e| Error::new(Code::Internal, "the consumed landing files cannot be written down").with_source(e))?;
        let digest = Sha256::digest(&text);
        let hash: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let path = format!("{}/{}/{}/metadata/landing-{hash}.json", table.namespace, table.layer, table.name);
        // One that is there has the same content: its name says so.
        let written = async {
            storage.write_new(&path, Bytes::from(text)).await?;
            storage.sync(std::slice::from_ref(&path)).await
        };
        if let Err(error) = written.await {
            // Half of it may be there, or all of it and no snapshot that names it.
            storage.delete_all(std::slice::from_ref(&path)).await;
            return Err(error);
        }
        Ok(Some(path))
    }
}

async fn read(storage: &Storage, path: &str) -> Result<Sidecar> {
    let corrupt = |what: &str| {
        Error::new(Code::CorruptTable, format!("`{path}`, which holds the consumed landing files, {what}"))
            .with_help("restore the file, or run with full_refresh")
            .with_context("file", path)
    };
    let bytes =
        storage.read(path).await.map_err(|e| if e.code() == Code::PathNotFound { corrupt("is missing").with_source(e) } else { e })?;
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    let versioned: Versioned = serde_json::from_slice(&bytes).map_err(|e| corrupt("is damaged").with_source(e))?;
    if versioned.version > VERSION {
        return Err(Error::new(Code::LakeNewer, format!("`{path}` was written by a newer rat")).with_context("file", path));
    }
    serde_json::from_slice(&bytes).map_err(|e| corrupt("is damaged").with_source(e))
}
