//! `lake.landing()`: zones and the files in them.

use std::time::Instant;

use bytes::Bytes;

use super::Lake;
use crate::error::Result;
use crate::landing::{Landing, Restored, Zone, ZoneFile};
use crate::query::QueryResult;

/// The landing zones of a lake's namespace.
#[derive(Debug, Clone, Copy)]
pub struct LandingZones<'a>(pub(super) &'a Lake);

impl LandingZones<'_> {
    /// How many rows a preview shows to who does not say.
    pub const PREVIEW_ROWS: usize = 100;

    /// Every zone, by name, with what is there to ingest.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE`, `CLOSED`.
    pub async fn zones(&self) -> Result<Vec<Zone>> {
        self.open()?.zones(self.0.namespace()).await
    }

    /// The files of a zone that are there to be ingested, by path.
    ///
    /// # Errors
    /// `UNKNOWN_ZONE`, and as [`zones`](Self::zones).
    pub async fn files(&self, zone: &str) -> Result<Vec<ZoneFile>> {
        self.open()?.files(self.0.namespace(), zone).await
    }

    /// The files in a zone's `_samples/`, which previews and checks read and no run does.
    ///
    /// # Errors
    /// As [`files`](Self::files).
    pub async fn samples(&self, zone: &str) -> Result<Vec<ZoneFile>> {
        self.open()?.samples(self.0.namespace(), zone).await
    }

    /// Puts a file into a zone, which is made if it is not there, over one of that name, and gives its path in the lake. A run sees the
    /// whole file or none. Under `_samples/` it is a sample.
    ///
    /// # Errors
    /// `READ_ONLY_LAKE`, `INVALID_NAME` for the zone, `INVALID_ARGUMENT` for a file name that would not be ingested, storage codes.
    pub async fn put(&self, zone: &str, name: &str, data: impl Into<Bytes>) -> Result<String> {
        self.0.writable()?;
        self.open()?.put(self.0.namespace(), zone, name, data.into()).await
    }

    /// Removes a file that was not ingested. One that is not there is no error.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub async fn remove(&self, zone: &str, name: &str) -> Result<()> {
        self.0.writable()?;
        self.open()?.remove(self.0.namespace(), zone, name).await
    }

    /// The first rows of a zone, read as `read_csv_auto` and its kin would: of its samples where there are any, else of its files.
    ///
    /// # Errors
    /// `UNKNOWN_ZONE`, `EMPTY_ZONE`, `MALFORMED_FILE`, `INVALID_ARGUMENT` when no ending of a file says how it is read.
    pub async fn preview(&self, zone: &str, limit: usize) -> Result<QueryResult> {
        let started = Instant::now();
        let (schema, batches) = self.open()?.rows(&self.0.0.session, self.0.namespace(), zone, limit).await?;
        Ok(QueryResult { schema, batches, duration: started.elapsed() })
    }

    /// Brings back into a zone what runs have moved to `_processed/`: the files of one run, or of all. They still count as consumed: a run
    /// with a full refresh reads them, any other moves them away again.
    ///
    /// # Errors
    /// `READ_ONLY_LAKE`, `UNKNOWN_ZONE`, storage codes.
    pub async fn restore(&self, zone: &str, run: Option<&str>) -> Result<Restored> {
        self.0.writable()?;
        self.open()?.restore(self.0.namespace(), zone, run).await
    }

    fn open(&self) -> Result<Landing> {
        self.0.open_or_closed()?;
        Ok(Landing::new(&self.0.0.storage))
    }
}
