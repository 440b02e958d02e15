//! A pipeline's config from all that is said of it: defaults < `[defaults]` < `config.yaml` < annotations < the call, field by field.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::annotations::Entry;
use super::node::{Content, Node};
use super::read::Reader;
use super::{Annotations, Config, KEYS, Materialized, MergeStrategy, Origin, Partial, Setting, annotations, yaml};
use crate::error::{Code, Diagnostic, Error, Label, Result, Severity, Source};
use crate::project::Pipeline;
use crate::settings::Settings;

/// What every pipeline begins with: the built-in defaults under `[defaults]` of `rat.toml`. Read once, shared by all.
#[derive(Debug, Clone, Default)]
pub struct Defaults {
    config: Config,
}

impl Defaults {
    /// What [`settings`](super::settings) read. It has told what is wrong; that is left out here.
    pub fn new(settings: &Settings) -> Self {
        let mut partial = Partial::default();
        for (key, given) in &settings.defaults {
            let mut reader = Reader::given(given.place.as_ref());
            let node = Node::from_json(&given.value);
            if !node.is_null() {
                partial.read(key, &node, &mut reader);
            }
        }
        let mut config = Config::default();
        config.overlay(&partial);
        Self { config }
    }
}

/// What the caller of a verb says of the config; wins over everything written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overrides(pub Partial);

impl Overrides {
    /// From keys and values; `null` means not said. `namespace` is where `layer.name` is looked for.
    ///
    /// # Errors
    /// `UNKNOWN_KEY`, `WRONG_TYPE`, `INVALID_VALUE`, all of them in the diagnostics.
    pub fn from_json(values: &Map<String, Value>, namespace: &str) -> Result<Self> {
        let mut reader = Reader::new(None, Some(namespace));
        let mut partial = Partial::default();
        for (key, value) in values {
            let node = Node::from_json(value);
            if !node.is_null() && !partial.read(key, &node, &mut reader) {
                reader.unknown_key(key, "a pipeline's config", KEYS.iter().map(|key| key.name), 0..0);
            }
        }
        // A caller's slip is an error: there is no file in which a warning could be looked up later.
        let diagnostics = reader.diagnostics.into_iter().map(|d| Diagnostic { severity: Severity::Error, ..d }).collect();
        match Error::from_diagnostics(diagnostics) {
            Some(error) => Err(error),
            None => Ok(Self(partial)),
        }
    }
}

/// Resolves a pipeline's config. There always is one; what could not be read, or does not go together, is told.
///
/// Unit tests that are no YAML are told here as well: they are what else is written in YAML beside a pipeline.
///
/// Codes: `INVALID_YAML`, `UNKNOWN_KEY`, `MISPLACED_ANNOTATION`, `DUPLICATE_ANNOTATION` (warnings), `WRONG_TYPE`, `INVALID_VALUE`,
/// `MISSING_KEY`.
pub fn resolve(defaults: &Defaults, pipeline: &Pipeline, call: &Overrides) -> (Config, Vec<Diagnostic>) {
    let (annotations, mut diagnostics) = annotations(&pipeline.source, pipeline.language);
    let config = resolve_with(defaults, pipeline, &annotations, call, &mut diagnostics);
    (config, diagnostics)
}

/// As [`resolve`], for a caller that has read the annotations already.
pub fn resolve_with(
    defaults: &Defaults,
    pipeline: &Pipeline,
    annotations: &Annotations,
    call: &Overrides,
    diagnostics: &mut Vec<Diagnostic>,
) -> Config {
    let mut config = defaults.config.clone();
    let namespace = &pipeline.name.namespace;
    if let Some(source) = &pipeline.config {
        config.overlay(&from_yaml(source, namespace, diagnostics));
    }
    config.overlay(&from_annotations(&pipeline.source, &annotations.entries, namespace, diagnostics));
    config.overlay(&call.0);
    let whole = diagnostics.iter().all(|diagnostic| diagnostic.severity == Severity::Warning);
    // A key that could not be read is not a key that is missing: one mistake, one message.
    if whole {
        diagnostics.extend(check(&config, pipeline));
    }
    diagnostics.extend(pipeline.unit_tests.iter().filter_map(|source| yaml::parse(source).err()));
    config
}

/// The config of a table that no pipeline makes: defaults and call, nothing written.
pub fn resolve_call(defaults: &Defaults, call: &Overrides) -> (Config, Vec<Diagnostic>) {
    let mut config = defaults.config.clone();
    config.overlay(&call.0);
    let diagnostics = missing_keys(&config, "the table").into_iter().map(|missing| missing.diagnostic(None)).collect();
    (config, diagnostics)
}

fn from_yaml(source: &Arc<Source>, namespace: &str, diagnostics: &mut Vec<Diagnostic>) -> Partial {
    let mut partial = Partial::default();
    let node = match yaml::parse(source) {
        Ok(Some(node)) => node,
        Ok(None) => return partial,
        Err(diagnostic) => {
            diagnostics.push(diagnostic);
            return partial;
        }
    };
    let mut reader = Reader::new(Some(source), Some(namespace));
    match &node.content {
        Content::Map(entries) => {
            for (key, value) in entries {
                let name = key.text.to_ascii_lowercase();
                // A key with nothing after it says nothing.
                let known = if value.is_null() { KEYS.iter().any(|key| key.name == name) } else { partial.read(&name, value, &mut reader) };
                if !known {
                    reader.unknown_key(&key.text, "a pipeline's config", KEYS.iter().map(|key| key.name), key.range.clone());
                }
            }
        }
        _ => reader.wrong_type("config.yaml", "a mapping of keys to values", &node),
    }
    diagnostics.append(&mut reader.diagnostics);
    partial
}

