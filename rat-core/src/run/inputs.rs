//! What a run reads: every input at one snapshot, all of them as of one moment, and what its names stand for in SQL.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::LogicalPlan;

use super::{LandingCut, RunContext};
use crate::compile::Compiled;
use crate::config::Materialized;
use crate::dialect::{Problem, ReadCall, Reads};
use crate::error::{Code, Diagnostic, Error, Label, Result};
use crate::name::Name;
use crate::plan::{self, Absent, Relation as Meaning, Relations};
use crate::tables::{Relation, Table, View};
use crate::template::{Facts, SourceMap};

/// How often inputs are looked at again until none has moved meanwhile.
const ROUNDS: usize = 8;

/// One input as it was found.
enum Pin {
    Table(Table),
    View(View),
    Ephemeral { sql: String, map: SourceMap, reads: Vec<Name> },
}

/// Inputs as of one moment.
#[derive(Default)]
pub(super) struct Pins(BTreeMap<Name, Pin>);

/// A name to be read, and where it was said.
pub(super) type Wanted = BTreeMap<Name, Vec<Label>>;

impl Pins {
    /// Pins tables, the tables behind views, and those behind ephemeral pipelines. What is optional may be missing.
    ///
    /// # Errors
    /// `NOT_BUILT` for pipelines that have made nothing yet, all of them in the diagnostics; what loading a table gives.
    pub(super) async fn take(context: &RunContext, wanted: Wanted, optional: BTreeSet<Name>, facts: &Facts) -> Result<Self> {
        for _ in 0..ROUNDS {
            let pins = Self::look(context, wanted.clone(), &optional, facts).await?;
            if pins.stand(context).await? {
                return Ok(pins);
            }
        }
        Err(Error::new(Code::CommitConflict, "the inputs change faster than they can be looked at"))
    }

    async fn look(context: &RunContext, wanted: Wanted, optional: &BTreeSet<Name>, facts: &Facts) -> Result<Self> {
        let mut pins = Self::default();
        let mut missing = Vec::new();
        let extra = optional.iter().filter(|name| !wanted.contains_key(*name)).map(|name| (name.clone(), Vec::new()));
        let mut queue: Vec<(Name, Vec<Label>)> = extra.chain(wanted.clone()).collect();
        while let Some((name, labels)) = queue.pop() {
            if pins.0.contains_key(&name) {
                continue;
            }
            let pin = match ephemeral(context, &name, facts)? {
                Some(pin) => pin,
                None => match context.tables.find(&name).await? {
                    Some(Relation::Table(table)) => Pin::Table(table),
                    Some(Relation::View(view)) => Pin::View(view),
                    None => {
                        if wanted.contains_key(&name) || !optional.contains(&name) {
                            missing.push(not_built(&name, &facts.this.namespace, labels));
                        }
                        continue;
                    }
                },
            };
            queue.extend(pin.reads().into_iter().map(|name| (name, labels.clone())));
            pins.0.insert(name, pin);
        }
        missing.sort_by_key(|d| (d.path().map(str::to_owned), d.start(), d.message.clone()));
        match Error::from_diagnostics(missing) {
            Some(error) => Err(error),
            None => Ok(pins),
        }
    }

