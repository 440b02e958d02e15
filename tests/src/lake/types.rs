//! Columns of every type that a table holds, in every strategy: as values, as keys, and as watermarks.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, BooleanArray, Date32Array, Decimal128Array, FixedSizeBinaryArray, Float32Array,
    Float64Array, Int32Array, Int64Array, LargeBinaryArray, LargeStringArray, RecordBatch, StringArray, StringViewArray, StructArray,
    Time32SecondArray, Time64MicrosecondArray, Time64NanosecondArray, TimestampMicrosecondArray, TimestampSecondArray, UInt64Array,
};
use arrow::compute::{cast, concat};
use arrow::datatypes::{DataType, Field};
use rat_core::{WriteData, WriteOptions};
use serde_json::{Value, json};

use super::support::Shop;

fn of_every_type() -> Vec<ArrayRef> {
    let plain: Vec<ArrayRef> = vec![
        Arc::new(BooleanArray::from(vec![false, true])),
        Arc::new(Int32Array::from(vec![-1, 7])),
        Arc::new(Int64Array::from(vec![i64::MIN, i64::MAX])),
        Arc::new(UInt64Array::from(vec![0, 9])),
        Arc::new(Float32Array::from(vec![-1.5, f32::INFINITY])),
        Arc::new(Float64Array::from(vec![-1.5, f64::NAN])),
        Arc::new(Decimal128Array::from(vec![-150, 150]).with_precision_and_scale(9, 2).unwrap()),
        Arc::new(StringArray::from(vec!["", "ä"])),
        Arc::new(LargeStringArray::from(vec!["", "ä"])),
        Arc::new(StringViewArray::from(vec!["", "a text that is longer than a view"])),
        Arc::new(BinaryArray::from(vec![&b""[..], &b"\x00\xff"[..]])),
        Arc::new(LargeBinaryArray::from(vec![&b""[..], &b"\x00\xff"[..]])),
        Arc::new(BinaryViewArray::from(vec![&b""[..], &b"\x00\xff, longer than a view"[..]])),
        Arc::new(FixedSizeBinaryArray::try_from_iter([b"abcd", b"\x00\xff\x00\xff"].into_iter()).unwrap()),
        Arc::new(Date32Array::from(vec![-719_162, 19_782])),
        Arc::new(Time32SecondArray::from(vec![0, 86_399])),
        Arc::new(Time64MicrosecondArray::from(vec![0, 86_399_999_999])),
        Arc::new(Time64NanosecondArray::from(vec![0, 86_399_999_999_000])),
        Arc::new(TimestampSecondArray::from(vec![-1, 1])),
        Arc::new(TimestampMicrosecondArray::from(vec![-1, 1])),
        Arc::new(TimestampMicrosecondArray::from(vec![-1, 1]).with_timezone("+02:00")),
    ];
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
    let words = cast(&texts, &DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))).unwrap();
    plain.into_iter().chain([words]).collect()
}

fn nested(values: &ArrayRef) -> Vec<ArrayRef> {
    let field = Arc::new(Field::new("x", values.data_type().clone(), true));
    let list = cast(values, &DataType::List(Arc::new(Field::new("item", values.data_type().clone(), true)))).unwrap();
    vec![Arc::new(StructArray::try_new(vec![field].into(), vec![Arc::clone(values)], None).unwrap()), list]
}

fn by(strategy: &str, key: &str, settings: Value) -> WriteOptions {
    let settings = settings.as_object().unwrap().clone().into_iter().collect();
    let unique_key = if ["incremental", "delete_insert", "scd2"].contains(&strategy) { vec![key.to_owned()] } else { vec![] };
    WriteOptions { strategy: Some(strategy.to_owned()), unique_key, settings, ..WriteOptions::default() }
}

async fn write(shop: &Shop, columns: Vec<(&str, ArrayRef)>, options: &WriteOptions) {
    let kinds = columns.iter().map(|(name, column)| format!("{name} {}", column.data_type())).collect::<Vec<_>>().join(", ");
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true))).unwrap();
    let report = shop.lake.write("silver.t", WriteData::batches(batch.schema(), vec![batch]), options).await;
    report.and_then(rat_core::RunReport::into_result).unwrap_or_else(|error| panic!("{:?} of {kinds}: {error}", options.strategy));
}

#[tokio::test]
async fn values_of_every_type_are_merged_again_and_again() {
    let plain = of_every_type();
    let all: Vec<ArrayRef> = plain.iter().cloned().chain(plain.iter().flat_map(nested)).collect();
    let names: Vec<String> = (0..all.len()).map(|i| format!("c{i}")).collect();
    let id: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
    let columns = || names.iter().map(String::as_str).zip(all.iter().cloned()).chain([("id", Arc::clone(&id))]).collect::<Vec<_>>();
    for (options, rows) in [
        (by("append_only", "", json!({})), "6"),
        (by("full_refresh", "", json!({})), "2"),
        (by("incremental", "id", json!({"write_mode": "merge_on_read"})), "2"),
        (by("incremental", "id", json!({"write_mode": "copy_on_write"})), "2"),
        (by("delete_insert", "id", json!({})), "2"),
        (by("snapshot", "", json!({"partition_column": "id"})), "2"),
        (by("scd2", "id", json!({})), "2"),
    ] {
        let shop = Shop::new(&[]).await;
        for _ in 0..3 {
            write(&shop, columns(), &options).await;
        }
        assert_eq!(shop.rows("SELECT count(*) FROM silver.t").await, [rows], "{options:?}");
        let distinct = format!("SELECT count(*) FROM (SELECT DISTINCT {} FROM silver.t)", names.join(", "));
        assert_eq!(shop.rows(&distinct).await, ["2"], "{options:?}");
    }
}

