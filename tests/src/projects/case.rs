//! One fixture: a project folder, and what a check makes of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use rat_core::interop::check::{CheckReport, Environment, LakeFacts, Needs, Workspace, Zone, zone_of};
use rat_core::interop::config;
use rat_core::interop::files::Sample;
use rat_core::interop::project::{self, Files, Project};
use rat_core::name::Name;
use rat_core::settings::Settings;

use super::sections::Selection;
use crate::plan::SESSION;

pub struct Case {
    pub name: String,
    pub folder: PathBuf,
    pub project: Project,
    pub settings: Settings,
    pub report: CheckReport,
    pub selections: Vec<Selection>,
}

/// The environment of every fixture.
fn env(name: &str) -> Option<String> {
    (name == "RAT_FIXTURE_REGION").then(|| "eu-west-1".to_owned())
}

/// Every file below a folder, by its path in it.
fn walk(folder: &Path) -> Vec<(String, PathBuf)> {
    let entries = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().is_file());
    files.map(|entry| (entry.path().strip_prefix(folder).unwrap().to_string_lossy().into_owned(), entry.path().to_path_buf())).collect()
}

fn files(folder: &Path) -> Files {
    let mut files = Files::default();
    for (path, file) in walk(folder).into_iter().filter(|(path, _)| project::is_project_file(path)) {
        files.insert(&path, std::fs::read(file).unwrap());
    }
    files
}

/// The one table of every fixture's lake that no pipeline makes: `bronze.crm`.
fn tables() -> BTreeMap<Name, Option<Arc<Schema>>> {
    let time = DataType::Timestamp(TimeUnit::Microsecond, None);
    let columns = [("id", DataType::Int64), ("name", DataType::Utf8), ("amount", DataType::Float64), ("ts", time)];
    let schema = Schema::new(columns.map(|(name, data_type)| Field::new(name, data_type, true)).to_vec());
    BTreeMap::from([(Name::parse("bronze.crm", "default").unwrap(), Some(Arc::new(schema)))])
}

/// What the fixture's landing folders hold, as far as the project asks.
fn zones(folder: &Path, needs: &Needs) -> BTreeMap<String, Zone> {
    let mut zones: BTreeMap<String, Zone> = BTreeMap::new();
    for (key, call) in &needs.reads {
        let (namespace, zone) = zone_of(&call.zone_url).unwrap();
        let landing = format!("{namespace}/landing/{zone}");
        if !folder.join(&landing).is_dir() {
            continue;
        }
        let landed = walk(&folder.join(&landing)).into_iter().filter(|(path, _)| !path.ends_with(".gitkeep"));
        let sample =
            |(path, file)| Sample { path: format!("{landing}/{path}"), bytes: std::fs::read::<PathBuf>(file).unwrap().into(), whole: true };
        let samples = landed.map(sample).collect();
        zones.entry(call.zone_url.clone()).or_default().samples.insert(key.clone(), Arc::new(samples));
    }
    zones
}

impl Case {
    pub fn load(folder: &Path) -> Self {
        let files = files(folder);
        let (project, _) = project::discover(&files);
        let (settings, _) = config::settings(project.settings.as_ref(), &env);
        let environment = Environment(Arc::new(|source| config::settings(source, &env)));
        let mut workspace = Workspace::new(SESSION.clone());
        let tables = tables();
        let needs = workspace.compile(&files, tables.keys().cloned().collect::<BTreeSet<_>>(), &environment);
        let report = workspace.plan(&LakeFacts { zones: zones(folder, &needs), tables });
        let selections = std::fs::read_to_string(folder.join("select.txt")).unwrap_or_default();
        let selections = selections.lines().map(|line| Selection::new(line, &report.graph)).collect();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        Self { name, folder: folder.to_path_buf(), project, settings, report, selections }
    }

    /// The code that a fixture of `errors/` is about.
    pub fn code(&self) -> String {
        self.name.split('-').next().unwrap_or_default().to_owned()
    }

    /// Every code that the fixture reports.
    pub fn codes(&self) -> Vec<String> {
        let selected = self.selections.iter().filter_map(|selection| selection.selected.as_ref().err().map(|error| error.code()));
        self.report.diagnostics.iter().map(|diagnostic| diagnostic.code).chain(selected).map(|code| code.to_string()).collect()
    }
}
