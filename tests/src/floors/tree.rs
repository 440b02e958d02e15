//! What is in the tree of dependencies is what `deny.toml` allows: licences, banned crates, one Arrow, one registry.

use std::process::Command;

use serde_json::Value;

use crate::snapshot::root;

/// The texts in quotes on the line that begins with a word, and on those after it up to its end.
fn quoted<'a>(text: &'a str, word: &str, end: &str) -> Vec<&'a str> {
    let start = text.find(word).unwrap_or_else(|| panic!("deny.toml has no `{word}`")) + word.len();
    let list = &text[start..];
    list[..list.find(end).unwrap()].split('"').skip(1).step_by(2).collect()
}

fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO")).args(["metadata", "--format-version", "1", "--locked"]).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

/// Whether an SPDX expression can be met by these licences. A slash is the old way to write OR.
fn is_met(expression: &str, allowed: &[&str]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let (met, read) = any(&words, allowed);
    assert_eq!(read, words.len(), "`{expression}` is no licence expression");
    met
}

fn any(words: &[&str], allowed: &[&str]) -> (bool, usize) {
    let (mut met, mut read) = all(words, allowed);
    while words.get(read) == Some(&"OR") {
        let (more, len) = all(&words[read + 1..], allowed);
        (met, read) = (met | more, read + 1 + len);
    }
    (met, read)
}

fn all(words: &[&str], allowed: &[&str]) -> (bool, usize) {
    let (mut met, mut read) = one(words, allowed);
    while words.get(read) == Some(&"AND") {
        let (more, len) = one(&words[read + 1..], allowed);
        (met, read) = (met & more, read + 1 + len);
    }
    (met, read)
}

fn one(words: &[&str], allowed: &[&str]) -> (bool, usize) {
    match words {
        ["(", rest @ ..] => {
            let (met, len) = any(rest, allowed);
            (met, len + 2)
        }
        [name, "WITH", exception, ..] => (allowed.contains(&format!("{name} WITH {exception}").as_str()), 3),
        [name, ..] => (allowed.contains(name), 1),
        [] => (false, 0),
    }
}

#[test]
fn licence_expressions_are_read() {
    let allowed = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"];
    for good in ["MIT", "MIT/GPL-3.0", "GPL-3.0 OR (ISC AND MIT)", "Apache-2.0 WITH LLVM-exception OR GPL-3.0", "(MIT OR GPL-3.0) AND ISC"]
    {
        assert!(is_met(good, &allowed), "{good}");
    }
    for bad in ["GPL-3.0", "MIT AND GPL-3.0", "Apache-2.0", "(GPL-3.0 OR LGPL-3.0) AND MIT"] {
        assert!(!is_met(bad, &allowed), "{bad}");
    }
}

#[test]
fn every_dependency_may_be_there() {
    let deny = std::fs::read_to_string(root().join("deny.toml")).unwrap();
    let allowed = quoted(&deny, "\nallow = [", "]");
    let banned: Vec<&str> = deny.lines().filter_map(|line| line.trim().strip_prefix("{ crate = \"")?.split('"').next()).collect();
    assert!(allowed.contains(&"Apache-2.0") && banned.contains(&"openssl-sys"), "{allowed:?} {banned:?}");
    let packages = packages();
    assert!(packages.len() > 300, "{} packages", packages.len());
    for package in &packages {
        let (name, version) = (package["name"].as_str().unwrap(), package["version"].as_str().unwrap());
        let licence = package["license"].as_str().unwrap_or_else(|| panic!("{name} has no licence"));
        assert!(is_met(licence, &allowed), "{name} {version} is under {licence}");
        for ban in &banned {
            let (what, from) = ban.split_once(":>=").unwrap_or((ban, "0"));
            let major = |version: &str| version.split('.').next().and_then(|major| major.parse::<u32>().ok()).unwrap();
            assert!(name != what || major(version) < major(from) && from != "0", "{name} {version} is banned: {ban}");
        }
        // None is a package of this repository.
        if let Some(source) = package["source"].as_str() {
            assert!(source.starts_with("registry+"), "{name} comes from {source}");
        }
    }
}
