//! The project as the verbs need it: read, compiled for its dependencies, ordered. Made anew only when a file changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Lake;
use crate::clock::to_iso;
use crate::compile::{self, Known};
use crate::config::{self, Defaults, Overrides};
use crate::error::{Error, Result};
use crate::graph::{Dependency, Graph, NodeInfo};
use crate::name::Name;
use crate::project::{self, Files};
use crate::run::ProjectCode;
use crate::template::{Facts, Reference, Templates};

/// A project with its order.
#[derive(Debug)]
pub(super) struct Loaded {
    files: Arc<Files>,
    pub(super) code: Arc<ProjectCode>,
    pub(super) graph: Graph,
}

impl Loaded {
    pub(super) fn select(&self, selection: &[String], namespace: &str) -> Result<BTreeSet<Name>> {
        match selection {
            [] => Ok(self.graph.names().iter().cloned().collect()),
            _ => self.graph.select(selection, namespace),
        }
    }
}

impl Lake {
    /// The project as its files are now. What is wrong with one pipeline is for its own run to say; what is wrong with the project as a
    /// whole, a circle for one, is an error here.
    pub(super) async fn loaded(&self) -> Result<Arc<Loaded>> {
        self.open_or_closed()?;
        let files = self.0.files.read().await?;
        let listed = self.0.tables.list().await?;
        let mut loaded = self.0.loaded.lock().await;
        let (project, _) = match &*loaded {
            Some(known) if Arc::ptr_eq(&known.files, &files) => return Ok(Arc::clone(known)),
            _ => project::discover(&files),
        };
        let (templates, _) = Templates::new(&project.macros);
        let tables = listed.into_iter().map(|entry| entry.name).filter(|name| !project.pipelines.contains_key(name)).collect();
        let settings = &self.0.settings;
        let code = ProjectCode { project, templates, defaults: Defaults::new(settings), vars: settings.vars.clone(), tables };
        let (graph, circles) = Graph::new(self.nodes(&code));
        if let Some(error) = Error::from_diagnostics(circles) {
            return Err(error);
        }
        let made = Arc::new(Loaded { files, code: Arc::new(code), graph });
        *loaded = Some(Arc::clone(&made));
        Ok(made)
    }

    fn nodes(&self, code: &ProjectCode) -> BTreeMap<Name, NodeInfo> {
        let vars = Arc::new(code.vars.clone());
        let known = Known { project: &code.project, tables: &code.tables };
        let mut nodes = BTreeMap::new();
        for (name, pipeline) in &code.project.pipelines {
            let (config, _) = config::resolve(&code.defaults, pipeline, &Overrides::default());
            let config = Arc::new(config);
            let facts = Facts {
                this: name.clone(),
                strategy: Some(*config.merge_strategy),
                watermark_value: None,
                run_started_at: to_iso(self.0.clock.now()),
                vars: Arc::clone(&vars),
            };
            let (compiled, _) = compile::compile(&code.templates, pipeline, &config, &known, &facts);
            let dependency = |r: &Reference| Dependency { name: r.name.clone(), label: Some(r.label.clone()) };
            let deps = compiled.iter().flat_map(|c| c.refs.iter().map(dependency)).collect();
            let test_deps = compiled.iter().flat_map(|c| c.tests.iter().flat_map(|t| t.refs.iter().map(dependency))).collect();
            let tags = config.tags.value.clone();
            nodes.insert(name.clone(), NodeInfo { deps, test_deps, tags, path: pipeline.folder().to_owned() });
        }
        nodes
    }
}
