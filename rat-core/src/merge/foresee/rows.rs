//! What is known of a query's rows before it runs: how many there can be, and between which values each column lies.
//!
//! Every answer is a limit that holds whatever the data is, never an estimate: the optimizer's guesses of selectivity have no place here.
//! What a node does that is not listed is not known.

use std::collections::BTreeMap;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Column, ScalarValue};
use datafusion::datasource::source_as_provider;
use datafusion::execution::SessionState;
use datafusion::logical_expr::expr_rewriter::unnormalize_cols;
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{BinaryExpr, Distinct, Expr, FetchType, JoinType, LogicalPlan, Operator, SkipType, TableScan};
use futures::future::BoxFuture;

use crate::error::Result;
use crate::execute;
use crate::files::FilesTable;
use crate::session::Session;
use crate::tables::{KeyRange, Scan};

/// Rows that a plan gives.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    /// There are not fewer.
    pub least: u64,
    /// There are not more; `None` when nothing is known.
    pub most: Option<u64>,
    /// What is known of each column, in the order of the plan's.
    pub columns: Vec<KeyRange>,
}

impl Expected {
    /// Nothing is known.
    pub(super) fn unknown(columns: usize) -> Self {
        Self { least: 0, most: None, columns: vec![KeyRange::default(); columns] }
    }

    fn capped(mut self, fetch: Option<usize>) -> Self {
        if let Some(fetch) = fetch.and_then(|fetch| u64::try_from(fetch).ok()) {
            self.most = Some(self.most.map_or(fetch, |most| most.min(fetch)));
            self.least = self.least.min(fetch);
        }
        self
    }
}

/// What is known of the rows that a query gives, from manifests and the query itself.
pub(super) async fn expected(session: &Session, query: &LogicalPlan) -> Result<Expected> {
    let state = session.state();
    // A filter finds its way into the scan it is about only when the plan is optimised.
    let plan = state.optimize(query).map_err(execute::error)?;
    let known = of(&state, &plan).await?;
    Ok(match known.columns.len() == query.schema().fields().len() {
        true => known,
        false => Expected::unknown(query.schema().fields().len()),
    })
}

fn of<'a>(state: &'a SessionState, plan: &'a LogicalPlan) -> BoxFuture<'a, Result<Expected>> {
    Box::pin(async move {
        let width = plan.schema().fields().len();
        Ok(match plan {
            LogicalPlan::TableScan(scan) => of_scan(state, scan).await?,
            LogicalPlan::Filter(filter) => {
                let input = of(state, &filter.input).await?;
                filtered(input, &filter.predicate, &filter.input)
            }
            LogicalPlan::Projection(projection) => {
                let input = of(state, &projection.input).await?;
                let columns = projection.expr.iter().map(|expr| range_of(expr, &projection.input, &input.columns)).collect();
                Expected { columns, ..input }
            }
            LogicalPlan::SubqueryAlias(alias) => of(state, &alias.input).await?,
            LogicalPlan::Repartition(repartition) => of(state, &repartition.input).await?,
            LogicalPlan::Sort(sort) => of(state, &sort.input).await?.capped(sort.fetch),
            LogicalPlan::Limit(limit) => {
                let input = of(state, &limit.input).await?;
                let skipped = match limit.get_skip_type().map_err(execute::error)? {
                    SkipType::Literal(skip) => skip as u64,
                    SkipType::UnsupportedExpr => return Ok(Expected { least: 0, ..input }),
                };
                let rest = Expected {
                    least: input.least.saturating_sub(skipped),
                    most: input.most.map(|most| most.saturating_sub(skipped)),
                    ..input
                };
                match limit.get_fetch_type().map_err(execute::error)? {
                    FetchType::Literal(fetch) => rest.capped(fetch),
                    FetchType::UnsupportedExpr => Expected { least: 0, ..rest },
                }
            }
            LogicalPlan::Window(window) => {
                let mut input = of(state, &window.input).await?;
                input.columns.resize_with(width, KeyRange::default);
                input
            }
            LogicalPlan::Aggregate(aggregate) => {
                let input = of(state, &aggregate.input).await?;
                let sets = aggregate.group_expr.iter().any(|expr| matches!(expr, Expr::GroupingSet(_)));
                if sets {
                    return Ok(Expected::unknown(width));
                }
                let mut columns: Vec<KeyRange> =
                    aggregate.group_expr.iter().map(|expr| range_of(expr, &aggregate.input, &input.columns)).collect();
                columns.resize_with(width, KeyRange::default);
                match aggregate.group_expr.is_empty() {
                    true => Expected { least: 1, most: Some(1), columns },
                    false => Expected { least: input.least.min(1), most: input.most, columns },
                }
            }
            LogicalPlan::Distinct(Distinct::All(input)) => {
                let input = of(state, input).await?;
                Expected { least: input.least.min(1), ..input }
            }
            LogicalPlan::Union(union) => {
                let mut all: Option<Expected> = None;
                for input in &union.inputs {
                    let one = of(state, input).await?;
                    all = Some(match all {
                        None => one,
                        Some(all) => Expected {
                            least: all.least.saturating_add(one.least),
                            most: all.most.zip(one.most).and_then(|(a, b)| a.checked_add(b)),
                            columns: all.columns.into_iter().zip(one.columns).map(|(a, b)| a.or(b)).collect(),
                        },
                    });
                }
                all.unwrap_or_else(|| Expected::unknown(width))
            }
            LogicalPlan::Join(join) => joined(join.join_type, of(state, &join.left).await?, of(state, &join.right).await?, width),
            LogicalPlan::EmptyRelation(empty) => {
                let rows = u64::from(empty.produce_one_row);
                Expected { least: rows, most: Some(rows), columns: vec![KeyRange::default(); width] }
            }
            LogicalPlan::Values(values) => {
                let rows = values.values.len() as u64;
                let column = |index: usize| {
                    let cells = values.values.iter().map(|row| range_of(&row[index], plan, &[]));
                    cells.reduce(KeyRange::or).unwrap_or_default()
                };
                Expected { least: rows, most: Some(rows), columns: (0..width).map(column).collect() }
            }
            _ => Expected::unknown(width),
        })
    })
}

