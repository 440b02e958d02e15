//! From paths to pipelines.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Files, Language, Pipeline, Project};
use crate::error::{Code, Diagnostic, Source, nearest};
use crate::name::{Layer, Name, is_valid_name};

/// Whether a project reads the file at this path. Everything else in a lake's folder (landed files, tables, `.rat/`) is not its business.
pub fn is_project_file(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["rat.toml"] => true,
        ["macros", .., file] => file.ends_with(".sql"),
        [namespace, "pipelines", _, ..] => {
            !namespace.starts_with('.') && [".sql", ".py", ".yaml", ".yml"].iter().any(|ending| path.ends_with(ending))
        }
        _ => false,
    }
}

/// Says what the files of a project are. What has no place in it is left out and told: `INVALID_NAME`, `UNKNOWN_LAYER`, `MISPLACED_FILE`, and
/// `NOT_UTF8` of a file that is no pipeline's. A folder that is a pipeline by its name and cannot be one has that as its
/// [`faults`](Pipeline::faults).
pub fn discover(files: &Files) -> (Project, Vec<Diagnostic>) {
    let mut project = Project { namespaces: BTreeSet::from(["default".to_owned()]), ..Project::default() };
    let mut diagnostics = Vec::new();
    let mut folders: BTreeMap<[&str; 3], Folder> = BTreeMap::new();

    for (path, source) in &files.texts {
        if let Some((folder, file)) = in_pipeline(path) {
            folders.entry(folder).or_default().files.push((file, source));
            continue;
        }
        let parts: Vec<&str> = path.split('/').collect();
        match parts.as_slice() {
            ["rat.toml"] => project.settings = Some(Arc::clone(source)),
            ["macros", file] if file.ends_with(".sql") => project.macros.push(Arc::clone(source)),
            ["macros", .., file] if file.ends_with(".sql") => {
                diagnostics.push(misplaced(path, "macros are read from the folder `macros` itself", &format!("macros/{file}")));
            }
            [namespace, "pipelines", ..] if namespace.starts_with('.') => {}
            [namespace, "pipelines", folder @ .., file] if [".sql", ".py"].iter().any(|ending| file.ends_with(ending)) => {
                let (name, ending) = file.rsplit_once('.').expect("the file name has an ending");
                let layer = folder.first().unwrap_or(&"bronze");
                let better = format!("{namespace}/pipelines/{layer}/{name}/pipeline.{ending}");
                diagnostics.push(misplaced(path, "a pipeline is a folder inside a layer", &better));
            }
            _ => {}
        }
    }
    for path in &files.not_utf8 {
        match in_pipeline(path) {
            Some((folder, file)) if is_read(file) => folders.entry(folder).or_default().unreadable.push(path),
            _ => diagnostics.push(not_utf8(path)),
        }
    }

    let mut told = BTreeSet::new();
    for ([namespace, layer, name], folder) in folders {
        let names = Names { namespace, layer, name };
        let Some(name) = names.check(&mut told, &mut diagnostics) else {
            diagnostics.extend(folder.unreadable.iter().map(|path| not_utf8(path)));
            continue;
        };
        project.namespaces.insert(name.namespace.clone());
        let pipeline = folder.pipeline(name, &names.path(), &mut diagnostics);
        project.pipelines.insert(pipeline.name.clone(), Arc::new(pipeline));
    }
    (project, diagnostics)
}

/// The namespace, layer and name of the pipeline that this file lies in, and its path inside the pipeline's folder.
fn in_pipeline(path: &str) -> Option<([&str; 3], &str)> {
    let mut parts = path.splitn(5, '/');
    let namespace = parts.next().filter(|namespace| !namespace.starts_with('.') && *namespace != "macros")?;
    parts.next().filter(|part| *part == "pipelines")?;
    let (layer, name, file) = (parts.next()?, parts.next()?, parts.next()?);
    Some(([namespace, layer, name], file))
}

struct Names<'a> {
    namespace: &'a str,
    layer: &'a str,
    name: &'a str,
}

impl<'a> Names<'a> {
    fn path(&self) -> String {
        format!("{}/pipelines/{}/{}", self.namespace, self.layer, self.name)
    }

    /// The name, if every part can be used; a bad namespace or layer is told once, not once per pipeline in it.
    fn check(&self, told: &mut BTreeSet<String>, diagnostics: &mut Vec<Diagnostic>) -> Option<Name> {
        let Names { namespace, layer, name } = *self;
        let mut tell = |path: String, diagnostic: &dyn Fn(&str) -> Diagnostic| {
            if !told.contains(&path) {
                diagnostics.push(diagnostic(&path));
                told.insert(path);
            }
        };
        if !is_valid_name(namespace) {
            tell(namespace.to_owned(), &|path| invalid_name("namespace", namespace, path));
            return None;
        }
        let Ok(layer) = layer.parse::<Layer>() else {
            tell(format!("{namespace}/pipelines/{layer}"), &|path| unknown_layer(layer, path));
            return None;
        };
        if !is_valid_name(name) {
            tell(self.path(), &|path| invalid_name("pipeline", name, path));
            return None;
        }
        Some(Name { namespace: namespace.to_owned(), layer, name: name.to_owned() })
    }
}

