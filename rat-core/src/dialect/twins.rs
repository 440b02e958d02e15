//! Two columns of one name: DuckDB gives both, the engine plans neither.
//!
//! Which names a `*` stands for is known only to the planner. So the planner plans first, and who may give both asks here when it found
//! twins.

use std::collections::HashMap;

use datafusion::sql::sqlparser::ast::{Expr, Ident, Select, SelectItem, SetExpr, Statement};
use datafusion::sql::sqlparser::tokenizer::Span;

/// Gives every column of the outermost query's first SELECT that repeats another's name, or may repeat one of a `*`, a name of its own. Returns what each
/// of these names stands for; empty when there is none.
pub fn tell_apart(statement: &mut Statement) -> HashMap<String, String> {
    let mut names = HashMap::new();
    let Statement::Query(query) = statement else { return names };
    let mut first = query.body.as_mut();
    loop {
        first = match first {
            SetExpr::Select(one) => {
                select(one, &mut names);
                return names;
            }
            SetExpr::Query(query) => query.body.as_mut(),
            SetExpr::SetOperation { left, .. } => left,
            _ => return names,
        };
    }
}

fn select(select: &mut Select, names: &mut HashMap<String, String>) {
    let has_star = select.projection.iter().any(|item| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..)));
    let mut before: Vec<(Option<String>, String)> = Vec::new();
    for item in &mut select.projection {
        let (expr, ident, table, is_column) = match item {
            SelectItem::ExprWithAlias { expr, alias } => (expr, alias.clone(), None, false),
            SelectItem::UnnamedExpr(expr) => match column(expr) {
                Some((table, ident)) => (expr, ident, table, true),
                None => continue,
            },
            _ => continue,
        };
        let name = ident.value.to_lowercase();
        let repeats = before.iter().any(|(t, n)| *n == name && !matches!((t, &table), (Some(t), Some(table)) if t != table));
        before.push((table, name));
        // An alias is what `ORDER BY` means, so one that a `*` may hide keeps its name.
        if repeats || (has_star && is_column) {
            let alias = format!("{}#{}", ident.value, names.len() + 1);
            names.insert(alias.clone(), ident.value);
            let alias = Ident { value: alias, quote_style: Some('"'), span: Span::empty() };
            *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
        }
    }
}

/// The table, if it is said, and the name of a column.
fn column(expr: &Expr) -> Option<(Option<String>, Ident)> {
    match expr {
        Expr::Identifier(ident) => Some((None, ident.clone())),
        Expr::CompoundIdentifier(path) => {
            let (ident, table) = path.split_last()?;
            let table = table.iter().map(|part| part.value.to_lowercase()).collect::<Vec<_>>().join(".");
            Some((Some(table), ident.clone()))
        }
        _ => None,
    }
}
