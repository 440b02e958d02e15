//! Every byte of the SQL leads back to what the user typed.

use proptest::prelude::*;
use rat_core::error::Source;
use rat_core::interop::template::{Rendered, Templates};

use super::{facts, later, render_with};

/// What the labels of a part of the SQL point at, innermost first.
fn typed(rendered: &Rendered, part: &str) -> Vec<String> {
    let at = rendered.sql.find(part).unwrap();
    let labels = rendered.map.labels(at..at + part.len(), "here");
    assert_eq!(labels[0].text, "here");
    labels.iter().map(|label| label.source.text[label.range.clone()].to_owned()).collect()
}

#[test]
fn text_maps_to_itself() {
    let rendered = render_with(&[], "SELECT amont FROM {{ ref('bronze.orders') }} o -- {{ 1 }}\nWHERE x", &later()).unwrap();
    assert_eq!(typed(&rendered, "amont"), ["amont"]);
    assert_eq!(typed(&rendered, "bronze"), ["ref('bronze.orders')"]);
    assert_eq!(typed(&rendered, "o -- 1\nWHERE"), ["o -- {{ 1 }}\nWHERE"]);
    assert_eq!(typed(&rendered, "orders\" o"), ["ref('bronze.orders') }} o"]);
}

#[test]
fn the_second_of_two_equal_words_is_told_from_the_first() {
    let rendered = render_with(&[], "{% if false %}a{% endif %}{# a #}b a", &later()).unwrap();
    let labels = rendered.map.labels(2..3, "");
    assert_eq!(labels[0].range, 35..36);
}

#[test]
fn macro_text_maps_into_the_macro_with_its_calls() {
    let macros = [
        ("macros/a.sql", "{% macro outer(c) %}outer {{ inner(c) }}{% endmacro %}"),
        ("macros/b.sql", "{% macro inner(c) %}\n  cast({{ c }} as int){% endmacro %}"),
    ];
    let rendered = render_with(&macros, "SELECT {{ outer('id') }} FROM t", &later()).unwrap();
    assert_eq!(typed(&rendered, "cast"), ["cast", "inner(c)", "outer('id')"]);
    assert_eq!(typed(&rendered, "id"), ["c", "inner(c)", "outer('id')"]);
    assert_eq!(typed(&rendered, "outer"), ["outer", "outer('id')"]);
    assert_eq!(typed(&rendered, "outer \n  cast"), ["outer {{ inner(c)", "outer('id')"]);
    assert_eq!(typed(&rendered, "int) FROM"), ["outer('id') }} FROM"]);
    assert_eq!(typed(&rendered, "FROM"), ["FROM"]);
}

#[test]
fn what_a_filter_did_to_a_macro_stays_with_the_expression() {
    let macros = [("macros/a.sql", "{% macro pad(c) %}  {{ c }}  {% endmacro %}{% macro up(c) %}x{{ c }}{% endmacro %}")];
    let rendered = render_with(&macros, "<{{ pad('id') | trim }}> {{ pad('other') | length }}", &later()).unwrap();
    assert_eq!(rendered.sql, "<id> 9");
    assert_eq!(typed(&rendered, "id"), ["pad('id') | trim"]);
    assert_eq!(typed(&rendered, "9"), ["pad('other') | length"]);
    let rendered = render_with(&macros, "{{ up('id') | upper }}", &later()).unwrap();
    assert_eq!(typed(&rendered, "XID"), ["x{{ c", "up('id') | upper"]);
}

#[test]
fn blocks_that_capture_keep_their_text() {
    let text = "{% set cols %}id, name{% endset %}{% macro wrap() %}({{ caller() }}){% endmacro %}SELECT {{ cols }} {% call wrap() %}inside{% endcall %}";
    let rendered = render_with(&[], text, &later()).unwrap();
    assert_eq!(typed(&rendered, "name"), ["name", "cols"]);
    assert_eq!(typed(&rendered, "inside"), ["inside", "caller()", "{% call wrap() %}"]);
    assert_eq!(typed(&rendered, "("), ["(", "{% call wrap() %}"]);
}

#[test]
fn annotations_count_as_bytes_of_the_file_and_not_of_the_sql() {
    let text = "-- @description: orders\nSELECT amont";
    let source = Source::new("pipeline.sql", text);
    let (rendered, _) = Templates::new(&[]).0.render(&source, 24..text.len(), &facts());
    let rendered = rendered.unwrap();
    assert_eq!(rendered.sql, "SELECT amont");
    assert_eq!(rendered.map.labels(7..12, "")[0].range, 31..36);
}

