//! `lake.compile()`: one pipeline's SQL, and all that is known of it without running it.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use serde::Serialize;

use crate::check::CheckedPipeline;
use crate::config::Origin;
use crate::error::Diagnostic;
use crate::name::Name;
use crate::plan::{Column, ColumnLineage, columns};
use crate::project::Language;

/// One pipeline, compiled for its next run.
#[derive(Debug, Clone, Serialize)]
pub struct Compiled {
    /// `namespace.layer.name`.
    pub name: Name,
    /// What it is written in.
    pub language: Language,
    /// The SQL of the next run; `None` when the template has an error, and for a pipeline in Python.
    pub sql: Option<String>,
    /// The tables that a first or a later run reads, by name.
    pub dependencies: Vec<Name>,
    /// The landing zones that a first or a later run reads.
    pub landing_zones: Vec<CompiledZone>,
    /// Every setting, in the order of the reference page.
    pub config: Vec<ConfigValue>,
    /// The columns of its table, as Arrow has them; `None` when they are unknown.
    #[serde(skip)]
    pub arrow_schema: Option<SchemaRef>,
    /// The columns of its table, with the types that SQL writes.
    pub schema: Option<Vec<Column>>,
    /// Where each column comes from, in the order of the columns.
    pub lineage: Vec<ColumnLineage>,
    /// Its quality tests that are queries.
    pub tests: Vec<CompiledTest>,
    /// What makes its SQL, as one hash: a build skips a pipeline whose hash and inputs have not changed.
    pub code_hash: Option<String>,
    /// What is wrong with it.
    #[serde(flatten, serialize_with = "crate::error::ok_or_diagnostics")]
    pub diagnostics: Vec<Diagnostic>,
}

impl Compiled {
    /// Whether no diagnostic is an error.
    pub fn is_ok(&self) -> bool {
        Diagnostic::none_is_error(&self.diagnostics)
    }
}

/// A landing zone that a pipeline reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CompiledZone {
    /// The zone, in the pipeline's namespace.
    pub zone: String,
    /// Whether only files are meant that no earlier published run consumed.
    pub new_only: bool,
}

/// A quality test, compiled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CompiledTest {
    /// Its file.
    pub path: String,
    /// The SQL.
    pub sql: String,
}

/// One setting of a pipeline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConfigValue {
    /// The key.
    pub key: &'static str,
    /// The value that holds.
    pub value: serde_json::Value,
    /// Where it was written; `None` for a default.
    pub origin: Option<ConfigOrigin>,
}

/// A place in a file of the project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConfigOrigin {
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
}

impl From<CheckedPipeline> for Compiled {
    fn from(checked: CheckedPipeline) -> Self {
        let compiled = checked.compiled.as_deref();
        let config = checked.config.entries().into_iter().map(|(key, value, origin)| ConfigValue { key, value, origin: place(origin) });
        let mut dependencies: Vec<Name> = compiled.iter().flat_map(|c| &c.refs).map(|reference| reference.name.clone()).collect();
        dependencies.sort();
        let zones = compiled.iter().flat_map(|c| &c.landing_zones);
        let tests = compiled.iter().flat_map(|c| &c.tests);
        Self {
            name: checked.name.clone(),
            language: checked.language,
            sql: compiled.filter(|_| checked.language == Language::Sql).map(|c| c.sql.clone()),
            dependencies,
            landing_zones: zones.map(|zone| CompiledZone { zone: zone.zone.clone(), new_only: zone.new_only }).collect(),
            config: config.collect(),
            schema: checked.schema.as_deref().map(columns),
            arrow_schema: checked.schema.clone(),
            lineage: Arc::unwrap_or_clone(Arc::clone(&checked.lineage)),
            tests: tests.map(|test| CompiledTest { path: test.source.path.clone(), sql: test.sql.clone() }).collect(),
            code_hash: compiled.map(|c| c.code_hash.clone()),
            diagnostics: checked.diagnostics,
        }
    }
}

fn place(origin: &Origin) -> Option<ConfigOrigin> {
    origin.label().map(|label| ConfigOrigin { path: label.source.path.clone(), line: label.source.line_column(label.range.start).0 })
}
