//! Errors are in the template, and said once.

use rat_core::error::Code;

use super::{check, pipeline, shown};

#[test]
fn a_wrong_column_in_gold_is_found_before_bronze_ever_ran() {
    let report = check(&[
        ("bronze.orders", "SELECT 1 AS id, 2 AS amount"),
        ("silver.orders", "SELECT * FROM {{ ref('bronze.orders') }}"),
        ("gold.totals", "-- @owner: me\n\nSELECT id,\n       sum(amuont) AS total\nFROM {{ ref('silver.orders') }}\nGROUP BY id\n"),
    ]);
    assert_eq!(shown(&report.diagnostics), ["error UNKNOWN_COLUMN gold/totals/pipeline.sql:4:12 amuont"]);
    assert_eq!(report.diagnostics[0].help.as_deref(), Some("did you mean `amount`?"));
}

#[test]
fn an_error_inside_a_macro_shows_the_macro_and_the_call() {
    let report = check(&[
        ("macros/money.sql", "{% macro cents(c) %}round({{ c }} * 100, centz){% endmacro %}"),
        ("silver.orders", "SELECT {{ cents('a') }} AS x FROM (SELECT 1.5 AS a)"),
    ]);
    let diagnostic = &report.diagnostics[0];
    assert_eq!(diagnostic.code.as_str(), "UNKNOWN_COLUMN");
    let paths: Vec<&str> = diagnostic.labels.iter().map(|l| l.source.path.as_str()).collect();
    assert_eq!(paths, ["macros/money.sql", "default/pipelines/silver/orders/pipeline.sql"]);
}

#[test]
fn what_follows_from_an_error_is_silent() {
    let report = check(&[
        ("bronze.a", "SELECT nothing AS id FROM (SELECT 1 AS id)"),
        ("silver.b", "SELECT id, other FROM {{ ref('bronze.a') }}"),
        ("gold.c", "SELECT x FROM {{ ref('silver.b') }}"),
    ]);
    assert_eq!(shown(&report.diagnostics), ["error UNKNOWN_COLUMN bronze/a/pipeline.sql:1:8 nothing"]);
    assert!(pipeline(&report, "gold.c").schema.is_none());
}

#[test]
fn a_circle_is_one_error() {
    let report = check(&[
        ("silver.a", "SELECT x FROM {{ ref('silver.b') }}"),
        ("silver.b", "SELECT x FROM {{ ref('silver.a') }}"),
        ("gold.c", "SELECT x FROM {{ ref('silver.a') }}"),
    ]);
    let codes: Vec<&str> = report.diagnostics.iter().map(|d| d.code.as_str()).collect();
    assert_eq!(codes, ["CYCLE"]);
}

#[test]
fn a_table_named_without_ref_is_told_how() {
    let report = check(&[("bronze.a", "SELECT 1 AS id"), ("silver.b", "SELECT id FROM bronze.a")]);
    assert_eq!(shown(&report.diagnostics), ["error UNKNOWN_TABLE silver/b/pipeline.sql:1:16 bronze.a"]);
    assert!(report.diagnostics[0].help.as_deref().unwrap().contains("ref("), "{:?}", report.diagnostics);
}

#[test]
fn types_that_no_table_holds_are_at_their_expression() {
    let report = check(&[("silver.a", "SELECT 1 AS id,\n  INTERVAL '1 day' AS gap,\n  NULL AS nothing")]);
    let found = shown(&report.diagnostics);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].starts_with("error UNSUPPORTED_TYPE silver/a/pipeline.sql:2:"), "{found:#?}");
    assert!(found[1].starts_with("error UNSUPPORTED_TYPE silver/a/pipeline.sql:3:"), "{found:#?}");
}

#[test]
fn two_columns_of_one_name_are_at_the_second() {
    let report = check(&[
        ("silver.a", "SELECT 1 AS id,\n  2 AS ID"),
        ("silver.b", "SELECT a.id, b.id FROM {{ ref('silver.c') }} a, {{ ref('silver.c') }} b"),
        ("silver.c", "SELECT 1 AS id"),
    ]);
    assert_eq!(
        shown(&report.diagnostics),
        ["error DUPLICATE_COLUMN silver/a/pipeline.sql:2:8 ID", "error DUPLICATE_COLUMN silver/b/pipeline.sql:1:14 b.id"]
    );
}

#[test]
fn quality_tests_are_planned_over_the_table_as_it_will_be() {
    let report = check(&[
        ("silver.a", "SELECT 1 AS id"),
        ("default/pipelines/silver/a/tests/quality/good.sql", "SELECT * FROM {{ this }} WHERE id IS NULL"),
        ("default/pipelines/silver/a/tests/quality/new.sql", "SELECT id FROM {{ new_rows }} WHERE id < 0"),
        ("default/pipelines/silver/a/tests/quality/bad.sql", "-- @severity: warn\nSELECT * FROM {{ this }} WHERE idd IS NULL"),
    ]);
    assert_eq!(shown(&report.diagnostics), ["error UNKNOWN_COLUMN silver/a/tests/quality/bad.sql:2:32 idd"]);
}

