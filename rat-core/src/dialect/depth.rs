//! How deep a statement may nest, so that no text can overflow a stack.
//!
//! The parser bounds what it reads by recursion, such as parentheses. What it reads in a loop nests as well (`1 + 1 + …`, `a::INT::INT…`,
//! `… UNION ALL …`), and everybody after the parser walks it by recursion: those chains are bounded here.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Expr, Query, SetExpr, Statement, Visit, Visitor};

/// How deep expressions and queries may nest.
pub(super) const DEPTH: usize = 128;

/// How many operators may follow each other in one chain.
const CHAIN: usize = 512;

/// What [`DEPTH`] levels need in an unoptimised build, with room to spare. The pages that are not used are never committed.
const STACK_BYTES: usize = 64 << 20;

/// Runs what walks a statement by recursion on a stack that is deep enough for every statement that [`parse`](super::parse) lets through.
pub fn with_stack<T>(work: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(STACK_BYTES / 2, STACK_BYTES, work)
}

pub(super) fn is_too_deep(statement: &Statement) -> bool {
    struct Chains;
    impl Visitor for Chains {
        type Break = ();

        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            within(std::iter::successors(Some(expr), |e| left(e)).count())
        }

        fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
            let mut body = query.body.as_ref();
            let mut length = 1;
            while let SetExpr::SetOperation { left, .. } = body {
                body = left;
                length += 1;
            }
            within(length)
        }
    }
    statement.visit(&mut Chains).is_break()
}

fn within(length: usize) -> ControlFlow<()> {
    if length > CHAIN { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

/// The operand before an operator: what a chain nests in.
fn left(expr: &Expr) -> Option<&Expr> {
    match expr {
        Expr::BinaryOp { left, .. } | Expr::AnyOp { left, .. } | Expr::AllOp { left, .. } => Some(left),
        Expr::IsDistinctFrom(left, _) | Expr::IsNotDistinctFrom(left, _) => Some(left),
        Expr::IsNull(expr)
        | Expr::IsNotNull(expr)
        | Expr::IsTrue(expr)
        | Expr::IsNotTrue(expr)
        | Expr::IsFalse(expr)
        | Expr::IsNotFalse(expr)
        | Expr::IsUnknown(expr)
        | Expr::IsNotUnknown(expr) => Some(expr),
        Expr::Cast { expr, .. }
        | Expr::Collate { expr, .. }
        | Expr::InList { expr, .. }
        | Expr::InSubquery { expr, .. }
        | Expr::Between { expr, .. }
        | Expr::Like { expr, .. }
        | Expr::ILike { expr, .. }
        | Expr::SimilarTo { expr, .. } => Some(expr),
        Expr::AtTimeZone { timestamp, .. } => Some(timestamp),
        _ => None,
    }
}
