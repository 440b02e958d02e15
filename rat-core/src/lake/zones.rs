//! Landing zones as a run wants them: the story of landing, introduced to the story of a run.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::TableProvider;

use crate::dialect::{Problem, ReadCall};
use crate::error::{Diagnostic, Result};
use crate::landing::{self, Cut, Landing};
use crate::run::{self, LandingCut, LandingRequest};
use crate::storage::Storage;

/// The landing zones of a lake.
#[derive(Debug)]
pub(super) struct Zones(Landing);

impl Zones {
    pub(super) fn new(storage: &Storage) -> Self {
        Self(Landing::new(storage))
    }
}

#[async_trait]
impl run::Landing for Zones {
    async fn cut(&self, request: LandingRequest<'_>) -> Result<Arc<dyn LandingCut>> {
        let cut = self.0.cut(asked(&request, &new_only(&request))).await?;
        Ok(Arc::new(ZonesCut(cut)))
    }

    async fn samples(&self, request: LandingRequest<'_>) -> Result<Arc<dyn LandingCut>> {
        Ok(Arc::new(ZonesCut(self.0.samples_of(asked(&request, &new_only(&request))).await?)))
    }

    async fn is_unchanged(&self, request: LandingRequest<'_>, seen: Option<&str>) -> Result<bool> {
        self.0.is_unchanged(asked(&request, &new_only(&request)), seen).await
    }
}

fn new_only(request: &LandingRequest<'_>) -> BTreeSet<String> {
    request.zones.iter().filter(|zone| zone.new_only).map(|zone| zone.zone.clone()).collect()
}

fn asked<'a>(request: &LandingRequest<'a>, new_only: &'a BTreeSet<String>) -> landing::Request<'a> {
    landing::Request {
        table: request.pipeline,
        calls: request.calls,
        new_only,
        contract: request.contract,
        consumed: request.published.and_then(|table| table.fact("rat.landing")),
        rebuild: request.rebuild,
        archive: request.archive,
        settle: request.settle,
    }
}

#[derive(Debug)]
struct ZonesCut(Cut);

#[async_trait]
impl LandingCut for ZonesCut {
    fn read(&self, call: &ReadCall) -> Result<Arc<dyn TableProvider>, Vec<Problem>> {
        self.0.read(call).map(|table| table as Arc<dyn TableProvider>)
    }

    fn files(&self) -> Vec<(String, u64)> {
        self.0.files()
    }

    fn seen(&self) -> Option<String> {
        self.0.seen()
    }

    fn gone(&self) -> u64 {
        self.0.gone()
    }

    async fn stage(&self, run_id: &str) -> Result<Option<String>> {
        self.0.stage(run_id).await
    }

    async fn archive(&self, run_id: &str) -> Result<()> {
        self.0.archive(run_id).await
    }

    fn warnings(&self) -> Vec<Diagnostic> {
        self.0.warnings()
    }
}
