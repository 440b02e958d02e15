//! What a scan leaves to the engine's plan, and what it keeps to itself.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray};
use datafusion::datasource::physical_plan::{FileScanConfig, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_plan::{ExecutionPlan, displayable};
use iceberg::spec::{Datum, PrimitiveType, Type};

use super::lake::{Lake, Said, batch, schema};

/// A thousand rows, with `a` from 0 to 999 and bounds that say so.
async fn thousand() -> (Lake, String) {
    let kinds = [(1, "a", PrimitiveType::Long), (2, "s", PrimitiveType::String)];
    let mut lake = Lake::new(schema(0, &kinds.map(|(id, name, kind)| (id, name, Type::Primitive(kind)))), &[]);
    let a: ArrayRef = Arc::new(Int64Array::from_iter_values((0..1000).map(|i| i * 7 % 1000)));
    let s: ArrayRef = Arc::new(StringArray::from_iter_values((0..1000).map(|i| format!("{}", i * 7 % 1000))));
    let said = Said { lower: [(1, Datum::long(0))].into(), upper: [(1, Datum::long(999))].into(), ..Said::default() };
    let file = lake.data(&batch(vec![(1, "a", a), (2, "s", s)]), said).await;
    let path = file.path.clone();
    lake.commit(vec![file]).await;
    (lake, path)
}

/// Four files of 250 rows, with `a` from 0 to 999 in order; `nulls` says of each that it holds no NULL.
async fn four(nulls: bool) -> (Lake, Vec<String>) {
    let kinds = [(1, "a", PrimitiveType::Long), (2, "s", PrimitiveType::String)];
    let mut lake = Lake::new(schema(0, &kinds.map(|(id, name, kind)| (id, name, Type::Primitive(kind)))), &[]);
    let mut paths = Vec::new();
    for from in [0, 250, 500, 750] {
        let a: ArrayRef = Arc::new(Int64Array::from_iter_values(from..from + 250));
        let s: ArrayRef = Arc::new(StringArray::from_iter_values((from..from + 250).map(|i| i.to_string())));
        let (lower, upper) = ([(1, Datum::long(from))].into(), [(1, Datum::long(from + 249))].into());
        let nulls = if nulls { [(1, 0)].into() } else { Default::default() };
        let file = lake.data(&batch(vec![(1, "a", a), (2, "s", s)]), Said { lower, upper, nulls, ..Said::default() }).await;
        paths.push(file.path.clone());
        lake.commit(vec![file]).await;
    }
    (lake, paths)
}

async fn plan(lake: &Lake, sql: &str) -> String {
    displayable(lake.plan(sql).await.as_ref()).indent(false).to_string()
}

#[tokio::test]
async fn a_filter_that_few_rows_pass_is_evaluated_by_the_reader_and_others_after_it() {
    let (lake, _) = thousand().await;
    for (filter, count) in
        [("a = 7", 1), ("a < 10", 10), ("990 <= a", 10), ("a in (3, 4, 5000)", 2), ("a between 505 and 509 and a <> 506", 4)]
    {
        let sql = format!("select s from t where {filter}");
        let plan = plan(&lake, &sql).await;
        assert!(!plan.contains("FilterExec") && plan.contains("predicate="), "{sql}\n{plan}");
        assert_eq!(lake.rows(&sql).await.len(), count, "{sql}");
    }
    let above = [
        ("select s from t where a >= 500", 500, "many pass"),
        ("select s from t where s = '7'", 1, "text has no place between its bounds"),
        ("select a from t where a = 7", 1, "there is nothing to decode late"),
        ("select s from t where cast(s as bigint) = 7", 1, "it can fail"),
        ("select s from t where a = 7 and cast(s as bigint) = 7", 1, "a part of it can fail"),
        ("select s from t where a * 2 = 14", 1, "it is computed"),
        ("select s from t where a <> 7", 999, "many pass"),
    ];
    for (sql, count, why) in above {
        let plan = plan(&lake, sql).await;
        assert!(plan.contains("FilterExec") && plan.contains("predicate="), "{why}: {sql}\n{plan}");
        assert_eq!(lake.rows(sql).await.len(), count, "{why}: {sql}");
    }
}

#[tokio::test]
async fn a_filter_that_bounds_settle_for_half_of_the_rows_is_evaluated_by_the_reader() {
    let (lake, _) = four(true).await;
    let by_reader = [
        ("a >= 0", 1000),
        ("a >= 100", 900),
        ("a < 900 and a >= 0", 900),
        ("a between 0 and 600", 601),
        ("a is not null", 1000),
        ("a < 100 or a >= 250", 850),
        ("a <> 7", 999),
    ];
    for (filter, count) in by_reader {
        for columns in ["a, s", "a"] {
            let sql = format!("select {columns} from t where {filter}");
            let plan = plan(&lake, &sql).await;
            assert!(!plan.contains("FilterExec"), "{sql}\n{plan}");
            assert_eq!(lake.rows(&sql).await.len(), count, "{sql}");
        }
    }
    let above = [
        ("a between 400 and 600", 201, "both files that it reads are open"),
        ("a > 100 and s <> 'x'", 899, "text has no bounds here"),
        ("a < 100 or s <> 'x'", 1000, "text has no bounds here"),
        ("a % 2 = 0", 500, "it is computed"),
    ];
    for (filter, count, why) in above {
        let sql = format!("select a, s from t where {filter}");
        let plan = plan(&lake, &sql).await;
        assert!(plan.contains("FilterExec"), "{why}: {sql}\n{plan}");
        assert_eq!(lake.rows(&sql).await.len(), count, "{why}: {sql}");
    }
    let (lake, _) = four(false).await;
    assert!(plan(&lake, "select s from t where a >= 0").await.contains("FilterExec"), "a NULL would not pass");
}

#[tokio::test]
async fn a_limit_reads_no_more_files_than_hold_it() {
    let files = |plan: &str| plan.matches(".parquet").count();
    let (mut lake, paths) = four(true).await;
    for (limit, read) in [(1, 1), (250, 1), (251, 2), (1000, 4), (2000, 4)] {
        let sql = format!("select s from t limit {limit}");
        assert_eq!(files(&plan(&lake, &sql).await), read, "{sql}");
        assert_eq!(lake.rows(&sql).await.len(), limit.min(1000), "{sql}");
    }
    assert_eq!(files(&plan(&lake, "select s from t where s <> 'x' limit 1").await), 4, "which rows pass is not known");
    let gone: Vec<(&str, i64)> = (0..250).map(|row| (paths[0].as_str(), row)).collect();
    let deletes = lake.position_deletes(&gone, Said::default()).await;
    lake.commit(vec![deletes]).await;
    // Files come newest first or oldest first: whichever it is, the rows that are gone do not count.
    for limit in [1, 250, 700, 750, 800] {
        assert_eq!(lake.rows(&format!("select s from t limit {limit}")).await.len(), limit.min(750), "limit {limit}");
    }
}

#[tokio::test]
async fn the_worst_row_of_a_top_ten_and_the_keys_of_a_join_reach_the_reader() {
    let (lake, _) = thousand().await;
    let sql = "select s, a from t order by a desc limit 3";
    assert!(plan(&lake, sql).await.contains("DynamicFilter"));
    assert_eq!(lake.rows(sql).await, ["997|997", "998|998", "999|999"]);
    let sql = "select count(*) from t join (select a as k from t where a >= 300) x on t.a = x.k where t.a < 600";
    assert_eq!(lake.rows(sql).await, ["300"]);
    let sql = "select x.s, t.s from t join (select a as k, s from t where a = 8) x on t.a = x.k";
    assert_eq!(lake.rows(sql).await, ["8|8"]);
}

#[tokio::test]
async fn limits_count_live_rows_whoever_evaluates_the_filter() {
    let (mut lake, path) = thousand().await;
    let gone: Vec<(&str, i64)> = (0..1000).filter(|p| p % 3 == 0).map(|p| (path.as_str(), p)).collect();
    let deletes = lake.position_deletes(&gone, Said::default()).await;
    lake.commit(vec![deletes]).await;
    let live = |passes: fn(i64) -> bool| (0..1000).filter(|p| p % 3 != 0 && passes(p * 7 % 1000)).count();
    for (filter, left) in
        [("a < 10", live(|a| a < 10)), ("a >= 0", live(|_| true)), ("s <> 'x'", live(|_| true)), ("a < 500", live(|a| a < 500))]
    {
        let found = lake.rows(&format!("select s from t where {filter}")).await.len();
        assert_eq!(found, left, "{filter}");
        for limit in [1, 5, 500] {
            let found = lake.rows(&format!("select s from t where {filter} limit {limit}")).await.len();
            assert_eq!(found, left.min(limit), "{filter} limit {limit}");
        }
    }
    let (plan, sql) = (plan(&lake, "select s from t limit 5").await, "select s from t limit 5");
    assert!(plan.contains("selects_rows=true"), "{plan}");
    assert_eq!(lake.rows(sql).await.len(), 5);
}

#[tokio::test]
async fn no_serializer_takes_a_scan_for_bare_files() {
    let (mut lake, path) = thousand().await;
    let deletes = lake.position_deletes(&[(&path, 0)], Said::default()).await;
    lake.commit(vec![deletes]).await;
    let mut sources = 0;
    let mut nodes: Vec<Arc<dyn ExecutionPlan>> = vec![lake.plan("select a, s from t where a > 3 order by a limit 5").await];
    while let Some(node) = nodes.pop() {
        nodes.extend(node.children().into_iter().cloned());
        let Some(source) = node.downcast_ref::<DataSourceExec>() else { continue };
        sources += 1;
        assert!(source.data_source().downcast_ref::<FileScanConfig>().is_some());
        assert!(source.downcast_to_file_source::<ParquetSource>().is_none(), "a serializer would write its paths and lose its deletes");
    }
    assert_eq!(sources, 1);
}