#[test]
fn a_misspelt_keyword_is_at_its_word_in_the_template() {
    let report = check(&[
        ("bronze.orders", "SELECT 1 AS id"),
        ("silver.a", "-- @owner: me\n\nselct id FROM {{ ref('bronze.orders') }}"),
        ("silver.b", "SELECT id, count(*) AS n\nFROM {{ ref('bronze.orders') }}\n  gruop BY id"),
        ("silver.c", "{% set c = 'id' %}SELECT {{ c }}\nform {{ ref('bronze.orders') }}"),
    ]);
    let found = [
        "error SQL_SYNTAX silver/a/pipeline.sql:3:1 selct",
        "error SQL_SYNTAX silver/b/pipeline.sql:3:3 gruop",
        "error SQL_SYNTAX silver/c/pipeline.sql:2:1 form",
    ];
    assert_eq!(shown(&report.diagnostics), found);
    let help: Vec<_> = report.diagnostics.iter().map(|d| d.help.as_deref().unwrap()).collect();
    assert_eq!(help, ["did you mean `SELECT`?", "did you mean `GROUP`?", "did you mean `FROM`?"]);
}

#[test]
fn subqueries_that_no_join_can_be_made_of_are_told_before_they_run() {
    let b = "(SELECT b FROM {{ ref('bronze.b') }}";
    let told = |select: &str| {
        let sql = select.replace("{b}", b);
        let report = check(&[
            ("bronze.a", "SELECT * FROM (VALUES (1), (2)) t(a)"),
            ("bronze.b", "SELECT * FROM (VALUES (1), (2)) t(b)"),
            ("silver.x", &format!("{sql}\nFROM {{{{ ref('bronze.a') }}}}")),
        ]);
        shown(&report.diagnostics)
    };
    for (select, at) in [
        ("SELECT a,\n  EXISTS {b} WHERE b = a) AS e", "silver/x/pipeline.sql:2:"),
        ("SELECT a,\n  EXISTS {b}) AS e", "silver/x/pipeline.sql:2:"),
        ("SELECT a,\n  a IN {b}) AS e", "silver/x/pipeline.sql:2:3"),
        ("SELECT count(*),\n  sum(CASE WHEN a NOT IN {b}) THEN 1 ELSE 0 END) AS n", "silver/x/pipeline.sql:2:"),
        ("SELECT a,\n  a > ALL {b}) AS e", "silver/x/pipeline.sql:2:"),
        ("SELECT a,\n  row_number() OVER (ORDER BY {b} WHERE b = a)) AS n", "silver/x/pipeline.sql:2:"),
    ] {
        let told = told(select);
        assert!(told.len() == 1 && told[0].starts_with(&format!("error UNSUPPORTED_SQL {at}")), "{select}: {told:?}");
    }
    for select in [
        "SELECT a, (SELECT max(b) FROM {{ ref('bronze.b') }} WHERE b = a) AS m",
        "SELECT a, (SELECT count(*) FROM {{ ref('bronze.b') }}) AS n",
        "SELECT (SELECT max(b) FROM {{ ref('bronze.b') }} WHERE EXISTS {b} WHERE b = 1) OR b IN {b})) AS m",
    ] {
        assert_eq!(told(select), Vec::<String>::new(), "{select}");
    }
}

#[test]
fn a_limit_of_a_subquery_and_a_relation_that_reads_itself_twice_are_told_before_they_run() {
    let told = |sql: &str| check(&[("bronze.a", "SELECT * FROM (VALUES (1), (2)) t(a)"), ("silver.x", sql)]).diagnostics;
    let recursive =
        |term: &str| format!("WITH RECURSIVE r(n) AS (SELECT a FROM {{{{ ref('bronze.a') }}}}\nUNION ALL {term}) SELECT n FROM r");
    for (sql, what, line) in [
        ("SELECT a FROM {{ ref('bronze.a') }}\nLIMIT (SELECT 1)".to_owned(), "`LIMIT` of a subquery", 2),
        ("SELECT a FROM {{ ref('bronze.a') }}\nOFFSET 1 + (SELECT 1)".to_owned(), "`OFFSET` of a subquery", 2),
        (recursive("SELECT p.n + q.n FROM r AS p JOIN r AS q ON p.n = q.n WHERE p.n < 9"), "`r` more than once in its own definition", 1),
        (recursive("SELECT n + 1 FROM r WHERE n < 9 AND n IN (SELECT n FROM r)"), "`r` more than once in its own definition", 1),
        (recursive("SELECT a FROM {{ ref('bronze.a') }} WHERE a > (SELECT max(n) FROM r)"), "`r` in a subquery of its own definition", 2),
    ] {
        let told = told(&sql);
        let [problem] = &told[..] else { panic!("{sql}: {told:?}") };
        assert_eq!((problem.code, problem.message.as_str()), (Code::UnsupportedSql, format!("{what} is not supported").as_str()), "{sql}");
        assert_eq!(problem.start().map(|(line, _)| line), Some(line), "{sql}");
    }
    for sql in [
        "SELECT a FROM {{ ref('bronze.a') }} LIMIT 1 + 1".to_owned(),
        recursive("(WITH s AS (SELECT n FROM r) SELECT n + 1 FROM s WHERE n < 9 AND n IN (SELECT a FROM {{ ref('bronze.a') }}))"),
        recursive(
            "SELECT * FROM (WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 3) SELECT r.n + s.n AS n FROM s, r WHERE r.n < 9)",
        ),
    ] {
        assert_eq!(shown(&told(&sql)), Vec::<String>::new(), "{sql}");
    }
}
