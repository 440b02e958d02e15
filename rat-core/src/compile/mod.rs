//! From a pipeline to SQL with its dependencies.
//!
//! [`compile`] renders a pipeline's template twice, as a first run and as a later one, and takes the union of what the two refer to: a table
//! behind an `if` is a dependency whichever way the next run goes. The SQL is that of the next run. Names are resolved against what is
//! [`Known`]; the quality tests are compiled the same way; [`Compiled::code_hash`] tells whether anything that makes the SQL has changed.
//!
//! Knows projects, settings and templates. Knows no SQL and no column types: the SQL is typed in `plan/`.

mod hash;
mod node;
mod python;
mod resolve;
mod sql;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::config::{self, Config, HardDeletes, Materialized, MergeStrategy, TestHeader};
use crate::error::{Code, Diagnostic, Severity, Source};
use crate::name::Name;
use crate::project::{Language, Pipeline, Project};
use crate::template::{Facts, Reference, Rendered, SourceMap, Templates, Uses, ZoneUse};

pub use node::node_info;

/// What a `ref` may name.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Its pipelines.
    pub project: &'a Project,
    /// Tables of the lake that no pipeline makes.
    pub tables: &'a BTreeSet<Name>,
}

/// A pipeline, compiled.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// The pipeline.
    pub name: Name,
    /// The SQL of the next run; empty for a pipeline in Python.
    pub sql: String,
    /// Where each byte of the SQL comes from.
    pub map: SourceMap,
    /// Its settings.
    pub config: Arc<Config>,
    /// Every table that a first or a later run refers to, each once. `this` is not among them.
    pub refs: Vec<Reference>,
    /// Every landing zone that a first or a later run reads, each once for each meaning.
    pub landing_zones: Vec<ZoneUse>,
    /// What else the SQL depends on.
    pub uses: Uses,
    /// Its quality tests, in the order of their files. One that cannot be compiled is missing, and among the diagnostics.
    pub tests: Vec<CompiledTest>,
    /// SHA-256, in hexadecimal, of everything that makes the SQL: the source, the macros it can call, the settings and the variables it uses.
    /// The facts of a run and rat's version are not part of it.
    pub code_hash: String,
}

/// A quality test, compiled.
#[derive(Debug, Clone)]
pub struct CompiledTest {
    /// Its file.
    pub source: Arc<Source>,
    /// What its annotations say.
    pub header: TestHeader,
    /// The SQL of the next run.
    pub sql: String,
    /// Where each byte of the SQL comes from.
    pub map: SourceMap,
    /// Every table that it refers to after a first or a later run.
    pub refs: Vec<Reference>,
}

/// The watermark of the invented later run. A time, and as text: the column's type is not known here, and the SQL is not run.
const INVENTED_WATERMARK: &str = "2000-01-01 00:00:00";

/// Compiles a pipeline for the run that `facts` tell of.
///
/// Without SQL there is at least one error among the diagnostics. An error that only the other run would meet, the later or the first one,
/// is a warning.
///
/// Codes: the pipeline's faults, and without one those of templates, `UNKNOWN_REF`, `UNGUARDED_WATERMARK`, `VIEW_NOT_PURE`, `INVALID_VALUE`.
pub fn compile(
    templates: &Templates,
    pipeline: &Pipeline,
    config: &Arc<Config>,
    known: &Known<'_>,
    facts: &Facts,
) -> (Option<Compiled>, Vec<Diagnostic>) {
    if !pipeline.faults.is_empty() {
        return (None, pipeline.faults.clone());
    }
    let next = Facts { this: pipeline.name.clone(), ..facts.clone() };
    let runs = Runs { other: other_run(&next, *config.merge_strategy), next };
    let body = match pipeline.language {
        Language::Sql => config::annotations(&pipeline.source, Language::Sql).0.body,
        // The program is not a template; its quality tests are.
        Language::Python => 0..0,
    };
    let subject = format!("pipeline `{}`", pipeline.name.short());
    let (rendered, mut diagnostics) = Both::read(templates.render_each(&pipeline.source, body, runs.facts()));
    let (mut refs, zones, uses) = match &rendered {
        Some(both) => both.union(),
        None => Default::default(),
    };
    if pipeline.language == Language::Python {
        let (found, problems) = python::refs(&pipeline.source, &pipeline.name.namespace);
        diagnostics.extend(problems);
        diagnostics.extend(found.iter().filter_map(|reference| resolve::unknown_ref(reference, known, &pipeline.name, &subject)));
        refs = found;
    }
    diagnostics.extend(rendered.iter().flat_map(|both| both.unknown_refs(known, &pipeline.name, &subject)));
    let mut landing_zones: Vec<ZoneUse> = Vec::new();
    for mut zone in zones {
        zone.new_only |= *config.archive_landing_zones;
        if !landing_zones.iter().any(|other| (&other.zone, other.new_only) == (&zone.zone, zone.new_only)) {
            landing_zones.push(zone);
        }
    }
    if *config.materialized == Materialized::View {
        diagnostics.extend(impure(&subject, &landing_zones, &uses));
    }
    if *config.merge_strategy == MergeStrategy::Scd2 && *config.scd_hard_deletes == HardDeletes::Close {
        diagnostics.extend(partial_source(config, &landing_zones, &uses));
    }
    let (tests, problems) = tests(templates, pipeline, known, &runs);
    diagnostics.extend(problems);
    let related: Vec<Reference> = node::relationships(config).collect();
    diagnostics.extend(related.iter().filter_map(|reference| resolve::unknown_ref(reference, known, &pipeline.name, "a built-in test")));
    let Some(both) = rendered else { return (None, diagnostics) };
    let code_hash = hash::code_hash(templates, &pipeline.source, config, &uses, &facts.vars);
    let Rendered { sql, map, .. } = both.next;
    let compiled =
        Compiled { name: pipeline.name.clone(), sql, map, config: Arc::clone(config), refs, landing_zones, uses, tests, code_hash };
    (Some(compiled), diagnostics)
}

