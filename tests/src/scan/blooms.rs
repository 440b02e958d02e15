//! Bloom filters that a writer left: which row groups a search for keys reads.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, Date32Array, Decimal128Array, FixedSizeBinaryArray, Float64Array, Int32Array, Int64Array, StringArray,
    Time64MicrosecondArray, TimestampMicrosecondArray,
};
use arrow::compute::cast;
use bytes::Bytes;
use datafusion::execution::runtime_env::RuntimeEnv;
use futures::TryStreamExt;
use iceberg::spec::{PrimitiveType, Type};
use rat_core::error::{Code, Result};
use rat_core::interop::tables::{KeySet, Look};

use super::lake::{Lake, Said, batch, schema};

/// Row groups of a table of one column that a search for keys reads, and how many of the rows have one of the keys.
async fn search(lake: &Lake, keys: ArrayRef) -> Result<(usize, usize)> {
    let scan = lake.table().await.scan()?;
    let stored = scan.provider().schema().field(0).data_type().clone();
    let keys = KeySet::new(vec![cast(&keys, &stored).unwrap()])?;
    let files = scan.files().await?;
    let look = Look { columns: &["a".to_owned()], keys: Some(&keys), rows: None };
    let located = scan.located(&RuntimeEnv::default(), &files, &look).await?;
    let mut found = 0;
    let batches: Vec<_> = located.stream().try_collect().await?;
    for batch in batches {
        keys.probe(batch.rows.columns(), |_, _| found += 1)?;
    }
    Ok((located.parts(), found))
}

/// A table of one column, in row groups of fifty rows.
async fn lake(kind: PrimitiveType, values: ArrayRef, with_blooms: bool) -> (Lake, String) {
    let mut lake = Lake::new(schema(0, &[(1, "a", Type::Primitive(kind))]), &[]);
    (lake.rows_per_group, lake.with_blooms) = (50, with_blooms);
    let data = lake.data(&batch(vec![(1, "a", values)]), Said::default()).await;
    let path = data.path.clone();
    lake.commit(vec![data]).await;
    (lake, path)
}

fn longs(values: impl IntoIterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values))
}

/// Even numbers, of two row groups between the same bounds.
fn evens() -> impl Iterator<Item = i64> {
    (0..100).map(|n| if n < 50 { n * 4 } else { (n - 50) * 4 + 2 })
}

#[tokio::test]
async fn a_group_whose_filter_rules_out_every_key_is_not_read() {
    let (lake, _) = lake(PrimitiveType::Long, longs(evens()), true).await;
    assert_eq!(search(&lake, longs([1, 33, 101])).await.unwrap(), (0, 0), "odd numbers are in no group");
    assert_eq!(search(&lake, longs([1, 4, 8])).await.unwrap(), (1, 2));
    assert_eq!(search(&lake, longs([1, 4, 6])).await.unwrap(), (2, 2));
    let with_null: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None]));
    assert_eq!(search(&lake, with_null).await.unwrap(), (0, 0), "the groups say that they have no NULL");
    // Of many keys one always seems to be there, so the filter is not asked; those out of bounds are not counted.
    let many = |count: i64| longs((0..count).map(|n| n % 98 * 2 + 1));
    assert_eq!(search(&lake, many(300)).await.unwrap(), (2, 0));
    assert_eq!(search(&lake, longs([1].into_iter().chain(500..900))).await.unwrap(), (0, 0));
}

