//! The story of a query: read-only SQL over the lake's tables, safe to hand to people who are not trusted.
//!
//! The text is measured, parsed, and allowed by the kinds of its syntax tree ([`guard`]). The tables it names, and no others, are loaded
//! from one state of the catalog ([`snapshot`]), views expanded. It is planned, the plan is allowed again by the kinds of its nodes, and it
//! runs within its limits ([`result`]): time, rows, bytes. Dropping the future or the stream stops it.
//!
//! Knows nothing of runs or landing zones, and of pipelines the names alone ([`Project`]). Entry points: [`query`], [`stream`], [`answer`] for what
//! is planned already.

mod answer;
mod as_of;
mod describe;
mod guard;
mod information;
mod params;
mod queue;
mod result;
mod snapshot;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};

use futures::future::BoxFuture;

use crate::dialect::{self, Reads};
use crate::error::{Code, Diagnostic, Error, Label, Result, Source};
use crate::execute;
use crate::name::{Name, is_valid_name};
use crate::plan::{self, Absent};
use crate::session::Session;
use crate::settings::EngineSettings;
use crate::tables::Tables;

pub use answer::{answer, check_length, count, in_time};
pub use as_of::AsOf;
pub(crate) use params::written;
pub use params::{Param, Params};
pub use queue::Queue;
use queue::Time;
pub use result::{QueryResult, QueryStream};

/// What a query runs on.
#[derive(Debug, Clone, Copy)]
pub struct QueryContext<'a> {
    /// The tables of the lake.
    pub tables: &'a Tables,
    /// The engine.
    pub session: &'a Session,
    /// Who runs, and who waits.
    pub queue: &'a Queue,
    /// What the lake's pipelines make.
    pub project: &'a dyn Project,
}

/// What a query needs of the lake's project, as the door hands it over: stories do not know each other.
#[async_trait]
pub trait Project: fmt::Debug + Send + Sync {
    /// The pipelines, and why one that has no table has none. Asked only when a query names a table that is not there.
    ///
    /// # Errors
    /// Storage codes.
    async fn pipelines(&self) -> Result<BTreeMap<Name, Absent>>;
}

/// A lake without pipelines.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProject;

#[async_trait]
impl Project for NoProject {
    async fn pipelines(&self) -> Result<BTreeMap<Name, Absent>> {
        Ok(BTreeMap::new())
    }
}

/// How a query runs.
#[derive(Debug, Clone)]
pub struct QueryOptions {
    /// The namespace that `layer.name` is in.
    pub namespace: String,
    /// The namespaces that exist for this query; all when `None`.
    pub namespaces: Option<Vec<String>>,
    /// How long it may take, without what a stream's reader does between batches.
    pub timeout: Option<Duration>,
    /// The most rows of the result; the rest is not computed.
    pub limit: Option<usize>,
    /// The most bytes a collected result may have.
    pub bytes: Option<u64>,
    /// The longest text, in bytes.
    pub length: usize,
    /// What stands for `$1` or `$name`.
    pub params: Params,
    /// The moment of its tables that the whole query sees; now when `None`. Views are expanded as they are stored now.
    pub as_of: Option<AsOf>,
}

impl QueryOptions {
    /// The limits of the lake's settings.
    pub fn from_settings(settings: &EngineSettings, namespace: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            namespaces: None,
            timeout: Some(settings.query_timeout),
            limit: settings.query_rows.map(|rows| usize::try_from(rows).unwrap_or(usize::MAX)),
            bytes: Some(settings.query_bytes.0),
            length: usize::try_from(settings.query_length.0).unwrap_or(usize::MAX),
            params: Params::default(),
            as_of: None,
        }
    }
}

impl Default for QueryOptions {
    fn default() -> Self {
        Self::from_settings(&EngineSettings::default(), "default")
    }
}

