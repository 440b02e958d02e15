//! `lake.write`: rows of the caller's, by the protocol of a run.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, UInt64Array};
use arrow::error::ArrowError;
use arrow::ipc::writer::{FileWriter, StreamWriter};
use futures::stream;
use object_store::memory::InMemory;
use rat_core::error::{Code, Error};
use rat_core::interop::storage::Storage;
use rat_core::{Lake, QueryOptions, RunFilter, RunOptions, RunReport, RunStatus, WriteData, WriteOptions};
use serde_json::{Value, json};

use super::support::{Shop, rows};
use crate::eventually::eventually;
use crate::scan::interop::{ask, python};
use crate::tables::faults::{Fault, FaultyStore};

fn batch(of: &[(i64, &str)]) -> RecordBatch {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(of.iter().map(|(id, _)| *id)));
    let names: ArrayRef = Arc::new(StringArray::from_iter_values(of.iter().map(|(_, name)| *name)));
    RecordBatch::try_from_iter([("id", ids), ("name", names)]).unwrap()
}

fn data(of: &[(i64, &str)]) -> WriteData {
    let batch = batch(of);
    WriteData::batches(batch.schema(), vec![batch])
}

fn by(strategy: &str, key: &[&str], settings: Value) -> WriteOptions {
    let settings = settings.as_object().unwrap().clone().into_iter().collect();
    let unique_key = key.iter().map(ToString::to_string).collect();
    WriteOptions { strategy: Some(strategy.to_owned()), unique_key, settings, ..WriteOptions::default() }
}

async fn write(lake: &Lake, table: &str, data: WriteData, options: &WriteOptions) -> RunReport {
    lake.write(table, data, options).await.unwrap().into_result().unwrap()
}

async fn refused(shop: &Shop, data: WriteData, options: &WriteOptions) -> Code {
    match shop.lake.write("silver.t", data, options).await {
        Ok(report) => report.into_result().unwrap_err().code(),
        Err(error) => error.code(),
    }
}

const ALL: &str = "select * from silver.t order by all";

#[tokio::test]
async fn each_strategy_merges_as_a_pipeline_would() {
    let before = [(1, "a"), (2, "b")];
    let new = [(2, "B"), (3, "c")];
    for (options, expected) in [
        (WriteOptions::default(), vec!["1|a", "2|B", "2|b", "3|c"]),
        (by("append_only", &[], json!({})), vec!["1|a", "2|B", "2|b", "3|c"]),
        (by("full_refresh", &[], json!({})), vec!["2|B", "3|c"]),
        (by("incremental", &["id"], json!({})), vec!["1|a", "2|B", "3|c"]),
        (by("delete_insert", &["ID"], json!({})), vec!["1|a", "2|B", "3|c"]),
        (by("snapshot", &[], json!({"partition_column": "id"})), vec!["1|a", "2|B", "3|c"]),
    ] {
        let shop = Shop::new(&[]).await;
        let first = write(&shop.lake, "silver.t", data(&before), &options).await;
        assert_eq!((first.rows_inserted, first.trigger.as_str(), first.rows_total), (2, "write", Some(2)));
        let report = write(&shop.lake, "silver.t", data(&new), &options).await;
        assert_eq!(shop.rows(ALL).await, expected, "{options:?}");
        let record = shop.lake.runs().get(&report.id).unwrap();
        assert_eq!((record.status, record.pipeline.as_str()), (RunStatus::Success, "default.silver.t"));
        assert_eq!(shop.lake.tables().history("silver.t").await.unwrap().len(), 2, "one commit a write");
    }
    let shop = Shop::new(&[]).await;
    for new in [before, new] {
        write(&shop.lake, "silver.t", data(&new), &by("scd2", &["id"], json!({}))).await;
    }
    assert_eq!(
        shop.rows("select id, name, valid_to is null from silver.t order by all").await,
        ["1|a|true", "2|B|true", "2|b|false", "3|c|true"]
    );
}

