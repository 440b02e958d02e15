//! `ORDER BY ALL`: every column of the result, left to right.

use datafusion::sql::sqlparser::ast::{Expr, OrderByExpr, OrderByKind, Query, SelectItem, SetExpr, Value};

pub(super) fn query(query: &mut Query) {
    let Some(order_by) = &mut query.order_by else { return };
    let OrderByKind::All(options) = &order_by.kind else { return };
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
    let options = *options;
    let position = |i: usize| Expr::Value(Value::Number(i.to_string(), false).into());
    let columns = (1..=select.projection.len()).map(|i| OrderByExpr { expr: position(i), options, with_fill: None }).collect();
    order_by.kind = OrderByKind::Expressions(columns);
}
