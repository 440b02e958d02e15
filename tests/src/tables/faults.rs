//! A store that fails or lies at one chosen operation.

use std::collections::BTreeSet;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

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
use tokio::sync::Semaphore;

/// Long enough for whatever runs beside it to come first.
const SLOW: Duration = Duration::from_millis(2);

/// What happens at the chosen operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is done, and this error is returned.
    Io(io::ErrorKind),
    /// What is read is read, and what would change a file fails with this error.
    Disk(io::ErrorKind),
    /// It is done, and an error is returned.
    Lie,
    /// Of what is written half arrives, and an error is returned. What is no write fails.
    Torn,
    /// It is done after a while.
    Slow,
    /// What changes a file is done twice, and the second answer is returned: so a request that a network delivers twice.
    Twice,
    /// A write goes on when its caller is gone, and is done when [`FaultyStore::let_through`] is called. What is no write is done.
    Late,
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
    gate: Arc<Semaphore>,
    /// Which operations only read.
    reads: Arc<Mutex<BTreeSet<u64>>>,
}

impl FaultyStore {
    pub fn new(inner: Arc<dyn ObjectStore>) -> Self {
        Self { inner, count: Arc::default(), plan: Arc::default(), gate: Arc::new(Semaphore::new(0)), reads: Arc::default() }
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

    /// Ends the waiting of one late write.
    pub fn let_through(&self) {
        self.gate.add_permits(1);
    }

    /// Whether the n-th operation of all only read.
    pub fn only_read(&self, n: u64) -> bool {
        self.reads.lock().unwrap().contains(&n)
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

    /// Something that changes a file, and may be asked for twice.
    async fn change<T, F: Future<Output = Result<T>>>(&self, work: impl Fn() -> F) -> Result<T> {
        if self.is_twice() {
            self.next();
            let _first = work().await;
            return work().await;
        }
        self.run(work()).await
    }

    /// Whether the operation that comes next is done twice.
    fn is_twice(&self) -> bool {
        let n = self.operations();
        matches!(self.plan.lock().unwrap().fault, Some((at, Fault::Twice)) if at == n)
    }

    /// Something that changes no file.
    async fn read<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        self.reads.lock().unwrap().insert(self.operations());
        if self.disk() { work.await } else { self.run(work).await }
    }

    /// Whether it is the disk that fails: then reading does not count.
    fn disk(&self) -> bool {
        matches!(self.plan.lock().unwrap().fault, Some((_, Fault::Disk(_))))
    }

    async fn run<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        match self.next() {
            None | Some(Fault::Late | Fault::Twice) => work.await,
            Some(Fault::Slow) => {
                tokio::time::sleep(SLOW).await;
                work.await
            }
            Some(Fault::Io(kind) | Fault::Disk(kind)) => Err(error(kind)),
            Some(Fault::Torn) => Err(error(io::ErrorKind::TimedOut)),
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
        match self.next() {
            None => self.inner.put_opts(location, payload, options).await,
            Some(Fault::Slow) => {
                tokio::time::sleep(SLOW).await;
                self.inner.put_opts(location, payload, options).await
            }
            Some(Fault::Twice) => {
                let _first = self.inner.put_opts(location, payload.clone(), options.clone()).await;
                self.inner.put_opts(location, payload, options).await
            }
            Some(Fault::Io(kind) | Fault::Disk(kind)) => Err(error(kind)),
            Some(Fault::Lie) => {
                self.inner.put_opts(location, payload, options).await?;
                Err(error(io::ErrorKind::ConnectionReset))
            }
            Some(Fault::Torn) => {
                let whole = Bytes::from(payload);
                self.inner.put_opts(location, whole.slice(..whole.len() / 2).into(), options).await?;
                Err(error(io::ErrorKind::TimedOut))
            }
            Some(Fault::Late) => {
                let (inner, gate, location) = (Arc::clone(&self.inner), Arc::clone(&self.gate), location.clone());
                let late = async move {
                    gate.acquire().await.unwrap().forget();
                    inner.put_opts(&location, payload, options).await
                };
                tokio::spawn(late).await.unwrap()
            }
        }
    }

    async fn put_multipart_opts(&self, location: &Path, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        let inner = self.run(self.inner.put_multipart_opts(location, options)).await?;
        Ok(Box::new(FaultyUpload { store: self.clone(), inner }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.read(self.inner.get_opts(location, options)).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.read(self.inner.get_ranges(location, ranges)).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let store = self.clone();
        locations
            .then(move |location| {
                let store = store.clone();
                async move {
                    let location = location?;
                    let delete = || {
                        let one = futures::stream::once(futures::future::ready(Ok(location.clone()))).boxed();
                        let mut deleted = store.inner.delete_stream(one);
                        let same = location.clone();
                        async move { deleted.next().await.unwrap_or(Ok(same)) }
                    };
                    store.change(delete).await
                }
            })
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.reads.lock().unwrap().insert(self.operations());
        let fault = if self.disk() { None } else { self.next() };
        match fault {
            None | Some(Fault::Lie | Fault::Late | Fault::Slow | Fault::Twice | Fault::Disk(_)) => self.inner.list(prefix),
            Some(Fault::Io(kind)) => futures::stream::once(async move { Err(error(kind)) }).boxed(),
            Some(Fault::Torn) => futures::stream::once(async { Err(error(io::ErrorKind::TimedOut)) }).boxed(),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.read(self.inner.list_with_delimiter(prefix)).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.change(|| self.inner.copy_opts(from, to, options.clone())).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.change(|| self.inner.rename_opts(from, to, options.clone())).await
    }
}
