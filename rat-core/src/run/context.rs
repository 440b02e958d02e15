//! What a run is given.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::{Active, Landing};
use crate::clock::Clock;
use crate::compile::{self, Compiled, Known};
use crate::config::{self, Config, Defaults, Overrides};
use crate::error::{Code, Diagnostic, Error, Result};
use crate::ids::Ids;
use crate::ledger::Ledger;
use crate::name::Name;
use crate::project::{Pipeline, Project};
use crate::session::Session;
use crate::tables::Tables;
use crate::template::{Facts, Templates};

/// Everything a run needs of its lake. Cheap to clone.
#[derive(Clone)]
pub struct RunContext {
    /// The lake's tables.
    pub tables: Tables,
    /// The engine.
    pub session: Session,
    /// Where runs are written down.
    pub ledger: Ledger,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New identifiers.
    pub ids: Arc<dyn Ids>,
    /// The project as it was read.
    pub project: Arc<ProjectCode>,
    /// The landing zones.
    pub landing: Arc<dyn Landing>,
    /// The runs under way in this process.
    pub active: Arc<Active>,
    /// How long one quality test may take.
    pub test_timeout: Duration,
    /// The size a data file is written to, in bytes.
    pub target_file_bytes: u64,
    /// How often a commit that lost against another writer is tried again.
    pub commit_retries: u32,
}

/// A project, ready to be compiled.
#[derive(Debug)]
pub struct ProjectCode {
    /// Its files.
    pub project: Project,
    /// Its templates.
    pub templates: Templates,
    /// What every pipeline's config begins with.
    pub defaults: Defaults,
    /// What `var()` finds.
    pub vars: BTreeMap<String, serde_json::Value>,
    /// Tables of the lake that no pipeline makes.
    pub tables: BTreeSet<Name>,
}

impl ProjectCode {
    /// A pipeline by its name.
    ///
    /// # Errors
    /// `PIPELINE_NOT_FOUND`, with the near miss.
    pub fn pipeline(&self, name: &Name) -> Result<&Arc<Pipeline>> {
        self.project.pipeline(name)
    }

    /// A pipeline's settings, and what is to be said of them.
    ///
    /// # Errors
    /// The first error in them.
    pub fn config(&self, pipeline: &Pipeline) -> Result<(Arc<Config>, Vec<Diagnostic>)> {
        let (config, diagnostics) = config::resolve(&self.defaults, pipeline, &Overrides::default());
        match Error::from_diagnostics(diagnostics.clone()) {
            Some(error) => Err(error),
            None => Ok((Arc::new(config), diagnostics)),
        }
    }

    /// A pipeline's SQL under these facts, and what is to be said of it.
    ///
    /// # Errors
    /// The first error in it.
    pub fn compile(&self, pipeline: &Pipeline, config: &Arc<Config>, facts: &Facts) -> Result<(Compiled, Vec<Diagnostic>)> {
        let known = Known { project: &self.project, tables: &self.tables };
        let (compiled, diagnostics) = compile::compile(&self.templates, pipeline, config, &known, facts);
        match (compiled, Error::from_diagnostics(diagnostics.clone())) {
            (_, Some(error)) => Err(error),
            (Some(compiled), None) => Ok((compiled, diagnostics)),
            (None, None) => Err(Error::new(Code::Internal, format!("`{}` did not compile, and nothing says why", pipeline.name))),
        }
    }

    /// What `var()` finds in a run that was given these.
    pub fn vars(&self, given: &BTreeMap<String, serde_json::Value>) -> Arc<BTreeMap<String, serde_json::Value>> {
        let mut vars = self.vars.clone();
        vars.extend(given.iter().map(|(name, value)| (name.clone(), value.clone())));
        Arc::new(vars)
    }
}
