//! The names of columns nobody named, as DuckDB prints their expressions.

use datafusion::sql::sqlparser::ast::{Expr, Ident, Select, SelectItem, TableAlias, TableAliasColumnDef, TableFactor};
use datafusion::sql::sqlparser::tokenizer::Span;

use super::printed::printed;

/// Gives an alias to every expression that is not a column.
pub(super) fn select(select: &mut Select) {
    for item in &mut select.projection {
        let SelectItem::UnnamedExpr(expr) = item else { continue };
        if matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) || is_several(expr) {
            continue;
        }
        let alias = Ident { value: printed(expr), quote_style: Some('"'), span: Span::empty() };
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
