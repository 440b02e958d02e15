//! What one pipeline's SQL may read during a check.

use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;

use super::facts::sample_key;
use super::planning::{Output, Plans};
use crate::config::{ColumnContract, Setting};
use crate::dialect::{Problem, ReadCall};
use crate::error::Code;
use crate::files;
use crate::name::Name;
use crate::plan::{Relation, Relations, empty_table, expanded};

/// The tables around one pipeline: `this` is its own, all others are what their pipelines give, or what the lake has.
pub(super) struct Around<'a> {
    pub(super) plans: &'a Plans<'a>,
    pub(super) name: &'a Name,
    pub(super) this: Option<SchemaRef>,
    pub(super) contract: &'a [Setting<ColumnContract>],
}

impl Relations for Around<'_> {
    fn relation(&self, name: &Name) -> Option<Relation> {
        if name == self.name {
            return Some(self.this.clone().map_or(Relation::Unknown, empty_table));
        }
        self.plans.output(name).map(|output| match output {
            Output::Table(schema) => empty_table(schema),
            Output::Query(plan) => expanded(plan.as_ref().clone()),
            Output::Unknown => Relation::Unknown,
        })
    }

    fn special(&self, name: &str) -> Option<Relation> {
        (name == "new_rows").then(|| self.this.clone().map_or(Relation::Unknown, empty_table))
    }

    fn read(&self, call: &ReadCall) -> Result<Relation, Vec<Problem>> {
        let Some(zone) = self.plans.facts.zones.get(&call.zone_url) else {
            // A contract or the call may say what will land there, before anything did.
            return match files::schema(call, self.contract, &[]) {
                Ok(schema) => Ok(empty_table(schema)),
                Err(mut problems) => {
                    for problem in problems.iter_mut().filter(|p| p.code == Code::EmptyZone) {
                        problem.code = Code::UnknownZone;
                        problem.message = format!("there is no landing zone `{}`", call.zone_url);
                        problem.help = self.plans.near_zone(&call.zone_url);
                    }
                    Err(problems)
                }
            };
        };
        let samples = zone.samples.get(&sample_key(call)).cloned().unwrap_or_default();
        files::schema(call, self.contract, &samples).map(|schema| empty_table(Arc::clone(&schema)))
    }

    fn names(&self) -> Vec<Name> {
        self.plans.names()
    }

    fn namespace(&self) -> &str {
        &self.name.namespace
    }
}
