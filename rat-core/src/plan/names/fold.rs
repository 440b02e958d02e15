//! The second walk: every column name becomes its canonical spelling. Places in the text stay as they are.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    ExceptSelectItem, ExcludeSelectItem, Expr, Ident, IdentWithAlias, JoinConstraint, JoinOperator, NamedWindowExpr, ObjectName,
    ObjectNamePart, OneOrManyWithParens, Query, RenameSelectItem, Select, SelectItem, SelectItemQualifiedWildcardKind, TableAlias,
    TableFactor, TableWithJoins, VisitorMut, WildcardAdditionalOptions, WindowType,
};

use super::Spellings;
use super::tables::alias_of;

pub(super) struct Fold<'a>(pub(super) &'a Spellings);

impl Fold<'_> {
    fn column(&self, ident: &mut Ident) {
        let canonical = self.0.of(&ident.value);
        if canonical != ident.value {
            ident.value = canonical;
        }
    }

    fn qualifier(&self, ident: &mut Ident) {
        let lower = ident.value.to_lowercase();
        if self.0.qualifiers.contains(&lower) {
            ident.value = lower;
        } else {
            self.column(ident);
        }
    }

    fn path(&self, idents: &mut [Ident]) {
        if let Some((last, first)) = idents.split_last_mut() {
            first.iter_mut().for_each(|i| self.qualifier(i));
            self.column(last);
        }
    }

    fn object(&self, name: &mut ObjectName) {
        let last = name.0.len().saturating_sub(1);
        for (i, part) in name.0.iter_mut().enumerate() {
            if let ObjectNamePart::Identifier(ident) = part {
                if i == last { self.column(ident) } else { self.qualifier(ident) }
            }
        }
    }

    fn alias(&self, alias: &mut TableAlias) {
        alias.columns.iter_mut().for_each(|c| self.column(&mut c.name));
    }

    fn joins(&self, table: &mut TableWithJoins) {
        for join in &mut table.joins {
            let constraint = match &mut join.join_operator {
                JoinOperator::Join(c)
                | JoinOperator::Inner(c)
                | JoinOperator::Left(c)
                | JoinOperator::LeftOuter(c)
                | JoinOperator::Right(c)
                | JoinOperator::RightOuter(c)
                | JoinOperator::FullOuter(c)
                | JoinOperator::CrossJoin(c)
                | JoinOperator::Semi(c)
                | JoinOperator::LeftSemi(c)
                | JoinOperator::RightSemi(c)
                | JoinOperator::Anti(c)
                | JoinOperator::LeftAnti(c)
                | JoinOperator::RightAnti(c)
                | JoinOperator::StraightJoin(c)
                | JoinOperator::AsOf { constraint: c, .. } => c,
                _ => continue,
            };
            if let JoinConstraint::Using(columns) = constraint {
                columns.iter_mut().for_each(|c| self.object(c));
            }
        }
    }

    fn wildcard(&self, options: &mut WildcardAdditionalOptions) {
        match &mut options.opt_exclude {
            Some(ExcludeSelectItem::Single(column)) => self.object(column),
            Some(ExcludeSelectItem::Multiple(columns)) => columns.iter_mut().for_each(|c| self.object(c)),
            None => {}
        }
        if let Some(ExceptSelectItem { first_element, additional_elements }) = &mut options.opt_except {
            self.column(first_element);
            additional_elements.iter_mut().for_each(|c| self.column(c));
        }
        if let Some(replace) = &mut options.opt_replace {
            replace.items.iter_mut().for_each(|item| self.column(&mut item.column_name));
        }
        let rename = |item: &mut IdentWithAlias| {
            self.column(&mut item.ident);
            self.column(&mut item.alias);
        };
        match &mut options.opt_rename {
            Some(RenameSelectItem::Single(item)) => rename(item),
            Some(RenameSelectItem::Multiple(items)) => items.iter_mut().for_each(rename),
            None => {}
        }
    }
}

impl VisitorMut for Fold<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        query.with.iter_mut().flat_map(|with| &mut with.cte_tables).for_each(|cte| self.alias(&mut cte.alias));
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        for item in &mut select.projection {
            match item {
                SelectItem::ExprWithAlias { alias, .. } => self.column(alias),
                SelectItem::ExprWithAliases { aliases, .. } => aliases.iter_mut().for_each(|a| self.column(a)),
                SelectItem::QualifiedWildcard(kind, options) => {
                    if let SelectItemQualifiedWildcardKind::ObjectName(name) = kind {
                        name.0.iter_mut().for_each(|part| {
                            if let ObjectNamePart::Identifier(ident) = part {
                                self.qualifier(ident);
                            }
                        });
                    }
                    self.wildcard(options);
                }
                SelectItem::Wildcard(options) => self.wildcard(options),
                SelectItem::UnnamedExpr(_) => {}
            }
        }
        for window in &mut select.named_window {
            window.0.value = window.0.value.to_lowercase();
            if let NamedWindowExpr::NamedWindow(other) = &mut window.1 {
                other.value = other.value.to_lowercase();
            }
        }
        select.from.iter_mut().for_each(|table| self.joins(table));
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        if let TableFactor::NestedJoin { table_with_joins, .. } = factor {
            self.joins(table_with_joins);
        }
        if let Some(alias) = alias_of(factor) {
            self.alias(alias);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::Identifier(ident) => self.column(ident),
            Expr::CompoundIdentifier(idents) => self.path(idents),
            Expr::Function(function) => match &mut function.over {
                Some(WindowType::NamedWindow(window)) => window.value = window.value.to_lowercase(),
                Some(WindowType::WindowSpec(spec)) => {
                    if let Some(window) = &mut spec.window_name {
                        window.value = window.value.to_lowercase();
                    }
                }
                None => {}
            },
            Expr::Lambda(lambda) => match &mut lambda.params {
                OneOrManyWithParens::One(parameter) => self.column(&mut parameter.name),
                OneOrManyWithParens::Many(parameters) => parameters.iter_mut().for_each(|p| self.column(&mut p.name)),
            },
            _ => {}
        }
        ControlFlow::Continue(())
    }
}
