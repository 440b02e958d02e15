//! A cast of what a SELECT gives, groups or orders by keeps its type in its name.

use datafusion::sql::sqlparser::ast::{Expr, Query, Select};

use super::calls::named_call;
use super::own_exprs;
use crate::dialect::typed;

/// The engine names `min(ts)` and `min(ts::DATE)` alike, and refuses to have both.
pub(super) fn select(select: &mut Select) {
    own_exprs(&mut select.distinct, &mut mark);
    own_exprs(&mut select.projection, &mut mark);
    own_exprs(&mut select.group_by, &mut mark);
    own_exprs(&mut select.having, &mut mark);
    own_exprs(&mut select.qualify, &mut mark);
}

pub(super) fn query(query: &mut Query) {
    own_exprs(&mut query.order_by, &mut mark);
}

fn mark(expr: &mut Expr) {
    if let Expr::Cast { expr: inner, .. } = &expr
        && !matches!(inner.as_ref(), Expr::Value(_))
    {
        *expr = named_call(typed::WRITTEN_CAST, vec![expr.clone()]);
    }
}
