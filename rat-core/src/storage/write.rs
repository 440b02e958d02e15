//! A file written piece by piece.

use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload, PutPayloadMut, UploadPart};

use crate::error::Result;

use super::failure::{Deed, failure};
use super::underway::Underway;

// The least that S3 takes for a part; what one open file holds in memory is this, twice.
const PART_BYTES: usize = 5 * 1024 * 1024;
const PARTS_IN_FLIGHT: usize = 2;

/// A file on its way. It appears under its name when [`close`](Self::close) returns; dropped before it was called, nothing is left. Once it
/// was called the file appears whoever waits, and [`Storage::delete`](super::Storage::delete) knows to come after it.
#[derive(Debug)]
pub struct StorageWriter {
    store: Arc<dyn ObjectStore>,
    underway: Arc<Underway>,
    location: Path,
    path: String,
    buffer: PutPayloadMut,
    written: u64,
    upload: Option<Box<dyn MultipartUpload>>,
    parts: Parts,
}

#[derive(Default)]
struct Parts(FuturesUnordered<UploadPart>);

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} in flight", self.0.len())
    }
}

impl StorageWriter {
    pub(super) fn new(store: Arc<dyn ObjectStore>, underway: Arc<Underway>, location: Path, path: String) -> Self {
        Self { store, underway, location, path, buffer: PutPayloadMut::new(), written: 0, upload: None, parts: Parts::default() }
    }

    /// The path as it was given.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Bytes given so far.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Adds bytes to the end.
    ///
    /// # Errors
    /// `READ_ONLY_STORAGE`, `STORAGE_FULL`, `STORAGE_UNAVAILABLE`, also those of bytes given earlier.
    pub async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.written += bytes.len() as u64;
        self.buffer.push(bytes);
        if self.buffer.content_length() < PART_BYTES {
            return Ok(());
        }
        let payload = std::mem::take(&mut self.buffer).freeze();
        self.send(payload).await
    }

    async fn send(&mut self, payload: PutPayload) -> Result<()> {
        let upload = match &mut self.upload {
            Some(upload) => upload,
            none => {
                let upload = self.store.put_multipart(&self.location).await.map_err(|e| failure(e, Deed::Write, &self.path))?;
                none.insert(upload)
            }
        };
        self.parts.0.push(upload.put_part(payload));
        while self.parts.0.len() >= PARTS_IN_FLIGHT {
            if let Some(done) = self.parts.0.next().await {
                done.map_err(|e| failure(e, Deed::Write, &self.path))?;
            }
        }
        Ok(())
    }

    /// Finishes the file and returns its size in bytes.
    ///
    /// # Errors
    /// As [`write`](Self::write). Whether the file is there is then not known: a store may have failed after it had done what was asked.
    pub async fn close(mut self) -> Result<u64> {
        let payload = std::mem::take(&mut self.buffer).freeze();
        let to = self.location.clone();
        if self.upload.is_none() {
            let store = Arc::clone(&self.store);
            let put = async move { store.put(&to, payload).await.map(drop) };
            self.underway.write(&self.location, put).await.map_err(|e| failure(e, Deed::Write, &self.path))?;
            return Ok(self.written);
        }
        if payload.content_length() > 0 {
            self.send(payload).await?;
        }
        while let Some(done) = self.parts.0.next().await {
            done.map_err(|e| failure(e, Deed::Write, &self.path))?;
        }
        if let Some(mut upload) = self.upload.take() {
            let complete = async move {
                let done = upload.complete().await.map(drop);
                if done.is_err() {
                    // What the parts take is paid for until it is given up; the first error is the one to tell.
                    let _ = upload.abort().await;
                }
                done
            };
            self.underway.write(&self.location, complete).await.map_err(|e| failure(e, Deed::Write, &self.path))?;
        }
        Ok(self.written)
    }
}

impl Drop for StorageWriter {
    fn drop(&mut self) {
        // A local upload removes its own hidden file; a remote one must be told, or its parts are kept and paid for.
        if let (Some(mut upload), Ok(runtime)) = (self.upload.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(async move { upload.abort().await });
        }
    }
}
