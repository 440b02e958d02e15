//! What a pipeline's config says of its columns, against the columns its query gives.

use std::collections::HashMap;

use datafusion::arrow::datatypes::{DataType, Field, Schema};
use parking_lot::Mutex;

use crate::config::{BuiltinTest, Config, Materialized, MergeStrategy, Origin};
use crate::dialect::{Problem, ReadCall, Reads};
use crate::error::{Code, Diagnostic, Label, nearest};
use crate::name::Name;
use crate::plan::{Relation, Relations, plan};
use crate::session::Session;
use crate::tables;
use crate::types::sql_type;

use super::planning::schema_of;
use super::stored::nested_type;
use crate::merge::{Validity, field_at, unknown_columns};

/// Columns that a table cannot hold, each at the expression that makes it.
pub(super) fn storable(schema: &Schema, places: &dyn Fn(usize) -> Vec<Label>) -> Vec<Diagnostic> {
    tables::unstorable(schema).into_iter().map(|found| found.diagnostic(schema, places)).collect()
}

/// Columns of validity that are no moments, each at the expression that makes it.
pub(super) fn validity(query: &Schema, config: &Config, places: &dyn Fn(usize) -> Vec<Label>) -> Vec<Diagnostic> {
    if *config.materialized != Materialized::Table || *config.merge_strategy != MergeStrategy::Scd2 {
        return Vec::new();
    }
    let Err(error) = Validity::columns(query, config) else { return Vec::new() };
    let mut diagnostic = Diagnostic::error(error.code(), error.message()).help(error.help());
    let column = query.fields().iter().position(|field| error.context().iter().any(|(key, name)| *key == "column" && name == field.name()));
    diagnostic.labels = column.map(places).unwrap_or_default();
    vec![diagnostic]
}

/// Promises of `columns` that the query does not keep, each where it is written.
pub(super) fn broken(session: &Session, schema: &Schema, config: &Config, places: &dyn Fn(usize) -> Vec<Label>) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    for promised in &config.columns.value {
        let name = &promised.name;
        let Some((column, field)) = schema.fields().iter().enumerate().find(|(_, f)| f.name().eq_ignore_ascii_case(name)) else {
            let names = schema.fields().iter().map(|f| f.name().as_str());
            let help = nearest(name, names).map(|near| format!("did you mean `{near}`?"));
            let message = format!("`columns` promises `{name}`, and the query does not give it");
            diagnostics.push(placed(Code::ContractBroken, message, help, &promised.origin));
            continue;
        };
        let Some(written) = &promised.data_type else { continue };
        match data_type(session, written) {
            None => {
                let message = format!("`{}` is not a type", written.value);
                diagnostics.push(placed(
                    Code::InvalidValue,
                    message,
                    Some("write a SQL type, such as `BIGINT`".to_owned()),
                    &written.origin,
                ));
            }
            Some(wanted) if keeps(field, &wanted) => {}
            Some(wanted) => {
                let (wanted, given) = (sql_type(&wanted), sql_type(field.data_type()));
                let message = format!("`columns` promises `{name}` as {wanted}, and the query gives {given}");
                let mut diagnostic =
                    placed(Code::ContractBroken, message, Some(format!("cast it: `cast({name} as {wanted})`")), &written.origin);
                diagnostic
                    .labels
                    .extend(places(column).into_iter().take(1).map(|label| Label { text: format!("this is {given}"), ..label }));
                diagnostics.push(diagnostic);
            }
        }
    }
    diagnostics
}

/// Whether a column can be stored as the promised type without loss.
fn keeps(field: &Field, wanted: &DataType) -> bool {
    let (given, wanted) = (nested_type(field.data_type()), nested_type(wanted));
    match (&given, &wanted) {
        (DataType::Null, _) => true,
        (DataType::Int32, DataType::Int64 | DataType::Float64) | (DataType::Float32, DataType::Float64) => true,
        (DataType::Decimal128(p, s), DataType::Decimal128(wp, ws)) => {
            ws >= s && i16::from(*wp) - i16::from(*ws) >= i16::from(*p) - i16::from(*s)
        }
        (DataType::Int32, DataType::Decimal128(p, s)) => i16::from(*p) - i16::from(*s) >= 10,
        (DataType::Int64, DataType::Decimal128(p, s)) => i16::from(*p) - i16::from(*s) >= 19,
        (given, wanted) => given.equals_datatype(wanted) || sql_type(given) == sql_type(wanted),
    }
}

