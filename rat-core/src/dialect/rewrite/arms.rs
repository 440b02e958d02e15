//! The columns of a set operation are named by its first SELECT: what those of the others are called is nobody's business.

use std::collections::HashSet;

use datafusion::sql::sqlparser::ast::{Expr, Ident, Query, Select, SelectItem, SetExpr, SetQuantifier};
use datafusion::sql::sqlparser::tokenizer::Span;

use super::printed::printed;

/// Gives columns of one name in the others names of their own: the engine wants that of every SELECT.
pub(super) fn query(query: &mut Query) {
    operation(&mut query.body);
}

fn operation(body: &mut SetExpr) {
    let SetExpr::SetOperation { left, right, set_quantifier, .. } = body else { return };
    operation(left);
    let by_name = matches!(set_quantifier, SetQuantifier::ByName | SetQuantifier::AllByName | SetQuantifier::DistinctByName);
    if !by_name {
        arm(right);
    }
}

fn arm(body: &mut SetExpr) {
    match body {
        SetExpr::Select(select) => tell_apart(select),
        SetExpr::Query(query) => arm(&mut query.body),
        SetExpr::SetOperation { left, .. } => {
            arm(left);
            operation(body);
        }
        _ => {}
    }
}

fn tell_apart(select: &mut Select) {
    let mut names = HashSet::new();
    for item in &mut select.projection {
        let (expr, name) = match item {
            SelectItem::UnnamedExpr(expr @ (Expr::Identifier(_) | Expr::CompoundIdentifier(_))) => (&*expr, last(expr)),
            SelectItem::UnnamedExpr(expr) => (&*expr, printed(expr)),
            SelectItem::ExprWithAlias { expr, alias } => (&*expr, alias.value.clone()),
            _ => continue,
        };
        if names.insert(name.to_lowercase()) {
            continue;
        }
        let other = (1..).map(|n| format!("{name}_{n}")).find(|other| names.insert(other.to_lowercase())).unwrap_or(name);
        *item =
            SelectItem::ExprWithAlias { expr: expr.clone(), alias: Ident { value: other, quote_style: Some('"'), span: Span::empty() } };
    }
}

fn last(expr: &Expr) -> String {
    match expr {
        Expr::Identifier(name) => name.value.clone(),
        Expr::CompoundIdentifier(parts) => parts.last().map(|part| part.value.clone()).unwrap_or_default(),
        _ => String::new(),
    }
}
