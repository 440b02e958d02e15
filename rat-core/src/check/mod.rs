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
//! Entry points: [`check`], [`check_one`] for one pipeline under other circumstances, [`code`] for those who run the project, [`Workspace`].

mod asked;
mod contract;
mod facts;
mod gone;
mod parallel;
mod planning;
mod relations;
mod stored;
mod wire;
mod workspace;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use futures::future::BoxFuture;
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::compile::Compiled;
use crate::config::Config;
use crate::error::{Code, Diagnostic, Error, Result};
use crate::graph::Graph;
use crate::name::Name;
use crate::plan::ColumnLineage;
use crate::project::{Files, Language};
use crate::tables::Tables;

pub use asked::Asked;
pub use facts::{LakeFacts, Needs, Zone, sample_key};
pub use stored::stored;
pub use workspace::{Code as ProjectCode, Environment, ReadSettings, Workspace};

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
            ok: Diagnostic::none_is_error(&diagnostics),
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

/// The texts of a project, and how its `rat.toml` is read.
#[derive(Clone)]
pub struct ProjectFiles {
    /// The texts.
    pub files: Arc<Files>,
    /// How `rat.toml` is read.
    pub environment: Environment,
}

/// Checks a project as its files are now. The workspace keeps what was found for the next time.
///
/// # Errors
/// Codes of the catalog and the storage, when the lake cannot be read. What is wrong with the project is in the report.
#[inline(never)]
pub fn check<'a>(tables: &'a Tables, workspace: &'a Arc<Mutex<Workspace>>, project: ProjectFiles) -> BoxFuture<'a, Result<CheckReport>> {
    Box::pin(async move {
        let (workspace, needs) = compiled(tables, workspace, project).await?;
        let facts = facts::load(tables, &needs).await?;
        let (_, mut report) = blocking(workspace, move |workspace| workspace.plan(&facts)).await?;
        report.diagnostics.extend(gone::gone(tables, &report.pipelines).await?);
        Ok(report)
    })
}

/// Checks one pipeline under other circumstances, against the project as its files are now.
///
/// # Errors
/// `PIPELINE_NOT_FOUND`, and as [`check`].
#[inline(never)]
pub fn check_one<'a>(
    tables: &'a Tables,
    workspace: &'a Arc<Mutex<Workspace>>,
    project: ProjectFiles,
    asked: Asked,
) -> BoxFuture<'a, Result<CheckedPipeline>> {
    Box::pin(async move {
        let (workspace, mut needs) = compiled(tables, workspace, project).await?;
        let (workspace, (compiling, needs)) =
            blocking(workspace, move |workspace| (workspace.compile_asked(&asked, &mut needs), needs)).await?;
        let compiling = compiling?;
        let facts = facts::load(tables, &needs).await?;
        let both = move |workspace: &mut Workspace| {
            workspace.plan(&facts);
            workspace.plan_asked(&compiling, &facts)
        };
        blocking(workspace, both).await.map(|(_, checked)| checked)
    })
}

/// The project as its files are now, compiled and not typed: what running it needs.
///
/// # Errors
/// As [`check`], and what is wrong with `rat.toml`, or with the project as a whole.
#[inline(never)]
pub fn code<'a>(tables: &'a Tables, workspace: &'a Arc<Mutex<Workspace>>, project: ProjectFiles) -> BoxFuture<'a, Result<ProjectCode>> {
    Box::pin(async move {
        let (workspace, _) = compiled(tables, workspace, project).await?;
        let code = workspace.code().ok_or_else(|| Error::new(Code::Internal, "the project was not compiled"))?;
        match Error::from_diagnostics(code.diagnostics.clone()) {
            Some(error) => Err(error),
            None => Ok(code),
        }
    })
}

/// The workspace with the project in it, held: both halves of a check see one project, whoever else checks another state of it.
async fn compiled(tables: &Tables, workspace: &Arc<Mutex<Workspace>>, project: ProjectFiles) -> Result<(Held, Needs)> {
    let names: BTreeSet<Name> = tables.list().await?.into_iter().map(|entry| entry.name).collect();
    let workspace = Arc::clone(workspace).lock_owned().await;
    blocking(workspace, move |workspace| workspace.compile(&project.files, names, &project.environment)).await
}

type Held = OwnedMutexGuard<Workspace>;

async fn blocking<T: Send + 'static>(mut workspace: Held, work: impl FnOnce(&mut Workspace) -> T + Send + 'static) -> Result<(Held, T)> {
    let done = tokio::task::spawn_blocking(move || {
        let found = work(&mut workspace);
        (workspace, found)
    });
    done.await.map_err(|cause| Error::new(Code::Internal, "the check stopped").with_source(cause))
}
