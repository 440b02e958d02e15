//! A second check does what a change touches, and finds what a first one would.

use std::sync::Arc;

use rat_core::interop::check::{CheckReport, Environment, LakeFacts, Workspace};

use super::{files, name, shown, workspace};

const PROJECT: &[(&str, &str)] = &[
    ("bronze.a", "SELECT 1 AS id, 'x' AS t"),
    ("silver.b", "SELECT id, t FROM {{ ref('bronze.a') }}"),
    ("silver.c", "SELECT id + 1 AS id FROM {{ ref('bronze.a') }}"),
    ("gold.d", "SELECT b.id, b.t FROM {{ ref('silver.b') }} b JOIN {{ ref('silver.c') }} c ON b.id = c.id"),
];

fn with(changed: &str, sql: &str) -> Vec<(&'static str, String)> {
    PROJECT.iter().map(|(key, text)| (*key, if *key == changed { sql.to_owned() } else { (*text).to_owned() })).collect()
}

fn run(workspace: &mut Workspace, texts: &[(&'static str, String)]) -> CheckReport {
    let texts: Vec<(&str, &str)> = texts.iter().map(|(key, text)| (*key, text.as_str())).collect();
    workspace.check(&files(&texts), &LakeFacts::default(), &Environment::default())
}

/// The pipelines whose reports are not the very same as before.
fn done_again(before: &CheckReport, after: &CheckReport) -> Vec<String> {
    let changed = after.pipelines.iter().filter(|(name, report)| before.pipelines.get(name).is_none_or(|b| !Arc::ptr_eq(b, report)));
    changed.map(|(name, _)| name.short()).collect()
}

#[test]
fn an_unchanged_project_is_not_planned_again() {
    let mut workspace = workspace();
    let texts = with("", "");
    let first = run(&mut workspace, &texts);
    let second = run(&mut workspace, &texts);
    assert!(done_again(&first, &second).is_empty());
}

#[test]
fn a_change_that_keeps_the_columns_touches_one_pipeline() {
    let mut workspace = workspace();
    let first = run(&mut workspace, &with("", ""));
    let second = run(&mut workspace, &with("bronze.a", "SELECT 2 AS id, 'y' AS t"));
    assert_eq!(done_again(&first, &second), ["bronze.a"]);
}

#[test]
fn a_change_of_columns_touches_its_dependants() {
    let mut workspace = workspace();
    let first = run(&mut workspace, &with("", ""));
    let second = run(&mut workspace, &with("silver.b", "SELECT id FROM {{ ref('bronze.a') }}"));
    assert_eq!(done_again(&first, &second), ["silver.b", "gold.d"]);
    assert_eq!(shown(&second.diagnostics), ["error UNKNOWN_COLUMN gold/d/pipeline.sql:1:14 b.t"]);
    let third = run(&mut workspace, &with("", ""));
    assert!(third.ok);
}

#[test]
fn every_change_is_found_as_by_a_first_check() {
    let changes = [
        ("bronze.a", "SELECT 1 AS id"),
        ("bronze.a", "SELECT 1 AS id, 'x' AS t, 2 AS z"),
        ("bronze.a", "SELECT {{ broken"),
        ("silver.b", "-- @materialized: view\nSELECT id, t FROM {{ ref('bronze.a') }}"),
        ("silver.b", "SELECT idd FROM {{ ref('bronze.a') }}"),
        ("silver.c", "SELECT id FROM {{ ref('gold.d') }}"),
        ("gold.d", "SELECT * FROM {{ ref('silver.missing') }}"),
        ("", ""),
    ];
    let mut kept = workspace();
    for (changed, sql) in changes {
        let texts = with(changed, sql);
        let again = run(&mut kept, &texts);
        let first = run(&mut workspace(), &texts);
        assert_eq!(shown(&again.diagnostics), shown(&first.diagnostics), "{changed}: {sql}");
        for (name, report) in &first.pipelines {
            assert_eq!(again.pipelines[name].schema, report.schema, "{name} after {changed}");
            assert_eq!(again.pipelines[name].lineage, report.lineage, "{name} after {changed}");
        }
    }
}

#[test]
fn pipelines_that_come_and_go_are_seen() {
    let mut workspace = workspace();
    run(&mut workspace, &with("", ""));
    let fewer: Vec<_> = with("", "").into_iter().filter(|(key, _)| *key != "silver.c").collect();
    let report = run(&mut workspace, &fewer);
    assert_eq!(shown(&report.diagnostics), ["error UNKNOWN_REF gold/d/pipeline.sql:1:59 'silver.c'"]);
    assert!(!report.pipelines.contains_key(&name("silver.c")));
    assert!(run(&mut workspace, &with("", "")).ok);
}
