//! What is known of a project between checks.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use crate::clock::to_iso;
use crate::compile::{Compiled, Known, compile, node_info};
use crate::config::{self, Config, Defaults, Overrides};
use crate::dialect::{self, ReadCall, Reads};
use crate::error::{Code as ErrorCode, Diagnostic, Label, Source};
use crate::graph::{Graph, NodeInfo};
use crate::name::Name;
use crate::project::{self, Files, Language, Pipeline, Project};
use crate::session::Session;
use crate::settings::Settings;
use crate::template::{Facts, SourceMap, Templates};

use super::facts::{LakeFacts, Needs, sample_key};
use super::planning::{self, Planning};
use super::{CheckReport, CheckedPipeline, parallel};

/// How `rat.toml` is read: the builder knows the environment and what the caller said instead.
#[derive(Clone)]
pub struct Environment(pub Arc<ReadSettings>);

/// From `rat.toml`, if there is one, to settings.
pub type ReadSettings = dyn Fn(Option<&Arc<Source>>) -> (Settings, Vec<Diagnostic>) + Send + Sync;

impl Default for Environment {
    fn default() -> Self {
        Self(Arc::new(|source| config::settings(source, &|_| None)))
    }
}

/// The template of a run after the first one: its SQL depends on how far the table is then.
pub(super) struct Later {
    templates: Templates,
    source: Arc<Source>,
    body: Range<usize>,
    facts: Facts,
}

impl Later {
    /// The SQL when the table is as far as `watermark`, which is invented: the SQL is typed, not run.
    pub(super) fn render(&self, watermark: &str) -> Option<(String, SourceMap)> {
        let facts = Facts { watermark_value: Some(watermark.to_owned()), ..self.facts.clone() };
        let (rendered, _) = self.templates.render(&self.source, self.body.clone(), &facts);
        rendered.map(|r| (r.sql, r.map))
    }
}

/// A project under check. Keeps what it found; a new check does only what has changed.
pub struct Workspace {
    session: Session,
    project: Arc<Project>,
    common: Option<Arc<Common>>,
    compiling: BTreeMap<Name, Arc<Compiling>>,
    planning: HashMap<Name, Arc<Planning>>,
    graph: Arc<Graph>,
    circles: Vec<Diagnostic>,
    project_diagnostics: Vec<Diagnostic>,
}

/// A project, compiled as far as running it needs: what its pipelines are made with, and in which order they come.
#[derive(Debug, Clone)]
pub struct Code {
    /// Its files.
    pub project: Arc<Project>,
    /// Its templates.
    pub templates: Templates,
    /// What every pipeline's config begins with.
    pub defaults: Defaults,
    /// What `var()` finds.
    pub vars: Arc<BTreeMap<String, serde_json::Value>>,
    /// The names in the lake's catalog.
    pub tables: BTreeSet<Name>,
    /// Which pipeline reads which.
    pub graph: Arc<Graph>,
    /// What is wrong with `rat.toml`, and circles: what no pipeline alone is to blame for.
    pub diagnostics: Vec<Diagnostic>,
}

/// What every pipeline's compilation depends on.
pub(super) struct Common {
    settings_source: Option<Arc<Source>>,
    macros: Vec<Arc<Source>>,
    pipelines: BTreeSet<Name>,
    pub(super) tables: BTreeSet<Name>,
    pub(super) templates: Templates,
    pub(super) defaults: Defaults,
    pub(super) vars: Arc<BTreeMap<String, serde_json::Value>>,
    /// What is wrong with `rat.toml`.
    pub(super) settings_diagnostics: Vec<Diagnostic>,
    macro_diagnostics: Vec<Diagnostic>,
}

/// One pipeline as its own files make it.
pub(super) struct Compiling {
    pub(super) pipeline: Arc<Pipeline>,
    pub(super) config: Arc<Config>,
    pub(super) compiled: Option<Arc<Compiled>>,
    /// The template of a run after the next, where that gives other SQL.
    pub(super) later: Option<Later>,
    /// The SQL that an absent `this` has the columns of.
    pub(super) from_nothing: Option<(String, SourceMap)>,
    pub(super) reads: Vec<ReadCall>,
    pub(super) diagnostics: Vec<Diagnostic>,
    node: Arc<NodeInfo>,
}

impl Workspace {
    /// An empty workspace.
    pub fn new(session: Session) -> Self {
        Self {
            session,
            project: Arc::default(),
            common: None,
            compiling: BTreeMap::new(),
            planning: HashMap::new(),
            graph: Arc::default(),
            circles: Vec::new(),
            project_diagnostics: Vec::new(),
        }
    }

