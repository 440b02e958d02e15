//! Each output column's values are traced to the columns of tables.

use super::good;

fn lineage(sql: &str) -> Vec<String> {
    good(sql)
        .lineage
        .iter()
        .map(|l| {
            let from: Vec<String> = l.from.iter().map(|o| format!("{}.{}", o.table.trim_start_matches("default."), o.column)).collect();
            format!("{} <- {}", l.column, from.join(" "))
        })
        .collect()
}

#[test]
fn through_expressions_aliases_and_ctes() {
    let sql = "WITH base AS (SELECT id AS k, amount * 2 AS twice, 1 AS one FROM silver.orders) SELECT k, twice + k AS x, one FROM base b WHERE one = 1";
    assert_eq!(lineage(sql), ["k <- silver.orders.id", "x <- silver.orders.amount silver.orders.id", "one <- "]);
}

#[test]
fn through_joins_aggregates_and_windows() {
    let sql = "SELECT c.name, sum(o.amount) AS total, max(o.ordered_at) AS last FROM silver.orders o JOIN silver.customers c ON o.customer_id = c.id GROUP BY c.name";
    assert_eq!(lineage(sql), ["name <- silver.customers.name", "total <- silver.orders.amount", "last <- silver.orders.ordered_at"]);
    let sql = "SELECT id, sum(amount) OVER (PARTITION BY customer_id ORDER BY ordered_at) AS running FROM silver.orders";
    assert_eq!(
        lineage(sql),
        ["id <- silver.orders.id", "running <- silver.orders.amount silver.orders.customer_id silver.orders.ordered_at"]
    );
}

#[test]
fn through_unions_and_subqueries() {
    let sql = "SELECT id, status AS text FROM silver.orders UNION ALL SELECT id, name FROM silver.customers";
    assert_eq!(lineage(sql), ["id <- silver.customers.id silver.orders.id", "text <- silver.customers.name silver.orders.status"]);
    let sql = "SELECT (SELECT max(name) FROM silver.customers c WHERE c.id = o.customer_id) AS name FROM silver.orders o";
    assert_eq!(lineage(sql), ["name <- silver.customers.name"]);
    let sql = "SELECT o.amount + (SELECT max(c.id) FROM silver.customers c WHERE c.id = o.customer_id) AS x FROM silver.orders o";
    assert_eq!(lineage(sql), ["x <- silver.customers.id silver.orders.amount"]);
}

#[test]
fn through_lambdas() {
    let sql = "SELECT list_transform([id, amount], lambda x: x + customer_id) AS x, list_filter(['a'], lambda id: id = status) AS y FROM silver.orders";
    let from = ["x <- silver.orders.amount silver.orders.customer_id silver.orders.id", "y <- silver.orders.status"];
    assert_eq!(lineage(sql), from, "a parameter is no column");
}

#[test]
fn through_recursion() {
    let sql = "WITH RECURSIVE walk AS (SELECT id, customer_id AS up FROM silver.orders UNION ALL SELECT w.up, w.id FROM walk w WHERE w.id < 3) SELECT id FROM walk";
    assert_eq!(lineage(sql), ["id <- silver.orders.customer_id silver.orders.id"]);
}

#[test]
fn the_order_of_the_result_is_known() {
    assert_eq!(good("SELECT id FROM silver.orders ORDER BY ordered_at DESC, id LIMIT 3").order_by.len(), 2);
    assert!(good("SELECT id FROM silver.orders").order_by.is_empty());
}
