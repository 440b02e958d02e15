//! The story of a check: everything that is wrong with a project, without running it.
//!
//! Files to pipelines, settings and templates; templates to SQL; SQL to types, each pipeline against what its upstream *will* give, built or
//! not. A wrong column in gold is found before bronze ever ran. Out of it come, for each pipeline, its SQL, columns, lineage and
//! diagnostics.
//!
//! A [`Workspace`] does the work, in parallel, and keeps what it found: the next check of a living process does only what a change
//! touches. It is pure: what there is in the lake (tables, landed samples) comes as [`LakeFacts`], which [`check`] reads. What cannot be
//! told because of an error elsewhere is unknown, and silences what follows from it.
//!
//! Entry points: [`check`], [`Workspace`].

mod contract;
mod facts;
mod parallel;
mod planning;
mod relations;
mod stored;
mod wire;
mod workspace;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use parking_lot::Mutex;

use crate::compile::Compiled;
use crate::config::Config;
use crate::error::{Code, Diagnostic, Error, Result, Severity};
use crate::graph::Graph;
use crate::name::Name;
use crate::plan::ColumnLineage;
use crate::project::{Files, Language};
use crate::tables::Tables;

pub use facts::{LakeFacts, Needs, Zone, sample_key, zone_of};
pub use stored::stored;
pub use workspace::{Environment, ReadSettings, Workspace};

/// What a check found.
#[derive(Debug, Clone)]
pub struct CheckReport {
    /// Whether there is no error. Warnings do not count.
    pub ok: bool,
    /// Everything that is wrong: with the project first, then pipeline by pipeline, in the order of their names.
    pub diagnostics: Vec<Diagnostic>,
    /// The pipelines, those with errors too.
    pub pipelines: BTreeMap<Name, Arc<CheckedPipeline>>,
    /// Which pipeline reads which.
    pub graph: Arc<Graph>,
}

/// One pipeline, checked.
#[derive(Debug, Clone)]
pub struct CheckedPipeline {
    /// Its name.
    pub name: Name,
    /// What it is written in. A Python pipeline is shown, not planned.
    pub language: Language,
    /// Its settings.
    pub config: Arc<Config>,
    /// Its SQL and what that reads; `None` when the template has an error.
    pub compiled: Option<Arc<Compiled>>,
    /// The columns of its table, as they will be stored; `None` when they are unknown.
    pub schema: Option<SchemaRef>,
    /// Where each column comes from, in the order of the schema.
    pub lineage: Arc<Vec<ColumnLineage>>,
    /// What is wrong with it.
    pub diagnostics: Vec<Diagnostic>,
}

impl CheckReport {
    /// The report of some pipelines alone; what is wrong with the project as a whole stays.
    #[must_use]
    pub fn only(&self, selected: &BTreeSet<Name>) -> Self {
        let left_out: Vec<&Diagnostic> =
            self.pipelines.iter().filter(|(name, _)| !selected.contains(name)).flat_map(|(_, pipeline)| &pipeline.diagnostics).collect();
        let diagnostics: Vec<Diagnostic> = self.diagnostics.iter().filter(|d| !left_out.contains(d)).cloned().collect();
        Self {
            ok: is_ok(&diagnostics),
            diagnostics,
            pipelines: self.pipelines.iter().filter(|(name, _)| selected.contains(name)).map(|(n, p)| (n.clone(), Arc::clone(p))).collect(),
            graph: Arc::clone(&self.graph),
        }
    }

    /// The pipeline of that name.
    ///
    /// # Errors
    /// `PIPELINE_NOT_FOUND`.
    pub fn pipeline(&self, name: &Name) -> Result<&Arc<CheckedPipeline>> {
        self.pipelines.get(name).ok_or_else(|| Error::new(Code::PipelineNotFound, format!("there is no pipeline `{name}`")))
    }
}

fn is_ok(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().all(|d| d.severity != Severity::Error)
}

/// Checks a project as its files are now. The workspace keeps what was found for the next time.
///
/// # Errors
/// Codes of the catalog and the storage, when the lake cannot be read. What is wrong with the project is in the report.
pub async fn check(tables: &Tables, workspace: &Arc<Mutex<Workspace>>, files: Files, environment: &Environment) -> Result<CheckReport> {
    let listed = tables.list().await?;
    let names: BTreeSet<Name> = listed.iter().map(|entry| entry.name.clone()).collect();
    let environment = environment.clone();
    let needs = {
        let workspace = Arc::clone(workspace);
        blocking(move || workspace.lock().compile(&files, names, &environment)).await?
    };
    let facts = facts::load(tables, &needs).await?;
    let workspace = Arc::clone(workspace);
    blocking(move || workspace.lock().plan(&facts)).await
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|cause| Error::new(Code::Internal, "the check stopped").with_source(cause))
}
