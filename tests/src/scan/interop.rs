//! Other engines read what we write, and we read what they write. The scripts are in `tests/interop/`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int32Array, Int32Builder, Int64Array,
    ListBuilder, MapBuilder, RecordBatch, StringArray, StringBuilder, StructArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field};
use rat_core::clock::ManualClock;
use rat_core::ids::SequentialIds;
use rat_core::interop::storage::Storage;
use rat_core::interop::tables::{
    Change, ColumnChange, Evolution, NewTable, Partition, Table, Tables, Target, Transform, Writer, WriterOptions, write_position_deletes,
};
use rat_core::name::{Layer, Name};

use super::lake::{context, lines};

/// The Python that has the other engines. Without one the test is not run, but on CI it must be there.
pub fn python() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "where the tests find their tools is not a setting of rat")]
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let found = variable("RAT_TEST_PYTHON").map(PathBuf::from);
    if found.is_none() {
        assert_ne!(variable("CI").as_deref(), Some("true"), "RAT_TEST_PYTHON is not set; `make test` sets it");
        #[expect(clippy::print_stderr, reason = "the reason why a test did nothing")]
        {
            eprintln!("skipped: RAT_TEST_PYTHON names no Python with PyIceberg, DuckDB and Polars; `make test` makes one");
        }
    }
    found
}

/// What a script answers: the rows that an engine found in a table.
pub fn ask(python: &Path, script: &str, arguments: &[&str]) -> BTreeMap<(String, String), Vec<String>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop").join(script);
    let output = Command::new(python).arg(script).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let answer = |line: &str| {
        let answer: serde_json::Value = serde_json::from_str(line).unwrap();
        let word = |key: &str| answer[key].as_str().unwrap().to_owned();
        let rows = answer["rows"].as_array().unwrap().iter().map(|row| row.as_str().unwrap().to_owned()).collect();
        ((word("engine"), word("table")), rows)
    };
    text.lines().map(answer).collect()
}

fn open(folder: &Path) -> Tables {
    let storage = Storage::open(folder.to_str().unwrap(), &Default::default()).unwrap();
    Tables::embedded(storage, Arc::new(ManualClock::default()), Arc::new(SequentialIds::default())).unwrap()
}

fn named(name: &str) -> Name {
    Name::new("default", Layer::Gold, name).unwrap()
}

async fn rows(table: &Table, sql: &str) -> Vec<String> {
    lines(&context(table).sql(sql).await.unwrap().collect().await.unwrap())
}

async fn write(tables: &Tables, target: Target, batch: &RecordBatch) -> Table {
    let mut writer = Writer::open(tables, &target, &WriterOptions::default()).unwrap();
    writer.write(batch).await.unwrap();
    let mut change = Change::new(target);
    change.add = writer.close().await.unwrap();
    let staged = tables.stage(change).await.unwrap();
    tables.publish(vec![staged]).await.unwrap().remove(0)
}

fn every_type() -> RecordBatch {
    let seconds = |s: i64| 1_767_225_600_000_000 + s * 1_000_000;
    let mut list = ListBuilder::new(Int32Builder::new());
    list.append_value([Some(1), None, Some(3)]);
    list.append_null();
    list.append_value([]);
    let mut map = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    for value in [Some(5), None, Some(7)] {
        map.keys().append_value("k");
        map.values().append_option(value);
        map.append(true).unwrap();
    }
    let nested = StructArray::from(vec![
        (Arc::new(Field::new("x", DataType::Int32, true)), Arc::new(Int32Array::from(vec![Some(1), None, Some(3)])) as ArrayRef),
        (Arc::new(Field::new("y", DataType::Utf8, true)), Arc::new(StringArray::from(vec![Some("a"), Some("b"), None])) as ArrayRef),
    ]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from(vec![1, 2, 1 << 40]))),
        ("flag", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None]))),
        ("small", Arc::new(Int32Array::from(vec![Some(-1), None, Some(i32::MAX)]))),
        ("single", Arc::new(Float32Array::from(vec![Some(0.5), Some(-2.25), None]))),
        ("double", Arc::new(Float64Array::from(vec![Some(1.5), None, Some(-0.25)]))),
        ("price", Arc::new(Decimal128Array::from(vec![Some(125), Some(-5), None]).with_precision_and_scale(12, 2).unwrap())),
        ("day", Arc::new(Date32Array::from(vec![Some(20_454), Some(-1), None]))),
        ("at", Arc::new(TimestampMicrosecondArray::from(vec![Some(seconds(0)), Some(seconds(90_061)), None]))),
        ("moment", Arc::new(TimestampMicrosecondArray::from(vec![Some(seconds(1)), None, Some(seconds(2))]).with_timezone("+00:00"))),
        ("name", Arc::new(StringArray::from(vec![Some("ä"), Some(""), None]))),
        ("raw", Arc::new(BinaryArray::from_opt_vec(vec![Some(b"\x00\xff"), None, Some(b"z")]))),
        ("list", Arc::new(list.finish())),
        ("map", Arc::new(map.finish())),
        ("nested", Arc::new(nested)),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

