//! Compiling: the union of two runs, references, guards, hashes.

use std::collections::BTreeSet;
use std::sync::Arc;

use rat_core::error::{Code, Diagnostic, Severity};
use rat_core::interop::compile::{Compiled, Known, compile};
use rat_core::interop::config::{self, Defaults, Overrides};
use rat_core::interop::project::{Files, discover};
use rat_core::interop::template::{Facts, Templates};
use rat_core::name::{Layer, Name};

use super::{facts, later, vars};

const ORDERS: &str = "shop/pipelines/silver/orders/pipeline.sql";

/// Compiles `shop.silver.orders` out of these files.
fn compiled(files: &[(&str, &str)], facts: &Facts) -> (Option<Compiled>, Vec<Diagnostic>) {
    let (project, diagnostics) = discover(&files.iter().copied().collect::<Files>());
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    let (templates, diagnostics) = Templates::new(&project.macros);
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    let pipeline = &project.pipelines[&Name::new("shop", Layer::Silver, "orders").unwrap()];
    let (config, diagnostics) = config::resolve(&Defaults::default(), pipeline, &Overrides::default());
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    let tables = BTreeSet::from([Name::new("crm", Layer::Bronze, "customers").unwrap()]);
    compile(&templates, pipeline, &Arc::new(config), &Known { project: &project, tables: &tables }, facts)
}

fn ok(files: &[(&str, &str)], facts: &Facts) -> Compiled {
    let (compiled, diagnostics) = compiled(files, facts);
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    compiled.unwrap()
}

const RAW: (&str, &str) = ("shop/pipelines/bronze/raw/pipeline.sql", "SELECT 1 AS id");
const LATE: (&str, &str) = ("shop/pipelines/bronze/late/pipeline.sql", "SELECT 1 AS id");

#[test]
fn a_ref_behind_an_if_is_a_dependency_whichever_way_it_goes() {
    let text = "SELECT * FROM {{ ref('bronze.raw') }}{% if watermark_value %} JOIN {{ ref('bronze.late') }}{% else %} , {{ ref('crm.bronze.customers') }}{% endif %}";
    let names = |compiled: &Compiled| compiled.refs.iter().map(|r| r.name.to_string()).collect::<BTreeSet<_>>();
    let first = ok(&[(ORDERS, text), RAW, LATE], &facts());
    let then = ok(&[(ORDERS, text), RAW, LATE], &later());
    assert_eq!(names(&first), names(&then));
    assert_eq!(names(&first), ["crm.bronze.customers", "shop.bronze.late", "shop.bronze.raw"].map(str::to_owned).into());
    assert!(first.sql.contains("crm") && !first.sql.contains("late"));
    assert!(then.sql.contains("late") && !then.sql.contains("crm"));
    assert_eq!(first.code_hash, then.code_hash);
}

#[test]
fn annotations_stay_out_of_the_sql() {
    let compiled =
        ok(&[(ORDERS, "-- @description: the orders\n-- @tags: a, b\nSELECT amont FROM {{ ref('bronze.raw') }}\n"), RAW], &facts());
    assert_eq!(compiled.sql, "SELECT amont FROM \"shop\".\"bronze\".\"raw\"");
    let label = &compiled.map.labels(7..12, "")[0];
    assert_eq!(label.source.line_column(label.range.start), (3, 8));
}

#[test]
fn a_reference_to_nothing_says_what_is_near() {
    let (_, diagnostics) = compiled(&[(ORDERS, "SELECT * FROM {{ ref('bronze.rwa') }}"), RAW], &facts());
    let expected = "error[UNKNOWN_REF]: pipeline `silver.orders` refers to `bronze.rwa`, which does not exist
  --> shop/pipelines/silver/orders/pipeline.sql:1:22
   | 1 | SELECT * FROM {{ ref('bronze.rwa') }}
   |   |                      ^^^^^^^^^^^^ no such pipeline or table
   help: did you mean `bronze.raw`?";
    assert_eq!(format!("{:#}", diagnostics[0]), expected);
    assert_eq!(diagnostics.len(), 1);
    let (_, diagnostics) = compiled(&[(ORDERS, "SELECT * FROM {{ ref('gold.raw') }}"), RAW], &facts());
    assert_eq!(diagnostics[0].help.as_deref(), Some("did you mean `bronze.raw`?"));
}

