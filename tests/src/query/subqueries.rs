//! Subqueries that see the row they stand in.

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
