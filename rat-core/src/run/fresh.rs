//! Whether a run would make what is already there.

use std::collections::{BTreeMap, HashMap};

use super::inputs::Pins;
use super::planned::{optional, wanted};
use super::publish::{CODE_HASH, INPUTS, LANDING_SEEN, RUN_ID};
use super::{LandingRequest, RunContext};
use crate::clock::to_iso;
use crate::compile::Compiled;
use crate::config::{Config, Materialized, MergeStrategy};
use crate::dialect::{self, Reads};
use crate::error::Result;
use crate::name::Name;
use crate::project::Language;
use crate::tables::{Relation, Table};
use crate::template::Facts;

/// Why a run of this pipeline would change nothing, or `None` when it might: same code, macros, settings and variables; same snapshots of
/// all inputs; and what is there was made by a run. What cannot be compiled or read is for the run to say, so it is not fresh.
///
/// # Errors
/// `PIPELINE_NOT_FOUND`.
pub async fn fresh(context: &RunContext, name: &Name, vars: &BTreeMap<String, serde_json::Value>) -> Result<Option<String>> {
    let pipeline = context.project.pipeline(name)?;
    let Ok((config, _)) = context.project.config(pipeline) else { return Ok(None) };
    let made_as_table = match *config.materialized {
        Materialized::Ephemeral => return Ok(Some("it is ephemeral: expanded where it is read".to_owned())),
        Materialized::Table => true,
        Materialized::View => false,
    };
    let Ok(Some(found)) = context.tables.find(name).await else { return Ok(None) };
    let table = match &found {
        Relation::Table(table) => Some(table),
        Relation::View(_) => None,
    };
    let facts: HashMap<String, String> = match &found {
        Relation::Table(table) if made_as_table => table.summary().cloned().unwrap_or_default(),
        Relation::View(view) if !made_as_table => view.summary().clone(),
        _ => return Ok(None),
    };
    if pipeline.language != Language::Sql || !facts.contains_key(RUN_ID) {
        return Ok(None);
    }
    // The code's hash does not depend on the facts of a run; a later run's rendering is the one that has all of them.
    let later = Facts {
        this: name.clone(),
        strategy: Some(*config.merge_strategy),
        watermark_value: config.watermark_column.as_ref().map(|_| "2000-01-01 00:00:00".to_owned()),
        run_started_at: to_iso(context.clock.now()),
        vars: context.project.vars(vars),
    };
    let Ok((compiled, _)) = context.project.compile(pipeline, &config, &later) else { return Ok(None) };
    if facts.get(CODE_HASH) != Some(&compiled.code_hash) || !landed_nothing(context, table, &config, &compiled).await? {
        return Ok(None);
    }
    let Ok(pins) = Pins::take(context, wanted(&compiled), optional(&compiled, &config), &later).await else { return Ok(None) };
    let inputs = facts.get(INPUTS).and_then(|inputs| serde_json::from_str(inputs).ok());
    let same = inputs.is_some_and(|inputs| pins.are_as_at(&inputs));
    Ok(same.then(|| "its code and its inputs have not changed since its last run".to_owned()))
}

/// Whether its landing zones hold nothing but what the table was made of.
async fn landed_nothing(context: &RunContext, table: Option<&Table>, config: &Config, compiled: &Compiled) -> Result<bool> {
    let zones = &compiled.landing_zones;
    if zones.is_empty() {
        return Ok(true);
    }
    let archive = *config.archive_landing_zones;
    // A table that is exactly the newly landed rows is empty when nothing has landed.
    let empties = *config.merge_strategy == MergeStrategy::FullRefresh && zones.iter().any(|zone| archive || zone.new_only);
    let (false, Some(table), Ok(parsed)) = (empties, table, dialect::parse(&compiled.sql, Reads::Allowed)) else { return Ok(false) };
    let request = LandingRequest {
        pipeline: &compiled.name,
        zones,
        calls: &parsed.reads,
        contract: &config.columns,
        published: Some(table),
        rebuild: false,
        archive,
        settle: false,
    };
    context.landing.is_unchanged(request, table.fact(LANDING_SEEN)).await
}
