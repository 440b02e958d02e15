//! The statement rule: what may run is listed, by the kinds of the syntax tree and again by the kinds of the plan's nodes.

use std::ops::ControlFlow;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::sqlparser::ast::{
    ObjectName, ShowStatementFilter, ShowStatementFilterPosition, ShowStatementIn, ShowStatementOptions, Spanned, Statement, VisitorMut,
};
use datafusion::sql::sqlparser::dialect::DuckDbDialect;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::Span;

use crate::dialect::{self, Problem};
use crate::error::{Code, Error, Result};
use crate::execute;

/// What the statement wants to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// The rows of the query.
    Rows,
    /// How the query runs.
    Explanation,
    /// The columns of the query.
    Columns,
    /// A line of statistics for each column.
    Summary,
}

/// Allows a statement, and makes a query of one that is a short form of it (`SHOW TABLES`, `DESCRIBE`).
pub(super) fn statement(statement: &mut Statement, sql: &str, summarize: bool) -> Result<Asked, Problem> {
    let refused = |kind: &str, span: Span| dialect::not_a_query(sql, kind, span);
    let kind = dialect::kind(statement);
    let asked = match statement {
        Statement::Query(_) if summarize => Asked::Summary,
        Statement::Query(_) => Asked::Rows,
        Statement::Explain { statement: inner, describe_alias, .. } if matches!(inner.as_ref(), Statement::Query(_)) => {
            match describe_alias {
                datafusion::sql::sqlparser::ast::DescribeAlias::Explain => Asked::Explanation,
                _ => {
                    *statement = std::mem::replace(inner.as_mut(), Statement::Commit { chain: false, end: false, modifier: None });
                    Asked::Columns
                }
            }
        }
        Statement::Explain { statement: inner, .. } => return Err(refused(&dialect::kind(inner), inner.span())),
        Statement::ExplainTable { table_name, .. } => {
            *statement = described(table_name);
            Asked::Columns
        }
        Statement::ShowTables { show_options, .. } => {
            let like = like(show_options, "name").ok_or_else(|| refused(&kind, Span::empty()))?;
            let query = "SELECT table_catalog AS namespace, table_schema AS layer, table_name AS name, table_type AS kind \
                         FROM information_schema.tables";
            *statement = parsed(&format!("SELECT * FROM ({query}){like} ORDER BY namespace, layer, name"));
            Asked::Rows
        }
        Statement::ShowColumns { show_options, .. } => {
            let Some(ShowStatementIn { parent_name: Some(table), .. }) = &show_options.show_in else {
                return Err(refused(&kind, Span::empty()));
            };
            *statement = described(table);
            Asked::Columns
        }
        other => return Err(refused(&kind, other.span())),
    };
    if summarize && asked != Asked::Summary {
        return Err(refused("SUMMARIZE", Span::empty()));
    }
    dialect::reads_only(sql, statement)?;
    Ok(asked)
}

/// All rows of a table, by the name as it was written and at its place.
fn described(table: &ObjectName) -> Statement {
    struct Named<'a>(&'a ObjectName);
    impl VisitorMut for Named<'_> {
        type Break = ();

        fn pre_visit_relation(&mut self, relation: &mut ObjectName) -> ControlFlow<()> {
            *relation = self.0.clone();
            ControlFlow::Continue(())
        }
    }
    let mut query = parsed("SELECT * FROM described");
    dialect::walk_mut(&mut query, &mut Named(table));
    query
}

fn parsed(sql: &str) -> Statement {
    let statements = Parser::parse_sql(&DuckDbDialect {}, sql).expect("the text is ours, and SQL");
    statements.into_iter().next().expect("the text is one statement")
}

/// The condition of `SHOW … LIKE 'pattern'`, or nothing; `None` for a form that is not there.
fn like(options: &ShowStatementOptions, column: &str) -> Option<String> {
    match &options.filter_position {
        None => Some(String::new()),
        Some(ShowStatementFilterPosition::Infix(filter) | ShowStatementFilterPosition::Suffix(filter)) => match filter {
            ShowStatementFilter::Like(pattern) | ShowStatementFilter::NoKeyword(pattern) => {
                Some(format!(" WHERE {column} LIKE '{}'", pattern.replace('\'', "''")))
            }
            ShowStatementFilter::ILike(pattern) => Some(format!(" WHERE {column} ILIKE '{}'", pattern.replace('\'', "''"))),
            ShowStatementFilter::Where(_) => None,
        },
    }
}

/// Allows a plan: nodes that read and compute, and nothing else, in subqueries too.
pub(super) fn plan(plan: &LogicalPlan) -> Result<()> {
    let mut refused = None;
    plan.apply_with_subqueries(|node| {
        let allowed = match node {
            LogicalPlan::Projection(_)
            | LogicalPlan::Filter(_)
            | LogicalPlan::Window(_)
            | LogicalPlan::Aggregate(_)
            | LogicalPlan::Sort(_)
            | LogicalPlan::Join(_)
            | LogicalPlan::Repartition(_)
            | LogicalPlan::Union(_)
            | LogicalPlan::TableScan(_)
            | LogicalPlan::EmptyRelation(_)
            | LogicalPlan::Subquery(_)
            | LogicalPlan::SubqueryAlias(_)
            | LogicalPlan::Limit(_)
            | LogicalPlan::Values(_)
            | LogicalPlan::Explain(_)
            | LogicalPlan::Analyze(_)
            | LogicalPlan::Distinct(_)
            | LogicalPlan::Unnest(_)
            | LogicalPlan::RecursiveQuery(_) => true,
            LogicalPlan::Statement(_)
            | LogicalPlan::Extension(_)
            | LogicalPlan::Dml(_)
            | LogicalPlan::Ddl(_)
            | LogicalPlan::Copy(_)
            | LogicalPlan::DescribeTable(_) => false,
        };
        if allowed {
            return Ok(TreeNodeRecursion::Continue);
        }
        refused = Some(node.display().to_string());
        Ok(TreeNodeRecursion::Stop)
    })
    .map_err(execute::error)?;
    match refused {
        None => Ok(()),
        Some(node) => {
            let kind = node.split([':', ' ', '(']).next().unwrap_or_default();
            Err(Error::new(Code::NotReadOnly, format!("a plan with `{kind}` is not a query")))
        }
    }
}
