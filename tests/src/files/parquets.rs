//! Landed Parquet files.

use std::sync::Arc;

use super::oracle::type_name;
use arrow::array::{ArrayRef, BinaryArray, Int32Array, Int64Array, LargeStringArray, RecordBatch, StringArray, TimestampMillisecondArray};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use rat_core::error::Code;
use rat_core::interop::dialect::ReadFunction;
use serde_json::{Value, json};

use super::Landed;

fn file(columns: Vec<(&str, ArrayRef)>) -> Bytes {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    Bytes::from(bytes)
}

async fn landed(options: Value, files: &[(&str, Bytes)]) -> Landed {
    Landed::new(ReadFunction::Parquet, &options, files).await
}

#[tokio::test]
async fn columns_match_by_name_and_have_plain_types() {
    let one = file(vec![
        ("id", Arc::new(Int64Array::from(vec![1, 2]))),
        ("name", Arc::new(LargeStringArray::from(vec![Some("x"), None]))),
        ("at", Arc::new(TimestampMillisecondArray::from(vec![0, 1]))),
    ]);
    let two = file(vec![
        ("AT", Arc::new(TimestampMillisecondArray::from(vec![2]))),
        ("name", Arc::new(StringArray::from(vec!["z"]))),
        ("id", Arc::new(Int32Array::from(vec![3]))),
    ]);
    let landed = landed(json!({ "filename": "src" }), &[("a.parquet", one), ("b.parquet", two)]).await;
    let types: Vec<String> =
        landed.shape().await.unwrap().schema().fields().iter().map(|f| format!("{} {}", f.name(), type_name(f.data_type()))).collect();
    assert_eq!(types, ["id BIGINT", "name VARCHAR", "at TIMESTAMP", "src VARCHAR"]);
    let lines = landed.read_columns(Some(vec![1, 0]), None).await.unwrap().lines();
    assert_eq!(lines, ["x|1", "-|2", "z|3"]);
    assert_eq!(landed.read_columns(Some(vec![]), None).await.unwrap().rows(), 3);
    assert_eq!(landed.read_columns(None, Some(1)).await.unwrap().lines()[0], "1|x|1970-01-01T00:00:00|default/landing/zone/a.parquet");
}

#[tokio::test]
async fn files_that_differ_are_refused_or_united() {
    let one = file(vec![("id", Arc::new(Int32Array::from(vec![1])))]);
    let two = file(vec![("id", Arc::new(Int64Array::from(vec![2]))), ("extra", Arc::new(StringArray::from(vec!["e"])))]);
    let error = landed(json!({}), &[("a.parquet", one.clone()), ("b.parquet", two.clone())]).await.read().await.err().unwrap();
    assert_eq!(error.code(), Code::MalformedFile);
    assert_eq!(error.message(), "`default/landing/zone/b.parquet`: column `id` is BIGINT, and INTEGER in other files of the zone");
    let united = landed(json!({ "union_by_name": true }), &[("a.parquet", one.clone()), ("b.parquet", two)]).await;
    assert_eq!(united.read().await.unwrap().lines(), ["1|-", "2|e"]);
    let three = file(vec![("other", Arc::new(Int32Array::from(vec![1])))]);
    let error = landed(json!({}), &[("a.parquet", one), ("b.parquet", three)]).await.read().await.err().unwrap();
    assert!(error.message().ends_with("the file has no column `id`, which other files of the zone have"), "{error}");
}

#[tokio::test]
async fn what_is_not_whole_parquet_is_refused() {
    let good = file(vec![("id", Arc::new(Int64Array::from_iter_values(0..10_000)))]);
    for bytes in
        [Bytes::from_static(b""), Bytes::from_static(b"a,b\n1,2\n3,4\n"), good.slice(..good.len() - 1), good.slice(..good.len() / 2)]
    {
        let problems = landed(json!({}), &[("a.parquet", bytes)]).await.shape().await.unwrap_err();
        assert_eq!(problems[0].code, Code::MalformedFile, "{}", problems[0].message);
    }
    let mut damaged = good.to_vec();
    damaged[4..600].fill(0xFF);
    let error = landed(json!({}), &[("a.parquet", Bytes::from(damaged))]).await.read().await.err().unwrap();
    assert_eq!(error.code(), Code::MalformedFile, "{error}");
}

#[tokio::test]
async fn binary_is_text_when_that_is_asked_for() {
    let binary = |values: Vec<&[u8]>| file(vec![("b", Arc::new(BinaryArray::from(values)))]);
    let options = json!({ "binary_as_string": true });
    assert_eq!(landed(options.clone(), &[("a.parquet", binary(vec![b"x"]))]).await.read().await.unwrap().lines(), ["x"]);
    let error = landed(options, &[("a.parquet", binary(vec![b"x", b"\xff"]))]).await.read().await.err().unwrap();
    assert!(error.message().contains("not UTF-8, in row 2"), "{error}");
}