/// The facts of the next run, and those of the other kind of run.
struct Runs {
    next: Facts,
    other: Facts,
}

/// A later run if the next one is the first, and the other way round.
fn other_run(next: &Facts, strategy: MergeStrategy) -> Facts {
    let watermark_value = match next.watermark_value {
        None => Some(INVENTED_WATERMARK.to_owned()),
        Some(_) => None,
    };
    Facts { watermark_value, strategy: Some(strategy), ..next.clone() }
}

/// A text rendered for both runs. The other one may have failed.
struct Both {
    next: Rendered,
    other: Option<Rendered>,
}

impl Runs {
    fn facts(&self) -> [&Facts; 2] {
        [&self.next, &self.other]
    }
}

impl Both {
    /// The two outcomes of a text, those of the other run softened.
    fn read([(next, mut diagnostics), (other, others)]: [(Option<Rendered>, Vec<Diagnostic>); 2]) -> (Option<Self>, Vec<Diagnostic>) {
        let (next, other) = (next.map(without_commented), other.map(without_commented));
        diagnostics.extend(next.iter().flat_map(unguarded));
        let others = others.into_iter().chain(other.iter().flat_map(unguarded)).map(as_warning);
        let others: Vec<Diagnostic> = others.filter(|warning| !diagnostics.iter().any(|error| same_problem(error, warning))).collect();
        diagnostics.extend(others);
        (next.map(|next| Self { next, other }), diagnostics)
    }

    fn renderings(&self) -> impl Iterator<Item = &Rendered> {
        std::iter::once(&self.next).chain(&self.other)
    }

    fn union(&self) -> (Vec<Reference>, Vec<ZoneUse>, Uses) {
        let mut refs: Vec<Reference> = Vec::new();
        let mut zones: Vec<ZoneUse> = Vec::new();
        let mut uses = Uses::default();
        for rendered in self.renderings() {
            for reference in &rendered.refs {
                if !refs.iter().any(|known| known.name == reference.name) {
                    refs.push(reference.clone());
                }
            }
            for zone in &rendered.landing_zones {
                if !zones.iter().any(|known| (&known.zone, known.new_only) == (&zone.zone, zone.new_only)) {
                    zones.push(zone.clone());
                }
            }
            let Uses { this, watermark, run_started_at, vars, macros } = rendered.uses.clone();
            uses.this = uses.this.or(this);
            uses.watermark = uses.watermark.or(watermark);
            uses.run_started_at = uses.run_started_at.or(run_started_at);
            uses.vars.extend(vars);
            uses.macros.extend(macros);
        }
        (refs, zones, uses)
    }

    fn unknown_refs(&self, known: &Known<'_>, from: &Name, subject: &str) -> Vec<Diagnostic> {
        let mut diagnostics: Vec<Diagnostic> =
            self.next.refs.iter().filter_map(|reference| resolve::unknown_ref(reference, known, from, subject)).collect();
        let new =
            self.other.iter().flat_map(|other| &other.refs).filter(|other| !self.next.refs.iter().any(|next| next.name == other.name));
        diagnostics.extend(new.filter_map(|reference| resolve::unknown_ref(reference, known, from, subject)).map(as_warning));
        diagnostics
    }
}

fn as_warning(diagnostic: Diagnostic) -> Diagnostic {
    Diagnostic { severity: Severity::Warning, ..diagnostic }
}

