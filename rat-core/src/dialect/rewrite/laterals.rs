//! What stands in FROM sees what stands before it, and a function that makes rows of a list is a subquery that unnests it.

use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, Ident, Join, JoinOperator, Query, Select, SelectItem, SetExpr, TableAlias, TableFactor,
    TableWithJoins, UnaryOperator, Value, ValueWithSpan,
};

use super::calls::named_call;
use super::shape::{plain, selected};
use super::{Rewriter, own_exprs};
use crate::dialect::relations::{parts_of_relation, relations};
use crate::error::Code;

pub(super) fn select(rewriter: &mut Rewriter<'_>, select: &mut Select) {
    for (i, from) in select.from.iter_mut().enumerate() {
        tables(rewriter, from, i > 0);
    }
}

fn tables(rewriter: &mut Rewriter<'_>, from: &mut TableWithJoins, has_before: bool) {
    factor(rewriter, &mut from.relation, has_before);
    for Join { relation, join_operator, .. } in &mut from.joins {
        let pads_what_is_before = matches!(
            join_operator,
            JoinOperator::FullOuter(_)
                | JoinOperator::Right(_)
                | JoinOperator::RightOuter(_)
                | JoinOperator::RightSemi(_)
                | JoinOperator::RightAnti(_)
        );
        factor(rewriter, relation, !pads_what_is_before);
    }
}

fn factor(rewriter: &mut Rewriter<'_>, factor: &mut TableFactor, sees: bool) {
    match factor {
        TableFactor::Derived { lateral, subquery, .. } => {
            *lateral |= sees;
            if let SetExpr::Select(select) = subquery.body.as_mut()
                && sees
            {
                rewriter.scopes.push(relations(&select.from));
                own_exprs(&mut select.projection, &mut |expr| field(rewriter, expr));
                own_exprs(&mut select.selection, &mut |expr| field(rewriter, expr));
                rewriter.scopes.pop();
            }
        }
        TableFactor::NestedJoin { table_with_joins, .. } => tables(rewriter, table_with_joins, false),
        TableFactor::Table { name, alias, args: Some(args), with_ordinality, .. } => {
            let [Some(function)] = name.0.iter().map(|part| part.as_ident()).collect::<Vec<_>>()[..] else { return };
            let function = Ident { value: function.value.to_ascii_lowercase(), quote_style: None, span: function.span };
            let is_list = function.value == "unnest";
            let is_series = matches!(function.value.as_str(), "range" | "generate_series");
            let values: Option<Vec<Expr>> = args.args.iter().map(value).collect();
            let Some(values) = values.filter(|_| is_list || is_series) else { return };
            if is_list && values.len() != 1 {
                let message = format!("`unnest` takes 1 argument, {} given", values.len());
                return rewriter.problem(
                    Code::TypeMismatch,
                    &Expr::Identifier(function),
                    message,
                    "give it one list, or write one `unnest` for each",
                );
            }
            // The engine counts between numbers by itself, without a list.
            if is_series && !*with_ordinality && values.iter().all(is_literal) {
                return;
            }
            let mut list = if is_list { values[0].clone() } else { named_call(&function.value, values) };
            own_exprs(&mut list, &mut |expr| field(rewriter, expr));
            *factor = unnested(list, &function, alias.take(), *with_ordinality, sees);
        }
        TableFactor::Table { name, with_ordinality: true, .. } => {
            rewriter.unsupported(name, "`WITH ORDINALITY` of a table is not supported", "write `row_number() OVER (ORDER BY ...)`");
        }
        _ => {}
    }
}

/// A field of a column further out, which the planner finds by a call alone.
fn field(rewriter: &Rewriter<'_>, expr: &mut Expr) {
    let Expr::CompoundIdentifier(parts) = expr else { return };
    let column = 1 + rewriter.scopes.iter().map(|scope| parts_of_relation(parts, scope)).max().unwrap_or(0);
    if column >= parts.len() {
        return;
    }
    let fields = parts.split_off(column);
    let root = if column == 1 { Expr::Identifier(parts.remove(0)) } else { Expr::CompoundIdentifier(std::mem::take(parts)) };
    *expr = fields.into_iter().fold(root, |of, field| {
        let name = Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(field.value), span: field.span });
        named_call("struct_extract", vec![of, name])
    });
}

fn value(arg: &FunctionArg) -> Option<Expr> {
    match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
        _ => None,
    }
}

fn is_literal(expr: &Expr) -> bool {
    match expr {
        Expr::Value(value) => !matches!(value.value, Value::Placeholder(_)),
        Expr::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, expr } => is_literal(expr),
        Expr::TypedString(_) | Expr::Interval(_) => true,
        _ => false,
    }
}

/// `(SELECT unnest(list) AS x) AS t(x)`.
fn unnested(list: Expr, function: &Ident, alias: Option<TableAlias>, with_ordinality: bool, lateral: bool) -> TableFactor {
    let mut alias = alias.unwrap_or_else(|| TableAlias { explicit: true, name: function.clone(), columns: vec![], at: None });
    // The elements of a list are called as the table is, those of a series as the function.
    let column = if function.value == "unnest" { alias.name.clone() } else { function.clone() };
    // More names than columns stay, for the planner to refuse.
    let made = 1 + usize::from(with_ordinality);
    let given = if alias.columns.len() <= made { std::mem::take(&mut alias.columns) } else { Vec::new() };
    let mut given = given.into_iter().map(|column| column.name);
    let mut items =
        vec![SelectItem::ExprWithAlias { expr: named_call("unnest", vec![list.clone()]), alias: given.next().unwrap_or(column) }];
    if with_ordinality {
        let one = Expr::Value(Value::Number("1".to_owned(), false).into());
        let places = named_call("generate_series", vec![one, named_call("len", vec![list])]);
        let alias = given.next().unwrap_or_else(|| Ident::new("ordinality"));
        items.push(SelectItem::ExprWithAlias { expr: named_call("unnest", vec![places]), alias });
    }
    let subquery: Query = plain(Box::new(SetExpr::Select(Box::new(selected(items)))));
    TableFactor::Derived { lateral, subquery: Box::new(subquery), alias: Some(alias), sample: None }
}
