//! `rat.toml`, and what a caller says instead of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::node::{Content, Key, Node};
use super::read::{self, Reader, Word};
use super::{KEYS, Partial, rat_toml};
use crate::error::{Code, Diagnostic, Error, Result, Severity, Source, nearest};
use crate::name::is_valid_name;
use crate::settings::{CatalogKind, CatalogSettings, EngineSettings, Given, MaintenanceSettings, Settings};

impl Word for CatalogKind {
    const WORDS: &'static [&'static str] = &["sqlite", "memory"];

    fn from_word(text: &str) -> Option<Self> {
        match text {
            "sqlite" => Some(CatalogKind::Sqlite),
            "memory" => Some(CatalogKind::Memory),
            _ => None,
        }
    }
}

/// A key of `rat.toml`, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SettingKey {
    /// The section it stands in.
    pub section: &'static str,
    /// As it is written.
    pub name: &'static str,
    /// What it takes.
    pub takes: &'static str,
    /// What holds when nobody says anything.
    pub default: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

/// The sections whose keys are known, key by key: one table for reading and for the reference page.
macro_rules! sections {
    ($($section:ident: $type:ty, { $($field:ident, $read:expr, $takes:literal, $shown:literal, $meaning:literal;)+ })+) => {
        /// Every key of `rat.toml` that has a fixed name, in the order of the reference page.
        pub const SETTING_KEYS: &[SettingKey] = &[
            $($(SettingKey { section: stringify!($section), name: stringify!($field), takes: $takes, default: $shown, meaning: $meaning },)+)+
        ];

        $(impl Section for $type {
            const NAME: &'static str = stringify!($section);
            const KEYS: &'static [&'static str] = &[$(stringify!($field)),+];

            fn set(&mut self, field: &str, key: &str, node: &Node, reader: &mut Reader<'_>) -> bool {
                match field {
                    $(stringify!($field) => {
                        if let Some(value) = $read(reader, key, node) {
                            self.$field = value;
                        }
                    })+
                    _ => return false,
                }
                true
            }
        })+
    };
}

trait Section {
    const NAME: &'static str;
    const KEYS: &'static [&'static str];
    /// Sets one field; whether there is such a field.
    fn set(&mut self, field: &str, key: &str, node: &Node, reader: &mut Reader<'_>) -> bool;
}

sections! {
    catalog: CatalogSettings, {
        kind, some(read::word), "`sqlite`, `memory`", "sqlite; memory for a lake in memory", "Where the names of tables are kept.";
        busy_timeout, read::duration, "duration", "5s", "How long to wait for another process that holds the catalog.";
    }
    engine: EngineSettings, {
        memory, some(read::size), "size", "half of the machine's", "Memory that queries and runs share; what does not fit goes to the scratch folder.";
        scratch, some(read::name), "folder", "the system's temporary folder", "Folder for what does not fit in memory.";
        scratch_quota, read::size, "size", "100GiB", "The most that may lie in the scratch folder.";
        threads, some(read::positive), "whole number", "one a core", "Threads that one query or run uses.";
        concurrency, some(read::positive), "whole number", "one a core", "Pipelines that a build runs at once.";
        query_timeout, read::duration, "duration", "60s", "How long a query may take.";
        query_rows, some(read::count), "whole number", "no limit", "The most rows a query may return.";
        query_bytes, read::size, "size", "1GiB", "The most bytes a collected result may have; `stream` has no limit.";
        queries, read::positive, "whole number", "32", "Queries that run at once; more of them wait.";
        query_length, read::size, "size", "100000B", "The longest SQL text of a query.";
        query_depth, read::positive, "whole number", "128", "The deepest nesting of a query.";
        test_timeout, read::duration, "duration", "60s", "How long one quality test may take.";
        target_file_size, read::size, "size", "128MiB", "The size a data file is written to.";
        metadata_cache, read::size, "size", "64MiB", "Memory for manifests and Parquet footers.";
        commit_retries, read::count, "whole number", "5", "How often a commit that lost against another writer is tried again.";
    }
    maintenance: MaintenanceSettings, {
        keep_snapshots, read::count, "whole number", "10", "Snapshots that are kept whatever their age.";
        keep_for, read::duration, "duration", "7d", "Snapshots younger than this are kept.";
        orphan_grace, read::duration, "duration", "3d", "Files that no table knows are removed when they are older than this.";
    }
}

