//! Opening what is there, what is damaged, and what was moved.

use std::collections::BTreeMap;

use bytes::Bytes;
use rat_core::error::{Code, Error};
use rat_core::interop::storage::Storage;
use rat_core::interop::tables::{Catalog, EntryKind, Pointer, PointerChange, SqliteCatalog, Tables};

use super::support::{append, batch, folder, ids, name, orders, target};

async fn failure(tables: &Tables) -> Error {
    match tables.load(&orders()).await {
        Err(error) => error,
        Ok(None) => panic!("it exists"),
        Ok(Some(table)) => table.data_files().await.expect_err("it is damaged"),
    }
}

#[tokio::test]
async fn a_damaged_file_is_named_whichever_it_is() {
    let place = tempfile::tempdir().unwrap();
    let tables = folder(place.path());
    let table = append(&tables, &orders(), batch(0..3)).await;
    let metadata = table.metadata_location().unwrap().to_owned();
    let list = table.snapshot().unwrap().manifest_list().to_owned();
    let manifest = table.manifests().await.unwrap()[0].manifest_path.clone();
    for path in [metadata, list, manifest] {
        let whole = tables.storage().read(&path).await.unwrap();
        let file = path.rsplit('/').next().unwrap();
        for damaged in [Bytes::new(), whole.slice(..whole.len() / 2), Bytes::from_static(b"{}")] {
            tables.storage().write(&path, damaged).await.unwrap();
            let error = failure(&folder(place.path())).await;
            assert_eq!(error.code(), Code::CorruptTable, "{file}: {error:?}");
            assert!(error.message().contains(file), "{error}");
        }
        tables.storage().delete(&path).await.unwrap();
        let error = failure(&folder(place.path())).await;
        assert_eq!(error.code(), Code::CorruptTable, "{file}");
        assert!(error.message().contains("missing") && error.message().contains(file), "{error}");
        tables.storage().write(&path, whole).await.unwrap();
    }
    assert_eq!(ids(&folder(place.path()).get(&orders()).await.unwrap()).await, [0, 1, 2]);
}

#[tokio::test]
async fn formats_that_would_be_misread_are_refused() {
    let place = tempfile::tempdir().unwrap();
    let tables = folder(place.path());
    let table = append(&tables, &orders(), batch(0..3)).await;
    let path = table.metadata_location().unwrap().to_owned();
    let written = tables.storage().read(&path).await.unwrap();
    for version in [0, 4, 99] {
        let mut metadata: serde_json::Value = serde_json::from_slice(&written).unwrap();
        metadata["format-version"] = version.into();
        tables.storage().write(&path, serde_json::to_vec(&metadata).unwrap()).await.unwrap();
        let error = failure(&folder(place.path())).await;
        assert_eq!(error.code(), Code::UnsupportedFormat, "{version}");
        assert!(error.message().contains(&version.to_string()), "{error}");
    }
}

#[tokio::test]
async fn metadata_that_was_compressed_is_read() {
    use std::io::Write;
    let place = tempfile::tempdir().unwrap();
    let tables = folder(place.path());
    let table = append(&tables, &orders(), batch(0..3)).await;
    let path = table.metadata_location().unwrap().to_owned();
    let written = tables.storage().read(&path).await.unwrap();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(&written).unwrap();
    tables.storage().write(&path, packed.finish().unwrap()).await.unwrap();
    assert_eq!(ids(&folder(place.path()).get(&orders()).await.unwrap()).await, [0, 1, 2]);
}

#[tokio::test]
async fn a_moved_lake_says_where_it_was() {
    let place = tempfile::tempdir().unwrap();
    let (old, new) = (place.path().canonicalize().unwrap().join("old"), place.path().join("new"));
    std::fs::create_dir(&old).unwrap();
    append(&folder(&old), &orders(), batch(0..3)).await;
    std::fs::rename(&old, &new).unwrap();
    let error = folder(&new).load(&orders()).await.unwrap_err();
    assert_eq!(error.code(), Code::LakeMoved);
    assert!(error.help().contains(&format!("file://{}", old.display())), "{error:?}");
    assert_eq!(folder(&new).list().await.unwrap().len(), 1, "what is there can still be listed");
}

