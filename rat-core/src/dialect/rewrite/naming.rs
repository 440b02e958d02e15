//! The names of columns nobody named, as DuckDB prints their expressions.

use std::fmt::Write;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CastKind, DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident,
    OneOrManyWithParens, Select, SelectItem, TableAlias, TableAliasColumnDef, TableFactor, UnaryOperator, Value,
};
use datafusion::sql::sqlparser::tokenizer::Span;

/// Gives an alias to every expression that is not a column.
pub(super) fn select(select: &mut Select) {
    for item in &mut select.projection {
        let SelectItem::UnnamedExpr(expr) = item else { continue };
        if matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) || is_several(expr) {
            continue;
        }
        let mut name = String::new();
        write(&mut name, expr);
        let alias = Ident { value: name, quote_style: Some('"'), span: Span::empty() };
        *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
    }
}

/// `unnest` of a struct makes several columns, which an alias would not fit.
fn is_several(expr: &Expr) -> bool {
    matches!(expr, Expr::Wildcard(_) | Expr::QualifiedWildcard(..))
}

/// `generate_series` and `range` have one column of their own name, whatever the table is called.
pub(super) fn table_function(factor: &mut TableFactor) {
    let TableFactor::Table { name, alias, args: Some(_), .. } = factor else { return };
    let Some(function) = name.0.last().and_then(|part| part.as_ident()) else { return };
    let function = function.value.to_ascii_lowercase();
    if !matches!(function.as_str(), "generate_series" | "range") {
        return;
    }
    let alias = alias.get_or_insert_with(|| TableAlias { explicit: true, name: Ident::new(function.clone()), columns: vec![], at: None });
    if alias.columns.is_empty() {
        alias.columns.push(TableAliasColumnDef::from_name(function));
    }
}

fn write(out: &mut String, expr: &Expr) {
    let _ = match expr {
        Expr::Nested(inner) => {
            write(out, inner);
            Ok(())
        }
        Expr::Identifier(ident) => out.write_str(&ident.value),
        Expr::CompoundIdentifier(parts) => {
            let parts: Vec<&str> = parts.iter().map(|part| part.value.as_str()).collect();
            out.write_str(&parts.join("."))
        }
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => write!(out, "'{}'", text.replace('\'', "''")),
            Value::Boolean(true) => out.write_str("true"),
            Value::Boolean(false) => out.write_str("false"),
            Value::Number(digits, _) => out.write_str(&digits.replace('_', "")),
            other => write!(out, "{other}"),
        },
        Expr::UnaryOp { op, expr } => unary(out, *op, expr),
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
        Expr::InList { expr, list, negated } => {
            out.push('(');
            write(out, expr);
            out.push_str(if *negated { " NOT IN (" } else { " IN (" });
            listed(out, list);
            out.write_str("))")
        }
        Expr::Between { expr, negated, low, high } => {
            out.push('(');
            write(out, expr);
            out.push_str(if *negated { " NOT BETWEEN " } else { " BETWEEN " });
            write(out, low);
            out.push_str(" AND ");
            write(out, high);
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
        Expr::Function(function) => call(out, function),
        Expr::Array(array) => {
            out.push_str("list_value(");
            listed(out, &array.elem);
            out.write_char(')')
        }
        Expr::Dictionary(fields) => {
            out.push_str("struct_pack(");
            for (i, field) in fields.iter().enumerate() {
                let _ = write!(out, "{}{} := ", if i > 0 { ", " } else { "" }, field.key.value);
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

fn call(out: &mut String, function: &Function) -> std::fmt::Result {
    let name = function.name.to_string().to_lowercase();
    let plain = function.over.is_none() && function.within_group.is_empty();
    let FunctionArguments::List(list) = &function.args else {
        return match function.args {
            FunctionArguments::None => out.write_str(&name),
            _ => write!(out, "{function}"),
        };
    };
    if !plain || !list.clauses.is_empty() {
        return write!(out, "{function}");
    }
    let is_star = matches!(list.args.as_slice(), [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)] | []);
    if name == "count" && is_star {
        out.push_str("count_star()");
        return filtered(out, function);
    }
    // Keywords to DuckDB, and printed like them.
    let _ = out.write_str(match name.as_str() {
        "coalesce" => "COALESCE",
        "mode" => "\"mode\"",
        name => name,
    });
    out.push('(');
    if matches!(list.duplicate_treatment, Some(DuplicateTreatment::Distinct)) {
        out.push_str("DISTINCT ");
    }
    for (i, arg) in list.args.iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => write(out, expr),
            FunctionArg::Named { name, arg: FunctionArgExpr::Expr(expr), .. } => {
                let _ = write!(out, "{} := ", name.value);
                write(out, expr);
            }
            other => {
                let _ = write!(out, "{other}");
            }
        }
    }
    out.push(')');
    filtered(out, function)
}

fn filtered(out: &mut String, function: &Function) -> std::fmt::Result {
    let Some(filter) = &function.filter else { return Ok(()) };
    out.push_str(" FILTER (WHERE ");
    write(out, filter);
    out.write_char(')')
}
