//! What each strategy does to a table.

use rat_core::error::Code;
use rat_core::interop::run::{Refresh, RunOptions, RunStatus, run};
use rat_core::interop::tables::{Change, Evolution};

use super::harness::{Lake, full_refresh, name, with_rows};

const QUERY: &str = "SELECT * FROM (VALUES {{ var('rows') }}) AS t(id, at, v)";

fn lake(config: &str) -> Lake {
    Lake::new(&[("silver/t/pipeline.sql", &format!("{config}\n{QUERY}"))])
}

#[tokio::test]
async fn full_refresh_is_exactly_the_new_rows() {
    let lake = lake("-- @merge_strategy: full_refresh");
    let first = lake.run_rows("silver.t", "(1, 1, 'a'), (2, 1, 'b')").await;
    assert_eq!((first.status, first.rows_written, first.rows_total), (RunStatus::Success, 2, Some(2)));
    let second = lake.run_rows("silver.t", "(3, 1, 'c')").await;
    assert_eq!((second.rows_inserted, second.rows_deleted, second.files_removed), (1, 2, 1));
    assert_eq!(second.base_snapshot_id, first.snapshot_id);
    assert_eq!(lake.rows("silver.t").await.unwrap(), ["3|1|c"]);
}

#[tokio::test]
async fn full_refresh_of_no_rows_is_an_empty_table() {
    let lake = Lake::new(&[("silver/t/pipeline.sql", "SELECT * FROM (VALUES (1), (2)) AS t(id) WHERE id > {{ var('rows') }}")]);
    lake.run_rows("silver.t", "0").await;
    let report = lake.run_rows("silver.t", "5").await;
    assert_eq!((report.rows_written, report.rows_total), (0, Some(0)));
    assert_eq!(lake.rows("silver.t").await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn append_only_keeps_what_is_there() {
    let lake = lake("-- @merge_strategy: append_only");
    lake.run_rows("silver.t", "(1, 1, 'a')").await;
    let report = lake.run_rows("silver.t", "(1, 1, 'a'), (2, 1, 'b')").await;
    assert_eq!((report.rows_written, report.rows_inserted, report.rows_total), (2, 2, Some(3)));
    assert_eq!(lake.rows("silver.t").await.unwrap(), ["1|1|a", "1|1|a", "2|1|b"]);
}

#[tokio::test]
async fn incremental_replaces_by_key_and_counts() {
    let lake = lake("-- @merge_strategy: incremental\n-- @unique_key: id");
    lake.run_rows("silver.t", "(1, 1, 'a'), (2, 1, 'b'), (3, 1, 'c')").await;
    let report = lake.run_rows("silver.t", "(2, 2, 'B'), (4, 1, 'd'), (4, 1, 'D')").await;
    let counts = (report.rows_written, report.rows_inserted, report.rows_updated, report.rows_deleted, report.rows_dropped);
    assert_eq!(counts, (2, 1, 1, 0, 1));
    assert_eq!(lake.rows("silver.t").await.unwrap(), ["1|1|a", "2|2|B", "3|1|c", "4|1|d"]);
}

#[tokio::test]
async fn incremental_leaves_files_without_a_touched_key_alone() {
    let lake = lake("-- @merge_strategy: incremental\n-- @unique_key: id");
    lake.run_rows("silver.t", "(1, 1, 'a'), (2, 1, 'b')").await;
    let untouched = lake.data_files();
    lake.run_rows("silver.t", "(8, 1, 'h'), (9, 1, 'i')").await;
    let report = lake.run_rows("silver.t", "(5, 1, 'e'), (9, 2, 'I')").await;
    assert_eq!((report.files_added, report.files_removed), (2, 0), "the new rows, and which row of one file is gone");
    assert!(untouched.is_subset(&lake.data_files()));
    assert_eq!(lake.rows("silver.t").await.unwrap(), ["1|1|a", "2|1|b", "5|1|e", "8|1|h", "9|2|I"]);
}

#[tokio::test]
async fn incremental_takes_the_greatest_watermark_then_the_latest_in_order() {
    let by_watermark = lake("-- @merge_strategy: incremental\n-- @unique_key: id\n-- @watermark_column: at");
    let report = by_watermark.run_rows("silver.t", "(1, 2, 'new'), (1, 1, 'old'), (2, NULL, 'null'), (2, 0, 'zero')").await;
    assert_eq!(by_watermark.rows("silver.t").await.unwrap(), ["1|2|new", "2|0|zero"]);
    assert_eq!(report.watermark.as_deref(), Some("2"));

    let by_order = Lake::new(&[(
        "silver/t/pipeline.sql",
        &format!("-- @merge_strategy: incremental\n-- @unique_key: id\nSELECT id, v FROM ({QUERY}) AS s ORDER BY at DESC"),
    )]);
    by_order.run_rows("silver.t", "(1, 1, 'a'), (1, 2, 'z'), (2, 1, 'a'), (2, 1, 'b')").await;
    assert_eq!(by_order.rows("silver.t").await.unwrap(), ["1|a", "2|b"], "the latest in the order, then the greatest");
}

#[tokio::test]
async fn keep_newer_does_not_go_back() {
    let lake = lake("-- @merge_strategy: incremental\n-- @unique_key: id\n-- @watermark_column: at\n-- @keep_newer: true");
    lake.run_rows("silver.t", "(1, 5, 'stored'), (2, 5, 'stored')").await;
    let report = lake.run_rows("silver.t", "(1, 4, 'older'), (2, 5, 'equal'), (3, 1, 'new')").await;
    assert_eq!((report.rows_written, report.rows_dropped, report.rows_updated), (2, 1, 1));
    assert_eq!(lake.rows("silver.t").await.unwrap(), ["1|5|stored", "2|5|equal", "3|1|new"]);
}

#[tokio::test]
async fn a_null_key_is_refused_with_samples_unless_null_matches() {
    let refused = lake("-- @merge_strategy: incremental\n-- @unique_key: id, at");
    let report = run(&refused.context, &name("silver.t"), &with_rows("(1, 1, 'a'), (2, NULL, 'a'), (NULL, NULL, 'b'), (NULL, NULL, 'c')"))
        .await
        .unwrap();
    let error = report.error.as_ref().unwrap();
    assert_eq!(error.code(), Code::NullKey);
    assert!(error.diagnostics()[0].to_string().ends_with("pipeline.sql:2:17)"), "{}", error.diagnostics()[0]);
    let shown = serde_json::to_value(&report.tests[0]).unwrap();
    assert_eq!(shown["samples"][0], serde_json::json!({"id": null, "at": null, "v": "b"}), "NULL is shown where the rows are");
    assert_eq!((report.tests[0].count, report.tests[0].samples.as_ref().unwrap().num_rows()), (Some(2), 2));
    assert_eq!(refused.rows("silver.t").await, None);

    let matching = lake("-- @merge_strategy: incremental\n-- @unique_key: id\n-- @null_keys: match");
    matching.run_rows("silver.t", "(NULL, 1, 'a'), (1, 1, 'b')").await;
    matching.run_rows("silver.t", "(NULL, 1, 'A')").await;
    assert_eq!(matching.rows("silver.t").await.unwrap(), ["1|1|b", "NULL|1|A"]);
}

#[tokio::test]
async fn running_twice_changes_no_row() {
    let lake = lake("-- @merge_strategy: incremental\n-- @unique_key: id");
    lake.run_rows("silver.t", "(1, 1, 'a'), (2, 1, 'b')").await;
    let again = lake.run_rows("silver.t", "(1, 1, 'a'), (2, 1, 'b')").await;
    assert_eq!((again.rows_inserted, again.rows_updated, again.rows_total), (0, 2, Some(2)));
    assert_eq!(lake.rows("silver.t").await.unwrap(), ["1|1|a", "2|1|b"]);
}

#[tokio::test]
async fn another_key_needs_a_full_refresh() {
    let lake = lake("-- @merge_strategy: incremental\n-- @unique_key: id");
    lake.run_rows("silver.t", "(1, 1, 'a')").await;
    let lake = lake.with(&[("silver/t/pipeline.sql", &format!("-- @merge_strategy: incremental\n-- @unique_key: at\n{QUERY}"))]);
    let refused = run(&lake.context, &name("silver.t"), &with_rows("(2, 1, 'b')")).await.unwrap();
    assert_eq!(refused.error.unwrap().code(), Code::StrategyChanged);
    let rebuilt = run(&lake.context, &name("silver.t"), &full_refresh("(2, 1, 'b')")).await.unwrap();
    assert!(rebuilt.is_ok(), "{:?}", rebuilt.error);
    assert_eq!(lake.rows("silver.t").await.unwrap(), ["2|1|b"]);
}

#[tokio::test]
async fn the_order_and_case_of_a_key_say_nothing() {
    let lake = lake("-- @merge_strategy: incremental\n-- @unique_key: id, at");
    lake.run_rows("silver.t", "(1, 1, 'a')").await;
    let lake = lake.with(&[("silver/t/pipeline.sql", &format!("-- @merge_strategy: delete_insert\n-- @unique_key: AT, id\n{QUERY}"))]);
    lake.run_rows("silver.t", "(1, 1, 'b'), (1, 1, 'c')").await;
    assert_eq!(lake.rows("silver.t").await.unwrap(), ["1|1|b", "1|1|c"]);
}

#[tokio::test]
async fn history_is_not_lost_unasked() {
    let mut lake = lake("-- @merge_strategy: append_only");
    lake.run_rows("silver.t", "(1, 1, 'a')").await;
    let tables = &lake.context.tables;
    let table = tables.get(&name("silver.t")).await.unwrap();
    let mut change = Change::new(tables.evolve(&table, Evolution::default()).unwrap());
    change.summary.insert("rat.merge-strategy".to_owned(), "scd2".to_owned());
    tables.publish(vec![tables.stage(change).await.unwrap()]).await.unwrap();
    for strategy in ["full_refresh", "append_only", "snapshot\n-- @partition_column: id", "incremental\n-- @unique_key: id"] {
        lake = lake.with(&[("silver/t/pipeline.sql", &format!("-- @merge_strategy: {strategy}\n{QUERY}"))]);
        let changed = run(&lake.context, &name("silver.t"), &with_rows("(2, 1, 'b')")).await.unwrap().error.unwrap();
        assert_eq!(changed.code(), Code::StrategyChanged, "{strategy}");
        assert!(changed.help().contains("allow_data_loss"), "{changed}");
        let lost = run(&lake.context, &name("silver.t"), &full_refresh("(2, 1, 'b')")).await.unwrap().error.unwrap();
        assert_eq!(lost.code(), Code::RefreshLosesData, "{strategy}");
        assert_eq!(lake.rows("silver.t").await.unwrap(), ["1|1|a"], "{strategy}");
    }
    let meant = RunOptions { refresh: Refresh::FullWithLoss, ..with_rows("(2, 1, 'b')") };
    let report = run(&lake.context, &name("silver.t"), &meant).await.unwrap();
    assert!(report.is_ok(), "{:?}", report.error);
    assert_eq!(lake.rows("silver.t").await.unwrap(), ["2|1|b"]);
}
