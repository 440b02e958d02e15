//! Data files that are not what was written.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray};
use bytes::Bytes;
use datafusion::common::DataFusionError;
use iceberg::spec::{PrimitiveType, Type};
use rat_core::error::{Code, Error};
use rat_core::interop::execute;

use super::lake::{Lake, Said, batch, schema};

fn rat_error(error: DataFusionError) -> Error {
    execute::error(error)
}

/// A table of one file, that file's path, and its bytes.
async fn table() -> (Lake, String, Bytes) {
    let kinds = [(1, "a", PrimitiveType::Long), (2, "b", PrimitiveType::String), (3, "c", PrimitiveType::Double)];
    let mut lake = Lake::new(schema(0, &kinds.map(|(id, name, kind)| (id, name, Type::Primitive(kind)))), &[]);
    let a: ArrayRef = Arc::new(Int64Array::from_iter((0..20).map(|i| (i % 5 > 0).then_some(i))));
    let b: ArrayRef = Arc::new(StringArray::from_iter((0..20).map(|i| (i % 4 > 0).then(|| format!("text {}", i % 3)))));
    let c: ArrayRef = Arc::new(Float64Array::from_iter_values((0..20).map(f64::from)));
    let file = lake.data(&batch(vec![(1, "a", a), (2, "b", b), (3, "c", c)]), Said::default()).await;
    let path = file.path.clone();
    lake.commit(vec![file]).await;
    let whole = lake.storage.read(&path).await.unwrap();
    (lake, path, whole)
}

#[tokio::test]
async fn a_missing_or_cut_file_is_named() {
    let (lake, path, whole) = table().await;
    let found = async |lake: &Lake| {
        let error = rat_error(lake.try_rows("select a from t where a > 0").await.unwrap_err());
        assert!(error.to_string().contains("00001.parquet"), "{error}");
        error.code()
    };
    lake.storage.delete(&path).await.unwrap();
    assert_eq!(found(&lake).await, Code::CorruptTable);
    for cut in [whole.slice(0..whole.len() / 2), Bytes::new(), Bytes::from(vec![0; whole.len()])] {
        lake.storage.write(&path, cut).await.unwrap();
        assert_eq!(found(&lake).await, Code::CorruptTable);
    }
    lake.storage.write(&path, whole).await.unwrap();
    assert_eq!(lake.rows("select a from t where a > 18").await, ["19"]);
}

#[tokio::test]
async fn a_damaged_page_is_an_error_that_names_the_file() {
    let (lake, path, whole) = table().await;
    let mut damaged = whole.to_vec();
    // The header of the first page, which follows the four bytes every Parquet file starts with.
    damaged[4..12].fill(0xFF);
    lake.storage.write(&path, damaged).await.unwrap();
    for sql in [
        "select a from t",
        "select a, b from t where b = 'text 1'",
        "select max(c), count(a) from t where a > 3",
        "select a from t limit 3",
    ] {
        let error = rat_error(lake.try_rows(sql).await.unwrap_err());
        assert_eq!(error.code(), Code::CorruptTable, "{sql}: {error}");
        assert!(error.to_string().contains("00001.parquet"), "{sql}: {error}");
        assert!(std::error::Error::source(&error).is_some(), "what the decoder said is kept");
    }
    assert_eq!(lake.rows("select c from t where c < 1").await, ["0.0"], "the other columns are whole");
}

#[tokio::test]
async fn any_damaged_byte_of_a_page_is_a_named_error_or_another_value() {
    let (lake, path, whole) = table().await;
    let mut refused = 0;
    for at in 4..320 {
        let mut damaged = whole.to_vec();
        damaged[at] ^= 0xFF;
        lake.storage.write(&path, damaged).await.unwrap();
        match lake.try_rows("select a, b, c from t").await {
            Ok(rows) => assert_eq!(rows.len(), 20, "byte {at}"),
            Err(error) => {
                let error = rat_error(error);
                assert_eq!(error.code(), Code::CorruptTable, "byte {at}: {error}");
                assert!(error.to_string().contains("00001.parquet"), "byte {at}: {error}");
                refused += 1;
            }
        }
    }
    assert!(refused > 50, "{refused}");
}

#[tokio::test]
async fn what_a_filter_cannot_compute_is_no_damage() {
    let (lake, _, _) = table().await;
    for sql in [
        "select a from t where cast(b as bigint) > 3",
        "select cast(b as bigint) from t where a > 1",
        "select a from t where 10 / (a - 3) > 1",
    ] {
        let error = rat_error(lake.try_rows(sql).await.unwrap_err());
        assert_eq!(error.code(), Code::ExecutionFailed, "{sql}: {error}");
    }
}