    /// The first half of a check: templates to SQL. `tables` are the names in the lake's catalog. Says what the second half, [`plan`](Self::plan),
    /// has to know of the lake.
    pub fn compile(&mut self, files: &Files, tables: BTreeSet<Name>, environment: &Environment) -> Needs {
        let (project, mut diagnostics) = project::discover(files);
        let common = self.common(&project, tables, environment);
        diagnostics.extend(common.settings_diagnostics.iter().chain(&common.macro_diagnostics).cloned());

        let before = self.compiling.len();
        self.compiling.retain(|name, kept| project.pipelines.get(name) == Some(&kept.pipeline));
        let stale: Vec<&Arc<Pipeline>> = project.pipelines.values().filter(|one| !self.compiling.contains_key(&one.name)).collect();
        let run_started_at = to_iso(self.session.clock().now());
        let fresh = parallel::each(stale.len(), |i| {
            let (config, _) = config::resolve(&common.defaults, stale[i], &Overrides::default());
            let next = Facts {
                this: stale[i].name.clone(),
                strategy: Some(*config.merge_strategy),
                watermark_value: None,
                run_started_at: run_started_at.clone(),
                vars: Arc::clone(&common.vars),
            };
            Arc::new(compiling(&common, stale[i], &project, &next))
        });
        self.compiling.extend(fresh.iter().map(|compiling| (compiling.pipeline.name.clone(), Arc::clone(compiling))));
        if before != self.compiling.len() || !fresh.is_empty() || before != self.graph.names().len() {
            self.order(&fresh);
        }
        diagnostics.extend(self.circles.iter().cloned());
        self.project_diagnostics = diagnostics;
        self.project = Arc::new(project);
        self.needs(&common)
    }

    /// Brings the graph up to date, where these pipelines are new or changed.
    fn order(&mut self, fresh: &[Arc<Compiling>]) {
        let same_names = self.graph.names().iter().eq(self.compiling.keys());
        // A circle is told with the places in its texts.
        let renewed = || self.graph.renewed(fresh.iter().map(|compiling| (&compiling.pipeline.name, &compiling.node)));
        let renewed = if same_names && self.circles.is_empty() { renewed() } else { None };
        self.graph = Arc::new(renewed.unwrap_or_else(|| {
            let nodes = self.compiling.iter().map(|(name, compiling)| (name.clone(), Arc::clone(&compiling.node)));
            let (graph, circles) = Graph::new(nodes.collect());
            self.circles = circles;
            graph
        }));
    }

    /// The second half: SQL to types. The facts are those that [`compile`](Self::compile) asked for.
    pub fn plan(&mut self, facts: &LakeFacts) -> CheckReport {
        let before = std::mem::take(&mut self.planning);
        let compiling: Vec<&Arc<Compiling>> = self.compiling.values().collect();
        let planned = planning::run(&self.session, &compiling, &self.graph, facts, &before);
        let mut diagnostics = self.project_diagnostics.clone();
        let mut pipelines = BTreeMap::new();
        for (compiling, planning) in compiling.iter().zip(planned) {
            let name = &compiling.pipeline.name;
            let kept = before.get(name).is_some_and(|then| Arc::ptr_eq(then, &planning));
            let report = match planning.report.get() {
                Some(report) if kept => Arc::clone(report),
                _ => {
                    let report = Arc::new(report(compiling, &planning));
                    let _ = planning.report.set(Arc::clone(&report));
                    report
                }
            };
            diagnostics.extend(report.diagnostics.iter().cloned());
            pipelines.insert(name.clone(), report);
            self.planning.insert(name.clone(), planning);
        }
        CheckReport { ok: Diagnostic::none_is_error(&diagnostics), diagnostics, pipelines, graph: Arc::clone(&self.graph) }
    }

    /// Both halves, for a caller that knows the lake.
    pub fn check(&mut self, files: &Files, facts: &LakeFacts, environment: &Environment) -> CheckReport {
        self.compile(files, facts.tables.keys().cloned().collect(), environment);
        self.plan(facts)
    }

    fn common(&mut self, project: &Project, tables: BTreeSet<Name>, environment: &Environment) -> Arc<Common> {
        if let Some(common) = &self.common
            && common.settings_source == project.settings
            && common.macros == project.macros
            && common.pipelines.iter().eq(project.pipelines.keys())
            && common.tables == tables
        {
            return Arc::clone(common);
        }
        let (settings, settings_diagnostics) = environment.0(project.settings.as_ref());
        let (templates, macro_diagnostics) = Templates::new(&project.macros);
        self.compiling.clear();
        self.planning.clear();
        let common = Arc::new(Common {
            settings_source: project.settings.clone(),
            macros: project.macros.clone(),
            pipelines: project.pipelines.keys().cloned().collect(),
            tables,
            templates,
            defaults: Defaults::new(&settings),
            vars: Arc::new(settings.vars),
            settings_diagnostics,
            macro_diagnostics,
        });
        self.common = Some(Arc::clone(&common));
        common
    }

    fn needs(&self, common: &Common) -> Needs {
        let mut needs = Needs::default();
        self.compiling.values().for_each(|compiling| compiling.needs(common, &mut needs));
        needs
    }