fn from_annotations(source: &Arc<Source>, entries: &[Entry], namespace: &str, diagnostics: &mut Vec<Diagnostic>) -> Partial {
    let mut partial = Partial::default();
    let mut reader = Reader::new(Some(source), Some(namespace));
    for entry in entries {
        match entry.node(source) {
            Ok(node) if node.is_null() && KEYS.iter().any(|key| key.name == entry.key) => {}
            Ok(node) => {
                if !partial.read(&entry.key, &node, &mut reader) {
                    reader.unknown_key(&entry.key, "a pipeline's config", KEYS.iter().map(|key| key.name), entry.key_range.clone());
                }
            }
            Err(diagnostic) => reader.diagnostics.push(diagnostic),
        }
    }
    diagnostics.append(&mut reader.diagnostics);
    partial
}

/// A key that another one needs.
struct Missing {
    message: String,
    help: String,
    because: Origin,
}

impl Missing {
    fn diagnostic(self, source: Option<&Arc<Source>>) -> Diagnostic {
        let diagnostic = Diagnostic::error(Code::MissingKey, self.message).help(self.help);
        match (self.because.label(), source) {
            (Some(Label { source, range, .. }), _) => diagnostic.at(source, range.clone(), "needs it"),
            (None, Some(source)) => diagnostic.at(&Source::new(source.path.clone(), ""), 0..0, ""),
            (None, None) => diagnostic,
        }
    }
}

fn missing_keys(config: &Config, what: &str) -> Vec<Missing> {
    let mut missing = Vec::new();
    let mut need = |because: &Origin, reason: String, key: &str, example: &str| {
        let message = format!("{reason} needs `{key}`, which {what} does not set");
        missing.push(Missing { message, help: format!("set `{key}: {example}`"), because: because.clone() });
    };
    let strategy = &config.merge_strategy;
    let reason = format!("merge strategy `{}`", strategy.value);
    if config.materialized.value == Materialized::Table {
        match strategy.value {
            MergeStrategy::Incremental | MergeStrategy::DeleteInsert | MergeStrategy::Scd2 if config.unique_key.is_empty() => {
                need(&strategy.origin, reason, "unique_key", "id");
            }
            MergeStrategy::Snapshot if config.partition_column.is_none() => {
                need(&strategy.origin, reason, "partition_column", "day");
            }
            _ => {}
        }
    }
    if config.watermark_column.is_none() {
        if config.keep_newer.value && strategy.value == MergeStrategy::Incremental {
            need(&config.keep_newer.origin, "`keep_newer`".to_owned(), "watermark_column", "updated_at");
        }
        // As a default of the whole project, it holds where there is a watermark.
        if config.watermark_lookback.is_some() && !is_project_default(&config.watermark_lookback) {
            need(&config.watermark_lookback.origin, "`watermark_lookback`".to_owned(), "watermark_column", "updated_at");
        }
    }
    missing
}

fn is_project_default<T>(setting: &Setting<T>) -> bool {
    match &setting.origin {
        Origin::Default => true,
        Origin::Written(label) => label.source.path == super::RAT_TOML,
        Origin::Call => false,
    }
}

/// What each value allows and all of them together do not.
fn check(config: &Config, pipeline: &Pipeline) -> Vec<Diagnostic> {
    let mut diagnostics: Vec<Diagnostic> = missing_keys(config, &format!("pipeline `{}`", pipeline.name.short()))
        .into_iter()
        .map(|missing| missing.diagnostic(Some(&pipeline.source)))
        .collect();
    let mut refuse = |origin: &Origin, message: String, help: &str| {
        let diagnostic = Diagnostic::error(Code::InvalidValue, message).help(help);
        diagnostics.push(match origin.label() {
            Some(label) => diagnostic.at(&label.source, label.range.clone(), ""),
            None => diagnostic.at(&Source::new(pipeline.source.path.clone(), ""), 0..0, ""),
        });
    };
    let materialized = &config.materialized;
    if materialized.value != Materialized::Table
        && config.merge_strategy.value != MergeStrategy::FullRefresh
        && !is_project_default(&config.merge_strategy)
    {
        let message = format!(
            "`materialized: {}` has no rows to merge, and `merge_strategy` is `{}`",
            materialized.value, config.merge_strategy.value
        );
        refuse(&materialized.origin, message, "remove one of the two");
    }
    if config.scd_valid_from.eq_ignore_ascii_case(&config.scd_valid_to) {
        let message = format!("`scd_valid_from` and `scd_valid_to` are the same column, `{}`", config.scd_valid_to.value);
        let origin = if config.scd_valid_to.is_set() { &config.scd_valid_to.origin } else { &config.scd_valid_from.origin };
        refuse(origin, message, "name two columns");
    }
    if let Some(column) = config.scd_compare.iter().find(|column| config.unique_key.iter().any(|key| key.eq_ignore_ascii_case(column))) {
        refuse(
            &config.scd_compare.origin,
            format!("`scd_compare` names `{column}`, which is part of `unique_key`"),
            "compare columns outside the key",
        );
    }
    if let Some((new, old)) = config.renamed_from.iter().find(|(new, old)| new.eq_ignore_ascii_case(old)) {
        refuse(&config.renamed_from.origin, format!("`renamed_from` renames `{old}` to `{new}`"), "name another column");
    }
    diagnostics
}
