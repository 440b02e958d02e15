//! Annotations: where they count, where they end, what they hold.

use rat_core::error::{Code, Source};
use rat_core::interop::config::{annotations, test_header};
use rat_core::interop::project::Language;

/// Keys and values, the body, and the codes of what was found.
fn read(text: &str, language: Language) -> (Vec<(String, String)>, String, Vec<Code>) {
    let source = Source::new("pipeline", text);
    let (found, diagnostics) = annotations(&source, language);
    for entry in &found.entries {
        assert_eq!(source.text[entry.key_range.clone()].to_lowercase(), entry.key);
        assert_eq!(&source.text[entry.value_range.clone()], entry.value);
    }
    let entries = found.entries.iter().map(|entry| (entry.key.clone(), entry.value.clone())).collect();
    (entries, source.text[found.body].to_owned(), diagnostics.iter().map(|d| d.code).collect())
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn the_head_ends_at_the_first_line_of_code() {
    let text = "-- @owner: me\n\n-- by hand\n--@TAGS :  a, b  \nselect 1 -- @owner: inline\n";
    let (entries, body, codes) = read(text, Language::Sql);
    assert_eq!(entries, pairs(&[("owner", "me"), ("tags", "a, b")]));
    assert_eq!(body, "select 1 -- @owner: inline\n");
    assert_eq!(codes, []);
}

#[test]
fn a_comment_after_the_last_annotation_belongs_to_the_body() {
    let (_, body, _) = read("-- @owner: me\n-- why\nselect 1", Language::Sql);
    assert_eq!(body, "-- why\nselect 1");
}

#[test]
fn without_annotations_everything_is_body() {
    for text in ["", "select 1", "-- a comment\nselect 1", "\n\n"] {
        assert_eq!(read(text, Language::Sql), (vec![], text.to_owned(), vec![]));
    }
}

#[test]
fn line_breaks_of_windows_and_a_byte_order_mark_are_no_part_of_anything() {
    let (entries, body, _) = read("\u{feff}-- @owner: Zoë\r\n-- @tags: a\r\nselect 1\r\n", Language::Sql);
    assert_eq!(entries, pairs(&[("owner", "Zoë"), ("tags", "a")]));
    assert_eq!(body, "select 1\r\n");
    assert_eq!(read("\u{feff}select 1", Language::Sql).1, "select 1");
}

#[test]
fn block_comments_are_comments_and_hold_no_annotation() {
    let text = "/* a head\n-- @owner: nobody\n*/\n{# note #}\n-- @owner: me\nselect 1";
    assert_eq!(read(text, Language::Sql).0, pairs(&[("owner", "me")]));
    let text = "/* a */ select 1\n-- @unknown: x\n";
    assert_eq!(read(text, Language::Sql).0, pairs(&[]));
}

#[test]
fn an_annotation_may_be_the_last_line_without_a_break() {
    let (entries, body, _) = read("-- @owner: me", Language::Sql);
    assert_eq!((entries, body.as_str()), (pairs(&[("owner", "me")]), ""));
}

#[test]
fn python_has_its_own_comment_mark() {
    let (entries, body, _) = read("#!/usr/bin/env python\n# @owner: me\n-- @tags: a\nx = 1", Language::Python);
    assert_eq!(entries, pairs(&[("owner", "me")]));
    assert_eq!(body, "-- @tags: a\nx = 1");
}

#[test]
fn values_may_hold_colons_and_nothing() {
    let (entries, _, _) = read("-- @description: a: b\n-- @owner:\nselect 1", Language::Sql);
    assert_eq!(entries, pairs(&[("description", "a: b"), ("owner", "")]));
}

#[test]
fn slips_are_told() {
    assert_eq!(read("-- @owner me\nselect 1", Language::Sql).2, [Code::MisplacedAnnotation]);
    assert_eq!(read("select 1\n-- @owner: me", Language::Sql).2, [Code::MisplacedAnnotation]);
    assert_eq!(read("-- @owner: me\n-- @owner: you\nselect 1", Language::Sql).2, [Code::DuplicateAnnotation]);
    assert_eq!(read("-- @owner: me\n-- @owner: you\nselect 1", Language::Sql).0, pairs(&[("owner", "you")]));
    assert_eq!(read("select 1 -- see @owner: me\n-- @todo: later\n-- mail me@owner: x", Language::Sql).2, []);
}

#[test]
fn a_test_has_its_annotations_anywhere() {
    let source = Source::new("t.sql", "-- @severity: WARNING\nselect 1\n-- @max_violations: 3\nfrom t -- @remediation: no\n-- @tags: a, b");
    let (header, diagnostics) = test_header(&source);
    assert_eq!(diagnostics, []);
    assert_eq!((header.severity.as_str(), header.max_violations, header.remediation), ("warn", 3, None));
    assert_eq!(header.tags, ["a", "b"]);
}
