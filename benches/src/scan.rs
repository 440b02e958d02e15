//! A table of the lake, and DataFusion's own listing table over the very same files.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use datafusion::catalog::TableProvider;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::execution::context::SessionContext;
use datafusion::prelude::SessionConfig;
use rat_core::clock::SystemClock;
use rat_core::ids::RandomIds;
use rat_core::interop::storage::Storage;
use rat_core::interop::tables::{Change, NewTable, Table, Tables, Writer, WriterOptions, write_position_deletes};
use rat_core::name::{Layer, Name};
use tokio::runtime::Runtime;

use crate::measure::{Bench, PAIRS};

const ROWS: i64 = 10_000_000;
const FILES: i64 = 8;
const BATCH: i64 = 100_000;

const QUERIES: &[(&str, &str)] = &[
    ("count(*)", "select count(*) from t"),
    ("min and max", "select min(id), max(ts) from t"),
    ("sum of doubles", "select sum(v), max(k) from t"),
    ("group by int", "select k, sum(v) from t group by k"),
    ("group by text", "select s, count(*) from t group by s"),
    ("id range, 0.1 %", "select sum(v) from t where id between 5000000 and 5010000"),
    ("k = 7, no pruning", "select sum(v), count(s) from t where k = 7"),
    ("half of the rows", "select sum(v), max(s) from t where k < 500"),
    ("top 10", "select id, v from t order by v desc limit 10"),
    ("limit 10", "select * from t limit 10"),
    ("a range of 40 %, sorted", "select max(k), max(v), max(s), max(ts) from t where id between 3100000 and 7100000"),
    ("all but few", "select max(id), max(k), max(v), max(s), max(ts) from t where k >= 1"),
    ("all columns", "select max(id), max(k), max(v), max(s), max(ts) from t where v >= 0"),
    ("join on aggregate", "select count(*) from t join (select k, max(v) m from t group by k) x on t.k = x.k and t.v = x.m"),
];

