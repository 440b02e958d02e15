//! `snapshot` and `delete_insert`: whose rows go, what stays unread, and what they say of it.

use rat_core::error::Code;
use rat_core::interop::run::run;

use crate::eventually::eventually;
use crate::run::harness::{Lake, full_refresh, name, with_rows};

const QUERY: &str = "SELECT CAST(day AS {type}) AS day, CAST(id AS INTEGER) AS id, v FROM (VALUES {{ var('rows') }}) AS t(day, id, v)";

fn lake(config: &str, of: &str) -> Lake {
    Lake::new(&[("silver/t/pipeline.sql", &format!("{config}\n{}", QUERY.replace("{type}", of)))])
}

const SNAPSHOT: &str = "-- @merge_strategy: snapshot\n-- @partition_column: day";

async fn rows(lake: &Lake) -> Vec<String> {
    lake.rows("silver.t").await.unwrap()
}

#[tokio::test]
async fn snapshot_replaces_whole_values_and_null_is_one() {
    let lake = lake(SNAPSHOT, "VARCHAR");
    lake.run_rows("silver.t", "('mon', 1, 'a'), ('mon', 2, 'b'), ('tue', 1, 'c'), (NULL, 7, 'n')").await;
    let before = lake.data_files();
    assert_eq!(before.len(), 3, "a file a partition");
    let report = lake.run_rows("silver.t", "('mon', 3, 'A'), ('mon', 3, 'A'), (NULL, 8, 'N'), ('wed', 1, 'w')").await;
    assert_eq!(rows(&lake).await, ["NULL|8|N", "mon|3|A", "mon|3|A", "tue|1|c", "wed|1|w"]);
    assert_eq!((report.rows_written, report.rows_deleted, report.rows_total), (4, 3, Some(5)));
    assert_eq!((report.files_added, report.files_removed), (3, 2), "whole files go, and none is written for what stays");
}

#[tokio::test]
async fn every_type_of_a_partition_column_is_told_apart_from_metadata() {
    let cases = [
        ("INTEGER", "1", "2"),
        ("BIGINT", "1", "2"),
        ("DATE", "DATE '2024-01-01'", "DATE '2024-01-02'"),
        ("TIMESTAMP", "TIMESTAMP '2024-01-01 00:00:00.000001'", "TIMESTAMP '2024-01-01 00:00:00.000002'"),
        ("TIMESTAMPTZ", "TIMESTAMPTZ '2024-01-01 00:00:00Z'", "TIMESTAMPTZ '2024-01-02 00:00:00Z'"),
        ("DECIMAL(9, 2)", "1.10", "1.20"),
        ("BOOLEAN", "true", "false"),
        ("VARCHAR", "'a text that is longer than what bounds keep of it: 1'", "'a text that is longer than what bounds keep of it: 2'"),
    ];
    for (of, one, two) in cases {
        let lake = lake(SNAPSHOT, of);
        lake.run_rows("silver.t", &format!("({one}, 1, 'a'), ({two}, 2, 'b'), (NULL, 3, 'c')")).await;
        let before = lake.data_files();
        let report = lake.run_rows("silver.t", &format!("({two}, 4, 'd')")).await;
        assert_eq!((report.files_added, report.files_removed, report.rows_deleted), (1, 1, 1), "{of}");
        assert_eq!(lake.data_files().difference(&before).count(), 1, "{of}: nothing was written but the new rows");
        let ids: Vec<String> = rows(&lake).await.iter().map(|row| row.split('|').nth(1).unwrap().to_owned()).collect();
        assert!(ids.contains(&"1".to_owned()) && ids.contains(&"3".to_owned()) && ids.contains(&"4".to_owned()), "{of}: {ids:?}");
        assert_eq!(ids.len(), 3, "{of}: {ids:?}");
    }
}

