//! Calls of functions that are another expression to the engine.

use std::collections::HashSet;
use std::sync::LazyLock;

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    AccessExpr, BinaryOperator, CaseWhen, DateTimeField, DictionaryField, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArgumentClause, FunctionArgumentList, FunctionArguments, Ident, Interval, NullTreatment, ObjectName, ObjectNamePart,
    OrderByExpr, OrderByOptions, Subscript, UnaryOperator, Value, ValueWithSpan,
};

use super::{Rewriter, arrows, lambdas};
use crate::error::Code;

/// DuckDB's other names of the engine's aggregates.
const RENAMED: &[(&str, &str)] = &[
    ("apply", "array_transform"),
    ("approx_count_distinct", "approx_distinct"),
    ("arbitrary", "first_value"),
    ("array_apply", "array_transform"),
    ("filter", "array_filter"),
    ("first", "first_value"),
    ("group_concat", "string_agg"),
    ("last", "last_value"),
    ("list", "array_agg"),
    ("list_apply", "array_transform"),
    ("list_filter", "array_filter"),
    ("list_transform", "array_transform"),
    ("listagg", "string_agg"),
    ("mean", "avg"),
    ("quantile_cont", "percentile_cont"),
    ("stddev_samp", "stddev"),
    ("var_samp", "var"),
    ("variance", "var"),
];

/// DuckDB's names, each with the engine's.
pub(in crate::dialect) fn renamed() -> impl Iterator<Item = (&'static str, &'static str)> {
    RENAMED.iter().copied()
}

/// DuckDB's functions that are neither kept, nor ours, nor written otherwise here.
pub(in crate::dialect) fn missing() -> impl Iterator<Item = &'static str> {
    include_str!("missing.txt").lines()
}

/// How many arguments those functions take that are rewritten by them, or that the engine calls without having counted.
const ARGUMENTS: &[(&str, usize)] = &[
    ("any_value", 1),
    ("approx_distinct", 1),
    ("arg_max", 2),
    ("arg_min", 2),
    ("argmax", 2),
    ("argmin", 2),
    ("count_if", 1),
    ("countif", 1),
    ("first_value", 1),
    ("last_value", 1),
    ("max_by", 2),
    ("min_by", 2),
    ("mod", 2),
    ("nth_value", 2),
];

pub(super) fn expr(rewriter: &mut Rewriter<'_>, expr: &mut Expr) {
    match expr {
        Expr::Function(function) => {
            if let [ObjectNamePart::Identifier(name)] = function.name.0.as_mut_slice() {
                name.value.make_ascii_lowercase();
                name.quote_style = None;
                if let Some((_, engine)) = RENAMED.iter().find(|(duckdb, _)| *duckdb == name.value) {
                    name.value = (*engine).to_owned();
                }
            }
            if let Some(other) = call(rewriter, function) {
                *expr = other;
            }
        }
        Expr::Lambda(lambda) => lambdas::lambda(rewriter, lambda),
        Expr::BinaryOp { op: BinaryOperator::Arrow, .. } => arrows::turned(expr),
        Expr::Interval(interval) => {
            if let Some(call) = computed_interval(interval) {
                *expr = call;
            }
        }
        Expr::Extract { field, expr: of, .. } if field.to_string().eq_ignore_ascii_case("epoch") => {
            *expr = named_call("epoch", vec![(**of).clone()])
        }
        Expr::CompoundFieldAccess { root, access_chain } => {
            qualified(root, access_chain);
            access_chain.iter_mut().for_each(bounded);
            access_chain.iter_mut().for_each(field_by_text);
        }
        Expr::SimilarTo { negated, expr: text, pattern, escape_char: None } => {
            let matched = named_call("regexp_full_match", vec![(**text).clone(), (**pattern).clone()]);
            *expr = if *negated { Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(matched) } } else { matched };
        }
        // A backslash is a character like any other, where nothing is said of `ESCAPE`.
        Expr::Like { pattern, escape_char: None, .. } | Expr::ILike { pattern, escape_char: None, .. } => unescaped(pattern),
        Expr::AtTimeZone { timestamp, time_zone } => {
            let is_utc = matches!(time_zone.as_ref(), Expr::Value(value) if matches!(&value.value, Value::SingleQuotedString(zone) if zone.eq_ignore_ascii_case("utc")));
            if is_utc {
                *expr = named_call("at_utc", vec![(**timestamp).clone()]);
            } else {
                rewriter.unsupported(
                    expr,
                    "`AT TIME ZONE` is supported for 'UTC' alone",
                    "keep moments in UTC, and convert where they are shown",
                );
            }
        }
        _ => {}
    }
}

