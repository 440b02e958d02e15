//! One fixture: a project folder, and what a check makes of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use rat_core::interop::check::{CheckReport, Environment, LakeFacts, Needs, Workspace, Zone};
use rat_core::interop::config;
use rat_core::interop::files::{self as landed, zone};
use rat_core::interop::project::{self, Files, Project};
use rat_core::interop::storage::Storage;
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
async fn facts(folder: &Path, needs: &Needs) -> LakeFacts {
    let storage = Storage::open(folder.to_str().unwrap(), &BTreeMap::new()).unwrap();
    let mut facts = LakeFacts { tables: tables(), ..LakeFacts::default() };
    for (key, call) in &needs.reads {
        let (namespace, name) = zone::parse_url(&call.zone_url).unwrap();
        match zone::list(&storage, namespace, name).await.unwrap() {
            Some(listing) => {
                let samples = landed::samples(call, &storage, &listing.telling()).await.unwrap();
                let zone: &mut Zone = facts.zones.entry(call.zone_url.clone()).or_default();
                zone.samples.insert(key.clone(), Arc::new(samples));
            }
            None => {
                facts.zone_names.insert(namespace.to_owned(), zone::names(&storage, namespace).await.unwrap());
            }
        }
    }
    facts
}

impl Case {
    pub fn load(folder: &Path) -> Self {
        let files = files(folder);
        let (project, _) = project::discover(&files);
        let (settings, _) = config::settings(project.settings.as_ref(), &env);
        let environment = Environment(Arc::new(|source| config::settings(source, &env)));
        let mut workspace = Workspace::new(SESSION.clone());
        let needs = workspace.compile(&files, tables().into_keys().collect::<BTreeSet<_>>(), &environment);
        let facts = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(facts(folder, &needs));
        let report = workspace.plan(&facts);
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
