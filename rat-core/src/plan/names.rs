//! Names to things: tables to relations, and every column name to the one spelling its table has.
//!
//! Names match without regard to case, quoted or not, and a result keeps the spelling of the table or of the alias that made it. The
//! engine compares names byte by byte, so each name of the tree is rewritten to one canonical spelling before it is planned: that of the
//! first table that has it, else that of the first alias, else lower case.

mod fold;
mod mentioned;
mod tables;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Fields};
use datafusion::common::{Column, TableReference};
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, TableSource};
use datafusion::sql::sqlparser::ast::{SelectItem, SetExpr, Statement};

use super::relations::{Expanded, Relation, Relations};
use crate::dialect::{self, Parsed, Problem};
use crate::session::Session;

pub use mentioned::{Mentioned, mentioned};

/// A statement whose every table is known by its full name.
pub(super) struct Resolved {
    pub(super) problems: Vec<Problem>,
    /// Some relation's columns are not known.
    pub(super) unknown: bool,
    pub(super) sources: HashMap<String, Arc<dyn TableSource>>,
    pub(super) spellings: Spellings,
    /// The zone each read function's placeholder table stands for.
    pub(super) zones: HashMap<String, String>,
}

/// How names are written.
#[derive(Default)]
pub(super) struct Spellings {
    /// Lower case to canonical; a name that is not there is canonical in lower case.
    canonical: HashMap<String, String>,
    /// What qualifies a column, in lower case: tables and aliases.
    qualifiers: HashSet<String>,
    /// The outermost query's own aliases, where they are spelled otherwise: canonical to written.
    pub(super) written: HashMap<String, String>,
}

impl Spellings {
    fn of(&self, name: &str) -> String {
        let lower = name.to_lowercase();
        self.canonical.get(&lower).cloned().unwrap_or(lower)
    }

    fn learn(&mut self, name: &str) {
        self.canonical.entry(name.to_lowercase()).or_insert_with(|| name.to_owned());
    }

    fn learn_fields(&mut self, fields: &Fields) {
        for field in fields {
            self.learn(field.name());
            if let DataType::Struct(inner) = field.data_type() {
                self.learn_fields(inner);
            }
        }
    }
}

pub(super) fn resolve(session: &Session, sql: &str, parsed: &mut Parsed, relations: &dyn Relations) -> Resolved {
    let mut tables = tables::Tables::new(session, sql, relations, &parsed.reads);
    dialect::walk_mut(&mut parsed.statement, &mut tables);
    let mut found: Vec<(String, Relation)> = tables.found;
    let mut problems = tables.problems;
    for call in &parsed.reads {
        match relations.read(call) {
            Ok(relation) => found.push((call.alias_table.clone(), relation)),
            Err(all) => problems.extend(all),
        }
    }
    let unknown = found.iter().any(|(_, relation)| matches!(relation, Relation::Unknown));
    let known: Vec<(String, Arc<dyn TableSource>)> = found
        .into_iter()
        .filter_map(|(name, relation)| match relation {
            Relation::Known(source) => Some((name, source)),
            Relation::Unknown => None,
        })
        .collect();

    let mut spellings = Spellings { qualifiers: tables.qualifiers, ..Spellings::default() };
    let mixed = known.iter().any(|(_, source)| is_mixed(source.schema().fields())) || tables.aliases.iter().any(|a| has_upper(a));
    if mixed {
        known.iter().for_each(|(_, source)| spellings.learn_fields(source.schema().fields()));
        tables.aliases.iter().for_each(|alias| spellings.learn(alias));
    }
    let sources =
        known.into_iter().map(|(name, source)| (name.clone(), if mixed { respelled(&name, source, &spellings) } else { source })).collect();
    spellings.written = written(&parsed.statement, &spellings);
    dialect::walk_mut(&mut parsed.statement, &mut fold::Fold(&spellings));
    let zones = parsed.reads.iter().map(|call| (call.alias_table.clone(), call.zone_url.clone())).collect();
    Resolved { problems, unknown, sources, spellings, zones }
}

fn has_upper(name: &str) -> bool {
    name.chars().any(char::is_uppercase)
}

fn is_mixed(fields: &Fields) -> bool {
    fields.iter().any(|field| has_upper(field.name()) || matches!(field.data_type(), DataType::Struct(inner) if is_mixed(inner)))
}

/// The relation with the canonical spelling, where another table of the query spells the same name otherwise.
fn respelled(name: &str, source: Arc<dyn TableSource>, spellings: &Spellings) -> Arc<dyn TableSource> {
    let schema = source.schema();
    if schema.fields().iter().all(|field| spellings.of(field.name()) == *field.name()) {
        return source;
    }
    let mut used: HashSet<String> = schema.fields().iter().map(|f| f.name().clone()).collect();
    let scan = LogicalPlanBuilder::scan(TableReference::parse_str(name), Arc::clone(&source), None);
    let plan = scan.and_then(|scan| {
        let columns: Vec<Expr> = scan
            .schema()
            .iter()
            .map(|(qualifier, field)| {
                let column = Expr::Column(Column::new(qualifier.cloned(), field.name()));
                let canonical = spellings.of(field.name());
                if canonical != *field.name() && used.insert(canonical.clone()) { column.alias(canonical) } else { column }
            })
            .collect();
        scan.project(columns)?.build()
    });
    match plan {
        Ok(plan) => Arc::new(Expanded::new(plan)),
        // A relation that cannot even be listed is planned as it is, and says why itself.
        Err(_) => source,
    }
}

/// The aliases of the outermost query that are not in canonical spelling.
fn written(statement: &Statement, spellings: &Spellings) -> HashMap<String, String> {
    let Statement::Query(query) = statement else { return HashMap::new() };
    let mut body = query.body.as_ref();
    loop {
        body = match body {
            SetExpr::SetOperation { left, .. } => left,
            SetExpr::Query(query) => &query.body,
            SetExpr::Select(select) => {
                let aliases = select.projection.iter().filter_map(|item| match item {
                    SelectItem::ExprWithAlias { alias, .. } => Some(&alias.value),
                    _ => None,
                });
                return aliases.map(|alias| (spellings.of(alias), alias.clone())).filter(|(canonical, alias)| canonical != alias).collect();
            }
            _ => return HashMap::new(),
        };
    }
}