/// `t.l[1]` begins with a column of a table, or with a field of a struct: the planner knows which.
fn qualified(root: &mut Expr, access_chain: &mut Vec<AccessExpr>) {
    let Expr::Identifier(first) = root else { return };
    let is_name = |access: &&AccessExpr| matches!(access, AccessExpr::Dot(Expr::Identifier(_)));
    let names = access_chain.iter().take_while(is_name).count();
    if names == 0 || names == access_chain.len() {
        return;
    }
    let rest = access_chain.drain(..names).filter_map(|access| match access {
        AccessExpr::Dot(Expr::Identifier(name)) => Some(name),
        _ => None,
    });
    *root = Expr::CompoundIdentifier([first.clone()].into_iter().chain(rest).collect());
}

/// `l[:2]` begins at the first, `l[2:]` ends at the last.
fn bounded(access: &mut AccessExpr) {
    let number = |number: &str| Expr::Value(Value::Number(number.to_owned(), false).into());
    if let AccessExpr::Subscript(Subscript::Slice { lower_bound, upper_bound, .. }) = access {
        lower_bound.get_or_insert_with(|| number("1"));
        upper_bound.get_or_insert_with(|| Expr::UnaryOp { op: UnaryOperator::Minus, expr: Box::new(number("1")) });
    }
}

/// `(s).name` finds the field by its name.
fn field_by_text(access: &mut AccessExpr) {
    if let AccessExpr::Dot(Expr::Identifier(name)) = access {
        let text = ValueWithSpan { value: Value::SingleQuotedString(name.value.clone()), span: name.span };
        *access = AccessExpr::Dot(Expr::Value(text));
    }
}

fn unescaped(pattern: &mut Box<Expr>) {
    match pattern.as_mut() {
        Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), .. }) => *text = text.replace('\\', "\\\\"),
        computed => {
            let text = |text: &str| Expr::Value(Value::SingleQuotedString(text.to_owned()).into());
            **pattern = named_call("replace", vec![computed.clone(), text("\\"), text("\\\\")]);
        }
    }
}

fn call(rewriter: &mut Rewriter<'_>, function: &mut Function) -> Option<Expr> {
    let name = match function.name.0.as_slice() {
        [ObjectNamePart::Identifier(name)] => name.value.clone(),
        _ => return None,
    };
    if is_missing(&name) {
        rewriter.unsupported(
            &function.name,
            format!("the function `{name}` is not supported"),
            "write it with the functions of the documentation's page \"Functions\"",
        );
        return None;
    }
    lambdas::call(rewriter, &name, function);
    let FunctionArguments::List(list) = &mut function.args else { return None };
    if let Some((_, takes)) = ARGUMENTS.iter().find(|(of, takes)| *of == name && *takes != list.args.len()) {
        let message = format!("`{name}` takes {takes} argument{}, {} given", if *takes == 1 { "" } else { "s" }, list.args.len());
        rewriter.problem(Code::TypeMismatch, &function.name, message, "give it the arguments that it takes");
        return None;
    }
    match name.as_str() {
        "count" if list.args.is_empty() => list.args.push(FunctionArg::Unnamed(FunctionArgExpr::Wildcard)),
        "count_if" | "countif" => {
            // A sum of ones and zeros: NULL where no condition is known.
            let condition = only(&list.args)?;
            let number = |digit: &str| Expr::Value(Value::Number(digit.to_owned(), false).into());
            let one = |condition, digit| CaseWhen { condition, result: number(digit) };
            let nested = Expr::Nested(Box::new(condition.clone()));
            let not = Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(nested) };
            let counted = Expr::Case {
                case_token: AttachedToken::empty(),
                end_token: AttachedToken::empty(),
                operand: None,
                conditions: vec![one(condition, "1"), one(not, "0")],
                else_result: None,
            };
            list.args = vec![FunctionArg::Unnamed(FunctionArgExpr::Expr(counted))];
            rename(function, "sum");
        }
        "any_value" => {
            let value = only(&list.args)?;
            rename(function, "first_value");
            // A window takes no filter, and passes over NULL by itself.
            if function.over.is_some() {
                function.null_treatment = Some(NullTreatment::IgnoreNulls);
            } else {
                filter(function, Expr::IsNotNull(Box::new(value)));
            }
        }
        "string_agg" if list.args.len() == 1 => {
            list.args.push(FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(Value::SingleQuotedString(",".to_owned()).into()))));
        }
        "max_by" | "arg_max" | "argmax" | "min_by" | "arg_min" | "argmin" => {
            let [FunctionArg::Unnamed(FunctionArgExpr::Expr(value)), FunctionArg::Unnamed(FunctionArgExpr::Expr(by))] =
                list.args.as_slice()
            else {
                return None;
            };
            if function.over.is_some() {
                rewriter.unsupported(
                    &function.name,
                    format!("`{name}` is not supported over a window"),
                    "write `first_value(...) OVER (... ORDER BY ...)`",
                );
                return None;
            }
            let (value, by) = (value.clone(), by.clone());
            let options = OrderByOptions { asc: Some(name.contains("min")), nulls_first: Some(false) };
            list.args.truncate(1);
            list.clauses.push(FunctionArgumentClause::OrderBy(vec![OrderByExpr { expr: by.clone(), options, with_fill: None }]));
            rename(function, "first_value");
            filter(function, Expr::IsNotNull(Box::new(value)));
            filter(function, Expr::IsNotNull(Box::new(by)));
        }
        "list_sort" | "array_sort" if list.args.len() < 3 => {
            for default in &["ASC", "NULLS LAST"][list.args.len().clamp(1, 2) - 1..] {
                list.args.push(FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(
                    Value::SingleQuotedString((*default).to_owned()).into(),
                ))));
            }
        }
        "date_part" | "datepart" => {
            if let [FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(part))), FunctionArg::Unnamed(FunctionArgExpr::Expr(of))] =
                list.args.as_slice()
                && matches!(&part.value, Value::SingleQuotedString(part) if part.eq_ignore_ascii_case("epoch"))
            {
                return Some(named_call("epoch", vec![of.clone()]));
            }
        }
        "mod" => {
            if let [FunctionArg::Unnamed(FunctionArgExpr::Expr(left)), FunctionArg::Unnamed(FunctionArgExpr::Expr(right))] =
                list.args.as_slice()
            {
                let nested = |expr: &Expr| Box::new(Expr::Nested(Box::new(expr.clone())));
                return Some(Expr::BinaryOp { left: nested(left), op: BinaryOperator::Modulo, right: nested(right) });
            }
        }
        "struct_pack" => {
            let fields: Option<Vec<DictionaryField>> = list.args.iter().map(field).collect();
            match fields {
                Some(fields) => return Some(Expr::Dictionary(fields)),
                None => rewriter.unsupported(&function.name, "`struct_pack` takes named values", "write `struct_pack(name := value)`"),
            }
        }
        _ => {}
    }
    None
}