    /// The project as it was compiled last, for those who run it.
    pub fn code(&self) -> Option<Code> {
        let (project, common) = self.compiled()?;
        Some(Code {
            project: Arc::clone(project),
            templates: common.templates.clone(),
            defaults: common.defaults.clone(),
            vars: Arc::clone(&common.vars),
            tables: common.tables.clone(),
            graph: Arc::clone(&self.graph),
            diagnostics: common.settings_diagnostics.iter().chain(&self.circles).cloned().collect(),
        })
    }

    pub(super) fn compiled(&self) -> Option<(&Arc<Project>, &Common)> {
        Some((&self.project, self.common.as_deref()?))
    }

    pub(super) fn session(&self) -> &Session {
        &self.session
    }

    pub(super) fn plannings(&self) -> &HashMap<Name, Arc<Planning>> {
        &self.planning
    }
}

impl Compiling {
    /// What has to be known of the lake to type it.
    pub(super) fn needs(&self, common: &Common, needs: &mut Needs) {
        let Some(compiled) = &self.compiled else { return };
        let tests = compiled.tests.iter().flat_map(|test| &test.refs);
        let read = compiled.refs.iter().chain(tests).map(|r| &r.name).filter(|name| common.tables.contains(name));
        needs.tables.extend(read.filter(|name| !common.pipelines.contains(name)).cloned());
        if compiled.uses.this.is_some() && common.tables.contains(&compiled.name) {
            needs.tables.insert(compiled.name.clone());
        }
        needs.reads.extend(self.reads.iter().map(|call| (sample_key(call), call.clone())));
    }
}

impl std::fmt::Debug for Workspace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workspace").field("pipelines", &self.compiling.len()).finish_non_exhaustive()
    }
}

/// A pipeline compiled for the run that `next` tells of.
pub(super) fn compiling(common: &Common, pipeline: &Arc<Pipeline>, project: &Project, next: &Facts) -> Compiling {
    let (config, mut diagnostics) = config::resolve(&common.defaults, pipeline, &Overrides::default());
    let config = Arc::new(config);
    let known = Known { project, tables: &common.tables };
    let (compiled, found) = compile(&common.templates, pipeline, &config, &known, next);
    diagnostics.extend(found);
    let mut later = None;
    let mut from_nothing = None;
    let mut reads = Vec::new();
    if let Some(compiled) = &compiled
        && pipeline.language == Language::Sql
    {
        // The body is that of the annotations, read again only here: few pipelines look at their own table.
        let body = || -> Range<usize> { config::annotations(&pipeline.source, Language::Sql).0.body };
        let render = |facts: Facts| {
            let (rendered, _) = common.templates.render(&pipeline.source, body(), &facts);
            rendered.filter(|r| r.sql != compiled.sql).map(|r| (r.sql, r.map))
        };
        let mut later_sql = None;
        if compiled.uses.watermark.is_some() && next.watermark_value.is_none() {
            let template =
                Later { templates: common.templates.clone(), source: Arc::clone(&pipeline.source), body: body(), facts: next.clone() };
            later_sql = template.render(planning::INVENTED_TIME).filter(|(sql, _)| *sql != compiled.sql);
            later = later_sql.is_some().then_some(template);
        }
        if compiled.uses.this.is_some() {
            from_nothing = render(Facts { strategy: None, watermark_value: None, ..next.clone() });
        }
        if !compiled.landing_zones.is_empty() {
            let texts = std::iter::once(&compiled.sql).chain(later_sql.iter().chain(&from_nothing).map(|(sql, _)| sql));
            reads = texts.filter_map(|sql| dialect::parse(sql, Reads::Allowed).ok()).flat_map(|parsed| parsed.reads).collect();
        }
    }
    let node = Arc::new(node_info(pipeline, &config, compiled.as_ref()));
    Compiling { pipeline: Arc::clone(pipeline), config, compiled: compiled.map(Arc::new), later, from_nothing, reads, diagnostics, node }
}

pub(super) fn report(compiling: &Compiling, planning: &Planning) -> CheckedPipeline {
    let mut diagnostics = compiling.diagnostics.clone();
    // The `None` of a watermark that nothing guards is no column either, which is not worth saying twice.
    let unguarded = |label: &Label| {
        let found = compiling.diagnostics.iter().filter(|d| d.code == ErrorCode::UnguardedWatermark).flat_map(|d| &d.labels);
        found.into_iter().any(|other| other.source == label.source && other.range == label.range)
    };
    let told = |d: &&Diagnostic| d.code == ErrorCode::UnknownColumn && d.labels.first().is_some_and(unguarded);
    diagnostics.extend(planning.diagnostics.iter().filter(|d| !told(d)).cloned());
    CheckedPipeline {
        name: compiling.pipeline.name.clone(),
        language: compiling.pipeline.language,
        config: Arc::clone(&compiling.config),
        compiled: compiling.compiled.clone(),
        schema: planning.schema.clone(),
        lineage: Arc::clone(&planning.lineage),
        diagnostics,
    }
}
