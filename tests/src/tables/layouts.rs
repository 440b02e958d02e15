//! Partitions, order and file sizes.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use rat_core::error::Code;
use rat_core::interop::tables::{
    Change, ColumnChange, Direction, Evolution, NewTable, Partition, ReplaceColumns, RowOrder, SortColumn, Table, Tables, Target,
    Transform, Writer, WriterOptions, WrittenFile,
};

use super::support::{append, batch, ids, memory, orders, rows_of, schema, write};

fn by(column: &str, transform: Transform) -> Partition {
    Partition { column: column.to_owned(), transform }
}

/// Rows of each partition, by what its folder is called.
async fn partitions(tables: &Tables, files: &[WrittenFile]) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for file in files {
        let folder = file.path().split("/data/").nth(1).unwrap().rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        *found.entry(folder).or_default() += rows_of(tables.storage(), file.path()).await.len();
    }
    found
}

#[tokio::test]
async fn every_transform_finds_its_partition() {
    let tables = memory();
    let hour = 3_600_000_000i64;
    let times = [Some(0), Some(hour), Some(24 * hour), Some(24 * 40 * hour), Some(24 * 400 * hour), Some(-1), None];
    let schema = Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, true),
        Field::new("at", DataType::Timestamp(TimeUnit::Microsecond, None), true),
        Field::new("text", DataType::Utf8, true),
    ]));
    let texts: StringArray = ["apple", "apricot", "a/b c", "berry", "berry", "böse", ""].into_iter().map(Some).collect();
    let columns: Vec<ArrayRef> =
        vec![Arc::new(Int64Array::from_iter_values(0..7)), Arc::new(TimestampMicrosecondArray::from(times.to_vec())), Arc::new(texts)];
    let rows = RecordBatch::try_new(schema.clone(), columns).unwrap();
    let cases: Vec<(Partition, Vec<(&str, usize)>)> = vec![
        (by("at", Transform::Year), vec![("at_year=1969", 1), ("at_year=1970", 4), ("at_year=1971", 1), ("at_year=null", 1)]),
        (
            by("at", Transform::Month),
            vec![("at_month=1969-12", 1), ("at_month=1970-01", 3), ("at_month=1970-02", 1), ("at_month=1971-02", 1), ("at_month=null", 1)],
        ),
        (
            by("at", Transform::Day),
            vec![
                ("at_day=1969-12-31", 1),
                ("at_day=1970-01-01", 2),
                ("at_day=1970-01-02", 1),
                ("at_day=1970-02-10", 1),
                ("at_day=1971-02-05", 1),
                ("at_day=null", 1),
            ],
        ),
        (by("text", Transform::Truncate(1)), vec![("text_trunc=", 1), ("text_trunc=a", 3), ("text_trunc=b", 3)]),
        (by("id", Transform::Truncate(3)), vec![("id_trunc=0", 3), ("id_trunc=3", 3), ("id_trunc=6", 1)]),
    ];
    for (part, expected) in cases {
        let new = NewTable { partition_by: vec![part.clone()], ..NewTable::new(schema.clone()) };
        let target = tables.create(&orders(), &new).unwrap();
        let files = write(&tables, &target, std::slice::from_ref(&rows)).await;
        let expected: BTreeMap<String, usize> = expected.into_iter().map(|(name, rows)| (name.to_owned(), rows)).collect();
        assert_eq!(partitions(&tables, &files).await, expected, "{part:?}");
    }
    // The hash of the table format's specification: 34 as long is 2017239379, and 34 mod 16 of it is 3.
    let new = NewTable { partition_by: vec![by("id", Transform::Bucket(16)), by("at", Transform::Hour)], ..NewTable::new(schema.clone()) };
    let target = tables.create(&orders(), &new).unwrap();
    let one = rows.slice(0, 1);
    let one =
        RecordBatch::try_new(schema, vec![Arc::new(Int64Array::from(vec![34])), one.column(1).clone(), one.column(2).clone()]).unwrap();
    let files = write(&tables, &target, &[one]).await;
    assert_eq!(partitions(&tables, &files).await.into_keys().collect::<Vec<_>>(), ["id_bucket=3/at_hour=1970-01-01-00"]);
}

