//! Project fixtures: real project folders, each with the snapshot of what rat makes of it.
//!
//! `tests/projects/<case>/` is a project; its `expected.snap` has one section per entry of [`SECTIONS`]. `tests/projects/errors/<CODE>/`, or
//! `<CODE>-<variant>/`, is a project with that problem; its `expected.snap` is the drawn report. In both, `select.txt` may hold one
//! selection a line. To test something new of a project, add a section; to add a case, add a folder; then run with `RAT_UPDATE=1`.

mod case;
mod discovery;
mod sections;

use std::path::Path;

use crate::snapshot;
use case::Case;
use sections::{REPORT, SECTIONS};

/// The groups of codes that are found at compile time, each of which must have a fixture.
const GROUPS: &[&str] = &["project and config", "template", "graph", "plan and dialect", "landing"];

fn cases(folder: &Path) -> Vec<Case> {
    let mut folders: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders.iter().map(|folder| Case::load(folder)).collect()
}

fn compare(cases: &[Case], sections: &[sections::Section]) {
    let differences: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let texts = sections.iter().map(|(name, section)| (*name, section(case))).filter(|(_, text)| !text.is_empty());
            let snapshot: Vec<String> = texts.map(|(name, text)| format!("== {name} ==\n{}\n", text.trim_end())).collect();
            snapshot::difference(&case.folder.join("expected.snap"), &snapshot.join("\n"))
        })
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn every_project_is_what_its_snapshot_says() {
    let cases: Vec<Case> = cases(&snapshot::root().join("tests/projects")).into_iter().filter(|case| case.name != "errors").collect();
    assert!(!cases.is_empty());
    compare(&cases, SECTIONS);
}

#[test]
fn every_broken_project_is_reported_as_its_snapshot_says() {
    let cases = cases(&snapshot::root().join("tests/projects/errors"));
    compare(&cases, REPORT);
    let wrong: Vec<String> = cases
        .iter()
        .filter(|case| !case.codes().contains(&case.code()))
        .map(|case| format!("tests/projects/errors/{} does not report {}: {:?}", case.name, case.code(), case.codes()))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_compile_time_code_has_a_broken_project() {
    let table = std::fs::read_to_string(snapshot::root().join("rat-core/src/error/code.rs")).unwrap();
    let covered: Vec<String> = cases(&snapshot::root().join("tests/projects/errors")).iter().map(Case::code).collect();
    let mut group = "";
    let mut seen = Vec::new();
    let mut missing = Vec::new();
    for line in table.lines().skip_while(|line| !line.starts_with("codes! {")) {
        if let Some(name) = line.strip_prefix("    // ") {
            group = name;
            seen.push(name);
        } else if let Some((_, rest)) = line.split_once(" = \"")
            && let Some((code, _)) = rest.split_once('"')
            && GROUPS.contains(&group)
            && !covered.iter().any(|name| name == code)
        {
            missing.push(code);
        }
    }
    assert!(GROUPS.iter().all(|group| seen.contains(group)), "the groups of the table are {seen:?}");
    assert!(missing.is_empty(), "add tests/projects/errors/<CODE>/ for {missing:?}");
}