#[tokio::test]
async fn a_pipeline_reads_what_was_written_and_a_table_can_be_one_of_another_namespace() {
    let shop = Shop::new(&[("default/pipelines/gold/n/pipeline.sql", "select count(*) as n from {{ ref('silver.t') }}")]).await;
    write(&shop.lake, "silver.t", data(&[(1, "a")]), &WriteOptions::default()).await;
    shop.run("gold.n").await;
    assert_eq!(shop.rows("select n from gold.n").await, ["1"]);
    write(&shop.lake, "other.bronze.t", data(&[(7, "z")]), &WriteOptions::default()).await;
    assert_eq!(shop.rows("select id from other.bronze.t").await, ["7"]);
}

#[tokio::test]
async fn rows_come_as_batches_readers_streams_and_ipc() {
    let shop = Shop::new(&[]).await;
    let one = batch(&[(1, "a")]);
    let schema = one.schema();
    let reader = arrow::array::RecordBatchIterator::new(vec![Ok(one.clone()), Ok(one.clone())], Arc::clone(&schema));
    let mut ipc = StreamWriter::try_new(Vec::new(), &schema).unwrap();
    ipc.write(&one).unwrap();
    let mut file = FileWriter::try_new(Vec::new(), &schema).unwrap();
    file.write(&one).unwrap();
    for (data, count) in [
        (WriteData::batches(Arc::clone(&schema), vec![one.clone(), one.clone()]), 2),
        (WriteData::reader(Box::new(reader)), 2),
        (WriteData::stream(Arc::clone(&schema), stream::iter([Ok(one.clone())])), 1),
        (WriteData::ipc(ipc.into_inner().unwrap()).unwrap(), 1),
        (WriteData::ipc(file.into_inner().unwrap()).unwrap(), 1),
        (WriteData::batches(Arc::clone(&schema), vec![]), 0),
    ] {
        let report = write(&shop.lake, "silver.t", data, &by("full_refresh", &[], json!({}))).await;
        assert_eq!((report.rows_written, report.rows_total), (count, Some(count)));
    }
    for bytes in [Vec::new(), b"no".to_vec(), b"ARROW1".to_vec(), vec![0xff; 64]] {
        assert_eq!(WriteData::ipc(bytes).unwrap_err().code(), Code::InvalidArgument);
    }
}

#[tokio::test]
async fn an_empty_stream_makes_the_table_and_leaves_rows_as_they_are() {
    let shop = Shop::new(&[]).await;
    let none = || data(&[]);
    let report = write(&shop.lake, "silver.t", none(), &WriteOptions::default()).await;
    assert_eq!((report.rows_total, report.rows_written), (Some(0), 0));
    write(&shop.lake, "silver.t", data(&[(1, "a")]), &WriteOptions::default()).await;
    for options in [WriteOptions::default(), by("incremental", &["id"], json!({}))] {
        write(&shop.lake, "silver.t", none(), &options).await;
        assert_eq!(shop.rows(ALL).await, ["1|a"]);
    }
    write(&shop.lake, "silver.t", none(), &by("full_refresh", &[], json!({}))).await;
    assert_eq!(shop.rows(ALL).await, Vec::<String>::new());
}

#[tokio::test]
async fn columns_evolve_and_the_layout_stays_unless_said() {
    let shop = Shop::new(&[]).await;
    write(&shop.lake, "silver.t", data(&[(1, "a")]), &by("append_only", &[], json!({"partition_by": "name"}))).await;
    let wider = RecordBatch::try_from_iter([
        ("ID", Arc::new(Int64Array::from(vec![2])) as ArrayRef),
        ("more", Arc::new(StringArray::from(vec!["x"])) as ArrayRef),
    ]);
    let wider = wider.unwrap();
    let wider = || WriteData::batches(wider.schema(), vec![wider.clone()]);
    assert_eq!(refused(&shop, wider(), &by("append_only", &[], json!({"on_schema_change": "fail"}))).await, Code::SchemaChanged);
    let report = write(&shop.lake, "silver.t", wider(), &WriteOptions::default()).await;
    assert!(report.warnings.iter().any(|warning| warning.message.contains("`name`")), "{:?}", report.warnings);
    assert_eq!(shop.rows("select id, name, more from silver.t order by id").await, ["1|a|", "2||x"]);
    assert_eq!(shop.lake.tables().get("silver.t").await.unwrap().partition_by, ["name"]);
    write(&shop.lake, "silver.t", data(&[(3, "c")]), &by("append_only", &[], json!({"partition_by": "id"}))).await;
    assert_eq!(shop.lake.tables().get("silver.t").await.unwrap().partition_by, ["id"]);
}

