//! What the relations of a FROM are called.

use datafusion::sql::sqlparser::ast::{Ident, TableFactor, TableWithJoins};

/// Each relation's name, part by part; one that has none is left out.
pub(super) fn relations(from: &[TableWithJoins]) -> Vec<Vec<Ident>> {
    let mut names = Vec::new();
    from.iter().for_each(|tables| joined(tables, &mut names));
    names
}

/// The name of one relation, part by part: its alias, or the table it is.
pub(super) fn called(factor: &TableFactor) -> Option<Vec<Ident>> {
    match factor {
        TableFactor::Table { alias: Some(alias), .. }
        | TableFactor::Derived { alias: Some(alias), .. }
        | TableFactor::TableFunction { alias: Some(alias), .. }
        | TableFactor::Function { alias: Some(alias), .. }
        | TableFactor::UNNEST { alias: Some(alias), .. }
        | TableFactor::NestedJoin { alias: Some(alias), .. }
        | TableFactor::Pivot { alias: Some(alias), .. }
        | TableFactor::Unpivot { alias: Some(alias), .. } => Some(vec![alias.name.clone()]),
        TableFactor::Table { name, .. } | TableFactor::Function { name, .. } => {
            name.0.iter().map(|part| part.as_ident().cloned()).collect()
        }
        _ => None,
    }
}

/// How many parts of a name, written in full, are a relation's; none where it begins with a column.
pub(super) fn parts_of_relation(name: &[Ident], relations: &[Vec<Ident>]) -> usize {
    let is = |relation: &[Ident], parts: &[Ident]| {
        relation.len() >= parts.len()
            && relation[relation.len() - parts.len()..].iter().zip(parts).all(|(a, b)| a.value.eq_ignore_ascii_case(&b.value))
    };
    (1..name.len()).rev().find(|count| relations.iter().any(|relation| is(relation, &name[..*count]))).unwrap_or(0)
}

fn joined(tables: &TableWithJoins, names: &mut Vec<Vec<Ident>>) {
    for factor in std::iter::once(&tables.relation).chain(tables.joins.iter().map(|join| &join.relation)) {
        match factor {
            TableFactor::NestedJoin { table_with_joins, alias: None } => joined(table_with_joins, names),
            other => names.extend(called(other)),
        }
    }
}
