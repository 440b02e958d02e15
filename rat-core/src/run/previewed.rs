//! What a pipeline's query reads and is, for somebody who looks at its rows: a run's plan without a table to write.

use std::sync::Arc;

use datafusion::logical_expr::LogicalPlan;
use futures::future::BoxFuture;

use super::asked::Purpose;
use super::inputs::{Cut, Pins};
use super::landing::LandingCut;
use super::planned::{landing, only_warnings, wanted, with_this};
use super::refused::lost_with;
use super::watermark::Far;
use super::{Asked, RunContext, RunOptions};
use crate::error::{Code, Diagnostic, Error, Result, Source};
use crate::name::{Layer, Name};
use crate::project::{Language, Pipeline};
use crate::tables::Relation;

/// A query that is ready to show its rows.
pub struct Previewed {
    /// The query.
    pub plan: LogicalPlan,
    warnings: Vec<Diagnostic>,
    landing: Option<Arc<dyn LandingCut>>,
}

impl Previewed {
    /// What may surprise; what reading its files has to say, once they are read.
    pub fn warnings(&self) -> Vec<Diagnostic> {
        self.warnings.iter().cloned().chain(self.landing.iter().flat_map(|landing| landing.warnings())).collect()
    }
}

/// The query of a pipeline's next run, or of a text in the place of its file's; or of a text that is no pipeline's. Landing zones are read
/// from their samples where there are any. Nothing is written, moved or consumed.
///
/// # Errors
/// `PIPELINE_NOT_FOUND`, `NOT_BUILT`, `UNSUPPORTED_PIPELINE`, `INVALID_ARGUMENT` when there is neither, and what is wrong with the pipeline.
#[inline(never)]
pub fn preview<'a>(
    context: &'a RunContext,
    name: Option<&'a Name>,
    sql: Option<&'a str>,
    namespace: &'a str,
    options: &'a RunOptions,
) -> BoxFuture<'a, Result<Previewed>> {
    Box::pin(async move {
        let pipeline = pipeline(context, name, sql, namespace)?;
        let (config, diagnostics) = context.project.config(&pipeline)?;
        let mut warnings: Vec<Diagnostic> = only_warnings(diagnostics).collect();
        let asked = Asked {
            context,
            pipeline: &pipeline,
            config: &config,
            options,
            given: None,
            started_at: context.clock.now(),
            progress: Arc::new(|_| {}),
            purpose: Purpose::Preview,
        };
        asked.is_runnable()?;
        let base = match name {
            None => None,
            Some(name) => match context.tables.find(name).await? {
                Some(Relation::Table(table)) => Some(table),
                Some(Relation::View(view)) => context.tables.shelved(&view).await?,
                None => None,
            },
        };
        let far = match (&base, config.watermark_column.as_deref()) {
            (Some(base), Some(column)) => asked.watermark(base, column).await?,
            _ => Far::Known(None),
        };
        let facts = asked.facts(far.value())?;
        let (compiled, diagnostics) = context.project.compile(&pipeline, &config, &facts)?;
        warnings.extend(only_warnings(diagnostics));
        let pins = Pins::take(context, wanted(&compiled), Default::default(), &facts).await?;
        let landing = landing(&asked, &compiled, base.as_ref()).await?;
        if let Some(lost) = landing.as_ref().and_then(|landing| lost_with(&asked, landing.gone())) {
            return Err(lost);
        }
        let cut = Cut::new(context, &pipeline.name, &pins, landing.clone())?;
        let cut = with_this(&asked, cut, base.as_ref(), &compiled, &facts)?;
        let plan = cut.plan(context, &compiled)?.plan;
        Ok(Previewed { plan, warnings, landing })
    })
}

fn pipeline(context: &RunContext, name: Option<&Name>, sql: Option<&str>, namespace: &str) -> Result<Arc<Pipeline>> {
    let written = name.map(|name| context.project.pipeline(name)).transpose()?;
    match (written, sql) {
        (Some(written), None) => Ok(Arc::clone(written)),
        (Some(written), Some(sql)) => Ok(Arc::new(written.with_text(sql))),
        (None, Some(sql)) => Ok(Arc::new(Pipeline {
            // No pipeline can have this name, so none is taken for this one.
            name: Name { namespace: namespace.to_owned(), layer: Layer::Gold, name: "<preview>".to_owned() },
            language: Language::Sql,
            source: Source::new("preview", sql),
            config: None,
            quality_tests: Vec::new(),
            unit_tests: Vec::new(),
            faults: Vec::new(),
        })),
        (None, None) => Err(Error::new(Code::InvalidArgument, "there is nothing to preview").with_help("name a pipeline, or give `sql`")),
    }
}
