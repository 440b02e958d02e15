//! A run of a pipeline that keeps no rows: its tests run, and a view's SQL is stored. An ephemeral pipeline is only tested.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::logical_expr::LogicalPlan;

use super::Asked;
use super::inputs::{Cut, Pins};
use super::pipeline::{Job, uninterrupted};
use super::planned::{only_warnings, optional, wanted};
use super::publish::{CODE_HASH, INPUTS, PIPELINE, RUN_ID};
use super::report::Phase;
use super::tests;
use crate::compile::Compiled;
use crate::config::Materialized;
use crate::error::{Code, Diagnostic, Error, Result};
use crate::plan;
use crate::tables::{NewView, PublishError, StagedView};

/// A run that keeps no rows, decided.
pub(super) struct PlannedView {
    pub compiled: Compiled,
    pub schema: SchemaRef,
    pub inputs: BTreeMap<String, Option<i64>>,
    cut: Cut,
    query: LogicalPlan,
}

impl PlannedView {
    /// Decides it, and adds what may surprise to `warnings`.
    ///
    /// # Errors
    /// What a run would fail with before it reads a row.
    pub(super) async fn new(asked: &Asked<'_>, warnings: &mut Vec<Diagnostic>) -> Result<Self> {
        let (context, name) = (asked.context, &asked.pipeline.name);
        asked.is_runnable()?;
        let (_, diagnostics) = context.project.config(asked.pipeline)?;
        warnings.extend(only_warnings(diagnostics));
        let facts = asked.facts(None)?;
        let (compiled, diagnostics) = context.project.compile(asked.pipeline, asked.config, &facts)?;
        warnings.extend(only_warnings(diagnostics));
        let pins = Pins::take(context, wanted(&compiled), optional(&compiled, asked.config), &facts).await?;
        let cut = Cut::new(context, name, &pins, None)?;
        let planned = cut.plan(context, &compiled)?;
        Ok(Self { compiled, schema: planned.schema, inputs: pins.snapshots(), cut, query: planned.plan })
    }
}

/// All of it but the swap; nothing for an ephemeral pipeline.
pub(super) async fn stage(job: &Job) -> Result<Option<StagedView>> {
    let (context, name) = (&job.context, &job.pipeline.name);
    let mut warnings = Vec::new();
    let planned = PlannedView::new(&job.asked(), &mut warnings).await;
    job.record.warn_all(warnings);
    let PlannedView { compiled, schema, inputs, cut, query } = planned?;
    job.record.note(|report| report.inputs.clone_from(&inputs));

    job.record.phase(Phase::Test);
    let rows = plan::expanded(query);
    tests::run(job, &cut.with(name, rows.clone()).with_new_rows(rows), &compiled.tests, None, &BTreeSet::new()).await?;
    if *job.config.materialized == Materialized::Ephemeral {
        return Ok(None);
    }

    let inputs = serde_json::to_string(&inputs).map_err(|e| Error::new(Code::Internal, "inputs could not be written").with_source(e))?;
    let view = NewView {
        sql: compiled.sql,
        schema,
        depends_on: compiled.refs.iter().map(|reference| reference.name.clone()).collect(),
        summary: BTreeMap::from([
            (RUN_ID.to_owned(), job.record.id().to_owned()),
            (CODE_HASH.to_owned(), compiled.code_hash),
            (PIPELINE.to_owned(), name.to_string()),
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
