//! The texts of the project, read again only where a file changed.

use std::collections::{HashMap, HashSet};
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
    /// What tells one content of a file from another without reading it.
    entries: Vec<Entry>,
    files: Arc<Files>,
}

impl ProjectFiles {
    pub(super) fn new(storage: Storage) -> Self {
        Self { storage, known: Mutex::default() }
    }

    /// The texts as they are now. The same `Arc` as before when nothing changed.
    pub(super) async fn read(&self) -> Result<Arc<Files>> {
        let entries = self.list().await?;
        let mut known = self.known.lock().await;
        if entries == known.entries {
            return Ok(Arc::clone(&known.files));
        }
        let before: HashMap<&str, &Entry> = known.entries.iter().map(|entry| (entry.path.as_str(), entry)).collect();
        let now: HashSet<&str> = entries.iter().map(|entry| entry.path.as_str()).collect();
        let changed = entries.iter().filter(|entry| before.get(entry.path.as_str()) != Some(entry));
        let changed: Vec<String> = changed.map(|entry| entry.path.clone()).collect();
        let mut files = Files::clone(&known.files);
        files.texts.retain(|path, _| now.contains(path.as_str()));
        files.not_utf8.retain(|path| now.contains(path.as_str()) && !changed.contains(path));
        for (path, bytes) in changed.iter().zip(self.storage.read_all(&changed).await?) {
            files.texts.remove(path);
            files.insert(path, bytes.to_vec());
        }
        *known = Known { entries, files: Arc::new(files) };
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
