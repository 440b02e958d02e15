//! Subqueries of FROM that make rows of each row beside them: `FROM orders, unnest(items) AS item`.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{Column, DFSchema, JoinType, Result, ScalarValue, not_impl_err};
use datafusion::functions_nested::expr_fn::array_empty;
use datafusion::logical_expr::logical_plan::builder::unnest_with_options;
use datafusion::logical_expr::{EmptyRelation, Expr, Filter, Join, LogicalPlan, Projection, Subquery, SubqueryAlias, Unnest, lit, when};
use datafusion::optimizer::decorrelate_lateral_join::DecorrelateLateralJoin;
use datafusion::optimizer::{AnalyzerRule, OptimizerContext, OptimizerRule};
use datafusion::sql::TableReference;

/// The engine joins the row to a subquery that filters or aggregates tables by it. One that reads no table is made a projection of the row
/// here, and what neither can do is refused while the plan is made.
#[derive(Debug)]
pub(super) struct Laterals;

impl AnalyzerRule for Laterals {
    fn name(&self) -> &str {
        "laterals"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(|plan| match plan {
            LogicalPlan::Join(join) => beside(join),
            other => Ok(Transformed::no(other)),
        })
        .data()
    }
}

fn beside(join: Join) -> Result<Transformed<LogicalPlan>> {
    let (subquery, alias) = match join.right.as_ref() {
        LogicalPlan::Subquery(subquery) => (subquery, None),
        LogicalPlan::SubqueryAlias(SubqueryAlias { input, alias, .. }) if let LogicalPlan::Subquery(subquery) = input.as_ref() => {
            (subquery, Some(alias))
        }
        _ => return Ok(Transformed::no(LogicalPlan::Join(join))),
    };
    if !sees(subquery, join.left.schema()) {
        // What it sees is further out.
        let right = wrapped(subquery.subquery.as_ref().clone(), alias)?;
        return Ok(Transformed::yes(LogicalPlan::Join(Join { right: Arc::new(right), ..join })));
    }
    let padded = join.join_type == JoinType::Left;
    let always = join.on.is_empty() && join.filter.as_ref().is_none_or(|on| *on == lit(true));
    if matches!(join.join_type, JoinType::Inner | JoinType::Left) && (always || !padded) && is_of_the_row(&subquery.subquery, padded) {
        return Ok(Transformed::yes(of_each_row(&join, &subquery.subquery, padded)?));
    }
    let joined = DecorrelateLateralJoin::new().rewrite(LogicalPlan::Join(join.clone()), &OptimizerContext::new())?;
    if !joined.transformed {
        return not_impl_err!("a subquery in FROM that sees the row beside it may unnest, filter or aggregate, and no more");
    }
    Ok(Transformed::no(LogicalPlan::Join(join)))
}

fn sees(subquery: &Subquery, outer: &DFSchema) -> bool {
    subquery.outer_ref_columns.iter().any(|expr| matches!(expr, Expr::OuterReferenceColumn(_, column) if outer.has_column(column)))
}

fn wrapped(plan: LogicalPlan, alias: Option<&TableReference>) -> Result<LogicalPlan> {
    match alias {
        Some(alias) => SubqueryAlias::try_new(Arc::new(plan), alias.clone()).map(LogicalPlan::SubqueryAlias),
        None => Ok(plan),
    }
}

/// Whether it reads nothing but the row. Padded, a row that makes none is kept, which one `unnest` can tell and a filter cannot.
fn is_of_the_row(plan: &LogicalPlan, padded: bool) -> bool {
    let has_subquery = |expr: &Expr| {
        let is_subquery = |expr: &Expr| matches!(expr, Expr::ScalarSubquery(_) | Expr::InSubquery(_) | Expr::Exists(_));
        expr.exists(|expr| Ok(is_subquery(expr))).unwrap_or(true)
    };
    match plan {
        LogicalPlan::EmptyRelation(EmptyRelation { produce_one_row, .. }) => *produce_one_row,
        LogicalPlan::Projection(projection) => !projection.expr.iter().any(has_subquery) && is_of_the_row(&projection.input, padded),
        LogicalPlan::SubqueryAlias(alias) => is_of_the_row(&alias.input, padded),
        LogicalPlan::Filter(filter) => !padded && !has_subquery(&filter.predicate) && is_of_the_row(&filter.input, padded),
        LogicalPlan::Unnest(unnest) => !(padded && unnests(&unnest.input)) && is_of_the_row(&unnest.input, padded),
        _ => false,
    }
}

fn unnests(plan: &LogicalPlan) -> bool {
    plan.exists(|plan| Ok(matches!(plan, LogicalPlan::Unnest(_)))).unwrap_or(true)
}