#[test]
fn a_place_outside_the_sql_is_its_end() {
    let rendered = render_with(&[], "SELECT 1", &later()).unwrap();
    assert_eq!(rendered.map.labels(90..99, "")[0].range, 7..8);
    let empty = render_with(&[], "{# nothing #}", &later()).unwrap();
    assert_eq!(empty.map.labels(0..1, "")[0].range, 0..13);
}

/// Pieces that templates are made of; each is a template on its own.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zé🐀 \n']{0,12}",
        Just("{{ ref('bronze.orders') }}".to_owned()),
        Just("{{- this -}}".to_owned()),
        Just("{{ cents('größe') }}".to_owned()),
        Just("{{ twice('a') | upper }}".to_owned()),
        Just("{{ cents('x') | trim | replace('r', 'ß') }}".to_owned()),
        Just("{# a {{ comment }} #}".to_owned()),
        Just("{%- raw -%} {{ raw }} {% endraw -%}".to_owned()),
        Just("{{ '' }}{{ [1, 'a'] }}".to_owned()),
    ]
}

fn template() -> impl Strategy<Value = String> {
    let leaf = proptest::collection::vec(piece(), 0..6).prop_map(|pieces| pieces.concat());
    leaf.prop_recursive(3, 24, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|body| format!("{{% if is_incremental() -%}}{body}{{% else %}}no{{% endif %}}")),
            inner.clone().prop_map(|body| format!("{{% for i in range(3) %}}{body}{{{{ i }}}}{{%- endfor %}}")),
            inner.clone().prop_map(|body| format!("{{% set b %}}{body}{{% endset %}}<{{{{ b }}}}>")),
            inner.clone().prop_map(|body| format!("{{% filter upper %}}{body}{{% endfilter %}}")),
            inner.clone().prop_map(|body| format!("{{% call twice('z') %}}{body}{{% endcall %}}")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("{a}{b}")),
        ]
    })
}

fn macros() -> Templates {
    let text = "{% macro cents(c) %}round({{ c }} / 100){% endmacro %}\n\
                {% macro twice(c) %}{{ cents(c) }}-{{ cents(c) }}{% if caller is defined %}{{ caller() }}{% endif %}{% endmacro %}";
    let (templates, diagnostics) = Templates::new(&[Source::new("macros/m.sql", text)]);
    assert!(diagnostics.is_empty());
    templates
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_byte_has_a_place_and_text_is_found_as_typed(text in template()) {
        let templates = macros();
        let source = Source::new("pipeline.sql", format!("-- @tags: x\n{text}"));
        let (rendered, diagnostics) = templates.render(&source, 12..source.text.len(), &later());
        let rendered = rendered.unwrap_or_else(|| panic!("{diagnostics:#?}"));
        for (at, c) in rendered.sql.char_indices() {
            let labels = rendered.map.labels(at..at + c.len_utf8(), "");
            let place = &labels[0];
            let typed = &place.source.text[place.range.clone()];
            prop_assert!(!typed.is_empty());
            prop_assert!(place.source.path.starts_with("macros/") || place.range.start >= 12);
            // One character was typed as itself, is upper case of what was typed, or was printed by an expression.
            let printed = c.to_string();
            let is_text = typed.chars().count() == 1 && (typed == printed || typed.to_uppercase() == printed);
            let is_expression = place.source.text[place.range.end..].trim_start().trim_start_matches('-').starts_with(['}', '%']);
            prop_assert!(is_text || is_expression || typed.chars().count() > 1, "{printed:?} came from {typed:?}");
            // The outermost place is in the template.
            prop_assert_eq!(&labels.last().unwrap().source.path, "pipeline.sql");
        }
    }

    #[test]
    fn any_text_at_all_is_rendered_or_refused(text in "(\\{\\{|\\}\\}|\\{%|%\\}|[-a-z'\"(){}#%.|~+ \n\u{10ff10}\u{10ff11}\u{10ff01}é])*") {
        let source = Source::new("pipeline.sql", text.as_str());
        let (rendered, diagnostics) = macros().render(&source, 0..text.len(), &later());
        prop_assert_eq!(rendered.is_none(), !diagnostics.is_empty());
        if let Some(rendered) = rendered {
            for at in 0..rendered.sql.len() {
                for label in rendered.map.labels(at..at + 1, "") {
                    prop_assert!(label.source.text.get(label.range).is_some());
                }
            }
        }
        for label in diagnostics.iter().flat_map(|d| &d.labels) {
            prop_assert!(label.source.text.get(label.range.clone()).is_some());
        }
    }
}
