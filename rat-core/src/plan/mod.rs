//! SQL text to a typed logical plan.
//!
//! Parses with the dialect, resolves names through [`Relations`], plans, and types every expression, so that what is wrong is found
//! before anything runs: each problem becomes a [`Diagnostic`] at the bytes of the SQL that are to blame, which the caller's source map
//! turns into places in the user's files. The result also says which columns of which tables each output column comes from.
//!
//! Pure and synchronous: it reads no file, table or clock. What tables there are, and their columns, is the caller's to say; a relation
//! whose columns are not known silences what would follow from it.
//!
//! Entry points: [`plan`], [`plan_parsed`], [`Relations`].

mod blame;
mod describe;
mod lineage;
mod names;
mod output;
mod provider;
mod relations;
mod runnable;
mod subqueries;
mod types;

use std::collections::HashMap;
use std::ops::Range;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::DataFusionError;
use datafusion::logical_expr::{LogicalPlan, SortExpr};
use datafusion::sql::planner::SqlToRel;
use datafusion::sql::sqlparser::ast::Statement;

use crate::dialect::{self, Parsed, Problem, Reads};
use crate::error::{Code, Diagnostic, Label};
use crate::session::Session;

pub use lineage::{ColumnLineage, Origin};
pub use names::{Mentioned, mentioned};
pub use relations::{Absent, Relation, Relations, empty_table, expanded};
pub use types::{Column, columns};

/// A query that can run.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The plan, with every expression typed. Not optimised: [`execute`](crate::execute) does that.
    pub plan: LogicalPlan,
    /// The columns of the result.
    pub schema: SchemaRef,
    /// Where each column of the result comes from, in the order of the schema.
    pub lineage: Vec<ColumnLineage>,
    /// The outermost `ORDER BY`; empty when the result has no order.
    pub order_by: Vec<SortExpr>,
    /// The bytes of the SQL that make each column, in the order of the schema; a `*` makes several.
    pub places: Vec<Range<usize>>,
}

/// Turns bytes of the SQL into places in the user's files, the primary one first; the text is what to say there.
pub type Places<'a> = dyn Fn(Range<usize>, &str) -> Vec<Label> + Sync + 'a;

/// Plans one query.
///
/// The plan is `None` when it has an error, and also, without any diagnostic, when it reads a relation that is
/// [`Unknown`](Relation::Unknown).
///
/// Codes: those of [`dialect::parse`], `NOT_READ_ONLY`, `UNKNOWN_TABLE`, `NOT_BUILT`, `UNKNOWN_FUNCTION`, `UNKNOWN_COLUMN`, `AMBIGUOUS_COLUMN`, `DUPLICATE_COLUMN`,
/// `TYPE_MISMATCH`, `INVALID_QUERY`, `UNSUPPORTED_SQL`, and what [`Relations::read`] gives.
pub fn plan(
    session: &Session,
    sql: &str,
    places: &Places<'_>,
    relations: &dyn Relations,
    reads: Reads,
) -> (Option<Planned>, Vec<Diagnostic>) {
    let parsed = dialect::parse(sql, reads);
    let query = parsed.and_then(|parsed| dialect::is_query(sql, &parsed.statement).map(|()| parsed).map_err(|problem| vec![problem]));
    match query {
        Ok(parsed) => plan_parsed(session, sql, parsed, places, relations),
        Err(problems) => (None, problems.into_iter().map(|p| diagnostic(p, places)).collect()),
    }
}

/// Plans one statement that is already parsed: a query, or the explanation of one.
pub fn plan_parsed(
    session: &Session,
    sql: &str,
    parsed: Parsed,
    places: &Places<'_>,
    relations: &dyn Relations,
) -> (Option<Planned>, Vec<Diagnostic>) {
    dialect::with_stack(|| plan_resolved(session, sql, parsed, places, relations))
}

