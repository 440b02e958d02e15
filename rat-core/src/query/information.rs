//! `information_schema`: the tables this query can see, as tables.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int32Array, RecordBatch, StringArray};
use datafusion::datasource::{MemTable, provider_as_source};

use super::snapshot::Found;
use crate::error::{Code, Error, Result};
use crate::name::Name;
use crate::plan::Relation;
use crate::tables;
use crate::types::sql_type;

/// What stands before the dot.
pub(super) const SCHEMA: &str = "information_schema.";

/// The relations of `information_schema`, over the listed names that were found.
pub(super) fn relations(found: &Found, planned: &HashMap<Name, Relation>, listed: &[Name]) -> Result<HashMap<String, Relation>> {
    let listed: Vec<&Name> = listed.iter().filter(|name| found.contains_key(*name)).collect();
    let text = |values: Vec<String>| -> ArrayRef { Arc::new(StringArray::from(values)) };

    let kinds = listed.iter().map(|name| match &found[*name] {
        tables::Relation::Table(_) => "BASE TABLE".to_owned(),
        tables::Relation::View(_) => "VIEW".to_owned(),
    });
    let tables = batch(vec![
        ("table_catalog", text(listed.iter().map(|n| n.namespace.clone()).collect())),
        ("table_schema", text(listed.iter().map(|n| n.layer.to_string()).collect())),
        ("table_name", text(listed.iter().map(|n| n.name.clone()).collect())),
        ("table_type", text(kinds.collect())),
    ])?;

    let mut schemata: Vec<(String, String)> = listed.iter().map(|n| (n.namespace.clone(), n.layer.to_string())).collect();
    schemata.dedup();
    let schemata = batch(vec![
        ("catalog_name", text(schemata.iter().map(|(catalog, _)| catalog.clone()).collect())),
        ("schema_name", text(schemata.iter().map(|(_, schema)| schema.clone()).collect())),
    ])?;

    let mut rows: Vec<(&Name, String, i32, bool, String)> = Vec::new();
    for name in listed {
        let Some(Relation::Known(source)) = planned.get(name) else { continue };
        rows.extend(
            source.schema().fields().iter().zip(1..).map(|(f, i)| (name, f.name().clone(), i, f.is_nullable(), sql_type(f.data_type()))),
        );
    }
    let columns = batch(vec![
        ("table_catalog", text(rows.iter().map(|r| r.0.namespace.clone()).collect())),
        ("table_schema", text(rows.iter().map(|r| r.0.layer.to_string()).collect())),
        ("table_name", text(rows.iter().map(|r| r.0.name.clone()).collect())),
        ("column_name", text(rows.iter().map(|r| r.1.clone()).collect())),
        ("ordinal_position", Arc::new(rows.iter().map(|r| r.2).collect::<Int32Array>())),
        ("is_nullable", text(rows.iter().map(|r| if r.3 { "YES" } else { "NO" }.to_owned()).collect())),
        ("data_type", text(rows.iter().map(|r| r.4.clone()).collect())),
    ])?;

    let named = [("tables", tables), ("schemata", schemata), ("columns", columns)];
    named.into_iter().map(|(name, batch)| Ok((format!("{SCHEMA}{name}"), relation(batch)?))).collect()
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> Result<RecordBatch> {
    RecordBatch::try_from_iter(columns)
        .map_err(|cause| Error::new(Code::Internal, "information_schema cannot be listed").with_source(cause))
}

fn relation(batch: RecordBatch) -> Result<Relation> {
    let table = MemTable::try_new(batch.schema(), vec![vec![batch]])
        .map_err(|cause| Error::new(Code::Internal, "information_schema cannot be listed").with_source(cause))?;
    Ok(Relation::Known(provider_as_source(Arc::new(table))))
}
