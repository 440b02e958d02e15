//! Names match without regard to case; a result keeps the spelling of the table or the alias.

use super::{columns, planned};

#[test]
fn tables_are_found_by_two_and_three_parts_in_any_case() {
    for table in ["silver.orders", "default.silver.orders", r#""default"."silver"."orders""#, "SILVER.Orders"] {
        assert_eq!(columns(&format!("SELECT id FROM {table}")), ["id"], "{table}");
    }
    assert_eq!(columns("SELECT sales.amount FROM shop.gold.sales"), ["amount"]);
    assert_eq!(columns("SELECT default.silver.orders.id FROM silver.orders"), ["id"]);
}

#[test]
fn columns_match_without_regard_to_case_and_keep_the_tables_spelling() {
    assert_eq!(columns("SELECT ID, \"STATUS\" FROM silver.orders o WHERE O.Amount > 1"), ["id", "status"]);
    assert_eq!(columns("SELECT customerid, TOTAL FROM bronze.mixed"), ["CustomerId", "Total"]);
    assert_eq!(columns("SELECT * FROM bronze.mixed"), ["CustomerId", "Total"]);
    assert_eq!(columns("SELECT m.customerid FROM bronze.mixed m GROUP BY CUSTOMERID ORDER BY customerID"), ["CustomerId"]);
}

#[test]
fn tables_that_spell_a_column_differently_join() {
    let sql = "SELECT m.CustomerID, o.note FROM bronze.mixed m JOIN bronze.other o USING (CUSTOMERID)";
    assert_eq!(columns(sql), ["CustomerId", "note"]);
    assert_eq!(columns("SELECT o.customerid FROM bronze.mixed m JOIN bronze.other o ON m.customerid = o.customerid"), ["CustomerId"]);
}

#[test]
fn aliases_keep_the_spelling_they_were_written_in() {
    assert_eq!(columns("SELECT id AS OrderId FROM silver.orders ORDER BY ORDERID"), ["OrderId"]);
    assert_eq!(columns("WITH Base AS (SELECT id AS OrderId FROM silver.orders) SELECT orderid FROM BASE"), ["OrderId"]);
    assert_eq!(columns("SELECT amount AS Amount, ID as Id FROM silver.orders"), ["Amount", "Id"]);
}

#[test]
fn windows_and_wildcard_options_fold_too() {
    let sql =
        "SELECT * EXCLUDE (STATUS, Amount), row_number() OVER W AS n FROM silver.orders WINDOW w AS (PARTITION BY Customer_ID ORDER BY ID)";
    assert_eq!(columns(sql), ["id", "customer_id", "ordered_at", "n"]);
}

#[test]
fn an_unknown_relation_silences_the_query() {
    let (planned, diagnostics) = planned("SELECT nothing, of, this FROM silver.broken");
    assert!(planned.is_none() && diagnostics.is_empty());
}
