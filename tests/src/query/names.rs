//! Names of columns that nobody named, and of those that a recursive query reads of itself.

use rat_core::error::Code;

use super::{Lake, rows};

/// The names of a query's columns, and its rows.
async fn asked(sql: &str) -> (Vec<String>, Vec<String>) {
    let answer = Lake::new().query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    (answer.schema.fields().iter().map(|field| field.name().clone()).collect(), rows(&answer))
}

#[tokio::test]
async fn a_field_of_a_struct_is_named_as_the_field_is() {
    let from = "FROM (SELECT {'a': {'b': 1}, 'c': 2} AS x, 3 AS y) AS t";
    for (columns, names) in [
        ("x.a.b, x.c, t.x.c", vec!["b", "c", "c_1"]),
        ("t.y, T.x.c", vec!["y", "c"]),
        ("(x).a, x['c']", vec!["(x).a", "x['c']"]),
        ("x.c + 1", vec!["(x.c + 1)"]),
        ("x.c AS z", vec!["z"]),
    ] {
        assert_eq!(asked(&format!("SELECT {columns} {from}")).await.0, names, "{columns}");
    }
    let (names, rows) = asked(&format!("SELECT c + 1 AS d FROM (SELECT x.c {from}) WHERE c > 1 ORDER BY c")).await;
    assert_eq!((names.concat(), rows.concat()), ("d".to_owned(), "3".to_owned()), "the field's name is the column's");
    let (_, rows) = asked(&format!("SELECT x.c, count(*) AS n {from} WHERE x.c = 2 GROUP BY x.c ORDER BY x.c")).await;
    assert_eq!(rows, ["2|1"]);
}

#[tokio::test]
async fn a_column_keeps_the_relation_it_is_of() {
    let sql = "SELECT a.id, b.id AS other FROM (SELECT 1 AS id) a JOIN (SELECT 1 AS id, 'x' AS n) b ON a.id = b.id ORDER BY a.id, b.n";
    let (names, rows) = asked(sql).await;
    assert_eq!((names, rows), (vec!["id".to_owned(), "other".to_owned()], vec!["1|1".to_owned()]));
    let correlated = "SELECT o.id, (SELECT max(i.id) FROM (SELECT 1 AS id) i WHERE i.id = o.id) AS m FROM (SELECT 1 AS id) o";
    assert_eq!(asked(correlated).await.1, ["1|1"]);
    let nested = "SELECT a.id, b.n FROM ((SELECT 1 AS id) a JOIN (SELECT 1 AS id, 2 AS n) b ON a.id = b.id)";
    assert_eq!(asked(nested).await.0, ["id", "n"]);
}

#[tokio::test]
async fn a_recursive_query_reads_its_columns_by_the_names_it_is_given() {
    for (sql, expected) in [
        ("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT sum(n), count(*) FROM r", vec!["15|5"]),
        (
            "WITH RECURSIVE fib(a, b) AS (SELECT 0, 1 UNION ALL SELECT b, a + b FROM fib WHERE b < 10) SELECT a FROM fib ORDER BY a",
            vec!["0", "1", "1", "2", "3", "5", "8"],
        ),
        (
            "WITH RECURSIVE r AS (SELECT 1 AS n, 'x' AS p UNION ALL SELECT n + 1, p || 'y' FROM r WHERE n < 3) SELECT p FROM r ORDER BY p",
            vec!["x", "xy", "xyy"],
        ),
        (
            "WITH RECURSIVE r AS (SELECT 1 AS n, 'x' AS p UNION ALL SELECT n + 1, p || 'y' FROM r WHERE n < 3) SELECT count(*) FROM r",
            vec!["3"],
        ),
        ("WITH RECURSIVE r(n) AS (VALUES (1) UNION SELECT n % 3 + 1 FROM r) SELECT n FROM r ORDER BY n", vec!["1", "2", "3"]),
        (
            "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3), s(m) AS (SELECT 7) SELECT max(n), max(m) FROM r, s",
            vec!["3|7"],
        ),
    ] {
        assert_eq!(asked(sql).await.1, expected, "{sql}");
    }
}

