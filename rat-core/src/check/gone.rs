//! Tables that a pipeline made which is gone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::CheckedPipeline;
use crate::config::Materialized;
use crate::error::{Code, Diagnostic, Result, nearest};
use crate::name::Name;
use crate::tables::{EntryKind, Relation, Tables};

/// The snapshot's word for the pipeline that made it, as a run writes it.
const PIPELINE: &str = "rat.pipeline";

/// A warning for each table or view of the catalog that a pipeline made, when there is no pipeline of its name.
pub(super) async fn gone(tables: &Tables, pipelines: &BTreeMap<Name, Arc<CheckedPipeline>>) -> Result<Vec<Diagnostic>> {
    let entries = tables.list().await?;
    let there: BTreeSet<&Name> = entries.iter().map(|entry| &entry.name).collect();
    let mut warnings = Vec::new();
    for entry in entries.iter().filter(|entry| !pipelines.contains_key(&entry.name)) {
        let made = match tables.find(&entry.name).await {
            Ok(Some(Relation::Table(table))) => table.fact(PIPELINE).is_some_and(|pipeline| !pipeline.is_empty()),
            Ok(Some(Relation::View(view))) => view.summary().contains_key(PIPELINE),
            Ok(None) => false,
            // A table that cannot be read is an error of whoever reads it, not of the project.
            Err(_) => false,
        };
        if made {
            let kind = if entry.kind == EntryKind::View { "view" } else { "table" };
            let name = entry.name.short();
            let message = format!("the {kind} `{name}` was made by a pipeline that is gone");
            let unmade =
                pipelines.iter().filter(|(name, one)| !there.contains(name) && *one.config.materialized != Materialized::Ephemeral);
            let unmade: Vec<String> = unmade.map(|(name, _)| name.short()).collect();
            let help = match nearest(&name, unmade.iter().map(String::as_str)) {
                Some(near) => format!("if it is `{near}` now, rename it: `rat tables {name} --rename {near}`; else drop it"),
                None => format!("drop it, or rename it to what its pipeline is called now: `rat tables {name} --rename <name>`"),
            };
            warnings.push(Diagnostic::warning(Code::PipelineGone, message).help(help));
        }
    }
    Ok(warnings)
}
