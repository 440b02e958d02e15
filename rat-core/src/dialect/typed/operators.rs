//! Operators that are something else in DuckDB, told apart by the types of their sides.

use datafusion::arrow::datatypes::{DataType, IntervalUnit, TimeUnit};
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue, SchemaError, plan_err};
use datafusion::functions_nested::concat::array_concat_udf;
use datafusion::functions_nested::make_array::make_array;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr, RawFieldAccessExpr};
use datafusion::logical_expr::{BinaryExpr, Cast, Expr, ExprSchemable, GetFieldAccess, Operator, ScalarUDF, when};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use crate::dialect::functions::{arithmetic, dates, intervals, json, maps, regexp, strings};

/// Plans binary operators before the engine's own planners see them.
#[derive(Debug)]
pub(in crate::dialect) struct Operators;

impl ExprPlanner for Operators {
    fn plan_binary_op(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        // Whatever its sides are, and the type of a long chain is that of all its parts.
        if matches!(expr.op, BinaryOperator::And | BinaryOperator::Or) {
            return Ok(PlannerResult::Original(expr));
        }
        let (left, right) = (type_of(&expr.left, schema)?, type_of(&expr.right, schema)?);
        plan(expr, &left, &right)
    }

    /// `'abc'[2]` and `'abc'[1:2]` are of characters.
    fn plan_field_access(&self, raw: RawFieldAccessExpr, schema: &DFSchema) -> Result<PlannerResult<RawFieldAccessExpr>> {
        if !matches!(type_of(&raw.expr, schema)?, DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8) {
            return Ok(PlannerResult::Original(raw));
        }
        let Some(slice) = strings::named("text_slice") else { return Ok(PlannerResult::Original(raw)) };
        Ok(match raw.field_access {
            GetFieldAccess::ListIndex { key } => PlannerResult::Planned(call(slice, vec![raw.expr, (*key).clone(), *key])),
            GetFieldAccess::ListRange { start, stop, .. } => PlannerResult::Planned(call(slice, vec![raw.expr, *start, *stop])),
            field_access => PlannerResult::Original(RawFieldAccessExpr { field_access, expr: raw.expr }),
        })
    }

    fn plan_substring(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        Ok(match strings::named("substring") {
            Some(substring) => PlannerResult::Planned(call(substring, args)),
            None => PlannerResult::Original(args),
        })
    }

    fn plan_make_map(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        if args.len() % 2 == 1 {
            return plan_err!("`map` takes keys and their values, {} given", args.len());
        }
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        for (i, arg) in args.into_iter().enumerate() {
            if i % 2 == 0 { keys.push(arg) } else { values.push(arg) }
        }
        Ok(PlannerResult::Planned(call(maps::map(), vec![make_array(keys), make_array(values)])))
    }

    fn plan_extract(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        Ok(PlannerResult::Planned(call(dates::date_part(), args)))
    }
}

/// A column that does not exist is left for the planner to report: it knows the place, which aliases are found by.
fn type_of(expr: &Expr, schema: &DFSchema) -> Result<DataType> {
    match expr.get_type(schema) {
        Err(error) => match error.find_root() {
            DataFusionError::SchemaError(missing, _) if matches!(**missing, SchemaError::FieldNotFound { .. }) => Ok(DataType::Null),
            _ => Err(error),
        },
        known => known,
    }
}