#[tokio::test]
async fn filters_of_every_type_are_read_or_left_alone() {
    let text = |n: i64| format!("value {:03}", n);
    let fixed = |values: Vec<i64>| FixedSizeBinaryArray::try_from_iter(values.into_iter().map(|n| u128::to_be_bytes(n as u128))).unwrap();
    type Make = Box<dyn Fn(Vec<i64>) -> ArrayRef>;
    let narrow = |values: Vec<i64>| values.into_iter().map(|n| n as i32).collect::<Vec<_>>();
    let cases: Vec<(PrimitiveType, bool, Make)> = vec![
        (PrimitiveType::Int, true, Box::new(move |v| Arc::new(Int32Array::from(narrow(v))))),
        (PrimitiveType::Date, true, Box::new(move |v| Arc::new(Date32Array::from(narrow(v))))),
        (PrimitiveType::Long, true, Box::new(longs)),
        (PrimitiveType::Time, true, Box::new(|v| Arc::new(Time64MicrosecondArray::from(v)))),
        (PrimitiveType::Timestamp, true, Box::new(|v| Arc::new(TimestampMicrosecondArray::from(v)))),
        (PrimitiveType::Timestamptz, true, Box::new(|v| Arc::new(TimestampMicrosecondArray::from(v).with_timezone("+00:00")))),
        (PrimitiveType::String, true, Box::new(move |v| Arc::new(StringArray::from_iter_values(v.into_iter().map(text))))),
        (PrimitiveType::Binary, true, Box::new(move |v| Arc::new(BinaryArray::from_iter_values(v.into_iter().map(text))))),
        (PrimitiveType::Fixed(16), true, Box::new(move |v| Arc::new(fixed(v)))),
        (PrimitiveType::Double, false, Box::new(|v| Arc::new(Float64Array::from_iter_values(v.into_iter().map(|n| n as f64))))),
        (
            PrimitiveType::Decimal { precision: 9, scale: 2 },
            false,
            Box::new(|v| {
                let values = Decimal128Array::from_iter_values(v.into_iter().map(i128::from));
                Arc::new(values.with_precision_and_scale(9, 2).unwrap())
            }),
        ),
    ];
    for (kind, is_read, make) in cases {
        let (with, _) = lake(kind.clone(), make(evens().collect()), true).await;
        let (without, _) = lake(kind.clone(), make(evens().collect()), false).await;
        for keys in [vec![1, 33, 101], vec![4, 6, 33], vec![8, 33]] {
            let (groups, found) = search(&with, make(keys.clone())).await.unwrap();
            assert_eq!(found, search(&without, make(keys.clone())).await.unwrap().1, "{kind} {keys:?}");
            let holding = keys.iter().any(|key| key % 4 == 0) as usize + keys.iter().any(|key| key % 4 == 2) as usize;
            assert_eq!(groups, if is_read { holding } else { 2 }, "{kind} {keys:?}");
        }
    }
}

#[tokio::test]
async fn a_column_that_was_widened_is_found_without_its_old_filter() {
    let narrow: ArrayRef = Arc::new(Int32Array::from_iter_values(evens().map(|n| n as i32)));
    let (mut lake, _) = lake(PrimitiveType::Int, narrow, true).await;
    lake.evolve(schema(1, &[(1, "a", Type::Primitive(PrimitiveType::Long))]));
    assert_eq!(search(&lake, longs([4, 6])).await.unwrap(), (2, 2));
}

#[tokio::test]
async fn a_damaged_filter_is_named() {
    let (lake, path) = lake(PrimitiveType::Long, longs(evens()), true).await;
    let whole = lake.storage.read(&path).await.unwrap();
    let footer = parquet::file::metadata::ParquetMetaDataReader::new().parse_and_finish(&whole).unwrap();
    let chunk = footer.row_group(0).column(0);
    let start = usize::try_from(chunk.bloom_filter_offset().unwrap()).unwrap();
    let mut bytes = whole.to_vec();
    bytes[start..start + 8].fill(0xff);
    lake.storage.write(&path, Bytes::from(bytes)).await.unwrap();
    let error = search(&lake, longs([1])).await.unwrap_err();
    assert_eq!(error.code(), Code::CorruptTable);
    assert!(error.message().contains("Bloom") && error.message().contains(&path), "{error}");
    assert_eq!(search(&lake, longs([-7])).await.unwrap(), (0, 0), "what bounds rule out asks no filter");
}
