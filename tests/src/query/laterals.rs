//! What stands in FROM and sees the row beside it. The answers are DuckDB's.

use rat_core::error::Code;

use super::{Lake, rows};

/// The answer in any order.
async fn answer(lake: &Lake, sql: &str) -> Vec<String> {
    let mut rows = rows(&lake.query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}")));
    rows.sort();
    rows
}

#[tokio::test]
async fn a_list_of_the_row_becomes_rows_beside_it() {
    let lake = Lake::new();
    let lists = "(VALUES (1, [5, 6]), (2, NULL), (3, [])) v(id, l)";
    for (sql, expected) in [
        ("SELECT * FROM unnest([1, 2])".to_owned(), vec!["1", "2"]),
        ("SELECT t FROM unnest([1, 2]) AS t".to_owned(), vec!["1", "2"]),
        ("SELECT u.unnest, t.x FROM unnest([1, 2]) AS t(x), (SELECT unnest FROM unnest(['a'])) AS u".to_owned(), vec!["a|1", "a|2"]),
        (format!("SELECT id, x FROM {lists}, unnest(v.l) AS u(x)"), vec!["1|5", "1|6"]),
        (format!("SELECT id, x FROM {lists} CROSS JOIN unnest(l) AS x WHERE x > 5"), vec!["1|6"]),
        (format!("SELECT id, x FROM {lists} JOIN unnest(l) AS u(x) ON x > 5"), vec!["1|6"]),
        (format!("SELECT id, x FROM {lists} LEFT JOIN unnest(l) AS u(x) ON true"), vec!["1|5", "1|6", "2|", "3|"]),
        (
            format!("SELECT id, x, k FROM {lists} LEFT JOIN LATERAL (SELECT unnest(l) AS x, 'k' AS k) ON true"),
            vec!["1|5|k", "1|6|k", "2||", "3||"],
        ),
        (format!("SELECT id, i, x FROM {lists}, unnest(l) WITH ORDINALITY AS u(x, i)"), vec!["1|1|5", "1|2|6"]),
        ("SELECT unnest, ordinality FROM unnest(['a', 'b']) WITH ORDINALITY".to_owned(), vec!["a|1", "b|2"]),
        (
            "SELECT id, x FROM (VALUES (1, [[5], [6, 7]])) v(id, l), unnest(l) AS a(m), unnest(m) AS b(x)".to_owned(),
            vec!["1|5", "1|6", "1|7"],
        ),
        (
            "SELECT id, k, x FROM (VALUES (1, [{'k': 1, 'l': [1, 2]}])) v(id, l), unnest(l) AS a(m), unnest(m.l) AS b(x), (SELECT m.k) AS c(k)"
                .to_owned(),
            vec!["1|1|1", "1|1|2"],
        ),
        (format!("SELECT x, count(*), sum(id) FROM {lists}, unnest(l || [7]) AS x GROUP BY x"), vec!["5|1|1", "6|1|1", "7|2|4"]),
        (format!("SELECT id, (SELECT count(*) FROM {lists}, unnest(l) AS x WHERE v.id = o.id) FROM (VALUES (1), (2)) o(id)"), vec!["1|2", "2|0"]),
    ] {
        assert_eq!(answer(&lake, &sql).await, expected, "{sql}");
    }
}

#[tokio::test]
async fn a_subquery_sees_what_stands_before_it() {
    let lake = Lake::new();
    for (sql, expected) in [
        ("SELECT id, y FROM (VALUES (1), (2)) v(id), (SELECT id + 1 AS y) q", vec!["1|2", "2|3"]),
        ("SELECT id, y FROM (VALUES (1), (2)) v(id), (SELECT id + 1 AS y WHERE id > 1) q", vec!["2|3"]),
        ("SELECT * FROM (SELECT 1 AS k), (SELECT k + 1 AS u), (SELECT u * 10 AS w) WHERE u = 2", vec!["1|2|20"]),
        ("SELECT id, n FROM (VALUES (1), (3)) v(id), generate_series(1, id) AS g(n)", vec!["1|1", "3|1", "3|2", "3|3"]),
        ("SELECT count(*) FROM (VALUES (1), (2)) v(id), range(id) r(i), range(i) s(j)", vec!["1"]),
        (
            "SELECT id, m FROM (VALUES (1), (3)) v(id), (SELECT max(b) AS m FROM (VALUES (1, 2), (3, 4), (3, 5)) t(a, b) WHERE a = id) g",
            vec!["1|2", "3|5"],
        ),
        (
            "SELECT id, b FROM (VALUES (1), (2)) v(id) LEFT JOIN LATERAL (SELECT b FROM (VALUES (1, 2)) t(a, b) WHERE a = id) g ON true",
            vec!["1|2", "2|"],
        ),
        ("SELECT v.id, w.id FROM (VALUES (1), (2)) v(id), (SELECT 5 AS id) w", vec!["1|5", "2|5"]),
    ] {
        assert_eq!(answer(&lake, sql).await, expected, "{sql}");
    }
}

#[tokio::test]
async fn what_cannot_be_made_of_the_row_is_refused() {
    let lake = Lake::new();
    for sql in [
        "SELECT * FROM (VALUES (1, [5, 6])) v(id, l), (SELECT x FROM unnest(l) AS u(x) ORDER BY x LIMIT 1) q",
        "SELECT * FROM (VALUES (1, [5, 6])) v(id, l) LEFT JOIN unnest(l) AS u(x) ON x > 5",
        "SELECT * FROM (VALUES (1, [5, 6])) v(id, l) RIGHT JOIN LATERAL (SELECT l) q ON true",
        "SELECT * FROM (VALUES (1)) v(id) WITH ORDINALITY",
        "SELECT * FROM range(3) WITH ORDINALITY AS r(x, i), (VALUES (1)) v WITH ORDINALITY",
    ] {
        let (code, message) = lake.fails(sql).await;
        assert!(matches!(code, Code::UnsupportedSql | Code::SqlSyntax), "{sql}: {code} {message}");
    }
    assert_eq!(lake.fails("SELECT * FROM unnest([1], [2])").await.0, Code::TypeMismatch);
    assert_eq!(lake.fails("SELECT * FROM unnest([1]) AS t(a, b)").await.0, Code::InvalidQuery);
    assert_eq!(lake.fails("SELECT * FROM unnest(5)").await.0, Code::TypeMismatch);
    assert_eq!(lake.fails("SELECT * FROM (SELECT 1 AS k), (SELECT j + 1)").await.0, Code::UnknownColumn);
}
