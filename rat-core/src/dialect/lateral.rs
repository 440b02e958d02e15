//! Aliases used beside where they are made: `SELECT a AS b, b + 1 AS c`.
//!
//! A column of that name wins over the alias, and which columns there are is known only to the planner. So the planner plans first, and
//! asks here when it did not find a name.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Expr, Ident, Query, Select, SelectItem, Statement, TableWithJoins, Value, VisitorMut};
use datafusion::sql::sqlparser::tokenizer::Location;

use super::relations::called;
use super::walk_mut;

/// Puts the aliased expression in the place of the name that starts at `line` and `column`. False when that SELECT makes no alias of that
/// name before it is used.
pub fn expand_alias(statement: &mut Statement, line: u64, column: u64) -> bool {
    let mut finder = Finder { at: Location { line, column }, found: false };
    walk_mut(statement, &mut finder);
    finder.found
}

struct Finder {
    at: Location,
    found: bool,
}

impl VisitorMut for Finder {
    type Break = ();

    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        let aliases: Vec<(String, Expr)> = select
            .projection
            .iter()
            .map(|item| match item {
                SelectItem::ExprWithAlias { expr, alias } => (alias.value.to_lowercase(), expr.clone()),
                // Keeps the positions.
                _ => (String::new(), Expr::Value(Value::Null.into())),
            })
            .collect();
        let relation = only_relation(select);
        let mut replace = Replace { at: self.at, aliases: &aliases, relation, depth: 0, replaced: false };
        for (i, item) in select.projection.iter_mut().enumerate() {
            replace.aliases = &aliases[..i];
            walk_mut(item, &mut replace);
        }
        replace.aliases = &aliases;
        walk_mut(&mut select.selection, &mut replace);
        walk_mut(&mut select.group_by, &mut replace);
        walk_mut(&mut select.having, &mut replace);
        walk_mut(&mut select.qualify, &mut replace);
        self.found = replace.replaced;
        if self.found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

struct Replace<'a> {
    at: Location,
    aliases: &'a [(String, Expr)],
    /// What the columns of the aliases are of, when that is one relation alone.
    relation: Option<Vec<Ident>>,
    /// How many subqueries the walk is in.
    depth: usize,
    replaced: bool,
}

fn only_relation(select: &Select) -> Option<Vec<Ident>> {
    let [TableWithJoins { relation, joins }] = select.from.as_slice() else { return None };
    if !joins.is_empty() {
        return None;
    }
    called(relation)
}

/// In a subquery a bare name would be taken for a column of the subquery's tables. False where it cannot be told which relation it is of.
fn qualify(expr: &mut Expr, relation: Option<&[Ident]>) -> bool {
    let mut qualifier = Qualifier { relation, is_told: true };
    walk_mut(expr, &mut qualifier);
    qualifier.is_told
}

struct Qualifier<'a> {
    relation: Option<&'a [Ident]>,
    is_told: bool,
}

impl VisitorMut for Qualifier<'_> {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::Identifier(name) = expr {
            match self.relation {
                Some(relation) => *expr = Expr::CompoundIdentifier(relation.iter().chain([&*name]).cloned().collect()),
                None => self.is_told = false,
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.is_told = false;
        ControlFlow::Break(())
    }
}

impl VisitorMut for Replace<'_> {
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
        let Expr::Identifier(Ident { value, span, .. }) = expr else { return ControlFlow::Continue(()) };
        if span.start != self.at {
            return ControlFlow::Continue(());
        }
        let name = value.to_lowercase();
        if let Some((_, aliased)) = self.aliases.iter().rev().find(|(alias, _)| *alias == name) {
            let mut aliased = aliased.clone();
            if self.depth == 0 || qualify(&mut aliased, self.relation.as_deref()) {
                *expr = Expr::Nested(Box::new(aliased));
                self.replaced = true;
            }
        }
        ControlFlow::Break(())
    }
}