#[tokio::test]
async fn values_are_collected_in_the_order_asked_for_whatever_order_rows_come_in() {
    for from in ["range(5) t(x)", "(SELECT * FROM range(5) t(x) ORDER BY x)", "(SELECT * FROM range(5) t(x) ORDER BY x DESC) t"] {
        for (sql, expected) in [
            ("list(x ORDER BY x DESC)", "[4, 3, 2, 1, 0]"),
            ("list(x ORDER BY x)", "[0, 1, 2, 3, 4]"),
            ("list(DISTINCT x ORDER BY x DESC)", "[4, 3, 2, 1, 0]"),
            ("list(x ORDER BY x DESC) FILTER (WHERE x > 2)", "[4, 3]"),
            ("string_agg(x::VARCHAR, ',' ORDER BY x DESC)", "4,3,2,1,0"),
            ("string_agg(x::VARCHAR, ',' ORDER BY x)", "0,1,2,3,4"),
            ("first(x ORDER BY x DESC)", "4"),
            ("last(x ORDER BY x DESC)", "0"),
        ] {
            assert_eq!(asked(&format!("SELECT {sql} FROM {from}")).await.1, [expected], "{sql} from {from}");
        }
    }
}

#[tokio::test]
async fn casts_of_one_column_to_several_types_are_several_columns() {
    let rows_of = "(VALUES (1.6, TIMESTAMP '2026-01-01 01:02:03', 'a'), (2.5, TIMESTAMP '2026-01-02 01:02:03', 'b')) t(x, ts, s)";
    for (sql, expected) in [
        (
            "SELECT min(ts) < min(ts::VARCHAR)::TIMESTAMP, min(ts::DATE), max(TRY_CAST(ts AS DATE)), max(ts) FROM {t} HAVING max(ts::DATE) > '2026-01-01'",
            vec!["false|2026-01-01|2026-01-02|2026-01-02T01:02:03"],
        ),
        ("SELECT sum(x), sum(x::DOUBLE), sum(x::INT), avg(x::INTEGER) FROM {t}", vec!["4.1|4.1|5|2.5"]),
        (
            "SELECT ts::VARCHAR, ts::DATE, count(*) FROM {t} GROUP BY 1, 2 ORDER BY 1",
            vec!["2026-01-01 01:02:03|2026-01-01|1", "2026-01-02 01:02:03|2026-01-02|1"],
        ),
        (
            "SELECT ts, ts::DATE AS d, count(*) FROM {t} GROUP BY ALL ORDER BY ts::DATE DESC",
            vec!["2026-01-02T01:02:03|2026-01-02|1", "2026-01-01T01:02:03|2026-01-01|1"],
        ),
        ("SELECT CAST(x AS INTEGER) + 1 FROM {t} GROUP BY x::INT ORDER BY x::INT", vec!["3", "4"]),
        (
            "SELECT count(*), sum(x) FROM {t} GROUP BY GROUPING SETS ((ts::DATE), (ts::VARCHAR), ()) ORDER BY 1, 2",
            vec!["1|1.6", "1|1.6", "1|2.5", "1|2.5", "2|4.1"],
        ),
        ("SELECT x / 2, count(*) FROM {t} GROUP BY ROLLUP (x / 2) ORDER BY 1", vec!["0.8|1", "1.25|1", "|2"]),
        ("SELECT x::INT, count(*) FROM {t} GROUP BY CUBE (x::INT) ORDER BY 1", vec!["2|1", "3|1", "|2"]),
        (
            "SELECT sum(x::INT) OVER w, sum(x::DOUBLE) OVER w FROM {t} WINDOW w AS (ORDER BY ts::DATE) QUALIFY sum(x::INT) OVER w > 2 ORDER BY x::INT",
            vec!["5|4.1"],
        ),
        ("SELECT DISTINCT ts::DATE, s::VARCHAR FROM {t} ORDER BY ts::DATE", vec!["2026-01-01|a", "2026-01-02|b"]),
        ("SELECT count(DISTINCT x::INT) FILTER (WHERE x::INT > 1), count(DISTINCT x::VARCHAR) FROM {t}", vec!["2|2"]),
        ("SELECT DISTINCT ON (ts::DATE) s FROM {t} ORDER BY ts::DATE, x::INT", vec!["a", "b"]),
        ("SELECT (SELECT max(x::INT) + min(x::DOUBLE) FROM {t}) + x::INT FROM {t} ORDER BY 1", vec!["6.6", "7.6"]),
    ] {
        assert_eq!(asked(&sql.replace("{t}", rows_of)).await.1, expected, "{sql}");
    }
}

