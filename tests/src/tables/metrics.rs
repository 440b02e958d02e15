//! What manifests say of columns is what the files hold.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int64Array, ListArray, RecordBatch,
    StringArray, StructArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Int64Type};
use iceberg::spec::{DataFile, Datum};
use rat_core::interop::tables::{Change, NewTable};

use super::support::{memory, orders, write};

async fn described(batch: RecordBatch, properties: &[(&str, &str)]) -> DataFile {
    let tables = memory();
    let properties = properties.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let target = tables.create(&orders(), &NewTable { properties, ..NewTable::new(batch.schema()) }).unwrap();
    let add = write(&tables, &target, &[batch]).await;
    // As it comes back from the manifest, not as the writer says.
    let table = tables.publish(vec![tables.stage(Change { add, ..Change::new(target) }).await.unwrap()]).await.unwrap().remove(0);
    table.data_files().await.unwrap().remove(0).file
}

fn one(name: &str, column: ArrayRef) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable([(name, column, true)]).unwrap()
}

async fn bounds(column: ArrayRef) -> (Option<Datum>, Option<Datum>) {
    let file = described(one("c", column), &[]).await;
    (file.lower_bounds().get(&1).cloned(), file.upper_bounds().get(&1).cloned())
}

#[tokio::test]
async fn bounds_of_every_type() {
    let decimal = |values: Vec<i128>, precision| Decimal128Array::from(values).with_precision_and_scale(precision, 2).unwrap();
    let datum = |text: &str, precision: u8| {
        let unscaled: i128 = text.parse().unwrap();
        Datum::try_from_bytes(&unscaled.to_be_bytes(), iceberg::spec::PrimitiveType::Decimal { precision: u32::from(precision), scale: 2 })
            .unwrap()
    };
    let cases: Vec<(ArrayRef, Datum, Datum)> = vec![
        (Arc::new(Int64Array::from(vec![Some(5), None, Some(-3)])), Datum::long(-3), Datum::long(5)),
        (Arc::new(Float64Array::from(vec![1.5, f64::NAN, -2.0])), Datum::double(-2.0), Datum::double(1.5)),
        (Arc::new(Float32Array::from(vec![1.5, -2.0])), Datum::float(-2.0), Datum::float(1.5)),
        (Arc::new(BooleanArray::from(vec![true, false])), Datum::bool(false), Datum::bool(true)),
        (Arc::new(Date32Array::from(vec![10, -10])), Datum::date(-10), Datum::date(10)),
        (Arc::new(TimestampMicrosecondArray::from(vec![7, -7])), Datum::timestamp_micros(-7), Datum::timestamp_micros(7)),
        (Arc::new(StringArray::from(vec!["b", "a"])), Datum::string("a"), Datum::string("b")),
        (Arc::new(BinaryArray::from(vec![&b"\x80"[..], b"\x00"])), Datum::binary(vec![0]), Datum::binary(vec![0x80])),
        (Arc::new(decimal(vec![-100, 250], 9)), datum("-100", 9), datum("250", 9)),
        (Arc::new(decimal(vec![-100, 250], 18)), datum("-100", 18), datum("250", 18)),
        (Arc::new(decimal(vec![-100, 250, 7], 38)), datum("-100", 38), datum("250", 38)),
    ];
    for (column, lower, upper) in cases {
        let data_type = column.data_type().clone();
        assert_eq!(bounds(column).await, (Some(lower), Some(upper)), "{data_type}");
    }
}

#[tokio::test]
async fn bounds_over_several_row_groups_are_of_all_of_them() {
    let decimal = |value: i64| {
        Decimal128Array::from_iter_values((0..300_000).map(|n| i128::from(value * (n + 1)))).with_precision_and_scale(38, 2).unwrap()
    };
    let (lower, upper) = bounds(Arc::new(decimal(-1))).await;
    assert_eq!(
        lower.unwrap().to_bytes().unwrap(),
        Datum::try_from_bytes(&(-300_000i128).to_be_bytes(), iceberg::spec::PrimitiveType::Decimal { precision: 38, scale: 2 })
            .unwrap()
            .to_bytes()
            .unwrap()
    );
    assert!(upper.unwrap().to_string().contains("-0.01"));
}