/// Plans as [`plan_parsed`] does, and gives rows whose columns have names of which no two are the same, whatever their case: of several `x`
/// the second is `x_1`, as DuckDB's clients have it. For rows that people and programs read by their names; a table's are the author's to
/// tell apart.
pub fn plan_apart(
    session: &Session,
    sql: &str,
    parsed: Parsed,
    places: &Places<'_>,
    relations: &dyn Relations,
) -> (Option<Planned>, Vec<Diagnostic>) {
    dialect::with_stack(|| {
        let mut twins = parsed.clone();
        let (mut planned, mut diagnostics) = plan_resolved(session, sql, parsed, places, relations);
        let mut meant = HashMap::new();
        if diagnostics.iter().any(|problem| problem.code == Code::DuplicateColumn) {
            meant = dialect::tell_apart(&mut twins.statement);
            let (apart, left) = plan_resolved(session, sql, twins, places, relations);
            if apart.is_some() {
                (planned, diagnostics) = (apart, left);
            }
        }
        match planned.map(|planned| planned.apart(&meant)).transpose() {
            Ok(planned) => (planned, diagnostics),
            Err(error) => {
                let described = describe::describe(&error);
                let problem = Problem { code: described.code, message: described.message, help: described.help, range: 0..sql.len() };
                (None, vec![diagnostic(problem, places)])
            }
        }
    })
}

fn plan_resolved(
    session: &Session,
    sql: &str,
    mut parsed: Parsed,
    places: &Places<'_>,
    relations: &dyn Relations,
) -> (Option<Planned>, Vec<Diagnostic>) {
    let resolved = names::resolve(session, sql, &mut parsed, relations);
    let diagnostics: Vec<Diagnostic> = resolved.problems.into_iter().map(|p| diagnostic(p, places)).collect();
    if !diagnostics.is_empty() || resolved.unknown {
        return (None, diagnostics);
    }
    let provider = provider::Provider::new(session, resolved.sources);
    let build = |statement: &Statement| build(session, &provider, statement);
    match with_aliases(&mut parsed.statement, &build) {
        Ok(plan) => (Some(output::planned(plan, sql, &parsed.statement, &resolved.spellings, &resolved.zones)), diagnostics),
        Err(error) => {
            let problems = blame::problems(sql, &parsed.statement, error, &build);
            (None, problems.into_iter().map(|p| diagnostic(p, places)).collect())
        }
    }
}

/// Plans, and where a column is not known, takes it for an alias made beside it: a column of that name would have won.
fn with_aliases(
    statement: &mut Statement,
    build: &dyn Fn(&Statement) -> Result<LogicalPlan, DataFusionError>,
) -> Result<LogicalPlan, DataFusionError> {
    // An alias may use another alias; each round puts one use in place.
    const USES: usize = 64;
    let mut result = build(statement);
    for _ in 0..USES {
        let Err(error) = &result else { break };
        let description = describe::describe(error);
        let (Code::UnknownColumn, Some(span)) = (description.code, description.span) else { break };
        if !dialect::expand_alias(statement, span.start.line, span.start.column) {
            break;
        }
        result = build(statement);
    }
    result
}

fn build(session: &Session, provider: &provider::Provider<'_>, statement: &Statement) -> Result<LogicalPlan, DataFusionError> {
    let plan = SqlToRel::new(provider).sql_statement_to_plan(statement.clone())?;
    let plan = subqueries::out_of_joins(plan)?;
    let plan = session.analyzer().execute_and_check(plan, session.shared().config_options(), |_, _| {})?;
    runnable::runnable(session, &plan)?;
    Ok(plan)
}

/// Says of tables that are not there how a pipeline names those that are.
pub fn name_by_ref(diagnostics: &mut [Diagnostic]) {
    for diagnostic in diagnostics.iter_mut().filter(|d| d.code == Code::UnknownTable) {
        let help = "name tables by `{{ ref('layer.name') }}`";
        diagnostic.help = Some(diagnostic.help.take().map_or(help.to_owned(), |near| format!("{near} {help}")));
    }
}

fn diagnostic(problem: Problem, places: &Places<'_>) -> Diagnostic {
    let mut diagnostic = Diagnostic::error(problem.code, problem.message);
    diagnostic.labels = places(problem.range, "");
    diagnostic.help = problem.help;
    diagnostic
}