fn plan(expr: RawBinaryExpr, left: &DataType, right: &DataType) -> Result<PlannerResult<RawBinaryExpr>> {
    let RawBinaryExpr { op, left: l, right: r } = expr;
    let days = is_date(left) && is_integer(right);
    let planned = match op {
        BinaryOperator::Divide if is_interval(left) => call(intervals::divide(), vec![l, double(r)]),
        // `7 / 2` is 3.5, and dividing by zero follows IEEE 754.
        BinaryOperator::Divide if is_single(left, right) => binary(single(l), Operator::Divide, single(r)),
        BinaryOperator::Divide => binary(double(l), Operator::Divide, double(r)),
        // Of whole numbers and decimals `//` and `%` by zero are an error, and so is `//` of doubles.
        BinaryOperator::DuckIntegerDivide if is_integer(left) && is_integer(right) => binary(l, Operator::Divide, r),
        BinaryOperator::DuckIntegerDivide if is_single(left, right) => single(call(arithmetic::divide(), vec![double(l), double(r)])),
        BinaryOperator::DuckIntegerDivide => call(arithmetic::divide(), vec![double(l), double(r)]),
        BinaryOperator::PGBitwiseShiftLeft if is_integer(left) && is_integer(right) => call(arithmetic::shift_left(), vec![l, r]),
        BinaryOperator::PGExp | BinaryOperator::BitwiseXor => call(arithmetic::power(), vec![double(l), double(r)]),
        BinaryOperator::Plus if days => call(dates::add_days(), vec![l, r]),
        BinaryOperator::Plus if is_integer(left) && is_date(right) => call(dates::add_days(), vec![r, l]),
        BinaryOperator::Minus if days => call(dates::add_days(), vec![l, Expr::Negative(Box::new(cast(r, DataType::Int64)))]),
        BinaryOperator::Minus if is_date(left) && is_date(right) => call(dates::days_between(), vec![r, l]),
        BinaryOperator::Minus if is_moment(left) && is_moment(right) => call(dates::elapsed(), vec![r, l]),
        // A date moved by an interval is a timestamp.
        BinaryOperator::Plus if is_date(left) && is_interval(right) => binary(timestamp(l), Operator::Plus, r),
        BinaryOperator::Plus if is_interval(left) && is_date(right) => binary(timestamp(r), Operator::Plus, l),
        BinaryOperator::Minus if is_date(left) && is_interval(right) => binary(timestamp(l), Operator::Minus, r),
        BinaryOperator::Plus if is_interval(left) && is_moment(right) => binary(r, Operator::Plus, l),
        BinaryOperator::Multiply if is_interval(left) && !is_interval(right) => call(intervals::multiply(), vec![l, double(r)]),
        BinaryOperator::Multiply if is_interval(right) && !is_interval(left) => call(intervals::multiply(), vec![r, double(l)]),
        // A month is 30 days when intervals are compared.
        BinaryOperator::Eq if is_interval(left) && is_interval(right) => binary(length(l), Operator::Eq, length(r)),
        BinaryOperator::NotEq if is_interval(left) && is_interval(right) => binary(length(l), Operator::NotEq, length(r)),
        BinaryOperator::Lt if is_interval(left) && is_interval(right) => binary(length(l), Operator::Lt, length(r)),
        BinaryOperator::LtEq if is_interval(left) && is_interval(right) => binary(length(l), Operator::LtEq, length(r)),
        BinaryOperator::Gt if is_interval(left) && is_interval(right) => binary(length(l), Operator::Gt, length(r)),
        BinaryOperator::GtEq if is_interval(left) && is_interval(right) => binary(length(l), Operator::GtEq, length(r)),
        // Lists with NULL are NULL; the engine would take it for an empty list.
        BinaryOperator::StringConcat if is_list(left) && (is_list(right) || right.is_null()) => {
            let known = l.clone().is_not_null().and(r.clone().is_not_null());
            let joined = call(array_concat_udf(), vec![l, r]);
            if right.is_null() { null_of(left)? } else { when(known, joined).end()? }
        }
        BinaryOperator::StringConcat if !is_list(left) && !is_list(right) => binary(text(l, left), Operator::StringConcat, text(r, right)),
        BinaryOperator::PGRegexMatch => call(regexp::matches(), vec![l, r]),
        BinaryOperator::PGRegexNotMatch => Expr::Not(Box::new(call(regexp::matches(), vec![l, r]))),
        BinaryOperator::Arrow => call(json::extract(), vec![l, r]),
        BinaryOperator::LongArrow => call(json::extract_string(), vec![l, r]),
        op => return Ok(PlannerResult::Original(RawBinaryExpr { op, left: l, right: r })),
    };
    Ok(PlannerResult::Planned(planned))
}

fn call(function: std::sync::Arc<ScalarUDF>, args: Vec<Expr>) -> Expr {
    Expr::ScalarFunction(ScalarFunction::new_udf(function, args))
}

fn binary(left: Expr, op: Operator, right: Expr) -> Expr {
    Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right)))
}

fn cast(expr: Expr, to: DataType) -> Expr {
    Expr::Cast(Cast::new(Box::new(expr), to))
}

fn double(expr: Expr) -> Expr {
    cast(expr, DataType::Float64)
}

/// A FLOAT with any number that is no DOUBLE stays one.
fn is_single(left: &DataType, right: &DataType) -> bool {
    let meets = |a: &DataType, b: &DataType| *a == DataType::Float32 && b.is_numeric() && *b != DataType::Float64;
    meets(left, right) || meets(right, left)
}

fn single(expr: Expr) -> Expr {
    cast(expr, DataType::Float32)
}

fn timestamp(expr: Expr) -> Expr {
    cast(expr, DataType::Timestamp(TimeUnit::Microsecond, None))
}

fn length(expr: Expr) -> Expr {
    call(intervals::length(), vec![expr])
}

fn text(expr: Expr, data_type: &DataType) -> Expr {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null | DataType::Binary | DataType::BinaryView => expr,
        _ => cast(expr, DataType::Utf8View),
    }
}

fn null_of(data_type: &DataType) -> Result<Expr> {
    Ok(Expr::Literal(ScalarValue::try_from(data_type)?, None))
}

fn is_integer(data_type: &DataType) -> bool {
    data_type.is_integer()
}

fn is_date(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Date32)
}

fn is_moment(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Timestamp(..) | DataType::Date32)
}

fn is_interval(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Interval(IntervalUnit::MonthDayNano))
}

fn is_list(data_type: &DataType) -> bool {
    matches!(data_type, DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..))
}
