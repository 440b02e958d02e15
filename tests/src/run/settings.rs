//! Settings of a table as runs follow them: what it is stored as, how its columns are called, how its files lie, how far it looks back.

use rat_core::error::{Code, Error};
use rat_core::interop::run::RunReport;
use rat_core::interop::tables::{ReferenceChange, Relation, Table};

use super::harness::{Lake, name, with_rows};

const ROWS: &str = "SELECT * FROM (VALUES {{ var('rows') }}) AS t(id, v)";

async fn run(lake: &Lake, rows: &str) -> RunReport {
    lake.run_rows("silver.t", rows).await
}

async fn refused(lake: &Lake, rows: &str) -> Error {
    match rat_core::interop::run::run(&lake.context, &name("silver.t"), &with_rows(rows)).await {
        Ok(report) => report.error.unwrap(),
        Err(error) => error,
    }
}

async fn table(lake: &Lake) -> Table {
    match lake.context.tables.find(&name("silver.t")).await.unwrap() {
        Some(Relation::Table(table)) => table,
        other => panic!("{other:?}"),
    }
}

/// The rows of what reads `silver.t`.
async fn read(lake: &Lake) -> Vec<String> {
    let report = lake.run("gold.r").await;
    assert!(report.is_ok(), "{:?}", report.error);
    lake.rows("gold.r").await.unwrap()
}

#[tokio::test]
async fn a_table_becomes_a_view_and_the_table_it_was() {
    let reader = ("gold/r/pipeline.sql", "SELECT * FROM {{ ref('silver.t') }}");
    let as_table = format!("-- @merge_strategy: append_only\n{ROWS}");
    let as_view = "-- @materialized: view\nSELECT 9 AS id, 'view' AS v";
    let lake = Lake::new(&[("silver/t/pipeline.sql", &as_table), reader]);
    run(&lake, "(1, 'a')").await;
    run(&lake, "(2, 'b')").await;
    let before = table(&lake).await;
    assert_eq!(read(&lake).await, ["1|a", "2|b"]);

    let lake = lake.with(&[("silver/t/pipeline.sql", as_view), reader]);
    let report = lake.run("silver.t").await;
    assert!(report.is_ok(), "{:?}", report.error);
    assert_eq!(read(&lake).await, ["9|view"]);
    assert_eq!(before.data_files().await.unwrap().len(), 2, "no data is dropped");

    // A second version of the view still knows the table.
    let lake = lake.with(&[("silver/t/pipeline.sql", "-- @materialized: view\nSELECT 8 AS id, 'again' AS v"), reader]);
    assert!(lake.run("silver.t").await.is_ok());
    assert_eq!(read(&lake).await, ["8|again"]);

    let lake = lake.with(&[("silver/t/pipeline.sql", &as_table), reader]);
    run(&lake, "(3, 'c')").await;
    assert_eq!(read(&lake).await, ["1|a", "2|b", "3|c"], "what was a table goes on as that table");
    let after = table(&lake).await;
    assert_eq!(after.metadata().uuid(), before.metadata().uuid());
    assert_eq!(after.metadata().snapshots().count(), 3);
}

#[tokio::test]
async fn a_renamed_column_keeps_its_values_and_its_files() {
    for strategy in ["-- @merge_strategy: append_only", "-- @merge_strategy: incremental\n-- @unique_key: id"] {
        let lake = Lake::new(&[("silver/t/pipeline.sql", &format!("{strategy}\n{ROWS}"))]);
        run(&lake, "(1, 'a'), (2, 'b')").await;
        let files = lake.data_files();
        let renamed = format!("{strategy}\nSELECT id, v AS word FROM (VALUES {{{{ var('rows') }}}}) AS t(id, v)");
        let lake = lake.with(&[("silver/t/pipeline.sql", &renamed), ("silver/t/config.yaml", "renamed_from:\n  word: v\n")]);
        run(&lake, "(3, 'c')").await;
        assert_eq!(lake.rows("silver.t").await.unwrap(), ["1|a", "2|b", "3|c"], "{strategy}");
        assert!(files.is_subset(&lake.data_files()), "{strategy}: no rewrite");
        let schema = table(&lake).await.schema().unwrap();
        assert_eq!(schema.fields().iter().map(|f| f.name().as_str()).collect::<Vec<_>>(), ["id", "word"], "{strategy}");
        // The setting stays in the config, and is not a second rename.
        run(&lake, "(4, 'd')").await;
        assert_eq!(lake.rows("silver.t").await.unwrap(), ["1|a", "2|b", "3|c", "4|d"], "{strategy}");
    }
}

