//! What a run needs of landing zones, as the door hands it over: stories do not know each other.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::TableProvider;

use crate::config::{ColumnContract, Setting};
use crate::dialect::{Problem, ReadCall};
use crate::error::{Code, Diagnostic, Error, Result};
use crate::name::Name;
use crate::tables::Table;
use crate::template::ZoneUse;

/// What a run wants to read from landing zones.
#[derive(Debug)]
pub struct LandingRequest<'a> {
    /// The pipeline.
    pub pipeline: &'a Name,
    /// The zones of its query.
    pub zones: &'a [ZoneUse],
    /// The calls that read them.
    pub calls: &'a [ReadCall],
    /// The columns that the pipeline promises, which type those of the files.
    pub contract: &'a [Setting<ColumnContract>],
    /// The table as it is: what its runs consumed is written there.
    pub published: Option<&'a Table>,
    /// Whether the table is rebuilt: then nothing counts as consumed.
    pub rebuild: bool,
    /// Whether consumed files are moved away after publishing.
    pub archive: bool,
    /// Whether files that an earlier, published run consumed and did not get to move are moved first.
    pub settle: bool,
}

/// Lists landing zones.
#[async_trait]
pub trait Landing: fmt::Debug + Send + Sync {
    /// The files as they are now.
    ///
    /// # Errors
    /// `UNKNOWN_ZONE`, `EMPTY_ZONE`, storage codes.
    async fn cut(&self, request: LandingRequest<'_>) -> Result<Arc<dyn LandingCut>>;

    /// What a preview reads: the samples of each zone where there are any, else its files. Nothing is consumed or moved.
    ///
    /// # Errors
    /// As [`cut`](Self::cut).
    async fn samples(&self, request: LandingRequest<'_>) -> Result<Arc<dyn LandingCut>>;

    /// Whether a run would read nothing that the published table was not made of. `seen` is what the last run's [`LandingCut::seen`] was.
    ///
    /// # Errors
    /// Storage codes.
    async fn is_unchanged(&self, request: LandingRequest<'_>, seen: Option<&str>) -> Result<bool>;
}

/// The files of landing zones as they were at one moment.
#[async_trait]
pub trait LandingCut: fmt::Debug + Send + Sync {
    /// The rows a call reads.
    ///
    /// # Errors
    /// What is wrong with the call, at ranges of the SQL.
    fn read(&self, call: &ReadCall) -> Result<Arc<dyn TableProvider>, Vec<Problem>>;

    /// The files that the run reads: path and size in bytes, in the order of the paths.
    fn files(&self) -> Vec<(String, u64)>;

    /// What stands for the files that every run reads again; none when there are none.
    fn seen(&self) -> Option<String>;

    /// How many consumed files are not there any more: what a rebuild could not read again.
    fn gone(&self) -> u64;

    /// Writes down which files this run consumes, and gives the name that the snapshot refers to it by; none when nothing is to be kept.
    ///
    /// # Errors
    /// Storage codes.
    async fn stage(&self, run_id: &str) -> Result<Option<String>>;

    /// Moves consumed files away, when that was asked for.
    ///
    /// # Errors
    /// Storage codes.
    async fn archive(&self, run_id: &str) -> Result<()>;

    /// What may surprise, such as the number of rows that `ignore_errors` left out.
    fn warnings(&self) -> Vec<Diagnostic>;
}

/// A lake that has no landing zones.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoLanding;

#[async_trait]
impl Landing for NoLanding {
    async fn cut(&self, request: LandingRequest<'_>) -> Result<Arc<dyn LandingCut>> {
        let zone = request.zones.first().map_or("", |zone| zone.zone.as_str());
        Err(Error::new(Code::UnknownZone, format!("there is no landing zone `{zone}`")))
    }

    async fn samples(&self, request: LandingRequest<'_>) -> Result<Arc<dyn LandingCut>> {
        self.cut(request).await
    }

    async fn is_unchanged(&self, _request: LandingRequest<'_>, _seen: Option<&str>) -> Result<bool> {
        Ok(false)
    }
}
