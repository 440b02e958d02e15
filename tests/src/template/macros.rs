//! Macros of `macros/`: by name, by import, across files.

use rat_core::error::{Code, Source};
use rat_core::interop::template::Templates;

use super::{facts, later, render_with};

fn sql(macros: &[(&str, &str)], text: &str) -> String {
    render_with(macros, text, &later()).unwrap().sql
}

#[test]
fn every_macro_is_there_by_name() {
    let macros = [("macros/money.sql", "{% macro cents(c) %}round({{ c }} / 100.0, 2){% endmacro %}")];
    assert_eq!(sql(&macros, "SELECT {{ cents('a') }} AS eur"), "SELECT round(a / 100.0, 2) AS eur");
}

#[test]
fn a_file_of_macros_can_be_imported() {
    let macros = [("macros/money.sql", "{% set digits = 2 %}{% macro cents(c) %}round({{ c }}, {{ digits }}){% endmacro %}")];
    assert_eq!(sql(&macros, "{% import 'macros/money.sql' as m %}SELECT {{ m.cents('a') }}, {{ m.digits }}"), "SELECT round(a, 2), 2");
    assert_eq!(sql(&macros, "{% from 'macros/money.sql' import cents as c %}{{ c('a') }}"), "round(a, 2)");
}

#[test]
fn macros_see_the_macros_of_other_files() {
    let macros = [
        ("macros/a.sql", "{% macro outer(c) %}<{{ inner(c) }}>{% endmacro %}"),
        ("macros/b.sql", "{% macro inner(c) %}[{{ c }}]{% endmacro %}"),
    ];
    assert_eq!(sql(&macros, "{{ outer('x') }}"), "<[x]>");
}

#[test]
fn files_may_call_each_other_in_a_circle() {
    let macros = [
        ("macros/a.sql", "{% macro even(n) %}{% if n == 0 %}yes{% else %}{{ odd(n - 1) }}{% endif %}{% endmacro %}"),
        ("macros/b.sql", "{% macro odd(n) %}{% if n == 0 %}no{% else %}{{ even(n - 1) }}{% endif %}{% endmacro %}"),
    ];
    assert_eq!(sql(&macros, "{{ even(4) }} {{ odd(4) }}"), "yes no");
    assert_eq!(sql(&macros, "{% import 'macros/b.sql' as b %}{{ b.odd(1) }}"), "yes");
}

#[test]
fn macros_know_what_templates_know() {
    let macros = [(
        "macros/since.sql",
        "{% macro since(c) %}{% if is_incremental() and watermark_value %}WHERE {{ c }} > '{{ watermark_value }}'{% endif %}{% endmacro %}",
    )];
    let text = "SELECT * FROM {{ ref('bronze.orders') }} {{ since('ts') }}";
    assert_eq!(sql(&macros, text), "SELECT * FROM \"shop\".\"bronze\".\"orders\" WHERE ts > '2024-01-31 00:00:00'");
    let first = render_with(&macros, text, &facts()).unwrap();
    assert_eq!(first.sql, "SELECT * FROM \"shop\".\"bronze\".\"orders\" ");
    assert_eq!(first.uses.watermark.unwrap().source.path, "macros/since.sql");
    assert_eq!(first.uses.macros.into_iter().collect::<Vec<_>>(), ["since"]);
}

#[test]
fn a_macro_of_the_template_itself_comes_first() {
    let macros = [("macros/m.sql", "{% macro m() %}theirs{% endmacro %}")];
    assert_eq!(sql(&macros, "{% macro m() %}ours{% endmacro %}{{ m() }}"), "ours");
}

#[test]
fn private_macros_are_seen_by_their_file_only() {
    let macros = [("macros/m.sql", "{% macro _part(c) %}({{ c }}){% endmacro %}{% macro whole(c) %}{{ _part(c) }}{% endmacro %}")];
    assert_eq!(sql(&macros, "{{ whole('x') }}"), "(x)");
    let refused = render_with(&macros, "{{ _part('x') }}", &later()).unwrap_err();
    assert_eq!(refused[0].code, Code::UndefinedName);
}

#[test]
fn one_name_is_one_macro() {
    let sources = [
        Source::new("macros/a.sql", "{% macro m() %}a{% endmacro %}"),
        Source::new("macros/b.sql", "\n{% macro m() %}b{% endmacro %}{% macro ref() %}{% endmacro %}"),
    ];
    let (_, diagnostics) = Templates::new(&sources);
    let said: Vec<_> = diagnostics.iter().map(|d| (d.code, d.message.as_str(), d.start())).collect();
    assert_eq!(
        said,
        [
            (Code::DuplicateMacro, "macro `m` is defined twice", Some((2, 1))),
            (Code::DuplicateMacro, "macro `ref` has the name of something every template has", Some((2, 31))),
        ]
    );
}

#[test]
fn a_file_of_macros_that_is_no_template_is_reported_where_it_breaks() {
    let (_, diagnostics) = Templates::new(&[Source::new("macros/a.sql", "{% macro m() %}\n{{ 1 + }}\n{% endmacro %}")]);
    assert_eq!(diagnostics.len(), 1);
    assert_eq!(
        (diagnostics[0].code, diagnostics[0].path(), diagnostics[0].start()),
        (Code::TemplateSyntax, Some("macros/a.sql"), Some((2, 8)))
    );
}

#[test]
fn the_text_of_a_macro_is_its_own() {
    let text = "{% set k = 1 %}{% macro a() %}A{% endmacro %}{% macro b() %}B{% endmacro %}";
    let (templates, _) = Templates::new(&[Source::new("macros/m.sql", text)]);
    let a = templates.macro_text("a").unwrap();
    assert!(a.contains("}A{") && a.contains("k = 1") && !a.contains("}B{"), "{a}");
}
