//! Files are left out only when no row of theirs can pass.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use datafusion::datasource::physical_plan::FileScanConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_plan::ExecutionPlan;
use iceberg::spec::{Datum, Literal, PrimitiveType, Struct, Transform, Type};
use iceberg::transform::create_transform_function;
use proptest::prelude::*;

use super::lake::{Lake, Said, batch, schema};

fn primitive(kind: PrimitiveType) -> Type {
    Type::Primitive(kind)
}

fn files(plan: &Arc<dyn ExecutionPlan>) -> usize {
    let scan = plan.downcast_ref::<DataSourceExec>().and_then(|exec| exec.data_source().downcast_ref::<FileScanConfig>());
    let here: usize = scan.map_or(0, |config| {
        let paths: std::collections::BTreeSet<_> = config.file_groups.iter().flat_map(|g| g.files()).map(|f| f.path().clone()).collect();
        paths.len()
    });
    here + plan.children().into_iter().map(files).sum::<usize>()
}

async fn read(lake: &Lake, filter: &str) -> usize {
    files(&lake.plan(&format!("select * from t where {filter}")).await)
}

fn bounds(id: i32, lower: Datum, upper: Datum) -> Said {
    Said { lower: [(id, lower)].into(), upper: [(id, upper)].into(), nulls: [(id, 0)].into(), ..Said::default() }
}

#[tokio::test]
async fn column_bounds_leave_files_out() {
    let mut lake = Lake::new(schema(0, &[(1, "a", primitive(PrimitiveType::Int))]), &[]);
    let mut written = Vec::new();
    for start in [0, 10, 20] {
        let rows = batch(vec![(1, "a", Arc::new(Int32Array::from_iter_values(start..start + 10)))]);
        written.push(lake.data(&rows, bounds(1, Datum::int(start), Datum::int(start + 9))).await);
    }
    // This one says nothing, so it is always read.
    written.push(lake.data(&batch(vec![(1, "a", Arc::new(Int32Array::from(vec![Some(99), None])))]), Said::default()).await);
    lake.commit(written).await;
    assert_eq!(read(&lake, "a = 15").await, 2);
    assert_eq!(read(&lake, "a < 10").await, 2);
    assert_eq!(read(&lake, "a is null").await, 1);
    assert_eq!(read(&lake, "a in (3, 25)").await, 3);
    assert_eq!(read(&lake, "a > 1000").await, 1);
    assert_eq!(read(&lake, "a > 5 or a is null").await, 4);
    // The bounds are of the old type.
    lake.evolve(schema(1, &[(1, "a", primitive(PrimitiveType::Long))]));
    assert_eq!(read(&lake, "a = 15").await, 2);
    assert_eq!(lake.rows("select a from t where a > 17 and a < 22").await, ["18", "19", "20", "21"]);
}

#[tokio::test]
async fn cut_text_bounds_are_still_bounds() {
    let mut lake = Lake::new(schema(0, &[(1, "s", primitive(PrimitiveType::String))]), &[]);
    let row = batch(vec![(1, "s", Arc::new(StringArray::from(vec!["apple pie", "apple tart"])))]);
    let cut = lake.data(&row, bounds(1, Datum::string("apple"), Datum::string("applf"))).await;
    lake.commit(vec![cut]).await;
    assert_eq!(lake.rows("select s from t where s = 'apple pie'").await, ["apple pie"]);
    assert_eq!(lake.rows("select s from t where s <> 'apple'").await.len(), 2);
    assert_eq!(lake.rows("select max(s), min(s) from t").await, ["apple tart|apple pie"], "cut bounds are no answer");
    assert_eq!(read(&lake, "s > 'b'").await, 0);
}

#[tokio::test]
async fn nan_is_above_every_number_and_in_no_bound() {
    let mut lake = Lake::new(schema(0, &[(1, "f", primitive(PrimitiveType::Double))]), &[]);
    lake.rows_per_group = 2;
    let floats = |values: Vec<f64>| batch(vec![(1, "f", Arc::new(Float64Array::from(values)) as ArrayRef)]);
    let uncounted = lake.data(&floats(vec![1.0, f64::NAN, 0.0, 0.5]), bounds(1, Datum::double(0.0), Datum::double(1.0))).await;
    let mut counted = bounds(1, Datum::double(2.0), Datum::double(3.0));
    counted.nans.insert(1, 0);
    let counted = lake.data(&floats(vec![2.0, 3.0]), counted).await;
    let mut same = bounds(1, Datum::double(5.0), Datum::double(5.0));
    same.nans.insert(1, 1);
    let same = lake.data(&floats(vec![5.0, f64::NAN]), same).await;
    lake.commit(vec![uncounted, counted, same]).await;
    assert_eq!(lake.rows("select f from t where f > 10").await, ["NaN", "NaN"]);
    assert_eq!(lake.rows("select f from t where f = 'NaN'").await, ["NaN", "NaN"]);
    assert_eq!(lake.rows("select max(f) from t").await, ["NaN"]);
    assert_eq!(lake.rows("select f from t where f <> 5 and f > 3").await, ["NaN", "NaN"]);
    assert_eq!(lake.rows("select f from t where f >= 2 and f < 4").await, ["2.0", "3.0"]);
    assert_eq!(read(&lake, "f > 10").await, 2);
}

