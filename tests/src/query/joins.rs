//! Rows that outer joins pad with NULL.

use super::{Lake, rows};

const FULL: &str = "FROM (SELECT unnest([2, 3]) AS b, 7 AS k) t FULL JOIN (SELECT unnest([3, 4]) AS b) u ON t.b = u.b";

#[tokio::test]
async fn what_is_constant_below_a_join_that_pads_it_is_sorted_by_above() {
    let lake = Lake::new();
    for (sql, expected) in [
        (format!("SELECT t.b, t.k, u.b {FULL} ORDER BY t.k, u.b"), vec!["3|7|3", "2|7|", "||4"]),
        (format!("SELECT k, count(*), max(u.b) {FULL} GROUP BY k ORDER BY k"), vec!["7|2|3", "|1|4"]),
        (format!("SELECT u.b, row_number() OVER (PARTITION BY k ORDER BY u.b) {FULL} ORDER BY ALL"), vec!["3|1", "4|1", "|2"]),
        (format!("SELECT DISTINCT k {FULL} ORDER BY k DESC"), vec!["7", ""]),
        (
            "SELECT a, k FROM range(4) r(a) LEFT JOIN (SELECT unnest([2, 0]) AS b, 7 AS k) ON a = b ORDER BY k, a".to_owned(),
            vec!["0|7", "2|7", "1|", "3|"],
        ),
        (
            "SELECT a, k FROM (SELECT unnest([2, 0]) AS b, 7 AS k) RIGHT JOIN range(4) r(a) ON a = b ORDER BY k, a".to_owned(),
            vec!["0|7", "2|7", "1|", "3|"],
        ),
        (
            "SELECT a, k FROM range(4) r(a) LEFT JOIN (SELECT * FROM (VALUES (2, 7), (0, 7), (1, 8)) v(b, k) WHERE k = 7) ON a > b ORDER BY k, a"
                .to_owned(),
            vec!["1|7", "2|7", "3|7", "3|7", "0|"],
        ),
    ] {
        assert_eq!(rows(&lake.query(&sql).await.unwrap()), expected, "{sql}");
    }
}
