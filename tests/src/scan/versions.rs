//! Tables of format version 3: read exactly or refused by name, and never written.

use iceberg::spec::{FormatVersion, PrimitiveType, Type};
use rat_core::error::{Code, Error};
use rat_core::interop::tables::{Evolution, Keep, ReferenceChange};
use serde_json::{Value, json};

use super::lake::{Lake, Said, batch, schema, vector};

fn numbers(values: std::ops::Range<i64>) -> arrow::array::RecordBatch {
    batch(vec![(1, "a", std::sync::Arc::new(arrow::array::Int64Array::from_iter_values(values)))])
}

fn lake() -> Lake {
    Lake::new(schema(0, &[(1, "a", Type::Primitive(PrimitiveType::Long))]), &[])
}

/// The columns of the current schema.
fn fields(metadata: &mut Value) -> &mut Vec<Value> {
    let current = metadata["current-schema-id"].clone();
    let schema = metadata["schemas"].as_array_mut().unwrap().iter_mut().find(|schema| schema["schema-id"] == current);
    schema.unwrap()["fields"].as_array_mut().unwrap()
}

#[tokio::test]
async fn deletion_vectors_take_rows_out() {
    let mut lake = lake();
    lake.rows_per_group = 100;
    // Written and deleted from while the table was of version 2.
    let old = lake.data(&numbers(0..300), Said::default()).await;
    let old_path = old.path.clone();
    lake.commit(vec![old]).await;
    let before = lake.position_deletes(&[(&old_path, 5)], Said::default()).await;
    lake.commit(vec![before]).await;
    lake.upgrade(FormatVersion::V3);
    assert_eq!(lake.rows("select count(*), min(a) from t").await, ["299|0"], "lists of version 2 are read");
    let new = lake.data(&numbers(300..600), Said::default()).await;
    let new_path = new.path.clone();
    lake.commit(vec![new]).await;
    // The vector of a file that had position deletes holds these, too.
    let vectors = lake.vectors(&[(&old_path, &[5, 0, 299]), (&new_path, &(0..250).collect::<Vec<_>>())]).await;
    lake.commit(vectors).await;
    assert_eq!(lake.rows("select count(*), min(a), max(a) from t").await, ["347|1|599"]);
    assert_eq!(lake.rows("select a from t where a in (5, 6, 549, 550, 299)").await, ["550", "6"]);
    let files = lake.table().await.scan().unwrap().files().await.unwrap();
    let deleted: Vec<_> = lake.table().await.scan().unwrap().deleted(&files).await.unwrap();
    assert_eq!(deleted.iter().map(|rows| rows.as_ref().unwrap().len()).collect::<Vec<_>>(), [3, 250]);
}

#[tokio::test]
async fn a_vector_reaches_one_file_that_is_not_younger() {
    let mut lake = lake();
    lake.upgrade(FormatVersion::V3);
    let one = lake.data(&numbers(0..3), Said::default()).await;
    let path = one.path.clone();
    let vectors = lake.vectors(&[(&path, &[0])]).await;
    lake.commit(vectors).await;
    lake.commit(vec![one]).await;
    assert_eq!(lake.rows("select count(*) from t").await, ["3"], "the file is younger");
    let vectors = lake.vectors(&[(&path, &[u64::from(u32::MAX) + 7, 1])]).await;
    lake.commit(vectors).await;
    assert_eq!(lake.rows("select a from t").await, ["0", "2"]);
}

#[tokio::test]
async fn a_damaged_vector_is_named() {
    let whole = vector(&[1, 2]);
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("checksum", [&whole[..whole.len() - 1], &[whole[whole.len() - 1] ^ 1]].concat()),
        ("checksum", whole.iter().enumerate().map(|(at, byte)| if at == 20 { byte ^ 1 } else { *byte }).collect()),
        ("says that it has", [&[0, 0, 0, 9], &whole[4..]].concat()),
        ("shorter", whole[..whole.len() - 1].to_vec()),
        ("shorter", Vec::new()),
        ("of another kind", {
            let mut checked = vec![0; whole.len() - 8];
            checked[4] = 1;
            let mut crc = flate2::Crc::new();
            crc.update(&checked);
            [&whole[..4], &checked, &crc.sum().to_be_bytes()].concat()
        }),
    ];
    let cases = cases.into_iter().map(|(told, bytes)| (told, [1, 2], bytes));
    for (told, rows, bytes) in cases.chain([("names 1 rows, and its manifest says 2", [1, 1], vector(&[1]))]) {
        let (file, [damaged, missing]) = read_instead(&rows, bytes).await;
        assert_eq!(damaged.code(), Code::CorruptTable, "{told}: {damaged:?}");
        assert!(damaged.message().contains(told) && damaged.message().contains(&file), "{told}: {damaged}");
        assert!(missing.message().contains("missing") && missing.message().contains(&file), "{missing}");
    }
}

/// What reading says of a table whose one vector has other bytes, and whose file of vectors is gone.
async fn read_instead(rows: &[u64], bytes: Vec<u8>) -> (String, [Error; 2]) {
    let mut lake = lake();
    lake.upgrade(FormatVersion::V3);
    let data = lake.data(&numbers(0..3), Said::default()).await;
    let path = data.path.clone();
    lake.commit(vec![data]).await;
    let vectors = lake.vectors(&[(&path, rows)]).await;
    let file = vectors[0].path.clone();
    lake.commit(vectors).await;
    lake.storage.write(&file, [b"PFA1", bytes.as_slice()].concat()).await.unwrap();
    let damaged = failure(&lake).await;
    lake.storage.delete(&file).await.unwrap();
    let missing = failure(&lake).await;
    (file, [damaged, missing])
}

