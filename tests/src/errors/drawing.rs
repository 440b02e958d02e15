//! The drawn snippet.

use rat_core::error::{Code, Diagnostic, Error, Kind, Source};

fn drawn(diagnostic: &Diagnostic) -> String {
    format!("{diagnostic:#}")
}

/// The text above the carets of the first place.
fn above_carets(drawing: &str) -> String {
    let lines: Vec<&str> = drawing.lines().collect();
    let at = lines.iter().position(|line| line.contains('^')).unwrap();
    let carets: Vec<usize> = lines[at].chars().enumerate().filter(|(_, c)| *c == '^').map(|(i, _)| i).collect();
    lines[at - 1].chars().skip(carets[0]).take(carets.len()).collect()
}

#[test]
fn a_place_is_drawn_with_its_line_and_carets() {
    let source = Source::new("default/pipelines/silver/orders/pipeline.sql", "select *\nfrom {{ ref('bronze.custmers') }} c\n");
    let start = source.text.find("'bronze").unwrap();
    let diagnostic = Diagnostic::error(Code::UnknownRef, "pipeline `silver.orders` refers to `bronze.custmers`, which does not exist")
        .at(&source, start..start + "'bronze.custmers'".len(), "no such pipeline or table")
        .help("did you mean `bronze.customers`?");
    let drawing = drawn(&diagnostic);
    let lines: Vec<&str> = drawing.lines().collect();
    assert_eq!(lines[0], "error[UNKNOWN_REF]: pipeline `silver.orders` refers to `bronze.custmers`, which does not exist");
    assert_eq!(lines[1], "  --> default/pipelines/silver/orders/pipeline.sql:2:13");
    assert!(lines[3].ends_with("^ no such pipeline or table"), "{drawing}");
    assert_eq!(lines[4], "   help: did you mean `bronze.customers`?");
    assert_eq!(above_carets(&drawing), "'bronze.custmers'");
}

#[test]
fn carets_stand_under_their_text_whatever_comes_before() {
    for before in ["", "\t\t", "größe, ", "日本, ", "\u{feff}"] {
        let source = Source::new("a.sql", format!("{before}wrong, right\r\n"));
        let diagnostic = Diagnostic::error(Code::UnknownColumn, "no").at(&source, before.len()..before.len() + 5, "");
        assert_eq!(above_carets(&drawn(&diagnostic)), "wrong", "after {before:?}");
    }
}

#[test]
fn edges_are_drawn() {
    let empty = Source::new("empty.sql", "");
    assert!(drawn(&Diagnostic::error(Code::SqlSyntax, "no").at(&empty, 0..0, "")).contains("--> empty.sql:1:1"));

    let source = Source::new("a.sql", "select\nfrom");
    let at_end = drawn(&Diagnostic::error(Code::SqlSyntax, "no").at(&source, 11..11, "expected a table"));
    assert!(at_end.contains("--> a.sql:2:5"), "{at_end}");
    assert!(at_end.contains("^ expected a table"), "{at_end}");

    let past_end = drawn(&Diagnostic::error(Code::SqlSyntax, "no").at(&source, 90..99, ""));
    assert!(past_end.contains("--> a.sql:2:5"), "{past_end}");

    let many_lines = drawn(&Diagnostic::error(Code::SqlSyntax, "no").at(&source, 2..9, ""));
    assert_eq!(above_carets(&many_lines), "lect");
}

#[test]
fn long_lines_are_cut_around_the_place() {
    let source = Source::new("a.sql", format!("{}wrong{}", "x".repeat(5000), "y".repeat(5000)));
    let drawing = drawn(&Diagnostic::error(Code::UnknownColumn, "no").at(&source, 5000..5005, ""));
    assert_eq!(above_carets(&drawing), "wrong");
    assert!(drawing.lines().all(|line| line.chars().count() < 250), "{drawing}");
}

#[test]
fn one_line_holds_the_place_and_none_of_the_text() {
    let source = Source::new("a.sql", "select secret_column");
    let diagnostic = Diagnostic::error(Code::UnknownColumn, "no such column").at(&source, 7..20, "");
    assert_eq!(diagnostic.to_string(), "no such column (a.sql:1:8)");
    let error = Error::from_diagnostics(vec![diagnostic]).unwrap();
    assert_eq!(error.to_string(), "no such column (a.sql:1:8)");
    assert_eq!(error.code(), Code::UnknownColumn);
    assert_eq!(error.kind(), Kind::Invalid);
    assert!(format!("{error:#}").contains("select secret_column"));
}

#[test]
fn warnings_alone_are_no_error() {
    assert!(Error::from_diagnostics(vec![Diagnostic::warning(Code::UnknownKey, "hm")]).is_none());
    let both = vec![Diagnostic::warning(Code::UnknownKey, "hm"), Diagnostic::error(Code::Cycle, "round")];
    let error = Error::from_diagnostics(both).unwrap();
    assert_eq!((error.code(), error.diagnostics().len()), (Code::Cycle, 2));
}

#[test]
fn nothing_drawn_has_colour() {
    let source = Source::new("a.sql", "x");
    let drawing = drawn(&Diagnostic::warning(Code::UnknownKey, "no").at(&source, 0..1, "here"));
    assert!(!drawing.contains('\u{1b}'));
}
