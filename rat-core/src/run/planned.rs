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
use super::watermark::Far;
use super::{Asked, Refresh, watermark};
use crate::compile::Compiled;
use crate::config::{BuiltinTest, Config, MergeStrategy, NullKeys, Origin, RefreshPolicy, Setting};
use crate::dialect::{self, Reads};
use crate::error::{Code, Diagnostic, Error, Result, Severity};
use crate::merge::{Columns, Merge, Promise, Validity, misfits};
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
    /// What a run would fail with before it reads a row.
    pub(super) async fn new(asked: &Asked<'_>, warnings: &mut Vec<Diagnostic>) -> Result<Self> {
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
        check_refresh(asked, base.as_ref())?;
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
        let cut = Cut::new(context, name, &pins, landing.clone())?;
        let cut = with_this(asked, cut, base.as_ref(), &compiled, &facts)?;
        let (query, places) = match &asked.given {
            Some(given) => (given.query()?, Vec::new()),
            None => cut.plan(context, &compiled).map(|planned| (planned.plan, planned.places))?,
        };
        let placed = |error| at_column(error, query.schema().inner(), &places, &compiled);

        let promises = promises(config)?;
        let schema = with_validity(query.schema().inner(), config).map_err(placed)?;
        if let Some(error) = Error::from_diagnostics(misfits(&schema, config)) {
            return Err(error);
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
            check_validity(base, config, &columns)?;
        }
        let evolution = base.as_ref().map(|_| evolution(asked, &columns, rebuild));
        let target = target(asked, base.as_ref(), view.as_ref(), evolution.as_ref(), &columns).map_err(placed)?;
        let merge = merge(asked, target, columns, query.schema().inner()).map_err(placed)?;
        let (inputs, stand_in) = (pins.snapshots(), far.is_stand_in());
        Ok(Self { base, compiled: Arc::new(compiled), cut, landing, query, merge, inputs, watermark, stand_in, evolution })
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

/// Settings that the stored rows cannot follow, and rebuilding that is not allowed.
fn check_refresh(asked: &Asked<'_>, base: Option<&Table>) -> Result<()> {
    let (name, refresh, config) = (asked.pipeline.name.short(), asked.options.refresh, asked.config.as_ref());
    let Some(base) = base else { return Ok(()) };
    let fact = |key: &str| base.properties().get(key).map(String::as_str).filter(|value| !value.is_empty());
    let (before, now) = (fact(MERGE_STRATEGY), *config.merge_strategy);
    let was_scd2 = before == Some(MergeStrategy::Scd2.as_str());
    if refresh.is_full() {
        if *config.full_refresh == RefreshPolicy::Never {
            let refused = Diagnostic::error(Code::RefreshLosesData, format!("`{name}` says `full_refresh: never`"));
            return Err(at(refused.help("run it without full_refresh, or change the setting"), &config.full_refresh.origin));
        }
        if was_scd2 && refresh == Refresh::Full && base.row_count() != Some(0) {
            let message = format!("`{name}` holds history, and a rebuild would begin it anew with what the query gives now");
            return Err(at(Diagnostic::error(Code::RefreshLosesData, message), &config.merge_strategy.origin));
        }
        return Ok(());
    }
    let changed = |message: String, help: &str, origin| Err(at(Diagnostic::error(Code::StrategyChanged, message).help(help), origin));
    let strategy = &config.merge_strategy.origin;
    if was_scd2 && now != MergeStrategy::Scd2 {
        let message = format!("`{name}` holds history, which `{now}` would not keep");
        return changed(message, "give the pipeline another name, or run once with full_refresh and `allow_data_loss`", strategy);
    }
    if let Some(before) = before.filter(|_| !was_scd2 && now == MergeStrategy::Scd2) {
        let message = format!("`{name}` was made by `{before}` and has no history for `scd2` to go on from");
        let help = "run once with full_refresh: its rows become the first versions; or give the pipeline another name";
        return changed(message, help, strategy);
    }
    let had_key = before.and_then(MergeStrategy::from_text).is_some_and(MergeStrategy::has_key);
    match fact(UNIQUE_KEY).filter(|_| had_key && now.has_key()) {
        Some(before) if !is_key(before, config) => {
            let message = format!("the key of `{name}` was `{before}` and is `{}` now", config.unique_key.join(", "));
            changed(message, "run once with full_refresh, or set the key back", &config.unique_key.origin)
        }
        _ => Ok(()),
    }
}

/// The error of a diagnostic, at the place where a setting was written.
fn at(mut diagnostic: Diagnostic, origin: &Origin) -> Error {
    diagnostic.labels.extend(origin.label().cloned());
    let plain = Error::new(diagnostic.code, diagnostic.message.clone());
    Error::from_diagnostics(vec![diagnostic]).unwrap_or(plain)
}

/// The columns of the query's rows once they are the table's: `scd2` says when they are valid.
fn with_validity(query: &SchemaRef, config: &Config) -> Result<SchemaRef> {
    match *config.merge_strategy {
        MergeStrategy::Scd2 => Validity::columns(query, config).map(Arc::new),
        _ => Ok(Arc::clone(query)),
    }
}

/// A table of versions knows their validity by the columns that it has: in another one all of them would be open again.
fn check_validity(base: &Table, config: &Config, columns: &Columns) -> Result<()> {
    let was_scd2 = base.properties().get(MERGE_STRATEGY).is_some_and(|before| before == MergeStrategy::Scd2.as_str());
    for (key, name) in [("scd_valid_from", &config.scd_valid_from), ("scd_valid_to", &config.scd_valid_to)] {
        if was_scd2 && !columns.is_stored(name) {
            let table = base.name().short();
            let message = format!("`{table}` holds history, and no column `{}`, which `{key}` names", name.value);
            let refused =
                Diagnostic::error(Code::StrategyChanged, message).help("set the name back, or rename the column with `renamed_from`");
            return Err(at(refused, &name.origin));
        }
    }
    Ok(())
}

/// Whether the key so far is the one of now, by its columns' names of now or of before they were renamed.
fn is_key(before: &str, config: &Config) -> bool {
    let now: BTreeSet<String> = config.unique_key.iter().map(|column| column.to_lowercase()).collect();
    let renamed = |column: String| match config.renamed_from.iter().find(|(_, old)| old.to_lowercase() == column) {
        Some((new, _)) => new.to_lowercase(),
        None => column,
    };
    columns_of(before) == now || columns_of(before).into_iter().map(renamed).collect::<BTreeSet<_>>() == now
}

/// The columns of a key; their order and case say nothing.
fn columns_of(key: &str) -> BTreeSet<String> {
    key.split(", ").map(str::to_lowercase).collect()
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
    let gone = cut.gone();
    if refresh == Refresh::Full && gone > 0 {
        let files = if gone == 1 { "1 consumed landing file is".to_owned() } else { format!("{gone} consumed landing files are") };
        return Err(Error::new(Code::RefreshLosesData, format!("{files} not there any more, and a rebuild would lose the rows")));
    }
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
