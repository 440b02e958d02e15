//! `test`: quality tests of what is published, without a run.

use rat_core::error::{Code, Severity};
use rat_core::{RunFilter, TestOptions, TestStatus};

use super::support::Shop;

async fn shop() -> Shop {
    Shop::new(&[
        ("default/pipelines/silver/orders/pipeline.sql", "select * from (values (1, 5.0), (2, 7.5)) as t(id, amount)"),
        (
            "default/pipelines/silver/orders/config.yaml",
            "tests:\n  - unique: [id]\n  - relationships: {column: id, to: silver.people, field: id}\n",
        ),
        ("default/pipelines/silver/orders/tests/quality/small.sql", "-- @severity: warn\nselect * from {{ this }} where amount > 6"),
        ("default/pipelines/silver/orders/tests/quality/news.sql", "select * from new_rows where id is null"),
        ("default/pipelines/silver/people/pipeline.sql", "select * from (values (1), (2)) as t(id)"),
        ("default/pipelines/gold/view/pipeline.sql", "-- @materialized: view\nselect id from {{ ref('silver.orders') }}"),
        ("default/pipelines/gold/view/tests/quality/some.sql", "-- @severity: warn\nselect 1 where (select count(*) from {{ this }}) < 5"),
        ("default/pipelines/gold/later/pipeline.sql", "select 1 as id"),
        ("default/pipelines/gold/later/tests/quality/none.sql", "select * from {{ this }} where id <> 1"),
    ])
    .await
}

fn only(pipeline: &str) -> TestOptions {
    TestOptions { select: Some(vec![pipeline.to_owned()]), ..TestOptions::default() }
}

#[tokio::test]
async fn tests_judge_what_is_published_and_write_nothing() {
    let shop = shop().await;
    shop.run("silver.people").await;
    shop.run("silver.orders").await;
    let runs = shop.lake.runs().list(&RunFilter::default()).unwrap().runs.len();
    let tested = shop.lake.test(&only("silver.orders")).await.unwrap();
    let told: Vec<_> = tested.iter().map(|t| (t.name.as_str(), t.status, t.severity, t.count)).collect();
    assert_eq!(
        told,
        [
            ("unique(id)", TestStatus::Passed, Severity::Error, Some(0)),
            ("relationships(id, silver.people.id)", TestStatus::Passed, Severity::Error, Some(0)),
            ("news", TestStatus::Passed, Severity::Error, Some(0)),
            ("small", TestStatus::Failed, Severity::Warning, Some(1)),
        ]
    );
    assert!(tested.iter().all(|t| t.pipeline.short() == "silver.orders"));
    assert_eq!(tested[3].samples.as_ref().unwrap().num_rows(), 1);
    assert_eq!(serde_json::to_value(&tested[3]).unwrap()["samples"], serde_json::json!([{"id": 2, "amount": "7.5"}]));
    assert_eq!(shop.lake.runs().list(&RunFilter::default()).unwrap().runs.len(), runs);

    // A changed test judges the rows that are there.
    shop.write("default/pipelines/silver/orders/tests/quality/small.sql", "select * from {{ this }} where amount > 100");
    assert_eq!(shop.lake.test(&only("silver.orders")).await.unwrap()[3].status, TestStatus::Passed);
}

#[tokio::test]
async fn one_that_cannot_be_tested_is_an_error_alone_and_a_result_among_others() {
    let shop = shop().await;
    shop.run("silver.people").await;
    shop.run("silver.orders").await;
    assert_eq!(shop.lake.test(&only("gold.later")).await.unwrap_err().code(), Code::NotBuilt);
    assert_eq!(shop.lake.test(&only("gold.nothing")).await.unwrap_err().code(), Code::PipelineNotFound);
    assert!(shop.lake.test(&only("silver.people")).await.unwrap().is_empty());
    shop.run("gold.view").await;
    let view = shop.lake.test(&only("gold.view")).await.unwrap();
    assert_eq!(view.iter().map(|t| (t.name.as_str(), t.status)).collect::<Vec<_>>(), [("some", TestStatus::Failed)]);
    let all = shop.lake.test(&TestOptions::default()).await.unwrap();
    let unmade: Vec<_> = all.iter().filter_map(|t| Some((t.pipeline.short(), t.error.as_ref()?.code()))).collect();
    assert_eq!(unmade, [("gold.later".to_owned(), Code::NotBuilt)]);
    assert_eq!(all.len(), 6);
}

#[tokio::test]
async fn sample_rows_keep_columns_of_one_name() {
    let shop = shop().await;
    shop.write(
        "default/pipelines/silver/people/tests/quality/pairs.sql",
        "-- @severity: warn\nselect * from {{ this }} a join {{ this }} b on a.id + 1 = b.id",
    );
    shop.run("silver.people").await;
    let tested = shop.lake.test(&only("silver.people")).await.unwrap();
    let rows = serde_json::to_value(&tested[0]).unwrap()["samples"].clone();
    assert_eq!(rows, serde_json::json!([{"id": 1, "id_1": 2}]));
}

#[tokio::test]
async fn sample_rows_are_told_as_exactly_as_json_can() {
    let shop = Shop::new(&[
        ("default/pipelines/silver/t/pipeline.sql", "select 1 as id"),
        (
            "default/pipelines/silver/t/tests/quality/all.sql",
            "select 9007199254740993 as id, 'nan'::double as x, 0.5::double as half, 1.50 as price, timestamp '2024-01-05 10:00:00' as at,
                date '2024-01-05' + 200000000 as far, interval '1 month 2 days' as term, [1, NULL] as l, {'a': 1.5} as s, NULL as n, true as b",
        ),
    ])
    .await;
    let report = shop.lake.run("silver.t", &rat_core::RunOptions::default()).await.unwrap();
    let told = serde_json::to_value(&report.tests[0]).unwrap();
    let expected = serde_json::json!([{
        "id": 9_007_199_254_740_993_i64, "x": "nan", "half": 0.5, "price": "1.50", "at": "2024-01-05 10:00:00", "far": "549605-05-31",
        "term": "1 month 2 days", "l": [1, null], "s": {"a": "1.5"}, "n": null, "b": true,
    }]);
    assert_eq!(told["samples"], expected);
    assert_eq!(report.rows_total, None, "there is no table");
}
