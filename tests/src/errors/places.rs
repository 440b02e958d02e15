//! From bytes to lines and columns, as a person counts them.

use rat_core::error::{Code, Diagnostic, Source};

#[test]
fn columns_count_characters() {
    let source = Source::new("a.sql", "select 'größe' as x,\n  '日本' as y, z");
    let y = source.text.find(" y").unwrap() + 1;
    assert_eq!(source.line_column(y), (2, 11));
    assert_eq!(source.line_column(source.text.find(" x").unwrap() + 1), (1, 19));
}

#[test]
fn an_offset_inside_a_character_is_that_character() {
    let source = Source::new("a.sql", "é1");
    assert_eq!(source.line_column(1), (1, 1));
    assert_eq!(source.line_column(2), (1, 2));
}

#[test]
fn line_breaks_belong_to_the_line_they_end() {
    let source = Source::new("a.sql", "one\r\ntwo\n\nfour");
    assert_eq!(source.line_column(0), (1, 1));
    assert_eq!(source.line_column(4), (1, 5));
    assert_eq!(source.line_column(5), (2, 1));
    assert_eq!(source.line_column(9), (3, 1));
    assert_eq!(source.line_column(10), (4, 1));
}

#[test]
fn past_the_end_is_the_end() {
    assert_eq!(Source::new("a.sql", "").line_column(7), (1, 1));
    assert_eq!(Source::new("a.sql", "ab").line_column(7), (1, 3));
    assert_eq!(Source::new("a.sql", "ab\n").line_column(3), (2, 1));
}

#[test]
fn a_diagnostic_knows_where_it_begins_and_ends() {
    let source = Source::new("a.sql", "select\n  größe,\n  b");
    let start = source.text.find("größe").unwrap();
    let diagnostic = Diagnostic::error(Code::UnknownColumn, "no").at(&source, start..start + "größe".len(), "");
    assert_eq!(diagnostic.path(), Some("a.sql"));
    assert_eq!(diagnostic.start(), Some((2, 3)));
    assert_eq!(diagnostic.end(), Some((2, 8)));
    assert_eq!(Diagnostic::error(Code::UnknownColumn, "no").start(), None);
}
