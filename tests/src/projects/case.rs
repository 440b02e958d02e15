//! One fixture: a project folder, and all that the language floor makes of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rat_core::error::Diagnostic;
use rat_core::interop::config::{self, Config, Defaults, Overrides};
use rat_core::interop::graph::{Graph, NodeInfo};
use rat_core::interop::project::{self, Files, Project};
use rat_core::name::Name;
use rat_core::settings::Settings;

use super::sections::Selection;

pub struct Case {
    pub name: String,
    pub folder: PathBuf,
    pub project: Project,
    pub settings: Settings,
    pub configs: BTreeMap<Name, Arc<Config>>,
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
        let mut configs = BTreeMap::new();
        for (name, pipeline) in &project.pipelines {
            let (config, found) = config::resolve(&defaults, pipeline, &Overrides::default());
            diagnostics.extend(found);
            configs.insert(name.clone(), Arc::new(config));
            for test in &pipeline.quality_tests {
                diagnostics.extend(config::test_header(test).1);
            }
        }
        let nodes = project.pipelines.iter().map(|(name, pipeline)| {
            let info = NodeInfo { tags: configs[name].tags.value.clone(), path: pipeline.folder().to_owned(), ..NodeInfo::default() };
            (name.clone(), info)
        });
        let (graph, found) = Graph::new(nodes.collect());
        diagnostics.extend(found);
        let selections = std::fs::read_to_string(folder.join("select.txt")).unwrap_or_default();
        let selections = selections.lines().map(|line| Selection::new(line, &graph)).collect();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        Self { name, folder: folder.to_path_buf(), project, settings, configs, graph, diagnostics, selections }
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
