//! Tables that other engines changed between two runs: their deletes by equality and by file, their columns, partitions, branches and tags. The
//! next run of every strategy is as if rat had done it.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, Int64Array};
use datafusion::parquet::arrow::ArrowWriter;
use iceberg::spec::{DataContentType, DataFileBuilder, DataFileFormat, Literal, Struct};
use rat_core::interop::maintain::{MaintainContext, maintain};
use rat_core::interop::tables::{Change, Evolution, FileEntry, Table, WrittenFile, references};
use rat_core::settings::MaintenanceSettings;

use super::model::Readers;
use super::spark;
use crate::run::harness::{Lake, name};
use crate::scan::interop::python;
use crate::scan::lake::batch;

const STRATEGIES: [(&str, &str); 5] = [
    ("incremental", "-- @unique_key: id\n"),
    ("delete_insert", "-- @unique_key: id\n"),
    ("snapshot", "-- @partition_column: id\n"),
    ("scd2", "-- @unique_key: id\n"),
    ("append_only", ""),
];

fn pipeline(strategy: &(&str, &str), settings: &str, id: &str) -> String {
    let head = format!("-- @merge_strategy: {}\n{}{settings}", strategy.0, strategy.1);
    format!("{head}SELECT CAST(id AS {id}) AS id, CAST(v AS INTEGER) AS v FROM (VALUES {{{{ var('rows') }}}}) AS t(id, v)")
}

async fn table(lake: &Lake) -> Table {
    lake.context.tables.get(&name("silver.t")).await.unwrap()
}

/// The first two columns of the rows that are valid now.
async fn now(lake: &Lake) -> Vec<String> {
    let rows = lake.rows("silver.t").await.unwrap();
    let open = rows.iter().map(|row| row.split('|').collect::<Vec<_>>()).filter(|row| row.get(3).is_none_or(|to| *to == "NULL"));
    open.map(|row| row[..2].join("|")).collect()
}

/// Deletes the rows of these ids by an equality delete file, as Flink writes them: in one partition, or in a table without.
async fn delete_by_equality(lake: &Lake, ids: ArrayRef, partition: Option<Literal>) {
    let (tables, before) = (&lake.context.tables, table(lake).await);
    let rows = batch(vec![(1, "id", Arc::clone(&ids))]);
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, rows.schema(), None).unwrap();
    writer.write(&rows).unwrap();
    writer.close().unwrap();
    let path = format!("{}/data/equal-{}.parquet", before.location(), before.metadata().last_sequence_number());
    let mut file = DataFileBuilder::default();
    file.content(DataContentType::EqualityDeletes)
        .file_path(path.clone())
        .file_format(DataFileFormat::Parquet)
        .record_count(rows.num_rows() as u64)
        .file_size_in_bytes(bytes.len() as u64)
        .partition(if partition.is_some() { Struct::from_iter([partition]) } else { Struct::empty() })
        .partition_spec_id(before.metadata().default_partition_spec_id())
        .equality_ids(Some(vec![1]));
    lake.storage.write(&path, bytes).await.unwrap();
    let mut change = Change::new(tables.evolve(&before, Evolution::default()).unwrap());
    change.add_deletes.push(WrittenFile { file: file.build().unwrap(), spec_id: before.metadata().default_partition_spec_id() });
    let staged = tables.stage(change).await.unwrap();
    tables.publish(vec![staged]).await.unwrap();
}

/// The rows that are valid after a run of these, onto ids 1 (twice), 4 and 5: 2 and 3 were deleted by another engine.
fn expected(strategy: &str) -> &'static [&'static str] {
    match strategy {
        "append_only" => &["1|10", "2|21", "4|40", "4|41", "5|50", "6|61"],
        _ => &["1|10", "2|21", "4|41", "5|50", "6|61"],
    }
}

