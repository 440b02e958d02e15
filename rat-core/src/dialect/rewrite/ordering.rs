//! `ORDER BY` by position: every column for `ALL`, and what a `SELECT DISTINCT` gives.

use datafusion::sql::sqlparser::ast::{
    CastKind, Distinct, Expr, ObjectNamePart, OrderByExpr, OrderByKind, Query, Select, SelectItem, SetExpr, Value,
};

use super::own_exprs;

pub(super) fn query(query: &mut Query) {
    let Some(order_by) = &mut query.order_by else { return };
    let options = match &mut order_by.kind {
        OrderByKind::All(options) => *options,
        OrderByKind::Expressions(sorted) => {
            if let SetExpr::Select(select) = query.body.as_ref()
                && matches!(select.distinct, Some(Distinct::Distinct))
            {
                distinct(select, sorted);
            }
            return;
        }
    };
    let mut body = query.body.as_ref();
    while let SetExpr::SetOperation { left, .. } = body {
        body = left;
    }
    let SetExpr::Select(select) = body else { return };
    // A `*` is as wide as its table: the planner orders by its columns.
    let is_star = |item: &SelectItem| !matches!(item, SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. });
    if select.projection.iter().any(is_star) {
        return;
    }
    let columns = (1..=select.projection.len()).map(|i| OrderByExpr { expr: position(i), options, with_fill: None }).collect();
    order_by.kind = OrderByKind::Expressions(columns);
}

/// The engine looks for an expression of the order among the names of the columns, which are DuckDB's.
fn distinct(select: &Select, sorted: &mut [OrderByExpr]) {
    let given: Option<Vec<Expr>> = select
        .projection
        .iter()
        .map(|item| match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(folded(expr)),
            // As wide as its table: what comes after it has no position yet.
            _ => None,
        })
        .collect();
    for by in sorted {
        let is_name = matches!(by.expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
        if let Some(given) = given.as_ref().filter(|_| !is_name)
            && let Some(i) = given.iter().position(|expr| *expr == folded(&by.expr))
        {
            by.expr = position(i + 1);
        }
    }
}

fn position(i: usize) -> Expr {
    Expr::Value(Value::Number(i.to_string(), false).into())
}

/// The same for expressions that differ in the case of names, and in how a cast is written.
fn folded(expr: &Expr) -> Expr {
    let mut expr = expr.clone();
    own_exprs(&mut expr, &mut |expr| match expr {
        Expr::Identifier(name) => name.value.make_ascii_lowercase(),
        Expr::CompoundIdentifier(names) => names.iter_mut().for_each(|name| name.value.make_ascii_lowercase()),
        Expr::Cast { kind: kind @ CastKind::DoubleColon, .. } => *kind = CastKind::Cast,
        Expr::Function(function) => function.name.0.iter_mut().for_each(|part| {
            if let ObjectNamePart::Identifier(name) = part {
                name.value.make_ascii_lowercase();
            }
        }),
        _ => {}
    });
    expr
}