#[tokio::test]
async fn a_named_window_is_known_wherever_a_window_is() {
    let from = "(VALUES (1, 'a'), (2, 'b'), (3, 'b')) t(x, s)";
    for (sql, expected) in [
        ("SELECT s, sum(x) OVER w AS n FROM {t} WINDOW w AS (ORDER BY x) QUALIFY sum(x) OVER W > 2", vec!["b|3", "b|6"]),
        (
            "SELECT x FROM {t} WINDOW w AS (PARTITION BY s), v AS (w ORDER BY x DESC) QUALIFY row_number() OVER v = 1 ORDER BY x",
            vec!["1", "3"],
        ),
        ("SELECT s, x FROM {t} WINDOW w AS (ORDER BY x DESC) ORDER BY row_number() OVER w", vec!["b|3", "b|2", "a|1"]),
        (
            "SELECT sum(x) OVER (w ROWS 1 PRECEDING) AS n FROM {t} WINDOW w AS (ORDER BY x) UNION ALL SELECT 9 ORDER BY n",
            vec!["1", "3", "5", "9"],
        ),
    ] {
        assert_eq!(asked(&sql.replace("{t}", from)).await.1, expected, "{sql}");
    }
    assert_eq!(asked("SELECT sum(x) OVER w FROM (SELECT 1 AS x) WINDOW w AS (ORDER BY x)").await.0, ["sum(x) OVER (ORDER BY x)"]);
    let lake = Lake::new();
    for (sql, message) in [
        ("SELECT sum(1) OVER win FROM {t} WINDOW wim AS (ORDER BY x)", "there is no window `win`"),
        ("SELECT 1 FROM {t} ORDER BY sum(1) OVER w", "there is no window `w`"),
        ("SELECT 1 FROM {t} WINDOW v AS (w), w AS (ORDER BY x)", "there is no window `w`"),
        ("SELECT 1 FROM {t} WINDOW w AS (ORDER BY x), W AS (ORDER BY x)", "two windows are named `w`"),
        ("SELECT sum(1) OVER (w ORDER BY s) FROM {t} WINDOW w AS (ORDER BY x)", "the window `w` has ORDER BY already"),
        ("SELECT sum(1) OVER (w PARTITION BY s) FROM {t} WINDOW w AS (PARTITION BY x)", "the window `w` has PARTITION BY already"),
        ("SELECT sum(1) OVER (w) FROM {t} WINDOW w AS (ORDER BY x ROWS 1 PRECEDING)", "the window `w` has a frame already"),
    ] {
        let (code, said) = lake.fails(&sql.replace("{t}", from)).await;
        assert!(code == Code::InvalidQuery && said.contains(message), "{sql}: {said}");
    }
}

#[tokio::test]
async fn distinct_rows_are_ordered_by_what_they_are_made_of() {
    let from = "(VALUES (1, 'b'), (2, 'a'), (2, 'a')) t(x, s)";
    for (columns, by, expected) in [
        ("x + 1", "X + 1 DESC", vec!["3", "2"]),
        ("upper(s) AS u, x::INT", "UPPER(S), CAST(x AS INT)", vec!["A|2", "B|1"]),
        ("t.x, s", "t.s", vec!["2|a", "1|b"]),
        ("x AS y, -x", "y DESC", vec!["2|-2", "1|-1"]),
    ] {
        let sql = format!("SELECT DISTINCT {columns} FROM {from} ORDER BY {by}");
        assert_eq!(asked(&sql).await.1, expected, "{sql}");
    }
}