#[tokio::test]
async fn a_renamed_key_is_the_key_it_was() {
    let pipeline = |strategy: &str, id: &str, settings: &str| {
        let (head, rows) =
            (format!("-- @merge_strategy: {strategy}\n-- @unique_key: {id}\n{settings}"), "(VALUES {{ var('rows') }}) AS t(id, v)");
        format!("{head}SELECT id AS {id}, v FROM {rows}")
    };
    for (strategy, expected) in [("incremental", 2), ("delete_insert", 2), ("scd2", 3)] {
        let lake = Lake::new(&[("silver/t/pipeline.sql", &pipeline(strategy, "id", ""))]);
        run(&lake, "(1, 'a'), (2, 'b')").await;
        let lake = lake.with(&[("silver/t/pipeline.sql", &pipeline(strategy, "kid", ""))]);
        assert_eq!(refused(&lake, "(2, 'B')").await.code(), Code::StrategyChanged, "{strategy}");
        let lake = lake.with(&[("silver/t/pipeline.sql", &pipeline(strategy, "kid", "-- @renamed_from: {kid: id}\n"))]);
        for _ in 0..2 {
            run(&lake, "(2, 'B')").await;
            assert_eq!(lake.rows("silver.t").await.unwrap().len(), expected, "{strategy}");
        }
    }
}

#[tokio::test]
async fn a_renamed_field_of_a_struct_keeps_its_values() {
    let pipeline = |renamed: &str, value: &str| {
        let head = format!("-- @merge_strategy: append_only\n-- @renamed_from: {{{renamed}}}\n");
        format!("{head}SELECT id, {value} AS s FROM (VALUES {{{{ var('rows') }}}}) AS t(id, v)")
    };
    for (value, renamed, now) in [
        ("{'a': v, 'b': 1}", "s.c: S.a", "{'c': v, 'b': 1}"),
        ("[{'a': v}]", "s.element.c: s.element.a", "[{'c': v}]"),
        ("MAP {'x': {'a': v}}", "s.value.c: s.value.a", "MAP {'x': {'c': v}}"),
        ("{'a': {'b': v}}", "s.c: s.a, s.c.d: s.c.b", "{'c': {'d': v}}"),
    ] {
        let lake = Lake::new(&[("silver/t/pipeline.sql", &pipeline("", value))]);
        run(&lake, "(1, 'old')").await;
        let files = lake.data_files();
        let lake = lake.with(&[("silver/t/pipeline.sql", &pipeline(renamed, now))]);
        // The setting stays, and is not a second rename.
        run(&lake, "(2, 'new')").await;
        run(&lake, "(3, 'newer')").await;
        let rows = lake.rows("silver.t").await.unwrap();
        let at = |word: &str| rows.iter().position(|row| row.contains(word));
        assert_eq!((at("old"), at("new"), at("newer")), (Some(0), Some(1), Some(2)), "{renamed}: {rows:?}");
        assert!(!rows[0].contains("NULL") && !rows[0].contains(" a: "), "{renamed}: {rows:?}");
        assert!(files.is_subset(&lake.data_files()), "{renamed}: no rewrite");
    }
}

