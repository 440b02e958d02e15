//! Which tables a statement names, before anything is known of them: what its caller has to load.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{ObjectName, ObjectNamePart, Query, Statement, TableFactor, Visitor};

use crate::dialect;
use crate::name::{Layer, Name, is_valid_name};

/// The names of a statement's tables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mentioned {
    /// Names that a table of the lake can have.
    pub tables: BTreeSet<Name>,
    /// All others, in lower case with dots: `information_schema.tables`, slips.
    pub others: BTreeSet<String>,
}

/// The tables a statement names; `layer.name` is in `namespace`.
pub fn mentioned(statement: &Statement, namespace: &str) -> Mentioned {
    let mut walk = Walk { namespace, found: Mentioned::default(), expressions: BTreeSet::new() };
    dialect::walk(statement, &mut walk);
    let mut found = walk.found;
    found.others.retain(|other| !walk.expressions.contains(other));
    found
}

/// The full name that the parts of a name, in lower case, stand for; `None` when no table can have it.
pub(super) fn full(parts: &[String], namespace: &str) -> Option<Name> {
    let (namespace, layer, name) = match parts {
        [layer, name] => (namespace, layer, name),
        [namespace, layer, name] => (namespace.as_str(), layer, name),
        _ => return None,
    };
    let layer = Layer::ALL.into_iter().find(|l| l.as_str() == layer)?;
    (is_valid_name(namespace) && is_valid_name(name)).then(|| Name { namespace: namespace.to_owned(), layer, name: name.clone() })
}

/// The parts of a name in lower case; `None` for a name that is computed.
pub(super) fn parts(name: &ObjectName) -> Option<Vec<String>> {
    name.0.iter().map(|part| ObjectNamePart::as_ident(part).map(|ident| ident.value.to_lowercase())).collect()
}

struct Walk<'a> {
    namespace: &'a str,
    found: Mentioned,
    /// Common table expressions, wherever in the statement they are.
    expressions: BTreeSet<String>,
}

impl Walk<'_> {
    fn add(&mut self, name: &ObjectName) {
        let Some(parts) = parts(name) else { return };
        match full(&parts, self.namespace) {
            Some(name) => self.found.tables.insert(name),
            None => self.found.others.insert(parts.join(".")),
        };
    }
}

impl Visitor for Walk<'_> {
    type Break = ();

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<()> {
        if let Statement::ExplainTable { table_name, .. } = statement {
            self.add(table_name);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.expressions.extend(query.with.iter().flat_map(|with| &with.cte_tables).map(|cte| cte.alias.name.value.to_lowercase()));
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, args: None, .. } = factor {
            self.add(name);
        }
        ControlFlow::Continue(())
    }
}
