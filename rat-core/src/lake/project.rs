//! The project as the verbs need it: its files, compiled and ordered by the workspace that checks it too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::BoxFuture;

use super::Lake;
use crate::check;
use crate::config::{self, Defaults, Materialized, Overrides};
use crate::error::Result;
use crate::graph::Graph;
use crate::name::Name;
use crate::plan::Absent;
use crate::project::{Files, discover};
use crate::query;
use crate::run::ProjectCode;

/// A project with its order.
#[derive(Debug)]
pub(super) struct Loaded {
    files: Arc<Files>,
    /// The names in the catalog: a table that appears can be the one a `ref` means.
    tables: BTreeSet<Name>,
    pub(super) code: Arc<ProjectCode>,
    pub(super) graph: Arc<Graph>,
}

impl Loaded {
    pub(super) fn select(&self, selection: Option<&[String]>, namespace: &str) -> Result<BTreeSet<Name>> {
        match selection {
            None => Ok(self.graph.names().iter().cloned().collect()),
            Some(selection) => self.graph.select(selection, namespace),
        }
    }
}

impl Lake {
    /// The project as its files are now. What is wrong with one pipeline is for its own run to say; what is wrong with the project as a
    /// whole, a circle for one, is an error here.
    #[inline(never)]
    pub(super) fn loaded(&self) -> BoxFuture<'_, Result<Arc<Loaded>>> {
        Box::pin(async move {
            let project = self.project_files().await?;
            let tables: BTreeSet<Name> = self.0.tables.list().await?.into_iter().map(|entry| entry.name).collect();
            let mut loaded = self.0.loaded.lock().await;
            if let Some(known) = loaded.as_ref().filter(|known| Arc::ptr_eq(&known.files, &project.files) && known.tables == tables) {
                return Ok(Arc::clone(known));
            }
            let files = Arc::clone(&project.files);
            let code = check::code(&self.0.tables, &self.0.workspace, project).await?;
            let graph = code.graph;
            let code = ProjectCode {
                project: code.project.as_ref().clone(),
                templates: code.templates,
                defaults: code.defaults,
                vars: code.vars.as_ref().clone(),
                tables: code.tables,
            };
            let made = Arc::new(Loaded { files, tables, code: Arc::new(code), graph });
            *loaded = Some(Arc::clone(&made));
            Ok(made)
        })
    }

    /// The files as they are now, for whoever compiles them.
    #[inline(never)]
    pub(super) fn project_files(&self) -> BoxFuture<'_, Result<check::ProjectFiles>> {
        Box::pin(async move {
            self.open_or_closed()?;
            Ok(check::ProjectFiles { files: self.0.files.read().await?, environment: self.0.environment.clone() })
        })
    }
}

/// What is wrong with the project is not a query's business: pipelines are told by their files alone, without compiling any.
#[async_trait]
impl query::Project for Lake {
    async fn pipelines(&self) -> Result<BTreeMap<Name, Absent>> {
        let defaults = Defaults::new(&self.0.settings);
        let (project, _) = discover(self.0.files.read().await?.as_ref());
        let absent = project.pipelines.into_iter().map(|(name, pipeline)| {
            let (config, _) = config::resolve(&defaults, &pipeline, &Overrides::default());
            let ephemeral = *config.materialized == Materialized::Ephemeral;
            (name, if ephemeral { Absent::Ephemeral } else { Absent::NotBuilt })
        });
        Ok(absent.collect())
    }
}