fn same_problem(a: &Diagnostic, b: &Diagnostic) -> bool {
    a.code == b.code && a.message == b.message && a.labels == b.labels
}

/// Where a rendering without a watermark spells or compares it all the same. In a comment of the SQL it does no harm.
fn unguarded(rendered: &Rendered) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = Vec::new();
    for range in &rendered.empty_watermarks {
        if sql::in_comment(&rendered.sql, range.start) {
            continue;
        }
        let mut diagnostic = Diagnostic::error(
            Code::UnguardedWatermark,
            "the SQL compares with `watermark_value`, and before the first publish there is none",
        );
        diagnostic.labels = rendered.map.labels(range.clone(), "`None` before the first publish");
        // Both rows of a loop come from one place.
        if !found.iter().any(|known| same_problem(known, &diagnostic)) {
            found.push(diagnostic);
        }
    }
    found.extend(rendered.compared_watermarks.iter().map(|(label, calls)| {
        let message = "the template compares with `watermark_value`, and before the first publish there is none";
        let labels = std::iter::once(label).chain(calls).cloned().collect();
        let help = "guard it: `{% if watermark_value and watermark_value ... %}`";
        Diagnostic { labels, ..Diagnostic::error(Code::UnguardedWatermark, message).help(help) }
    }));
    found
}

/// A rendering without the tables that it names in comments of the SQL alone: what nobody reads is not waited for, and need not exist.
fn without_commented(mut rendered: Rendered) -> Rendered {
    let sql = &rendered.sql;
    if sql.contains("--") || sql.contains("/*") {
        rendered.refs.retain(|reference| {
            let written = reference.name.to_sql();
            let mut places = sql.match_indices(&written).peekable();
            // One that is nowhere in the text was used in another way, such as in a comparison of the template.
            places.peek().is_none() || places.any(|(at, _)| !sql::in_comment(sql, at))
        });
    }
    rendered
}

/// What makes a query give a part of its source, in which a key may be absent and not gone.
fn partial_source(config: &Config, zones: &[ZoneUse], uses: &Uses) -> Vec<Diagnostic> {
    let zones = zones.iter().filter(|zone| zone.new_only).map(|zone| ("new files of a landing zone", &zone.label));
    let watermark = uses.watermark.iter().map(|label| ("what is beyond `watermark_value`", label));
    watermark
        .chain(zones)
        .map(|(what, label)| {
            let message = format!("`scd_hard_deletes: close` ends every key that is absent, and the query reads only {what}");
            let mut diagnostic =
                Diagnostic::error(Code::InvalidValue, message).help("read the whole source, or set `scd_hard_deletes: ignore`");
            diagnostic.labels.extend(config.scd_hard_deletes.origin.label().cloned());
            diagnostic.labels.push(label.clone());
            diagnostic
        })
        .collect()
}

/// What makes a view depend on the run that stored it.
fn impure(subject: &str, zones: &[ZoneUse], uses: &Uses) -> Vec<Diagnostic> {
    let zones = zones.iter().map(|zone| ("landing_zone", &zone.label, zone.calls.as_slice()));
    let watermark = uses.watermark.iter().map(|label| ("watermark_value", label, [].as_slice()));
    let started = uses.run_started_at.iter().map(|label| ("run_started_at", label, [].as_slice()));
    zones
        .chain(watermark)
        .chain(started)
        .map(|(what, label, calls)| {
            let mut diagnostic =
                Diagnostic::error(Code::ViewNotPure, format!("{subject} is a view and uses `{what}`, which changes from run to run"));
            diagnostic.labels.push(label.clone());
            diagnostic.labels.extend(calls.iter().cloned());
            diagnostic
        })
        .collect()
}

fn tests(templates: &Templates, pipeline: &Pipeline, known: &Known<'_>, runs: &Runs) -> (Vec<CompiledTest>, Vec<Diagnostic>) {
    let mut tests = Vec::new();
    let mut diagnostics = Vec::new();
    for source in &pipeline.quality_tests {
        let (header, problems) = config::test_header(source);
        diagnostics.extend(problems);
        let (rendered, problems) = Both::read(templates.render_test(source, config::test_body(source), runs.facts()));
        diagnostics.extend(problems);
        let subject = format!("quality test `{}`", source.path.rsplit('/').next().unwrap_or(&source.path));
        diagnostics.extend(rendered.iter().flat_map(|both| both.unknown_refs(known, &pipeline.name, &subject)));
        if let Some(both) = rendered {
            let (refs, _, _) = both.union();
            let Rendered { sql, map, .. } = both.next;
            tests.push(CompiledTest { source: Arc::clone(source), header, sql, map, refs });
        }
    }
    (tests, diagnostics)
}
