//! What can be asked of a published table without a run: what its next run would be told, and whether its tests pass.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::BoxFuture;

use super::inputs::{Cut, Pins, Wanted};
use super::planned::optional;
use super::{Refresh, RunContext, tests, watermark};
use crate::clock::to_iso;
use crate::config::{Config, Materialized};
use crate::error::{Error, Result};
use crate::name::Name;
use crate::plan::{Absent, Relations};
use crate::project::Pipeline;
use crate::quality::TestResult;
use crate::tables::Relation;
use crate::template::Facts;

/// `watermark_value` as the next run's template would see it; none before the first publish, and under a rebuild.
///
/// # Errors
/// `PIPELINE_NOT_FOUND`, `INVALID_VALUE` when the watermark's type does not bear the lookback, and what reading the table gives.
#[inline(never)]
pub fn next_watermark<'a>(context: &'a RunContext, name: &'a Name, refresh: Refresh) -> BoxFuture<'a, Result<Option<String>>> {
    Box::pin(async move {
        let pipeline = context.project.pipeline(name)?;
        let (config, _) = crate::config::resolve(&context.project.defaults, pipeline, &crate::config::Overrides::default());
        if refresh.is_full() {
            return Ok(None);
        }
        watermark_text(context, name, &config).await
    })
}

async fn watermark_text(context: &RunContext, name: &Name, config: &Config) -> Result<Option<String>> {
    let Some(column) = config.watermark_column.as_deref().filter(|_| *config.materialized == Materialized::Table) else { return Ok(None) };
    let Some(Relation::Table(table)) = context.tables.find(name).await? else { return Ok(None) };
    let value = watermark::of_table(&context.session, &table, column).await?;
    let value = match (value, *config.watermark_lookback) {
        (Some(value), Some(lookback)) => Some(watermark::earlier(value, lookback)?),
        (value, _) => value,
    };
    value.as_ref().map(watermark::to_text).transpose()
}

/// Runs a pipeline's quality tests on what is published, and writes nothing. `new_rows` is the whole table: all of it was new once.
///
/// # Errors
/// `PIPELINE_NOT_FOUND`, `NOT_BUILT` when there are tests and nothing to test, and what is wrong with the pipeline's files. A test that
/// cannot be run is a result.
#[inline(never)]
pub fn test<'a>(
    context: &'a RunContext,
    name: &'a Name,
    vars: &'a BTreeMap<String, serde_json::Value>,
) -> BoxFuture<'a, Result<Vec<TestResult>>> {
    Box::pin(async move {
        let pipeline = context.project.pipeline(name)?;
        let (config, _) = context.project.config(pipeline)?;
        if config.tests.is_empty() && pipeline.quality_tests.is_empty() {
            return Ok(Vec::new());
        }
        let facts = facts(context, pipeline, &config, vars).await?;
        let (compiled, _) = context.project.compile(pipeline, &config, &facts)?;
        let mut read: BTreeSet<Name> = optional(&compiled, &config);
        read.insert(name.clone());
        let pins = Pins::take(context, Wanted::new(), read, &facts).await?;
        let cut = Cut::new(context, name, &pins, None)?;
        let Some(published) = cut.relation(name) else {
            let (code, message, help) = Absent::NotBuilt.told(name, &name.namespace);
            return Err(Error::new(code, message).with_help(help));
        };
        let cut = cut.with_new_rows(published);
        Ok(tests::judge(
            context,
            &tests::Judged { name, config: &config, tests: &compiled.tests, rows: pins.rows(name), passed: &BTreeSet::new() },
            &cut,
            context.clock.now(),
        )
        .await)
    })
}

async fn facts(context: &RunContext, pipeline: &Pipeline, config: &Config, vars: &BTreeMap<String, serde_json::Value>) -> Result<Facts> {
    Ok(Facts {
        this: pipeline.name.clone(),
        strategy: Some(*config.merge_strategy),
        watermark_value: watermark_text(context, &pipeline.name, config).await?,
        run_started_at: to_iso(context.clock.now()),
        vars: context.project.vars(vars),
    })
}