fn is_missing(name: &str) -> bool {
    static MISSING: LazyLock<HashSet<&'static str>> = LazyLock::new(|| missing().collect());
    MISSING.contains(name)
}

fn only(args: &[FunctionArg]) -> Option<Expr> {
    match args {
        [FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))] => Some(expr.clone()),
        _ => None,
    }
}

fn rename(function: &mut Function, name: &str) {
    if let [ObjectNamePart::Identifier(ident)] = function.name.0.as_mut_slice() {
        ident.value = name.to_owned();
    }
}

/// Counts only rows that meet one more condition.
fn filter(function: &mut Function, condition: Expr) {
    let condition = Box::new(Expr::Nested(Box::new(condition)));
    function.filter = Some(match function.filter.take() {
        Some(other) => Box::new(Expr::BinaryOp { left: Box::new(Expr::Nested(other)), op: BinaryOperator::And, right: condition }),
        None => condition,
    });
}

fn field(arg: &FunctionArg) -> Option<DictionaryField> {
    match arg {
        FunctionArg::Named { name, arg: FunctionArgExpr::Expr(value), .. } => Some(DictionaryField {
            key: Ident { value: name.value.clone(), quote_style: Some('\''), span: name.span },
            value: Box::new(value.clone()),
        }),
        _ => None,
    }
}

/// `INTERVAL (n * 2) DAY` is `to_days(n * 2)`.
fn computed_interval(interval: &Interval) -> Option<Expr> {
    if is_literal(&interval.value) {
        return None;
    }
    let function = match interval.leading_field.as_ref()? {
        DateTimeField::Year | DateTimeField::Years => "to_years",
        DateTimeField::Quarter => "to_quarters",
        DateTimeField::Month | DateTimeField::Months => "to_months",
        DateTimeField::Week(None) | DateTimeField::Weeks => "to_weeks",
        DateTimeField::Day | DateTimeField::Days => "to_days",
        DateTimeField::Hour | DateTimeField::Hours => "to_hours",
        DateTimeField::Minute | DateTimeField::Minutes => "to_minutes",
        DateTimeField::Second | DateTimeField::Seconds => "to_seconds",
        DateTimeField::Millisecond | DateTimeField::Milliseconds => "to_milliseconds",
        DateTimeField::Microsecond | DateTimeField::Microseconds => "to_microseconds",
        _ => return None,
    };
    Some(named_call(function, vec![(*interval.value).clone()]))
}

fn is_literal(expr: &Expr) -> bool {
    match expr {
        Expr::Value(value) => matches!(value.value, Value::Number(..) | Value::SingleQuotedString(_)),
        Expr::UnaryOp { expr, .. } => is_literal(expr),
        _ => false,
    }
}

pub(super) fn named_call(name: &str, args: Vec<Expr>) -> Expr {
    let args = args.into_iter().map(|arg| FunctionArg::Unnamed(FunctionArgExpr::Expr(arg))).collect();
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList { duplicate_treatment: None, args, clauses: vec![] }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: vec![],
    })
}