/// Answers a query, whole.
///
/// # Errors
/// `BUSY` when its turn did not come in time; `SQL_SYNTAX`, `QUERY_TOO_LONG`, `QUERY_TOO_DEEP` and `NOT_READ_ONLY` for the text; the codes of [`plan::plan`]; `TIMED_OUT`,
/// `RESULT_TOO_LARGE`, `OUT_OF_MEMORY`, `EXECUTION_FAILED` and the storage's while it runs.
#[inline(never)]
pub fn query<'a>(context: &'a QueryContext<'a>, sql: &'a str, options: &'a QueryOptions) -> BoxFuture<'a, Result<QueryResult>> {
    Box::pin(async move {
        let started = Instant::now();
        let stream = start(context, sql, options, started).await?;
        result::collect(stream, options.bytes, started).await
    })
}

/// Answers a query batch by batch, in constant memory. The timeout covers what the engine takes, and not what the reader does between
/// batches; there is no limit of bytes.
///
/// # Errors
/// As [`query`]; those of running come out of the stream.
#[inline(never)]
pub fn stream<'a>(context: &'a QueryContext<'a>, sql: &'a str, options: &'a QueryOptions) -> BoxFuture<'a, Result<QueryStream>> {
    Box::pin(async move { start(context, sql, options, Instant::now()).await })
}

async fn start(context: &QueryContext<'_>, sql: &str, options: &QueryOptions, started: Instant) -> Result<QueryStream> {
    let time = Time::new(started, options.timeout);
    let _turn = context.queue.turn_in(time).await?;
    let planning = async {
        let plan = planned(context, sql, options).await?;
        execute::stream_as(context.session, plan, result::portable).await
    };
    Ok(QueryStream::new(time.of(planning).await?, options.limit, time, context.queue))
}

async fn planned(context: &QueryContext<'_>, sql: &str, options: &QueryOptions) -> Result<LogicalPlan> {
    check_length(sql, options)?;
    if !is_valid_name(&options.namespace) {
        return Err(Error::new(Code::InvalidName, format!("`{}` cannot be used as a namespace", options.namespace)));
    }
    let source = Source::new("query", sql);
    let places = |range: std::ops::Range<usize>, text: &str| vec![Label { source: Arc::clone(&source), range, text: text.to_owned() }];
    let problems = |problems: Vec<dialect::Problem>| {
        let diagnostics = problems.into_iter().map(|problem| Diagnostic {
            help: problem.help,
            labels: places(problem.range, ""),
            ..Diagnostic::error(problem.code, problem.message)
        });
        Error::from_diagnostics(diagnostics.collect()).expect("a problem is an error")
    };

    let summarized = describe::summarized(sql);
    let mut parsed = dialect::parse(summarized.as_deref().unwrap_or(sql), Reads::Unknown).map_err(problems)?;
    let asked = guard::statement(&mut parsed.statement, sql, summarized.is_some()).map_err(|problem| problems(vec![problem]))?;
    params::bind(&mut parsed.statement, sql, &options.params).map_err(problems)?;
    let snapshot = snapshot::Snapshot::load(context, &parsed.statement, options).await?;

    let plan = if asked == guard::Asked::Explanation { plan::plan_parsed } else { plan::plan_apart };
    let (planned, diagnostics) = plan(context.session, sql, parsed, &places, &snapshot);
    if let Some(error) = Error::from_diagnostics(diagnostics) {
        return Err(error);
    }
    let planned = planned.ok_or_else(|| Error::new(Code::InvalidQuery, "the query reads a view that cannot be planned"))?;
    guard::plan(&planned.plan)?;
    let plan = match asked {
        guard::Asked::Rows => planned.plan,
        guard::Asked::Explanation => return Ok(planned.plan),
        guard::Asked::Columns => describe::columns(&planned)?,
        guard::Asked::Summary => describe::summary(context.session, planned).await?,
    };
    limited(plan, options)
}

/// Of a plan's rows those that are asked for.
fn limited(plan: LogicalPlan, options: &QueryOptions) -> Result<LogicalPlan> {
    match options.limit {
        Some(limit) => LogicalPlanBuilder::from(plan).limit(0, Some(limit)).and_then(LogicalPlanBuilder::build).map_err(execute::error),
        None => Ok(plan),
    }
}
