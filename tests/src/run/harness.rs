//! A lake in a temporary folder with a project given as text.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use arrow::util::display::{ArrayFormatter, FormatOptions};
use async_trait::async_trait;
use datafusion::catalog::TableProvider;
use datafusion::datasource::provider_as_source;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::LogicalPlanBuilder;
use futures::TryStreamExt;
use rat_core::clock::{Clock, ManualClock};
use rat_core::error::{Diagnostic, Result};
use rat_core::ids::RandomIds;
use rat_core::interop::config::{Defaults, settings};
use rat_core::interop::dialect::{Problem, ReadCall};
use rat_core::interop::execute;
use rat_core::interop::landing;
use rat_core::interop::ledger::Ledger;
use rat_core::interop::project::{Files, discover};
use rat_core::interop::run::{
    Active, Landing, LandingCut, LandingRequest, NoLanding, OnEvent, ProjectCode, Refresh, RunContext, RunOptions, RunReport, run,
};
use rat_core::interop::session::{Options, Session};
use rat_core::interop::storage::Storage;
use rat_core::interop::tables::{Relation, Table, Tables};
use rat_core::interop::template::Templates;
use rat_core::name::Name;

pub struct Lake {
    pub folder: tempfile::TempDir,
    pub storage: Storage,
    pub clock: Arc<ManualClock>,
    pub context: RunContext,
}

pub fn name(text: &str) -> Name {
    Name::parse(text, "default").unwrap()
}

impl Lake {
    /// A project of these files; paths are inside `default/pipelines`.
    pub fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::create(folder.path().to_str().unwrap(), &BTreeMap::new()).unwrap();
        Self::open(folder, storage, files)
    }

    pub fn open(folder: tempfile::TempDir, storage: Storage, files: &[(&str, &str)]) -> Self {
        let clock = Arc::new(ManualClock::default());
        let session = Session::open(Arc::clone(&clock) as Arc<dyn Clock>, &Options { partitions: Some(2), ..Options::default() }).unwrap();
        session.register_store(&ObjectStoreUrl::parse(storage.store_url()).unwrap(), storage.object_store());
        let tables = Tables::embedded(storage.clone(), Arc::clone(&clock) as Arc<dyn Clock>, Arc::new(RandomIds)).unwrap();
        let ledger = Ledger::open(&folder.path().join(".rat"), Arc::clone(&clock) as Arc<dyn Clock>).unwrap();
        let context = context(tables, session, ledger, &clock, files);
        Self { folder, storage, clock, context }
    }

    /// The same lake with another project.
    pub fn with(mut self, files: &[(&str, &str)]) -> Self {
        self.context.project = Arc::new(project(files));
        self
    }

    pub async fn run(&self, pipeline: &str) -> RunReport {
        run(&self.context, &name(pipeline), &RunOptions::default()).await.unwrap()
    }

    /// Runs with `rows` as a variable, and expects it to succeed.
    pub async fn run_rows(&self, pipeline: &str, rows: &str) -> RunReport {
        let report = run(&self.context, &name(pipeline), &with_rows(rows)).await.unwrap();
        assert!(report.error.is_none(), "{:?}", report.error);
        report
    }

    /// The rows of a table, each as text, in order; `None` when there is no such table.
    pub async fn rows(&self, table: &str) -> Option<Vec<String>> {
        rows(&self.context, table).await
    }

    /// Data files on disk, whether a snapshot refers to them or not.
    pub fn data_files(&self) -> BTreeSet<String> {
        walkdir::WalkDir::new(self.folder.path())
            .into_iter()
            .filter_map(Result::ok)
            .filter(|entry| entry.path().extension().is_some_and(|e| e == "parquet"))
            .map(|entry| entry.path().display().to_string())
            .collect()
    }
}

/// The rows of a table, each as text, in order; `None` when there is no such table.
pub async fn rows(context: &RunContext, table: &str) -> Option<Vec<String>> {
    let Some(Relation::Table(table)) = context.tables.find(&name(table)).await.unwrap() else { return None };
    Some(rows_of(context, &table).await)
}

/// The rows of a table at one moment, each as text, in order.
pub async fn rows_of(context: &RunContext, table: &Table) -> Vec<String> {
    let plan = LogicalPlanBuilder::scan("t", provider_as_source(table.provider().unwrap()), None).unwrap().build().unwrap();
    let stream = execute::stream(&context.session, plan).await.unwrap();
    let batches: Vec<_> = stream.try_collect().await.unwrap();
    let options = FormatOptions::default().with_null("NULL");
    let mut rows = Vec::new();
    for batch in &batches {
        let columns: Vec<_> = batch.columns().iter().map(|c| ArrayFormatter::try_new(c.as_ref(), &options).unwrap()).collect();
        rows.extend((0..batch.num_rows()).map(|row| columns.iter().map(|c| c.value(row).to_string()).collect::<Vec<_>>().join("|")));
    }
    rows.sort();
    rows
}

/// What runs of these tables are given, with a project given as text and no landing zones.
pub fn context(tables: Tables, session: Session, ledger: Ledger, clock: &Arc<ManualClock>, files: &[(&str, &str)]) -> RunContext {
    RunContext {
        tables,
        session,
        ledger,
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        ids: Arc::new(RandomIds),
        project: Arc::new(project(files)),
        landing: Arc::new(NoLanding),
        active: Arc::new(Active::default()),
        test_timeout: Duration::from_secs(60),
        target_file_bytes: 128 << 20,
        commit_retries: 5,
    }
}

/// The landing zones of a lake, as the door hands them to a run.
#[derive(Debug)]
pub struct Zones(pub landing::Landing);

#[derive(Debug)]
struct ZonesCut(landing::Cut);

#[async_trait]
impl Landing for Zones {
    async fn cut(&self, request: LandingRequest<'_>) -> Result<Arc<dyn LandingCut>> {
        Ok(Arc::new(ZonesCut(self.0.cut(asked(&request, &new_only(&request))).await?)))
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

#[async_trait]
impl LandingCut for ZonesCut {
    fn files(&self) -> Vec<(String, u64)> {
        self.0.files()
    }

    fn seen(&self) -> Option<String> {
        self.0.seen()
    }

    fn read(&self, call: &ReadCall) -> Result<Arc<dyn TableProvider>, Vec<Problem>> {
        self.0.read(call).map(|table| table as Arc<dyn TableProvider>)
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

pub fn with_rows(rows: &str) -> RunOptions {
    RunOptions { vars: BTreeMap::from([("rows".to_owned(), rows.into())]), ..RunOptions::default() }
}

pub fn with_event(rows: &str, on_event: OnEvent) -> RunOptions {
    RunOptions { on_event, ..with_rows(rows) }
}

pub fn full_refresh(rows: &str) -> RunOptions {
    RunOptions { refresh: Refresh::Full, ..with_rows(rows) }
}

fn project(files: &[(&str, &str)]) -> ProjectCode {
    let files: Files = files.iter().map(|(path, text)| (format!("default/pipelines/{path}"), (*text).to_owned())).collect();
    let (project, diagnostics) = discover(&files);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let (templates, diagnostics) = Templates::new(&project.macros);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let (settings, _) = settings(None, &|_| None);
    ProjectCode { templates, defaults: Defaults::new(&settings), vars: BTreeMap::new(), tables: BTreeSet::new(), project }
}
