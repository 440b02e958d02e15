//! Lakes, batches and rows for tests of tables.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rat_core::clock::ManualClock;
use rat_core::ids::RandomIds;
use rat_core::interop::storage::Storage;
use rat_core::interop::tables::{Change, Evolution, NewTable, Remove, Staged, Table, Tables, Target, Writer, WriterOptions, WrittenFile};
use rat_core::name::{Layer, Name};

pub fn memory() -> Tables {
    on(Storage::open("memory://", &BTreeMap::new()).unwrap())
}

pub fn folder(path: &std::path::Path) -> Tables {
    on(Storage::open(path.to_str().unwrap(), &BTreeMap::new()).unwrap())
}

pub fn on(storage: Storage) -> Tables {
    Tables::embedded(storage, Arc::new(ManualClock::default()), Arc::new(RandomIds)).unwrap()
}

pub fn name(text: &str) -> Name {
    Name::parse(text, "default").unwrap()
}

pub fn orders() -> Name {
    Name::new("default", Layer::Silver, "orders").unwrap()
}

pub fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("id", DataType::Int64, true), Field::new("name", DataType::Utf8, true)]))
}

/// Rows with these ids, each named after its id.
pub fn batch(ids: impl IntoIterator<Item = i64>) -> RecordBatch {
    let ids: Vec<i64> = ids.into_iter().collect();
    let names: StringArray = ids.iter().map(|id| Some(format!("n{id}"))).collect();
    RecordBatch::try_new(schema(), vec![Arc::new(Int64Array::from(ids)) as ArrayRef, Arc::new(names)]).unwrap()
}

pub async fn target(tables: &Tables, name: &Name) -> Target {
    match tables.load(name).await.unwrap() {
        Some(table) => tables.evolve(&table, Evolution::default()).unwrap(),
        None => tables.create(name, &NewTable::new(schema())).unwrap(),
    }
}

pub async fn write(tables: &Tables, target: &Target, batches: &[RecordBatch]) -> Vec<WrittenFile> {
    let mut writer = Writer::open(tables, target, &WriterOptions::default()).unwrap();
    for batch in batches {
        writer.write(batch).await.unwrap();
    }
    writer.close().await.unwrap()
}

/// A change that adds rows, and removes as told.
pub async fn change(tables: &Tables, target: Target, rows: RecordBatch, remove: Remove) -> Change {
    let add = write(tables, &target, &[rows]).await;
    Change { add, remove, ..Change::new(target) }
}

pub async fn stage_append(tables: &Tables, name: &Name, rows: RecordBatch) -> Staged {
    let target = target(tables, name).await;
    tables.stage(change(tables, target, rows, Remove::None).await).await.unwrap()
}

pub async fn append(tables: &Tables, name: &Name, rows: RecordBatch) -> Table {
    let staged = stage_append(tables, name, rows).await;
    tables.publish(vec![staged]).await.unwrap().remove(0)
}

/// The rows of a table's data files as text, sorted; for tables without deletes.
pub async fn rows(table: &Table) -> Vec<String> {
    let mut rows = Vec::new();
    for entry in table.data_files().await.unwrap() {
        assert!(entry.is_data(), "this reads no deletes");
        rows.extend(rows_of(table.storage(), entry.file.file_path()).await);
    }
    rows.sort();
    rows
}

pub async fn batches_of(storage: &Storage, path: &str) -> Vec<RecordBatch> {
    let bytes = storage.read(path).await.unwrap();
    ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap().map(Result::unwrap).collect()
}

pub async fn rows_of(storage: &Storage, path: &str) -> Vec<String> {
    let options = FormatOptions::default().with_null("NULL");
    let mut rows = Vec::new();
    for batch in batches_of(storage, path).await {
        let columns: Vec<ArrayFormatter> =
            batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
        rows.extend((0..batch.num_rows()).map(|row| columns.iter().map(|c| c.value(row).to_string()).collect::<Vec<_>>().join("|")));
    }
    rows
}

/// The ids in a table, sorted.
pub async fn ids(table: &Table) -> Vec<i64> {
    let mut ids: Vec<i64> = rows(table).await.iter().map(|row| row.split('|').next().unwrap().parse().unwrap()).collect();
    ids.sort_unstable();
    ids
}

/// Every file below a table's folder.
pub async fn files(tables: &Tables, name: &Name) -> Vec<String> {
    let folder = format!("{}/{}/{}", name.namespace, name.layer, name.name);
    tables.storage().list(&folder).await.unwrap().into_iter().map(|entry| entry.path).collect()
}

/// Every file that a table's current metadata needs: its metadata files, lists, manifests and data of all snapshots.
pub async fn reachable(tables: &Tables, table: &Table) -> Vec<String> {
    let relative = |path: &str| tables.storage().relative(path).unwrap();
    let mut paths = vec![relative(table.metadata_location().unwrap())];
    paths.extend(table.metadata().metadata_log().iter().map(|log| relative(&log.metadata_file)));
    for snapshot in table.metadata().snapshots() {
        paths.push(relative(snapshot.manifest_list()));
        let at = table.at_snapshot(snapshot.snapshot_id()).unwrap();
        for manifest in at.manifests().await.unwrap().iter() {
            paths.push(relative(&manifest.manifest_path));
        }
        paths.extend(at.data_files().await.unwrap().iter().map(|entry| relative(entry.file.file_path())));
    }
    paths.sort();
    paths.dedup();
    paths
}
