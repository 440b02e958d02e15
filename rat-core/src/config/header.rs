//! The head of a quality test.

use std::sync::Arc;

use super::annotations::annotations_anywhere;
use super::read::{self, Reader, Word};
use super::{Key, TestHeader, TestSeverity};
use crate::error::{Diagnostic, Source};

/// The keys of a quality test's head, in the order of the reference page.
pub const TEST_KEYS: &[Key] = &[
    Key { name: "severity", takes: "`error`, `warn`", default: "error", meaning: "Whether a failure keeps the run from being published." },
    Key { name: "description", takes: "text", default: "none", meaning: "What the test is about." },
    Key { name: "tags", takes: "list, or comma text", default: "none", meaning: "Its tags." },
    Key { name: "remediation", takes: "text", default: "none", meaning: "What to do when it fails." },
    Key { name: "max_violations", takes: "whole number", default: "0", meaning: "Violating rows that are still a pass." },
];

impl Word for TestSeverityWord {
    const WORDS: &'static [&'static str] = &["error", "warn"];

    fn from_word(text: &str) -> Option<Self> {
        let severity = if text.eq_ignore_ascii_case("warning") { Some(TestSeverity::Warn) } else { TestSeverity::from_text(text) };
        severity.map(TestSeverityWord)
    }
}

/// A severity as tests write it: `warning` is `warn`.
struct TestSeverityWord(TestSeverity);

/// Reads the annotations of a quality test, anywhere in the file: `severity`, `description`, `tags`, `remediation`, `max_violations`.
///
/// Codes: `UNKNOWN_KEY` (a warning), `WRONG_TYPE`, `INVALID_VALUE`.
pub fn test_header(source: &Arc<Source>) -> (TestHeader, Vec<Diagnostic>) {
    let known: Vec<&'static str> = TEST_KEYS.iter().map(|key| key.name).collect();
    let (entries, mut diagnostics) = annotations_anywhere(source, &known);
    let mut header = TestHeader::default();
    let mut reader = Reader::new(Some(source), None);
    for entry in &entries {
        let key = entry.key.as_str();
        let node = match entry.node(source) {
            Ok(node) => node,
            Err(diagnostic) => {
                reader.diagnostics.push(diagnostic);
                continue;
            }
        };
        match key {
            _ if !known.contains(&key) => reader.unknown_key(key, "a quality test", known.iter().copied(), entry.key_range.clone()),
            _ if node.is_null() => {}
            "severity" => {
                if let Some(TestSeverityWord(severity)) = read::word(&mut reader, key, &node) {
                    header.severity = severity;
                }
            }
            "description" => header.description = read::text(&mut reader, key, &node),
            "remediation" => header.remediation = read::text(&mut reader, key, &node),
            "tags" => header.tags = read::names(&mut reader, key, &node).unwrap_or_default(),
            _ => {
                if let Some(most) = read::count(&mut reader, key, &node) {
                    header.max_violations = most;
                }
            }
        }
    }
    diagnostics.append(&mut reader.diagnostics);
    (header, diagnostics)
}