#[tokio::test]
async fn an_expression_is_named_as_duckdb_prints_it() {
    let of = "(SELECT 1 AS x, 4 AS level, 2 AS \"a b\", true AS keep, 'a' AS s, TIMESTAMP '2026-01-01' AS ts) t";
    for (expr, name) in [
        ("sum(\"a b\")", "sum(\"a b\")"),
        ("sum(t.Level)", "sum(t.\"Level\")"),
        ("YEAR(ts)", "\"year\"(ts)"),
        ("substring(s, 1, 2)", "\"substring\"(s, 1, 2)"),
        ("trim(BOTH 'a' FROM s)", "\"trim\"(s, 'a')"),
        ("position('a' IN s)", "\"position\"(s, 'a')"),
        ("ceil(x)", "ceil(x)"),
        ("min(x) FILTER (WHERE x>1)", "min(x) FILTER (WHERE (x > 1))"),
        ("count(*) FILTER (WHERE keep)", "count_star() FILTER (WHERE keep)"),
        ("list(x ORDER BY x DESC)", "list(x ORDER BY x DESC)"),
        ("string_agg(s, ',' ORDER BY x + 1 ASC NULLS LAST)", "string_agg(s, ',' ORDER BY (x + 1) ASC NULLS LAST)"),
        ("sum(DISTINCT x) FILTER (WHERE NOT keep AND x IS NOT NULL)", "sum(DISTINCT x) FILTER (WHERE ((NOT keep) AND (x IS NOT NULL)))"),
        (
            "sum(x) OVER (PARTITION BY s, keep ORDER BY x DESC ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)",
            "sum(x) OVER (PARTITION BY s, keep ORDER BY x DESC ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)",
        ),
        ("sum(x) OVER (ROWS 1 PRECEDING)", "sum(x) OVER (ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)"),
        ("rank() OVER (ORDER BY x NULLS FIRST)", "rank() OVER (ORDER BY x NULLS FIRST)"),
        ("row_number() OVER ()", "row_number() OVER ()"),
        ("lag(x IGNORE NULLS) OVER (ORDER BY x)", "lag(x IGNORE NULLS) OVER (ORDER BY x)"),
        (
            "CASE WHEN x>1 THEN 'a' WHEN x IS NULL THEN 'b' ELSE 'c' END",
            "CASE  WHEN ((x > 1)) THEN ('a') WHEN ((x IS NULL)) THEN ('b') ELSE 'c' END",
        ),
        ("CASE x WHEN 1 THEN 'a' END", "CASE  WHEN ((x = 1)) THEN ('a') ELSE NULL END"),
        ("extract(Year FROM ts)", "date_part('YEAR', ts)"),
        ("x NOT BETWEEN 1 AND 2", "(NOT (x BETWEEN 1 AND 2))"),
        ("x NOT IN (1, 2)", "(NOT (x IN (1, 2)))"),
        ("s NOT SIMILAR TO 'a'", "(NOT regexp_full_match(s, 'a'))"),
        ("keep AND (x>1 AND s='a')", "(keep AND (x > 1) AND (s = 'a'))"),
        ("keep OR x>1 AND s='a'", "(keep OR ((x > 1) AND (s = 'a')))"),
        ("keep AND NOT (keep OR x = 1)", "(keep AND (NOT (keep OR (x = 1))))"),
        ("ifnull(x, 1)", "COALESCE(x, 1)"),
        ("{'value': x, 'b': 1}", "struct_pack(\"value\" := x, b := 1)"),
        ("x<>1", "(x != 1)"),
        ("((x))+1", "(x + 1)"),
    ] {
        assert_eq!(asked(&format!("SELECT {expr} FROM {of}")).await.0, [name], "{expr}");
    }
}

#[tokio::test]
async fn the_column_of_using_is_of_the_side_that_has_the_row() {
    let sides = "(VALUES (1, 2)) t(a, b) {how} JOIN (VALUES (5, 3)) u(d, b) USING (b)";
    for (how, sql, expected) in [
        ("FULL", "SELECT * FROM {} ORDER BY b", vec!["1|2|", "|3|5"]),
        ("RIGHT", "SELECT * FROM {}", vec!["|3|5"]),
        ("LEFT", "SELECT * FROM {}", vec!["1|2|"]),
        ("RIGHT OUTER", "SELECT B, u.b AS other FROM {}", vec!["3|3"]),
        ("FULL", "SELECT b, count(*) FROM {} WHERE b > 1 GROUP BY b HAVING b < 9 ORDER BY b DESC", vec!["3|1", "2|1"]),
        ("FULL", "SELECT b + 1 AS c FROM {} ORDER BY b", vec!["3", "4"]),
        ("FULL", "SELECT t.b, u.b AS other FROM {} ORDER BY 1", vec!["2|", "|3"]),
        ("FULL", "SELECT b, row_number() OVER (ORDER BY b DESC) AS n FROM {} ORDER BY ALL", vec!["2|2", "3|1"]),
        ("FULL", "SELECT b, v.z FROM {} LEFT JOIN (SELECT 3 AS k, 9 AS z) v ON v.k = b ORDER BY b", vec!["2|", "3|9"]),
        ("FULL", "SELECT * REPLACE (b * 10 AS b) FROM {} ORDER BY 2", vec!["1|20|", "|30|5"]),
    ] {
        let sql = sql.replace("{}", &sides.replace("{how}", how));
        assert_eq!(asked(&sql).await.1, expected, "{sql}");
    }
    assert_eq!(asked(&format!("SELECT * FROM {}", sides.replace("{how}", "FULL"))).await.0, ["a", "b", "d"]);
    let lake = Lake::new();
    for sql in [
        "SELECT * FROM (SELECT 1 AS a) t NATURAL FULL JOIN (SELECT 1 AS a) u",
        "SELECT * FROM (SELECT 1 AS a) t FULL JOIN (SELECT 1 AS a) u USING (a) FULL JOIN (SELECT 1 AS a) v USING (a)",
        "SELECT * FROM (SELECT 1 AS a) POSITIONAL JOIN (SELECT 1 AS b) u ON true",
    ] {
        assert_eq!(lake.fails(sql).await.0, Code::UnsupportedSql, "{sql}");
    }
}