async fn of_scan(state: &SessionState, scan: &TableScan) -> Result<Expected> {
    let width = scan.projected_schema.fields().len();
    let Ok(provider) = source_as_provider(&scan.source) else { return Ok(Expected::unknown(width)) };
    let known = if let Some(stored) = Scan::of(provider.as_ref()) {
        let filters = unnormalize_cols(scan.filters.iter().cloned());
        let files = stored.passing(state, &filters).await?;
        let held: u64 = files.iter().map(crate::tables::ScanFile::rows).sum();
        let exact = match (scan.filters.is_empty(), files.iter().any(crate::tables::ScanFile::has_deletes)) {
            (true, false) => Some(held),
            (true, true) => stored.row_count(),
            (false, _) => None,
        };
        let columns = scan.projected_schema.fields().iter().map(|field| stored.range(&files, field.name())).collect();
        Expected { least: exact.unwrap_or(0), most: Some(exact.unwrap_or(held)), columns }
    } else if let Some(landed) = (provider.as_ref() as &dyn std::any::Any).downcast_ref::<FilesTable>() {
        let (least, most) = landed.rows().await?;
        Expected { least, most, ..Expected::unknown(width) }
    } else {
        Expected::unknown(width)
    };
    Ok(known.capped(scan.fetch))
}

fn joined(kind: JoinType, left: Expected, right: Expected, width: usize) -> Expected {
    let outer = |columns: Vec<KeyRange>, may_be_absent: bool| -> Vec<KeyRange> {
        columns.into_iter().map(|range| KeyRange { may_be_null: range.may_be_null || may_be_absent, ..range }).collect()
    };
    let (absent_left, absent_right) = match kind {
        JoinType::Left => (false, true),
        JoinType::Right => (true, false),
        JoinType::Full => (true, true),
        _ => (false, false),
    };
    // Where both sides may have many rows, their product is a limit that says nothing.
    let pairs = match (left.most, right.most) {
        (Some(0), _) | (_, Some(0)) => Some(0),
        (Some(most), Some(1)) | (Some(1), Some(most)) => Some(most),
        _ => None,
    };
    let at_least = |pairs: Option<u64>, rows: Option<u64>| pairs.zip(rows).map(|(pairs, rows)| pairs.max(rows));
    match kind {
        JoinType::LeftSemi | JoinType::LeftAnti => Expected { least: 0, ..left },
        JoinType::RightSemi | JoinType::RightAnti => Expected { least: 0, ..right },
        JoinType::LeftMark | JoinType::RightMark => {
            let mut kept = if kind == JoinType::LeftMark { left } else { right };
            kept.columns.resize_with(width, KeyRange::default);
            kept
        }
        JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full => {
            let (least, most) = match kind {
                JoinType::Left => (left.least, at_least(pairs, left.most)),
                JoinType::Right => (right.least, at_least(pairs, right.most)),
                JoinType::Full => (
                    left.least.max(right.least),
                    pairs.zip(left.most).zip(right.most).map(|((pairs, l), r)| pairs.saturating_add(l).saturating_add(r)),
                ),
                _ => (0, pairs),
            };
            let columns = outer(left.columns, absent_left).into_iter().chain(outer(right.columns, absent_right)).collect();
            Expected { least, most, columns }
        }
    }
}

