//! What a run is going to do: its inputs pinned, its query typed, its columns matched.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::MemTable;
use datafusion::logical_expr::LogicalPlan;

use super::asked::Purpose;
use super::inputs::{self, Cut, Pins, Wanted};
use super::landing::{LandingCut, LandingRequest};
use super::refused::{goes_on, is_of_the_pipeline, lost_with, refused_by_settings, refused_validity};
use super::watermark::Far;
use super::{Asked, watermark};
use crate::compile::Compiled;
use crate::config::{BuiltinTest, Config, MergeStrategy, NullKeys, Setting};
use crate::dialect::{self, Reads};
use crate::error::{Code, Diagnostic, Error, Result, Severity};
use crate::merge::{Columns, Merge, Promise, Validity, misfits, unknown_columns};
use crate::name::Name;
use crate::tables::{self, Evolution, NewTable, Partition, Relation, ReplaceColumns, SortColumn, Table, Target, View};
use crate::template::Facts;

pub(super) const MERGE_STRATEGY: &str = "rat.merge-strategy";
pub(super) const UNIQUE_KEY: &str = "rat.unique-key";

/// A run, decided. Nothing is written yet.
#[derive(Clone)]
pub(super) struct Planned {
    pub base: Option<Table>,
    pub compiled: Arc<Compiled>,
    pub cut: Cut,
    pub landing: Option<Arc<dyn LandingCut>>,
    pub query: LogicalPlan,
    pub merge: Merge,
    pub inputs: BTreeMap<String, Option<i64>>,
    /// How far the table is now.
    pub watermark: Option<ScalarValue>,
    /// Whether that only stands for a value which the rows would have to be asked for: then so does the query.
    pub stand_in: bool,
    evolution: Option<Evolution>,
}

impl Planned {
    /// Decides it, and adds what may surprise to `warnings`.
    ///
    /// # Errors
    /// What a run would fail with before it reads a row: all of it that can be told together.
    pub(super) async fn new(asked: &Asked<'_>, warnings: &mut Vec<Diagnostic>) -> Result<Self> {
        let mut refusals = Vec::new();
        let planned = match Self::decided(asked, warnings, &mut refusals).await {
            Ok(planned) => planned,
            // What is the matter with the lake says nothing of what refuses the run.
            Err(error) => {
                refusals.extend(Some(error).filter(|error| refusals.is_empty() || is_of_the_pipeline(error)));
                None
            }
        };
        match (Error::together(refusals), planned) {
            (Some(refused), _) => Err(refused),
            (None, Some(planned)) => Ok(planned),
            (None, None) => Err(Error::new(Code::Internal, "a run was neither decided nor refused")),
        }
    }

