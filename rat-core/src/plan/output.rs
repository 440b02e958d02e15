//! What a plan gives: columns, their spelling, their places in the text, their order.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use datafusion::common::{Column, DataFusionError};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, SortExpr};
use datafusion::sql::sqlparser::ast::{Query, Select, SelectItem, SetExpr, Spanned, Statement};
use datafusion::sql::sqlparser::tokenizer::Span;

use super::names::Spellings;
use super::{Planned, lineage};
use crate::dialect::byte_range;

pub(super) fn planned(
    plan: LogicalPlan,
    sql: &str,
    statement: &Statement,
    spellings: &Spellings,
    reads: &HashMap<String, String>,
) -> Planned {
    let order_by = order_by(&plan);
    let plan = if spellings.written.is_empty() { plan } else { respelled(plan, &spellings.written) };
    Planned {
        schema: Arc::clone(plan.schema().inner()),
        lineage: lineage::lineage(&plan, reads),
        order_by,
        places: places(sql, statement, plan.schema().fields().len()),
        plan,
    }
}

impl Planned {
    /// The same rows under names of which no two are the same. `meant` are the names behind those that
    /// [`tell_apart`](crate::dialect::tell_apart) gave; most queries have none.
    ///
    /// # Errors
    /// The engine's, which nothing is known to cause.
    pub fn apart(self, meant: &HashMap<String, String>) -> Result<Self, DataFusionError> {
        let meant = |name: &String| meant.get(name).unwrap_or(name).clone();
        let names = distinct(self.schema.fields().iter().map(|field| meant(field.name())));
        if names.iter().eq(self.schema.fields().iter().map(|field| field.name())) {
            return Ok(self);
        }
        let columns = self.plan.schema().iter().zip(names).map(|((qualifier, field), name)| {
            let column = Expr::Column(Column::new(qualifier.cloned(), field.name()));
            if *field.name() == name { column } else { column.alias(name) }
        });
        let columns: Vec<Expr> = columns.collect();
        let plan = LogicalPlanBuilder::from(self.plan).project(columns).and_then(LogicalPlanBuilder::build)?;
        Ok(Self { schema: Arc::clone(plan.schema().inner()), plan, ..self })
    }
}

fn distinct(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut next: HashMap<String, usize> = HashMap::new();
    let distinct = names.map(|name| {
        let Some(mut number) = next.get(&name.to_lowercase()).copied() else {
            next.insert(name.to_lowercase(), 1);
            return name;
        };
        let mut numbered = format!("{name}_{number}");
        while next.contains_key(&numbered.to_lowercase()) {
            number += 1;
            numbered = format!("{name}_{number}");
        }
        next.insert(name.to_lowercase(), number + 1);
        next.insert(numbered.to_lowercase(), 1);
        numbered
    });
    distinct.collect()
}

/// The outermost sort, below the projection that drops what only the sort needed.
fn order_by(plan: &LogicalPlan) -> Vec<SortExpr> {
    match plan {
        LogicalPlan::Sort(sort) => sort.expr.clone(),
        LogicalPlan::Projection(node) => order_by(&node.input),
        LogicalPlan::Limit(node) => order_by(&node.input),
        LogicalPlan::SubqueryAlias(node) => order_by(&node.input),
        _ => Vec::new(),
    }
}

fn respelled(plan: LogicalPlan, written: &HashMap<String, String>) -> LogicalPlan {
    let columns: Vec<Expr> = plan
        .schema()
        .iter()
        .map(|(qualifier, field)| {
            let column = Expr::Column(Column::new(qualifier.cloned(), field.name()));
            match written.get(field.name()) {
                Some(name) => column.alias(name),
                None => column,
            }
        })
        .collect();
    // A result with two columns of one name cannot be projected again; it keeps the canonical spelling.
    LogicalPlanBuilder::from(plan.clone()).project(columns).and_then(LogicalPlanBuilder::build).unwrap_or(plan)
}

/// The bytes of the SQL that make each column.
fn places(sql: &str, statement: &Statement, columns: usize) -> Vec<Range<usize>> {
    let whole = 0..sql.trim_end().len();
    let Statement::Query(query) = statement else { return vec![whole; columns] };
    let Some(select) = first_select(query) else { return vec![whole; columns] };
    let item_place = |item: &SelectItem| match byte_range(sql, span(item)) {
        range if range.is_empty() => whole.clone(),
        range => range,
    };
    let items: Vec<Range<usize>> = select.projection.iter().map(item_place).collect();
    let is_star = |item: &SelectItem| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..));
    let (Some(first), Some(last)) = (select.projection.iter().position(is_star), select.projection.iter().rposition(is_star)) else {
        return (0..columns).map(|i| items.get(i).cloned().unwrap_or(whole.clone())).collect();
    };
    // What stands before the first `*` and after the last is counted from its end; the rest is the stars'.
    let after = items.len() - last - 1;
    (0..columns)
        .map(|i| match i {
            i if i < first => items[i].clone(),
            i if i + after >= columns => items[items.len() - (columns - i)].clone(),
            _ if first == last => items[first].clone(),
            _ => items[first].start..items[last].end,
        })
        .collect()
}

fn first_select(query: &Query) -> Option<&Select> {
    let mut body = query.body.as_ref();
    loop {
        body = match body {
            SetExpr::Select(select) => return Some(select),
            SetExpr::SetOperation { left, .. } => left,
            SetExpr::Query(query) => &query.body,
            _ => return None,
        };
    }
}

fn span(item: &SelectItem) -> Span {
    match item {
        // The alias is what the user calls the column; the expression may be long.
        SelectItem::ExprWithAlias { expr, alias } if alias.span != Span::empty() => expr.span().union(&alias.span),
        other => other.span(),
    }
}