#[tokio::test]
async fn long_texts_are_cut_and_still_bound() {
    let cases = [
        ("aaaaaaaaaaaaaaaaaaaaaaaa", Some("aaaaaaaaaaaaaaab")),
        ("zzzzzzzzzzzzzzz\u{10FFFF}zz", Some("zzzzzzzzzzzzzz{")),
        ("ääääääääääääääääää", Some("äääääääääääääääå")),
        (
            "\u{D7FF}\u{D7FF}\u{D7FF}\u{D7FF}\u{D7FF}\u{D7FF}\u{D7FF}\u{D7FF}\u{D7FF}\u{D7FF}\u{D7FF}\u{D7FF}\u{D7FF}\u{D7FF}\u{D7FF}\u{D7FF}x",
            None,
        ),
        ("exactly sixteen!", Some("exactly sixteen!")),
    ];
    for (text, expected) in cases {
        let (lower, upper) = bounds(Arc::new(StringArray::from(vec![text]))).await;
        let prefix: String = text.chars().take(16).collect();
        assert_eq!(lower, Some(Datum::string(&prefix)), "{text}");
        if let Some(expected) = expected {
            assert_eq!(upper, Some(Datum::string(expected)), "{text}");
        } else {
            let upper = upper.expect("the last character can be raised over the gap");
            assert!(upper > Datum::string(text), "{upper}");
        }
    }
    let (_, none) = bounds(Arc::new(StringArray::from(vec!["\u{10FFFF}".repeat(20)]))).await;
    assert_eq!(none, None, "there is no greater text");
    let (lower, upper) = bounds(Arc::new(BinaryArray::from(vec![&[0xffu8; 20][..]]))).await;
    assert_eq!((lower, upper), (Some(Datum::binary(vec![0xff; 16])), None));
}

#[tokio::test]
async fn counts_are_of_values_nulls_and_nans() {
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("f", Arc::new(Float64Array::from(vec![Some(f64::NAN), Some(f64::NAN), None, Some(1.0)])) as ArrayRef, true),
        ("empty", Arc::new(Int64Array::from(vec![None::<i64>; 4])) as ArrayRef, true),
        ("nan", Arc::new(Float32Array::from(vec![f32::NAN; 4])) as ArrayRef, true),
    ])
    .unwrap();
    let file = described(batch, &[]).await;
    assert_eq!(file.record_count(), 4);
    assert_eq!((file.value_counts()[&1], file.null_value_counts()[&1], file.nan_value_counts()[&1]), (4, 1, 2));
    assert_eq!((file.null_value_counts()[&2], file.nan_value_counts().get(&2)), (4, None));
    assert_eq!((file.nan_value_counts()[&3], file.lower_bounds().get(&2), file.lower_bounds().get(&3)), (4, None, None));
    assert!(file.column_sizes().values().all(|size| *size > 0));
    assert!(!file.split_offsets().unwrap().is_empty());
}

#[tokio::test]
async fn nested_columns_are_counted_by_leaf_and_lists_have_no_bounds() {
    let list = ListArray::from_iter_primitive::<Int64Type, _, _>([Some(vec![Some(1), Some(9)]), None, Some(vec![])]);
    let inner = StructArray::from(vec![(
        Arc::new(Field::new("x", DataType::Int64, true)),
        Arc::new(Int64Array::from(vec![Some(4), None, Some(2)])) as ArrayRef,
    )]);
    let batch =
        RecordBatch::try_from_iter_with_nullable([("l", Arc::new(list) as ArrayRef, true), ("s", Arc::new(inner) as ArrayRef, true)])
            .unwrap();
    let file = described(batch, &[]).await;
    // Ids: l 1, s 2, the list's element 3, the struct's field 4.
    assert_eq!((file.lower_bounds().get(&3), file.lower_bounds().get(&4).cloned()), (None, Some(Datum::long(2))));
    assert_eq!((file.upper_bounds().get(&4).cloned(), file.null_value_counts()[&4]), (Some(Datum::long(4)), 1));
    assert!(file.value_counts().contains_key(&3) && !file.value_counts().contains_key(&1));
}

#[tokio::test]
async fn a_table_says_how_much_is_kept() {
    let batch = || {
        RecordBatch::try_from_iter_with_nullable([
            ("a", Arc::new(StringArray::from(vec!["abcdef"])) as ArrayRef, true),
            ("b", Arc::new(StringArray::from(vec!["abcdef"])) as ArrayRef, true),
        ])
        .unwrap()
    };
    let file =
        described(batch(), &[("write.metadata.metrics.default", "counts"), ("write.metadata.metrics.column.b", "truncate(2)")]).await;
    assert_eq!((file.value_counts()[&1], file.lower_bounds().get(&1)), (1, None));
    assert_eq!((file.lower_bounds()[&2].clone(), file.upper_bounds()[&2].clone()), (Datum::string("ab"), Datum::string("ac")));
    let file = described(batch(), &[("write.metadata.metrics.default", "none"), ("write.metadata.metrics.column.b", "full")]).await;
    assert_eq!((file.value_counts().get(&1), file.upper_bounds()[&2].clone()), (None, Datum::string("abcdef")));
}
