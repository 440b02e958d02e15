//! Clauses that DuckDB has and the planner spells otherwise.

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    CastKind, DataType, Expr, Function, GroupByExpr, Ident, JoinOperator, Query, Select, SelectFlavor, SelectItem, SetExpr, TableAlias,
    TableAliasColumnDef, TableFactor, TableWithJoins, Value, Values, WildcardAdditionalOptions,
};

use super::Rewriter;

/// Refuses what has no counterpart.
pub(super) fn query(rewriter: &mut Rewriter<'_>, query: &mut Query) {
    if let Some(fetch) = &query.fetch {
        rewriter.unsupported(query.body.as_ref(), format!("`{fetch}` is not supported"), "write `LIMIT`");
    }
}

/// `FROM t` is `SELECT * FROM t`; `SEMI JOIN` keeps the left side; `COLUMNS` and `RENAME` are refused.
pub(super) fn select(rewriter: &mut Rewriter<'_>, select: &mut Select) {
    if select.flavor == SelectFlavor::FromFirstNoSelect {
        select.projection = vec![SelectItem::Wildcard(WildcardAdditionalOptions::default())];
    }
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

/// `VALUES` names its columns `col0`, `col1`; the engine would start at `column1`.
pub(super) fn values(query: &mut Query) {
    name_values(&mut query.body);
}

fn name_values(body: &mut Box<SetExpr>) {
    let width = match body.as_mut() {
        // The names of a set operation are those of its leftmost side.
        SetExpr::SetOperation { left, .. } => return name_values(left),
        SetExpr::Values(values) => {
            let width = values.rows.first().map_or(0, |row| row.content.len());
            (0..width).for_each(|column| doubles(values, column));
            width
        }
        _ => return,
    };
    let columns = (0..width).map(|i| TableAliasColumnDef::from_name(format!("col{i}"))).collect();
    let inner = plain(body.clone());
    let alias = TableAlias { explicit: true, name: Ident::new("valueslist"), columns, at: None };
    let relation = TableFactor::Derived { lateral: false, subquery: Box::new(inner), alias: Some(alias), sample: None };
    **body = SetExpr::Select(Box::new(everything_from(relation)));
}

/// Numbers below or above a DOUBLE are one: the engine would make the whole column a DECIMAL.
fn doubles(values: &mut Values, column: usize) {
    let cells = values.rows.iter().filter_map(|row| row.content.get(column));
    let floats: Vec<DataType> = cells.filter_map(float).collect();
    let Some(to) = floats.iter().find(|t| is_double(t)).or(floats.first()).cloned() else { return };
    for cell in values.rows.iter_mut().filter_map(|row| row.content.get_mut(column)) {
        if is_number(cell) {
            let (expr, data_type) = (Box::new(cell.clone()), to.clone());
            *cell = Expr::Cast { kind: CastKind::DoubleColon, expr, data_type, format: None, array: false };
        }
    }
}

fn float(cell: &Expr) -> Option<DataType> {
    match cell {
        Expr::Cast { data_type, .. } if is_double(data_type) => Some(data_type.clone()),
        Expr::Cast { data_type: data_type @ (DataType::Float(_) | DataType::Real | DataType::Float4), .. } => Some(data_type.clone()),
        Expr::UnaryOp { expr, .. } | Expr::Nested(expr) => float(expr),
        _ => None,
    }
}

fn is_double(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Double(_) | DataType::DoublePrecision | DataType::Float8)
}

fn is_number(cell: &Expr) -> bool {
    match cell {
        Expr::Value(value) => matches!(value.value, Value::Number(..)),
        Expr::UnaryOp { expr, .. } | Expr::Nested(expr) => is_number(expr),
        _ => false,
    }
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
    let everything = SelectItem::Wildcard(WildcardAdditionalOptions::default());
    Select { from: vec![TableWithJoins { relation, joins: vec![] }], ..selected(vec![everything]) }
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
