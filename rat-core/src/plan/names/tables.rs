//! The first walk: every table and function name is looked up, and every alias is noted.

use std::collections::HashSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, ObjectName, ObjectNamePart, Query, Select, SelectFlavor, SelectItem, Spanned, Statement, TableAlias, TableFactor,
    VisitorMut, WildcardAdditionalOptions,
};

use super::mentioned;
use crate::dialect::{Problem, ReadCall, byte_range};
use crate::error::{Code, nearest};
use crate::name::Layer;
use crate::plan::provider;
use crate::plan::relations::{Relation, Relations};
use crate::session::Session;

pub(super) struct Tables<'a> {
    session: &'a Session,
    sql: &'a str,
    relations: &'a dyn Relations,
    ctes: Vec<HashSet<String>>,
    /// Names that stand for calls of read functions.
    reads: HashSet<String>,
    pub(super) found: Vec<(String, Relation)>,
    pub(super) problems: Vec<Problem>,
    /// Names that may stand before a column, in lower case.
    pub(super) qualifiers: HashSet<String>,
    /// Column aliases as written, in order.
    pub(super) aliases: Vec<String>,
}

impl<'a> Tables<'a> {
    pub(super) fn new(session: &'a Session, sql: &'a str, relations: &'a dyn Relations, reads: &[ReadCall]) -> Self {
        let reads = reads.iter().map(|call| call.alias_table.clone()).collect();
        let qualifiers = Layer::ALL.iter().map(|l| l.as_str().to_owned()).collect();
        Self { session, sql, relations, ctes: Vec::new(), reads, found: Vec::new(), problems: Vec::new(), qualifiers, aliases: Vec::new() }
    }

    fn problem(&mut self, code: Code, message: String, help: Option<String>, span: datafusion::sql::sqlparser::tokenizer::Span) {
        self.problems.push(Problem { code, message, help, range: byte_range(self.sql, span) });
    }

    fn alias(&mut self, alias: &mut TableAlias) {
        alias.name.value = alias.name.value.to_lowercase();
        self.qualifiers.insert(alias.name.value.clone());
        self.aliases.extend(alias.columns.iter().map(|c| c.name.value.clone()));
    }

    /// Rewrites a table's name to the full one, or reports it.
    fn table(&mut self, name: &mut ObjectName) {
        let Some(parts) = mentioned::parts(name) else { return };
        if let [single] = parts.as_slice() {
            self.qualifiers.insert(single.clone());
            if self.reads.contains(single) || self.ctes.iter().any(|scope| scope.contains(single)) {
                set(name, &parts);
                return;
            }
        }
        if let Some(full) = mentioned::full(&parts, self.relations.namespace())
            && let Some(relation) = self.relations.relation(&full)
        {
            let parts = [full.namespace, full.layer.as_str().to_owned(), full.name];
            self.qualifiers.extend(parts.iter().cloned());
            set(name, &parts);
            self.add(parts.join("."), relation);
            return;
        }
        let path = parts.join(".");
        if let Some(relation) = self.relations.special(&path) {
            self.qualifiers.extend(parts.iter().cloned());
            set(name, &parts);
            self.add(path, relation);
            return;
        }
        if let Some(full) = mentioned::full(&parts, self.relations.namespace())
            && let Some(absent) = self.relations.absent(&full)
        {
            let (code, message, help) = absent.told(&full, self.relations.namespace());
            return self.problem(code, message, Some(help), name.span());
        }
        let written = name.0.iter().filter_map(ObjectNamePart::as_ident).map(|i| i.value.as_str()).collect::<Vec<_>>().join(".");
        let help = self.near(&parts);
        self.problem(Code::UnknownTable, format!("there is no table `{written}`"), help, name.span());
    }

    fn add(&mut self, key: String, relation: Relation) {
        if !self.found.iter().any(|(known, _)| *known == key) {
            self.found.push((key, relation));
        }
    }

