//! What refusals say, and where they point.

use rat_core::error::{Code, Diagnostic};

use super::{later, render, render_with, vars};

/// Code, message, what is underlined, help.
fn said(diagnostic: &Diagnostic) -> (Code, &str, &str, Option<&str>) {
    let label = &diagnostic.labels[0];
    (diagnostic.code, &diagnostic.message, &label.source.text[label.range.clone()], diagnostic.help.as_deref())
}

fn check(text: &str, code: Code, message: &str, underlined: &str, help: Option<&str>) {
    let diagnostics = render(text).expect_err(text);
    assert_eq!(said(&diagnostics[0]), (code, message, underlined, help), "{text}");
}

#[test]
fn names_that_are_not_defined() {
    use Code::UndefinedName as C;
    check("{{ watermak_value }}", C, "`watermak_value` is not defined", "watermak_value", Some("did you mean `watermark_value`?"));
    check("é {{ 1 + colums }}{% set columns = 1 %}", C, "`colums` is not defined", "colums", Some("did you mean `columns`?"));
    check("{{ reff('a.b') }}", C, "`reff` is not defined", "reff", Some("did you mean `ref`?"));
    check("{{ ref(nope) }}", C, "`nope` is not defined", "nope", None);
    check("{{ 'a' | uper }}", C, "there is no filter `uper`", "uper", Some("did you mean `upper`?"));
    check("{{ 1 is evenn }}", C, "there is no test `evenn`", "evenn", Some("did you mean `even`?"));
    check("{% set d = {'a': 1} %}{{ d.b }}", C, "`d` has no `b`", "b", None);
    check("{% set d = {'a': 1} %}{{ d['b'] }}", C, "the value has no such key or position", "d['b']", None);
    check("{{ foo.bar('a') }}", C, "`foo` is not defined", "foo", None);
}

#[test]
fn calls_that_fail() {
    use Code::TemplateCall as C;
    check("{{ ref() }}", C, "`ref` takes one text, such as `ref('silver.orders')`", "ref()", None);
    check("{{ ref(1) }}", C, "`ref` takes one text, such as `ref('silver.orders')`", "ref(1)", None);
    check("{{ is_scd2(1) }}", C, "`is_scd2` takes no arguments", "is_scd2(1)", None);
    check("{{ landing_zone('a', old=true) }}", C, "`landing_zone` takes one text, and `new=true` or nothing", "'a'", None);
    check("{{ 1 / 0 }}", C, "unable to calculate 1 / 0", "1 / 0", None);
    let lists = "lists and maps do not change: make a new one, such as `{% set names = names + [name] %}`";
    check("{% set l = [1] %}{{ l.append(2) }}", C, "sequence has no method named append", ".append(2)", Some(lists));
}

#[test]
fn references_and_variables() {
    let parts = "`orders` is not the name of a table: it does not have two or three parts";
    check("{{ ref('orders') }}", Code::InvalidRef, parts, "'orders'", None);
    let layer = "`sliver.orders` is not the name of a table: `sliver` is not a layer";
    check("{{ ref('sliver.orders') }}", Code::InvalidRef, layer, "'sliver.orders'", Some("did you mean `silver`?"));
    let name = "`bronze.Orders` is not the name of a table: `Orders` cannot be used as a name";
    check("{{ ref('bronze.Orders') }}", Code::InvalidRef, name, "'bronze.Orders'", None);
    let facts = rat_core::interop::template::Facts { vars: vars(serde_json::json!({"country": "FR"})), ..later() };
    let diagnostics = render_with(&[], "{{ var('county') }}", &facts).unwrap_err();
    let message = "variable `county` is not set, and has no default";
    assert_eq!(said(&diagnostics[0]), (Code::UnknownVar, message, "'county'", Some("did you mean `country`?")));
}

#[test]
fn syntax() {
    use Code::TemplateSyntax as C;
    check("{% if this %}\n{% for i in [1] %}x", C, "`for` is never closed", "{% for i in [1] %}", Some("add `{% endfor %}`"));
    check("{{ 1 + }}", C, "unexpected end of variable block", "}}", None);
}

#[test]
fn the_sandbox() {
    use Code::TemplateForbidden as C;
    let macros = Some("make it a macro in `macros/`, which every template can call");
    check("a {% include 'other.sql' %}", C, "`include` is not allowed: a template is one file", "{% include 'other.sql' %}", macros);
    let names = Some("use the functions, filters and methods of templates");
    check("{{ ''.__class__.__mro__ }}", C, "`__class__` is not allowed: it is Python's inside", "__class__", names);
    let diagnostics = render_with(&[("macros/dates.sql", "")], "{% import 'macros/date.sql' as d %}", &later()).unwrap_err();
    let message = "`macros/date.sql` is not a file of macros";
    assert_eq!(said(&diagnostics[0]), (C, message, "'macros/date.sql'", Some("did you mean `macros/dates.sql`?")));
}

#[test]
fn inside_a_macro_the_calls_follow() {
    let macros = [
        ("macros/a.sql", "{% macro outer(c) %}\n{{ inner(c) }}{% endmacro %}"),
        ("macros/b.sql", "{% macro inner(c) %}{% if c %}{{ nope }}{% endif %}{% endmacro %}"),
    ];
    let diagnostics = render_with(&macros, "SELECT\n  {{ outer('id') }}", &later()).unwrap_err();
    let places: Vec<_> =
        diagnostics[0].labels.iter().map(|l| (l.source.path.as_str(), &l.source.text[l.range.clone()], l.text.as_str())).collect();
    assert_eq!(
        places,
        [
            ("macros/b.sql", "nope", ""),
            ("macros/a.sql", "inner(c)", "called from here"),
            ("pipeline.sql", "outer('id')", "called from here"),
        ]
    );
}

#[test]
fn what_a_rendering_called_is_found_where_it_was_typed() {
    let macros = [("macros/m.sql", "{% macro from_raw(t) %}{{ ref('bronze.' ~ t) }} {{ ref('bronze.fixed') }}{% endmacro %}")];
    let text = "{# ref('bronze.nope') #}{{ ref('bronze.a') }} {{ from_raw('b') }} {{ landing_zone('files', new=true) }}";
    let rendered = render_with(&macros, text, &later()).unwrap();
    let refs: Vec<_> = rendered
        .refs
        .iter()
        .map(|r| (r.name.short(), r.label.source.path.as_str(), &r.label.source.text[r.label.range.clone()], r.calls.len()))
        .collect();
    assert_eq!(
        refs,
        [
            ("bronze.a".to_owned(), "pipeline.sql", "'bronze.a'", 0),
            ("bronze.b".to_owned(), "macros/m.sql", "ref('bronze.' ~ t)", 1),
            ("bronze.fixed".to_owned(), "macros/m.sql", "'bronze.fixed'", 1),
        ]
    );
    let zone = &rendered.landing_zones[0];
    assert_eq!((zone.zone.as_str(), zone.new_only, &zone.label.source.text[zone.label.range.clone()]), ("files", true, "'files'"));
}
