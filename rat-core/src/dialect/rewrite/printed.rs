//! An expression as DuckDB prints it.

use std::collections::HashSet;
use std::fmt::Write;
use std::sync::LazyLock;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CaseWhen, CastKind, DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArguments, OneOrManyWithParens, OrderByExpr, TrimWhereField, UnaryOperator, Value, WindowFrame, WindowFrameBound, WindowSpec,
    WindowType,
};

pub(super) fn printed(expr: &Expr) -> String {
    let mut out = String::new();
    write(&mut out, expr);
    out
}

fn write(out: &mut String, expr: &Expr) {
    let _ = match expr {
        Expr::Nested(inner) => {
            write(out, inner);
            Ok(())
        }
        Expr::Identifier(ident) => name(out, &ident.value),
        Expr::CompoundIdentifier(parts) => {
            for (i, part) in parts.iter().enumerate() {
                out.push_str(if i > 0 { "." } else { "" });
                let _ = name(out, &part.value);
            }
            Ok(())
        }
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => write!(out, "'{}'", text.replace('\'', "''")),
            Value::Boolean(true) => out.write_str("true"),
            Value::Boolean(false) => out.write_str("false"),
            Value::Number(digits, _) => out.write_str(&digits.replace('_', "")),
            other => write!(out, "{other}"),
        },
        Expr::UnaryOp { op, expr } => unary(out, *op, expr),
        Expr::BinaryOp { op: op @ (BinaryOperator::And | BinaryOperator::Or), .. } => {
            let mut terms = Vec::new();
            conjoined(expr, op, &mut terms);
            out.push('(');
            for (i, term) in terms.into_iter().enumerate() {
                if i > 0 {
                    let _ = write!(out, " {op} ");
                }
                write(out, term);
            }
            out.write_char(')')
        }
        Expr::BinaryOp { left, op, right } => {
            out.push('(');
            write(out, left);
            let _ = write!(out, " {} ", operator(op));
            write(out, right);
            out.write_char(')')
        }
        Expr::IsNull(inner) => wrapped(out, inner, " IS NULL"),
        Expr::IsNotNull(inner) => wrapped(out, inner, " IS NOT NULL"),
        Expr::IsDistinctFrom(left, right) => between(out, left, " IS DISTINCT FROM ", right),
        Expr::IsNotDistinctFrom(left, right) => between(out, left, " IS NOT DISTINCT FROM ", right),
        Expr::Like { negated, expr, pattern, escape_char: None, .. } => {
            between(out, expr, if *negated { " !~~ " } else { " ~~ " }, pattern)
        }
        Expr::ILike { negated, expr, pattern, escape_char: None, .. } => {
            between(out, expr, if *negated { " !~~* " } else { " ~~* " }, pattern)
        }
        Expr::InList { expr, list, negated } => not(out, *negated, |out| {
            out.push('(');
            write(out, expr);
            out.push_str(" IN (");
            listed(out, list);
            out.push_str("))");
        }),
        Expr::Between { expr, negated, low, high } => not(out, *negated, |out| {
            out.push('(');
            write(out, expr);
            out.push_str(" BETWEEN ");
            write(out, low);
            out.push_str(" AND ");
            write(out, high);
            out.push(')');
        }),
        Expr::SimilarTo { negated, expr, pattern, escape_char: None } => not(out, *negated, |out| {
            out.push_str("regexp_full_match(");
            write(out, expr);
            out.push_str(", ");
            write(out, pattern);
            out.push(')');
        }),
        Expr::Case { operand, conditions, else_result, .. } => {
            out.push_str("CASE ");
            for CaseWhen { condition, result } in conditions {
                out.push_str(" WHEN (");
                if let Some(operand) = operand {
                    let _ = between(out, operand, " = ", condition);
                } else {
                    write(out, condition);
                }
                out.push_str(") THEN (");
                write(out, result);
                out.push(')');
            }
            out.push_str(" ELSE ");
            match else_result {
                Some(otherwise) => write(out, otherwise),
                None => out.push_str("NULL"),
            }
            out.write_str(" END")
        }
        Expr::Extract { field, expr, .. } => {
            let _ = write!(out, "date_part('{}', ", field.to_string().to_uppercase());
            write(out, expr);
            out.write_char(')')
        }
        Expr::Cast { kind, expr, data_type, .. } => {
            out.push_str(if matches!(kind, CastKind::TryCast) { "TRY_CAST(" } else { "CAST(" });
            write(out, expr);
            let _ = write!(out, " AS {}", type_name(&data_type.to_string()));
            out.write_char(')')
        }
        Expr::TypedString(typed) => {
            let text = typed.value.value.to_string();
            write!(out, "CAST({text} AS {})", type_name(&typed.data_type.to_string()))
        }
        Expr::Function(function) => call(out, function),
        Expr::Lambda(lambda) => {
            let params = match &lambda.params {
                OneOrManyWithParens::One(param) => std::slice::from_ref(param),
                OneOrManyWithParens::Many(params) => params,
            };
            let params: Vec<&str> = params.iter().map(|param| param.name.value.as_str()).collect();
            let _ = write!(out, "(lambda {}: ", params.join(", "));
            write(out, &lambda.body);
            out.write_char(')')
        }
        Expr::Substring { expr, substring_from, substring_for, .. } => {
            called(out, "substring", [Some(expr), substring_from.as_ref(), substring_for.as_ref()].into_iter().flatten())
        }
        Expr::Trim { expr, trim_where, trim_what, .. } => {
            let function = match trim_where {
                Some(TrimWhereField::Leading) => "ltrim",
                Some(TrimWhereField::Trailing) => "rtrim",
                _ => "trim",
            };
            called(out, function, [Some(expr), trim_what.as_ref()].into_iter().flatten())
        }
        Expr::Position { expr, r#in } => called(out, "position", [r#in, expr].into_iter()),
        Expr::Ceil { expr, .. } => called(out, "ceil", [expr].into_iter()),
        Expr::Floor { expr, .. } => called(out, "floor", [expr].into_iter()),
        Expr::Array(array) => {
            out.push_str("list_value(");
            listed(out, &array.elem);
            out.write_char(')')
        }
        Expr::Dictionary(fields) => {
            out.push_str("struct_pack(");
            for (i, field) in fields.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                let _ = name(out, &field.key.value);
                out.push_str(" := ");
                write(out, &field.value);
            }
            out.write_char(')')
        }
        other => write!(out, "{other}"),
    };
}