#[tokio::test]
async fn keys_of_every_plain_type_find_their_rows() {
    for key in of_every_type() {
        let with_null = concat(&[&key, &arrow::array::new_null_array(key.data_type(), 1)]).unwrap();
        let old: ArrayRef = Arc::new(StringArray::from(vec!["old"; 3]));
        let new: ArrayRef = Arc::new(StringArray::from(vec!["new"; 1]));
        for strategy in ["incremental", "delete_insert", "scd2"] {
            let shop = Shop::new(&[]).await;
            let options = by(strategy, "k", json!({"null_keys": "match"}));
            write(&shop, vec![("k", Arc::clone(&with_null)), ("v", Arc::clone(&old))], &options).await;
            for row in 0..3 {
                shop.clock.advance(std::time::Duration::from_secs(1));
                write(&shop, vec![("k", with_null.slice(row, 1)), ("v", Arc::clone(&new))], &options).await;
            }
            let open = if strategy == "scd2" { "WHERE valid_to IS NULL" } else { "" };
            let found = shop.rows(&format!("SELECT v, count(*) FROM silver.t {open} GROUP BY v")).await;
            assert_eq!(found, ["new|3"], "{strategy} of {}", key.data_type());
        }
    }
}

#[tokio::test]
async fn a_watermark_is_written_as_sql_reads_it() {
    for (column, expected) in [
        ("1.50::DECIMAL(9, 2)", "1.50"),
        ("-0.05::DECIMAL(9, 2)", "-0.05"),
        ("TIME '10:00:00.5'", "10:00:00.500"),
        ("1.5::DOUBLE", "1.5"),
        ("7", "7"),
        ("DATE '2024-02-29'", "2024-02-29"),
        ("TIMESTAMP '2024-02-29 10:00:00'", "2024-02-29 10:00:00"),
        ("'x'", "x"),
    ] {
        let sql = format!(
            "-- @merge_strategy: incremental\n-- @unique_key: id\n-- @watermark_column: w\nSELECT 1 AS id, {column} AS w{{% if watermark_value %}}, '{{{{ watermark_value }}}}' AS seen WHERE {column} >= '{{{{ watermark_value }}}}'{{% else %}}, NULL::VARCHAR AS seen{{% endif %}}"
        );
        let shop = Shop::new(&[("default/pipelines/silver/t/pipeline.sql", &sql)]).await;
        shop.run("silver.t").await;
        let report = shop.run("silver.t").await;
        assert_eq!(report.rows_updated, 1, "{column}");
        assert_eq!(shop.rows("SELECT seen FROM silver.t").await, [expected], "{column}");
    }
}

#[tokio::test]
async fn rows_that_differ_in_what_is_nested_alone_have_one_order() {
    for value in ["[range]", "{'a': range}", "MAP {'a': range}", "[{'m': MAP {'a': range}}]"] {
        let sql = format!("-- @merge_strategy: incremental\n-- @unique_key: k\nSELECT range % 3 AS k, {value} AS n FROM range(0, 60000)");
        let mut answers = Vec::new();
        for _ in 0..4 {
            let shop = Shop::new(&[("default/pipelines/silver/t/pipeline.sql", &sql)]).await;
            shop.run("silver.t").await;
            answers.push(shop.rows("SELECT k, n FROM silver.t ORDER BY k").await);
        }
        assert!(answers.iter().all(|answer| *answer == answers[0] && answer.len() == 3), "{value}: {answers:?}");
        assert!(answers[0][0].contains("59997") && answers[0][2].contains("59999"), "the greatest stays: {answers:?}");
    }
}

#[tokio::test]
async fn a_null_inside_a_map_is_less_than_an_empty_text() {
    for rows in ["(NULL::VARCHAR), ('')", "(''), (NULL::VARCHAR)"] {
        let sql =
            format!("-- @merge_strategy: incremental\n-- @unique_key: k\nSELECT 1 AS k, MAP {{'a': v}} AS n FROM (VALUES {rows}) t(v)");
        let shop = Shop::new(&[("default/pipelines/silver/t/pipeline.sql", &sql)]).await;
        shop.run("silver.t").await;
        assert_eq!(shop.rows("SELECT n['a'] IS NULL FROM silver.t").await, ["false"], "{rows}");
    }
}

#[tokio::test]
async fn what_is_nested_is_a_change_when_its_values_are_others() {
    let pipeline = |value: &str| format!("-- @merge_strategy: scd2\n-- @unique_key: k\nSELECT 1 AS k, {value} AS n");
    for (before, same, other) in [
        ("{'m': MAP {'a': NULL::VARCHAR}}", "{'m': MAP {'a': NULL::VARCHAR}}", "{'m': MAP {'a': ''}}"),
        ("[MAP {'a': 1}]", "[MAP {'a': 1}]", "[MAP {'a': 1, 'b': 1}]"),
        ("{'x': 0.0::DOUBLE, 'y': 'NaN'::DOUBLE}", "{'x': '-0.0'::DOUBLE, 'y': '-NaN'::DOUBLE}", "{'x': 1.0::DOUBLE, 'y': NULL::DOUBLE}"),
    ] {
        let mut shop = Shop::new(&[("default/pipelines/silver/t/pipeline.sql", &pipeline(before))]).await;
        for (value, versions) in [(before, 1), (same, 1), (other, 2)] {
            shop.write("default/pipelines/silver/t/pipeline.sql", &pipeline(value));
            shop.lake = rat_core::Lake::open(&shop.folder.path().to_string_lossy()).await.unwrap();
            shop.run("silver.t").await;
            assert_eq!(shop.rows("SELECT count(*) FROM silver.t").await, [versions.to_string()], "{before}, then {value}");
        }
    }
}