#[derive(Default)]
struct Folder<'a> {
    files: Vec<(&'a str, &'a Arc<Source>)>,
    /// Those of its files that are not UTF-8. Without one of its tests it is another pipeline, so it is none.
    unreadable: Vec<&'a str>,
}

impl Folder<'_> {
    fn pipeline(self, name: Name, path: &str, diagnostics: &mut Vec<Diagnostic>) -> Pipeline {
        let (mut sql, mut python, mut config) = (None, None, None);
        let (mut quality_tests, mut unit_tests) = (Vec::new(), Vec::new());
        let mut strays = Vec::new();
        for (file, source) in self.files {
            match file {
                "pipeline.sql" => sql = Some(Arc::clone(source)),
                "pipeline.py" => python = Some(Arc::clone(source)),
                "config.yaml" => config = Some(Arc::clone(source)),
                _ if is_in(file, "tests/quality/", ".sql") => quality_tests.push(Arc::clone(source)),
                _ if is_in(file, "tests/unit/", ".yaml") => unit_tests.push(Arc::clone(source)),
                _ => strays.extend(meant(file).map(|meant| (file, meant))),
            }
        }
        let mut faults: Vec<Diagnostic> = self.unreadable.iter().map(|path| not_utf8(path)).collect();
        let (language, source) = match (sql, python) {
            (Some(sql), Some(python)) => {
                let message = format!("pipeline `{}` has both `pipeline.sql` and `pipeline.py`", name.short());
                faults.push(Diagnostic::error(Code::TwoSources, message).at(&Source::new(sql.path.clone(), ""), 0..0, "").at(
                    &Source::new(python.path.clone(), ""),
                    0..0,
                    "",
                ));
                (Language::Sql, sql)
            }
            (Some(sql), None) => (Language::Sql, sql),
            (None, Some(python)) => (Language::Python, python),
            (None, None) => {
                if faults.is_empty() {
                    faults.push(no_source(&name, path, &strays));
                    // One of them may be the source: it has been told.
                    strays.clear();
                }
                (Language::Sql, Source::new(format!("{path}/pipeline.sql"), ""))
            }
        };
        for (file, meant) in strays {
            diagnostics.push(misplaced(&format!("{path}/{file}"), "rat does not read a file of this name", &format!("{path}/{meant}")));
        }
        Pipeline { name, language, source, config, quality_tests, unit_tests, faults }
    }
}

fn no_source(name: &Name, path: &str, strays: &[(&str, String)]) -> Diagnostic {
    let message = format!("pipeline `{}` has neither `pipeline.sql` nor `pipeline.py`", name.short());
    let diagnostic = Diagnostic::error(Code::NoSource, message).at(&Source::new(path, ""), 0..0, "");
    match strays.iter().find(|(_, meant)| meant.starts_with("pipeline.")) {
        Some((file, meant)) => diagnostic.help(format!("rename `{file}` to `{meant}`")),
        None => diagnostic,
    }
}

fn is_in(file: &str, folder: &str, ending: &str) -> bool {
    file.strip_prefix(folder).is_some_and(|rest| !rest.contains('/') && rest.ends_with(ending))
}

/// Whether a pipeline reads the file of this path inside its folder.
fn is_read(file: &str) -> bool {
    matches!(file, "pipeline.sql" | "pipeline.py" | "config.yaml")
        || is_in(file, "tests/quality/", ".sql")
        || is_in(file, "tests/unit/", ".yaml")
}

/// The file that a name next to it was meant to be, if any.
fn meant(file: &str) -> Option<String> {
    if file == "config.yml" {
        return Some("config.yaml".to_owned());
    }
    if let Some(name) = file.strip_prefix("tests/") {
        let base = name.rsplit('/').next().unwrap_or(name);
        return match base.rsplit_once('.') {
            Some((_, "sql")) => Some(format!("tests/quality/{base}")),
            Some((stem, "yaml" | "yml")) => Some(format!("tests/unit/{stem}.yaml")),
            _ => None,
        };
    }
    if file.contains('/') {
        return None;
    }
    nearest(file, ["pipeline.sql", "pipeline.py", "config.yaml"]).map(str::to_owned)
}

fn misplaced(path: &str, message: &str, better: &str) -> Diagnostic {
    Diagnostic::warning(Code::MisplacedFile, format!("`{path}` is not read: {message}"))
        .at(&Source::new(path, ""), 0..0, "")
        .help(format!("move it to `{better}`"))
}

fn not_utf8(path: &str) -> Diagnostic {
    Diagnostic::error(Code::NotUtf8, format!("`{path}` is not UTF-8 text")).at(&Source::new(path, ""), 0..0, "")
}

fn invalid_name(what: &str, name: &str, path: &str) -> Diagnostic {
    let message = format!("the {what} `{name}` has a name that cannot be used");
    let diagnostic = Diagnostic::error(Code::InvalidName, message).at(&Source::new(path, ""), 0..0, "");
    let better = name.to_lowercase().replace([' ', '.'], "_");
    if is_valid_name(&better) { diagnostic.help(format!("rename the folder to `{better}`")) } else { diagnostic }
}

fn unknown_layer(layer: &str, path: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::UnknownLayer, format!("`{layer}` is not a layer")).at(&Source::new(path, ""), 0..0, "");
    match nearest(layer, Layer::ALL.map(Layer::as_str)) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic,
    }
}
