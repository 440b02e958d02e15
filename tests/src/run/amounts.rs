//! How far the numbers of a plan are known: rows of landed files, files and bytes.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use rat_core::Amount;
use rat_core::error::Code;
use rat_core::interop::landing::Landing;
use rat_core::interop::run::{RunOptions, run};

use super::harness::{Lake, Zones, full_refresh, name, with_rows};

fn landed(settings: &str, function: &str, files: &[(&str, Vec<u8>)]) -> Lake {
    let query = format!("{settings}\nSELECT id, price FROM {function}('{{{{ landing_zone(\"arrivals\", new=true) }}}}')");
    let mut lake = Lake::new(&[("silver/t/pipeline.sql", &query)]);
    let folder = lake.folder.path().join("default/landing/arrivals");
    std::fs::create_dir_all(&folder).unwrap();
    files.iter().for_each(|(path, bytes)| std::fs::write(folder.join(path), bytes).unwrap());
    lake.context.landing = Arc::new(Zones(Landing::new(&lake.storage)));
    lake
}

const APPENDED: &str = "-- @merge_strategy: append_only";

fn csv() -> Vec<u8> {
    b"id,price\n1,0.5\n2,1.5\n".to_vec()
}

fn packed() -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(&csv()).unwrap();
    packed.finish().unwrap()
}

/// Numbers that no encoding makes smaller.
fn parquet(rows: i64) -> Vec<u8> {
    let schema = Arc::new(Schema::new(vec![Field::new("id", DataType::Int64, true), Field::new("price", DataType::Float64, true)]));
    let mixed = |n: i64| f64::from_bits((n as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 2);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values((0..rows).map(|n| mixed(n).to_bits() as i64))),
        Arc::new(Float64Array::from_iter_values((0..rows).map(mixed))),
    ];
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, schema, None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_text_are_no_more_than_its_bytes() {
    let bytes = csv().len() as u64;
    let lake = landed(APPENDED, "read_csv", &[("a.csv", csv()), ("b.csv", csv())]);
    let (plan, report) = lake.planned_run(&RunOptions::default()).await;
    assert_eq!((plan.rows_written, report.rows_written), (Amount::AtMost(2 * bytes), 4));
    assert_eq!((plan.files_added, report.files_added), (Amount::AtMost(1), 1));
    assert!(plan.bytes_written.most().is_some_and(|most| most < 100_000), "{plan:#?}");
    // Nothing has landed since.
    let (plan, _) = lake.planned_run(&RunOptions::default()).await;
    assert_eq!((plan.rows_written, plan.files_added, plan.bytes_written), (Amount::Exact(0), Amount::Exact(0), Amount::Exact(0)));
    // How much is packed in fewer bytes is not known.
    let lake = landed(APPENDED, "read_csv", &[("a.csv", csv()), ("b.csv.gz", packed())]);
    let (plan, report) = lake.planned_run(&RunOptions::default()).await;
    assert_eq!((plan.rows_written, plan.files_added, plan.bytes_written), (Amount::Unknown, Amount::Unknown, Amount::Unknown));
    assert_eq!(report.rows_written, 4);
    let records = b"{\"id\": 1, \"price\": 0.5}\n".to_vec();
    let lake = landed(APPENDED, "read_json", &[("a.json", records.clone())]);
    let (plan, _) = lake.planned_run(&RunOptions::default()).await;
    assert_eq!(plan.rows_written, Amount::AtMost(records.len() as u64));
}

#[tokio::test(flavor = "multi_thread")]
async fn landed_parquet_says_how_many_rows_it_has() {
    let files: Vec<(String, Vec<u8>)> = (0..12).map(|n| (format!("{n}.parquet"), parquet(n))).collect();
    let files: Vec<(&str, Vec<u8>)> = files.iter().map(|(path, bytes)| (path.as_str(), bytes.clone())).collect();
    let lake = landed(APPENDED, "read_parquet", &files);
    let (plan, _) = lake.planned_run(&RunOptions::default()).await;
    assert_eq!((plan.rows_written, plan.rows_total, plan.files_added), (Amount::Exact(66), Amount::Exact(66), Amount::Exact(1)));
    // One that cannot be read stops the run, and is in the plan.
    let lake = landed(APPENDED, "read_parquet", &[("0.parquet", parquet(3)), ("1.parquet", b"PAR1 and no footer".to_vec())]);
    let plan = lake.plan(&RunOptions::default()).await;
    assert_eq!(plan.diagnostics.iter().map(|told| told.code).collect::<Vec<_>>(), [Code::MalformedFile]);
    let report = run(&lake.context, &name("silver.t"), &RunOptions::default()).await.unwrap();
    assert_eq!(report.error.map(|error| error.code()), Some(Code::MalformedFile));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_of_bytes_holds_for_what_no_encoding_makes_smaller() {
    for rows in [1, 20_000, 300_000] {
        let lake = landed(APPENDED, "read_parquet", &[("a.parquet", parquet(rows))]);
        let (plan, report) = lake.planned_run(&RunOptions::default()).await;
        let most = plan.bytes_written.most().unwrap();
        assert!(report.bytes_written <= most && most < 20_000 + 8 * report.bytes_written, "{} of {most}", report.bytes_written);
    }
    // Each partition has a file of its own, and each file a footer.
    let lake = landed(&format!("{APPENDED}\n-- @partition_by: bucket(50, id)"), "read_parquet", &[("a.parquet", parquet(200))]);
    let (plan, report) = lake.planned_run(&RunOptions::default()).await;
    assert_eq!((plan.files_added, report.files_added), (Amount::AtMost(200), 50));
}

#[tokio::test]
async fn rows_that_meet_none_make_a_file() {
    let query = "-- @merge_strategy: incremental\n-- @unique_key: id\nSELECT * FROM (VALUES {{ var('rows') }}) AS t(id, at)";
    let lake = Lake::new(&[("silver/t/pipeline.sql", query)]);
    for rows in ["(1, 1), (1, 2), (2, 1)", "(3, 1), (4, 1)"] {
        let (plan, _) = lake.planned_run(&with_rows(rows)).await;
        assert_eq!((plan.files_added, plan.files_removed), (Amount::Exact(1), Amount::Exact(0)), "{rows}");
    }
    let (plan, _) = lake.planned_run(&with_rows("(2, 1)")).await;
    assert_eq!((plan.files_pruned, plan.files_removed), (1, Amount::AtMost(1)));
    let (plan, _) = lake.planned_run(&full_refresh("(2, 2)")).await;
    assert_eq!((plan.files_added, plan.files_removed), (Amount::Exact(1), Amount::Exact(3)));
}

#[tokio::test]
async fn rows_of_one_partition_are_in_one_file() {
    let query = "-- @merge_strategy: snapshot\n-- @partition_column: day\n-- @partition_by: bucket(8, day), day\n\
                 SELECT * FROM (VALUES {{ var('rows') }}) AS t(day, n)";
    let lake = Lake::new(&[("silver/t/pipeline.sql", query)]);
    for (rows, files) in
        [("(31, 1), (31, 2)", Amount::Exact(1)), ("(31, 1), (32, 2)", Amount::AtMost(2)), ("(33, 1), (33, 2), (33, 3)", Amount::Exact(1))]
    {
        let (plan, _) = lake.planned_run(&with_rows(rows)).await;
        assert_eq!(plan.files_added, files, "{rows}: {plan:#?}");
    }
}