#[test]
fn an_error_of_the_other_run_is_a_warning() {
    let text = "SELECT 1{% if watermark_value %} FROM {{ ref('bronze.nope') }} {{ nope }}{% endif %}";
    let (first, diagnostics) = compiled(&[(ORDERS, text)], &facts());
    assert_eq!(first.unwrap().sql, "SELECT 1");
    assert_eq!(diagnostics.iter().map(|d| (d.code, d.severity)).collect::<Vec<_>>(), [(Code::UndefinedName, Severity::Warning)]);
    let (then, diagnostics) = compiled(&[(ORDERS, text)], &later());
    assert!(then.is_none());
    assert_eq!(diagnostics.iter().map(|d| (d.code, d.severity)).collect::<Vec<_>>(), [(Code::UndefinedName, Severity::Error)]);
    let text = "SELECT 1{% if watermark_value %} FROM {{ ref('bronze.nope') }}{% endif %}";
    let (_, diagnostics) = compiled(&[(ORDERS, text)], &facts());
    assert_eq!(diagnostics.iter().map(|d| (d.code, d.severity)).collect::<Vec<_>>(), [(Code::UnknownRef, Severity::Warning)]);
}

#[test]
fn an_unguarded_watermark_is_found_where_it_stands() {
    let unguarded = |text: &str, facts: &Facts| -> Vec<(Severity, String)> {
        let (_, diagnostics) =
            compiled(&[(ORDERS, text), ("macros/m.sql", "{% macro since(c) %}{{ c }} > '{{ watermark_value }}'{% endmacro %}")], facts);
        assert!(diagnostics.iter().all(|d| d.code == Code::UnguardedWatermark), "{diagnostics:#?}");
        diagnostics.iter().map(|d| (d.severity, d.labels[0].source.text[d.labels[0].range.clone()].to_owned())).collect()
    };
    let place = |severity, text: &str| vec![(severity, text.to_owned())];
    let bare = "SELECT 1 WHERE ts > '{{ watermark_value }}'";
    assert_eq!(unguarded(bare, &facts()), place(Severity::Error, "watermark_value"));
    assert_eq!(unguarded(bare, &later()), place(Severity::Warning, "watermark_value"));
    assert_eq!(unguarded("SELECT 1 WHERE {{ since('ts') }}", &facts()), place(Severity::Error, "watermark_value"));
    assert_eq!(unguarded("{% set w = watermark_value %}SELECT 1 WHERE ts > '{{ w }}'", &facts()), place(Severity::Error, "w"));
    assert_eq!(
        unguarded("{% if is_incremental() %}SELECT 1 WHERE ts > '{{ watermark_value }}'{% endif %}", &facts()),
        place(Severity::Error, "watermark_value")
    );
    for compared in [
        "{% if watermark_value > '2020' %}SELECT 1{% else %}SELECT 2{% endif %}",
        "{% if is_incremental() and '2020' <= watermark_value %}SELECT 1{% else %}SELECT 2{% endif %}",
        "{% if false %}{% elif not watermark_value<'2020' %}{% endif %}SELECT {{ 1 if 1 < 2 else 2 }}",
        "SELECT {{ 1 if (watermark_value or '') < 'a' and watermark_value >= 'b' else 2 }}",
        "{% macro m() %}{{ watermark_value > 'x' }}{% endmacro %}SELECT {{ m() }}, {{ m() }}",
    ] {
        assert_eq!(unguarded(compared, &facts()), place(Severity::Error, "watermark_value"), "{compared}");
    }
    let compared = "{% if watermark_value > '2020' %}SELECT 1{% else %}SELECT 2{% endif %}";
    assert_eq!(unguarded(compared, &later()), place(Severity::Warning, "watermark_value"));
    let (_, diagnostics) = compiled(
        &[
            (ORDERS, "SELECT {{ old('2020') }}"),
            ("macros/m.sql", "{% macro old(than) %}{% if watermark_value < than %}1{% else %}2{% endif %}{% endmacro %}"),
        ],
        &facts(),
    );
    let labels: Vec<_> = diagnostics[0].labels.iter().map(|l| (l.source.path.as_str(), &l.source.text[l.range.clone()])).collect();
    assert_eq!(labels, [("macros/m.sql", "watermark_value"), (ORDERS, "old('2020')")]);
    let equals = "{% if watermark_value == none %}{% endif %}SELECT 1 WHERE ts > {{ watermark_value }}";
    assert_eq!(unguarded(equals, &facts()), place(Severity::Error, "watermark_value"));
    for guarded in [
        "{% if watermark_value %}{{ watermark_value }}{% endif %}",
        "{% if watermark_value is not none %}{{ watermark_value }}{% endif %}",
        "{% if watermark_value != none %}{{ watermark_value }}{% endif %}",
        "{{ watermark_value or '1970-01-01' }}",
        "{{ watermark_value | default('1970-01-01', true) }}",
        "-- since {{ watermark_value }}",
        "/* since '{{ watermark_value }}' */",
        "{{ none }} 'None'",
        "{% if watermark_value and watermark_value > '2020' %}WHERE true{% endif %}",
        "{% if watermark_value is not none and '2020' < watermark_value %}WHERE true{% endif %}",
        "{{ 'a' if (watermark_value | default('', true)) < 'b' else 'c' }}",
        "{% if false and watermark_value > 'x' %}{% endif %}",
        "{% set watermark = '2020' %}{% if watermark > 'x' %}{% endif %}",
    ] {
        assert_eq!(unguarded(&format!("SELECT 1 {guarded}"), &facts()), [], "{guarded}");
    }
}