#[tokio::test]
async fn lists_of_a_table_are_reached_into() {
    let of = "(SELECT [1, 2, 3] AS l, {'m': [{'b': 5}], 'n': 'abc'} AS s) t";
    for (expr, expected) in [
        ("t.l[1]", "1"),
        ("T.l[-1]", "3"),
        ("t.l[2:3]", "[2, 3]"),
        ("l[:2]", "[1, 2]"),
        ("t.l[2:]", "[2, 3]"),
        ("s.m[1].b", "5"),
        ("t.s.m[1].b", "5"),
        ("s.n[2:]", "bc"),
        ("'abcd'[:2]", "ab"),
    ] {
        assert_eq!(asked(&format!("SELECT {expr} AS x FROM {of}")).await.1, [expected], "{expr}");
    }
}

#[tokio::test]
async fn an_alias_in_a_subquery_is_of_the_row_it_was_made_of() {
    let inner = "(VALUES (1, 42), (2, 43)) r(a, b)";
    let sql = format!("SELECT a AS o, (SELECT max(b) FROM {inner} WHERE r.a = o) AS m FROM (VALUES (1), (2)) t(a) ORDER BY 1");
    assert_eq!(asked(&sql).await.1, ["1|42", "2|43"]);
    let untold =
        format!("SELECT a AS o, (SELECT max(b) FROM {inner} WHERE r.a = o) AS m FROM (VALUES (1)) t(a) JOIN (VALUES (1)) u(z) ON true");
    assert_eq!(Lake::new().fails(&untold).await.0, Code::UnknownColumn);
}

#[tokio::test]
async fn of_columns_of_one_name_none_is_lost() {
    let joined = "FROM (SELECT 1 AS id, 'a' AS n) a JOIN (SELECT 1 AS id, 'b' AS n) b ON a.id = b.id";
    for (select, names, row) in [
        (format!("SELECT * {joined}"), vec!["id", "n", "id_1", "n_1"], "1|a|1|b"),
        (format!("SELECT a.n, b.n {joined} ORDER BY b.n"), vec!["n", "n_1"], "a|b"),
        (format!("SELECT DISTINCT a.n, b.n {joined} ORDER BY b.n"), vec!["n", "n_1"], "a|b"),
        (format!("SELECT b.n, * {joined} ORDER BY a.id"), vec!["n", "id", "n_1", "id_1", "n_2"], "b|1|a|1|b"),
        (format!("SELECT a.n, a.N, b.n AS n_1, b.n AS \"N\" {joined}"), vec!["n", "N_1", "n_1_1", "N_2"], "a|a|b|b"),
        ("SELECT 1 AS x, 2 AS X, x + 1 AS y".to_owned(), vec!["x", "X_1", "y"], "1|2|2"),
        ("SELECT 2 AS x, 1 AS x UNION ALL SELECT 3 AS x, 0 AS x ORDER BY x LIMIT 1".to_owned(), vec!["x", "x_1"], "2|1"),
        ("SELECT count(*), count(*) FROM (VALUES (1), (2))".to_owned(), vec!["count_star()", "count_star()_1"], "2|2"),
        ("SELECT n, n, count(*) FROM (VALUES ('a'), ('a')) v(n) GROUP BY ALL".to_owned(), vec!["n", "n_1", "count_star()"], "a|a|2"),
    ] {
        let (found, rows) = asked(&select).await;
        assert_eq!((found, rows), (names.iter().map(|name| (*name).to_owned()).collect(), vec![row.to_owned()]), "{select}");
    }
    assert_eq!(asked(&format!("DESCRIBE SELECT a.n, b.n {joined}")).await.1, ["n|VARCHAR|NO", "n_1|VARCHAR|NO"]);
}

#[tokio::test]
async fn twins_that_no_name_tells_apart_are_told() {
    assert_eq!(Lake::new().fails("SELECT v.*, v.* FROM (VALUES ('a')) v(n)").await.0, Code::DuplicateColumn);
    // `ORDER BY n` would mean the column of the `*`, where DuckDB means the alias.
    let (code, message) = Lake::new().fails("SELECT upper(n) AS n, * FROM (VALUES ('a')) v(n) ORDER BY n").await;
    assert_eq!((code, message.as_str()), (Code::DuplicateColumn, "two columns are named `n`"));
}