    /// What refuses the run, and does not stand in the way of finding out what else does, is added to `refusals`; `None` when that is as far
    /// as it goes.
    async fn decided(asked: &Asked<'_>, warnings: &mut Vec<Diagnostic>, refusals: &mut Vec<Error>) -> Result<Option<Self>> {
        let (context, name, config) = (asked.context, &asked.pipeline.name, asked.config.as_ref());
        asked.is_runnable()?;
        if asked.given.is_none() {
            let (_, diagnostics) = context.project.config(asked.pipeline)?;
            warnings.extend(only_warnings(diagnostics));
        }
        let rebuild = asked.rebuilds();
        let (base, view) = match context.tables.find(name).await? {
            Some(Relation::Table(table)) => (Some(table), None),
            Some(Relation::View(_)) if asked.given.is_some() => return Err(is_a_view(name)),
            // What was a table before it was a view goes on as that table.
            Some(Relation::View(view)) => (context.tables.shelved(&view).await?, Some(view)),
            None => (None, None),
        };
        refusals.extend(refused_by_settings(asked, base.as_ref()));
        if asked.purpose == Purpose::Run && !refusals.is_empty() {
            // Nothing is read for a run that will not be.
            return Ok(None);
        }
        let far = match (&base, config.watermark_column.as_deref()) {
            (Some(base), Some(column)) => asked.watermark(base, column).await?,
            _ => Far::Known(None),
        };
        let watermark = far.value();
        let facts = asked.facts(watermark.clone())?;
        let (compiled, diagnostics) = context.project.compile(asked.pipeline, asked.config, &facts)?;
        warnings.extend(only_warnings(diagnostics));
        let pins = Pins::take(context, wanted(&compiled), optional(&compiled, config), &facts).await?;
        let landing = landing(asked, &compiled, base.as_ref()).await?;
        refusals.extend(landing.as_ref().and_then(|landing| lost_with(asked, landing.gone())));
        let cut = Cut::new(context, name, &pins, landing.clone())?;
        let cut = with_this(asked, cut, base.as_ref(), &compiled, &facts)?;
        let (query, places) = match &asked.given {
            Some(given) => {
                let table = base.as_ref().filter(|_| !rebuild).map(Table::schema).transpose()?;
                (given.fitted_to(&table.unwrap_or_else(|| Arc::new(Schema::empty())))?.query()?, Vec::new())
            }
            None => cut.plan(context, &compiled).map(|planned| (planned.plan, planned.places))?,
        };
        let placed = |error| at_column(error, query.schema().inner(), &places, &compiled);

        let promises = promises(config)?;
        let schema = with_validity(query.schema().inner(), config).map_err(placed)?;
        let misfits = Error::from_diagnostics(misfits(&schema, config));
        let (fits, comparable) = (misfits.is_none(), rebuild || base.as_ref().is_none_or(|base| goes_on(base, config)));
        refusals.extend(misfits);
        if !comparable {
            // The one's columns are not to become the other's.
            return Ok(None);
        }
        let columns = match &base {
            Some(base) if !rebuild => {
                let renamed: Vec<_> = config.renamed_from.iter().map(|(new, old)| (new.clone(), old.clone())).collect();
                Columns::of_table(&schema, &*base.schema()?, &renamed, *config.on_schema_change, &promises).map_err(placed)?
            }
            _ => Columns::of_query(&schema, &promises).map_err(placed)?,
        };
        warnings.extend(columns.warnings().iter().cloned());
        if let Some(base) = base.as_ref().filter(|_| !rebuild) {
            refusals.extend(refused_validity(base, config, &columns));
        }
        let evolution = base.as_ref().map(|_| evolution(asked, &columns, rebuild));
        let unknown = Error::from_diagnostics(unknown_columns(columns.target(), config));
        let serve = fits && unknown.is_none();
        refusals.extend(unknown);
        let target = match target(asked, base.as_ref(), view.as_ref(), evolution.as_ref(), &columns).map_err(placed) {
            Ok(target) if refusals.is_empty() => target,
            // A column that is not there or does not serve makes no table: that is said already.
            refused => {
                refusals.extend(refused.err().filter(|_| serve));
                return Ok(None);
            }
        };
        let merge = merge(asked, target, columns, query.schema().inner()).map_err(placed)?;
        let (inputs, stand_in) = (pins.snapshots(), far.is_stand_in());
        Ok(Some(Self { base, compiled: Arc::new(compiled), cut, landing, query, merge, inputs, watermark, stand_in, evolution }))
    }

    /// Whether the query's result depends on what the table was: then it does not outlive a change of the table.
    pub(super) fn looks_at_own_past(&self) -> bool {
        let uses = &self.compiled.uses;
        uses.this.is_some() || uses.watermark.is_some() || self.compiled.landing_zones.iter().any(|zone| zone.new_only)
    }

    /// Whether the query joins, and may do so by sorting both sides.
    pub(super) fn can_sort_joins(&self) -> bool {
        // Subqueries are joins only when the plan is optimised.
        let Ok(optimised) = self.merge.session.state().optimize(&self.query) else { return false };
        let (mut joins, mut null_aware) = (false, false);
        let walked = optimised.apply_with_subqueries(|plan| {
            if let LogicalPlan::Join(join) = plan {
                joins = true;
                // NOT IN is neither true nor false where there is a NULL, which the engine's sorting join does not know.
                null_aware |= join.null_aware;
            }
            Ok(TreeNodeRecursion::Continue)
        });
        walked.is_ok() && joins && !null_aware
    }

    /// Whether nothing that others add to the table meanwhile matters: not to the new rows, not to the watermark, not to a test. Such a
    /// snapshot is simply made again on what they left.
    pub(super) fn stands_alone(&self) -> bool {
        let beyond_new_rows = || {
            let config = &self.compiled.config;
            !self.compiled.tests.is_empty() || config.watermark_column.is_some() || config.tests.iter().any(|test| !test.is_row_local())
        };
        match self.merge.strategy {
            // The table will be exactly the new rows, whoever wrote before.
            _ if self.merge.rebuild => !self.looks_at_own_past(),
            MergeStrategy::AppendOnly => !self.looks_at_own_past() && !beyond_new_rows(),
            _ => false,
        }
    }

