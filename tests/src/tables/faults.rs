//! A store that fails or lies at one chosen operation.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions,
    PutPayload, PutResult, RenameOptions, Result, UploadPart,
};
use std::sync::Mutex;

/// What happens at the chosen operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is done, and this error is returned.
    Io(io::ErrorKind),
    /// It is done, and an error is returned.
    Lie,
}

#[derive(Debug, Default)]
struct Plan {
    fault: Option<(u64, Fault)>,
    /// From the chosen operation on, not at it alone.
    lasting: bool,
}

/// A store around another one that counts operations and fails at one.
#[derive(Debug, Clone)]
pub struct FaultyStore {
    inner: Arc<dyn ObjectStore>,
    count: Arc<AtomicU64>,
    plan: Arc<Mutex<Plan>>,
}

impl FaultyStore {
    pub fn new(inner: Arc<dyn ObjectStore>) -> Self {
        Self { inner, count: Arc::default(), plan: Arc::default() }
    }

    /// The fault comes at the n-th operation from now, counted from 0.
    pub fn arm(&self, n: u64, fault: Fault) {
        let now = self.count.load(Ordering::SeqCst);
        *self.plan.lock().unwrap() = Plan { fault: Some((now + n, fault)), lasting: false };
    }

    /// Every operation from the n-th on fails.
    pub fn arm_from(&self, n: u64, fault: Fault) {
        self.arm(n, fault);
        self.plan.lock().unwrap().lasting = true;
    }

    pub fn disarm(&self) {
        self.plan.lock().unwrap().fault = None;
    }

    /// Operations so far.
    pub fn operations(&self) -> u64 {
        self.count.load(Ordering::SeqCst)
    }

    fn next(&self) -> Option<Fault> {
        let n = self.count.fetch_add(1, Ordering::SeqCst);
        let plan = self.plan.lock().unwrap();
        let (at, fault) = plan.fault?;
        (n == at || (plan.lasting && n > at)).then_some(fault)
    }

    async fn run<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        match self.next() {
            None => work.await,
            Some(Fault::Io(kind)) => Err(error(kind)),
            Some(Fault::Lie) => {
                work.await?;
                Err(error(io::ErrorKind::ConnectionReset))
            }
        }
    }
}

fn error(kind: io::ErrorKind) -> Error {
    Error::Generic { store: "faulty", source: Box::new(io::Error::new(kind, "injected")) }
}

impl std::fmt::Display for FaultyStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("faulty")
    }
}

#[derive(Debug)]
struct FaultyUpload {
    store: FaultyStore,
    inner: Box<dyn MultipartUpload>,
}

#[async_trait]
impl MultipartUpload for FaultyUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let (store, part) = (self.store.clone(), self.inner.put_part(data));
        Box::pin(async move { store.run(part).await })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let store = self.store.clone();
        store.run(self.inner.complete()).await
    }

    async fn abort(&mut self) -> Result<()> {
        self.inner.abort().await
    }
}

#[async_trait]
impl ObjectStore for FaultyStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.run(self.inner.put_opts(location, payload, options)).await
    }

    async fn put_multipart_opts(&self, location: &Path, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        let inner = self.run(self.inner.put_multipart_opts(location, options)).await?;
        Ok(Box::new(FaultyUpload { store: self.clone(), inner }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.run(self.inner.get_opts(location, options)).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.run(self.inner.get_ranges(location, ranges)).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let store = self.clone();
        locations
            .then(move |location| {
                let store = store.clone();
                async move {
                    let location = location?;
                    let one = futures::stream::once(futures::future::ready(Ok(location.clone()))).boxed();
                    let mut done = store.inner.delete_stream(one);
                    store.run(async move { done.next().await.unwrap_or(Ok(location)) }).await
                }
            })
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.run(self.inner.copy_opts(from, to, options)).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.run(self.inner.rename_opts(from, to, options)).await
    }
}