/// The rows that pass.
fn filtered(input: Expected, predicate: &Expr, plan: &LogicalPlan) -> Expected {
    let mut columns = input.columns;
    for term in split_conjunction(predicate) {
        if let Some((column, range)) = limit(term)
            && let Some(index) = plan.schema().maybe_index_of_column(column)
            && let Some(known) = columns.get_mut(index)
        {
            // The literal is of the column's type when the optimizer is done; where it is not, it says nothing.
            *known = known.clone().within(range.of_type(plan.schema().field(index).data_type()));
        }
    }
    Expected { least: 0, most: input.most, columns }
}

/// What a condition says of a column.
fn limit(term: &Expr) -> Option<(&Column, KeyRange)> {
    let not_null = KeyRange { min: None, max: None, may_be_null: false };
    let from_to =
        |min: Option<&ScalarValue>, max: Option<&ScalarValue>| KeyRange { min: min.cloned(), max: max.cloned(), ..not_null.clone() };
    match term {
        Expr::IsNotNull(of) => column(of).map(|column| (column, not_null)),
        Expr::Between(between) if !between.negated => {
            Some((column(&between.expr)?, from_to(literal(&between.low), literal(&between.high))))
        }
        Expr::InList(list) if !list.negated && !list.list.is_empty() => {
            let values = list.list.iter().map(literal).collect::<Option<Vec<_>>>()?;
            let ranges = values.into_iter().map(|value| from_to(Some(value), Some(value)));
            Some((column(&list.expr)?, ranges.reduce(KeyRange::or)?))
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            let (column, op, value) = match (column(left), literal(right), column(right), literal(left)) {
                (Some(column), Some(value), ..) => (column, *op, value),
                (_, _, Some(column), Some(value)) => (column, op.swap()?, value),
                _ => return None,
            };
            match op {
                Operator::Eq => Some((column, from_to(Some(value), Some(value)))),
                Operator::Gt | Operator::GtEq => Some((column, from_to(Some(value), None))),
                Operator::Lt | Operator::LtEq => Some((column, from_to(None, Some(value)))),
                _ => None,
            }
        }
        _ => None,
    }
}

fn column(expr: &Expr) -> Option<&Column> {
    match expr {
        Expr::Column(column) => Some(column),
        _ => None,
    }
}

fn literal(expr: &Expr) -> Option<&ScalarValue> {
    match expr {
        Expr::Literal(value, _) if !value.is_null() => Some(value),
        _ => None,
    }
}

/// What is known of an expression's value, from what is known of the columns below it.
fn range_of(expr: &Expr, below: &LogicalPlan, columns: &[KeyRange]) -> KeyRange {
    match expr {
        Expr::Alias(alias) => range_of(&alias.expr, below, columns),
        Expr::Column(column) => {
            below.schema().maybe_index_of_column(column).and_then(|index| columns.get(index)).cloned().unwrap_or_default()
        }
        Expr::Literal(value, _) => KeyRange::only(value.clone()),
        Expr::Cast(cast) => cast_range(&cast.expr, cast.field.data_type(), below, columns),
        _ => KeyRange::default(),
    }
}

fn cast_range(expr: &Expr, to: &DataType, below: &LogicalPlan, columns: &[KeyRange]) -> KeyRange {
    use datafusion::logical_expr::ExprSchemable;
    match expr.get_type(below.schema().as_ref()) {
        Ok(from) if keeps_order(&from, to) => range_of(expr, below, columns).of_type(to),
        _ => KeyRange::default(),
    }
}

/// Whether a greater value of one type is never a lesser one of the other.
fn keeps_order(from: &DataType, to: &DataType) -> bool {
    use DataType::*;
    let is_text = |of: &DataType| matches!(of, Utf8 | LargeUtf8 | Utf8View);
    let is_bytes = |of: &DataType| matches!(of, Binary | LargeBinary | BinaryView);
    let is_time = |of: &DataType| matches!(of, Date32 | Timestamp(..));
    from == to
        || (from.is_integer() && to.is_integer())
        || (is_text(from) && is_text(to))
        || (is_bytes(from) && is_bytes(to))
        || (is_time(from) && matches!(to, Timestamp(..)))
}

/// The ranges of the query's columns by name, as the merge asks for them.
pub(super) fn by_name(query: &LogicalPlan, known: &Expected) -> BTreeMap<String, KeyRange> {
    query.schema().fields().iter().map(|field| field.name().to_lowercase()).zip(known.columns.iter().cloned()).collect()
}
