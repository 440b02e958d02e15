//! The few query plans that merging is made of.

use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::{Column, TableReference};
use datafusion::datasource::provider_as_source;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::expr::Sort;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprFunctionExt, LogicalPlan, LogicalPlanBuilder, ScalarFunctionImplementation, Volatility, create_udf, lit,
};
use datafusion::physical_plan::execute_stream;

use super::order::Term;
use super::scratch::Scratch;
use crate::error::{Code, Error, Result};
use crate::execute;
use crate::session::Session;
use crate::tables::normal;

const NEW: &str = "new";
const OLD: &str = "old";
const RANK: &str = "__rat_rank";

pub(super) fn column(relation: Option<&str>, name: &str) -> Expr {
    Expr::Column(Column::new(relation.map(TableReference::bare), name))
}

fn scan(name: &str, table: Arc<dyn TableProvider>) -> Result<LogicalPlanBuilder> {
    LogicalPlanBuilder::scan(TableReference::bare(name), provider_as_source(table), None).map_err(execute::error)
}

/// Runs a plan.
pub(super) async fn run(session: &Session, plan: LogicalPlan) -> Result<SendableRecordBatchStream> {
    let state = session.state();
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
    let partition = precedence.key.iter().map(|name| comparable(rows.schema(), name)).collect::<Result<_>>()?;
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

/// Rows in the order of a key, of which equal ones are neighbours: NULL first.
pub(super) fn in_key_order(plan: LogicalPlan, columns: &Schema, key: &[String]) -> Result<LogicalPlan> {
    let sorts = key.iter().map(|name| Ok(Sort::new(comparable(columns, name)?, true, true))).collect::<Result<Vec<_>>>()?;
    LogicalPlanBuilder::from(plan).sort(sorts).and_then(LogicalPlanBuilder::build).map_err(execute::error)
}

// Values of a key's column, of which equal ones are the same bits: the engine tells -0.0 from 0.0, and one NaN from another.
fn comparable(schema: &Schema, name: &str) -> Result<Expr> {
    let field = schema.field_with_name(name).map_err(|e| Error::new(Code::Internal, "a key without its column").with_source(e))?;
    if !field.data_type().is_floating() {
        return Ok(column(Some(NEW), name));
    }
    let data_type = field.data_type().clone();
    let same: ScalarFunctionImplementation =
        Arc::new(|values| Ok(ColumnarValue::Array(normal(&ColumnarValue::values_to_arrays(values)?[0]))));
    Ok(create_udf("__rat_same", vec![data_type.clone()], data_type, Volatility::Immutable, same).call(vec![column(Some(NEW), name)]))
}

/// The rows as they are.
pub(super) fn all(rows: &Scratch) -> Result<LogicalPlan> {
    scan(NEW, rows.provider()?)?.build().map_err(execute::error)
}

/// Stored rows, with text and bytes as the table's columns have them and not as views.
pub(super) fn stored(table: Arc<dyn TableProvider>, columns: &SchemaRef) -> Result<LogicalPlan> {
    let expressions: Vec<Expr> = columns
        .fields()
        .iter()
        .map(|to| {
            let value = datafusion::logical_expr::cast(column(Some(OLD), to.name()), to.data_type().clone());
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