/// Merges, and gives the table to other engines, which read equality deletes only once maintenance has written their files again.
async fn merged_and_read(lake: &Lake, strategy: &str, told: &str) {
    let report = lake.run_rows("silver.t", "(2, 21), (4, 41), (6, 61)").await;
    assert_eq!(now(lake).await, expected(strategy), "{told}");
    let updates = u64::from(matches!(strategy, "incremental"));
    assert_eq!(
        (report.rows_updated, report.rows_inserted),
        (updates, 3 - updates),
        "{told}: a row that is deleted is not there to be updated"
    );
    let context = MaintainContext {
        tables: lake.context.tables.clone(),
        session: lake.context.session.clone(),
        ledger: lake.context.ledger.clone(),
        clock: Arc::clone(&lake.context.clock),
        target_file_bytes: 128 << 20,
    };
    let rows = lake.rows("silver.t").await;
    let done = maintain(&context, &[name("silver.t")], &MaintenanceSettings::default(), false).await.unwrap().tables.remove(0);
    assert!(done.error.is_none(), "{told}: {done:?}");
    assert_eq!(lake.rows("silver.t").await, rows, "{told}");
    let left = table(lake).await.data_files().await.unwrap();
    let by_equality = |file: &&FileEntry| file.file.content_type() == DataContentType::EqualityDeletes;
    assert_eq!(left.iter().filter(by_equality).count(), 0, "{told}: what deletes by equality is gone with what it deleted");
    if let Some(mut readers) = Readers::of(lake.folder.path(), "silver") {
        for (engine, read) in readers.read("t", &["pyiceberg", "polars"]) {
            assert_eq!(Some(read), rows, "{told}: {engine}");
        }
    }
}

#[tokio::test]
async fn every_strategy_merges_a_table_with_equality_deletes() {
    for strategy in &STRATEGIES {
        let parted = if strategy.0 == "snapshot" { "-- @partition_by: bucket(1, v)\n" } else { "" };
        let lake = Lake::new(&[("silver/t/pipeline.sql", &pipeline(strategy, parted, "INTEGER"))]);
        lake.run_rows("silver.t", "(1, 10), (2, 20), (3, 30)").await;
        lake.run_rows("silver.t", "(4, 40), (5, 50)").await;
        let partition = (!parted.is_empty()).then(|| Literal::int(0));
        delete_by_equality(&lake, Arc::new(Int32Array::from(vec![2, 3, 8])), partition).await;
        assert_eq!(now(&lake).await, ["1|10", "4|40", "5|50"], "{}", strategy.0);
        merged_and_read(&lake, strategy.0, strategy.0).await;
    }
}

#[tokio::test]
async fn equality_deletes_of_a_partition_reach_files_from_before_its_column_became_wider() {
    for strategy in &STRATEGIES {
        let settings = "-- @partition_by: id\n";
        let lake = Lake::new(&[("silver/t/pipeline.sql", &pipeline(strategy, settings, "INTEGER"))]);
        lake.run_rows("silver.t", "(1, 10), (2, 20), (3, 30), (4, 40)").await;
        let lake = lake.with(&[("silver/t/pipeline.sql", &pipeline(strategy, settings, "BIGINT"))]);
        lake.run_rows("silver.t", "(5, 50)").await;
        for id in [2, 3] {
            delete_by_equality(&lake, Arc::new(Int64Array::from(vec![id])), Some(Literal::long(id))).await;
        }
        assert_eq!(now(&lake).await, ["1|10", "4|40", "5|50"], "{}", strategy.0);
        merged_and_read(&lake, strategy.0, &format!("{}, by id", strategy.0)).await;
    }
}

fn change(python: &Path, lake: &Lake, step: &str) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/change_table.py");
    let output = Command::new(python).arg(script).arg(lake.folder.path()).args(["silver", "t", step]).output().unwrap();
    assert!(output.status.success(), "{step}: {}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn every_strategy_merges_a_table_that_pyiceberg_changed() {
    let Some(python) = python() else { return };
    for strategy in &STRATEGIES {
        let lake = Lake::new(&[("silver/t/pipeline.sql", &pipeline(strategy, "", "INTEGER"))]);
        lake.run_rows("silver.t", "(1, 10), (2, 20), (3, 30), (4, 40)").await;
        lake.run_rows("silver.t", "(5, 50), (3, 31)").await;
        change(&python, &lake, "evolve");
        let kept =
            if strategy.0 == "append_only" { vec!["1|10", "3|30", "3|31", "4|40", "5|50"] } else { vec!["1|10", "3|31", "4|40", "5|50"] };
        assert_eq!(now(&lake).await, kept, "{}", strategy.0);
        let before = table(&lake).await;
        let renamed = pipeline(strategy, "", "BIGINT").replace("AS v FROM", "AS label FROM");
        let lake = lake.with(&[("silver/t/pipeline.sql", &renamed)]);
        lake.run_rows("silver.t", "(2, 21), (4, 41)").await;
        let mut expected: Vec<&str> = kept.into_iter().filter(|row| strategy.0 == "append_only" || *row != "4|40").collect();
        expected.extend(["2|21", "4|41"]);
        expected.sort_unstable();
        assert_eq!(now(&lake).await, expected, "{}", strategy.0);
        let after = table(&lake).await;
        assert_eq!(
            references(after.metadata()).keys().map(String::as_str).collect::<Vec<_>>(),
            ["audit", "main", "seen"],
            "{}",
            strategy.0
        );
        for named in ["audit", "seen"] {
            assert_eq!(after.at_ref(named).unwrap().snapshot_id(), before.snapshot_id(), "{}: {named} is where it was", strategy.0);
        }
        let rows = lake.rows("silver.t").await.unwrap();
        for (engine, read) in Readers::of(lake.folder.path(), "silver").unwrap().read("t", &["pyiceberg", "polars"]) {
            assert_eq!(read, rows, "{}: {engine}", strategy.0);
        }
    }
}

