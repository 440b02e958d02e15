//! Which bytes of the SQL an error of the planner is about.
//!
//! The planner places column names and little else. So the expression to blame is found by trial: an expression is to blame when the
//! error goes away once NULL stands in its place, and the place to show is the smallest expression that alone is to blame. Where both
//! sides of `a + b` cure it, the sum is shown. The same trick lets planning go on after an unknown column, to report the next one.

use std::ops::{ControlFlow, Range};

use datafusion::common::{DataFusionError, Span as EngineSpan};
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::sqlparser::ast::{Expr, Ident, Select, SelectItem, Spanned, Statement, Value, ValueWithSpan, VisitorMut};
use datafusion::sql::sqlparser::tokenizer::{Location, Span};

use super::describe::{Description, describe};
use crate::dialect::{self, Problem, byte_range};
use crate::error::Code;

/// How often one statement is planned again to find its errors. An error past that is shown at the whole statement.
const TRIALS: usize = 400;

/// How many problems of one statement are reported at once.
const PROBLEMS: usize = 10;

type Build<'a> = dyn Fn(&Statement) -> Result<LogicalPlan, DataFusionError> + 'a;

pub(super) fn problems(sql: &str, statement: &Statement, error: DataFusionError, build: &Build<'_>) -> Vec<Problem> {
    let mut statement = statement.clone();
    let mut problems: Vec<Problem> = Vec::new();
    let mut trials = Trials { build, left: TRIALS };
    let mut next = Some(error);
    while let Some(error) = next.take() {
        let description = describe(&error);
        let is_name = matches!(description.code, Code::UnknownColumn | Code::AmbiguousColumn);
        // After a name was replaced, other errors may be its consequences.
        if !problems.is_empty() && !is_name {
            break;
        }
        let expressions = Expressions::of(&mut statement);
        let culprit = trials.culprit(&statement, &expressions, &description);
        let range = place(sql, &description, culprit.map(|i| expressions.0[i].span));
        let problem = Problem { code: description.code, message: description.message, help: description.help, range };
        if problems.iter().any(|p| p.range == problem.range && p.code == problem.code) {
            break;
        }
        problems.push(problem);
        if let (true, Some(culprit)) = (is_name && problems.len() < PROBLEMS, culprit) {
            replace(&mut statement, culprit);
            next = build(&statement).err();
        }
    }
    problems
}

fn place(sql: &str, description: &Description, culprit: Option<Span>) -> Range<usize> {
    let told = description.span.map(|EngineSpan { start, end }| {
        Span::new(Location { line: start.line, column: start.column }, Location { line: end.line, column: end.column })
    });
    let places = [told, culprit].into_iter().flatten().filter(|span| *span != Span::empty());
    places.map(|span| byte_range(sql, span)).find(|range| !range.is_empty()).unwrap_or(0..sql.trim_end().len())
}

struct Trials<'a> {
    build: &'a Build<'a>,
    left: usize,
}

impl Trials<'_> {
    fn culprit(&mut self, statement: &Statement, expressions: &Expressions, description: &Description) -> Option<usize> {
        // A name the planner placed needs no trial: it is the innermost expression there.
        if let Some(told) = description.span {
            let at = |span: &Span| (span.start.line, span.start.column) == (told.start.line, told.start.column);
            if let Some(found) = expressions.0.iter().rposition(|e| at(&e.span)) {
                return Some(found);
            }
        }
        let mut culprit = None;
        loop {
            let mut curing = Vec::new();
            for child in expressions.children(culprit) {
                if self.cures(statement, child, description) {
                    curing.push(child);
                }
                // Among the clauses of a statement the first that cures is to blame; among operands, only one that cures alone.
                if (culprit.is_none() && curing.len() == 1) || curing.len() == 2 {
                    break;
                }
            }
            match curing.as_slice() {
                [one] => culprit = Some(*one),
                _ => return culprit,
            }
        }
    }

    fn cures(&mut self, statement: &Statement, expression: usize, description: &Description) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        let mut trial = statement.clone();
        replace(&mut trial, expression);
        match (self.build)(&trial) {
            Ok(_) => true,
            Err(error) => {
                let now = describe(&error);
                (now.code, &now.message) != (description.code, &description.message)
            }
        }
    }
}

/// The expressions of a statement in the order they are visited, each with the one it is part of.
struct Expressions(Vec<Expression>);

struct Expression {
    span: Span,
    parent: Option<usize>,
}

impl Expressions {
    fn of(statement: &mut Statement) -> Self {
        struct Collect {
            found: Vec<Expression>,
            /// Those that are walked through, and whether the parser placed them: it knows no place of a map, for one.
            open: Vec<(usize, bool)>,
        }
        impl VisitorMut for Collect {
            type Break = ();

            fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
                let span = expr.span();
                self.open.push((self.found.len(), span != Span::empty()));
                self.found.push(Expression { span, parent: self.open.iter().nth_back(1).map(|(parent, _)| *parent) });
                ControlFlow::Continue(())
            }

            fn post_visit_expr(&mut self, _expr: &mut Expr) -> ControlFlow<()> {
                // Without a place of its own it is where its parts are.
                if let (Some((i, _)), Some((parent, false))) = (self.open.pop(), self.open.last()) {
                    self.found[*parent].span = self.found[*parent].span.union(&self.found[i].span);
                }
                ControlFlow::Continue(())
            }
        }
        let mut collect = Collect { found: Vec::new(), open: Vec::new() };
        dialect::walk_mut(statement, &mut collect);
        Self(collect.found)
    }

    fn children(&self, parent: Option<usize>) -> Vec<usize> {
        self.0.iter().enumerate().filter(|(_, e)| e.parent == parent).map(|(i, _)| i).collect()
    }
}

/// Puts NULL in the place of the n-th expression; a column keeps its name, for those who read it further out.
fn replace(statement: &mut Statement, expression: usize) {
    struct Replace {
        wanted: usize,
        next: usize,
        replaced: Option<Expr>,
    }
    impl VisitorMut for Replace {
        type Break = ();

        fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
            if self.next == self.wanted {
                let null = Expr::Value(ValueWithSpan { value: Value::Null, span: expr.span() });
                self.replaced = Some(std::mem::replace(expr, null));
            }
            self.next += 1;
            // What the replaced expression held still counts, so that numbers stay the same: it is gone, and nothing after it is asked for.
            if self.replaced.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    }
    let mut walk = Replace { wanted: expression, next: 0, replaced: None };
    dialect::walk_mut(statement, &mut walk);
    if let Some(name) = walk.replaced.as_ref().and_then(last_name) {
        dialect::walk_mut(statement, &mut KeepName { name, span: walk.replaced.map(|e| e.span()).unwrap_or(Span::empty()) });
    }
}

fn last_name(expr: &Expr) -> Option<Ident> {
    match expr {
        Expr::Identifier(ident) => Some(ident.clone()),
        Expr::CompoundIdentifier(idents) => idents.last().cloned(),
        _ => None,
    }
}

struct KeepName {
    name: Ident,
    span: Span,
}

impl VisitorMut for KeepName {
    type Break = ();

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        for item in &mut select.projection {
            let SelectItem::UnnamedExpr(Expr::Value(ValueWithSpan { value: Value::Null, span })) = item else { continue };
            if *span == self.span {
                let null = Expr::Value(ValueWithSpan { value: Value::Null, span: *span });
                *item = SelectItem::ExprWithAlias { expr: null, alias: self.name.clone() };
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }
}