#[test]
fn a_view_does_not_depend_on_its_run() {
    let config = ("shop/pipelines/silver/orders/config.yaml", "materialized: view\n");
    let text = "SELECT '{{ run_started_at }}' FROM read_csv('{{ landing_zone('a') }}'){% if watermark_value %}{% endif %}";
    let (_, diagnostics) = compiled(&[(ORDERS, text), config], &facts());
    let said: Vec<_> = diagnostics.iter().map(|d| (d.code, &d.labels[0].source.text[d.labels[0].range.clone()])).collect();
    assert_eq!(said, [(Code::ViewNotPure, "'a'"), (Code::ViewNotPure, "watermark_value"), (Code::ViewNotPure, "run_started_at")]);
    ok(&[(ORDERS, "SELECT * FROM {{ ref('bronze.raw') }}"), RAW, config], &facts());
}

#[test]
fn quality_tests_are_compiled_like_their_pipeline() {
    let test = (
        "shop/pipelines/silver/orders/tests/quality/positive.sql",
        "-- @severity: warn\nSELECT * FROM {{ this }} JOIN {{ new_rows }} USING (id) JOIN {{ ref('bronze.raw') }} USING (id)",
    );
    let compiled_tests = ok(&[(ORDERS, "SELECT 1 AS id"), RAW, test], &facts()).tests;
    let expected = "SELECT * FROM \"shop\".\"silver\".\"orders\" JOIN new_rows USING (id) JOIN \"shop\".\"bronze\".\"raw\" USING (id)";
    assert_eq!(compiled_tests[0].sql, expected);
    assert_eq!(compiled_tests[0].refs.len(), 1);
    let (_, diagnostics) = compiled(&[(ORDERS, "SELECT * FROM {{ new_rows }}")], &facts());
    assert_eq!(diagnostics[0].code, Code::UndefinedName);
    let broken = ("shop/pipelines/silver/orders/tests/quality/broken.sql", "SELECT * FROM {{ ref('bronze.nope') }}");
    let (_, diagnostics) = compiled(&[(ORDERS, "SELECT 1 AS id"), broken], &facts());
    assert_eq!(diagnostics[0].message, "quality test `broken.sql` refers to `bronze.nope`, which does not exist");
}

#[test]
fn archiving_means_new_files() {
    let config = ("shop/pipelines/silver/orders/config.yaml", "archive_landing_zones: true\n");
    let text = "SELECT * FROM read_csv('{{ landing_zone('a') }}'), read_csv('{{ landing_zone('a', new=true) }}')";
    let zones = |files: &[(&str, &str)]| ok(files, &facts()).landing_zones.iter().map(|z| (z.zone.clone(), z.new_only)).collect::<Vec<_>>();
    assert_eq!(zones(&[(ORDERS, text)]), [("a".to_owned(), false), ("a".to_owned(), true)]);
    assert_eq!(zones(&[(ORDERS, text), config]), [("a".to_owned(), true)]);
}

#[test]
fn the_hash_is_of_what_makes_the_sql() {
    let macros = |body: &str, other: &str| format!("{{% macro m() %}}{body}{{% endmacro %}}{{% macro n() %}}{other}{{% endmacro %}}");
    let hash = |text: &str, macros: &str, days: i32, unused: i32| {
        let facts = Facts { vars: vars(serde_json::json!({"days": days, "unused": unused})), ..facts() };
        ok(&[(ORDERS, text), ("macros/m.sql", macros)], &facts).code_hash
    };
    let text = "SELECT {{ m() }} + {{ var('days') }}";
    let base = hash(text, &macros("1", "2"), 7, 1);
    assert_eq!(base.len(), 64);
    assert_eq!(base, hash(text, &macros("1", "3"), 7, 2), "another macro and another variable are not part of it");
    assert_ne!(base, hash(text, &macros("2", "2"), 7, 1));
    assert_ne!(base, hash(text, &macros("1", "2"), 8, 1));
    assert_ne!(base, hash("SELECT  {{ m() }} + {{ var('days') }}", &macros("1", "2"), 7, 1));
    let with_config = format!("-- @description: more\n{text}");
    assert_ne!(base, hash(&with_config, &macros("1", "2"), 7, 1));
}