#[tokio::test]
async fn a_rename_that_cannot_be_is_refused() {
    for (renamed, code, said) in [
        ("word: nothing", Code::UnknownColumn, "`nothing`"),
        ("s.c: s.nothing", Code::UnknownColumn, "`s.nothing`"),
        ("s.c: v", Code::InvalidValue, "a column stays a column"),
        ("t.c: s.a", Code::InvalidValue, "a field stays in its struct"),
        ("s.b: s.a", Code::SchemaChanged, "exists already"),
    ] {
        let query = "SELECT id, v, {'a': v, 'b': 'x'} AS s FROM (VALUES {{ var('rows') }}) AS t(id, v)";
        let head = "-- @merge_strategy: append_only\n";
        let lake = Lake::new(&[("silver/t/pipeline.sql", &format!("{head}{query}"))]);
        run(&lake, "(1, 'a')").await;
        let lake = lake.with(&[("silver/t/pipeline.sql", &format!("{head}-- @renamed_from: {{{renamed}}}\n{query}"))]);
        let error = refused(&lake, "(2, 'b')").await;
        assert!(error.code() == code && error.message().contains(said), "{renamed}: {error}");
        assert_eq!(code == Code::SchemaChanged, error.help().contains("a rename that was done before"), "{renamed}: {}", error.help());
        assert_eq!(lake.rows("silver.t").await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn files_lie_by_partition_and_rows_in_order() {
    let layout = "-- @merge_strategy: append_only\n-- @partition_by: v\n-- @sort_by: id\n";
    let lake = Lake::new(&[("silver/t/pipeline.sql", &format!("{layout}{ROWS}"))]);
    run(&lake, "(3, 'a'), (1, 'b'), (2, 'a'), (1, 'a')").await;
    let files = table(&lake).await.data_files().await.unwrap();
    assert_eq!(files.len(), 2);
    for entry in &files {
        let stored = crate::tables::support::rows_of(&lake.storage, entry.file.file_path()).await;
        match entry.file.record_count() {
            3 => assert_eq!(stored, ["1|a", "2|a", "3|a"]),
            _ => assert_eq!(stored, ["1|b"]),
        }
        assert!(entry.file.sort_order_id().is_some_and(|order| order > 0), "readers may rely on it");
        let folder = entry.file.file_path().rsplit('/').nth(1).unwrap();
        assert!(folder.starts_with("v="), "{folder}");
    }
    // Another layout is for new files; the old ones are read all the same.
    let lake =
        lake.with(&[("silver/t/pipeline.sql", &format!("-- @merge_strategy: append_only\n-- @partition_by: bucket(4, id)\n{ROWS}"))]);
    run(&lake, "(7, 'c')").await;
    assert_eq!(lake.rows("silver.t").await.unwrap(), ["1|a", "1|b", "2|a", "3|a", "7|c"]);
    let specs: std::collections::BTreeSet<i32> = table(&lake).await.data_files().await.unwrap().iter().map(|entry| entry.spec_id).collect();
    assert_eq!(specs.len(), 2, "the old files are of the old layout");
}

#[tokio::test]
async fn the_lookback_sees_late_rows_again() {
    let query = "SELECT id, at, v FROM (VALUES {{ var('rows') }}) AS t(id, at, v) {% if watermark_value %}WHERE at > {{ watermark_value }}{% endif %}";
    let settings = "-- @merge_strategy: incremental\n-- @unique_key: id\n-- @watermark_column: at\n-- @watermark_lookback: 3\n";
    let lake = Lake::new(&[("silver/t/pipeline.sql", &format!("{settings}{query}"))]);
    assert_eq!(run(&lake, "(1, 10, 'a')").await.watermark.as_deref(), Some("10"));
    // Seven is as far back as it looks: later than that counts.
    let late = run(&lake, "(2, 8, 'late'), (3, 7, 'too late'), (1, 10, 'again')").await;
    assert_eq!(late.rows_written, 2);
    assert_eq!(late.watermark.as_deref(), Some("10"));
    assert_eq!(lake.rows("silver.t").await.unwrap(), ["1|10|again", "2|8|late"]);

    let by_day = "SELECT id, CAST(at AS DATE) AS at FROM (VALUES {{ var('rows') }}) AS t(id, at) \
                  {% if watermark_value %}WHERE CAST(at AS DATE) >= DATE '{{ watermark_value }}'{% endif %}";
    let settings = "-- @merge_strategy: append_only\n-- @watermark_column: at\n-- @watermark_lookback: 36h\n";
    let lake = Lake::new(&[("silver/t/pipeline.sql", &format!("{settings}{by_day}"))]);
    run(&lake, "(1, '2024-03-10')").await;
    // A day and a half is two days: earlier than asked is safe.
    let late = run(&lake, "(2, '2024-03-08'), (3, '2024-03-07')").await;
    assert_eq!(late.rows_written, 1);
    assert_eq!(lake.rows("silver.t").await.unwrap(), ["1|2024-03-10", "2|2024-03-08"]);
}

#[tokio::test]
async fn a_lookback_that_does_not_go_with_its_watermark_says_so() {
    let query = "SELECT id, at FROM (VALUES {{ var('rows') }}) AS t(id, at)";
    let settings = "-- @merge_strategy: append_only\n-- @watermark_column: at\n-- @watermark_lookback: 3d\n";
    let lake = Lake::new(&[("silver/t/pipeline.sql", &format!("{settings}{query}"))]);
    run(&lake, "(1, 10)").await;
    let report = rat_core::interop::run::run(&lake.context, &name("silver.t"), &super::harness::with_rows("(2, 11)")).await.unwrap();
    let error = report.error.unwrap();
    assert_eq!(error.code(), rat_core::error::Code::InvalidValue, "{error}");
    assert!(error.message().contains("watermark_lookback"), "{error}");
    assert_eq!(lake.rows("silver.t").await.unwrap(), ["1|10"]);
}

#[tokio::test]
async fn a_table_whose_last_writer_had_a_clock_ahead_is_changed_all_the_same() {
    let years = std::time::Duration::from_secs(100 * 365 * 86_400);
    let lake = Lake::new(&[("silver/t/pipeline.sql", &format!("-- @merge_strategy: append_only\n{ROWS}"))]);
    run(&lake, "(1, 'a')").await;
    lake.clock.advance(years);
    run(&lake, "(2, 'b')").await;
    let ahead = table(&lake).await;
    let (folder, storage) = (lake.folder, lake.storage);
    // The same lake on a machine whose clock is right.
    let wider =
        "-- @merge_strategy: append_only\n-- @partition_by: id\nSELECT id, v, id * 2 AS twice FROM (VALUES {{ var('rows') }}) AS t(id, v)";
    let lake = Lake::open(folder, storage, &[("silver/t/pipeline.sql", wider)]);
    let t = name("silver.t");
    for change in [
        ReferenceChange::Tag("seen".to_owned(), None),
        ReferenceChange::Branch("side".to_owned(), None),
        ReferenceChange::Remove("side".to_owned()),
        ReferenceChange::Rollback(ahead.metadata().history()[0].snapshot_id),
        ReferenceChange::Rollback(ahead.snapshot_id().unwrap()),
    ] {
        let before = table(&lake).await;
        let after = lake.context.tables.change_reference(&t, &change).await.unwrap();
        assert!(after.metadata().last_updated_ms() >= before.metadata().last_updated_ms(), "{change:?}: time does not run back");
        let told: Vec<&str> = after.metadata().metadata_log().iter().map(|log| log.metadata_file.as_str()).collect();
        assert_eq!(told.last().copied(), before.metadata_location(), "{change:?}: what was before is told of");
        assert_eq!(told.len(), before.metadata().metadata_log().len() + 1, "{change:?}");
    }
    let moved = table(&lake).await;
    assert_eq!(moved.metadata().history().len(), 4, "two runs, back and forth");
    run(&lake, "(3, 'c')").await;
    assert_eq!(lake.rows("silver.t").await.unwrap(), ["1|a|NULL", "2|b|NULL", "3|c|6"]);
    let seen = table(&lake).await.at_ref("seen").unwrap();
    assert_eq!(crate::run::harness::rows_of(&lake.context, &seen).await, ["1|a", "2|b"]);
}
