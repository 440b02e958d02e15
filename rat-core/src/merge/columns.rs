//! Which column of the query becomes which column of the table, and what happens to the table's columns when they differ.
//!
//! Names match without regard to case, never by position. The decision is made once, from the two schemas; [`Columns::shape`] then only
//! casts batch by batch.

use std::sync::Arc;

use arrow::array::{ArrayRef, new_null_array};
use arrow::datatypes::{Field, FieldRef, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};

use super::evolving::{self, Evolving, Fate};
use super::fit::{self, Fit};
use super::renaming;
use crate::config::OnSchemaChange;
use crate::error::{Code, Diagnostic, Error, Result};
use crate::tables::ColumnChange;
use crate::types::sql_type;

/// What a pipeline promises about one column.
#[derive(Debug, Clone)]
pub struct Promise {
    /// The column.
    pub name: String,
    /// Its type, where one is promised.
    pub data_type: Option<arrow::datatypes::DataType>,
    /// Whether it must never be NULL.
    pub not_null: bool,
}

/// How rows of the query become rows of the table.
#[derive(Debug, Clone)]
pub struct Columns {
    target: SchemaRef,
    sources: Vec<Option<Taken>>,
    /// For each column of the target, whether the table has it already.
    stored: Vec<bool>,
    query_width: usize,
    not_null: Vec<usize>,
    warnings: Vec<Diagnostic>,
    changes: Vec<ColumnChange>,
}

#[derive(Debug, Clone)]
struct Taken {
    index: usize,
    fit: Fit,
}

impl Columns {
    /// The columns of a table made, or replaced, by the query.
    ///
    /// # Errors
    /// `DUPLICATE_COLUMN`, `CONTRACT_BROKEN` when a promised column is missing.
    pub fn of_query(query: &Schema, promises: &[Promise]) -> Result<Self> {
        check_names(query, promises)?;
        let fields: Vec<FieldRef> = query.fields().iter().map(|field| Arc::new(of_table(field, promises))).collect();
        let sources = query
            .fields()
            .iter()
            .zip(&fields)
            .enumerate()
            .map(|(index, (from, to))| taken(index, from, to, fit::between(from.data_type(), to.data_type())).map(Some))
            .collect::<Result<_>>()?;
        let stored = vec![false; fields.len()];
        Ok(Self::new(fields, sources, stored, query))
    }

    /// The columns of an existing table under `on_schema_change`. `renamed` are pairs of new and old names, applied to the table first.
    ///
    /// # Errors
    /// `SCHEMA_CHANGED` when the difference is not allowed, `DUPLICATE_COLUMN`, `CONTRACT_BROKEN`, those of a rename that cannot be.
    pub fn of_table(
        query: &Schema,
        table: &Schema,
        renamed: &[(String, String)],
        policy: OnSchemaChange,
        promises: &[Promise],
    ) -> Result<Self> {
        check_names(query, promises)?;
        let (table, mut changes) = renaming::renamed(table.fields(), renamed)?;
        let (mut fields, mut sources) = (Vec::new(), Vec::new());
        let mut evolving = Evolving::under(policy);
        for field in &table {
            let Some(index) = position(query, field.name()) else {
                if evolving.missing(field.name()) == Fate::Dropped {
                    changes.push(ColumnChange::Drop(field.name().clone()));
                    continue;
                }
                fields.push(Arc::clone(field));
                sources.push(None);
                continue;
            };
            let from = query.field(index);
            let data_type = evolving.column(field.name(), &wanted_type(from, promises), field.data_type())?;
            let fit = fit::into_found(from.data_type(), &data_type);
            let changed = data_type != *field.data_type();
            let field = Arc::new(field.as_ref().clone().with_data_type(data_type));
            sources.push(Some(taken(index, from, &field, fit)?));
            if changed {
                changes.push(ColumnChange::Retype(Arc::clone(&field)));
            }
            fields.push(field);
        }
        let stored = fields.len();
        for (index, field) in query.fields().iter().enumerate().filter(|(_, f)| !table.iter().any(|t| same_name(t.name(), f.name()))) {
            if evolving.added(field.name()) == Fate::Kept {
                // Rows that are already there have no value for it, so the table itself cannot promise one.
                let added = Arc::new(of_table(field, promises).with_nullable(true));
                sources.push(Some(taken(index, field, &added, fit::between(field.data_type(), added.data_type()))?));
                changes.push(ColumnChange::Add(Arc::clone(&added)));
                fields.push(added);
            }
        }
        let warnings = evolving.end()?;
        let stored = (0..fields.len()).map(|index| index < stored).collect();
        let mut columns = Self { warnings, changes, ..Self::new(fields, sources, stored, query) };
        columns.promise(promises);
        Ok(columns)
    }

    fn new(fields: Vec<FieldRef>, sources: Vec<Option<Taken>>, stored: Vec<bool>, query: &Schema) -> Self {
        let not_null = fields.iter().enumerate().filter(|(_, field)| !field.is_nullable()).map(|(index, _)| index).collect();
        let target = Arc::new(Schema::new(fields));
        Self { target, sources, stored, query_width: query.fields().len(), not_null, warnings: Vec::new(), changes: Vec::new() }
    }