/// The subquery with the row in the place of nothing, and what the join keeps of both.
fn of_each_row(join: &Join, subquery: &LogicalPlan, padded: bool) -> Result<LogicalPlan> {
    let outer = join.left.schema();
    let carried = outer.columns().into_iter().enumerate().map(|(i, column)| Expr::Column(column).alias(carried_name(i))).collect();
    let row = LogicalPlan::Projection(Projection::try_new(carried, Arc::clone(&join.left))?);
    let made = Row { outer, padded }.in_the_place_of_nothing(subquery, row)?;
    let is_padded = made.schema().has_column_with_unqualified_name(PADDED);
    let values = (0..outer.fields().len()).map(|i| Ok(Expr::Column(Column::from_name(carried_name(i)))));
    let values = values.chain(subquery.schema().columns().into_iter().map(|column| match is_padded {
        true => when(Expr::Column(Column::from_name(PADDED)), lit(ScalarValue::Null)).otherwise(Expr::Column(column)),
        false => Ok(Expr::Column(column)),
    }));
    let named = values.zip(join.schema.iter()).map(|(value, (of, field))| Ok(value?.alias_qualified(of.cloned(), field.name())));
    let mut plan =
        LogicalPlan::Projection(Projection::try_new_with_schema(named.collect::<Result<_>>()?, Arc::new(made), Arc::clone(&join.schema))?);
    let on = join.on.iter().map(|(left, right)| left.clone().eq(right.clone()));
    for condition in on.chain(join.filter.clone()).filter(|condition| *condition != lit(true)) {
        plan = LogicalPlan::Filter(Filter::try_new(condition, Arc::new(plan))?);
    }
    Ok(plan)
}

/// Whether the row made none.
const PADDED: &str = "row is padded";

/// A column of the row, under a name that nothing else has on its way through the subquery.
fn carried_name(column: usize) -> String {
    format!("column {column} of the row")
}

struct Row<'a> {
    outer: &'a DFSchema,
    padded: bool,
}

impl Row<'_> {
    fn in_the_place_of_nothing(&self, plan: &LogicalPlan, row: LogicalPlan) -> Result<LogicalPlan> {
        match plan {
            LogicalPlan::Projection(projection) => {
                let input = self.in_the_place_of_nothing(&projection.input, row)?;
                let named = projection.expr.iter().zip(projection.schema.iter());
                let named = named.map(|(expr, (of, field))| Ok(self.seen(expr)?.alias_qualified(of.cloned(), field.name())));
                self.project(input, named.collect::<Result<_>>()?)
            }
            LogicalPlan::SubqueryAlias(SubqueryAlias { input: named, alias, .. }) => {
                let input = self.in_the_place_of_nothing(named, row)?;
                let columns = named.schema().columns().into_iter();
                let renamed = columns.map(|column| {
                    let name = column.name.clone();
                    Expr::Column(column).alias_qualified(Some(alias.clone()), name)
                });
                self.project(input, renamed.collect())
            }
            LogicalPlan::Filter(filter) => {
                let input = self.in_the_place_of_nothing(&filter.input, row)?;
                Ok(LogicalPlan::Filter(Filter::try_new(self.seen(&filter.predicate)?, Arc::new(input))?))
            }
            LogicalPlan::Unnest(unnest) => {
                let input = self.in_the_place_of_nothing(&unnest.input, row)?;
                self.unnest(unnest, input)
            }
            _ => Ok(row),
        }
    }

    fn project(&self, input: LogicalPlan, mut own: Vec<Expr>) -> Result<LogicalPlan> {
        let mut names: Vec<String> = (0..self.outer.fields().len()).map(carried_name).collect();
        if input.schema().has_column_with_unqualified_name(PADDED) {
            names.push(PADDED.to_owned());
        }
        own.extend(names.into_iter().map(|name| Expr::Column(Column::from_name(name))));
        Ok(LogicalPlan::Projection(Projection::try_new(own, Arc::new(input))?))
    }

    fn unnest(&self, unnest: &Unnest, input: LogicalPlan) -> Result<LogicalPlan> {
        let mut options = unnest.options.clone();
        let lists: Vec<Column> =
            unnest.list_type_columns.iter().map(|(i, _)| Column::from(unnest.input.schema().qualified_field(*i))).collect();
        if !self.padded || lists.is_empty() {
            return unnest_with_options(input, unnest.exec_columns.clone(), options);
        }
        // A list without elements is kept as NULL is.
        options.preserve_nulls = true;
        let is_empty = |list: &Column| array_empty(Expr::Column(list.clone()));
        let makes_none = lists.iter().map(|list| Expr::Column(list.clone()).is_null().or(is_empty(list))).reduce(Expr::and);
        let kept = input.schema().columns().into_iter().map(|column| match lists.contains(&column) {
            true => {
                let (of, name) = (column.relation.clone(), column.name.clone());
                let null = when(is_empty(&column), lit(ScalarValue::Null)).otherwise(Expr::Column(column))?;
                Ok(null.alias_qualified(of, name))
            }
            false => Ok(Expr::Column(column)),
        });
        let mut kept = kept.collect::<Result<Vec<_>>>()?;
        kept.extend(makes_none.map(|none| none.alias(PADDED)));
        let input = LogicalPlan::Projection(Projection::try_new(kept, Arc::new(input))?);
        unnest_with_options(input, unnest.exec_columns.clone(), options)
    }

    /// What the subquery saw of the row is a column like any other now.
    fn seen(&self, expr: &Expr) -> Result<Expr> {
        let seen = expr.clone().transform_up(|expr| match expr {
            Expr::OuterReferenceColumn(_, column) if let Some(i) = self.outer.maybe_index_of_column(&column) => {
                Ok(Transformed::yes(Expr::Column(Column::from_name(carried_name(i)))))
            }
            other => Ok(Transformed::no(other)),
        });
        seen.data()
    }
}