async fn failure(lake: &Lake) -> Error {
    let scan = lake.table().await.scan().unwrap();
    let files = scan.files().await.unwrap();
    scan.deleted(&files).await.expect_err("it is damaged")
}

#[tokio::test]
async fn what_of_version_3_would_be_misread_is_refused_by_name() {
    let mut lake = lake();
    lake.upgrade(FormatVersion::V3);
    let whole = serde_json::to_value(&lake.metadata).unwrap();
    let (tables, name) = lake.tables(&whole).await;
    assert!(tables.get(&name).await.is_ok());
    let field = |field: Value| move |m: &mut Value| fields(m).push(field.clone());
    let of = |kind: Value| field(json!({"id": 2, "name": "b", "required": false, "type": kind}));
    let nested = json!({"type": "list", "element-id": 3, "element-required": false,
        "element": {"type": "struct", "fields": [{"id": 4, "name": "c", "required": false, "type": "geometry(srid:4326)"}]}});
    let with_default =
        |kind: Value, default: Value| field(json!({"id": 2, "name": "b", "required": false, "type": kind, "initial-default": default}));
    type Change = Box<dyn Fn(&mut Value)>;
    let cases: Vec<(&str, Change)> = vec![
        ("column \"b\" has the type `variant`", Box::new(of(json!("variant")))),
        ("column \"b\" has the type `unknown`", Box::new(of(json!("unknown")))),
        ("column \"c\" has the type `geometry(srid:4326)`", Box::new(of(nested))),
        (
            "the type `geography`",
            Box::new(of(
                json!({"type": "map", "key-id": 3, "key": "string", "value-id": 4, "value-required": false, "value": "geography"}),
            )),
        ),
        ("the default of column \"b\"", Box::new(with_default(json!("long"), json!("seven")))),
        (
            "partition specs is by several columns",
            Box::new(|m| {
                m["partition-specs"][0]["fields"] = json!([{"source-ids": [1, 2], "field-id": 1000, "name": "p", "transform": "bucket[4]"}])
            }),
        ),
        (
            "sort orders is by several columns",
            Box::new(|m| {
                m["sort-orders"][0]["fields"] =
                    json!([{"source-ids": [1, 2], "transform": "bucket[4]", "direction": "asc", "null-order": "nulls-first"}]);
            }),
        ),
    ];
    for (told, change) in cases {
        let mut metadata = whole.clone();
        change(&mut metadata);
        let (tables, name) = lake.tables(&metadata).await;
        let error = tables.get(&name).await.expect_err(told);
        assert_eq!(error.code(), Code::UnsupportedFormat, "{told}: {error:?}");
        assert!(error.message().contains(told), "{told}: {error}");
    }
    let mut nonsense = whole.clone();
    nonsense["schemas"] = json!(7);
    let (tables, name) = lake.tables(&nonsense).await;
    assert_eq!(tables.get(&name).await.unwrap_err().code(), Code::CorruptTable);
}

#[tokio::test]
async fn rows_older_than_a_column_have_its_default() {
    let mut lake = lake();
    lake.upgrade(FormatVersion::V3);
    let data = lake.data(&numbers(0..2), Said::default()).await;
    lake.commit(vec![data]).await;
    let mut metadata = serde_json::to_value(&lake.metadata).unwrap();
    fields(&mut metadata).push(json!({"id": 2, "name": "b", "required": false, "type": "long", "initial-default": 7}));
    metadata["last-column-id"] = json!(2);
    lake.metadata = serde_json::from_value(metadata.clone()).unwrap();
    assert_eq!(lake.rows("select a, b from t where b = 7").await, ["0|7", "1|7"]);
}

#[tokio::test]
async fn a_table_of_version_3_is_never_written() {
    let mut lake = lake();
    lake.upgrade(FormatVersion::V3);
    for part in 0..8 {
        let data = lake.data(&numbers(part..part + 1), Said::default()).await;
        lake.commit(vec![data]).await;
    }
    let stored = serde_json::to_value(&lake.metadata).unwrap();
    let (tables, name) = lake.tables(&stored).await;
    let table = tables.get(&name).await.unwrap();
    let refused = |error: Error| {
        assert_eq!(error.code(), Code::UnsupportedFormat);
        assert_eq!(error.message(), "`default.gold.t` has format version 3, which rat reads and does not write");
        assert!(error.help().contains("another pipeline"), "{error:?}");
    };
    refused(tables.evolve(&table, Evolution::default()).unwrap_err());
    for change in [ReferenceChange::Tag("x".to_owned(), None), ReferenceChange::Rollback(1)] {
        refused(tables.change_reference(&name, &change).await.unwrap_err());
    }
    assert!(table.rewrite(512 << 20).await.unwrap().is_empty(), "small files stay");
    let keep = Keep { snapshots: 1, read_since: chrono::DateTime::<chrono::Utc>::MAX_UTC };
    let expired = tables.expire(&name, &keep, false).await.unwrap();
    assert_eq!((expired.snapshots, expired.files), (0, 0), "history stays");
    assert_eq!(tables.get(&name).await.unwrap().metadata_location(), table.metadata_location());
}
