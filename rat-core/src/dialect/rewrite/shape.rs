//! Clauses that DuckDB has and the planner spells otherwise.

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    Expr, Function, GroupByExpr, JoinOperator, Query, Select, SelectFlavor, SelectItem, SetExpr, TableFactor, TableWithJoins,
    WildcardAdditionalOptions,
};

use super::Rewriter;

/// Refuses what has no counterpart.
pub(super) fn query(rewriter: &mut Rewriter<'_>, query: &mut Query) {
    if let Some(fetch) = &query.fetch {
        rewriter.unsupported(query.body.as_ref(), format!("`{fetch}` is not supported"), "write `LIMIT`");
    }
}

/// `FROM t SELECT a` is `SELECT a FROM t`; `SEMI JOIN` keeps the left side; `COLUMNS` and `RENAME` are refused.
pub(super) fn select(rewriter: &mut Rewriter<'_>, select: &mut Select) {
    select.flavor = SelectFlavor::Standard;
    for item in &select.projection {
        match item {
            SelectItem::Wildcard(options) | SelectItem::QualifiedWildcard(_, options) if options.opt_rename.is_some() => {
                rewriter.unsupported(item, "`* RENAME` is not supported", "write the columns with their aliases");
            }
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } if is_columns(expr) => {
                rewriter.unsupported(item, "`COLUMNS` is not supported", "write the columns");
            }
            _ => {}
        }
    }
    for table in &mut select.from {
        for join in &mut table.joins {
            match &mut join.join_operator {
                JoinOperator::Semi(on) => join.join_operator = JoinOperator::LeftSemi(on.clone()),
                JoinOperator::Anti(on) => join.join_operator = JoinOperator::LeftAnti(on.clone()),
                _ => {}
            }
        }
    }
}

fn is_columns(expr: &Expr) -> bool {
    matches!(expr, Expr::Function(Function { name, .. }) if name.0.len() == 1 && name.to_string().eq_ignore_ascii_case("columns"))
}

/// A query of a body alone.
pub(super) fn plain(body: Box<SetExpr>) -> Query {
    Query {
        with: None,
        body,
        order_by: None,
        limit_clause: None,
        fetch: None,
        locks: vec![],
        for_clause: None,
        settings: None,
        format_clause: None,
        pipe_operators: vec![],
    }
}

pub(super) fn everything_from(relation: TableFactor) -> Select {
    from(relation, vec![SelectItem::Wildcard(WildcardAdditionalOptions::default())])
}

/// `SELECT items FROM relation`.
pub(super) fn from(relation: TableFactor, items: Vec<SelectItem>) -> Select {
    Select { from: vec![TableWithJoins { relation, joins: vec![] }], ..selected(items) }
}

/// `SELECT items`, from nothing.
pub(super) fn selected(projection: Vec<SelectItem>) -> Select {
    Select {
        select_token: AttachedToken::empty(),
        optimizer_hints: vec![],
        distinct: None,
        select_modifiers: None,
        top: None,
        top_before_distinct: false,
        projection,
        exclude: None,
        into: None,
        from: vec![],
        lateral_views: vec![],
        prewhere: None,
        selection: None,
        connect_by: vec![],
        group_by: GroupByExpr::Expressions(vec![], vec![]),
        cluster_by: vec![],
        distribute_by: vec![],
        sort_by: vec![],
        having: None,
        named_window: vec![],
        qualify: None,
        window_before_qualify: false,
        value_table_mode: None,
        flavor: SelectFlavor::Standard,
    }
}

/// `t POSITIONAL JOIN u` reads like a table that is called `positional`.
pub(super) fn positional(rewriter: &mut Rewriter<'_>, factor: &TableFactor) {
    if let TableFactor::Table { alias: Some(alias), .. } | TableFactor::Derived { alias: Some(alias), .. } = factor
        && !alias.explicit
        && alias.name.quote_style.is_none()
        && alias.name.value.eq_ignore_ascii_case("positional")
    {
        rewriter.unsupported(
            alias,
            "`POSITIONAL JOIN` is not supported",
            "number the rows of both with `row_number() OVER ()`, and join by it",
        );
    }
}
