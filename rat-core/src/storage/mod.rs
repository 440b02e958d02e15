//! Files of a lake, wherever they are.
//!
//! A [`Storage`] is one lake's root: a folder, or memory. Paths are relative to the root, with `/`, or absolute URLs as Iceberg metadata
//! holds them. Writing is whole or not at all: a file appears under its name when it is complete, a [`StorageWriter`] that is dropped
//! leaves nothing, and [`Storage::sync`] makes files and the folders that name them survive a power cut, which object_store's local store
//! does not do by itself.
//!
//! The only room that knows object_store and the file system. It knows no table, catalog or pipeline. Another store is another arm in
//! [`Storage::open`]: everything else goes through [`object_store::ObjectStore`].
//!
//! Entry points: [`Storage::open`], [`Storage::from_store`].

mod failure;
mod sync;
mod underway;
mod url;
mod write;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use ::url::Url;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};

use crate::error::{Code, Error, Result};

use failure::{Deed, failure};
use underway::Underway;
use url::Root;
pub use url::redact;
pub use write::StorageWriter;

/// One lake's files. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Storage(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    root: Root,
    url: String,
    store: Arc<dyn ObjectStore>,
    underway: Arc<Underway>,
}

/// A file as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The path relative to the lake's root, with `/`.
    pub path: String,
    /// The size in bytes.
    pub size: u64,
    /// What changes when the content does, if the store says; local: made of inode, time and size.
    pub etag: Option<String>,
    /// When it was last written.
    pub modified: DateTime<Utc>,
}

impl Storage {
    /// Opens a lake's root: a folder (`./shop`, `/data/shop`, `file:///data/shop`) that exists, or `memory://`, which is empty and gone
    /// with the last clone. `options` are the store's own; folders and memory have none.
    ///
    /// # Errors
    /// `INVALID_URL` when the URL cannot be used, `PATH_NOT_FOUND` when there is no such folder, `INVALID_ARGUMENT` for an option that does
    /// not exist.
    pub fn open(url: &str, options: &BTreeMap<String, String>) -> Result<Self> {
        let root = Root::parse(url)?;
        if let Some(option) = options.keys().next() {
            return Err(Error::new(Code::InvalidArgument, format!("`{option}` is not an option of the storage `{}`", root.scheme()))
                .with_help("remove it from `[storage]`"));
        }
        let store: Arc<dyn ObjectStore> = match &root {
            Root::Memory => Arc::new(InMemory::new()),
            Root::Local { folder } if folder.is_dir() => Arc::new(LocalFileSystem::new()),
            Root::Local { folder } => return Err(Error::new(Code::PathNotFound, format!("there is no folder `{}`", folder.display()))),
        };
        Ok(Self::new(root, store))
    }

    /// Opens a lake's root as [`open`](Self::open) does, and makes the folder first if it is not there.
    ///
    /// # Errors
    /// As `open`, and `READ_ONLY_STORAGE` or `STORAGE_UNAVAILABLE` when the folder cannot be made.
    pub fn create(url: &str, options: &BTreeMap<String, String>) -> Result<Self> {
        if let Root::Local { folder } = Root::parse(url)? {
            std::fs::create_dir_all(&folder).map_err(|e| failure::io(e, Deed::Write, &folder.display().to_string()))?;
        }
        Self::open(url, options)
    }

    fn new(root: Root, store: Arc<dyn ObjectStore>) -> Self {
        Self(Arc::new(Inner { url: root.url(), root, store, underway: Arc::default() }))
    }

    /// A lake's root on a store of the caller's: paths of the store are those of the URL, without the leading `/`.
    ///
    /// # Errors
    /// `INVALID_URL` as for [`open`](Self::open).
    pub fn from_store(url: &str, store: Arc<dyn ObjectStore>) -> Result<Self> {
        Ok(Self::new(Root::parse(url)?, store))
    }