#[tokio::test]
async fn snapshot_over_other_partitions_rewrites_what_it_must() {
    let lake = lake(&format!("{SNAPSHOT}\n-- @partition_by: bucket(2, id)\n-- @sort_by: v"), "INTEGER");
    lake.run_rows("silver.t", "(1, 1, 'z'), (1, 2, 'a'), (2, 1, 'b'), (2, 2, 'c'), (NULL, 1, 'n')").await;
    let report = lake.run_rows("silver.t", "(2, 9, 'B')").await;
    assert_eq!(rows(&lake).await, ["1|1|z", "1|2|a", "2|9|B", "NULL|1|n"]);
    assert_eq!((report.rows_written, report.rows_deleted), (1, 2));
}

#[tokio::test]
async fn zero_rows_leave_the_rows_and_make_the_table() {
    for config in [SNAPSHOT, "-- @merge_strategy: delete_insert\n-- @unique_key: day"] {
        let sql = format!("{config}\nSELECT day FROM (VALUES (1), (2)) AS t(day) WHERE day > {{{{ var('rows') }}}}");
        let lake = Lake::new(&[("silver/t/pipeline.sql", &sql)]);
        lake.run_rows("silver.t", "9").await;
        assert_eq!(rows(&lake).await, Vec::<String>::new());
        lake.run_rows("silver.t", "0").await;
        let report = lake.run_rows("silver.t", "9").await;
        assert_eq!((report.rows_written, report.rows_deleted, report.files_removed), (0, 0, 0));
        assert_eq!(rows(&lake).await, ["1", "2"]);
    }
}

#[tokio::test]
async fn delete_insert_keeps_duplicates_of_new_keys_and_refuses_null_ones() {
    let lake = lake("-- @merge_strategy: delete_insert\n-- @unique_key: day, id", "INTEGER");
    lake.run_rows("silver.t", "(1, 1, 'a'), (1, 1, 'b'), (1, 2, 'c'), (NULL, 3, 'd')").await;
    let before = lake.data_files();
    let refused = run(&lake.context, &name("silver.t"), &with_rows("(1, 2, 'x'), (NULL, NULL, 'y')")).await.unwrap();
    assert_eq!(refused.error.as_ref().unwrap().code(), Code::NullKey);
    assert_eq!(refused.tests[0].count, Some(1));
    eventually("what was staged is gone", async || lake.data_files() == before).await;
    let report = lake.run_rows("silver.t", "(1, 1, 'A'), (1, 1, 'A'), (NULL, 3, 'D')").await;
    assert_eq!(rows(&lake).await, ["1|1|A", "1|1|A", "1|2|c", "NULL|3|D"]);
    assert_eq!((report.rows_written, report.rows_deleted), (3, 3));
}

#[tokio::test]
async fn delete_insert_drops_whole_partitions_unread() {
    let lake = lake("-- @merge_strategy: delete_insert\n-- @unique_key: day\n-- @partition_by: day", "INTEGER");
    lake.run_rows("silver.t", "(1, 1, 'a'), (1, 2, 'b'), (2, 1, 'c')").await;
    let before = lake.data_files();
    let report = lake.run_rows("silver.t", "(1, 5, 'A')").await;
    assert_eq!((report.files_added, report.files_removed, report.rows_deleted), (1, 1, 2));
    assert_eq!(lake.data_files().difference(&before).count(), 1);
    assert_eq!(rows(&lake).await, ["1|5|A", "2|1|c"]);
}

#[tokio::test]
async fn a_rebuild_is_the_strategy_onto_nothing() {
    let lake = lake("-- @merge_strategy: incremental\n-- @unique_key: day", "INTEGER");
    lake.run_rows("silver.t", "(1, 1, 'a'), (2, 1, 'b')").await;
    let report = run(&lake.context, &name("silver.t"), &full_refresh("(1, 1, 'x'), (1, 2, 'y')")).await.unwrap();
    assert!(report.is_ok(), "{:?}", report.error);
    assert_eq!(rows(&lake).await, ["1|2|y"], "one row a key, as after every other run");
    assert_eq!((report.rows_written, report.rows_deleted, report.rows_dropped), (1, 2, 1));
}
