//! A run of a pipeline that keeps no rows: its tests run, and a view's SQL is stored. An ephemeral pipeline is only tested.

use std::collections::{BTreeMap, BTreeSet};

use super::inputs::{Cut, Pins};
use super::pipeline::{Job, uninterrupted};
use super::planned::{optional, wanted, warn};
use super::publish::{CODE_HASH, INPUTS, RUN_ID};
use super::report::Phase;
use super::tests;
use crate::config::Materialized;
use crate::error::{Code, Error, Result};
use crate::plan;
use crate::tables::{NewView, PublishError, StagedView};

/// All of it but the swap; nothing for an ephemeral pipeline.
pub(super) async fn stage(job: &Job) -> Result<Option<StagedView>> {
    let (context, name) = (&job.context, &job.pipeline.name);
    let (_, diagnostics) = context.project.config(&job.pipeline)?;
    warn(job, diagnostics);
    let facts = job.facts(None)?;
    let (compiled, diagnostics) = context.project.compile(&job.pipeline, &job.config, &facts)?;
    warn(job, diagnostics);
    let pins = Pins::take(context, wanted(&compiled), optional(&compiled, &job.config), &facts).await?;
    let cut = Cut::new(context, name, &pins, None)?;
    let planned = cut.plan(context, &compiled)?;
    let inputs = pins.snapshots();
    job.record.note(|report| report.inputs.clone_from(&inputs));

    job.record.phase(Phase::Test);
    let rows = plan::expanded(planned.plan);
    tests::run(job, &cut.with(name, rows.clone()).with_new_rows(rows), &compiled.tests, None, &BTreeSet::new()).await?;
    if *job.config.materialized == Materialized::Ephemeral {
        return Ok(None);
    }

    let inputs = serde_json::to_string(&inputs).map_err(|e| Error::new(Code::Internal, "inputs could not be written").with_source(e))?;
    let view = NewView {
        sql: compiled.sql,
        schema: planned.schema,
        depends_on: compiled.refs.iter().map(|reference| reference.name.clone()).collect(),
        summary: BTreeMap::from([
            (RUN_ID.to_owned(), job.record.id().to_owned()),
            (CODE_HASH.to_owned(), compiled.code_hash),
            (INPUTS.to_owned(), inputs),
        ]),
    };
    context.tables.stage_view(name, &view).await.map(Some)
}

/// Stores the view.
pub(super) async fn publish(job: &Job, view: StagedView) -> Result<()> {
    job.record.phase(Phase::Publish);
    let tables = job.context.tables.clone();
    let swap = async move { tables.publish_with_views(Vec::new(), vec![view]).await };
    uninterrupted(swap).await.map_err(PublishError::into_error)?;
    Ok(())
}