#[tokio::test]
async fn scattered_rows_make_more_files_never_more_open_ones() {
    let tables = memory();
    let new = NewTable { partition_by: vec![by("id", Transform::Identity)], ..NewTable::new(schema()) };
    let target = tables.create(&orders(), &new).unwrap();
    let options = WriterOptions { max_open_files: 2, ..WriterOptions::default() };
    let mut writer = Writer::open(&tables, &target, &options).unwrap();
    for _ in 0..3 {
        writer.write(&batch(0..5)).await.unwrap();
    }
    assert_eq!(writer.rows(), 15);
    let add = writer.close().await.unwrap();
    assert!(add.len() > 5, "{} files of 5 partitions", add.len());
    assert!(partitions(&tables, &add).await.values().all(|rows| *rows == 3));
    let table = tables.publish(vec![tables.stage(Change { add, ..Change::new(target) }).await.unwrap()]).await.unwrap().remove(0);
    assert_eq!(ids(&table).await, [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]);
    assert_eq!(table.summary().unwrap()["changed-partition-count"], "5");
}

#[tokio::test]
async fn files_are_cut_at_the_target_size() {
    let tables = memory();
    let target = tables.create(&orders(), &NewTable::new(schema())).unwrap();
    let options = WriterOptions { target_file_bytes: Some(200_000), ..WriterOptions::default() };
    let mut writer = Writer::open(&tables, &target, &options).unwrap();
    for n in 0..40 {
        writer.write(&batch(n * 8192..(n + 1) * 8192)).await.unwrap();
    }
    let files = writer.close().await.unwrap();
    assert_eq!(files.iter().map(WrittenFile::rows).sum::<u64>(), 40 * 8192);
    assert!(files.len() >= 3, "{} files", files.len());
    for file in &files {
        assert!(file.bytes() < 600_000, "{} bytes", file.bytes());
        assert_eq!(file.bytes(), tables.storage().stat(file.path()).await.unwrap().unwrap().size);
    }
}

fn options_sorted() -> WriterOptions {
    WriterOptions { order: RowOrder::Table, ..WriterOptions::default() }
}

#[tokio::test]
async fn a_file_says_that_it_is_sorted_only_when_it_is() {
    let tables = memory();
    let new =
        NewTable { sort_by: vec![SortColumn { column: "ID".to_owned(), direction: Direction::Descending }], ..NewTable::new(schema()) };
    let target: Target = tables.create(&orders(), &new).unwrap();
    let order = target.metadata().default_sort_order();
    assert_eq!((order.fields.len(), order.fields[0].source_id), (1, 1));
    for (options, expected) in [(options_sorted(), Some(i32::try_from(order.order_id).unwrap())), (WriterOptions::default(), None)] {
        let mut writer = Writer::open(&tables, &target, &options).unwrap();
        writer.write(&batch([3, 2, 1])).await.unwrap();
        assert_eq!(writer.close().await.unwrap()[0].file.sort_order_id(), expected);
    }
}

#[tokio::test]
async fn another_partitioning_is_for_new_files() {
    let tables = memory();
    append(&tables, &orders(), batch(0..3)).await;
    let parted = |parts: Vec<Partition>| Evolution { partition_by: Some(parts), ..Evolution::default() };
    let base = tables.get(&orders()).await.unwrap();
    let target = tables.evolve(&base, parted(vec![by("id", Transform::Bucket(4))])).unwrap();
    let add = write(&tables, &target, &[batch(3..6)]).await;
    let table = tables.publish(vec![tables.stage(Change { add, ..Change::new(target) }).await.unwrap()]).await.unwrap().remove(0);
    assert_eq!(ids(&table).await, [0, 1, 2, 3, 4, 5]);
    let mut specs: Vec<i32> = table.manifests().await.unwrap().iter().map(|manifest| manifest.partition_spec_id).collect();
    specs.sort_unstable();
    assert_eq!(specs, [0, 1], "a manifest holds files of one spec");
    let field = table.metadata().default_partition_spec().fields()[0].field_id;

    let back = tables.evolve(&table, parted(vec![])).unwrap();
    let table = tables.publish(vec![tables.stage(Change::new(back)).await.unwrap()]).await.unwrap().remove(0);
    assert!(table.metadata().default_partition_spec().is_unpartitioned());
    let again = tables.evolve(&table, parted(vec![by("id", Transform::Bucket(4))])).unwrap();
    assert_eq!(again.metadata().default_partition_spec().fields()[0].field_id, field, "the same partition field keeps its id");

    for (part, code) in [(by("idd", Transform::Identity), Code::UnknownColumn), (by("name", Transform::Day), Code::InvalidArgument)] {
        assert_eq!(tables.evolve(&table, parted(vec![part])).unwrap_err().code(), code);
    }
    let drop = Evolution { columns: vec![ColumnChange::Drop("id".to_owned())], ..Evolution::default() };
    let parted_again = tables.publish(vec![tables.stage(Change::new(again)).await.unwrap()]).await.unwrap().remove(0);
    assert_eq!(tables.evolve(&parted_again, drop).unwrap_err().code(), Code::SchemaChanged);
}

