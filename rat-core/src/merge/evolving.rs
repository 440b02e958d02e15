//! What `on_schema_change` makes of columns that differ, and of the fields inside them, at every depth.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields};

use super::columns::same_name;
use super::fit::{self, Fit};
use crate::config::OnSchemaChange;
use crate::error::{Code, Diagnostic, Error, Result};
use crate::types::sql_type;

/// What becomes of a column that only one of the two has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// The table has it afterwards.
    Kept,
    /// The table does not have it afterwards.
    Dropped,
}

/// The decisions about a table's columns, and what is to be said of them.
pub(super) struct Evolving {
    policy: OnSchemaChange,
    warnings: Vec<Diagnostic>,
    differences: Vec<String>,
}

impl Evolving {
    pub(super) fn under(policy: OnSchemaChange) -> Self {
        Self { policy, warnings: Vec::new(), differences: Vec::new() }
    }

    /// The table has this column, and the query has not.
    pub(super) fn missing(&mut self, path: &str) -> Fate {
        match self.policy {
            OnSchemaChange::Sync => return Fate::Dropped,
            OnSchemaChange::Fail => self.differences.push(format!("`{path}` is not in the query")),
            OnSchemaChange::Append | OnSchemaChange::Ignore => {
                let message = format!("column `{path}` of the table is not in the query: it is NULL in the new rows");
                self.warnings
                    .push(Diagnostic::warning(Code::SchemaChanged, message).help("set `on_schema_change: sync` to drop the column"));
            }
        }
        Fate::Kept
    }

    /// The query has this column, and the table has not.
    pub(super) fn added(&mut self, path: &str) -> Fate {
        match self.policy {
            OnSchemaChange::Append | OnSchemaChange::Sync => return Fate::Kept,
            OnSchemaChange::Fail => self.differences.push(format!("`{path}` is not in the table")),
            OnSchemaChange::Ignore => {
                let message = format!("column `{path}` of the query is not in the table: it is left out");
                self.warnings
                    .push(Diagnostic::warning(Code::SchemaChanged, message).help("set `on_schema_change: append` to add the column"));
            }
        }
        Fate::Dropped
    }

    /// The type that a column has afterwards. `query` is what the table would store if it were made anew.
    ///
    /// # Errors
    /// `SCHEMA_CHANGED` when the one cannot become the other, whatever the policy.
    pub(super) fn column(&mut self, path: &str, query: &DataType, table: &DataType) -> Result<DataType> {
        Ok(match (query, table) {
            (DataType::Struct(query), DataType::Struct(table)) => DataType::Struct(self.fields(path, query, table)?),
            (DataType::List(query), DataType::List(table)) => DataType::List(self.part(path, "element", query, table)?),
            (DataType::Map(query, _), DataType::Map(table, sorted)) => DataType::Map(self.entries(path, query, table)?, *sorted),
            _ => match fit::between(query, table) {
                Fit::No => return Err(misfit(path, query, table)),
                Fit::Widens(wider) if matches!(self.policy, OnSchemaChange::Append | OnSchemaChange::Sync) => wider,
                Fit::Widens(_) if self.policy == OnSchemaChange::Fail => {
                    self.differences.push(format!("`{path}` is {query} in the query and {table} in the table"));
                    table.clone()
                }
                _ => table.clone(),
            },
        })
    }

    fn fields(&mut self, path: &str, query: &Fields, table: &Fields) -> Result<Fields> {
        let of = |fields: &Fields, name: &str| fields.iter().find(|field| same_name(field.name(), name)).cloned();
        let mut fields: Vec<FieldRef> = Vec::with_capacity(table.len());
        for field in table {
            match of(query, field.name()) {
                Some(from) => fields.push(self.part(path, field.name(), &from, field)?),
                None if self.missing(&format!("{path}.{}", field.name())) == Fate::Kept => fields.push(Arc::clone(field)),
                None => {}
            }
        }
        for field in query.iter().filter(|field| of(table, field.name()).is_none()) {
            if self.added(&format!("{path}.{}", field.name())) == Fate::Kept {
                fields.push(Arc::new(field.as_ref().clone().with_nullable(true)));
            }
        }
        Ok(fields.into())
    }

    // Key and value go by their places, whatever a program calls them.
    fn entries(&mut self, path: &str, query: &Field, table: &Field) -> Result<FieldRef> {
        let (DataType::Struct(from), DataType::Struct(to)) = (query.data_type(), table.data_type()) else {
            return Err(misfit(path, query.data_type(), table.data_type()));
        };
        let parts = ["key", "value"].iter().zip(from.iter().zip(to));
        let parts: Vec<FieldRef> = parts.map(|(name, (from, to))| self.part(path, name, from, to)).collect::<Result<_>>()?;
        Ok(Arc::new(table.clone().with_data_type(DataType::Struct(parts.into()))))
    }

    fn part(&mut self, path: &str, name: &str, query: &Field, table: &Field) -> Result<FieldRef> {
        let data_type = self.column(&format!("{path}.{name}"), query.data_type(), table.data_type())?;
        Ok(Arc::new(table.clone().with_data_type(data_type)))
    }

    /// What may surprise.
    ///
    /// # Errors
    /// `SCHEMA_CHANGED` when anything differs and nothing may.
    pub(super) fn end(self) -> Result<Vec<Diagnostic>> {
        if self.differences.is_empty() {
            return Ok(self.warnings);
        }
        let message = format!("the columns changed and `on_schema_change` is `fail`: {}", self.differences.join(", "));
        Err(Error::new(Code::SchemaChanged, message).with_help("set `on_schema_change: append`, or run with full_refresh"))
    }
}

/// A column, or a field inside one, whose types are different things.
pub(super) fn misfit(path: &str, query: &DataType, table: &DataType) -> Error {
    let message = format!("column `{path}` is {} in the query and {} in the table", sql_type(query), sql_type(table));
    let help = format!("cast it: `CAST({path} AS ...)`, or run with full_refresh");
    Error::new(Code::SchemaChanged, message).with_help(help).with_context("column", path)
}
