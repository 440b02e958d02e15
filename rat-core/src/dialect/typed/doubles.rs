//! Where a DOUBLE or FLOAT meets a DECIMAL, the DECIMAL becomes one. The engine would compare and unite both as decimals, and lose what a
//! decimal cannot hold. Roots, logarithms and angles of a FLOAT are a DOUBLE. What the engine would answer wrongly is refused here, where
//! types are known.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult};
use datafusion::common::{DFSchema, ExprSchema, Result, not_impl_err};
use datafusion::logical_expr::expr::{Between, Case, InList, ScalarFunction};
use datafusion::logical_expr::{BinaryExpr, Cast, Expr, ExprSchemable, Join, LogicalPlan, Operator, Projection, Union};
use datafusion::optimizer::AnalyzerRule;

use super::sets;

/// Runs before the engine's typing.
#[derive(Debug)]
pub(super) struct DoublesWin;

impl AnalyzerRule for DoublesWin {
    fn name(&self) -> &str {
        "doubles_win"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let mut changed = false;
        plan.transform_up_with_subqueries(|plan| node(plan, &mut changed)).data()
    }
}

/// One node, after those below it; `changed` is whether a type has become another one until now.
fn node(plan: LogicalPlan, changed: &mut bool) -> Result<Transformed<LogicalPlan>> {
    let rewritten = super::rewritten(plan, concerns, |expr, schema| {
        refused(&expr, schema)?;
        Ok(united(expr, schema))
    })?;
    let rewritten = rewritten.transform_data(|plan| match plan {
        LogicalPlan::Union(union) => self::union(union),
        LogicalPlan::Join(join) if sets::is_set_operation(&join) => sets::set_operation(join),
        LogicalPlan::Join(join) => keys(join),
        other => Ok(Transformed::no(other)),
    })?;
    *changed |= rewritten.transformed;
    // Nothing but a change of types below makes the schema another one.
    if *changed { rewritten.map_data(LogicalPlan::recompute_schema) } else { Ok(rewritten) }
}

/// Whether it is one of those that are united or refused.
fn concerns(expr: &Expr) -> bool {
    match expr {
        Expr::BinaryExpr(BinaryExpr { op, .. }) => meets(*op),
        Expr::Between(_) | Expr::InList(_) | Expr::Case(_) => true,
        Expr::ScalarFunction(call) => {
            let name = call.func.name();
            UNITING.contains(&name) || OF_DOUBLES.contains(&name) || name == CONCAT
        }
        Expr::AggregateFunction(call) => call.func.name() == QUANTILE,
        _ => false,
    }
}

/// The type that decimals among these become.
pub(super) fn meeting<'a>(types: impl Iterator<Item = &'a DataType> + Clone) -> Option<DataType> {
    if !types.clone().any(DataType::is_decimal) {
        return None;
    }
    let mut floats = types.filter(|t| t.is_floating());
    let first = floats.next()?;
    let double = *first == DataType::Float64 || floats.any(|t| *t == DataType::Float64);
    Some(if double { DataType::Float64 } else { DataType::Float32 })
}

/// What cannot be typed is left for the engine to report.
fn types(exprs: &[&Expr], schema: &DFSchema) -> Option<Vec<DataType>> {
    exprs.iter().map(|expr| expr.get_type(schema).ok()).collect()
}

pub(super) fn cast(expr: Expr, to: &DataType) -> Expr {
    Expr::Cast(Cast::new(Box::new(expr), to.clone()))
}

fn unite(exprs: Vec<&mut Expr>, schema: &DFSchema) -> bool {
    let Some(types) = types(&exprs.iter().map(|expr| &**expr).collect::<Vec<_>>(), schema) else { return false };
    let Some(to) = meeting(types.iter()) else { return false };
    for (expr, of) in exprs.into_iter().zip(&types) {
        if of.is_decimal() {
            *expr = cast(std::mem::take(expr), &to);
        }
    }
    true
}