#[tokio::test]
async fn what_cannot_be_written_is_refused_with_a_code() {
    let shop = Shop::new(&[
        ("default/pipelines/silver/owned/pipeline.sql", "select 1 as id"),
        ("default/pipelines/gold/v/pipeline.sql", "-- @materialized: view\nselect 1 as id"),
        ("rat.toml", "[defaults]\nmerge_strategy = \"incremental\"\n"),
    ])
    .await;
    let rows = || data(&[(1, "a")]);
    let code = |result: rat_core::error::Result<RunReport>| result.unwrap_err().code();
    let plain = WriteOptions::default();
    assert_eq!(code(shop.lake.write("silver.owned", rows(), &plain).await), Code::TableHasPipeline);
    assert_eq!(code(shop.lake.write("default.silver.owned", rows(), &plain).await), Code::TableHasPipeline);
    assert_eq!(code(shop.lake.write("silver", rows(), &plain).await), Code::InvalidRef);
    for (options, expected) in [
        (by("replace", &[], json!({})), Code::InvalidValue),
        (by("incremental", &[], json!({})), Code::MissingKey),
        (by("scd2", &[], json!({})), Code::MissingKey),
        (by("snapshot", &[], json!({})), Code::MissingKey),
        (by("append_only", &[], json!({"partition_by": 3})), Code::WrongType),
        (by("append_only", &[], json!({"materialized": "view"})), Code::InvalidArgument),
        (by("append_only", &[], json!({"max_retries": 3})), Code::InvalidArgument),
        (by("append_only", &[], json!({"watermark_colum": "id"})), Code::InvalidArgument),
        (by("incremental", &["nothing"], json!({})), Code::UnknownColumn),
    ] {
        assert_eq!(refused(&shop, rows(), &options).await, expected, "{options:?}");
    }
    let columns = |columns: Vec<(&str, ArrayRef)>| {
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        WriteData::batches(batch.schema(), vec![batch])
    };
    let id = || Arc::new(Int64Array::from(vec![1])) as ArrayRef;
    assert_eq!(refused(&shop, columns(vec![("id", id()), ("ID", id())]), &plain).await, Code::DuplicateColumn);
    assert_eq!(refused(&shop, columns(vec![("id", Arc::new(UInt64Array::from(vec![u64::MAX])))]), &plain).await, Code::CastFailed);
    assert_eq!(refused(&shop, columns(vec![("id", Arc::new(arrow::array::NullArray::new(1)))]), &plain).await, Code::UnsupportedType);
    let null = || columns(vec![("id", Arc::new(Int64Array::from(vec![Some(1), None])) as ArrayRef)]);
    assert_eq!(refused(&shop, null(), &by("incremental", &["id"], json!({}))).await, Code::NullKey);
    let contract = json!({"columns": [{"name": "id", "type": "bigint", "not_null": true}]});
    assert_eq!(refused(&shop, null(), &by("append_only", &[], contract)).await, Code::NotNullViolated);
    let other = batch(&[(1, "a")]);
    let announced = WriteData::batches(other.project(&[0]).unwrap().schema(), vec![other]);
    assert_eq!(refused(&shop, announced, &plain).await, Code::InputFailed);
    assert!(shop.lake.tables().list().await.unwrap().is_empty());

    shop.run("gold.v").await;
    std::fs::remove_dir_all(shop.folder.path().join("default/pipelines/gold")).unwrap();
    assert_eq!(code(shop.lake.write("gold.v", rows(), &plain).await.unwrap().into_result().map(|_| unreachable!())), Code::InvalidArgument);

    let path = shop.folder.path().to_string_lossy().into_owned();
    let reader = Lake::builder(&path).read_only().open().await.unwrap();
    assert_eq!(code(reader.write("silver.t", rows(), &plain).await), Code::ReadOnlyLake);
    shop.lake.close();
    assert_eq!(code(shop.lake.write("silver.t", rows(), &plain).await), Code::Closed);
}

