//! Whether a statement only reads: the rule for whatever is planned, in queries, pipelines and tests.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Query, Select, SetExpr, Spanned, Statement, Visitor};
use datafusion::sql::sqlparser::tokenizer::Span;

use super::{Problem, byte_range};
use crate::error::Code;

/// The refusal of a statement or of a part of one; without a place, of the whole text.
pub fn not_a_query(sql: &str, kind: &str, span: Span) -> Problem {
    let range = match byte_range(sql, span) {
        range if range.is_empty() => 0..sql.trim_end().len(),
        range => range,
    };
    Problem { code: Code::NotReadOnly, message: format!("`{kind}` is not a query"), help: None, range }
}

/// Allows a statement in which nothing writes.
///
/// # Errors
/// `NOT_READ_ONLY` for a statement that is neither a query nor the explanation of one, and for what would write inside a query.
pub fn reads_only(sql: &str, statement: &Statement) -> Result<(), Problem> {
    match writes(statement) {
        Some((kind, span)) => Err(not_a_query(sql, &kind, span)),
        None => Ok(()),
    }
}

/// Allows a query and nothing else.
///
/// # Errors
/// `NOT_READ_ONLY`, as [`reads_only`].
pub fn is_query(sql: &str, statement: &Statement) -> Result<(), Problem> {
    match statement {
        Statement::Query(_) => reads_only(sql, statement),
        other => Err(not_a_query(sql, &kind(other), other.span())),
    }
}

/// The words a statement begins with: `CREATE EXTERNAL TABLE`, `COPY`.
pub fn kind(statement: &Statement) -> String {
    let text = statement.to_string();
    let first: Vec<&str> =
        text.split_whitespace().take(3).take_while(|word| word.chars().all(|c| c.is_ascii_uppercase() || c == '_')).collect();
    match first.as_slice() {
        [] => "this statement".to_owned(),
        ["CREATE" | "DROP" | "ALTER" | "SHOW", ..] => first.join(" "),
        [word, ..] => (*word).to_owned(),
    }
}

/// What inside a query would write: `WITH x AS (INSERT …)`, `SELECT … INTO`, `FOR UPDATE`.
fn writes(statement: &Statement) -> Option<(String, Span)> {
    struct Writes(Option<(String, Span)>);
    impl Visitor for Writes {
        type Break = ();

        fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
            if let Some(lock) = query.locks.first() {
                self.0 = Some((format!("FOR {}", lock.lock_type), Span::empty()));
                return ControlFlow::Break(());
            }
            let mut body = query.body.as_ref();
            loop {
                body = match body {
                    SetExpr::Insert(inner) | SetExpr::Update(inner) | SetExpr::Delete(inner) | SetExpr::Merge(inner) => {
                        self.0 = Some((kind(inner), inner.span()));
                        return ControlFlow::Break(());
                    }
                    SetExpr::SetOperation { left, .. } => left,
                    _ => return ControlFlow::Continue(()),
                };
            }
        }

        fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
            match &select.into {
                Some(into) => {
                    self.0 = Some(("SELECT INTO".to_owned(), into.name.span()));
                    ControlFlow::Break(())
                }
                None => ControlFlow::Continue(()),
            }
        }

        fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<()> {
            if matches!(statement, Statement::Query(_) | Statement::Explain { .. }) {
                return ControlFlow::Continue(());
            }
            self.0 = Some((kind(statement), statement.span()));
            ControlFlow::Break(())
        }
    }
    let mut walk = Writes(None);
    super::walk(statement, &mut walk);
    walk.0
}