    /// The same for the table as it is now; `None` when its columns have changed.
    pub(super) async fn onto_head(&self, asked: &Asked<'_>) -> Result<Option<Self>> {
        let (Some(before), Some(Relation::Table(now))) = (&self.base, asked.context.tables.find(&asked.pipeline.name).await?) else {
            return Ok(None);
        };
        let same = before.metadata().uuid() == now.metadata().uuid() && before.schema()? == now.schema()?;
        if !same {
            return Ok(None);
        }
        let mut planned = self.clone();
        planned.merge.target = asked.context.tables.evolve(&now, self.evolution.clone().unwrap_or_default())?;
        if let Some(column) = asked.config.watermark_column.as_deref() {
            planned.watermark = watermark::of_table(&asked.context.session, &now, column).await?;
        }
        planned.base = Some(now);
        Ok(Some(planned))
    }
}

/// What is said of a column, at the expression that makes it.
fn at_column(error: Error, query: &Schema, places: &[Range<usize>], compiled: &Compiled) -> Error {
    let named = error.context().iter().find(|(key, _)| *key == "column");
    let column =
        named.and_then(|(_, name)| query.fields().iter().rposition(|field| field.name() == name.split('.').next().unwrap_or(name)));
    match column.and_then(|column| places.get(column)) {
        Some(place) => error.with_labels(compiled.map.labels(place.clone(), "")),
        None => error,
    }
}

/// What does not stop a run.
pub(super) fn only_warnings(diagnostics: Vec<Diagnostic>) -> impl Iterator<Item = Diagnostic> {
    diagnostics.into_iter().filter(|diagnostic| diagnostic.severity == Severity::Warning)
}

fn is_a_view(name: &Name) -> Error {
    Error::new(Code::InvalidArgument, format!("`{}` is a view, which has no rows of its own", name.short()))
        .with_help("write into a table of another name")
}

/// The columns of the query's rows once they are the table's: `scd2` says when they are valid.
fn with_validity(query: &SchemaRef, config: &Config) -> Result<SchemaRef> {
    match *config.merge_strategy {
        MergeStrategy::Scd2 => Validity::columns(query, config).map(Arc::new),
        _ => Ok(Arc::clone(query)),
    }
}

pub(super) fn wanted(compiled: &Compiled) -> Wanted {
    inputs::wanted(compiled.refs.iter(), &compiled.name)
}

/// What only tests read: one that is not there fails its test, not the run's plan.
pub(super) fn optional(compiled: &Compiled, config: &Config) -> BTreeSet<Name> {
    let in_tests = compiled.tests.iter().flat_map(|test| &test.refs).map(|reference| reference.name.clone());
    let related = config.tests.iter().filter_map(|test| match &test.value {
        BuiltinTest::Relationships { to, .. } => Some(to.clone()),
        _ => None,
    });
    in_tests.chain(related).filter(|name| *name != compiled.name).collect()
}

/// The landing zones of the query, listed once.
pub(super) async fn landing(asked: &Asked<'_>, compiled: &Compiled, base: Option<&Table>) -> Result<Option<Arc<dyn LandingCut>>> {
    if compiled.landing_zones.is_empty() {
        return Ok(None);
    }
    let Ok(parsed) = dialect::parse(&compiled.sql, Reads::Allowed) else {
        // Planning says what is wrong with it, at its place.
        return Ok(None);
    };
    let refresh = asked.options.refresh;
    let request = LandingRequest {
        pipeline: &asked.pipeline.name,
        zones: &compiled.landing_zones,
        calls: &parsed.reads,
        contract: &asked.config.columns,
        published: base,
        rebuild: refresh.is_full(),
        archive: *asked.config.archive_landing_zones,
        settle: asked.purpose == Purpose::Run,
    };
    let zones = &asked.context.landing;
    let cut = if asked.purpose == Purpose::Preview { zones.samples(request).await? } else { zones.cut(request).await? };
    Ok(Some(cut))
}

/// `this`: the table as it is, or an empty one with the columns of a first run.
pub(super) fn with_this(asked: &Asked<'_>, cut: Cut, base: Option<&Table>, compiled: &Compiled, facts: &Facts) -> Result<Cut> {
    let name = &asked.pipeline.name;
    if let Some(base) = base {
        return Ok(cut.with_table(name, base.provider()?));
    }
    if compiled.uses.this.is_none() {
        return Ok(cut);
    }
    let first = Facts { strategy: None, watermark_value: None, ..facts.clone() };
    let (compiled, _) = asked.context.project.compile(asked.pipeline, asked.config, &first)?;
    let schema = with_validity(&cut.plan(asked.context, &compiled)?.schema, asked.config)?;
    let empty = MemTable::try_new(schema, vec![Vec::new()]).map_err(crate::execute::error)?;
    Ok(cut.with_table(name, Arc::new(empty)))
}

