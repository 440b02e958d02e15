//! SQL to types, pipeline by pipeline, each after those it reads.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::logical_expr::LogicalPlan;

use crate::config::Materialized;
use crate::dialect::Reads;
use crate::error::{Code, Diagnostic, Severity, nearest};
use crate::files::zone::parse_url;
use crate::graph::Graph;
use crate::merge::misfits;
use crate::name::Name;
use crate::plan::{ColumnLineage, Planned, name_by_ref, plan};
use crate::project::Language;
use crate::session::Session;
use crate::template::SourceMap;

use super::facts::LakeFacts;
use super::relations::Around;
use super::stored::{self, stored};
use super::workspace::Compiling;
use super::{CheckedPipeline, contract, parallel};

/// How far a table may be whose watermark column is a time, or of a type that is not known.
pub(super) const INVENTED_TIME: &str = "2000-01-01 00:00:00";

/// What a pipeline gives to those that read it.
#[derive(Debug, Clone)]
pub(super) enum Output {
    Table(SchemaRef),
    /// A view or an ephemeral pipeline: its plan stands in for its name.
    Query(Arc<LogicalPlan>),
    Unknown,
}

impl PartialEq for Output {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Output::Table(a), Output::Table(b)) => Arc::ptr_eq(a, b) || a == b,
            (Output::Query(a), Output::Query(b)) => Arc::ptr_eq(a, b),
            (Output::Unknown, Output::Unknown) => true,
            _ => false,
        }
    }
}

/// One pipeline, planned, and what that rests on.
pub(super) struct Planning {
    compiling: Arc<Compiling>,
    inputs: Vec<(Name, Option<Output>)>,
    output: Output,
    pub(super) schema: Option<SchemaRef>,
    pub(super) lineage: Arc<Vec<ColumnLineage>>,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) report: OnceLock<Arc<CheckedPipeline>>,
}

/// What is around the pipeline that is being planned.
pub(super) struct Plans<'a> {
    pub(super) session: &'a Session,
    pub(super) facts: &'a LakeFacts,
    numbers: &'a HashMap<&'a Name, usize>,
    /// The pipelines this one comes after.
    before: &'a [usize],
    done: &'a [OnceLock<Arc<Planning>>],
    compiling: &'a Arc<Compiling>,
}

pub(super) fn run(
    session: &Session,
    all: &[&Arc<Compiling>],
    graph: &Graph,
    facts: &LakeFacts,
    before: &HashMap<Name, Arc<Planning>>,
) -> Vec<Arc<Planning>> {
    let numbers: HashMap<&Name, usize> = all.iter().enumerate().map(|(i, c)| (&c.pipeline.name, i)).collect();
    let mut rank = vec![0; all.len()];
    graph.order().enumerate().for_each(|(place, name)| rank[numbers[name]] = place);
    // In a circle, what comes later in the order is unknown to what comes before.
    let dependencies: Vec<Vec<usize>> = all
        .iter()
        .enumerate()
        .map(|(i, c)| {
            let mut needs: Vec<usize> = c.inputs().filter_map(|name| numbers.get(name).copied()).filter(|n| rank[*n] < rank[i]).collect();
            needs.sort_unstable();
            needs.dedup();
            needs
        })
        .collect();
    parallel::ordered(&dependencies, |i, done| {
        let compiling = all[i];
        let plans = Plans { session, facts, numbers: &numbers, before: &dependencies[i], done, compiling };
        if let Some(kept) = before.get(&compiling.pipeline.name)
            && Arc::ptr_eq(&kept.compiling, compiling)
            && kept.inputs.iter().all(|(name, output)| *output == plans.output(name))
            && compiling.reads.is_empty()
        {
            return Arc::clone(kept);
        }
        Arc::new(plans.planning())
    })
}

/// One pipeline, against what all others were found to give.
pub(super) fn one(
    session: &Session,
    compiling: &Arc<Compiling>,
    others: &HashMap<Name, Arc<Planning>>,
    facts: &LakeFacts,
) -> Arc<Planning> {
    let others: Vec<(&Name, &Arc<Planning>)> = others.iter().collect();
    let numbers: HashMap<&Name, usize> = others.iter().enumerate().map(|(i, (name, _))| (*name, i)).collect();
    let before: Vec<usize> = (0..others.len()).collect();
    let done: Vec<OnceLock<Arc<Planning>>> = others.iter().map(|(_, planning)| OnceLock::from(Arc::clone(planning))).collect();
    // On a stack deep enough for any query.
    let mut planned = parallel::each(1, |_| {
        let plans = Plans { session, facts, numbers: &numbers, before: &before, done: &done, compiling };
        Arc::new(plans.planning())
    });
    planned.remove(0)
}

