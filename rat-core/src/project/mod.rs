//! What a project is on disk: namespaces, pipelines, macros, `rat.toml`.
//!
//! [`discover`] takes the texts of a project, keyed by path, and says what they are. It is pure: reading files is the caller's business, and
//! [`is_project_file`] tells which ones to read. It knows the layout and nothing of what the files say: that is `config/`, `template/`
//! and the rooms after them.

mod discover;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::error::Source;
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
}

impl Pipeline {
    /// Its folder, `default/pipelines/silver/orders`.
    pub fn folder(&self) -> &str {
        self.source.path.rsplit_once('/').map_or("", |(folder, _)| folder)
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