fn united(mut expr: Expr, schema: &DFSchema) -> Transformed<Expr> {
    let changed = match &mut expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if meets(*op) => unite(vec![left, right], schema),
        Expr::Between(Between { expr, low, high, .. }) => unite(vec![expr, low, high], schema),
        Expr::InList(InList { expr, list, .. }) => {
            let mut all = vec![expr.as_mut()];
            all.extend(list);
            unite(all, schema)
        }
        Expr::Case(Case { expr, when_then_expr, else_expr }) => {
            let (mut compared, mut results) = (Vec::new(), Vec::new());
            for (when, then) in when_then_expr {
                compared.push(when.as_mut());
                results.push(then.as_mut());
            }
            results.extend(else_expr.as_deref_mut());
            let by_value = match expr {
                Some(expr) => {
                    compared.push(expr);
                    unite(compared, schema)
                }
                None => false,
            };
            unite(results, schema) || by_value
        }
        Expr::ScalarFunction(ScalarFunction { func, args }) if UNITING.contains(&func.name()) => unite(args.iter_mut().collect(), schema),
        Expr::ScalarFunction(ScalarFunction { func, args }) if OF_DOUBLES.contains(&func.name()) => {
            let single = |arg: &Expr| arg.get_type(schema).is_ok_and(|t| t == DataType::Float32);
            let mut changed = false;
            for arg in args.iter_mut().filter(|arg| single(arg)) {
                *arg = cast(std::mem::take(arg), &DataType::Float64);
                changed = true;
            }
            changed
        }
        _ => false,
    };
    Transformed::new_transformed(expr, changed)
}

fn refused(expr: &Expr, schema: &DFSchema) -> Result<()> {
    let first = |args: &[Expr], is: fn(&DataType) -> bool| args.first().and_then(|arg| arg.get_type(schema).ok()).is_some_and(|t| is(&t));
    match expr {
        Expr::AggregateFunction(call) if call.func.name() == QUANTILE && first(&call.params.args, DataType::is_decimal) => {
            not_impl_err!("`quantile_cont` of a DECIMAL is not supported: cast to DOUBLE")
        }
        Expr::ScalarFunction(call) if call.func.name() == CONCAT && first(&call.args, DataType::is_nested) => {
            not_impl_err!("`concat` of lists is not supported: write `list_concat`")
        }
        _ => Ok(()),
    }
}

/// Refused of lists.
const CONCAT: &str = "concat";
/// Refused of decimals.
const QUANTILE: &str = "percentile_cont";

/// Functions whose argument is a DOUBLE, and whose answer is one.
const OF_DOUBLES: &[&str] =
    &["acos", "asin", "atan", "cbrt", "cos", "cot", "degrees", "exp", "ln", "log10", "log2", "radians", "sin", "sqrt", "tan"];

/// Functions, by the engine's names, whose arguments are of one type.
const UNITING: &[&str] = &["coalesce", "greatest", "least", "make_array", "nullif", "nvl"];

fn meets(op: Operator) -> bool {
    op.supports_propagation()
        || matches!(
            op,
            Operator::NotEq
                | Operator::IsDistinctFrom
                | Operator::IsNotDistinctFrom
                | Operator::Plus
                | Operator::Minus
                | Operator::Multiply
                | Operator::Modulo
        )
}

fn keys(mut join: Join) -> Result<Transformed<LogicalPlan>> {
    let mut changed = false;
    for (left, right) in &mut join.on {
        let (Ok(l), Ok(r)) = (left.get_type(join.left.schema()), right.get_type(join.right.schema())) else { continue };
        let Some(to) = meeting([&l, &r].into_iter()) else { continue };
        let decimal = if l.is_decimal() { left } else { right };
        *decimal = cast(std::mem::take(decimal), &to);
        changed = true;
    }
    Ok(Transformed::new_transformed(LogicalPlan::Join(join), changed))
}

fn union(union: Union) -> Result<Transformed<LogicalPlan>> {
    let width = union.schema.fields().len();
    let same_width = union.inputs.iter().all(|input| input.schema().fields().len() == width);
    let met = |i: usize| meeting(union.inputs.iter().map(move |input| input.schema().field(i).data_type()).collect::<Vec<_>>().into_iter());
    let wanted: Vec<Option<DataType>> = if same_width { (0..width).map(met).collect() } else { Vec::new() };
    if wanted.iter().all(Option::is_none) {
        return Ok(Transformed::no(LogicalPlan::Union(union)));
    }
    let inputs = union.inputs.into_iter().map(|input| {
        let columns = input.schema().columns().into_iter().zip(&wanted).map(|(column, to)| match to {
            Some(to) if input.schema().field_from_column(&column)?.data_type().is_decimal() => {
                Ok(cast(Expr::Column(column.clone()), to).alias_qualified(column.relation, column.name))
            }
            _ => Ok(Expr::Column(column)),
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        Ok(Arc::new(LogicalPlan::Projection(Projection::try_new(columns, input)?)))
    });
    let union = Union::try_new_with_loose_types(inputs.collect::<Result<Vec<_>>>()?)?;
    Ok(Transformed::yes(LogicalPlan::Union(union)))
}