impl Compiling {
    /// What its SQL and its tests may read, `this` included where they look at it.
    fn inputs(&self) -> impl Iterator<Item = &Name> {
        let compiled = self.compiled.iter();
        let refs = compiled.clone().flat_map(|c| &c.refs);
        let tested = compiled.clone().flat_map(|c| &c.tests).flat_map(|t| &t.refs);
        let this = compiled.filter(|c| c.uses.this.is_some()).map(|c| &c.name);
        refs.chain(tested).map(|r| &r.name).chain(this)
    }
}

struct Found {
    output: Output,
    schema: Option<SchemaRef>,
    lineage: Vec<ColumnLineage>,
    diagnostics: Vec<Diagnostic>,
}

impl Default for Found {
    fn default() -> Self {
        Self { output: Output::Unknown, schema: None, lineage: Vec::new(), diagnostics: Vec::new() }
    }
}

impl Plans<'_> {
    /// What a table gives; `None` when nothing of that name may be read here.
    pub(super) fn output(&self, name: &Name) -> Option<Output> {
        if let Some(number) = self.numbers.get(name) {
            if !self.compiling.inputs().any(|input| input == name) {
                return None;
            }
            let known = self.before.binary_search(number).is_ok();
            return Some(self.done[*number].get().filter(|_| known).map_or(Output::Unknown, |planning| planning.output.clone()));
        }
        match self.facts.tables.get(name) {
            Some(Some(schema)) => Some(Output::Table(Arc::clone(schema))),
            Some(None) => Some(Output::Unknown),
            // A reference to nothing is reported where it is written.
            None => self.compiling.inputs().any(|input| input == name).then_some(Output::Unknown),
        }
    }

    pub(super) fn names(&self) -> Vec<Name> {
        self.compiling.inputs().cloned().collect()
    }

    pub(super) fn near_zone(&self, url: &str) -> Option<String> {
        let (namespace, zone) = parse_url(url)?;
        let zones = self.facts.zone_names.get(namespace)?;
        nearest(zone, zones.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"))
    }

    /// The pipeline, planned; a panic is a diagnostic.
    fn planning(&self) -> Planning {
        let found = catch_unwind(AssertUnwindSafe(|| self.pipeline())).unwrap_or_else(|_| {
            let source = &self.compiling.pipeline.source;
            let message = format!("planning `{}` failed inside rat", self.compiling.pipeline.name.short());
            Found { diagnostics: vec![Diagnostic::error(Code::Internal, message).at(source, 0..source.text.len(), "")], ..Found::default() }
        });
        Planning {
            compiling: Arc::clone(self.compiling),
            inputs: self.compiling.inputs().map(|name| (name.clone(), self.output(name))).collect(),
            output: found.output,
            schema: found.schema,
            lineage: Arc::new(found.lineage),
            diagnostics: found.diagnostics,
            report: OnceLock::new(),
        }
    }

    fn pipeline(&self) -> Found {
        let compiling = self.compiling;
        let config = &compiling.config;
        let mut found = Found::default();
        let Some(compiled) = &compiling.compiled else { return found };
        if compiling.pipeline.language == Language::Python {
            // The program is not planned: what it promises is what is known of it.
            if let Some(schema) = contract::promised(self.session, config) {
                let schema = Arc::new(stored(&schema, config));
                found.output = Output::Table(Arc::clone(&schema));
                found.schema = Some(schema);
            }
            self.tests(&mut found);
            return found;
        }
        let this = self.this(&mut found.diagnostics);
        let (planned, diagnostics) = self.query(&compiled.sql, &compiled.map, this.clone());
        found.diagnostics.extend(diagnostics);
        let watermark = self.invented_watermark(planned.as_ref());
        if let Some((sql, map)) = compiling.later.as_ref().and_then(|later| later.render(watermark)) {
            let (_, diagnostics) = self.query(&sql, &map, this);
            let later = diagnostics.into_iter().map(|d| to_be_quoted(Diagnostic { severity: Severity::Warning, ..d }));
            let new: Vec<Diagnostic> =
                later.filter(|l| !found.diagnostics.iter().any(|d| d.message == l.message && d.labels == l.labels)).collect();
            found.diagnostics.extend(new);
        }
        if let Some(planned) = planned {
            // Columns that the strategy adds are written nowhere.
            let places = |column: usize| planned.places.get(column).map_or_else(Vec::new, |place| compiled.map.labels(place.clone(), ""));
            if *config.materialized != Materialized::Ephemeral {
                found.diagnostics.extend(contract::storable(&planned.schema, &places));
            }
            let columns = match *config.materialized {
                Materialized::Table => Arc::new(stored(&planned.schema, config)),
                Materialized::View | Materialized::Ephemeral => Arc::clone(&planned.schema),
            };
            found.diagnostics.extend(contract::validity(&planned.schema, config, &places));
            let rows = stored::rows(&planned.schema, config);
            found.diagnostics.extend(contract::broken(self.session, &rows, config, &places));
            found.diagnostics.extend(contract::missing_columns(&columns, config));
            // A column that no table holds is no column of the table.
            let holds = !found.diagnostics.iter().any(|d| matches!(d.code, Code::UnsupportedType | Code::DuplicateColumn));
            found.diagnostics.extend(misfits(&columns, config));
            found.lineage = planned.lineage;
            if holds {
                found.output = match *config.materialized {
                    Materialized::Table => Output::Table(Arc::clone(&columns)),
                    Materialized::View | Materialized::Ephemeral => Output::Query(Arc::new(planned.plan)),
                };
            }
            found.schema = Some(columns);
        }
        self.tests(&mut found);
        found
    }

    /// A watermark of the type that the watermark column has, as far as that is known.
    fn invented_watermark(&self, planned: Option<&Planned>) -> &'static str {
        let config = &self.compiling.config;
        let Some(column) = config.watermark_column.as_deref() else { return INVENTED_TIME };
        let stored = self.facts.tables.get(&self.compiling.pipeline.name).and_then(Option::as_ref);
        let promised = contract::promised(self.session, config).map(Arc::new);
        let mut schemas = planned.map(|p| &p.schema).into_iter().chain(stored).chain(&promised);
        let found = schemas.find_map(|schema| schema.fields().iter().find(|f| f.name().eq_ignore_ascii_case(column)));
        match found.map(|field| field.data_type()) {
            Some(DataType::Date32 | DataType::Date64) => "2000-01-01",
            Some(number) if number.is_numeric() => "0",
            _ => INVENTED_TIME,
        }
    }

    /// The columns of `this`: the table's own, else those of a first run that does not look at it, else those promised.
    fn this(&self, diagnostics: &mut Vec<Diagnostic>) -> Option<SchemaRef> {
        let compiling = self.compiling;
        compiling.compiled.as_ref()?.uses.this.as_ref()?;
        if let Some(schema) = self.facts.tables.get(&compiling.pipeline.name) {
            return schema.clone();
        }
        if let Some((sql, map)) = &compiling.from_nothing {
            let (planned, found) = self.query(sql, map, None);
            diagnostics.extend(found);
            if let Some(planned) = planned {
                return Some(Arc::new(stored(&planned.schema, &compiling.config)));
            }
        }
        contract::promised(self.session, &compiling.config).map(|schema| Arc::new(stored(&schema, &compiling.config)))
    }

    fn query(&self, sql: &str, map: &SourceMap, this: Option<SchemaRef>) -> (Option<Planned>, Vec<Diagnostic>) {
        let around = Around { plans: self, name: &self.compiling.pipeline.name, this, contract: &self.compiling.config.columns };
        let (planned, mut diagnostics) = plan(self.session, sql, &|range, text| map.labels(range, text), &around, Reads::Allowed);
        name_by_ref(&mut diagnostics);
        (planned, diagnostics)
    }

    fn tests(&self, found: &mut Found) {
        let Some(compiled) = &self.compiling.compiled else { return };
        let this = match &found.output {
            Output::Unknown => None,
            _ => found.schema.clone(),
        };
        for test in &compiled.tests {
            found.diagnostics.extend(self.query(&test.sql, &test.map, this.clone()).1);
        }
    }
}

/// Columns by name and type.
pub(super) fn schema_of(columns: impl IntoIterator<Item = (String, datafusion::arrow::datatypes::DataType)>) -> Schema {
    Schema::new(columns.into_iter().map(|(name, data_type)| Field::new(name, data_type, true)).collect::<Vec<_>>())
}

/// SQL that breaks where the watermark stands has it without quotes.
fn to_be_quoted(mut diagnostic: Diagnostic) -> Diagnostic {
    let typed = diagnostic.labels.first().and_then(|label| label.source.text.get(label.range.clone()));
    if diagnostic.code == Code::SqlSyntax && typed.is_some_and(|typed| typed.contains("watermark_value")) {
        diagnostic.help = Some("a watermark is printed as it is: quote it, as in `'{{ watermark_value }}'`".to_owned());
    }
    diagnostic
}
