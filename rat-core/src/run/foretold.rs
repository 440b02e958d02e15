//! What a run would do, told before it runs.
//!
//! It is decided by what the run decides it by ([`Planned`]), and told by what the merge can say of files without a row ([`Merge::foresee`]).
//!
//! [`Merge::foresee`]: crate::merge::Merge::foresee

use std::sync::Arc;

use datafusion::arrow::datatypes::Schema;
use futures::future::BoxFuture;

use super::asked::Purpose;
use super::planned::Planned;
use super::refused::is_of_the_pipeline;
use super::view::PlannedView;
use super::write_plan::{LandedInput, PlannedTest, SchemaChange, SchemaChangeKind, WritePlan};
use super::{Asked, RunContext, RunOptions, fresh, watermark};
use crate::compile::Compiled;
use crate::config::{self, BuiltinTest, Config, Materialized, Overrides};
use crate::error::{Code, Diagnostic, Result, Severity};
use crate::merge::Foreseen;
use crate::name::Name;
use crate::quality::name_of;
use crate::tables::{ColumnChange, Table};
use crate::types::sql_type;

/// Tells what a run of a pipeline would do, and does nothing. What would stop the run is in the plan.
///
/// # Errors
/// `PIPELINE_NOT_FOUND`; `CORRUPT_TABLE`, storage and catalog codes when it cannot be told.
#[inline(never)]
pub fn plan<'a>(context: &'a RunContext, name: &'a Name, options: &'a RunOptions) -> BoxFuture<'a, Result<WritePlan>> {
    Box::pin(async move {
        let pipeline = context.project.pipeline(name)?;
        let (config, _) = config::resolve(&context.project.defaults, pipeline, &Overrides::default());
        let config = Arc::new(config);
        let asked = Asked {
            context,
            pipeline,
            config: &config,
            options,
            given: None,
            started_at: context.clock.now(),
            progress: Arc::new(|_| {}),
            purpose: Purpose::Tell,
        };
        let mut told = WritePlan::untold(&asked);
        let mut warnings = Vec::new();
        let planned = match *config.materialized {
            Materialized::Table => told.table(&asked, &mut warnings).await,
            Materialized::View | Materialized::Ephemeral => told.view(&asked, &mut warnings).await,
        };
        told.diagnostics = warnings;
        if let Err(error) = planned {
            // What is the matter with the lake is no answer; what is the matter with the pipeline is the answer.
            if !is_of_the_pipeline(&error) {
                return Err(error);
            }
            told.diagnostics.extend(error.told().into_iter().filter(|diagnostic| diagnostic.severity == Severity::Error));
        }
        if told.is_ok() && !options.refresh.is_full() {
            told.fresh = fresh(context, name, &options.vars).await?;
        }
        Ok(told)
    })
}

impl WritePlan {
    /// A plan of which only the beginning is known.
    fn untold(asked: &Asked<'_>) -> Self {
        let nothing = Foreseen::nothing(None);
        Self {
            pipeline: asked.pipeline.name.clone(),
            strategy: asked.kind().to_owned(),
            fresh: None,
            is_first_run: false,
            is_rebuild: false,
            base_snapshot_id: None,
            inputs: Default::default(),
            landing_files: Vec::new(),
            watermark: None,
            rows_written: nothing.rows_written,
            rows_total: nothing.rows_total,
            files_before: nothing.files_before,
            files_pruned: nothing.files_pruned,
            files_dropped: nothing.files_dropped,
            files_rewritten: nothing.files_rewritten,
            files_deleted_from: nothing.files_deleted_from,
            files_added: nothing.files_added,
            files_removed: nothing.files_removed,
            bytes_written: nothing.bytes_written,
            schema_changes: Vec::new(),
            tests: Vec::new(),
            diagnostics: Vec::new(),
        }
    }