/// DuckDB prints the long name of a type.
fn type_name(written: &str) -> String {
    let upper = written.to_uppercase();
    match upper.as_str() {
        "INT" | "INT4" | "SIGNED" => "INTEGER".to_owned(),
        "INT8" | "LONG" => "BIGINT".to_owned(),
        "INT2" | "SHORT" => "SMALLINT".to_owned(),
        "TEXT" | "STRING" | "CHAR" => "VARCHAR".to_owned(),
        "BOOL" | "LOGICAL" => "BOOLEAN".to_owned(),
        "REAL" | "FLOAT4" => "FLOAT".to_owned(),
        "FLOAT8" | "DOUBLE PRECISION" => "DOUBLE".to_owned(),
        "DATETIME" => "TIMESTAMP".to_owned(),
        "TIMESTAMPTZ" => "TIMESTAMP WITH TIME ZONE".to_owned(),
        _ => match upper.strip_prefix("NUMERIC") {
            Some(rest) => decimal(rest),
            None => upper.strip_prefix("DECIMAL").map_or(upper.clone(), decimal),
        },
    }
}

fn decimal(arguments: &str) -> String {
    format!("DECIMAL{}", if arguments.is_empty() { "(18, 3)".to_owned() } else { arguments.replace(", ", ",").replace(',', ", ") })
}

fn unary(out: &mut String, op: UnaryOperator, expr: &Expr) -> std::fmt::Result {
    match op {
        UnaryOperator::Minus if matches!(expr, Expr::Value(_)) => {
            out.push('-');
            write(out, expr);
            Ok(())
        }
        UnaryOperator::Not => {
            out.push_str("(NOT ");
            write(out, expr);
            out.write_char(')')
        }
        op => {
            let _ = write!(out, "{op}(");
            write(out, expr);
            out.write_char(')')
        }
    }
}

fn operator(op: &BinaryOperator) -> String {
    match op {
        BinaryOperator::PGExp => "**".to_owned(),
        BinaryOperator::NotEq => "!=".to_owned(),
        other => other.to_string(),
    }
}

fn wrapped(out: &mut String, inner: &Expr, after: &str) -> std::fmt::Result {
    out.push('(');
    write(out, inner);
    write!(out, "{after})")
}

fn between(out: &mut String, left: &Expr, middle: &str, right: &Expr) -> std::fmt::Result {
    out.push('(');
    write(out, left);
    out.push_str(middle);
    write(out, right);
    out.write_char(')')
}

fn listed(out: &mut String, list: &[Expr]) {
    for (i, expr) in list.iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        write(out, expr);
    }
}

fn called<'a>(out: &mut String, function: &str, args: impl Iterator<Item = &'a Box<Expr>>) -> std::fmt::Result {
    let _ = name(out, function);
    out.push('(');
    for (i, arg) in args.enumerate() {
        out.push_str(if i > 0 { ", " } else { "" });
        write(out, arg);
    }
    out.write_char(')')
}

