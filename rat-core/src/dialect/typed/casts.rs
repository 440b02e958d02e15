//! Casts that round, read or write otherwise, numbers that must not wrap, and orders that do not matter.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult};
use datafusion::common::{DFSchema, Result, not_impl_err};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::type_coercion::binary::BinaryTypeCoercer;
use datafusion::logical_expr::{BinaryExpr, Cast, Expr, ExprSchemable, LogicalPlan, Operator, TryCast};
use datafusion::optimizer::AnalyzerRule;

use crate::dialect::functions::{arithmetic, cast};

/// Aggregates, by the engine's names, whose answer depends on the order of the rows.
const ORDERED: &[&str] = &["array_agg", "first_value", "last_value", "string_agg", "sum"];

/// Puts our functions in the place of the engine's casts and arithmetic where the answers differ. Running it twice changes nothing.
#[derive(Debug)]
pub(super) struct Meaning;

impl AnalyzerRule for Meaning {
    fn name(&self) -> &str {
        "duckdb_meaning"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(|plan| super::rewritten(plan, concerns, meaning)).data()
    }
}

/// Whether it is one of those that may mean something else.
fn concerns(expr: &Expr) -> bool {
    match expr {
        Expr::Cast(_) | Expr::TryCast(_) => true,
        Expr::BinaryExpr(BinaryExpr { op, .. }) => is_arithmetic(*op),
        Expr::AggregateFunction(call) => !call.params.order_by.is_empty(),
        _ => false,
    }
}

fn is_arithmetic(op: Operator) -> bool {
    matches!(op, Operator::Plus | Operator::Minus | Operator::Multiply)
}

fn meaning(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    match expr {
        Expr::Cast(Cast { expr, field }) => {
            let from = expr.get_type(schema)?;
            cast::check(&from, field.data_type())?;
            Ok(match cast::function(&from, field.data_type(), cast::Failure::Error) {
                Some(function) => Transformed::yes(Expr::ScalarFunction(ScalarFunction::new_udf(function, vec![*expr]))),
                None => Transformed::no(Expr::Cast(Cast { expr, field })),
            })
        }
        Expr::TryCast(TryCast { expr, field }) => {
            let from = expr.get_type(schema)?;
            cast::check(&from, field.data_type())?;
            Ok(match cast::function(&from, field.data_type(), cast::Failure::Null) {
                Some(function) => Transformed::yes(Expr::ScalarFunction(ScalarFunction::new_udf(function, vec![*expr]))),
                None => Transformed::no(Expr::TryCast(TryCast { expr, field })),
            })
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_arithmetic(op) => {
            let (l, r) = (left.get_type(schema)?, right.get_type(schema)?);
            let function = if l.is_integer() && l == r {
                match op {
                    Operator::Plus => arithmetic::add(),
                    Operator::Minus => arithmetic::subtract(),
                    _ => arithmetic::multiply(),
                }
            } else if matches!(BinaryTypeCoercer::new(&l, &op, &r).get_result_type(), Ok(DataType::Decimal128(38, _))) {
                // A result of fewer digits was made wide enough.
                match op {
                    Operator::Plus => arithmetic::add_decimals(),
                    Operator::Minus => arithmetic::subtract_decimals(),
                    _ => arithmetic::multiply_decimals(),
                }
            } else {
                return Ok(Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op, right })));
            };
            Ok(Transformed::yes(Expr::ScalarFunction(ScalarFunction::new_udf(function, vec![*left, *right]))))
        }
        Expr::AggregateFunction(call) if call.func.name() == "mode" && !call.params.order_by.is_empty() => {
            not_impl_err!("`mode` with an ORDER BY is not supported: it takes the value that comes first")
        }
        // The engine hands the columns of the order to all of them, and most cannot take them.
        Expr::AggregateFunction(mut call)
            if !call.params.order_by.is_empty()
                && !ORDERED.contains(&call.func.name())
                && !call.func.inner().supports_within_group_clause() =>
        {
            call.params.order_by.clear();
            Ok(Transformed::yes(Expr::AggregateFunction(call)))
        }
        other => Ok(Transformed::no(other)),
    }
}
