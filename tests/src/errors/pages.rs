//! `docs/errors/`: a page per code, written from the table of codes and from the fixtures.

use std::collections::BTreeSet;

use rat_core::error::Code;

use crate::snapshot::{difference, root, updating};

/// The first report of a code in its fixture, which is what a reader will have on the screen.
fn example(code: Code) -> Option<String> {
    let path = root().join(format!("tests/projects/errors/{code}/expected.snap"));
    let snapshot = std::fs::read_to_string(path).ok()?;
    let report = snapshot.split("\n\n").find(|report| report.contains(&format!("[{code}]: ")))?;
    let start = report.lines().position(|line| line.contains(&format!("[{code}]: ")))?;
    let lines: Vec<&str> = report.lines().skip(start).collect();
    // Selections follow each other without an empty line: a report ends with its help.
    let end = lines.iter().position(|line| line.trim_start().starts_with("help: ")).map_or(lines.len(), |at| at + 1);
    Some(lines[..end].join("\n"))
}

fn page(code: Code) -> String {
    let paragraphs: Vec<String> = code.page().trim().lines().map(|line| line.trim().to_owned()).collect();
    let mut page = format!("# {code}\n\n{}\n\n", sentence(code.title()));
    page.push_str(paragraphs.join("\n").trim());
    page.push_str(&format!("\n\n**Kind:** `{}`. **The way out:** {}.\n", code.kind(), code.help()));
    if let Some(example) = example(code) {
        page.push_str(&format!("\n```\n{example}\n```\n"));
    }
    page
}

fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", characters.as_str())
}

fn index() -> String {
    let mut page = String::from(
        "# Error codes\n\n<!-- Written from the table of codes by `RAT_UPDATE=1 cargo test -p tests -- errors`. -->\n\n\
         Every error has a code, which keeps its meaning from release to release, and a kind, which says what the caller can do about it.\n\n\
         | code | kind | meaning |\n|---|---|---|\n",
    );
    for code in Code::ALL {
        page.push_str(&format!("| [{code}]({code}.md) | `{}` | {} |\n", code.kind(), code.title()));
    }
    page
}

#[test]
fn every_code_has_its_page() {
    let folder = root().join("docs/errors");
    let mut differences: Vec<String> =
        Code::ALL.iter().filter_map(|code| difference(&folder.join(format!("{code}.md")), &page(*code))).collect();
    differences.extend(difference(&folder.join("README.md"), &index()));
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn every_page_has_its_code() {
    let codes: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    let Ok(pages) = std::fs::read_dir(root().join("docs/errors")) else {
        assert!(updating(), "docs/errors is missing");
        return;
    };
    for page in pages {
        let path = page.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(name == "README" || codes.contains(name.as_str()), "docs/errors/{name}.md is the page of no code");
    }
}

#[test]
fn the_table_keeps_its_own_rules() {
    let mut slugs = BTreeSet::new();
    for code in Code::ALL {
        assert!(slugs.insert(code.as_str()), "{code} is there twice");
        assert!(code.as_str().bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_'), "{code}");
        let (title, help) = (code.title(), code.help());
        assert!(!title.ends_with('.') && !help.ends_with('.'), "{code}: titles and helps have no full stop");
        assert!(!help.is_empty() && help.starts_with(|c: char| !c.is_uppercase()), "{code}: help begins in lower case");
        assert!(code.page().trim().ends_with(['.', '`', ')']), "{code}: the page is whole sentences");
    }
}
