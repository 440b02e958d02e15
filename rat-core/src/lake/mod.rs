//! The door: one handle on one lake, and every verb in a few lines that delegate.
//!
//! Knows every story and introduces them to each other: what one needs of another it gets from here as a value ([`steps`], [`zones`]).
//! Decides nothing about SQL, tables or templates.

mod builder;
mod compiled;
mod graph;
mod init;
mod landing;
mod maintain;
mod namespaces;
mod options;
mod plan;
mod preview;
mod project;
mod project_files;
mod rows;
mod runs;
mod steps;
mod tables;
mod write;
mod zones;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::BoxFuture;
use tokio::sync::Mutex;

use crate::build::{self, Publish};
use crate::check::{self, CheckReport, Environment, Workspace};
use crate::clock::{Clock, to_iso};
use crate::error::{Code, Error, Result};
use crate::ids::Ids;
use crate::ledger::Ledger;
use crate::name::Name;
use crate::query::{self, AsOf, QueryContext, QueryResult, QueryStream, Queue};
use crate::run::{self, Active, BuildReport, RunContext, RunHandle, RunOptions, RunReport, TestResult};
use crate::session::{self, Session};
use crate::settings::Settings;
use crate::storage::Storage;
use crate::tables::{Catalog, MemoryCatalog, SqliteCatalog, Tables};

pub use builder::Builder;
pub use compiled::{Compiled, CompiledTest, CompiledZone, ConfigOrigin, ConfigValue};
pub use graph::{Graph, GraphEdge, GraphNode, LatestRun, NodeKind};
pub use init::InitOptions;
pub use landing::LandingZones;
pub use maintain::MaintainOptions;
pub use namespaces::Namespaces;
pub use options::{BuildOptions, CheckOptions, CompileOptions, EventSink, Freshness, GraphOptions, OnFailure, QueryOptions, TestOptions};
pub use plan::PlanOptions;
pub use preview::{Preview, PreviewOptions, PreviewPhase};
use project::Loaded;
use project_files::ProjectFiles;
pub use runs::RunHistory;
use steps::{BuildSteps, TogetherSteps};
pub use tables::{TableInfo, TableList};
pub use write::WriteOptions;
use zones::Zones;

/// A lake: a folder of pipelines and the tables they make.
///
/// Cheap to clone, `Send + Sync`; clones share everything. Two lakes in one process are independent. Verbs are async and need a tokio
/// runtime; dropping a verb's future cancels it, and nothing of it is published after that.
#[derive(Clone)]
pub struct Lake(Arc<Inner>);

struct Inner {
    storage: Storage,
    settings: Settings,
    namespace: String,
    read_only: bool,
    closed: AtomicBool,
    tables: Tables,
    session: Session,
    ledger: Ledger,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    files: ProjectFiles,
    loaded: Mutex<Option<Arc<Loaded>>>,
    workspace: Arc<Mutex<Workspace>>,
    environment: Environment,
    active: Arc<Active>,
    queue: Queue,
}

impl Lake {
    /// Opens the lake in a folder that exists: `./shop`, `file:///data/shop`, or `memory://`. A `file:` URL is percent-encoded and of this
    /// machine.
    ///
    /// # Errors
    /// As [`Builder::open`].
    pub async fn open(path: &str) -> Result<Self> {
        Self::builder(path).open().await
    }

    /// Opens a lake with everything said.
    pub fn builder(path: &str) -> Builder {
        Builder::new(path)
    }

