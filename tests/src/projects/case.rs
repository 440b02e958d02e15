//! One fixture: a project folder, and all that the language floor makes of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rat_core::error::Diagnostic;
use rat_core::interop::compile::{Compiled, Known, compile, node_info};
use rat_core::interop::config::{self, Config, Defaults, Overrides};
use rat_core::interop::graph::Graph;
use rat_core::interop::project::{self, Files, Project};
use rat_core::interop::template::{Facts, Templates};
use rat_core::name::Name;
use rat_core::settings::Settings;

use super::sections::Selection;

pub struct Case {
    pub name: String,
    pub folder: PathBuf,
    pub project: Project,
    pub settings: Settings,
    pub configs: BTreeMap<Name, Arc<Config>>,
    pub compiled: BTreeMap<Name, Compiled>,
    pub graph: Graph,
    /// Everything found, in the order of the rooms that found it.
    pub diagnostics: Vec<Diagnostic>,
    pub selections: Vec<Selection>,
}

/// The environment of every fixture.
fn env(name: &str) -> Option<String> {
    (name == "RAT_FIXTURE_REGION").then(|| "eu-west-1".to_owned())
}

fn files(folder: &Path) -> Files {
    let mut files = Files::default();
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.unwrap();
        let path = entry.path().strip_prefix(folder).unwrap().to_string_lossy().replace('\\', "/");
        if entry.file_type().is_file() && project::is_project_file(&path) {
            files.insert(&path, std::fs::read(entry.path()).unwrap());
        }
    }
    files
}

impl Case {
    pub fn load(folder: &Path) -> Self {
        let (project, mut diagnostics) = project::discover(&files(folder));
        let (settings, found) = config::settings(project.settings.as_ref(), &env);
        diagnostics.extend(found);
        let defaults = Defaults::new(&settings);
        let (templates, found) = Templates::new(&project.macros);
        diagnostics.extend(found);
        let tables = BTreeSet::from([Name::parse("bronze.crm", "default").unwrap()]);
        let known = Known { project: &project, tables: &tables };
        let vars = Arc::new(settings.vars.clone());
        let mut configs = BTreeMap::new();
        let mut compiled = BTreeMap::new();
        let mut nodes = BTreeMap::new();
        for (name, pipeline) in &project.pipelines {
            let (config, found) = config::resolve(&defaults, pipeline, &Overrides::default());
            diagnostics.extend(found);
            let config = Arc::new(config);
            let facts = Facts {
                this: name.clone(),
                strategy: Some(*config.merge_strategy),
                watermark_value: None,
                run_started_at: "2024-02-01T00:00:00Z".to_owned(),
                vars: Arc::clone(&vars),
            };
            let (sql, found) = compile(&templates, pipeline, &config, &known, &facts);
            diagnostics.extend(found);
            nodes.insert(name.clone(), node_info(pipeline, &config, sql.as_ref()));
            compiled.extend(sql.map(|sql| (name.clone(), sql)));
            configs.insert(name.clone(), config);
        }
        let (graph, found) = Graph::new(nodes);
        diagnostics.extend(found);
        let selections = std::fs::read_to_string(folder.join("select.txt")).unwrap_or_default();
        let selections = selections.lines().map(|line| Selection::new(line, &graph)).collect();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        Self { name, folder: folder.to_path_buf(), project, settings, configs, compiled, graph, diagnostics, selections }
    }

    /// The code that a fixture of `errors/` is about.
    pub fn code(&self) -> String {
        self.name.split('-').next().unwrap_or_default().to_owned()
    }

    /// Every code that the fixture reports.
    pub fn codes(&self) -> Vec<String> {
        let selected = self.selections.iter().filter_map(|selection| selection.selected.as_ref().err().map(|error| error.code()));
        self.diagnostics.iter().map(|diagnostic| diagnostic.code).chain(selected).map(|code| code.to_string()).collect()
    }
}
