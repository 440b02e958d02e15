//! The few query plans that merging is made of.

use std::sync::Arc;

use arrow::datatypes::Schema;
use datafusion::catalog::TableProvider;
use datafusion::common::{Column, JoinType, NullEquality, TableReference};
use datafusion::datasource::provider_as_source;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::functions_aggregate::count::count_all;
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::expr::Sort;
use datafusion::logical_expr::{Expr, ExprFunctionExt, LogicalPlan, LogicalPlanBuilder, lit};
use datafusion::physical_plan::execute_stream;

use super::order::Term;
use super::scratch::Scratch;
use crate::error::{Code, Error, Result};
use crate::execute;
use crate::session::Session;

const NEW: &str = "new";
const OLD: &str = "old";
const RANK: &str = "__rat_rank";
const FILE: &str = "__rat_file";

pub(super) fn column(relation: Option<&str>, name: &str) -> Expr {
    Expr::Column(Column::new(relation.map(TableReference::bare), name))
}

fn scan(name: &str, table: Arc<dyn TableProvider>) -> Result<LogicalPlanBuilder> {
    LogicalPlanBuilder::scan(TableReference::bare(name), provider_as_source(table), None).map_err(execute::error)
}

/// Runs a plan. A side that had to be put into a file does not fit a hash table either: such joins sort both sides, which spills.
pub(super) async fn run(session: &Session, plan: LogicalPlan, new: &Scratch) -> Result<SendableRecordBatchStream> {
    let mut state = session.state();
    state.config_mut().options_mut().optimizer.prefer_hash_join = new.is_in_memory();
    let physical = state.create_physical_plan(&plan).await.map_err(execute::error)?;
    execute_stream(physical, state.task_ctx()).map_err(execute::error)
}

/// Which of the rows of one key stays: first the greatest `watermark`, then the latest in the query's order, then the greatest by the
/// remaining columns.
pub(super) struct Precedence<'a> {
    pub key: &'a [String],
    pub watermark: Option<&'a str>,
    pub order: &'a [Term],
}

impl Precedence<'_> {
    fn sorts(&self, columns: &Schema) -> Vec<Sort> {
        // NULL is the least value, so the greatest-first order has it last.
        let greatest_first = |name: &str| Sort::new(column(Some(NEW), name), false, false);
        let watermark = self.watermark.into_iter().map(greatest_first);
        let latest_first = self.order.iter().map(|term| Sort::new(column(Some(NEW), &term.column), !term.ascending, !term.nulls_first));
        let rest = columns
            .fields()
            .iter()
            .filter(|f| !f.data_type().is_nested() && !self.key.contains(f.name()) && Some(f.name().as_str()) != self.watermark)
            .map(|f| greatest_first(f.name()));
        watermark.chain(latest_first).chain(rest).collect()
    }
}

/// One row of each key, with the table's columns alone.
pub(super) fn one_per_key(rows: &Scratch, columns: &Schema, precedence: &Precedence<'_>) -> Result<LogicalPlan> {
    let partition = precedence.key.iter().map(|name| column(Some(NEW), name)).collect();
    let mut sorts = precedence.sorts(columns);
    if sorts.is_empty() {
        // A table of nothing but its key: its duplicates are equal.
        sorts.push(Sort::new(column(Some(NEW), &precedence.key[0]), true, true));
    }
    let rank = row_number().partition_by(partition).order_by(sorts).build().map_err(execute::error)?.alias(RANK);
    let kept: Vec<Expr> = columns.fields().iter().map(|f| column(Some(NEW), f.name())).collect();
    scan(NEW, rows.provider()?)?
        .window([rank])
        .and_then(|plan| plan.filter(column(None, RANK).eq(lit(1_u64))))
        .and_then(|plan| plan.project(kept))
        .and_then(LogicalPlanBuilder::build)
        .map_err(execute::error)
}

/// The rows as they are.
pub(super) fn all(rows: &Scratch) -> Result<LogicalPlan> {
    scan(NEW, rows.provider()?)?.build().map_err(execute::error)
}

/// New rows that no stored row of the same key is newer than.
pub(super) fn not_older(new: &Scratch, old: LogicalPlan, key: &[String], watermark: &str) -> Result<LogicalPlan> {
    let (stored, incoming) = (column(Some(OLD), watermark), column(Some(NEW), watermark));
    // NULL is the least watermark: older than any other, and not than itself.
    let newer = stored.clone().gt(incoming.clone()).or(stored.is_not_null().and(incoming.is_null()));
    join(scan(NEW, new.provider()?)?, old, JoinType::LeftAnti, (NEW, OLD), key, Some(newer))
}