    #[inline(never)]
    fn assemble(builder: Builder) -> BoxFuture<'static, Result<Self>> {
        Box::pin(async move {
            let plain = Storage::open(&builder.path, &BTreeMap::new())?;
            let settings = builder.resolve(&ProjectFiles::new(plain.clone()).settings_file().await?)?;
            let mut storage =
                if settings.storage.options.is_empty() { plain } else { Storage::open(&builder.path, &settings.storage.options)? };
            if let Some(wrap) = builder.wrap {
                storage = wrap(storage);
            }
            let (clock, ids) = (builder.clock, builder.ids);
            let catalog: Arc<dyn Catalog> = if Builder::catalog_in_memory(&settings, &storage) {
                Arc::new(MemoryCatalog::default())
            } else {
                Arc::new(SqliteCatalog::with_patience(&storage, ".rat/catalog.db", settings.catalog.busy_timeout)?)
            };
            let tables = Tables::open(storage.clone(), catalog, Arc::clone(&clock), Arc::clone(&ids));
            let engine = &settings.engine;
            let session = Session::open(
                Arc::clone(&clock),
                &session::Options {
                    memory_bytes: engine.memory.map(|memory| usize::try_from(memory.0).unwrap_or(usize::MAX)),
                    spill_folder: engine.scratch.as_deref().map(PathBuf::from),
                    spill_bytes: engine.scratch_quota.0,
                    partitions: engine.threads,
                },
            )?;
            session.register_storage(&storage);
            let ledger = match (storage.local_path(".rat"), builder.read_only) {
                (None, _) => Ledger::in_memory(Arc::clone(&clock))?,
                (Some(folder), true) => Ledger::open_read_only(&folder, Arc::clone(&clock))?,
                (Some(folder), false) => Ledger::open(&folder, Arc::clone(&clock))?,
            };
            let workspace = Workspace::new(session.clone());
            let queue = Queue::new(settings.engine.queries);
            let environment = builder::reader(builder.settings);
            let lake = Self(Arc::new(Inner {
                files: ProjectFiles::new(storage.clone()),
                storage,
                settings,
                namespace: builder.namespace,
                read_only: builder.read_only,
                closed: AtomicBool::new(false),
                tables,
                session,
                ledger,
                clock,
                ids,
                loaded: Mutex::default(),
                workspace: Arc::new(Mutex::new(workspace)),
                environment,
                active: Arc::default(),
                queue,
            }));
            if !lake.0.read_only {
                run::settle(&lake.0.tables, &lake.0.ledger).await?;
            }
            Ok(lake)
        })
    }

    /// The lake's root as a URL, percent-encoded, which [`open`](Self::open) takes: `file:///data/shop`.
    pub fn url(&self) -> String {
        self.0.storage.encoded_url()
    }

    /// The namespace that `layer.name` means.
    pub fn namespace(&self) -> &str {
        &self.0.namespace
    }

    /// The settings that hold, those of `rat.toml` and the caller's together.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Closes the lake: every verb of this handle and its clones answers `CLOSED` from now on. What is under way goes on.
    pub fn close(&self) {
        self.0.closed.store(true, Ordering::Relaxed);
    }

    /// Compiles and types the whole project: templates, settings, references, circles, and every query planned against the schemas of what
    /// it reads, built or not. Reads nothing but the project's files, catalog schemas and bounded samples of landing zones; what has not
    /// changed since the last check of this handle is not checked again.
    ///
    /// # Errors
    /// `INVALID_SELECTOR`, `PIPELINE_NOT_FOUND`, `CLOSED`, storage and catalog codes. What is wrong with the project is in the report.
    pub async fn check(&self, options: &CheckOptions) -> Result<CheckReport> {
        let report = check::check(&self.0.tables, &self.0.workspace, self.project_files().await?).await?;
        match &options.select {
            None => Ok(report),
            Some(selection) => Ok(report.only(&report.graph.select(selection, &self.0.namespace)?)),
        }
    }

    /// Compiles and types one pipeline as its next run would: the table's watermark is what it is, `sql` may stand in for the file's text.
    /// Nothing is run. A pipeline with errors is compiled as far as it goes, and says so in its diagnostics.
    ///
    /// # Errors
    /// `PIPELINE_NOT_FOUND`, `CLOSED`, storage and catalog codes, and what is wrong with `rat.toml` or the project as a whole.
    pub async fn compile(&self, pipeline: &str, options: &CompileOptions) -> Result<Compiled> {
        let loaded = self.loaded().await?;
        let name = loaded.graph.find(pipeline, &self.0.namespace)?;
        let asked = check::Asked {
            pipeline: name.clone(),
            sql: options.sql.clone(),
            rebuild: options.refresh.is_full(),
            watermark_value: run::next_watermark(&self.context(&loaded), name, options.refresh).await?,
            run_started_at: to_iso(self.0.clock.now()),
            vars: options.vars.clone(),
        };
        check::check_one(&self.0.tables, &self.0.workspace, self.project_files().await?, asked).await.map(Compiled::from)
    }

    /// Runs the quality tests of published tables, SQL and built-in, and writes nothing. In `new_rows` a test sees the whole table.
    ///
    /// # Errors
    /// `PIPELINE_NOT_FOUND`, `INVALID_SELECTOR`, `CLOSED`; when only one pipeline is asked for, also what keeps its tests from being made, such
    /// as `NOT_BUILT`. Of many, such a pipeline is one result with status `error`.
    pub async fn test(&self, options: &TestOptions) -> Result<Vec<TestResult>> {
        let loaded = self.loaded().await?;
        let selected = loaded.select(options.select.as_deref(), &self.0.namespace)?;
        let context = self.context(&loaded);
        let mut results = Vec::new();
        for name in loaded.graph.order().filter(|name| selected.contains(*name)) {
            match run::test(&context, name, &options.vars).await {
                Ok(tested) => results.extend(tested),
                Err(error) if selected.len() == 1 => return Err(error),
                Err(error) => results.push(TestResult::not_made(name.clone(), error)),
            }
        }
        Ok(results)
    }

    /// The pipelines of the project, in the order they depend on each other, with what a check knows of each and what became of its newest
    /// run. What is wrong with the project is for [`check`](Self::check) to say: pipelines with errors are in the graph too.
    ///
    /// # Errors
    /// As [`check`](Self::check), and the ledger's codes.
    pub async fn graph(&self, options: &GraphOptions) -> Result<Graph> {
        let report = self.check(&CheckOptions { select: options.select.clone() }).await?;
        Ok(Graph::new(&report, self.0.ledger.latest()?))
    }

    /// Runs one pipeline, by `layer.name` or `namespace.layer.name`: plan, execute, write, test, publish, archive. A run that fails is a
    /// report; [`RunReport::into_result`] makes it an error. Dropping the future cancels the run, and nothing of it is published, unless it
    /// was being published at that moment; a [`Stop`](crate::Stop) in the options asks it to end, and hears how.
    ///
    /// # Errors
    /// `PIPELINE_NOT_FOUND`, `INVALID_REF`, `READ_ONLY_LAKE`, `CLOSED`, and the ledger's codes when the run cannot be written down.
    pub async fn run(&self, pipeline: &str, options: &RunOptions) -> Result<RunReport> {
        self.writable()?;
        let loaded = self.loaded().await?;
        let name = loaded.graph.find(pipeline, &self.0.namespace)?;
        run::run(&self.context(&loaded), name, options).await
    }

    /// Runs one pipeline in the background, on the runtime of the caller, and gives a handle on it at once. Runs of one table come in the
    /// order in which they are submitted. The run goes on when the handle is dropped and when the lake is closed; it ends with the program.
    ///
    /// # Errors
    /// `PIPELINE_NOT_FOUND`, `INVALID_REF`, `READ_ONLY_LAKE`, `CLOSED`. What [`run`](Self::run) gives otherwise comes out of
    /// [`RunHandle::wait`].
    pub async fn submit(&self, pipeline: &str, options: &RunOptions) -> Result<RunHandle> {
        self.writable()?;
        let loaded = self.loaded().await?;
        let name = loaded.graph.find(pipeline, &self.0.namespace)?.clone();
        run::submit(self.context(&loaded), name, options.clone()).await
    }

    /// Runs many pipelines, each after those it reads, independent ones at the same time. What has not changed is skipped, and so is what
    /// comes after a failure.
    ///
    /// # Errors
    /// `INVALID_SELECTOR`, `PIPELINE_NOT_FOUND`, `INVALID_ARGUMENT`, `READ_ONLY_LAKE`, `CLOSED`, the first error of the project's files, and
    /// the ledger's codes. A pipeline that fails is a report in the build's; [`BuildReport::into_result`] makes it an error.
    pub async fn build(&self, options: &BuildOptions) -> Result<BuildReport> {
        self.writable()?;
        let loaded = self.loaded().await?;
        let mut selected = loaded.select(options.select.as_deref(), &self.0.namespace)?;
        if !options.exclude.is_empty() {
            let excluded = loaded.graph.select(&options.exclude, &self.0.namespace)?;
            selected.retain(|name| !excluded.contains(name));
        }
        let context = self.context(&loaded);
        let on_event = Arc::clone(&options.on_event.0);
        let run_options = RunOptions {
            refresh: options.refresh,
            vars: options.vars.clone(),
            trigger: "build".to_owned(),
            on_event: Arc::clone(&on_event),
            stop: options.stop.clone(),
            ..RunOptions::default()
        };
        let together = options.publish == Publish::Together;
        let steps: Arc<dyn build::Steps> = match together {
            false => Arc::new(BuildSteps { context, options: run_options }),
            true => Arc::new(TogetherSteps {
                runs: run::Together::begin(&context, run_options.clone()).await?,
                stop: run_options.stop,
                on_event,
            }),
        };
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let settings = build::BuildOptions {
            force: options.freshness == Freshness::RunAll || options.refresh.is_full(),
            // One that failed is the end of all of them.
            fail_fast: together || options.on_failure == OnFailure::Stop,
            concurrency: options.concurrency.or(self.0.settings.engine.concurrency).unwrap_or_else(cores),
        };
        build::build(&loaded.graph, &selected, steps, &*self.0.clock, &settings).await
    }

    /// Answers one read-only statement, whole.
    ///
    /// # Errors
    /// `NOT_READ_ONLY`, `SQL_SYNTAX`, `UNKNOWN_TABLE`, `NOT_BUILT`, `UNKNOWN_COLUMN` and the other codes of a query that cannot be planned; `TIMED_OUT`,
    /// `RESULT_TOO_LARGE`, `OUT_OF_MEMORY`, `EXECUTION_FAILED`; `BUSY`; `INVALID_ARGUMENT` for an `as_of` that a table has not; `CLOSED`.
    pub async fn query(&self, sql: &str, options: &QueryOptions) -> Result<QueryResult> {
        query::query(&self.query_context()?, sql, &self.query_settings(options)?).await
    }

    /// Answers one read-only statement batch by batch, in constant memory.
    ///
    /// # Errors
    /// As [`query`](Self::query), but for `RESULT_TOO_LARGE`; those of running come out of the stream.
    pub async fn stream(&self, sql: &str, options: &QueryOptions) -> Result<QueryStream> {
        query::stream(&self.query_context()?, sql, &self.query_settings(options)?).await
    }

    /// The landing zones of the lake's namespace.
    pub fn landing(&self) -> LandingZones<'_> {
        LandingZones(self)
    }

    /// The namespaces.
    pub fn namespaces(&self) -> Namespaces<'_> {
        Namespaces(self)
    }

    /// The tables.
    pub fn tables(&self) -> TableList<'_> {
        TableList(self)
    }

    /// What ran.
    pub fn runs(&self) -> RunHistory<'_> {
        RunHistory(self)
    }

    fn context(&self, loaded: &Loaded) -> RunContext {
        let inner = &self.0;
        RunContext {
            tables: inner.tables.clone(),
            session: inner.session.clone(),
            ledger: inner.ledger.clone(),
            clock: Arc::clone(&inner.clock),
            ids: Arc::clone(&inner.ids),
            project: Arc::clone(&loaded.code),
            landing: Arc::new(Zones::new(&inner.storage)),
            active: Arc::clone(&inner.active),
            test_timeout: inner.settings.engine.test_timeout,
            target_file_bytes: inner.settings.engine.target_file_size.0,
            commit_retries: inner.settings.engine.commit_retries,
        }
    }

    fn query_context(&self) -> Result<QueryContext<'_>> {
        self.open_or_closed()?;
        Ok(QueryContext { tables: &self.0.tables, session: &self.0.session, queue: &self.0.queue, project: self })
    }

    fn query_settings(&self, options: &QueryOptions) -> Result<query::QueryOptions> {
        let defaults = query::QueryOptions::from_settings(&self.0.settings.engine, &self.0.namespace);
        Ok(query::QueryOptions {
            params: options.params.clone(),
            limit: options.limit.or(defaults.limit),
            timeout: options.timeout.or(defaults.timeout),
            namespaces: options.namespaces.clone(),
            as_of: options.as_of.as_deref().map(AsOf::parse).transpose()?,
            ..defaults
        })
    }

    fn name(&self, text: &str) -> Result<Name> {
        Name::parse(text, &self.0.namespace)
    }

    fn tables_open(&self) -> Result<&Tables> {
        self.open_or_closed()?;
        Ok(&self.0.tables)
    }

    fn ledger_open(&self) -> Result<&Ledger> {
        self.open_or_closed()?;
        Ok(&self.0.ledger)
    }

    fn writable(&self) -> Result<()> {
        self.open_or_closed()?;
        match self.0.read_only {
            true => Err(Error::new(Code::ReadOnlyLake, "the lake is open for reading only")),
            false => Ok(()),
        }
    }

    fn open_or_closed(&self) -> Result<()> {
        match self.0.closed.load(Ordering::Relaxed) {
            true => Err(Error::new(Code::Closed, "the lake is closed")),
            false => Ok(()),
        }
    }
}

impl std::fmt::Debug for Lake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lake").field("url", &self.0.storage.url()).field("namespace", &self.0.namespace).finish_non_exhaustive()
    }
}