fn promises(config: &Config) -> Result<Vec<Promise>> {
    let promise = |column: &Setting<crate::config::ColumnContract>| {
        let data_type = match &column.data_type {
            Some(text) => Some(
                crate::files::type_of(text)
                    .map_err(|reason| Error::new(Code::InvalidValue, format!("the type of `{}`: {reason}", column.name)))?,
            ),
            None => None,
        };
        Ok(Promise { name: column.name.clone(), data_type, not_null: column.not_null })
    };
    config.columns.iter().map(promise).collect()
}

/// What becomes of a table that is there, besides its rows.
fn evolution(asked: &Asked<'_>, columns: &Columns, rebuild: bool) -> Evolution {
    let config = asked.config.as_ref();
    // A pipeline says all of what its table is; a write says what it wants to be otherwise.
    let says = |set: bool| asked.given.is_none() || set;
    let mut evolution = Evolution {
        partition_by: says(config.partition_by.is_set()).then(|| partition_by(config)),
        sort_by: says(config.sort_by.is_set()).then(|| sort_by(config)),
        ..Evolution::default()
    };
    if rebuild {
        evolution.replace = Some(ReplaceColumns { schema: Arc::clone(columns.target()), not_null: columns.required() });
    } else {
        evolution.columns = columns.changes().to_vec();
    }
    evolution
}

fn target(
    asked: &Asked<'_>,
    base: Option<&Table>,
    view: Option<&View>,
    evolution: Option<&Evolution>,
    columns: &Columns,
) -> Result<Target> {
    let tables = &asked.context.tables;
    let in_place = |target: Target| match view {
        Some(view) => target.replacing_view(view),
        None => target,
    };
    if let (Some(base), Some(evolution)) = (base, evolution) {
        return tables.evolve(base, evolution.clone()).map(in_place);
    }
    let new = NewTable {
        not_null: columns.required(),
        partition_by: partition_by(asked.config),
        sort_by: sort_by(asked.config),
        ..NewTable::new(Arc::clone(columns.target()))
    };
    tables.create(&asked.pipeline.name, &new).map(in_place)
}

fn merge(asked: &Asked<'_>, target: Target, columns: Columns, query: &Schema) -> Result<Merge> {
    let config = asked.config.as_ref();
    let spelled = |names: &[String]| names.iter().map(|name| columns.spelled(name)).collect::<Result<Vec<_>>>();
    let strategy = *config.merge_strategy;
    let key = match strategy {
        MergeStrategy::FullRefresh | MergeStrategy::AppendOnly => Vec::new(),
        MergeStrategy::Incremental | MergeStrategy::DeleteInsert | MergeStrategy::Scd2 => spelled(&config.unique_key)?,
        MergeStrategy::Snapshot => spelled(config.partition_column.as_slice())?,
    };
    let validity = match strategy {
        MergeStrategy::Scd2 => Some(Validity::resolve(config, query, &columns, asked.started_at.timestamp_micros())?),
        _ => None,
    };
    Ok(Merge {
        session: asked.context.session.clone(),
        tables: asked.context.tables.clone(),
        target,
        strategy,
        key,
        rebuild: asked.rebuilds(),
        // A partition is a partition, also that of NULL.
        null_keys: if strategy == MergeStrategy::Snapshot { NullKeys::Match } else { *config.null_keys },
        watermark: config.watermark_column.as_deref().map(|name| columns.spelled(name)).transpose()?,
        keep_newer: *config.keep_newer,
        validity,
        write_mode: *config.write_mode,
        sort_by: spelled(&config.sort_by)?,
        target_file_bytes: asked.context.target_file_bytes,
        progress: Arc::clone(&asked.progress),
        columns,
    })
}

fn partition_by(config: &Config) -> Vec<Partition> {
    use crate::config::Transform as From;
    use tables::Transform as To;
    let transform = |transform| match transform {
        From::Identity => To::Identity,
        From::Year => To::Year,
        From::Month => To::Month,
        From::Day => To::Day,
        From::Hour => To::Hour,
        From::Bucket(n) => To::Bucket(n),
        From::Truncate(n) => To::Truncate(n),
    };
    let by_value = |column: &String| Partition { column: column.clone(), transform: To::Identity };
    if config.partition_by.is_empty() && *config.merge_strategy == MergeStrategy::Snapshot {
        return config.partition_column.iter().map(by_value).collect();
    }
    config.partition_by.iter().map(|part| Partition { column: part.column.clone(), transform: transform(part.transform) }).collect()
}

fn sort_by(config: &Config) -> Vec<SortColumn> {
    config.sort_by.iter().map(|column| SortColumn { column: column.clone(), direction: tables::Direction::Ascending }).collect()
}
