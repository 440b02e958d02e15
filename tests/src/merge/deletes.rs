//! How rows leave their files: what is written, what is dropped, and that each key type finds its rows.

use rat_core::error::Code;
use rat_core::interop::run::run;
use rat_core::interop::tables::FileEntry;

use crate::run::harness::{Lake, name, with_rows};

const QUERY: &str = "SELECT CAST(k AS {type}) AS k, v FROM (VALUES {{ var('rows') }}) AS t(k, v)";

fn lake(config: &str, of: &str) -> Lake {
    let config = format!("-- @merge_strategy: incremental\n-- @unique_key: k\n{config}");
    Lake::new(&[("silver/t/pipeline.sql", &format!("{config}\n{}", QUERY.replace("{type}", of)))])
}

/// Live data files and delete files of the table.
async fn files(lake: &Lake) -> (Vec<FileEntry>, Vec<FileEntry>) {
    let table = lake.context.tables.load(&name("silver.t")).await.unwrap().unwrap();
    table.data_files().await.unwrap().into_iter().partition(FileEntry::is_data)
}

fn many(range: std::ops::Range<i32>, v: &str) -> String {
    range.map(|k| format!("({k}, '{v}')")).collect::<Vec<_>>().join(", ")
}

#[tokio::test]
async fn a_file_keeps_one_delete_file_however_often_rows_leave_it() {
    let lake = lake("", "INTEGER");
    lake.run_rows("silver.t", &many(0..10, "old")).await;
    for k in [3, 7, 3, 0] {
        let report = lake.run_rows("silver.t", &format!("({k}, 'new')")).await;
        assert_eq!((report.rows_updated, report.rows_total), (1, Some(10)), "{k}");
    }
    let (data, deletes) = files(&lake).await;
    let counts: Vec<u64> = deletes.iter().map(|file| file.file.record_count()).collect();
    assert_eq!(counts, [3], "of the first file; the file of the first `3` had no other row, and is gone");
    assert_eq!(data.len(), 4);
    assert_eq!(
        deletes[0].file.referenced_data_file().as_deref(),
        Some(data.iter().max_by_key(|f| f.file.record_count()).unwrap().file.file_path())
    );
    let rows = lake.rows("silver.t").await.unwrap();
    assert_eq!(rows, ["0|new", "1|old", "2|old", "3|new", "4|old", "5|old", "6|old", "7|new", "8|old", "9|old"]);
}

#[tokio::test]
async fn what_becomes_of_a_file_is_decided_by_counts_and_by_the_setting() {
    // The setting, the keys that change, the delete files and the data files afterwards.
    let cases = [
        ("", 0..5, 1, 2),
        ("", 0..6, 0, 2),
        ("", 0..10, 0, 1),
        ("-- @write_mode: copy_on_write", 0..1, 0, 2),
        ("-- @write_mode: copy_on_write", 0..10, 0, 1),
        ("-- @write_mode: merge_on_read", 0..9, 1, 2),
        ("-- @write_mode: merge_on_read", 0..10, 0, 1),
    ];
    for (config, keys, deletes, data) in cases {
        let lake = lake(config, "INTEGER");
        lake.run_rows("silver.t", &many(0..10, "old")).await;
        let report = lake.run_rows("silver.t", &many(keys.clone(), "new")).await;
        let found = files(&lake).await;
        assert_eq!((found.1.len(), found.0.len()), (deletes, data), "{config} {keys:?}");
        assert_eq!(report.rows_updated, keys.len() as u64);
        assert_eq!(report.rows_total, Some(10));
        let rows = lake.rows("silver.t").await.unwrap();
        let expected: Vec<String> = (0..10).map(|k| format!("{k}|{}", if keys.contains(&k) { "new" } else { "old" })).collect();
        assert_eq!(rows, expected, "{config} {keys:?}");
    }
}

#[tokio::test]
async fn older_deletes_count_when_a_file_is_judged() {
    let lake = lake("", "INTEGER");
    lake.run_rows("silver.t", &many(0..10, "old")).await;
    lake.run_rows("silver.t", &many(0..4, "a")).await;
    assert_eq!(files(&lake).await.1.len(), 1);
    lake.run_rows("silver.t", &many(4..6, "b")).await;
    let (data, deletes) = files(&lake).await;
    assert_eq!((data.len(), deletes.len()), (3, 0), "six of ten are gone: the file is written anew, and its delete file goes");
    assert_eq!(lake.rows("silver.t").await.unwrap().len(), 10);
    let report = lake.run_rows("silver.t", &many(0..10, "c")).await;
    assert_eq!((report.rows_updated, report.rows_deleted, report.rows_total), (10, 0, Some(10)));
    assert_eq!(files(&lake).await.0.len(), 1);
}