#[tokio::test]
async fn metadata_is_read_once() {
    let place = tempfile::tempdir().unwrap();
    let tables = folder(place.path());
    append(&tables, &orders(), batch(0..3)).await;
    let again = folder(place.path());
    let first = again.get(&orders()).await.unwrap();
    // The file is gone, and what was read of it is not: it could not have changed.
    tables.storage().delete(first.metadata_location().unwrap()).await.unwrap();
    assert_eq!(again.get(&orders()).await.unwrap().metadata_location(), first.metadata_location());
    assert_eq!(folder(place.path()).load(&orders()).await.unwrap_err().code(), Code::CorruptTable);
}

#[tokio::test]
async fn opening_reads_nothing() {
    let place = tempfile::tempdir().unwrap();
    let catalog = place.path().join(".rat/catalog.db");
    std::fs::create_dir(catalog.parent().unwrap()).unwrap();
    std::fs::write(&catalog, "this is no database, and nobody has looked yet").unwrap();
    let tables = folder(place.path());
    assert_eq!(tables.load(&orders()).await.unwrap_err().code(), Code::CorruptCatalog);
}

#[tokio::test]
async fn a_table_of_format_version_1_is_read_and_not_written() {
    let place = tempfile::tempdir().unwrap();
    let storage = Storage::open(place.path().to_str().unwrap(), &BTreeMap::new()).unwrap();
    let location = storage.absolute("default/silver/orders");
    let metadata = serde_json::json!({
        "format-version": 1, "table-uuid": "9c12d441-03fe-4693-9a96-a0705ddf69c1", "location": location, "last-updated-ms": 1_602_638_573_590i64,
        "last-column-id": 1, "schema": {"type": "struct", "schema-id": 0, "fields": [{"id": 1, "name": "x", "required": true, "type": "long"}]},
        "partition-spec": [], "properties": {}, "current-snapshot-id": -1, "snapshots": []
    });
    let path = format!("{location}/metadata/v1.metadata.json");
    storage.write(&path, serde_json::to_vec(&metadata).unwrap()).await.unwrap();
    let catalog = SqliteCatalog::new(&storage, ".rat/catalog.db").unwrap();
    let to = Some(Pointer { kind: EntryKind::Table, metadata_location: path });
    catalog.commit(&[PointerChange { name: orders(), from: None, to }]).await.unwrap();
    let tables = folder(place.path());
    let table = tables.get(&orders()).await.unwrap();
    assert_eq!((table.schema().unwrap().field(0).name().as_str(), table.row_count()), ("x", Some(0)));
    let error = tables.evolve(&table, Default::default()).unwrap_err();
    assert_eq!(error.code(), Code::UnsupportedFormat);
}

#[cfg(unix)]
#[tokio::test]
async fn a_lake_on_a_disk_that_cannot_be_written_is_read() {
    use std::os::unix::fs::PermissionsExt;
    let place = tempfile::tempdir().unwrap();
    append(&folder(place.path()), &orders(), batch(0..3)).await;
    let lock = |mode| {
        for path in [place.path().join(".rat/catalog.db"), place.path().join(".rat")] {
            let mode = if path.is_dir() { mode | 0o111 } else { mode };
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    lock(0o444);
    let written = std::fs::write(place.path().join(".rat/probe"), "x").is_ok();
    let tables = folder(place.path());
    assert_eq!(ids(&tables.get(&orders()).await.unwrap()).await, [0, 1, 2]);
    // The superuser writes where nobody may: then there is nothing to refuse.
    if !written {
        let staged = tables.stage(rat_core::interop::tables::Change::new(target(&tables, &name("gold.x")).await)).await.unwrap();
        let error = tables.publish(vec![staged]).await.unwrap_err().into_error();
        assert_eq!(error.code(), Code::ReadOnlyStorage);
    }
    lock(0o644);
}
