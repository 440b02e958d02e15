//! What is known without reading a file.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray};
use datafusion::common::ScalarValue;
use datafusion::common::stats::Precision;
use datafusion::physical_plan::{ExecutionPlan, displayable};
use iceberg::spec::{Datum, PrimitiveType, Type};

use super::lake::{Lake, Said, batch, schema};

fn three() -> Lake {
    let primitive = |kind| Type::Primitive(kind);
    Lake::new(
        schema(
            0,
            &[
                (1, "a", primitive(PrimitiveType::Long)),
                (2, "s", primitive(PrimitiveType::String)),
                (3, "f", primitive(PrimitiveType::Double)),
            ],
        ),
        &[],
    )
}

async fn write(lake: &mut Lake, values: Vec<Option<i64>>) {
    let (min, max) = (values.iter().flatten().min().copied(), values.iter().flatten().max().copied());
    let mut said = Said::default();
    said.nulls.extend([(1, values.iter().filter(|v| v.is_none()).count() as u64), (2, 0), (3, 0)]);
    said.nans.insert(3, 0);
    if let (Some(min), Some(max)) = (min, max) {
        said.lower.insert(1, Datum::long(min));
        said.upper.insert(1, Datum::long(max));
    }
    said.lower.extend([(2, Datum::string("text")), (3, Datum::double(-0.0))]);
    said.upper.extend([(2, Datum::string("texu")), (3, Datum::double(0.0))]);
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values(values.iter().map(|_| "text that goes on")));
    let zeros: ArrayRef = Arc::new(Float64Array::from_iter_values(values.iter().map(|_| 0.0)));
    let file = lake.data(&batch(vec![(1, "a", Arc::new(Int64Array::from(values))), (2, "s", texts), (3, "f", zeros)]), said).await;
    lake.commit(vec![file]).await;
}

fn reads_files(plan: &Arc<dyn ExecutionPlan>) -> bool {
    displayable(plan.as_ref()).indent(false).to_string().contains("DataSourceExec: file_groups")
}

#[tokio::test]
async fn counts_and_ends_of_clean_columns_are_answered_without_a_scan() {
    let mut lake = three();
    assert_eq!(lake.rows("select count(*), max(a) from t").await, ["0|NULL"], "an empty table");
    write(&mut lake, vec![Some(5), None]).await;
    write(&mut lake, vec![None]).await;
    write(&mut lake, vec![Some(-3), Some(9)]).await;
    let sql = "select count(*), count(a), min(a), max(a) from t";
    assert!(!reads_files(&lake.plan(sql).await), "answered from metadata");
    assert_eq!(lake.rows(sql).await, ["5|3|-3|9"]);
    assert!(reads_files(&lake.plan("select max(s) from t").await), "text bounds may be cut");
    assert_eq!(lake.rows("select max(s) from t").await, ["text that goes on"]);
    assert_eq!(
        lake.rows("select min(f), max(f), min(distinct f) from t").await,
        ["0.0|0.0|0.0"],
        "the sign of a zero bound is not that of a row"
    );
    let table = lake.table().await;
    assert_eq!(table.scan().unwrap().max("a").await.unwrap(), Some(ScalarValue::Int64(Some(9))));
    assert_eq!(table.scan().unwrap().max("s").await.unwrap(), None);
    assert_eq!(table.scan().unwrap().max("nothing").await.unwrap(), None);
}

#[tokio::test]
async fn with_deletes_the_count_is_still_known_and_the_ends_are_not() {
    let mut lake = three();
    write(&mut lake, vec![Some(1), Some(2), Some(3)]).await;
    let path = lake.table().await.scan().unwrap().files().await.unwrap()[0].path().to_owned();
    let deletes = lake.position_deletes(&[(&path, 2), (&path, 77)], Said::default()).await;
    lake.commit(vec![deletes]).await;
    assert_eq!(lake.rows("select count(*), max(a) from t").await, ["2|2"]);
    let plan = lake.plan("select a from t").await;
    assert_eq!(plan.partition_statistics(None).unwrap().num_rows, Precision::Exact(2));
    let scan = lake.table().await.scan().unwrap();
    assert_eq!(scan.max("a").await.unwrap(), None);
    let file = &scan.files().await.unwrap()[0];
    assert!(file.has_deletes() && file.position_deletes().count() == 1 && file.rows() == 3);
}

#[tokio::test]
async fn some_files_can_be_read_alone() {
    let mut lake = three();
    write(&mut lake, vec![Some(1)]).await;
    write(&mut lake, vec![Some(2)]).await;
    let scan = lake.table().await.scan().unwrap();
    let second = scan.files().await.unwrap()[1].path().to_owned();
    let context = super::lake::context(&lake.table().await);
    context.register_table("some", scan.only([second]).unwrap().provider()).unwrap();
    let found = context.sql("select a from some").await.unwrap().collect().await.unwrap();
    assert_eq!(super::lake::lines(&found), ["2"]);
}