fn call(out: &mut String, function: &Function) -> std::fmt::Result {
    let called = function.name.to_string().to_lowercase();
    let list = match &function.args {
        FunctionArguments::List(list) if function.within_group.is_empty() => list,
        FunctionArguments::None => return out.write_str(&called),
        _ => return write!(out, "{function}"),
    };
    let is_star = matches!(list.args.as_slice(), [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)] | []);
    match called.as_str() {
        "count" if is_star => out.push_str("count_star("),
        // Keywords to DuckDB, and printed like them.
        "coalesce" | "ifnull" => out.push_str("COALESCE("),
        "grouping" => out.push_str("GROUPING("),
        _ => {
            let _ = name(out, &called);
            out.push('(');
        }
    }
    if matches!(list.duplicate_treatment, Some(DuplicateTreatment::Distinct)) {
        out.push_str("DISTINCT ");
    }
    let args: &[FunctionArg] = if is_star { &[] } else { &list.args };
    for (i, arg) in args.iter().enumerate() {
        out.push_str(if i > 0 { ", " } else { "" });
        match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => write(out, expr),
            FunctionArg::Named { name: of, arg: FunctionArgExpr::Expr(expr), .. } => {
                let _ = name(out, &of.value);
                out.push_str(" := ");
                write(out, expr);
            }
            other => {
                let _ = write!(out, "{other}");
            }
        }
    }
    for clause in &list.clauses {
        match clause {
            FunctionArgumentClause::OrderBy(order_by) => {
                out.push_str(" ORDER BY ");
                ordered(out, order_by);
            }
            other => {
                let _ = write!(out, " {other}");
            }
        }
    }
    if let Some(nulls) = &function.null_treatment {
        let _ = write!(out, " {nulls}");
    }
    out.push(')');
    if let Some(condition) = &function.filter {
        out.push_str(" FILTER (WHERE ");
        write(out, condition);
        out.push(')');
    }
    match &function.over {
        Some(WindowType::WindowSpec(spec)) => window(out, spec),
        Some(WindowType::NamedWindow(window)) => write!(out, " OVER {window}"),
        None => Ok(()),
    }
}

fn window(out: &mut String, spec: &WindowSpec) -> std::fmt::Result {
    out.push_str(" OVER (");
    let mut between = "";
    if !spec.partition_by.is_empty() {
        out.push_str("PARTITION BY ");
        listed(out, &spec.partition_by);
        between = " ";
    }
    if !spec.order_by.is_empty() {
        let _ = write!(out, "{between}ORDER BY ");
        ordered(out, &spec.order_by);
        between = " ";
    }
    if let Some(WindowFrame { units, start_bound, end_bound }) = &spec.window_frame {
        let end = end_bound.as_ref().unwrap_or(&WindowFrameBound::CurrentRow);
        let _ = write!(out, "{between}{units} BETWEEN {start_bound} AND {end}");
    }
    out.write_char(')')
}

fn ordered(out: &mut String, order_by: &[OrderByExpr]) {
    for (i, OrderByExpr { expr, options, .. }) in order_by.iter().enumerate() {
        out.push_str(if i > 0 { ", " } else { "" });
        write(out, expr);
        out.push_str(options.asc.map_or("", |asc| if asc { " ASC" } else { " DESC" }));
        out.push_str(options.nulls_first.map_or("", |first| if first { " NULLS FIRST" } else { " NULLS LAST" }));
    }
}

fn conjoined<'a>(expr: &'a Expr, of: &BinaryOperator, terms: &mut Vec<&'a Expr>) {
    match expr {
        Expr::Nested(inner) => conjoined(inner, of, terms),
        Expr::BinaryOp { left, op, right } if op == of => {
            conjoined(left, of, terms);
            conjoined(right, of, terms);
        }
        other => terms.push(other),
    }
}

fn not(out: &mut String, negated: bool, positive: impl FnOnce(&mut String)) -> std::fmt::Result {
    out.push_str(if negated { "(NOT " } else { "" });
    positive(out);
    out.write_str(if negated { ")" } else { "" })
}

/// Quoted where DuckDB quotes: its keywords, all of them, and what is no plain name.
fn name(out: &mut String, name: &str) -> std::fmt::Result {
    static KEYWORDS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| include_str!("keywords.txt").lines().collect());
    let is_plain =
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if is_plain && !KEYWORDS.contains(name.to_ascii_lowercase().as_str()) {
        out.write_str(name)
    } else {
        write!(out, "\"{}\"", name.replace('"', "\"\""))
    }
}