fn files(shop: &Shop) -> usize {
    let folder = shop.folder.path().join("default/silver/t/data");
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

#[tokio::test]
async fn rows_that_end_in_an_error_publish_nothing_and_leave_nothing() {
    let shop = Shop::new(&[]).await;
    write(&shop.lake, "silver.t", data(&[(1, "a")]), &WriteOptions::default()).await;
    let (before, one) = (files(&shop), batch(&[(2, "b")]));
    for options in [WriteOptions::default(), by("full_refresh", &[], json!({})), by("incremental", &["id"], json!({}))] {
        let broken = || ArrowError::ExternalError("the source went away".into());
        let reader = arrow::array::RecordBatchIterator::new(vec![Ok(one.clone()), Err(broken()), Ok(one.clone())], one.schema());
        let report = shop.lake.write("silver.t", WriteData::reader(Box::new(reader)), &options).await.unwrap();
        let error = report.error.clone().unwrap();
        assert_eq!((report.status, error.code()), (RunStatus::Failed, Code::InputFailed));
        assert!(error.message().contains("the source went away"), "{error}");

        let python =
            ArrowError::CDataInterface("Key error: 'deep'. Detail: Python exception: Traceback (most recent call last)".to_owned());
        let reader = arrow::array::RecordBatchIterator::new(vec![Ok(one.clone()), Err(python)], one.schema());
        let report = shop.lake.write("silver.t", WriteData::reader(Box::new(reader)), &options).await.unwrap();
        let error = report.error.clone().unwrap();
        assert_eq!(error.message(), "the rows cannot be read to their end: key error: `deep`");
        assert_eq!(report.rows_total, Some(1), "what is there");

        let own = Error::new(Code::TimedOut, "the caller's own reason");
        let rows = stream::iter([Ok(one.clone()), Err(own)]);
        assert_eq!(refused(&shop, WriteData::stream(one.schema(), rows), &options).await, Code::TimedOut);

        let (first, schema) = (one.clone(), one.schema());
        let panics = (0..2).map(move |n| if n == 0 { Ok(first.clone()) } else { panic!("a defect of the reader's") });
        let reader = arrow::array::RecordBatchIterator::new(panics, schema);
        assert_eq!(refused(&shop, WriteData::reader(Box::new(reader)), &options).await, Code::InputFailed);
        assert_eq!((shop.rows(ALL).await, files(&shop)), (vec!["1|a".to_owned()], before));
    }
    let failed = shop.lake.runs().list(&RunFilter::default()).unwrap().runs.iter().filter(|run| run.status == RunStatus::Failed).count();
    assert_eq!(failed, 12);
}

#[tokio::test]
async fn writers_that_meet_need_their_rows_once() {
    let shop = Shop::new(&[]).await;
    write(&shop.lake, "silver.t", data(&[(0, "old")]), &by("incremental", &["id"], json!({}))).await;
    let path = shop.folder.path().to_string_lossy().into_owned();
    let other = Lake::open(&path).await.unwrap();
    for (n, options) in [(1, WriteOptions::default()), (2, by("incremental", &["id"], json!({})))] {
        let (other, read) = (other.clone(), Arc::new(AtomicUsize::new(0)));
        let (one, reads) = (batch(&[(0, "new"), (n * 10, "mine")]), Arc::clone(&read));
        let (schema, theirs) = (one.schema(), data(&[(n * 10 + 1, "theirs")]));
        // While the rows are read, another process publishes.
        let rows = stream::once(async move {
            reads.fetch_add(1, Ordering::Relaxed);
            write(&other, "silver.t", theirs, &by("incremental", &["id"], json!({}))).await;
            Ok(one)
        });
        write(&shop.lake, "silver.t", WriteData::stream(schema, rows), &options).await;
        assert_eq!(read.load(Ordering::Relaxed), 1);
    }
    assert_eq!(shop.rows(ALL).await, ["0|new", "10|mine", "11|theirs", "20|mine", "21|theirs"]);

    // The other one changed the columns: rows in memory are merged anew, rows that come once are asked for again.
    for (again, expected) in [(true, None), (false, Some(Code::CommitConflict))] {
        let other = other.clone();
        let one = batch(&[(99, "late")]);
        let column = if again { "x" } else { "y" };
        let changed = RecordBatch::try_from_iter([
            ("id", Arc::new(Int64Array::from(vec![98])) as ArrayRef),
            (column, Arc::new(Int64Array::from(vec![1]))),
        ]);
        let changed = changed.unwrap();
        let publish =
            async move { write(&other, "silver.t", WriteData::batches(changed.schema(), vec![changed]), &WriteOptions::default()).await };
        let options = by("incremental", &["id"], json!({}));
        let outcome = if again {
            publish.await;
            shop.lake.write("silver.t", WriteData::batches(one.schema(), vec![one]), &options).await
        } else {
            let schema = one.schema();
            let rows = stream::once(async move {
                publish.await;
                Ok(one)
            });
            shop.lake.write("silver.t", WriteData::stream(schema, rows), &options).await
        };
        assert_eq!(outcome.unwrap().into_result().err().map(|error| error.code()), expected);
    }
    assert_eq!(shop.rows("select count(*) from silver.t where id = 99").await, ["1"]);
}

#[tokio::test]
async fn a_write_that_is_dropped_or_out_of_time_publishes_nothing() {
    let shop = Shop::new(&[]).await;
    let one = batch(&[(1, "a")]);
    let endless = || WriteData::stream(one.schema(), stream::pending());
    let options = WriteOptions { timeout: Some(std::time::Duration::from_millis(20)), ..WriteOptions::default() };
    assert_eq!(refused(&shop, endless(), &options).await, Code::TimedOut);
    let statuses = || -> Vec<_> { shop.lake.runs().list(&RunFilter::default()).unwrap().runs.iter().map(|run| run.status).collect() };
    let options = WriteOptions::default();
    tokio::select! {
        outcome = shop.lake.write("silver.t", endless(), &options) => panic!("it has no end: {outcome:?}"),
        () = eventually("it is on the record", async || statuses().len() == 2) => {}
    }
    eventually("it is no longer running", async || statuses()[0] != RunStatus::Running).await;
    assert_eq!(statuses(), [RunStatus::Cancelled, RunStatus::Failed]);
    write(&shop.lake, "silver.t", data(&[(1, "a")]), &WriteOptions::default()).await;
}

#[tokio::test]
async fn a_fault_at_any_operation_leaves_the_old_table_or_the_new() {
    for options in [WriteOptions::default(), by("incremental", &["id"], json!({}))] {
        for fault in [Fault::Io(ErrorKind::TimedOut), Fault::Torn, Fault::Lie] {
            let mut n = 0;
            loop {
                let store = FaultyStore::new(Arc::new(InMemory::new()));
                let storage = Storage::from_store("memory://", Arc::new(store.clone())).unwrap();
                let lake = Lake::builder("memory://").wrap_storage(move |_| storage).open().await.unwrap();
                write(&lake, "silver.t", data(&[(1, "a")]), &options).await;
                let before = store.operations();
                store.arm(n, fault);
                let outcome = lake.write("silver.t", data(&[(2, "b")]), &options).await.and_then(RunReport::into_result);
                store.disarm();
                let used = store.operations() - before;
                let text = rows(&lake.query(ALL, &QueryOptions::default()).await.unwrap());
                let expected = if outcome.is_ok() { vec!["1|a", "2|b"] } else { vec!["1|a"] };
                assert_eq!(text, expected, "{fault:?} at {n}: {outcome:?}");
                write(&lake, "silver.t", data(&[(3, "c")]), &options).await;
                if n >= used {
                    assert!(outcome.is_ok() && n >= 6, "{n} operations: {outcome:?}");
                    break;
                }
                n += 1;
            }
        }
    }
}

#[tokio::test]
async fn pyiceberg_reads_what_was_written() {
    let Some(python) = python() else { return };
    let shop = Shop::new(&[]).await;
    write(&shop.lake, "gold.t", data(&[(1, "a"), (2, "b")]), &by("incremental", &["id"], json!({"partition_by": "name"}))).await;
    write(&shop.lake, "gold.t", data(&[(3, "b")]), &WriteOptions::default()).await;
    let answers = ask(&python, "read_lake.py", &[&shop.folder.path().to_string_lossy(), "t"]);
    assert_eq!(answers[&("pyiceberg".to_owned(), "t".to_owned())], ["1|a", "2|b", "3|b"]);
    assert_eq!(answers[&("duckdb".to_owned(), "t".to_owned())], ["3|6"]);
    shop.lake.run("gold.t", &RunOptions::default()).await.unwrap_err();
}
