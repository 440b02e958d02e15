//! A field of a struct, selected without a name, is named as the field is.

use datafusion::sql::sqlparser::ast::{Expr, Select, SelectItem};

use crate::dialect::relations::{parts_of_relation, relations};

/// Gives `place.city` the name `city`. A column of a relation has its own already, and keeps with it which relation it is of.
pub(super) fn select(select: &mut Select) {
    let relations = relations(&select.from);
    for item in &mut select.projection {
        let SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) = item else { continue };
        let is_field = parts.len() - parts_of_relation(parts, &relations) > 1;
        if let Some(alias) = parts.last().filter(|_| is_field).cloned() {
            *item = SelectItem::ExprWithAlias { expr: Expr::CompoundIdentifier(parts.clone()), alias };
        }
    }
}
