//! The texts of the project, read again only where a file changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Mutex;

use crate::error::Result;
use crate::project::{Files, is_project_file};
use crate::storage::{Entry, Storage};

const SETTINGS: &str = "rat.toml";

/// Reads the project's files, and remembers them.
#[derive(Debug)]
pub(super) struct ProjectFiles {
    storage: Storage,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    versions: BTreeMap<String, Version>,
    files: Arc<Files>,
}

/// What tells one content of a file from another without reading it.
#[derive(Debug, PartialEq)]
struct Version(u64, Option<String>, i64);

impl From<&Entry> for Version {
    fn from(entry: &Entry) -> Self {
        Self(entry.size, entry.etag.clone(), entry.modified.timestamp_micros())
    }
}

impl ProjectFiles {
    pub(super) fn new(storage: Storage) -> Self {
        Self { storage, known: Mutex::default() }
    }

    /// The texts as they are now. The same `Arc` as before when nothing changed.
    pub(super) async fn read(&self) -> Result<Arc<Files>> {
        let entries = self.list().await?;
        let mut known = self.known.lock().await;
        let versions: BTreeMap<String, Version> = entries.iter().map(|e| (e.path.clone(), Version::from(e))).collect();
        if versions == known.versions {
            return Ok(Arc::clone(&known.files));
        }
        let changed: Vec<String> =
            versions.iter().filter(|(path, version)| known.versions.get(*path) != Some(*version)).map(|(path, _)| path.clone()).collect();
        let mut files = Files::clone(&known.files);
        files.texts.retain(|path, _| versions.contains_key(path));
        files.not_utf8.retain(|path| versions.contains_key(path) && !changed.contains(path));
        for (path, bytes) in changed.iter().zip(self.storage.read_all(&changed).await?) {
            files.texts.remove(path);
            files.insert(path, bytes.to_vec());
        }
        *known = Known { versions, files: Arc::new(files) };
        Ok(Arc::clone(&known.files))
    }

    /// `rat.toml`, which is read before anything else is known of the lake.
    pub(super) async fn settings_file(&self) -> Result<Files> {
        let mut files = Files::default();
        if self.storage.stat(SETTINGS).await?.is_some() {
            files.insert(SETTINGS, self.storage.read(SETTINGS).await?.to_vec());
        }
        Ok(files)
    }

    /// Folders that can be namespaces. One whose name cannot be used is told by who reads the project.
    pub(super) async fn folders(&self) -> Result<Vec<String>> {
        let mut folders = self.storage.folders("").await?;
        folders.retain(|folder| !folder.starts_with('.') && folder != "macros");
        Ok(folders)
    }

    /// The files a project reads. Tables and landed files are not listed: there may be millions of them.
    async fn list(&self) -> Result<Vec<Entry>> {
        let mut entries: Vec<Entry> = self.storage.stat(SETTINGS).await?.into_iter().collect();
        entries.extend(self.storage.list("macros").await?);
        for namespace in self.folders().await? {
            entries.extend(self.storage.list(&format!("{namespace}/pipelines")).await?);
        }
        entries.retain(|entry| is_project_file(&entry.path));
        Ok(entries)
    }
}
