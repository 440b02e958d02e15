//! One owner per dependency; the language floor is pure; `main` moves in one place.

use super::source::files;

/// A word, the rooms or files that may write it, and why.
struct Rule {
    words: &'static [&'static str],
    owners: &'static [&'static str],
    why: &'static str,
}

const OWNERS: &[Rule] = &[
    Rule {
        words: &["object_store"],
        owners: &["storage", "session", "tables/read", "files"],
        why: "only `storage/` opens stores; the engine's readers are handed one",
    },
    Rule { words: &["iceberg"], owners: &["tables"], why: "Iceberg's types stay in `tables/`" },
    Rule { words: &["minijinja", "minijinja_contrib"], owners: &["template"], why: "templates are `template/`'s business" },
    Rule { words: &["saphyr_parser", "toml"], owners: &["config"], why: "YAML and TOML are `config/`'s business" },
    Rule {
        words: &["rusqlite"],
        owners: &["sqlite", "tables/catalog", "ledger"],
        why: "SQLite holds the catalog and the ledger, nothing else",
    },
    Rule {
        words: &["SessionContext::new", "SessionContext::new_with_config", "SessionContext::new_with_state", "SessionStateBuilder"],
        owners: &["session"],
        why: "sessions are built in one place, with rat's limits and functions",
    },
];

const LANGUAGE: &[&str] = &["project", "config", "template", "graph", "compile"];

/// What the language floor does without: values in, values and diagnostics out.
const IMPURE: &[&str] = &[
    "async",
    "await",
    "std::fs",
    "std::env",
    "std::net",
    "std::process",
    "std::thread",
    "SystemTime",
    "Instant",
    "tokio",
    "futures",
    "datafusion",
    "arrow",
    "parquet",
    "object_store",
    "iceberg",
    "Clock",
    "println!",
    "eprintln!",
];

fn owns(owners: &[&str], path: &str) -> bool {
    owners.iter().any(|owner| path.strip_prefix(owner).is_some_and(|rest| rest.starts_with(['/', '.'])))
}

#[test]
fn every_dependency_has_one_owner() {
    let mut wrong = Vec::new();
    for file in files() {
        for rule in OWNERS.iter().filter(|rule| !owns(rule.owners, &file.path)) {
            // A word in a text or an attribute is not a use of the crate; a path is.
            let used = file.lines_with(rule.words).filter(|(line, word)| is_path(&file.lines[*line], word));
            wrong.extend(used.map(|(line, word)| format!("{}: `{word}` belongs to {:?}: {}", file.place(line), rule.owners, rule.why)));
        }
    }
    assert!(wrong.is_empty(), "one owner per dependency:\n{}", wrong.join("\n"));
}

/// Whether the word stands in code as a path: `word::`, `use word`, or a path of several parts itself.
fn is_path(line: &str, word: &str) -> bool {
    if word.contains("::") || word.chars().next().is_some_and(char::is_uppercase) {
        return true;
    }
    line.match_indices(&format!("{word}::")).any(|(at, _)| {
        let before = &line[..at];
        // `datafusion::object_store::` and `Self::toml::` are other things' parts.
        !before.ends_with(|c: char| c.is_alphanumeric() || c == '_')
            && !before.ends_with("::")
            && before.matches('"').count().is_multiple_of(2)
    })
}

#[test]
fn the_language_floor_is_pure() {
    let mut wrong = Vec::new();
    for file in files().iter().filter(|file| LANGUAGE.contains(&file.room.as_str())) {
        wrong.extend(file.lines_with(IMPURE).map(|(line, word)| format!("{}: `{word}`", file.place(line))));
    }
    assert!(
        wrong.is_empty(),
        "the language floor takes values and gives values; no IO, clock, async or engine there:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn main_moves_in_tables_alone() {
    let words = ["SetSnapshotRef", "set-snapshot-ref", "MAIN_BRANCH", "PointerChange"];
    let mut wrong = Vec::new();
    for file in files().iter().filter(|file| file.room != "tables") {
        wrong.extend(file.lines_with(&words).map(|(line, word)| format!("{}: `{word}`", file.place(line))));
    }
    assert!(wrong.is_empty(), "`main` moves in `tables::publish`; everything else stages:\n{}", wrong.join("\n"));
}

/// Who calls the catalog's compare-and-swap: publishing, and taking a whole table out of the catalog.
const SWAPS: &[&str] = &["tables/publish", "tables/handle"];

#[test]
fn the_pointer_is_swapped_by_publish_alone() {
    let mut wrong = Vec::new();
    for file in files().iter().filter(|file| file.room == "tables" && !file.path.starts_with("tables/catalog")) {
        let swaps =
            file.lines.iter().enumerate().filter(|(_, line)| line.contains("catalog.commit(") || line.contains("catalog().commit("));
        wrong.extend(swaps.filter(|_| !owns(SWAPS, &file.path)).map(|(line, _)| file.place(line)));
    }
    assert!(wrong.is_empty(), "the catalog's compare-and-swap is called in {SWAPS:?} alone:\n{}", wrong.join("\n"));
}

#[test]
fn the_rules_find_what_they_forbid() {
    assert!(is_path("use object_store::path::Path;", "object_store"));
    assert!(is_path("let x: toml::Value;", "toml"));
    assert!(!is_path("use datafusion::object_store::path::Path;", "object_store"));
    assert!(!is_path(r#"let x = "toml::x";"#, "toml"));
    assert!(
        owns(&["tables/read"], "tables/read/mod.rs") && !owns(&["tables/read"], "tables/reader.rs") && owns(&["storage"], "storage.rs")
    );
}
