//! A field of a struct, selected without a name, is named as the field is.

use datafusion::sql::sqlparser::ast::{Expr, Ident, ObjectName, Select, SelectItem, TableFactor};

/// Gives `place.city` the name `city`. A column of a relation has its own already, and keeps with it which relation it is of.
pub(super) fn select(select: &mut Select) {
    let factors = select.from.iter().flat_map(|from| std::iter::once(&from.relation).chain(from.joins.iter().map(|join| &join.relation)));
    let mut relations = Vec::new();
    factors.for_each(|factor| name(factor, &mut relations));
    for item in &mut select.projection {
        let SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) = item else { continue };
        let names: Vec<String> = parts.iter().map(lower).collect();
        let column =
            (1..names.len()).rev().find(|count| relations.iter().any(|relation: &Vec<String>| relation.ends_with(&names[..*count])));
        let is_field = names.len() - column.unwrap_or(0) > 1;
        if let Some(alias) = parts.last().filter(|_| is_field).cloned() {
            *item = SelectItem::ExprWithAlias { expr: Expr::CompoundIdentifier(parts.clone()), alias };
        }
    }
}

/// The names of what a relation can be called by, part by part.
fn name(factor: &TableFactor, names: &mut Vec<Vec<String>>) {
    let called = match factor {
        TableFactor::NestedJoin { table_with_joins, alias: None } => {
            name(&table_with_joins.relation, names);
            return table_with_joins.joins.iter().for_each(|join| name(&join.relation, names));
        }
        TableFactor::Table { alias: Some(alias), .. }
        | TableFactor::Derived { alias: Some(alias), .. }
        | TableFactor::TableFunction { alias: Some(alias), .. }
        | TableFactor::Function { alias: Some(alias), .. }
        | TableFactor::UNNEST { alias: Some(alias), .. }
        | TableFactor::NestedJoin { alias: Some(alias), .. }
        | TableFactor::Pivot { alias: Some(alias), .. }
        | TableFactor::Unpivot { alias: Some(alias), .. } => vec![lower(&alias.name)],
        TableFactor::Table { name: ObjectName(parts), .. } | TableFactor::Function { name: ObjectName(parts), .. } => {
            parts.iter().filter_map(|part| part.as_ident()).map(lower).collect()
        }
        _ => return,
    };
    names.push(called);
}

fn lower(ident: &Ident) -> String {
    ident.value.to_lowercase()
}
