//! One pipeline under other circumstances than a first run of what its file says: another text, other variables, a table that is there.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::facts::{LakeFacts, Needs};
use super::workspace::{Compiling, Workspace, compiling, report};
use super::{CheckedPipeline, planning};
use crate::config::{self, Overrides};
use crate::error::{Code, Error, Result};
use crate::name::Name;
use crate::template::Facts;

/// What is asked of one pipeline.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The pipeline.
    pub pipeline: Name,
    /// A text to take in the place of its file's; the config and the tests beside it stay.
    pub sql: Option<String>,
    /// Whether the run rebuilds its table.
    pub rebuild: bool,
    /// How far the table is.
    pub watermark_value: Option<String>,
    /// When the run starts.
    pub run_started_at: String,
    /// Variables over those of `rat.toml`.
    pub vars: BTreeMap<String, Value>,
}

impl Workspace {
    /// The first half, after [`compile`](Self::compile) of the project: the pipeline's SQL. Adds what has to be known of the lake.
    pub(super) fn compile_asked(&self, asked: &Asked, needs: &mut Needs) -> Result<Arc<Compiling>> {
        let (project, common) = self.compiled().ok_or_else(|| Error::new(Code::Internal, "a pipeline was asked for before its project"))?;
        let pipeline = project.pipeline(&asked.pipeline)?;
        let pipeline = match &asked.sql {
            Some(sql) => Arc::new(pipeline.with_text(sql)),
            None => Arc::clone(pipeline),
        };
        let (config, _) = config::resolve(&common.defaults, &pipeline, &Overrides::default());
        let mut vars = common.vars.as_ref().clone();
        vars.extend(asked.vars.clone());
        let facts = Facts {
            this: asked.pipeline.clone(),
            strategy: (!asked.rebuild).then_some(*config.merge_strategy),
            watermark_value: asked.watermark_value.clone().filter(|_| !asked.rebuild),
            run_started_at: asked.run_started_at.clone(),
            vars: Arc::new(vars),
        };
        let compiling = compiling(common, &pipeline, project, &facts);
        compiling.needs(common, needs);
        Ok(Arc::new(compiling))
    }

    /// The second half, after [`plan`](Self::plan) of the project: the SQL, typed against what the rest of the project gives.
    pub(super) fn plan_asked(&self, compiling: &Arc<Compiling>, facts: &LakeFacts) -> CheckedPipeline {
        let planning = planning::one(self.session(), compiling, self.plannings(), facts);
        report(compiling, &planning)
    }
}