fn numbers(range: std::ops::Range<i64>) -> RecordBatch {
    let names: ArrayRef = Arc::new(StringArray::from_iter_values(range.clone().map(|i| format!("name {}", i % 10))));
    let hour = 3_600_000_000;
    let at: ArrayRef = Arc::new(TimestampMicrosecondArray::from_iter_values(range.clone().map(|i| 1_767_225_600_000_000 + i * hour)));
    RecordBatch::try_from_iter([("id", Arc::new(Int64Array::from_iter_values(range)) as ArrayRef), ("name", names), ("at", at)]).unwrap()
}

#[tokio::test]
async fn pyiceberg_duckdb_and_polars_read_what_we_write() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let tables = open(folder.path());

    let batch = every_type();
    let types = write(&tables, tables.create(&named("types"), &NewTable::new(batch.schema())).unwrap(), &batch).await;

    let by = |column: &str, transform| Partition { column: column.to_owned(), transform };
    let batch = numbers(0..200);
    let mut new = NewTable::new(batch.schema());
    new.partition_by = vec![by("at", Transform::Day), by("id", Transform::Bucket(4)), by("name", Transform::Identity)];
    let parted = write(&tables, tables.create(&named("parted"), &new).unwrap(), &batch).await;

    let table = write(&tables, tables.create(&named("evolved"), &NewTable::new(batch.schema())).unwrap(), &batch).await;
    let columns = vec![
        ColumnChange::Rename { from: "name".to_owned(), to: "label".to_owned() },
        ColumnChange::Add(Arc::new(Field::new("name", DataType::Int64, true))),
    ];
    let target = tables.evolve(&table, Evolution { columns, ..Evolution::default() }).unwrap();
    let more = numbers(200..210);
    let more = RecordBatch::try_from_iter([
        ("id", Arc::clone(more.column(0))),
        ("label", Arc::clone(more.column(1))),
        ("at", Arc::clone(more.column(2))),
        ("name", Arc::new(Int64Array::from_iter_values(0..10)) as ArrayRef),
    ]);
    let evolved = write(&tables, target, &more.unwrap()).await;
    let answers = ask(&python, "read_lake.py", &[folder.path().to_str().unwrap(), "types", "parted", "evolved"]);
    for (name, table) in [("types", &types), ("parted", &parted), ("evolved", &evolved)] {
        let answer = |engine: &str| &answers[&(engine.to_owned(), name.to_owned())];
        assert_eq!(answer("pyiceberg"), &rows(table, "select * from t").await, "{name}");
        let sums = rows(table, "select count(*), sum(id) from t").await;
        assert_eq!(answer("polars"), &sums, "{name}");
        assert_eq!(answer("duckdb"), &sums, "{name}");
    }

    // Position deletes, which PyIceberg reads too.
    let target = tables.evolve(&parted, Evolution::default()).unwrap();
    let mut change = Change::new(target.clone());
    for file in parted.data_files().await.unwrap().iter().take(20) {
        change.add_deletes.push(write_position_deletes(&tables, &target, file, &[0].into_iter().collect()).await.unwrap());
    }
    let staged = tables.stage(change).await.unwrap();
    assert_eq!(rows(staged.table(), "select count(*) from t").await, ["180"], "a staged change is scanned before it is published");
    let parted = tables.publish(vec![staged]).await.unwrap().remove(0);
    let answers = ask(&python, "read_lake.py", &[folder.path().to_str().unwrap(), "parted"]);
    assert_eq!(answers[&("pyiceberg".to_owned(), "parted".to_owned())], rows(&parted, "select * from t").await);
}

#[tokio::test]
async fn we_read_what_pyiceberg_writes() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let tables = open(folder.path());
    // PyIceberg comes to a lake that is there.
    let batch = numbers(0..1);
    write(&tables, tables.create(&named("ours"), &NewTable::new(batch.schema())).unwrap(), &batch).await;

    let answers = ask(&python, "write_lake.py", &[folder.path().to_str().unwrap()]);
    assert_eq!(answers.len(), 3);
    for ((_, name), wanted) in &answers {
        let table = tables.get(&named(name)).await.unwrap();
        assert_eq!(&rows(&table, "select * from t").await, wanted, "{name}");
        assert_eq!(rows(&table, "select count(*) from t").await, [wanted.len().to_string()], "{name}");
    }
    let evolved = tables.get(&named("evolved")).await.unwrap();
    assert_eq!(
        rows(&evolved, "select id, label, place['why'], place['z'], tags from t where id in (9, 10, 104, 105)").await,
        ["104|name 104|y104|1040|4", "9|name 9|y9|NULL|NULL"]
    );
    let parted = tables.get(&named("parted")).await.unwrap();
    assert_eq!(rows(&parted, "select id from t where at >= '2026-01-04T04:00:00' and name = 'name 76'").await, ["76"]);
    assert_eq!(rows(&parted, "select count(*) from t where id in (3, 42, 77, 99)").await, ["2"]);
}
