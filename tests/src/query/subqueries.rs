//! Subqueries that see the row they stand in.

use rat_core::error::Code;

use super::{Lake, rows};

#[tokio::test]
async fn what_is_made_of_an_aggregate_over_no_rows_is_known() {
    let lake = Lake::new();
    for (value, expected) in [
        ("0.5 * sum(y)", ["0.75", "3.00", ""]),
        ("sum(x) + 1", ["2", "5", ""]),
        ("sum(y)::INT", ["2", "6", ""]),
        ("max(x)::BOOLEAN", ["true", "true", ""]),
        ("coalesce(sum(y)::INT, 7) + 1", ["3", "7", "8"]),
        ("coalesce(sum(x)::VARCHAR, 'none')", ["1", "4", "none"]),
        ("max(x) // 2 + count(*)", ["1", "3", ""]),
        ("strftime(max(d), '%Y')", ["2026", "2026", ""]),
        ("regexp_replace(max(s), 'b', 'c')", ["a", "c", ""]),
        ("count(*) * 0.5", ["0.5", "1.0", "0.0"]),
    ] {
        let sql = format!(
            "SELECT (SELECT {value} FROM (VALUES (1, 1.5, 'a', DATE '2026-01-01'), (2, 2.5, 'b', DATE '2026-01-01'), (2, 3.5, 'b', DATE '2026-01-02')) t(x, y, s, d)
                WHERE x = k) AS r FROM (VALUES (1), (2), (3)) o(k) ORDER BY k"
        );
        assert_eq!(rows(&lake.query(&sql).await.unwrap_or_else(|error| panic!("{value}: {error}"))), expected, "{value}");
    }
}

#[tokio::test]
async fn a_subquery_that_stands_for_a_value_has_one_row_or_none() {
    let lake = Lake::new();
    let of = "(VALUES (1, 'a', 5), (2, 'b', 6), (2, 'c', 7), (3, NULL, 8)) t(k, s, n)";
    for (value, expected) in [
        ("SELECT s FROM {t} WHERE k = o.k AND n < 7", ["a", "b", ""]),
        ("SELECT upper(s) AS u FROM {t} WHERE k = o.k AND n <> 7", ["A", "B", ""]),
        ("SELECT s FROM {t} WHERE k = o.k ORDER BY n DESC LIMIT 1", ["a", "c", ""]),
        ("SELECT s FROM {t} WHERE k = o.k ORDER BY s DESC LIMIT 1", ["a", "c", ""]),
        ("SELECT n + 1 FROM {t} WHERE k = o.k AND s IS NOT NULL LIMIT 1", ["6", "7", ""]),
        ("SELECT DISTINCT k FROM {t} WHERE k = o.k", ["1", "2", "3"]),
        ("SELECT 42 WHERE false", ["", "", ""]),
        ("SELECT count(*) FROM {t} HAVING count(*) > 9", ["", "", ""]),
        ("SELECT count(*) FROM {t} WHERE k = o.k AND n > 6", ["0", "1", "1"]),
        ("SELECT max(n) FROM {t} WHERE k = o.k GROUP BY k", ["5", "7", "8"]),
    ] {
        let sql = format!("SELECT ({value}) AS r FROM (VALUES (1), (2), (3)) o(k) ORDER BY k").replace("{t}", of);
        assert_eq!(rows(&lake.query(&sql).await.unwrap_or_else(|error| panic!("{value}: {error}"))), expected, "{value}");
    }
    for several in ["SELECT s FROM {t} WHERE k = o.k", "SELECT 1 FROM {t}"] {
        let sql = format!("SELECT ({several}) AS r FROM (VALUES (1), (2)) o(k)").replace("{t}", of);
        let (code, said) = lake.fails(&sql).await;
        assert!(code == Code::ExecutionFailed && said.contains("more than one row"), "{several}: {code:?} {said}");
    }
    let kept = "SELECT k FROM (VALUES (1), (2)) o(k) WHERE (SELECT s FROM {t} WHERE k = o.k AND n < 7) = 'b'".replace("{t}", of);
    assert_eq!(rows(&lake.query(&kept).await.unwrap()), ["2"]);
}