/// The columns that `columns` promises, when it says every type.
pub(super) fn promised(session: &Session, config: &Config) -> Option<Schema> {
    if config.columns.is_empty() {
        return None;
    }
    let columns: Option<Vec<(String, DataType)>> =
        config.columns.iter().map(|c| Some((c.name.clone(), data_type(session, c.data_type.as_ref()?)?))).collect();
    columns.map(schema_of)
}

/// Columns that the config names and the query does not give.
pub(super) fn missing_columns(schema: &Schema, config: &Config) -> Vec<Diagnostic> {
    let mut diagnostics = unknown_columns(schema, config);
    let mut need = |key: &str, column: &str, origin: &Origin| {
        let is_there = |f: &arrow::datatypes::FieldRef| f.name().eq_ignore_ascii_case(column);
        if schema.fields().iter().any(is_there) || (key == "renamed_from" && field_at(schema.fields(), column).is_some()) {
            return;
        }
        let help = nearest(column, schema.fields().iter().map(|f| f.name().as_str())).map(|near| format!("did you mean `{near}`?"));
        diagnostics.push(placed(Code::UnknownColumn, format!("`{key}` names `{column}`, which the query does not give"), help, origin));
    };
    if *config.materialized == Materialized::Table {
        config.renamed_from.keys().for_each(|c| need("renamed_from", c, &config.renamed_from.origin));
    }
    for test in config.tests.iter() {
        let key = test.value.kind();
        match &test.value {
            BuiltinTest::NotNull { columns } | BuiltinTest::Unique { columns } => columns.iter().for_each(|c| need(key, c, &test.origin)),
            BuiltinTest::AcceptedValues { column, .. }
            | BuiltinTest::Relationships { column, .. }
            | BuiltinTest::Range { column, .. }
            | BuiltinTest::Freshness { column, .. } => need(key, column, &test.origin),
            BuiltinTest::RowCount { .. } => {}
        }
    }
    diagnostics
}

fn placed(code: Code, message: String, help: Option<String>, origin: &Origin) -> Diagnostic {
    let mut diagnostic = Diagnostic::error(code, message);
    diagnostic.help = help;
    diagnostic.labels.extend(origin.label().cloned());
    diagnostic
}

/// The type that SQL gives a name, as the dialect reads it. The same few types are asked for again and again.
fn data_type(session: &Session, written: &str) -> Option<DataType> {
    static KNOWN: Mutex<Option<HashMap<String, Option<DataType>>>> = Mutex::new(None);
    if let Some(known) = KNOWN.lock().get_or_insert_default().get(written) {
        return known.clone();
    }
    let sql = format!("SELECT CAST(NULL AS {written}) AS typed");
    let (planned, _) = plan(session, &sql, &|_, _| Vec::new(), &Nothing, Reads::Unknown);
    // More than one column means that the text was more than a type.
    let found = planned
        .filter(|p| p.schema.fields().len() == 1 && p.schema.field(0).name() == "typed")
        .map(|p| p.schema.field(0).data_type().clone());
    KNOWN.lock().get_or_insert_default().insert(written.to_owned(), found.clone());
    found
}

/// No relations: a type needs none.
struct Nothing;

impl Relations for Nothing {
    fn relation(&self, _name: &Name) -> Option<Relation> {
        None
    }

    fn read(&self, call: &ReadCall) -> Result<Relation, Vec<Problem>> {
        let message = "a type reads no file".to_owned();
        Err(vec![Problem { code: Code::InvalidQuery, message, help: None, range: call.range.clone() }])
    }

    fn names(&self) -> Vec<Name> {
        Vec::new()
    }

    fn namespace(&self) -> &str {
        "default"
    }
}
