//! dbt's grammar, case by case.

use rat_core::error::Code;

use super::{shop, short};

fn select(text: &str) -> Vec<String> {
    short(shop().select(&[text], "default").unwrap_or_else(|error| panic!("{text}: {error}")))
}

#[test]
fn the_grammar() {
    for (text, expected) in [
        ("silver.orders", vec!["silver.orders"]),
        ("default.silver.orders", vec!["silver.orders"]),
        ("orders", vec!["bronze.orders", "silver.orders"]),
        ("+silver.customers", vec!["bronze.customers", "silver.customers"]),
        ("silver.orders+", vec!["silver.orders", "gold.revenue", "other.gold.revenue"]),
        ("silver.orders+1", vec!["silver.orders", "gold.revenue"]),
        ("1+silver.orders", vec!["bronze.orders", "silver.customers", "silver.orders"]),
        ("1+silver.orders+1", vec!["bronze.orders", "silver.customers", "silver.orders", "gold.revenue"]),
        ("0+silver.orders+0", vec!["silver.orders"]),
        (
            "@silver.customers",
            vec![
                "bronze.customers",
                "bronze.orders",
                "silver.customers",
                "silver.orders",
                "gold.revenue",
                "gold.segments",
                "other.gold.revenue",
            ],
        ),
        ("tag:finance", vec!["silver.orders", "gold.revenue"]),
        ("tag:f*", vec!["silver.orders", "gold.revenue"]),
        ("layer:gold", vec!["gold.revenue", "gold.segments", "other.gold.revenue"]),
        ("path:default/pipelines/silver", vec!["silver.customers", "silver.orders"]),
        ("path:default/pipelines/silver/", vec!["silver.customers", "silver.orders"]),
        ("path:other", vec!["other.gold.revenue"]),
        ("path:*/pipelines/gold/rev*", vec!["gold.revenue", "other.gold.revenue"]),
        ("path:default/pipelines/silver/orders/config.yaml", vec!["silver.orders"]),
        ("silver.*", vec!["silver.customers", "silver.orders"]),
        ("*.orders", vec!["bronze.orders", "silver.orders"]),
        ("*.gold.revenue", vec!["gold.revenue", "other.gold.revenue"]),
        ("gold.[rx]evenu?", vec!["gold.revenue"]),
        ("gold.[!r]*", vec!["gold.segments"]),
        ("tag:finance layer:gold", vec!["silver.orders", "gold.revenue", "gold.segments", "other.gold.revenue"]),
        ("tag:finance,layer:gold", vec!["gold.revenue"]),
        ("+gold.revenue,tag:hourly", vec!["bronze.orders"]),
        ("tag:hourly,tag:finance", vec![]),
    ] {
        assert_eq!(select(text), expected, "{text}");
    }
}

#[test]
fn a_list_is_a_union_and_nothing_selects_nothing() {
    let shop = shop();
    assert_eq!(short(shop.select(&["gold.revenue", "tag:hourly"], "default").unwrap()), ["bronze.orders", "gold.revenue"]);
    assert!(shop.select::<&str>(&[], "default").unwrap().is_empty());
    assert_eq!(short(shop.select(&["gold.revenue"], "other").unwrap()), ["other.gold.revenue"]);
}

#[test]
fn what_cannot_be_read_is_told() {
    for text in [
        "",
        "  ",
        "+",
        "@",
        "@x+",
        "a,,b",
        ",a",
        "tag:",
        ":x",
        "source:x",
        "layer:sliver",
        "a.b.c.d",
        "x++",
        "++x",
        "a+b",
        "99999999999999999999+silver.orders",
    ] {
        let error = shop().select(&[text], "default").unwrap_err();
        assert_eq!(error.code(), Code::InvalidSelector, "{text}");
    }
}

#[test]
fn what_matches_nothing_is_told_with_the_near_miss() {
    for (text, help) in [
        ("silver.ordrs", "did you mean `silver.orders`?"),
        ("revenues", "did you mean `revenue`?"),
        ("tag:finence", "did you mean `tag:finance`?"),
        ("silver.orders,tag:nightly", "name a pipeline of the project"),
    ] {
        let error = shop().select(&[text], "default").unwrap_err();
        assert_eq!((error.code(), error.help()), (Code::PipelineNotFound, help), "{text}");
    }
}
