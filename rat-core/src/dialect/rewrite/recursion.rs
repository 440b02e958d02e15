//! What a recursive query begins with is a relation of its own.

use datafusion::sql::sqlparser::ast::{Ident, Query, SetExpr, SetOperator, TableAlias, TableFactor};

use super::shape::{everything_from, plain};

/// `r(n) AS (SELECT 1 UNION ALL ...)` begins with `SELECT * FROM (SELECT 1) r_begins(n)`. The engine would name the columns at the end alone,
/// where the recursive part does not see them; and it would leave out columns that only the recursive part reads.
pub(super) fn query(query: &mut Query) {
    let Some(with) = query.with.as_mut().filter(|with| with.recursive) else { return };
    for table in &mut with.cte_tables {
        let SetExpr::SetOperation { op: SetOperator::Union, left, .. } = table.query.body.as_mut() else { continue };
        let name = Ident { value: format!("{}_begins", table.alias.name.value), ..table.alias.name.clone() };
        let alias = Some(TableAlias { name, ..table.alias.clone() });
        let subquery = Box::new(plain(left.clone()));
        **left = SetExpr::Select(Box::new(everything_from(TableFactor::Derived { lateral: false, subquery, alias, sample: None })));
    }
}
