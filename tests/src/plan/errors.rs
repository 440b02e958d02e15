//! Each error is at the words that are to blame.

use super::problems;

#[test]
fn unknown_columns_are_all_reported_with_the_near_name() {
    assert_eq!(
        problems("SELECT o.custmer_id, amout FROM silver.orders o WHERE statuss = 'x'"),
        [
            "UNKNOWN_COLUMN `statuss` | there is no column `statuss` | did you mean `status`?",
            "UNKNOWN_COLUMN `o.custmer_id` | `o` has no column `custmer_id` | did you mean `customer_id`?",
            "UNKNOWN_COLUMN `amout` | there is no column `amout` | did you mean `amount`?",
        ]
    );
}

#[test]
fn a_column_missing_in_a_subquery_is_not_reported_again_outside() {
    assert_eq!(
        problems("WITH base AS (SELECT idd FROM silver.orders) SELECT idd FROM base"),
        ["UNKNOWN_COLUMN `idd` | there is no column `idd` | did you mean `id`?"]
    );
}

#[test]
fn unknown_tables_and_functions_are_reported_together() {
    assert_eq!(
        problems("SELECT uper(name) FROM silver.custmers c JOIN orders o ON true"),
        [
            "UNKNOWN_FUNCTION `uper` | there is no function `uper` | did you mean `upper`?",
            "UNKNOWN_TABLE `silver.custmers` | there is no table `silver.custmers` | did you mean `silver.customers`?",
            "UNKNOWN_TABLE `orders` | there is no table `orders` | write `silver.orders`",
        ]
    );
}

#[test]
fn an_ambiguous_column_is_placed() {
    assert_eq!(
        problems("SELECT id FROM silver.orders o JOIN silver.customers c ON o.customer_id = c.id"),
        ["AMBIGUOUS_COLUMN `id` | more than one table of the query has a column `id` | write the table before it, as in `t.id`"]
    );
}

#[test]
fn types_that_do_not_go_together_are_placed_at_the_smallest_expression() {
    for (sql, place) in [
        ("SELECT id, ordered_at + status AS x FROM silver.orders", "ordered_at + status"),
        ("SELECT id FROM silver.orders WHERE amount", "amount"),
        ("SELECT sum(status) AS s FROM silver.orders", "status"),
        ("SELECT CASE WHEN id = 1 THEN ordered_at + amount ELSE ordered_at END AS x FROM silver.orders", "ordered_at + amount"),
    ] {
        let found = problems(sql);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(&format!("TYPE_MISMATCH `{place}`")), "{found:?}");
        assert!(!found[0].contains("Utf8") && !found[0].contains("Float64"), "{found:?}");
    }
}

#[test]
fn values_of_no_common_type_are_placed() {
    for (sql, expected) in [
        (
            "SELECT [MAP {'a': 1}, MAP {'b': 'x'}] AS l",
            "TYPE_MISMATCH `'a': 1}, MAP {'b': 'x'` | the values of a list have no type in common | cast them to one type",
        ),
        (
            "SELECT * FROM (VALUES (1, MAP {'a': 1}), (2, map(['b'], ['x'])))",
            "TYPE_MISMATCH `'a': 1` | row 2 of `VALUES` has no type in common with those before it in column 2 | cast them to one type",
        ),
        (
            "SELECT CAST(MAP {'a': 1} AS BIGINT) AS x",
            "UNSUPPORTED_SQL `'a': 1` | a cast from MAP(VARCHAR, BIGINT) to BIGINT is not supported: cast a part of it | -",
        ),
    ] {
        assert_eq!(problems(sql), [expected]);
    }
}

#[test]
fn a_query_that_cannot_be_planned_says_what_to_change() {
    let found = problems("SELECT customer_id, status, count(*) AS n FROM silver.orders GROUP BY customer_id");
    assert_eq!(
        found,
        [
            "INVALID_QUERY `status` | a column is neither grouped nor aggregated | add it to GROUP BY, or wrap it in an aggregate such as `any_value`"
        ]
    );
}

#[test]
fn a_qualifier_that_is_no_table_is_named() {
    assert_eq!(
        problems("SELECT c.id FROM silver.orders o"),
        ["UNKNOWN_COLUMN `c.id` | `c` before `id` is not a table of the query | did you mean `o`?"]
    );
}

#[test]
fn an_argument_of_another_type_is_told_in_words_of_sql() {
    for (sql, expected) in [
        ("SELECT md5(1)", "TYPE_MISMATCH `1` | `md5` takes VARCHAR or BLOB, BIGINT given | give it the arguments that it takes"),
        ("SELECT abs('x')", "TYPE_MISMATCH `'x'` | `abs` takes numbers, VARCHAR given | give it the arguments that it takes"),
    ] {
        assert_eq!(problems(sql), [expected]);
    }
}
