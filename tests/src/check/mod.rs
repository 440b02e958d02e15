//! Checking whole projects: types, places, what is silent, and doing only what changed.

mod again;
mod columns;
mod contracts;
mod found;
mod places;

use std::sync::Arc;

use rat_core::error::Diagnostic;
use rat_core::interop::check::{CheckReport, CheckedPipeline, Environment, LakeFacts, Workspace};
use rat_core::interop::project::Files;
use rat_core::interop::types::sql_type;
use rat_core::name::Name;

use crate::plan::SESSION;

fn name(text: &str) -> Name {
    Name::parse(text, "default").unwrap()
}

/// Files of pipelines by `layer.name`, or of any path.
fn files(texts: &[(&str, &str)]) -> Files {
    let path = |key: &str| match key.split_once('.') {
        Some((layer, name)) if !key.contains('/') && key != "rat.toml" => format!("default/pipelines/{layer}/{name}/pipeline.sql"),
        _ => key.to_owned(),
    };
    texts.iter().map(|(key, text)| (path(key), *text)).collect()
}

fn workspace() -> Workspace {
    Workspace::new(SESSION.clone())
}

fn check(texts: &[(&str, &str)]) -> CheckReport {
    workspace().check(&files(texts), &LakeFacts::default(), &Environment::default())
}

fn pipeline<'a>(report: &'a CheckReport, text: &str) -> &'a Arc<CheckedPipeline> {
    report.pipeline(&name(text)).unwrap()
}

/// The columns as `name TYPE`.
fn columns(report: &CheckReport, text: &str) -> Vec<String> {
    let schema = pipeline(report, text).schema.as_ref().unwrap_or_else(|| panic!("{text} is unknown: {:#?}", report.diagnostics));
    schema.fields().iter().map(|f| format!("{} {}", f.name(), sql_type(f.data_type()))).collect()
}

/// Each diagnostic as `severity CODE path:line:column text-at-the-place`.
fn shown(diagnostics: &[Diagnostic]) -> Vec<String> {
    diagnostics
        .iter()
        .map(|d| {
            let Some(label) = d.labels.first() else { return format!("{} {}", d.severity, d.code) };
            let (line, column) = d.start().unwrap();
            let path = label.source.path.trim_start_matches("default/pipelines/");
            format!("{} {} {path}:{line}:{column} {}", d.severity, d.code, &label.source.text[label.range.clone()])
        })
        .collect()
}
