//! Subqueries in the conditions of joins over stored tables; what each gives is DuckDB's answer.

use rat_core::error::Code;
use rat_core::{CheckOptions, QueryOptions};

use super::support::Shop;

/// The SQL with its tables named.
fn named(sql: &str, name: impl Fn(&str) -> String) -> String {
    ["a", "b", "c"].iter().fold(sql.to_owned(), |sql, table| sql.replace(&format!("{{{table}}}"), &name(table)))
}

fn stored(sql: &str) -> String {
    named(sql, |table| format!("bronze.{table}"))
}

async fn shop() -> Shop {
    let shop = Shop::new(&[
        ("default/pipelines/bronze/a/pipeline.sql", "SELECT * FROM (VALUES (1, 10), (2, 20), (3, NULL)) t(id, x)"),
        ("default/pipelines/bronze/b/pipeline.sql", "SELECT * FROM (VALUES (1, 5), (2, 6), (2, 7), (NULL, 8)) t(id, y)"),
        ("default/pipelines/bronze/c/pipeline.sql", "SELECT * FROM (VALUES (1, 10), (2, 21), (NULL, 5)) t(id, z)"),
    ])
    .await;
    for table in ["bronze.a", "bronze.b", "bronze.c"] {
        shop.run(table).await;
    }
    shop
}

#[tokio::test]
async fn a_join_asks_subqueries_about_the_rows_it_does_not_keep() {
    let shop = shop().await;
    for (join, expected) in [
        ("JOIN {b} AS b ON a.id = b.id AND EXISTS (SELECT 1 FROM {c} AS c WHERE c.id = a.id AND c.z > b.y)", "1|5 2|6 2|7"),
        ("JOIN {b} AS b ON a.id = b.id AND NOT EXISTS (SELECT 1 FROM {c} AS c WHERE c.id = a.id AND c.z > 20)", "1|5"),
        ("JOIN {b} AS b ON a.id = b.id AND b.y NOT IN (SELECT z + 1 FROM {c} AS c)", "1|5 2|7"),
        ("JOIN {b} AS b ON EXISTS (SELECT 1 FROM {c} AS c WHERE c.id = b.id AND z > 20) AND a.x > 15", "2|6 2|7"),
        ("JOIN {b} AS b ON a.id = b.id OR EXISTS (SELECT 1 FROM {c} AS c WHERE c.id = b.id AND z = 10)", "1|5 2|5 2|6 2|7 3|5"),
        ("JOIN {b} AS b ON a.id = b.id AND a.x = ANY (SELECT z FROM {c} AS c)", "1|5"),
        ("JOIN {b} AS b ON a.id = b.id AND b.y > (SELECT min(z) FROM {c} AS c WHERE c.id = b.id) - 5", ""),
        ("LEFT JOIN {b} AS b ON a.id = b.id AND b.id IN (SELECT id FROM {c} AS c WHERE z > 10)", "1| 2|6 2|7 3|"),
        ("LEFT JOIN {b} AS b ON a.id = b.id AND EXISTS (SELECT 1 FROM {c} AS c WHERE c.id = b.id AND z = 10) AND a.x < 15", "1|5 2| 3|"),
        ("LEFT JOIN {b} AS b ON a.id = b.id AND EXISTS (SELECT 1 FROM {c} AS c WHERE z > 100)", "1| 2| 3|"),
        ("LEFT JOIN {b} AS b ON a.id = b.id AND a.x > (SELECT min(z) FROM {c} AS c)", "1|5 2|6 2|7 3|"),
        ("RIGHT JOIN {b} AS b ON a.id = b.id AND a.x > (SELECT avg(z) - 1 FROM {c} AS c WHERE c.id = a.id)", "1|5 |6 |7 |8"),
        ("FULL JOIN {b} AS b ON a.id = b.id AND b.y > (SELECT min(z) FROM {c} AS c)", "1| 2|6 2|7 3| |5 |8"),
        (
            "JOIN {b} AS b ON a.id = b.id AND b.y IN (SELECT z - 5 FROM {c} AS c) JOIN {c} AS c ON c.id = a.id AND EXISTS (SELECT 1 FROM {b} AS d WHERE d.id = c.id)",
            "1|5",
        ),
        ("LEFT JOIN ({a} AS d JOIN {b} AS b ON d.id = b.id AND b.y IN (SELECT z + 2 FROM {c} AS c)) ON d.id = a.id", "1| 2|7 3|"),
    ] {
        let sql = stored(&format!("SELECT a.id, b.y FROM {{a}} AS a {join} ORDER BY a.id, b.y"));
        assert_eq!(shop.rows(&sql).await.join(" "), expected, "{sql}");
    }
    for (join, expected) in [
        ("SEMI JOIN {b} AS b ON a.id = b.id AND b.y IN (SELECT z + 1 FROM {c} AS c)", "2"),
        ("ANTI JOIN {b} AS b ON a.id = b.id AND b.y IN (SELECT z + 1 FROM {c} AS c)", "1 3"),
    ] {
        let sql = stored(&format!("SELECT a.id FROM {{a}} AS a {join} ORDER BY ALL"));
        assert_eq!(shop.rows(&sql).await.join(" "), expected, "{sql}");
    }
}

#[tokio::test]
async fn of_the_rows_that_a_join_keeps_no_subquery_is_asked_and_a_check_says_so() {
    for (join, at) in [
        ("LEFT JOIN {b} AS b ON a.id = b.id AND\n  EXISTS (SELECT 1 FROM {c} AS c WHERE c.id = a.id)", 2),
        ("LEFT JOIN {b} AS b ON a.id = b.id AND\n  b.y IN (SELECT z FROM {c} AS c WHERE c.id = a.id)", 2),
        ("RIGHT JOIN {b} AS b ON a.id = b.id AND\n  b.id IN (SELECT id FROM {c} AS c)", 2),
        ("FULL JOIN {b} AS b ON a.id = b.id AND\n  b.id IN (SELECT id FROM {c} AS c)", 2),
        ("ANTI JOIN {b} AS b ON a.id = b.id AND\n  a.id IN (SELECT id FROM {c} AS c)", 2),
    ] {
        let shop = shop().await;
        let sql = format!("SELECT a.id FROM {{a}} AS a {join}");
        shop.write("default/pipelines/silver/x/pipeline.sql", &named(&sql, |table| format!("{{{{ ref('bronze.{table}') }}}}")));
        let report = shop.lake.check(&CheckOptions::default()).await.unwrap();
        let [told] = &report.diagnostics[..] else { panic!("{join}: {:?}", report.diagnostics) };
        assert_eq!((told.code, told.start().map(|(line, _)| line)), (Code::UnsupportedSql, Some(at)), "{join}");
        let error = shop.lake.query(&stored(&sql), &QueryOptions::default()).await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::UnsupportedSql, told.message.as_str()), "{join}");
        assert!(told.message.contains("the rows that a join keeps"), "{}", told.message);
    }
}