    /// Whether nothing moved since: then all of it was true at one moment.
    async fn stand(&self, context: &RunContext) -> Result<bool> {
        for (name, pin) in &self.0 {
            let seen = match pin {
                Pin::Table(table) => table.metadata_location(),
                Pin::View(view) => Some(view.metadata_location()),
                Pin::Ephemeral { .. } => continue,
            };
            if context.tables.is_ahead(name) {
                // Staged by the same build: nobody else moves it.
                continue;
            }
            let now = context.tables.catalog().load(name).await?;
            if now.as_ref().map(|pointer| pointer.metadata_location.as_str()) != seen {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The rows of a pinned table, when that is known.
    pub(super) fn rows(&self, name: &Name) -> Option<u64> {
        match self.0.get(name) {
            Some(Pin::Table(table)) => table.row_count(),
            _ => None,
        }
    }

    /// Whether these are the tables that were read when they stood at these snapshots, and their rows are the same.
    pub(super) fn are_as_at(&self, snapshots: &BTreeMap<String, Option<i64>>) -> bool {
        let mut tables = 0;
        let same = self.0.iter().all(|(name, pin)| match pin {
            Pin::Table(table) => {
                tables += 1;
                snapshots.get(&name.to_string()).is_some_and(|snapshot| table.is_as_at(*snapshot))
            }
            Pin::View(_) | Pin::Ephemeral { .. } => true,
        });
        same && tables == snapshots.len()
    }

    /// The tables pinned and the snapshot of each.
    pub(super) fn snapshots(&self) -> BTreeMap<String, Option<i64>> {
        let tables = self.0.iter().filter_map(|(name, pin)| match pin {
            Pin::Table(table) => Some((name.to_string(), table.snapshot_id())),
            Pin::View(_) | Pin::Ephemeral { .. } => None,
        });
        tables.collect()
    }
}

impl Pin {
    fn reads(&self) -> Vec<Name> {
        match self {
            Pin::Table(_) => Vec::new(),
            Pin::Ephemeral { reads, .. } => reads.clone(),
            Pin::View(view) => view.depends_on(),
        }
    }
}

fn ephemeral(context: &RunContext, name: &Name, facts: &Facts) -> Result<Option<Pin>> {
    let Some(pipeline) = context.project.project.pipelines.get(name) else { return Ok(None) };
    let (config, _) = context.project.config(pipeline)?;
    if *config.materialized != Materialized::Ephemeral {
        return Ok(None);
    }
    let own = Facts { this: name.clone(), strategy: None, watermark_value: None, ..facts.clone() };
    let (compiled, _) = context.project.compile(pipeline, &config, &own)?;
    let reads = compiled.refs.iter().map(|reference| reference.name.clone()).collect();
    Ok(Some(Pin::Ephemeral { sql: compiled.sql, map: compiled.map, reads }))
}

fn not_built(name: &Name, namespace: &str, labels: Vec<Label>) -> Diagnostic {
    let (code, message, help) = Absent::NotBuilt.told(name, namespace);
    Diagnostic { labels, ..Diagnostic::error(code, message).help(help) }
}

/// The names of a pipeline's query, or of its tests too, with their places.
pub(super) fn wanted<'a>(references: impl Iterator<Item = &'a crate::template::Reference>, but: &Name) -> Wanted {
    let mut wanted = Wanted::new();
    for reference in references.filter(|reference| reference.name != *but) {
        let labels = wanted.entry(reference.name.clone()).or_default();
        if labels.is_empty() {
            labels.push(reference.label.clone());
            labels.extend(reference.calls.iter().cloned());
        }
    }
    wanted
}

/// Rows, as what a name stands for.
pub(super) fn table(rows: Arc<dyn TableProvider>) -> Meaning {
    Meaning::Known(provider_as_source(rows))
}

/// What names stand for while one pipeline is planned or tested.
#[derive(Clone)]
pub(super) struct Cut {
    namespace: String,
    relations: BTreeMap<Name, Meaning>,
    landing: Option<Arc<dyn LandingCut>>,
    new_rows: Option<Meaning>,
}

impl Cut {
    /// The pinned inputs, planned where they are queries.
    ///
    /// # Errors
    /// What is wrong with a view's or an ephemeral pipeline's query.
    pub(super) fn new(context: &RunContext, pipeline: &Name, pins: &Pins, landing: Option<Arc<dyn LandingCut>>) -> Result<Self> {
        let mut cut = Self { namespace: pipeline.namespace.clone(), relations: BTreeMap::new(), landing, new_rows: None };
        for name in pins.0.keys() {
            cut.resolve(context, name, pins, &mut BTreeSet::new())?;
        }
        Ok(cut)
    }

    fn resolve(&mut self, context: &RunContext, name: &Name, pins: &Pins, within: &mut BTreeSet<Name>) -> Result<()> {
        if self.relations.contains_key(name) {
            return Ok(());
        }
        let Some(pin) = pins.0.get(name) else { return Ok(()) };
        if !within.insert(name.clone()) {
            return Err(Error::new(Code::Cycle, format!("the view `{}` reads itself", name.short())));
        }
        for read in pin.reads() {
            self.resolve(context, &read, pins, within)?;
        }
        within.remove(name);
        let meaning = match pin {
            Pin::Table(pinned) => table(pinned.provider()?),
            Pin::View(view) => plan::expanded(self.query(context, name, view.sql(), &|_, _| Vec::new())?),
            Pin::Ephemeral { sql, map, .. } => plan::expanded(self.query(context, name, sql, &|range, text| map.labels(range, text))?),
        };
        self.relations.insert(name.clone(), meaning);
        Ok(())
    }

    fn query(&self, context: &RunContext, name: &Name, sql: &str, places: &plan::Places<'_>) -> Result<LogicalPlan> {
        let (planned, diagnostics) = plan::plan(&context.session, sql, places, self, Reads::Unknown);
        match planned {
            Some(planned) => Ok(planned.plan),
            None => {
                let unknown = || Error::new(Code::InvalidQuery, format!("the query of `{}` cannot be planned", name.short()));
                Err(Error::from_diagnostics(diagnostics).unwrap_or_else(unknown))
            }
        }
    }

    /// The same, with a name that stands for a table.
    pub(super) fn with_table(&self, name: &Name, rows: Arc<dyn TableProvider>) -> Self {
        self.with(name, table(rows))
    }

    /// The same, with a name that stands for something else than it did.
    pub(super) fn with(&self, name: &Name, meaning: Meaning) -> Self {
        let mut cut = self.clone();
        cut.relations.insert(name.clone(), meaning);
        cut
    }

    /// The same, with the rows that this run adds.
    pub(super) fn with_new_rows(&self, rows: Meaning) -> Self {
        Self { new_rows: Some(rows), ..self.clone() }
    }

    /// The pipeline's query, planned.
    ///
    /// # Errors
    /// What is wrong with it, at places of the template.
    pub(super) fn plan(&self, context: &RunContext, compiled: &Compiled) -> Result<plan::Planned> {
        let places = |range, text: &str| compiled.map.labels(range, text);
        let (planned, mut diagnostics) = plan::plan(&context.session, &compiled.sql, &places, self, Reads::Allowed);
        plan::name_by_ref(&mut diagnostics);
        let unknown = || Error::new(Code::InvalidQuery, format!("the query of `{}` cannot be planned", compiled.name.short()));
        match planned {
            Some(planned) => Ok(planned),
            None => Err(Error::from_diagnostics(diagnostics).unwrap_or_else(unknown)),
        }
    }
}

impl Relations for Cut {
    fn relation(&self, name: &Name) -> Option<Meaning> {
        self.relations.get(name).cloned()
    }

    fn special(&self, name: &str) -> Option<Meaning> {
        match name {
            "new_rows" => self.new_rows.clone(),
            _ => None,
        }
    }

    fn read(&self, call: &ReadCall) -> Result<Meaning, Vec<Problem>> {
        match &self.landing {
            Some(landing) => landing.read(call).map(table),
            None => {
                let message = "this query may not read landing zones".to_owned();
                Err(vec![Problem { code: Code::NotALandingZone, message, help: None, range: call.range.clone() }])
            }
        }
    }

    fn names(&self) -> Vec<Name> {
        self.relations.keys().cloned().collect()
    }

    fn namespace(&self) -> &str {
        &self.namespace
    }
}
