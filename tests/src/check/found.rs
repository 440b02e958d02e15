//! What a project refers to, where that is less plain than a `ref` in a query; and what a later run is taken to know.

use super::{check, name, shown};

fn reads(report: &rat_core::interop::check::CheckReport, pipeline: &str) -> Vec<String> {
    report.graph.parents(&name(pipeline)).into_iter().map(rat_core::name::Name::short).collect()
}

#[test]
fn a_ref_in_a_comment_of_the_sql_is_no_dependency() {
    let report = check(&[
        ("bronze.a", "select 1 as id"),
        ("bronze.b", "select 1 as id"),
        ("bronze.c", "select 1 as id"),
        (
            "silver.x",
            "select id -- was {{ ref('bronze.a') }}, and {{ ref('bronze.gone') }}\n/* {{ ref('bronze.c') }} */\nfrom {{ ref('bronze.b') }}",
        ),
        ("silver.y", "select id, '-- no comment' as t -- {{ ref('bronze.a') }}\nfrom {{ ref('bronze.a') }}"),
    ]);
    assert_eq!(shown(&report.diagnostics), [""; 0]);
    assert_eq!(reads(&report, "silver.x"), ["bronze.b"]);
    assert_eq!(reads(&report, "silver.y"), ["bronze.a"]);
}

#[test]
fn a_python_pipeline_reads_what_it_names_and_what_it_computes_is_not_known() {
    let program = "# ref('bronze.nope')\n'''ref(\"bronze.nope\")'''\nx = ref( \"bronze.a\" )\ny = ref('default.bronze.b', )\n\
        z = other.ref('bronze.nope')\ndef ref(x): pass\nw = ref(name)\nprefix_ref('bronze.nope')\nf = f\"{x}\" ; a = 'it\\'s ref(\"bronze.nope\")'\n\
        result = ref('bronze.a')\n";
    let report = check(&[
        ("bronze.a", "select 1 as id"),
        ("bronze.b", "select 1 as id"),
        ("default/pipelines/gold/ml/pipeline.py", program),
        ("gold.after", "select * from {{ ref('gold.ml') }}"),
    ]);
    assert_eq!(shown(&report.diagnostics), [""; 0]);
    assert_eq!(reads(&report, "gold.ml"), ["bronze.a", "bronze.b"]);
    assert_eq!(reads(&report, "gold.after"), ["gold.ml"]);
    for broken in ["ref(", "ref('", "ref('bronze.a", "ref('bronze.a'", "ref(''", "'", "\"\"\"", "ref('\\"] {
        check(&[("default/pipelines/gold/ml/pipeline.py", broken)]);
    }
    let circle = check(&[
        ("default/pipelines/gold/ml/pipeline.py", "result = ref('gold.after')"),
        ("gold.after", "select * from {{ ref('gold.ml') }}"),
    ]);
    assert_eq!(circle.diagnostics[0].code.as_str(), "CYCLE");
}

#[test]
fn a_later_run_is_typed_with_a_watermark_of_the_columns_type() {
    let unquoted = |select: &str, column: &str| {
        format!(
            "-- @merge_strategy: append_only\n-- @watermark_column: {column}\n{select}\n\
             {{% if watermark_value %}} where {column} > {{{{ watermark_value }}}}{{% endif %}}"
        )
    };
    let quoted = |select: &str, column: &str| {
        format!(
            "-- @merge_strategy: append_only\n-- @watermark_column: {column}\n{select}\n\
             {{% if watermark_value %}} where {column} > date '{{{{ watermark_value }}}}'{{% endif %}}"
        )
    };
    let numbers = unquoted("select * from (values (1), (2)) as t(id)", "id");
    let days = quoted("select * from (values (date '2024-01-01')) as t(day)", "day");
    let times = unquoted("select * from (values (timestamp '2024-01-01')) as t(at)", "at");
    let report = check(&[("silver.numbers", &numbers), ("silver.days", &days), ("silver.times", &times)]);
    let wrong: Vec<String> = shown(&report.diagnostics);
    assert!(wrong.iter().all(|line| line.contains("silver/times")) && !wrong.is_empty(), "{wrong:?}");
}

#[test]
fn two_columns_of_one_name_are_told_as_that() {
    let report = check(&[
        ("bronze.a", "select 1 as id, 'x' as name"),
        ("silver.x", "select id, name as id from {{ ref('bronze.a') }}"),
        ("silver.y", "select id from {{ ref('bronze.a') }} a join {{ ref('bronze.a') }} b on a.id = b.id"),
    ]);
    assert_eq!(report.diagnostics.iter().map(|d| d.code.as_str()).collect::<Vec<_>>(), ["DUPLICATE_COLUMN", "AMBIGUOUS_COLUMN"]);
}
