//! Arrow types in a table and back.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, DictionaryArray, Float64Array, Int64Array, RecordBatch, StringArray, StringViewArray, Time64NanosecondArray,
    UInt64Array,
};
use arrow::datatypes::{DataType, Field, Int32Type, Schema, TimeUnit};
use rat_core::error::Code;
use rat_core::interop::tables::{Change, NewTable, conform, types_page, unstorable};

use super::support::{memory, orders, rows, write};

#[test]
fn the_page_of_types_is_what_the_code_does() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference/types.md");
    let page = types_page();
    if std::env::var_os("RAT_UPDATE").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), page, "run the test with RAT_UPDATE=1 and look at what changed");
}

fn schema(fields: Vec<Field>) -> Schema {
    Schema::new(fields)
}

#[test]
fn what_would_lose_is_named_with_its_cast() {
    let nested = DataType::List(Arc::new(Field::new("item", DataType::Timestamp(TimeUnit::Nanosecond, None), true)));
    let cases = [
        (DataType::Timestamp(TimeUnit::Nanosecond, None), "cast it: `cast(c as timestamp)`"),
        (DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())), "cast it: `cast(c as timestamptz)`"),
        (DataType::Null, "give it a type: `cast(c as varchar)`"),
        (DataType::Decimal256(60, 2), "cast it: `cast(c as decimal(38, 2))`"),
        (nested, "cast it: `cast(c.element as timestamp)`"),
    ];
    for (data_type, help) in cases {
        let found = unstorable(&schema(vec![Field::new("ok", DataType::Int64, true), Field::new("c", data_type.clone(), true)]));
        assert_eq!(found.len(), 1, "{data_type}");
        assert_eq!((found[0].code, found[0].help.as_str()), (Code::UnsupportedType, help), "{data_type}");
        assert!(found[0].message.contains("`c"), "{}", found[0].message);
    }
}

#[test]
fn names_that_differ_in_case_alone_are_one_name() {
    let found = unstorable(&schema(vec![Field::new("Id", DataType::Int64, true), Field::new("id", DataType::Int64, true)]));
    assert_eq!((found.len(), found[0].code), (1, Code::DuplicateColumn));
    let inner = DataType::Struct(vec![Field::new("a", DataType::Int64, true), Field::new("A", DataType::Int64, true)].into());
    let found = unstorable(&schema(vec![Field::new("s", inner, true)]));
    assert_eq!((found[0].code, found[0].column.as_str()), (Code::DuplicateColumn, "s.A"));
    let error = memory().create(&orders(), &NewTable::new(Arc::new(schema(vec![Field::new("x", DataType::Null, true)])))).unwrap_err();
    assert_eq!(error.code(), Code::UnsupportedType);
}

#[tokio::test]
async fn encodings_of_one_type_are_stored_alike() {
    let tables = memory();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("view", Arc::new(StringViewArray::from(vec![Some("a"), None]))),
        ("dictionary", Arc::new(vec![Some("x"), Some("y")].into_iter().collect::<DictionaryArray<Int32Type>>())),
        ("unsigned", Arc::new(UInt64Array::from(vec![Some(7), None]))),
        ("time", Arc::new(Time64NanosecondArray::from(vec![Some(1_000), None]))),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true))).unwrap();
    let target = tables.create(&orders(), &NewTable::new(batch.schema())).unwrap();
    let types: Vec<DataType> = target.schema().fields().iter().map(|field| field.data_type().clone()).collect();
    assert_eq!(types, [DataType::Utf8, DataType::Utf8, DataType::Int64, DataType::Time64(TimeUnit::Microsecond)]);
    let add = write(&tables, &target, &[batch]).await;
    let table = tables.publish(vec![tables.stage(Change { add, ..Change::new(target) }).await.unwrap()]).await.unwrap().remove(0);
    assert_eq!(rows(&table).await, ["NULL|y|NULL|NULL", "a|x|7|00:00:00.000001"]);
}

#[test]
fn values_that_do_not_fit_are_told_and_never_changed() {
    let target = |data_type| Arc::new(schema(vec![Field::new("c", data_type, true)]));
    let one = |column: ArrayRef| RecordBatch::try_from_iter([("C", column)]).unwrap();
    let cases: Vec<(ArrayRef, DataType)> = vec![
        (Arc::new(UInt64Array::from(vec![u64::MAX])), DataType::Int64),
        (Arc::new(Time64NanosecondArray::from(vec![1_001])), DataType::Time64(TimeUnit::Microsecond)),
        (Arc::new(StringArray::from(vec!["ten"])), DataType::Int64),
    ];
    for (column, data_type) in cases {
        let error = conform(&one(column), &target(data_type.clone())).unwrap_err();
        assert_eq!(error.code(), Code::CastFailed, "{data_type}");
        assert!(error.message().contains("`c`"), "{error}");
    }
    let fitting =
        conform(&one(Arc::new(Time64NanosecondArray::from(vec![2_000]))), &target(DataType::Time64(TimeUnit::Microsecond))).unwrap();
    assert_eq!(fitting.column(0).data_type(), &DataType::Time64(TimeUnit::Microsecond));
}

#[test]
fn columns_are_matched_by_name_and_missing_ones_are_null() {
    let batch = RecordBatch::try_from_iter([
        ("B", Arc::new(Float64Array::from(vec![1.5])) as ArrayRef),
        ("a", Arc::new(Int64Array::from(vec![1])) as ArrayRef),
        ("extra", Arc::new(Int64Array::from(vec![9])) as ArrayRef),
    ])
    .unwrap();
    let target = Arc::new(schema(vec![
        Field::new("a", DataType::Int64, true),
        Field::new("b", DataType::Float64, true),
        Field::new("c", DataType::Utf8, true),
    ]));
    let conformed = conform(&batch, &target).unwrap();
    assert_eq!(conformed.schema(), target);
    assert_eq!((conformed.column(0).null_count(), conformed.column(2).null_count()), (0, 1));
    let strict = Arc::new(schema(vec![Field::new("c", DataType::Utf8, false)]));
    let error = conform(&batch, &strict).unwrap_err();
    assert_eq!(error.code(), Code::NotNullViolated);
    assert!(error.message().contains("`c`"), "{error}");
}