fn some<T>(read: impl Fn(&mut Reader<'_>, &str, &Node) -> Option<T>) -> impl Fn(&mut Reader<'_>, &str, &Node) -> Option<Option<T>> {
    move |reader, key, node| read(reader, key, node).map(Some)
}

const SECTIONS: [&str; 6] = ["storage", "catalog", "engine", "defaults", "vars", "maintenance"];

/// Reads `rat.toml`; without one, every default holds. `env` answers `${NAME}`.
///
/// Codes: `INVALID_TOML`, `UNSET_VARIABLE`, `UNKNOWN_KEY` (a warning), `WRONG_TYPE`, `INVALID_VALUE`.
pub fn settings(source: Option<&Arc<Source>>, env: &dyn Fn(&str) -> Option<String>) -> (Settings, Vec<Diagnostic>) {
    let mut settings = Settings::default();
    let Some(source) = source else { return (settings, Vec::new()) };
    let (node, mut diagnostics) = rat_toml::parse(source, env);
    let mut reader = Reader::new(Some(source), None);
    overlay(&mut settings, &node, &mut reader);
    diagnostics.append(&mut reader.diagnostics);
    (settings, diagnostics)
}

/// Takes over what a caller says, field by field, in the shape of `rat.toml`.
///
/// # Errors
/// `UNKNOWN_KEY`, `WRONG_TYPE`, `INVALID_VALUE`, all of them in the diagnostics.
pub fn settings_with(mut settings: Settings, values: &Value) -> Result<Settings> {
    let mut reader = Reader::new(None, None);
    overlay(&mut settings, &Node::from_json(values), &mut reader);
    let diagnostics = reader.diagnostics.into_iter().map(|d| Diagnostic { severity: Severity::Error, ..d }).collect();
    match Error::from_diagnostics(diagnostics) {
        Some(error) => Err(error),
        None => Ok(settings),
    }
}

fn overlay(settings: &mut Settings, node: &Node, reader: &mut Reader<'_>) {
    for (section, value) in entries("settings", node, reader) {
        match section.text.as_str() {
            "storage" => storage(settings, value, reader),
            "catalog" => fill(&mut settings.catalog, value, reader),
            "engine" => fill(&mut settings.engine, value, reader),
            "maintenance" => fill(&mut settings.maintenance, value, reader),
            "defaults" => defaults(settings, value, reader),
            "vars" => vars(settings, value, reader),
            _ => {
                // A key of a section, or of a pipeline, written outside one.
                let home = SETTING_KEYS.iter().find(|key| key.name == section.text).map(|key| key.section);
                let home = home.or_else(|| KEYS.iter().any(|key| key.name == section.text).then_some("defaults"));
                let mut diagnostic = Diagnostic::warning(Code::UnknownKey, format!("`{}` is not a section of `rat.toml`", section.text));
                if let Some(home) = home {
                    diagnostic = diagnostic.help(format!("write it under `[{home}]`"));
                } else if let Some(near) = nearest(&section.text, SECTIONS) {
                    diagnostic = diagnostic.help(format!("did you mean `[{near}]`?"));
                }
                reader.report(diagnostic, section.range.clone());
            }
        }
    }
}

fn entries<'n>(place: &str, node: &'n Node, reader: &mut Reader<'_>) -> &'n [(Key, Node)] {
    match &node.content {
        Content::Map(entries) => entries,
        _ => {
            reader.wrong_type(place, "a table", node);
            &[]
        }
    }
}

fn fill<S: Section>(section: &mut S, node: &Node, reader: &mut Reader<'_>) {
    for (key, value) in entries(S::NAME, node, reader) {
        if !section.set(&key.text, &format!("{}.{}", S::NAME, key.text), value, reader) {
            reader.unknown_key(&key.text, &format!("`[{}]`", S::NAME), S::KEYS.iter().copied(), key.range.clone());
        }
    }
}

fn storage(settings: &mut Settings, node: &Node, reader: &mut Reader<'_>) {
    for (key, value) in entries("storage", node, reader) {
        match &value.content {
            Content::Scalar { text, .. } => {
                settings.storage.options.insert(key.text.clone(), text.clone());
            }
            _ => reader.wrong_type(&format!("storage.{}", key.text), "one value", value),
        }
    }
}

fn defaults(settings: &mut Settings, node: &Node, reader: &mut Reader<'_>) {
    for (key, value) in entries("defaults", node, reader) {
        let told = reader.diagnostics.len();
        if !Partial::default().read(&key.text, value, reader) {
            reader.unknown_key(&key.text, "`[defaults]`", KEYS.iter().map(|key| key.name), key.range.clone());
        }
        if reader.diagnostics.len() == told {
            settings.defaults.insert(key.text.clone(), Given { value: value.to_json(), place: reader.label(value.range.clone()) });
        }
    }
}

fn vars(settings: &mut Settings, node: &Node, reader: &mut Reader<'_>) {
    let mut vars: BTreeMap<String, Value> = std::mem::take(&mut settings.vars);
    for (key, value) in entries("vars", node, reader) {
        if is_valid_name(&key.text.to_ascii_lowercase()) {
            vars.insert(key.text.clone(), value.to_json());
        } else {
            let diagnostic = Diagnostic::error(Code::InvalidName, format!("`{}` cannot be the name of a variable", key.text));
            reader.report(diagnostic, key.range.clone());
        }
    }
    settings.vars = vars;
}
