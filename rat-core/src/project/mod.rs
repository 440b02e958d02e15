//! What a project is on disk: namespaces, pipelines, macros, `rat.toml`.
//!
//! [`discover`] takes the texts of a project, keyed by path, and says what they are. It is pure: reading files is the caller's business, and
//! [`is_project_file`] tells which ones to read. It knows the layout and nothing of what the files say: that is `config/`, `template/`
//! and the rooms after them.

mod discover;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::error::{Code, Diagnostic, Error, Result, Source, nearest};
use crate::name::Name;
pub use discover::{discover, is_project_file};

/// The texts of a project.
#[derive(Debug, Clone, Default)]
pub struct Files {
    /// Project-relative path, with `/`, to text.
    pub texts: BTreeMap<String, Arc<Source>>,
    /// Paths of files that are not UTF-8.
    pub not_utf8: Vec<String>,
}

impl Files {
    /// Takes a file as bytes.
    pub fn insert(&mut self, path: &str, bytes: Vec<u8>) {
        match String::from_utf8(bytes) {
            Ok(text) => {
                self.texts.insert(path.to_owned(), Source::new(path, text));
            }
            Err(_) => self.not_utf8.push(path.to_owned()),
        }
    }
}

impl<P: Into<String>, T: Into<String>> FromIterator<(P, T)> for Files {
    fn from_iter<I: IntoIterator<Item = (P, T)>>(files: I) -> Self {
        let texts = files.into_iter().map(|(path, text)| {
            let path = path.into();
            (path.clone(), Source::new(path, text))
        });
        Self { texts: texts.collect(), not_utf8: Vec::new() }
    }
}

/// What the files of a project are.
#[derive(Debug, Clone, Default)]
pub struct Project {
    /// Namespaces that hold pipelines, and `default`, which exists by itself.
    pub namespaces: BTreeSet<String>,
    /// The pipelines, by name.
    pub pipelines: BTreeMap<Name, Arc<Pipeline>>,
    /// `macros/*.sql`, by path.
    pub macros: Vec<Arc<Source>>,
    /// `rat.toml`.
    pub settings: Option<Arc<Source>>,
}

impl Project {
    /// The pipeline of that name.
    ///
    /// # Errors
    /// `PIPELINE_NOT_FOUND`, with the near miss.
    pub fn pipeline(&self, name: &Name) -> Result<&Arc<Pipeline>> {
        self.pipelines.get(name).ok_or_else(|| {
            let error = Error::new(Code::PipelineNotFound, format!("there is no pipeline `{name}`"));
            let names: Vec<String> = self.pipelines.keys().map(Name::to_string).collect();
            match nearest(&name.to_string(), names.iter().map(String::as_str)) {
                Some(near) => error.with_help(format!("did you mean `{near}`?")),
                None => error,
            }
        })
    }
}

/// One pipeline, as it lies on disk.
#[derive(Debug, Clone, PartialEq)]
pub struct Pipeline {
    /// Its name, and its table's.
    pub name: Name,
    /// What it is written in.
    pub language: Language,
    /// `pipeline.sql` or `pipeline.py`.
    pub source: Arc<Source>,
    /// `config.yaml`.
    pub config: Option<Arc<Source>>,
    /// `tests/quality/*.sql`, by path.
    pub quality_tests: Vec<Arc<Source>>,
    /// `tests/unit/*.yaml`, by path.
    pub unit_tests: Vec<Arc<Source>>,
    /// Why its files make no pipeline: `TWO_SOURCES`, `NO_SOURCE`, `NOT_UTF8`. It has its name and its place, and does not compile.
    pub faults: Vec<Diagnostic>,
}

impl Pipeline {
    /// Its folder, `default/pipelines/silver/orders`.
    pub fn folder(&self) -> &str {
        self.source.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// The same with this text in the place of its file's, whatever was wrong with that.
    #[must_use]
    pub fn with_text(&self, sql: &str) -> Self {
        Self { source: Source::new(self.source.path.clone(), sql), faults: Vec::new(), ..self.clone() }
    }
}

/// What a pipeline is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// A template of SQL.
    Sql,
    /// A Python program that sets `result`.
    Python,
}