fn specs(table: &Table) -> Vec<Vec<(String, i32, i32)>> {
    let mut specs: Vec<_> = table.metadata().partition_specs_iter().collect();
    specs.sort_by_key(|spec| spec.spec_id());
    let fields =
        |spec: &&iceberg::spec::PartitionSpecRef| spec.fields().iter().map(|f| (f.name.clone(), f.source_id, f.field_id)).collect();
    specs.iter().map(fields).filter(|fields: &Vec<_>| !fields.is_empty()).collect()
}

#[tokio::test]
async fn a_partition_field_gives_its_name_up_to_a_new_column() {
    let tables = memory();
    let new = NewTable { partition_by: vec![by("name", Transform::Identity), by("id", Transform::Bucket(2))], ..NewTable::new(schema()) };
    let target = tables.create(&orders(), &new).unwrap();
    let add = write(&tables, &target, &[batch(0..3)]).await;
    let publish = async |change: Change| tables.publish(vec![tables.stage(change).await.unwrap()]).await.unwrap().remove(0);
    let table = publish(Change { add, ..Change::new(target) }).await;
    let named = |name: &str, source, id| (name.to_owned(), source, id);
    assert_eq!(specs(&table), [vec![named("name", 2, 1000), named("id_bucket", 1, 1001)]]);

    // The column has another name, and a new one has its old name; another is called as a bucket is.
    let text = |name: &str| ColumnChange::Add(Arc::new(Field::new(name, DataType::Utf8, true)));
    let renamed = ColumnChange::Rename { from: "name".to_owned(), to: "title".to_owned() };
    let columns = vec![renamed, text("NAME"), text("id_bucket"), text("name_")];
    let partition_by = Some(vec![by("NAME", Transform::Identity), by("id", Transform::Bucket(2)), by("id", Transform::Bucket(4))]);
    let target = tables.evolve(&table, Evolution { columns, partition_by, ..Evolution::default() }).unwrap();
    let add = write(&tables, &target, &[batch(3..6)]).await;
    let table = publish(Change { add, ..Change::new(target) }).await;
    let (bucket, older) = (named("id_bucket_", 1, 1001), named("name__", 2, 1000));
    assert_eq!(
        specs(&table),
        [vec![older.clone(), bucket.clone()], vec![named("NAME", 3, 1002), bucket.clone(), named("id_bucket__", 1, 1003)]],
        "a field has one name, which is no other's"
    );
    assert_eq!(ids(&table).await, [0, 1, 2, 3, 4, 5]);
    let again =
        tables.evolve(&table, Evolution { partition_by: Some(vec![by("id", Transform::Bucket(2))]), ..Evolution::default() }).unwrap();
    assert_eq!(again.metadata().default_partition_spec().fields()[0].field_id, 1001);

    let other = Arc::new(Schema::new(vec![Field::new("id", DataType::Utf8, true), Field::new("name", DataType::Utf8, true)]));
    let replace = Some(ReplaceColumns { schema: other, not_null: Vec::new() });
    let partition_by = Some(vec![by("id", Transform::Bucket(2)), by("name", Transform::Identity)]);
    let target = tables.evolve(&table, Evolution { replace, partition_by, ..Evolution::default() }).unwrap();
    let table = publish(Change::new(target)).await;
    assert_eq!(
        specs(&table)[2],
        [named("id_bucket", 6, 1004), named("name", 3, 1002)],
        "a column that was replaced is another one, whose partitions have a name of their own"
    );
}