    /// The same root with another store around or instead of its own.
    #[must_use]
    pub fn wrap(&self, wrap: impl FnOnce(Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore>) -> Self {
        Self::new(self.0.root.clone(), wrap(Arc::clone(&self.0.store)))
    }

    /// The root as a URL, without a trailing `/`, as Iceberg metadata holds it: `file:///data/shop`. Not percent-encoded: that is how
    /// other engines read it.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// The same, percent-encoded: what [`open`](Self::open) takes, and every other reader of URLs.
    pub fn encoded_url(&self) -> String {
        self.0.root.encoded_url()
    }

    /// Whether there is nothing on disk: the lake is gone with the process.
    pub fn is_memory(&self) -> bool {
        matches!(self.0.root, Root::Memory)
    }

    /// The URL a path has in Iceberg metadata. An absolute URL is returned as it is.
    pub fn absolute(&self, path: &str) -> String {
        self.0.root.absolute(path)
    }

    /// The path relative to the root, or `None` when the URL points out of the lake.
    pub fn relative(&self, path: &str) -> Option<String> {
        self.0.root.relative(path)
    }

    /// The path in the file system, for a local lake.
    pub fn local_path(&self, path: &str) -> Option<PathBuf> {
        self.0.root.local_path(path)
    }

    /// The store itself. Its paths are given by [`location`](Self::location); its URL, for registries, by [`store_url`](Self::store_url).
    pub fn object_store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.0.store)
    }

    /// The URL that [`object_store`](Self::object_store) is the root of: `file:///` or `memory:///`.
    pub fn store_url(&self) -> Url {
        self.0.root.store_url()
    }

    /// The path inside [`object_store`](Self::object_store) of a lake path or URL.
    ///
    /// # Errors
    /// `INVALID_URL` for another scheme, and for paths with `..` or empty parts.
    pub fn location(&self, path: &str) -> Result<Path> {
        self.0.root.location(path)
    }

    /// Reads a whole file.
    ///
    /// # Errors
    /// `PATH_NOT_FOUND`, `STORAGE_UNAVAILABLE`.
    pub async fn read(&self, path: &str) -> Result<Bytes> {
        let location = self.location(path)?;
        let found = self.0.store.get(&location).await.map_err(|e| failure(e, Deed::Read, path))?;
        found.bytes().await.map_err(|e| failure(e, Deed::Read, path))
    }

    /// Reads some bytes of a file.
    ///
    /// # Errors
    /// `PATH_NOT_FOUND`, `STORAGE_UNAVAILABLE`.
    pub async fn read_range(&self, path: &str, range: Range<u64>) -> Result<Bytes> {
        self.0.store.get_range(&self.location(path)?, range).await.map_err(|e| failure(e, Deed::Read, path))
    }

    /// Size, etag and time of a file, or `None` when it is not there.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE`.
    pub async fn stat(&self, path: &str) -> Result<Option<Entry>> {
        match self.0.store.head(&self.location(path)?).await {
            Ok(meta) => Ok(Some(self.entry(meta))),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(e) => Err(failure(e, Deed::Read, path)),
        }
    }

    /// Whether a file is there.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE`.
    pub async fn exists(&self, path: &str) -> Result<bool> {
        Ok(self.stat(path).await?.is_some())
    }

    /// Writes a whole file, over one that is there. Nobody sees half of it.
    ///
    /// # Errors
    /// `READ_ONLY_STORAGE`, `STORAGE_FULL`, `STORAGE_UNAVAILABLE`.
    pub async fn write(&self, path: &str, bytes: impl Into<PutPayload>) -> Result<()> {
        self.put(path, bytes.into(), PutMode::Overwrite).await.map_err(|e| failure(e, Deed::Write, path))
    }

    /// Writes a whole file if there is none of that name; `false` when there is one, which stays as it is. Of several writers exactly one
    /// gets `true`.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub async fn write_new(&self, path: &str, bytes: impl Into<PutPayload>) -> Result<bool> {
        match self.put(path, bytes.into(), PutMode::Create).await {
            Ok(()) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
            Err(e) => Err(failure(e, Deed::Write, path)),
        }
    }

    async fn put(&self, path: &str, bytes: PutPayload, mode: PutMode) -> Result<(), object_store::Error> {
        let location = self.location(path).map_err(|e| object_store::Error::Generic { store: "rat", source: Box::new(e) })?;
        let (store, to) = (Arc::clone(&self.0.store), location.clone());
        let options = PutOptions { mode, ..PutOptions::default() };
        self.0.underway.write(&location, async move { store.put_opts(&to, bytes, options).await.map(drop) }).await
    }

    /// A file that is written piece by piece and appears when it is closed.
    ///
    /// # Errors
    /// `INVALID_URL` when the path cannot be used. Nothing is written yet.
    pub fn writer(&self, path: &str) -> Result<StorageWriter> {
        Ok(StorageWriter::new(Arc::clone(&self.0.store), Arc::clone(&self.0.underway), self.location(path)?, path.to_owned()))
    }

    /// Every file below a folder, in the order of their paths. A folder that is not there has none.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE`.
    pub async fn list(&self, folder: &str) -> Result<Vec<Entry>> {
        let prefix = self.location(folder)?;
        let mut entries: Vec<Entry> = self
            .0
            .store
            .list(Some(&prefix))
            .map_ok(|meta| self.entry(meta))
            .try_collect()
            .await
            .map_err(|e| failure(e, Deed::Read, folder))?;
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(entries)
    }

    /// The names of the folders directly in a folder, sorted; on a local disk empty ones too. A folder that is not there has none.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE`.
    pub async fn folders(&self, folder: &str) -> Result<Vec<String>> {
        let prefix = self.location(folder)?;
        let listed = self.0.store.list_with_delimiter(Some(&prefix)).await.map_err(|e| failure(e, Deed::Read, folder))?;
        let mut names: Vec<String> = listed.common_prefixes.iter().filter_map(|path| path.filename().map(str::to_owned)).collect();
        names.sort();
        Ok(names)
    }

    /// The contents of many small files, in the order asked for, read side by side.
    ///
    /// # Errors
    /// `PATH_NOT_FOUND`, `STORAGE_UNAVAILABLE`.
    pub async fn read_all(&self, paths: &[String]) -> Result<Vec<Bytes>> {
        const AT_ONCE: usize = 64;
        let read = |path: String| {
            let storage = self.clone();
            async move { storage.read(&path).await }
        };
        futures::stream::iter(paths.iter().cloned().map(read)).buffered(AT_ONCE).try_collect().await
    }

    fn entry(&self, meta: object_store::ObjectMeta) -> Entry {
        let root = self.0.url.split_once("://").map_or("", |(_, path)| path).trim_matches('/');
        let path = meta.location.as_ref();
        let path = path.strip_prefix(root).unwrap_or(path).trim_start_matches('/').to_owned();
        Entry { path, size: meta.size, etag: meta.e_tag, modified: meta.last_modified }
    }

    /// Removes a file. One that is not there is no error: what was asked for holds. A write of it that is on its way, also one whose caller
    /// was dropped, comes first.
    ///
    /// # Errors
    /// `READ_ONLY_STORAGE`, `STORAGE_UNAVAILABLE`.
    pub async fn delete(&self, path: &str) -> Result<()> {
        let location = self.location(path)?;
        self.0.underway.quiet(&location).await;
        match self.0.store.delete(&location).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(e) => Err(failure(e, Deed::Write, path)),
        }
    }

    /// Removes files while the caller goes on, as for a value that is dropped. What cannot be removed is left: nobody is there to be told. Without
    /// a runtime the process is ending, and nothing is removed.
    pub fn delete_later(&self, paths: Vec<String>) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if paths.is_empty() {
            return;
        }
        let (storage, counted) = (self.clone(), self.0.underway.deletion());
        runtime.spawn(async move {
            storage.delete_all(&paths).await;
            drop(counted);
        });
    }

    /// Removes files. What cannot be removed is left.
    pub async fn delete_all(&self, paths: &[String]) {
        for path in paths {
            // One more try: a store that fails once would otherwise leave a file for maintenance to find.
            if self.delete(path).await.is_err() {
                let _ = self.delete(path).await;
            }
        }
    }

    /// Waits for what [`delete_later`](Self::delete_later) was asked for until now.
    pub async fn deleted(&self) {
        self.0.underway.deleted().await;
    }

    /// Moves a file, over one that is there. Atomic on a local disk.
    ///
    /// # Errors
    /// `PATH_NOT_FOUND`, `READ_ONLY_STORAGE`, `STORAGE_FULL`, `STORAGE_UNAVAILABLE`.
    pub async fn rename(&self, from: &str, to: &str) -> Result<()> {
        let (source, target) = (self.location(from)?, self.location(to)?);
        self.0.store.rename(&source, &target).await.map_err(|e| failure(e, Deed::Write, from))
    }

    /// Makes files, and the folders that name them up to the lake's root, survive a power cut. Only a local disk needs it; elsewhere a
    /// finished write is durable already.
    ///
    /// # Errors
    /// `PATH_NOT_FOUND`, `STORAGE_FULL`, `STORAGE_UNAVAILABLE`.
    pub async fn sync(&self, paths: &[String]) -> Result<()> {
        match &self.0.root {
            Root::Local { folder } => {
                let files = paths.iter().filter_map(|p| self.local_path(p)).collect();
                sync::sync(folder.clone(), files).await
            }
            Root::Memory => Ok(()),
        }
    }

    /// Makes a folder of a local lake, for a database that opens its own file there, and returns it; `None` where there are no folders.
    /// Blocks for the length of one `mkdir`.
    ///
    /// # Errors
    /// `READ_ONLY_STORAGE`, `STORAGE_FULL`, `STORAGE_UNAVAILABLE`.
    pub fn make_folder(&self, path: &str) -> Result<Option<PathBuf>> {
        let Some(folder) = self.local_path(path) else { return Ok(None) };
        std::fs::create_dir_all(&folder).map_err(|e| failure::io(e, Deed::Write, path))?;
        Ok(Some(folder))
    }
}