    /// Columns that the pipeline promises never to be NULL, also where the table itself does not promise it.
    fn promise(&mut self, promises: &[Promise]) {
        for promise in promises.iter().filter(|p| p.not_null) {
            if let Some(index) = position(&self.target, &promise.name).filter(|index| !self.not_null.contains(index)) {
                self.not_null.push(index);
            }
        }
    }

    /// The table's columns afterwards. Fields that were there keep what the table knows of them.
    pub fn target(&self) -> &SchemaRef {
        &self.target
    }

    /// How the table's columns become these, in order; nothing for a table that is made, or replaced as a whole.
    pub fn changes(&self) -> &[ColumnChange] {
        &self.changes
    }

    /// The columns that the table itself promises never to be NULL.
    pub fn required(&self) -> Vec<String> {
        self.target.fields().iter().filter(|field| !field.is_nullable()).map(|field| field.name().clone()).collect()
    }

    /// What may surprise.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// Whether the stored rows have a column, by that name or another so far.
    pub fn is_stored(&self, name: &str) -> bool {
        position(&self.target, name).is_some_and(|index| self.stored[index])
    }

    /// The name of a column as the table writes it.
    ///
    /// # Errors
    /// `UNKNOWN_COLUMN` when the table has no such column.
    pub fn spelled(&self, name: &str) -> Result<String> {
        if let Some(index) = position(&self.target, name) {
            return Ok(self.target.field(index).name().clone());
        }
        let error = Error::new(Code::UnknownColumn, format!("the query gives no column `{name}`"));
        Err(match crate::error::nearest(name, self.target.fields().iter().map(|f| f.name().as_str())) {
            Some(near) => error.with_help(format!("did you mean `{near}`?")),
            None => error,
        })
    }

    /// The table's columns that must not be NULL, by position in [`target`](Self::target).
    pub(super) fn not_null(&self) -> &[usize] {
        &self.not_null
    }

    /// The schema of shaped batches: the table's columns, then what the query's rows carry beyond its own columns.
    pub(super) fn shaped_schema(&self, query: &Schema) -> SchemaRef {
        // Whether a value may be missing is found out from the values, with a count, and not by a batch that cannot be made.
        let nullable = self.target.fields().iter().map(|field| Arc::new(field.as_ref().clone().with_nullable(true)));
        let beyond = query.fields().iter().skip(self.query_width).cloned();
        Arc::new(Schema::new(nullable.chain(beyond).collect::<Vec<_>>()))
    }

    /// Rows of the query as rows of the table.
    ///
    /// # Errors
    /// `CAST_FAILED`, naming the column, when a value does not fit.
    pub(super) fn shape(&self, batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
        for (source, field) in self.sources.iter().zip(self.target.fields()) {
            columns.push(match source {
                None => new_null_array(field.data_type(), batch.num_rows()),
                Some(taken) => fit::cast(batch.column(taken.index), field.data_type(), &taken.fit).ok_or_else(|| {
                    let (from, to) = (sql_type(batch.column(taken.index).data_type()), sql_type(field.data_type()));
                    let message = format!("column `{}` has a value of type {from} that does not fit {to}", field.name());
                    Error::new(Code::CastFailed, message).with_context("column", field.name())
                })?,
            });
        }
        columns.extend(batch.columns().iter().skip(self.query_width).cloned());
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
            .map_err(|e| Error::new(Code::Internal, "rows could not be shaped for the table").with_source(e))
    }
}

fn taken(index: usize, from: &Field, to: &Field, fit: Fit) -> Result<Taken> {
    // A widening that the policy leaves unapplied is a cast of values, each checked.
    match fit {
        Fit::No => Err(evolving::misfit(to.name(), from.data_type(), to.data_type())),
        Fit::Widens(_) => Ok(Taken { index, fit: Fit::Checked }),
        fit => Ok(Taken { index, fit }),
    }
}

/// The type a column of the query has in a table, before the table has a say.
fn wanted_type(field: &Field, promises: &[Promise]) -> arrow::datatypes::DataType {
    let promised = promises.iter().find(|p| same_name(&p.name, field.name())).and_then(|p| p.data_type.clone());
    promised.unwrap_or_else(|| fit::plain(field.data_type()))
}

fn of_table(field: &Field, promises: &[Promise]) -> Field {
    let not_null = promises.iter().any(|p| p.not_null && same_name(&p.name, field.name()));
    Field::new(field.name(), wanted_type(field, promises), !not_null)
}

fn check_names(query: &Schema, promises: &[Promise]) -> Result<()> {
    for (index, field) in query.fields().iter().enumerate() {
        if query.fields()[..index].iter().any(|f| same_name(f.name(), field.name())) {
            let message = format!("the query has two columns named `{}`", field.name());
            return Err(Error::new(Code::DuplicateColumn, message));
        }
    }
    match promises.iter().find(|p| position(query, &p.name).is_none()) {
        Some(missing) => {
            let message = format!("the query does not give column `{}`, which `columns` promises", missing.name);
            Err(Error::new(Code::ContractBroken, message))
        }
        None => Ok(()),
    }
}

pub(super) fn position(schema: &Schema, name: &str) -> Option<usize> {
    schema.fields().iter().position(|field| same_name(field.name(), name))
}

pub(super) fn same_name(a: &str, b: &str) -> bool {
    a == b || a.to_lowercase() == b.to_lowercase()
}
