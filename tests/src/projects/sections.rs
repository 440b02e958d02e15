//! The sections of a fixture's snapshot. An empty one is left out.

use std::collections::BTreeSet;

use rat_core::error::Result;
use rat_core::interop::config::Origin;
use rat_core::interop::graph::Graph;
use rat_core::interop::types::sql_type;
use rat_core::name::Name;

use super::case::Case;

pub type Section = (&'static str, fn(&Case) -> String);

/// What is compared of a project.
pub const SECTIONS: &[Section] = &[
    ("project", project),
    ("settings", settings),
    ("config", config),
    ("compiled", compiled),
    ("columns", columns),
    ("graph", graph),
    ("select", select),
    ("diagnostics", diagnostics),
];

/// What is compared of a broken project.
pub const REPORT: &[Section] = &[("diagnostics", diagnostics), ("select", select)];

/// A line of `select.txt` and its outcome.
pub struct Selection {
    pub text: String,
    pub selected: Result<BTreeSet<Name>>,
}

impl Selection {
    pub fn new(text: &str, graph: &Graph) -> Self {
        Self { text: text.to_owned(), selected: graph.select(&[text], "default") }
    }
}

fn project(case: &Case) -> String {
    let mut text = String::new();
    for (name, pipeline) in &case.project.pipelines {
        text.push_str(&format!("{name} ({:?}) {}\n", pipeline.language, pipeline.folder()));
        let files = pipeline.config.iter().chain(&pipeline.quality_tests).chain(&pipeline.unit_tests);
        for file in files {
            text.push_str(&format!("  {}\n", file.path.strip_prefix(pipeline.folder()).unwrap_or(&file.path).trim_start_matches('/')));
        }
    }
    for source in &case.project.macros {
        text.push_str(&format!("{}\n", source.path));
    }
    text
}

fn settings(case: &Case) -> String {
    if case.project.settings.is_none() { String::new() } else { serde_json::to_string_pretty(&case.settings).unwrap() }
}

/// What somebody set, with the place. Defaults are on the reference page.
fn config(case: &Case) -> String {
    let mut text = String::new();
    for (name, pipeline) in &case.report.pipelines {
        let entries = pipeline.config.entries();
        let set: Vec<_> = entries.iter().filter(|(_, _, origin)| **origin != Origin::Default).collect();
        if set.is_empty() {
            continue;
        }
        text.push_str(&format!("{name}\n"));
        for (key, value, origin) in set {
            let place = origin.label().map_or("the call".to_owned(), |label| {
                let (line, column) = label.source.line_column(label.range.start);
                format!("{}:{line}:{column}", label.source.path.rsplit('/').next().unwrap_or_default())
            });
            text.push_str(&format!("  {key} = {value}  ({place})\n"));
        }
    }
    text
}

/// The SQL of a first run, with what any run depends on.
fn compiled(case: &Case) -> String {
    let mut text = String::new();
    for (name, compiled) in case.report.pipelines.iter().filter_map(|(name, pipeline)| Some((name, pipeline.compiled.as_ref()?))) {
        text.push_str(&format!("{name}\n"));
        let refs: Vec<String> = compiled.refs.iter().map(|reference| reference.name.to_string()).collect();
        let zones = compiled.landing_zones.iter().map(|zone| format!("{}{}", zone.zone, if zone.new_only { " (new files)" } else { "" }));
        let zones: Vec<String> = zones.collect();
        for (what, names) in [("reads", refs), ("lands", zones)] {
            if !names.is_empty() {
                text.push_str(&format!("  {what}: {}\n", names.join(", ")));
            }
        }
        let tests = compiled.tests.iter().map(|test| (format!("{} ({})", test.source.path, test.header.severity), &test.sql));
        for (what, sql) in std::iter::once(("sql".to_owned(), &compiled.sql)).chain(tests).filter(|(_, sql)| !sql.trim().is_empty()) {
            text.push_str(&format!("  {what}:\n"));
            text.extend(sql.lines().filter(|line| !line.trim().is_empty()).map(|line| format!("    {line}\n")));
        }
    }
    text
}

/// The columns of every pipeline with their types, and the columns that each is made of.
fn columns(case: &Case) -> String {
    let mut text = String::new();
    for (name, pipeline) in &case.report.pipelines {
        let Some(schema) = &pipeline.schema else {
            text.push_str(&format!("{name}: unknown\n"));
            continue;
        };
        text.push_str(&format!("{name}\n"));
        for field in schema.fields() {
            let lineage = pipeline.lineage.iter().find(|lineage| lineage.column == *field.name());
            let from: Vec<String> =
                lineage.iter().flat_map(|lineage| &lineage.from).map(|origin| format!("{}.{}", origin.table, origin.column)).collect();
            let from = if from.is_empty() { String::new() } else { format!(" <- {}", from.join(", ")) };
            text.push_str(&format!("  {} {}{from}\n", field.name(), sql_type(field.data_type())));
        }
    }
    text
}

fn graph(case: &Case) -> String {
    let line = |name: &Name| {
        let parents: Vec<String> = case.report.graph.parents(name).iter().map(ToString::to_string).collect();
        if parents.is_empty() { format!("{name}\n") } else { format!("{name} <- {}\n", parents.join(", ")) }
    };
    case.report.graph.order().map(line).collect()
}

fn select(case: &Case) -> String {
    let outcome = |selection: &Selection| match &selection.selected {
        Ok(names) => format!("{}\n{}", selection.text, names.iter().map(|name| format!("  {name}\n")).collect::<String>()),
        Err(error) => format!("{}\n{error:#}\n", selection.text),
    };
    case.selections.iter().map(outcome).collect()
}

fn diagnostics(case: &Case) -> String {
    case.report.diagnostics.iter().map(|diagnostic| format!("{diagnostic:#}\n\n")).collect()
}