    fn near(&self, parts: &[String]) -> Option<String> {
        let names = self.relations.names();
        let shown: Vec<String> = names.iter().map(|n| n.within(self.relations.namespace())).collect();
        if let [bare] = parts {
            let same: Vec<&String> = names.iter().zip(&shown).filter(|(n, _)| n.name == *bare).map(|(_, s)| s).collect();
            match same.as_slice() {
                [] => {}
                [one] => return Some(format!("write `{one}`")),
                many => return Some(format!("write one of {}", many.iter().map(|s| format!("`{s}`")).collect::<Vec<_>>().join(", "))),
            }
        }
        let path = parts.join(".");
        nearest(&path, shown.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"))
    }

    fn table_function(&mut self, name: &ObjectName) {
        let Some(function) = name.0.last().and_then(ObjectNamePart::as_ident).map(|i| i.value.to_lowercase()) else { return };
        let known = provider::table_function_names(self.session);
        if !known.contains(&function) && function != "unnest" {
            let help = nearest(&function, known.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
            self.problem(Code::UnknownFunction, format!("there is no table function `{function}`"), help, name.span());
        }
    }
}

fn set(name: &mut ObjectName, parts: &[String]) {
    let last = name.0.len().saturating_sub(1);
    let spans: Vec<_> = name.0.iter().map(Spanned::span).collect();
    let added = parts.len() - spans.len().min(parts.len());
    name.0 = parts
        .iter()
        .enumerate()
        .map(|(i, part)| {
            ObjectNamePart::Identifier(Ident::with_quote_and_span('"', spans[i.saturating_sub(added).min(last)], part.clone()))
        })
        .collect();
}

impl VisitorMut for Tables<'_> {
    type Break = ();

    fn pre_visit_statement(&mut self, statement: &mut Statement) -> ControlFlow<()> {
        if let Statement::ExplainTable { table_name, .. } = statement {
            self.table(table_name);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        let mut scope = HashSet::new();
        for cte in query.with.iter_mut().flat_map(|with| &mut with.cte_tables) {
            self.alias(&mut cte.alias);
            scope.insert(cte.alias.name.value.clone());
        }
        self.ctes.push(scope);
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &mut Query) -> ControlFlow<()> {
        self.ctes.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        // `FROM t` alone means `SELECT * FROM t`.
        if select.projection.is_empty() && select.flavor == SelectFlavor::FromFirstNoSelect {
            select.projection.push(SelectItem::Wildcard(WildcardAdditionalOptions::default()));
        }
        let mut seen = HashSet::new();
        for item in &select.projection {
            match item {
                SelectItem::ExprWithAlias { alias, .. } => {
                    if !seen.insert(alias.value.to_lowercase()) {
                        let message = format!("two columns are named `{}`", alias.value);
                        self.problem(Code::DuplicateColumn, message, None, alias.span);
                    }
                    self.aliases.push(alias.value.clone());
                }
                SelectItem::ExprWithAliases { aliases, .. } => self.aliases.extend(aliases.iter().map(|a| a.value.clone())),
                _ => {}
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Table { name, args: Some(_), .. } | TableFactor::Function { name, .. } => self.table_function(name),
            TableFactor::Table { name, args: None, .. } => self.table(name),
            _ => {}
        }
        if let Some(alias) = alias_of(factor) {
            self.alias(alias);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::Function(function) = expr
            && let [ObjectNamePart::Identifier(ident)] = function.name.0.as_slice()
        {
            let name = ident.value.to_lowercase();
            if !provider::is_function(self.session, &name) {
                let known = provider::function_names(self.session);
                let help = nearest(&name, known.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
                let span = ident.span;
                self.problem(Code::UnknownFunction, format!("there is no function `{name}`"), help, span);
            }
        }
        ControlFlow::Continue(())
    }
}

pub(super) fn alias_of(factor: &mut TableFactor) -> Option<&mut TableAlias> {
    match factor {
        TableFactor::Table { alias, .. }
        | TableFactor::Derived { alias, .. }
        | TableFactor::TableFunction { alias, .. }
        | TableFactor::Function { alias, .. }
        | TableFactor::UNNEST { alias, .. }
        | TableFactor::NestedJoin { alias, .. }
        | TableFactor::Pivot { alias, .. }
        | TableFactor::Unpivot { alias, .. } => alias.as_mut(),
        _ => None,
    }
}