fn partitioned(kind: PrimitiveType, transform: Transform) -> Lake {
    Lake::new(schema(0, &[(1, "a", primitive(kind)), (2, "n", primitive(PrimitiveType::Long))]), &[(1, "p", transform)])
}

// Writes each value into the partition that Iceberg's own transform gives it, without metrics.
async fn write_partitioned(lake: &mut Lake, values: &ArrayRef, transform: Transform) {
    let hash = create_transform_function(&transform).unwrap();
    let parts = hash.transform(Arc::clone(values)).unwrap();
    let spec = lake.spec_id();
    let mut written = Vec::new();
    for row in 0..values.len() {
        let partition = (!parts.is_null(row)).then(|| literal(&parts, row));
        let rows: RecordBatch =
            batch(vec![(1, "a", values.slice(row, 1)), (2, "n", Arc::new(Int64Array::from(vec![i64::try_from(row).unwrap()])))]);
        written.push(lake.data(&rows, Said { partition: Some(Struct::from_iter([partition])), spec, ..Said::default() }).await);
    }
    lake.commit(written).await;
}

fn literal(array: &ArrayRef, row: usize) -> Literal {
    use arrow::datatypes::{DataType, Date32Type, Int32Type, Int64Type, TimestampMicrosecondType};
    match array.data_type() {
        DataType::Int32 => Literal::int(array.as_primitive::<Int32Type>().value(row)),
        DataType::Int64 => Literal::long(array.as_primitive::<Int64Type>().value(row)),
        DataType::Date32 => Literal::date(array.as_primitive::<Date32Type>().value(row)),
        DataType::Timestamp(_, _) => Literal::timestamp(array.as_primitive::<TimestampMicrosecondType>().value(row)),
        DataType::Utf8 => Literal::string(array.as_string::<i32>().value(row)),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn partitions_of_every_transform_leave_files_out_and_no_row() {
    let hour = 3_600_000_000_i64;
    let times: Vec<Option<i64>> =
        vec![Some(-1), Some(-hour * 24 * 400), Some(0), Some(hour * 5), Some(hour * 24 * 40), Some(hour * 24 * 800), None];
    let times_array: ArrayRef = Arc::new(TimestampMicrosecondArray::from(times.clone()));
    for transform in
        [Transform::Year, Transform::Month, Transform::Day, Transform::Hour, Transform::Identity, Transform::Bucket(7), Transform::Void]
    {
        let mut lake = partitioned(PrimitiveType::Timestamp, transform);
        write_partitioned(&mut lake, &times_array, transform).await;
        for (row, time) in times.iter().enumerate() {
            let Some(time) = time else {
                assert_eq!(lake.rows("select n from t where a is null").await, [row.to_string()], "{transform}");
                continue;
            };
            let at = format!("arrow_cast({time}, 'Timestamp(Microsecond, None)')");
            assert_eq!(lake.rows(&format!("select n from t where a = {at}")).await, [row.to_string()], "{transform} {time}");
            let later = times.iter().flatten().filter(|t| *t >= time).count();
            assert_eq!(lake.rows(&format!("select count(*) from t where a >= {at}")).await, [later.to_string()], "{transform} {time}");
        }
        if !matches!(transform, Transform::Void | Transform::Bucket(_)) {
            assert!(read(&lake, "a > timestamp '1971-06-01T00:00:00'").await <= 1, "{transform}");
        }
    }
    let texts: ArrayRef =
        Arc::new(StringArray::from(vec![Some("apple"), Some("apricot"), Some("banana"), Some("b"), Some(""), Some("a\u{10FFFF}z"), None]));
    for transform in [Transform::Truncate(2), Transform::Bucket(4), Transform::Identity] {
        let mut lake = partitioned(PrimitiveType::String, transform);
        write_partitioned(&mut lake, &texts, transform).await;
        for (row, text) in texts.as_string::<i32>().iter().enumerate() {
            let Some(text) = text else { continue };
            assert_eq!(lake.rows(&format!("select n from t where a = '{text}'")).await, [row.to_string()], "{transform} {text}");
            let above = texts.as_string::<i32>().iter().flatten().filter(|t| *t > text).count();
            assert_eq!(lake.rows(&format!("select count(*) from t where a > '{text}'")).await, [above.to_string()], "{transform} {text}");
        }
        assert!(read(&lake, "a = 'banana'").await <= 3, "{transform}");
    }
}

#[tokio::test]
async fn files_are_pruned_by_the_spec_they_were_written_with() {
    let mut lake = partitioned(PrimitiveType::Int, Transform::Bucket(16));
    let values: ArrayRef = Arc::new(Int32Array::from_iter_values(0..20));
    write_partitioned(&mut lake, &values, Transform::Bucket(16)).await;
    lake.repartition(&[(1, "p10", Transform::Truncate(10))]);
    let more: ArrayRef = Arc::new(Int32Array::from_iter_values(20..40));
    write_partitioned(&mut lake, &more, Transform::Truncate(10)).await;
    for value in [0, 19, 20, 39] {
        assert_eq!(lake.rows(&format!("select a from t where a = {value}")).await, [value.to_string()]);
    }
    assert!(read(&lake, "a = 25").await <= 10 + 6, "the other decade and most buckets are left out");
    assert!(read(&lake, "a = 25").await >= 10);
    assert_eq!(lake.rows("select count(*) from t where a in (3, 33)").await, ["2"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    // Whatever is said of a file that is true, or left unsaid, no row that passes is lost.
    #[test]
    fn no_row_that_passes_is_lost(
        chunks in prop::collection::vec((prop::collection::vec(prop::option::of(-20_i64..20), 1..6), any::<[bool; 3]>(), 0_i64..4), 1..8),
        width in 1_u32..9,
        from in -22_i64..22, to in -22_i64..22,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut lake = Lake::new(schema(0, &[(1, "a", primitive(PrimitiveType::Long))]), &[(1, "p", Transform::Truncate(width))]);
            let spec = lake.spec_id();
            let hash = create_transform_function(&Transform::Truncate(width)).unwrap();
            let mut all: Vec<Option<i64>> = Vec::new();
            for (values, [say_bounds, say_nulls, alone], slack) in chunks {
                // A file holds one partition: that of its first value.
                let parts = hash.transform(Arc::new(Int64Array::from(values.clone()))).unwrap();
                let parts = parts.as_primitive::<arrow::datatypes::Int64Type>().iter().collect::<Vec<_>>();
                let values: Vec<Option<i64>> = values.into_iter().zip(&parts).filter(|(_, p)| **p == parts[0]).map(|(v, _)| v).take(if alone { 1 } else { 9 }).collect();
                let mut said = Said { partition: Some(Struct::from_iter([parts[0].map(Literal::long)])), spec, ..Said::default() };
                if say_bounds && let (Some(min), Some(max)) = (values.iter().flatten().min(), values.iter().flatten().max()) {
                    said.lower.insert(1, Datum::long(min - slack));
                    said.upper.insert(1, Datum::long(max + slack));
                }
                if say_nulls {
                    said.nulls.insert(1, values.iter().filter(|v| v.is_none()).count() as u64);
                }
                let file = lake.data(&batch(vec![(1, "a", Arc::new(Int64Array::from(values.clone())))]), said).await;
                lake.commit(vec![file]).await;
                all.extend(values);
            }
            let check = async |filter: String, passes: &dyn Fn(Option<i64>) -> bool| {
                let mut wanted: Vec<String> = all.iter().filter(|v| passes(**v)).map(|v| v.map_or("NULL".to_owned(), |v| v.to_string())).collect();
                wanted.sort();
                prop_assert_eq!(lake.rows(&format!("select a from t where {filter}")).await, wanted, "{}", filter);
                Ok::<(), TestCaseError>(())
            };
            check(format!("a >= {from} and a < {to}"), &|v| v.is_some_and(|v| v >= from && v < to)).await?;
            check(format!("a = {from}"), &|v| v == Some(from)).await?;
            check(format!("a <> {from}"), &|v| v.is_some_and(|v| v != from)).await?;
            check(format!("a is null or a > {to}"), &|v| v.is_none_or(|v| v > to)).await?;
            check("a is not null".to_owned(), &|v| v.is_some()).await?;
            check(format!("not (a in ({from}, {to}))"), &|v| v.is_some_and(|v| v != from && v != to)).await?;
            Ok::<(), TestCaseError>(())
        })?;
    }
}