    async fn table(&mut self, asked: &Asked<'_>, warnings: &mut Vec<Diagnostic>) -> Result<()> {
        let base = asked.context.tables.load(&asked.pipeline.name).await?;
        self.files(Foreseen::nothing(base.as_ref()));
        let planned = Planned::new(asked, warnings).await?;
        if planned.stand_in {
            let message = format!(
                "only its rows tell how far `{}` is: what a filter by `watermark_value` leaves is not known",
                self.pipeline.short()
            );
            warnings.push(Diagnostic::warning(Code::WatermarkUnknown, message));
        }
        let foreseen = planned.merge.foresee(&planned.query, planned.base.as_ref(), planned.stand_in).await?;
        self.files(foreseen);
        self.is_first_run = planned.base.is_none();
        self.is_rebuild = asked.rebuilds();
        self.base_snapshot_id = planned.base.as_ref().and_then(Table::snapshot_id);
        self.inputs.clone_from(&planned.inputs);
        let landed = planned.landing.iter().flat_map(|landing| landing.files());
        self.landing_files = landed.map(|(path, size)| LandedInput { path, size }).collect();
        self.watermark = planned.watermark.as_ref().filter(|_| !planned.stand_in).map(watermark::to_text).transpose()?;
        self.schema_changes = match &planned.base {
            Some(base) => changes(&*base.schema()?, planned.merge.columns.changes(), planned.merge.target.schema()),
            None => Vec::new(),
        };
        self.tests = tests(asked.config, &planned.compiled);
        Ok(())
    }

    async fn view(&mut self, asked: &Asked<'_>, warnings: &mut Vec<Diagnostic>) -> Result<()> {
        let planned = PlannedView::new(asked, warnings).await?;
        self.tests = tests(asked.config, &planned.compiled);
        self.inputs = planned.inputs;
        Ok(())
    }

    fn files(&mut self, foreseen: Foreseen) {
        let Foreseen {
            rows_written,
            rows_total,
            files_before,
            files_pruned,
            files_dropped,
            files_rewritten,
            files_deleted_from,
            files_added,
            files_removed,
            bytes_written,
        } = foreseen;
        *self = Self {
            rows_written,
            rows_total,
            files_before,
            files_pruned,
            files_dropped,
            files_rewritten,
            files_deleted_from,
            files_added,
            files_removed,
            bytes_written,
            ..self.clone()
        };
    }
}

fn tests(config: &Config, compiled: &Compiled) -> Vec<PlannedTest> {
    let builtin = config.tests.iter().map(|test: &config::Setting<BuiltinTest>| (name_of(&test.value), Severity::Error));
    let written = compiled.tests.iter().map(|test| (super::tests::name_of(test).to_owned(), Severity::from(test.header.severity)));
    builtin.chain(written).map(|(name, severity)| PlannedTest { name, severity: severity.to_string() }).collect()
}

/// From the table's columns to those it will have. Without changes that are said one by one, all of them are compared by name.
fn changes(before: &Schema, changes: &[ColumnChange], after: &Schema) -> Vec<SchemaChange> {
    use SchemaChangeKind::{Add, Drop, MakeOptional, Rename, Retype};
    let named = |schema: &Schema, name: &str| {
        schema.fields().iter().find(|field| field.name().eq_ignore_ascii_case(name)).map(|field| sql_type(field.data_type()))
    };
    let change = |kind, column: &str, before, after| SchemaChange { kind, column: column.to_owned(), before, after };
    if !changes.is_empty() {
        let told = changes.iter().map(|one| match one {
            ColumnChange::Add(field) => change(Add, field.name(), None, named(after, field.name())),
            ColumnChange::Retype(field) => change(Retype, field.name(), named(before, field.name()), named(after, field.name())),
            ColumnChange::MakeOptional(name) => change(MakeOptional, name, named(before, name), named(after, name)),
            ColumnChange::Rename { from, to } => change(Rename, to, Some(from.clone()), Some(to.clone())),
            ColumnChange::Drop(name) => change(Drop, name, named(before, name), None),
        });
        return told.collect();
    }
    let gone = before.fields().iter().filter(|field| named(after, field.name()).is_none());
    let gone = gone.map(|field| change(Drop, field.name(), named(before, field.name()), None));
    let others = after.fields().iter().filter_map(|field| {
        let (now, then) = (named(before, field.name()), named(after, field.name()));
        match &now {
            None => Some(change(Add, field.name(), None, then)),
            Some(_) if now != then => Some(change(Retype, field.name(), now, then)),
            Some(_) => None,
        }
    });
    gone.chain(others).collect()
}
