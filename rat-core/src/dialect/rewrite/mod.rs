//! The rewrites that need no types, one file each, in one walk over the tree.

mod arms;
mod arrows;
mod calls;
mod casts;
mod fields;
mod lambdas;
mod laterals;
mod naming;
mod numbers;
mod ordering;
mod printed;
mod reads;
mod recursion;
mod shape;
mod types;
mod using;
mod values;
mod windows;

pub(super) use calls::{missing, renamed};

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Expr, Ident, Query, Select, Spanned, Statement, TableFactor, ValueWithSpan, VisitMut, VisitorMut};

use super::relations::relations;
use super::{Problem, ReadCall, Reads, byte_range};
use crate::error::Code;

pub(super) fn apply(sql: &str, statement: &mut Statement, reads: Reads) -> Result<Vec<ReadCall>, Vec<Problem>> {
    let mut rewriter = Rewriter { sql, reads, calls: Vec::new(), problems: Vec::new(), scopes: Vec::new() };
    super::walk_mut(statement, &mut rewriter);
    if rewriter.problems.is_empty() { Ok(rewriter.calls) } else { Err(rewriter.problems) }
}

/// What the rewrites share: the text for places, and what they found.
struct Rewriter<'a> {
    sql: &'a str,
    reads: Reads,
    calls: Vec<ReadCall>,
    problems: Vec<Problem>,
    /// What the relations are called of each SELECT that the walk is inside of.
    scopes: Vec<Vec<Vec<Ident>>>,
}

impl Rewriter<'_> {
    fn unsupported(&mut self, at: &impl Spanned, message: impl Into<String>, help: impl Into<String>) {
        self.problem(Code::UnsupportedSql, at, message, help);
    }

    fn problem(&mut self, code: Code, at: &impl Spanned, message: impl Into<String>, help: impl Into<String>) {
        let range = byte_range(self.sql, at.span());
        let range = if range.is_empty() { 0..self.sql.trim_end().len() } else { range };
        self.problems.push(Problem { code, message: message.into(), help: Some(help.into()), range });
    }
}

impl VisitorMut for Rewriter<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        shape::query(self, query);
        arms::query(query);
        recursion::query(query);
        windows::query(self, query);
        using::query(self, query);
        ordering::query(query);
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        values::query(query);
        casts::query(query);
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        self.scopes.push(relations(&select.from));
        laterals::select(self, select);
        shape::select(self, select);
        windows::select(self, select);
        using::select(self, select);
        fields::select(select);
        naming::select(select);
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        self.scopes.pop();
        casts::select(select);
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        reads::table_factor(self, factor);
        shape::positional(self, factor);
        naming::table_function(factor);
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        types::expr(self, expr);
        calls::expr(self, expr);
        ControlFlow::Continue(())
    }

    fn post_visit_value(&mut self, value: &mut ValueWithSpan) -> ControlFlow<()> {
        numbers::value(value);
        ControlFlow::Continue(())
    }
}

/// Shows the expressions under a node, from the inside out, and none of its subqueries': those are looked at on their own.
fn own_exprs<T: VisitMut>(node: &mut T, each: &mut dyn FnMut(&mut Expr)) {
    super::walk_mut(node, &mut Own { depth: 0, each });
}

struct Own<'a> {
    depth: usize,
    each: &'a mut dyn FnMut(&mut Expr),
}

impl VisitorMut for Own<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if self.depth == 0 {
            (self.each)(expr);
        }
        ControlFlow::Continue(())
    }
}