#[tokio::test]
async fn uuids_of_another_engine_are_kept_whatever_becomes_of_their_files() {
    let Some(python) = python() else { return };
    let id = |n: u8| format!("{n:032x}");
    for strategy in &STRATEGIES {
        let mode = if strategy.0 == "delete_insert" { "merge_on_read" } else { "copy_on_write" };
        let lake = Lake::new(&[("silver/t/pipeline.sql", &pipeline(strategy, &format!("-- @write_mode: {mode}\n"), "INTEGER"))]);
        lake.run_rows("silver.t", "(1, 10)").await;
        change(&python, &lake, "identify");
        let report = lake.run_rows("silver.t", "(2, 23), (3, 30)").await;
        assert_eq!(report.rows_written, 2, "{}", strategy.0);
        let rows = lake.rows("silver.t").await.unwrap();
        let with = |n: u8| rows.iter().filter(|row| row.contains(&id(n))).count();
        assert_eq!((with(8), with(2)), (1, usize::from(matches!(strategy.0, "append_only" | "scd2"))), "{}: {rows:?}", strategy.0);
        for (engine, read) in Readers::of(lake.folder.path(), "silver").unwrap().read("t", &["pyiceberg", "polars"]) {
            assert_eq!(read, rows, "{}: {engine}", strategy.0);
        }
        if strategy.0 == "incremental" {
            for (_, read) in spark::read(lake.folder.path()) {
                let read: Vec<String> = read.unwrap().iter().map(|row| row.replace("-", "")).collect();
                assert_eq!(read, rows, "Spark, for which they are texts");
            }
        }
    }
}

#[tokio::test]
async fn a_watermark_is_that_of_the_rows_whoever_wrote_them() {
    let Some(python) = python() else { return };
    for strategy in [("append_only", ""), ("incremental", "-- @unique_key: id, v\n")] {
        let sql =
            pipeline(&strategy, "-- @watermark_column: v\n", "INTEGER").replace("CAST(v AS INTEGER)", "v + {{ watermark_value or 0 }}");
        let lake = Lake::new(&[("silver/t/pipeline.sql", &sql)]);
        lake.run_rows("silver.t", "(1, 10)").await;
        change(&python, &lake, "append");
        lake.run_rows("silver.t", "(2, 1)").await;
        let told = "the row of another engine is further than the last run";
        assert_eq!(lake.rows("silver.t").await.unwrap(), ["1|10", "1|50", "2|101", "9|100"], "{}: {told}", strategy.0);
        change(&python, &lake, "append");
        change(&python, &lake, "delete");
        lake.run_rows("silver.t", "(3, 1)").await;
        let expected = ["1|10", "1|50", "1|50", "2|101", "3|102"];
        assert_eq!(lake.rows("silver.t").await.unwrap(), expected, "{}", strategy.0);
    }
}

#[tokio::test]
async fn a_watermark_goes_back_when_another_engine_deletes_what_was_furthest() {
    let Some(python) = python() else { return };
    let sql = pipeline(&("append_only", ""), "-- @watermark_column: v\n", "INTEGER")
        .replace("CAST(v AS INTEGER)", "v + {{ watermark_value or 0 }}");
    let lake = Lake::new(&[("silver/t/pipeline.sql", &sql)]);
    lake.run_rows("silver.t", "(1, 10), (9, 90)").await;
    change(&python, &lake, "delete");
    lake.run_rows("silver.t", "(2, 1)").await;
    assert_eq!(lake.rows("silver.t").await.unwrap(), ["1|10", "2|11"]);
}