#[tokio::test]
async fn a_key_of_every_plain_type_finds_its_row() {
    let cases = [
        ("BOOLEAN", vec!["true", "false"]),
        ("INTEGER", vec!["-2147483648", "0", "2147483647"]),
        ("BIGINT", vec!["-9223372036854775807", "0", "9223372036854775807"]),
        ("FLOAT", vec!["'-inf'", "'-1.5'", "'0.0'", "'inf'", "'nan'"]),
        ("DOUBLE", vec!["'-inf'", "'-1.5'", "'0.0'", "'inf'", "'nan'"]),
        ("DECIMAL(38, 9)", vec!["'-1.000000001'", "'0'", "'99999999999999999999999999999.999999999'"]),
        ("DATE", vec!["'0001-01-01'", "'1969-12-31'", "'2024-02-29'"]),
        ("TIMESTAMP", vec!["'1969-12-31 23:59:59.999999'", "'2024-02-29 12:00:00.000001'"]),
        ("TIMESTAMPTZ", vec!["'1969-12-31 23:59:59.999999Z'", "'2024-02-29 12:00:00+02'"]),
        ("VARCHAR", vec!["''", "'a'", "'ä'", "'a text that is much longer than what is kept in a view or in bounds'"]),
    ];
    for (of, keys) in cases {
        let lake = lake("-- @null_keys: match", of);
        let rows = |v: &str| keys.iter().chain(&["NULL"]).map(|k| format!("({k}, '{v}')")).collect::<Vec<_>>().join(", ");
        lake.run_rows("silver.t", &rows("old")).await;
        for key in keys.iter().chain(&["NULL"]) {
            let report = lake.run_rows("silver.t", &format!("({key}, 'one')")).await;
            assert_eq!((report.rows_updated, report.rows_inserted), (1, 0), "{of} {key}");
        }
        let report = lake.run_rows("silver.t", &rows("all")).await;
        assert_eq!(report.rows_updated, keys.len() as u64 + 1, "{of}");
        let found = lake.rows("silver.t").await.unwrap();
        assert!(found.len() == keys.len() + 1 && found.iter().all(|row| row.ends_with("|all")), "{of}: {found:?}");
    }
}

#[tokio::test]
async fn zeros_and_nans_are_one_key_each() {
    let lake = lake("", "DOUBLE");
    let report = lake.run_rows("silver.t", "('0.0', 'a'), ('-0.0', 'b'), ('nan', 'c'), ('-nan', 'd'), ('1', 'e')").await;
    assert_eq!((report.rows_written, report.rows_dropped), (3, 2));
    let report = lake.run_rows("silver.t", "('-0.0', 'z'), ('-nan', 'n')").await;
    assert_eq!((report.rows_updated, report.rows_inserted, report.rows_total), (2, 0, Some(3)));
}

#[tokio::test]
async fn a_nested_key_is_refused_by_name() {
    let sql = "-- @merge_strategy: incremental\n-- @unique_key: k\nSELECT [1, 2] AS k, {{ var('rows') }} AS v";
    let lake = Lake::new(&[("silver/t/pipeline.sql", sql)]);
    let report = run(&lake.context, &name("silver.t"), &with_rows("1")).await.unwrap();
    let error = report.error.unwrap();
    assert_eq!(error.code(), Code::UnsupportedType);
    assert!(error.message().contains("`k`"), "{error}");
}

#[tokio::test]
async fn rows_leave_files_of_every_partition_spec_the_table_had() {
    let lake = lake("", "INTEGER");
    lake.run_rows("silver.t", &many(0..10, "old")).await;
    let lake = lake.with(&[(
        "silver/t/pipeline.sql",
        &format!(
            "-- @merge_strategy: incremental\n-- @unique_key: k\n-- @partition_by: bucket(2, k)\n{}",
            QUERY.replace("{type}", "BIGINT")
        ),
    )]);
    let report = lake.run_rows("silver.t", "(3, 'new'), (11, 'new')").await;
    assert_eq!((report.rows_updated, report.rows_inserted, report.rows_total), (1, 1, Some(11)));
    let report = lake.run_rows("silver.t", "(3, 'newer'), (4, 'newer'), (11, 'newer')").await;
    assert_eq!((report.rows_updated, report.rows_inserted, report.rows_total), (3, 0, Some(11)));
    assert_eq!(lake.rows("silver.t").await.unwrap().len(), 11);
}

#[tokio::test]
async fn rows_leave_partitions_of_a_column_that_became_wider() {
    let cases = [
        ("INTEGER", "BIGINT", "k"),
        ("INTEGER", "BIGINT", "truncate(10, k)"),
        ("FLOAT", "DOUBLE", "k"),
        ("INTEGER", "BIGINT", "bucket(2, k)"),
    ];
    for (narrow, wide, partition_by) in cases {
        let config = format!("-- @partition_by: {partition_by}");
        let lake = lake(&config, narrow);
        lake.run_rows("silver.t", "(1, 'old'), (1, 'older'), (2, 'old'), (3, 'old')").await;
        let head = format!("-- @merge_strategy: incremental\n-- @unique_key: k\n{config}\n");
        let lake = lake.with(&[("silver/t/pipeline.sql", &(head + &QUERY.replace("{type}", wide)))]);
        for (rows, updated) in [("(2, 'new')", 1), ("(2, 'newer'), (3, 'newer')", 2)] {
            assert_eq!(lake.run_rows("silver.t", rows).await.rows_updated, updated, "{narrow}, {partition_by}");
        }
        assert_eq!(lake.rows("silver.t").await.unwrap().len(), 3, "{narrow}, {partition_by}");
    }
}