pub fn run(bench: &mut Bench) {
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let storage = Storage::open(folder.path().to_str().unwrap(), &Default::default()).unwrap();
    let tables = Tables::embedded(storage.clone(), Arc::new(SystemClock), Arc::new(RandomIds)).unwrap();
    let name = Name::new("default", Layer::Gold, "t").unwrap();
    let table = runtime.block_on(write(&tables, &name));

    let ours = context(true, table.provider().unwrap());
    let theirs = context(true, runtime.block_on(listing(&storage, &table)));
    for (what, sql) in QUERIES {
        let goal = "scan: within 1.05 of DataFusion's listing table";
        let query = |context: &SessionContext| runtime.block_on(async { context.sql(sql).await.unwrap().collect().await.unwrap() });
        let same = |context| {
            let rows = arrow::util::pretty::pretty_format_batches(&query(context)).unwrap().to_string();
            let mut lines: Vec<String> = rows.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        if bench.wants(what) && !sql.contains("limit") && !sql.contains("sum(v)") {
            assert_eq!(same(&ours), same(&theirs), "{sql}");
        }
        bench.pair(what, goal, "ListingTable", PAIRS, || drop(query(&ours)), || drop(query(&theirs)));
    }

    let late = context(true, table.provider().unwrap());
    let plain = context(false, table.provider().unwrap());
    for (what, sql) in QUERIES.iter().filter(|(_, sql)| sql.contains("where")) {
        let query = |context: &SessionContext| runtime.block_on(async { drop(context.sql(sql).await.unwrap().collect().await.unwrap()) });
        bench.pair(
            &format!("filter in the scan: {what}"),
            "the better of the two",
            "filter after it",
            PAIRS,
            || query(&late),
            || query(&plain),
        );
    }

    let deleted = runtime.block_on(delete(&tables, &table));
    let ours = context(true, deleted.provider().unwrap());
    let whole = context(true, table.provider().unwrap());
    let sql = "select sum(v), max(k) from t where k >= 0";
    let query = |context: &SessionContext| runtime.block_on(async { drop(context.sql(sql).await.unwrap().collect().await.unwrap()) });
    bench.pair("1 row in 200 deleted", "near the clean table", "the clean table", PAIRS, || query(&ours), || query(&whole));
}

fn context(pushdown: bool, table: Arc<dyn TableProvider>) -> SessionContext {
    let mut config = SessionConfig::new();
    config.options_mut().execution.parquet.pushdown_filters = pushdown;
    config.options_mut().execution.parquet.reorder_filters = pushdown;
    let context = SessionContext::new_with_config(config);
    context.register_table("t", table).unwrap();
    context
}

async fn write(tables: &Tables, name: &Name) -> Table {
    let schema = Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, true),
        Field::new("k", DataType::Int32, true),
        Field::new("v", DataType::Float64, true),
        Field::new("s", DataType::Utf8, true),
        Field::new("ts", DataType::Timestamp(TimeUnit::Microsecond, None), true),
    ]));
    let target = tables.create(name, &NewTable::new(Arc::clone(&schema))).unwrap();
    let mut change = Change::new(target.clone());
    for file in 0..FILES {
        let mut writer = Writer::open(tables, &target, &WriterOptions::default()).unwrap();
        let per_file = ROWS / FILES;
        for start in (file * per_file..(file + 1) * per_file).step_by(usize::try_from(BATCH).unwrap()) {
            let ids = start..(start + BATCH).min((file + 1) * per_file);
            let scrambled = |id: i64| id.wrapping_mul(0x9E37_79B9_7F4A_7C15_u64.cast_signed()).unsigned_abs();
            let columns: Vec<ArrayRef> = vec![
                Arc::new(Int64Array::from_iter_values(ids.clone())),
                Arc::new(Int32Array::from_iter_values(ids.clone().map(|id| i32::try_from(scrambled(id) % 1000).unwrap()))),
                Arc::new(Float64Array::from_iter_values(ids.clone().map(|id| (scrambled(id) >> 20) as f64 / 1e6))),
                Arc::new(StringArray::from_iter_values(ids.clone().map(|id| format!("text number {}", scrambled(id) % 50_000)))),
                Arc::new(TimestampMicrosecondArray::from_iter_values(ids.map(|id| 1_700_000_000_000_000 + id * 1_000_000))),
            ];
            writer.write(&RecordBatch::try_new(Arc::clone(&schema), columns).unwrap()).await.unwrap();
        }
        change.add.extend(writer.close().await.unwrap());
    }
    let staged = tables.stage(change).await.unwrap();
    tables.publish(vec![staged]).await.unwrap().remove(0)
}

async fn listing(storage: &Storage, table: &Table) -> Arc<dyn TableProvider> {
    let files = table.data_files().await.unwrap();
    let paths =
        files.iter().map(|file| ListingTableUrl::parse(storage.local_path(file.file.file_path()).unwrap().to_str().unwrap()).unwrap());
    let options = ListingOptions::new(Arc::new(ParquetFormat::default())).with_collect_stat(true);
    let config = ListingTableConfig::new_with_multi_paths(paths.collect()).with_listing_options(options);
    #[expect(clippy::disallowed_methods, reason = "the reference is the engine as it comes")]
    let context = SessionContext::new();
    Arc::new(ListingTable::try_new(config.infer_schema(&context.state()).await.unwrap()).unwrap())
}

async fn delete(tables: &Tables, table: &Table) -> Table {
    let target = tables.evolve(table, Default::default()).unwrap();
    let mut change = Change::new(target.clone());
    for file in table.data_files().await.unwrap() {
        let positions = (0..file.file.record_count()).step_by(200).collect();
        change.add_deletes.push(write_position_deletes(tables, &target, &file, &positions).await.unwrap());
    }
    let staged = tables.stage(change).await.unwrap();
    tables.publish(vec![staged]).await.unwrap().remove(0)
}