/// How many rows of each file have a key that is among the new: the file's place in the list, and the rows, where there are any.
pub(super) fn hits_by_file(new: &Scratch, files: Vec<LogicalPlan>, key: &[String]) -> Result<LogicalPlan> {
    let mut all: Option<LogicalPlanBuilder> = None;
    for (place, file) in (0_u32..).zip(files) {
        let columns = file.schema().columns().into_iter().map(Expr::Column);
        let numbered: Vec<Expr> = columns.chain([lit(place).alias(FILE)]).collect();
        let numbered = LogicalPlanBuilder::from(file).project(numbered).map_err(execute::error)?;
        all = Some(match all {
            Some(all) => numbered.build().and_then(|file| all.union(file)).map_err(execute::error)?,
            None => numbered,
        });
    }
    let all = all.ok_or_else(|| Error::new(Code::Internal, "no file to look into"))?;
    let all = all.alias(OLD).and_then(LogicalPlanBuilder::build).map_err(execute::error)?;
    let touched = join(keys(new, key)?, all, JoinType::RightSemi, (NEW, OLD), key, None)?;
    LogicalPlanBuilder::from(touched)
        .aggregate([column(Some(OLD), FILE)], [count_all()])
        .and_then(LogicalPlanBuilder::build)
        .map_err(execute::error)
}

/// Stored rows whose key is not among the new.
pub(super) fn untouched(new: &Scratch, old: LogicalPlan, key: &[String]) -> Result<LogicalPlan> {
    join(keys(new, key)?, old, JoinType::RightAnti, (NEW, OLD), key, None)
}

/// New rows whose key is stored.
pub(super) fn matched(new: &Scratch, old: LogicalPlan, key: &[String]) -> Result<LogicalPlan> {
    join(keys(new, key)?, old, JoinType::LeftSemi, (NEW, OLD), key, None)
}

fn keys(new: &Scratch, key: &[String]) -> Result<LogicalPlanBuilder> {
    let columns: Vec<Expr> = key.iter().map(|name| column(Some(NEW), name)).collect();
    scan(NEW, new.provider()?)?.project(columns).map_err(execute::error)
}

// The new keys are the left side, which is the one a hash join keeps in memory.
fn join(
    left: LogicalPlanBuilder,
    right: LogicalPlan,
    kind: JoinType,
    names: (&str, &str),
    key: &[String],
    filter: Option<Expr>,
) -> Result<LogicalPlan> {
    let on = |relation: &str| key.iter().map(|name| Column::new(Some(TableReference::bare(relation)), name)).collect::<Vec<_>>();
    left.join_detailed(right, kind, (on(names.0), on(names.1)), filter, NullEquality::NullEqualsNull)
        .and_then(LogicalPlanBuilder::build)
        .map_err(execute::error)
}

/// Stored rows, with the columns given as they are to be afterwards.
pub(super) fn stored(table: Arc<dyn TableProvider>, columns: Vec<(Option<String>, arrow::datatypes::FieldRef)>) -> Result<LogicalPlan> {
    let expressions: Vec<Expr> = columns
        .into_iter()
        .map(|(from, to)| {
            let value = match from {
                Some(from) => column(Some(OLD), &from),
                None => lit(datafusion::common::ScalarValue::Null),
            };
            let value = datafusion::logical_expr::cast(value, to.data_type().clone());
            value.alias_qualified(Some(TableReference::bare(OLD)), to.name())
        })
        .collect();
    scan(OLD, table)?.project(expressions).and_then(LogicalPlanBuilder::build).map_err(execute::error)
}

/// Rows in the table's sort order.
pub(super) fn sorted(plan: LogicalPlan, sort_by: &[String]) -> Result<LogicalPlan> {
    if sort_by.is_empty() {
        return Ok(plan);
    }
    let sorts: Vec<Sort> = sort_by
        .iter()
        .map(|name| {
            let column = plan.schema().columns().into_iter().find(|c| c.name == *name).unwrap_or_else(|| Column::from_name(name));
            Sort::new(Expr::Column(column), true, true)
        })
        .collect();
    LogicalPlanBuilder::from(plan).sort(sorts).and_then(LogicalPlanBuilder::build).map_err(execute::error)
}
