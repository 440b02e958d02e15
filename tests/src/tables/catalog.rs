//! What every catalog does, and what only the SQLite one has.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rat_core::error::Code;
use rat_core::interop::storage::Storage;
use rat_core::interop::tables::{Catalog, CommitFailure, Entry, EntryKind, MemoryCatalog, Pointer, PointerChange, SqliteCatalog};

use super::support::name;

fn at(location: &str) -> Option<Pointer> {
    Some(Pointer { kind: EntryKind::Table, metadata_location: format!("file:///lake/{location}") })
}

fn view(location: &str) -> Option<Pointer> {
    at(location).map(|pointer| Pointer { kind: EntryKind::View, ..pointer })
}

fn change(table: &str, from: Option<Pointer>, to: Option<Pointer>) -> PointerChange {
    PointerChange { name: name(table), from, to }
}

async fn conflicts(catalog: &dyn Catalog, changes: &[PointerChange]) -> String {
    match catalog.commit(changes).await {
        Err(CommitFailure::Conflict(name)) => name.to_string(),
        other => panic!("{other:?}"),
    }
}

async fn catalog_contract(catalog: Arc<dyn Catalog>) {
    assert_eq!(catalog.load(&name("silver.a")).await.unwrap(), None);
    assert_eq!(catalog.list().await.unwrap(), []);

    catalog.commit(&[change("silver.a", None, at("a1"))]).await.unwrap();
    assert_eq!(catalog.load(&name("silver.a")).await.unwrap(), at("a1"));
    assert_eq!(conflicts(&*catalog, &[change("silver.a", None, at("a2"))]).await, "default.silver.a");
    assert_eq!(conflicts(&*catalog, &[change("silver.a", at("a0"), at("a2"))]).await, "default.silver.a");
    catalog.commit(&[change("silver.a", at("a1"), at("a2"))]).await.unwrap();
    assert_eq!(catalog.load(&name("silver.a")).await.unwrap(), at("a2"));

    // All or none.
    let both = [change("silver.a", at("a2"), at("a3")), change("gold.b", at("b0"), at("b1"))];
    assert_eq!(conflicts(&*catalog, &both).await, "default.gold.b");
    assert_eq!(catalog.load(&name("silver.a")).await.unwrap(), at("a2"));
    catalog
        .commit(&[change("silver.a", at("a2"), at("a3")), change("gold.b", None, at("b1")), change("shop.gold.v", None, view("v1"))])
        .await
        .unwrap();
    assert_eq!(catalog.load(&name("shop.gold.v")).await.unwrap(), view("v1"));
    let entry = |table: &str, kind| Entry { name: name(table), kind };
    let all = [entry("gold.b", EntryKind::Table), entry("silver.a", EntryKind::Table), entry("shop.gold.v", EntryKind::View)];
    let mut expected = all.to_vec();
    expected.sort();
    assert_eq!(catalog.list().await.unwrap(), expected);
    assert_eq!(catalog.namespaces().await.unwrap(), ["default", "shop"]);

    // A table may become a view, and the other way round.
    catalog.commit(&[change("gold.b", at("b1"), view("b2"))]).await.unwrap();
    assert_eq!(catalog.load(&name("gold.b")).await.unwrap(), view("b2"));

    assert_eq!(conflicts(&*catalog, &[change("silver.a", at("a2"), None)]).await, "default.silver.a");
    catalog.commit(&[change("silver.a", at("a3"), None)]).await.unwrap();
    assert_eq!(catalog.load(&name("silver.a")).await.unwrap(), None);
    catalog.commit(&[change("silver.a", None, at("a9"))]).await.unwrap();

    // Of many who swap the same pointer exactly one succeeds, every time.
    for round in 0..20 {
        let from = catalog.load(&name("silver.a")).await.unwrap();
        let swaps = (0..8).map(|n| {
            let (catalog, from) = (Arc::clone(&catalog), from.clone());
            tokio::spawn(async move { catalog.commit(&[change("silver.a", from, at(&format!("r{round}w{n}")))]).await.is_ok() })
        });
        let won = futures::future::join_all(swaps).await.into_iter().filter(|done| *done.as_ref().unwrap()).count();
        assert_eq!(won, 1, "round {round}");
    }
}

fn lake(folder: &tempfile::TempDir) -> Storage {
    Storage::open(folder.path().to_str().unwrap(), &BTreeMap::new()).unwrap()
}

fn sqlite(folder: &tempfile::TempDir) -> SqliteCatalog {
    SqliteCatalog::with_patience(&lake(folder), ".rat/catalog.db", Duration::from_millis(100)).unwrap()
}

fn database(folder: &tempfile::TempDir) -> std::path::PathBuf {
    folder.path().join(".rat/catalog.db")
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_keeps_the_contract() {
    catalog_contract(Arc::new(MemoryCatalog::default())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = SqliteCatalog::new(&lake(&folder), ".rat/catalog.db").unwrap();
    catalog_contract(Arc::new(catalog)).await;
}

#[tokio::test]
async fn reading_an_empty_lake_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = sqlite(&folder);
    assert_eq!(catalog.list().await.unwrap(), []);
    assert!(!database(&folder).exists());
    // And a lake that came to be meanwhile is seen by the same handle.
    sqlite(&folder).commit(&[change("silver.a", None, at("a1"))]).await.unwrap();
    assert_eq!(catalog.load(&name("silver.a")).await.unwrap(), at("a1"));
}

#[tokio::test]
async fn the_layout_is_the_one_other_programs_read() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = sqlite(&folder);
    catalog.commit(&[change("silver.a", None, at("a1")), change("gold.v", None, view("v1"))]).await.unwrap();
    catalog.commit(&[change("silver.a", at("a1"), at("a2"))]).await.unwrap();
    let connection = rusqlite::Connection::open(database(&folder)).unwrap();
    let mut statement = connection
        .prepare("SELECT catalog_name, table_namespace, table_name, metadata_location, previous_metadata_location, iceberg_type FROM iceberg_tables ORDER BY 3")
        .unwrap();
    let rows: Vec<[Option<String>; 6]> = statement
        .query_map([], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?]))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let text = |cells: [Option<&str>; 6]| cells.map(|cell| cell.map(str::to_owned));
    assert_eq!(
        rows,
        [
            text([Some("rat"), Some("default.silver"), Some("a"), Some("file:///lake/a2"), Some("file:///lake/a1"), Some("TABLE")]),
            text([Some("rat"), Some("default.gold"), Some("v"), Some("file:///lake/v1"), None, Some("VIEW")]),
        ]
    );
    let namespaces: Vec<String> = connection
        .prepare("SELECT namespace FROM iceberg_namespace_properties WHERE property_key = 'exists' ORDER BY 1")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(namespaces, ["default.gold", "default.silver"]);
}

#[tokio::test]
async fn a_catalog_that_another_program_made_is_used_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(".rat")).unwrap();
    let connection = rusqlite::Connection::open(database(&folder)).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE iceberg_tables (catalog_name VARCHAR(255) NOT NULL, table_namespace VARCHAR(255) NOT NULL, table_name VARCHAR(255) NOT NULL,
               metadata_location VARCHAR(1000), previous_metadata_location VARCHAR(1000), PRIMARY KEY (catalog_name, table_namespace, table_name));
             INSERT INTO iceberg_tables VALUES ('rat', 'default.silver', 'theirs', 'file:///lake/t1', NULL);
             INSERT INTO iceberg_tables VALUES ('rat', 'db', 'no_layer', 'file:///lake/n', NULL);
             INSERT INTO iceberg_tables VALUES ('other', 'default.silver', 'foreign', 'file:///lake/f', NULL);",
        )
        .unwrap();
    drop(connection);
    let catalog = sqlite(&folder);
    assert_eq!(catalog.load(&name("silver.theirs")).await.unwrap(), at("t1"));
    assert_eq!(catalog.list().await.unwrap(), [Entry { name: name("silver.theirs"), kind: EntryKind::Table }]);
    catalog.commit(&[change("silver.theirs", at("t1"), at("t2")), change("gold.v", None, view("v"))]).await.unwrap();
    assert_eq!(catalog.load(&name("gold.v")).await.unwrap(), view("v"));
}

#[tokio::test]
async fn a_newer_lake_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    sqlite(&folder).commit(&[change("silver.a", None, at("a1"))]).await.unwrap();
    rusqlite::Connection::open(database(&folder)).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = sqlite(&folder).load(&name("silver.a")).await.unwrap_err();
    assert_eq!(error.code(), Code::LakeNewer);
    assert!(error.message().contains("99"), "{error}");
}

#[tokio::test]
async fn a_damaged_catalog_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(".rat")).unwrap();
    std::fs::write(database(&folder), "this is no database, and long enough to be looked at as one ".repeat(40)).unwrap();
    let error = sqlite(&folder).load(&name("silver.a")).await.unwrap_err();
    assert_eq!(error.code(), Code::CorruptCatalog);
    assert!(error.message().contains("catalog.db"), "{error}");
    let Err(CommitFailure::Failed(error)) = sqlite(&folder).commit(&[change("silver.a", None, at("a1"))]).await else {
        panic!("it must fail")
    };
    assert_eq!(error.code(), Code::CorruptCatalog);
}

#[tokio::test]
async fn a_lock_of_another_program_is_waited_for_and_then_told() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = sqlite(&folder);
    catalog.commit(&[change("silver.a", None, at("a1"))]).await.unwrap();
    let other = rusqlite::Connection::open(database(&folder)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let Err(CommitFailure::Failed(error)) = catalog.commit(&[change("silver.a", at("a1"), at("a2"))]).await else { panic!("it is locked") };
    assert_eq!(error.code(), Code::CatalogUnavailable);
    assert!(error.is_retryable());
    // Readers are never in the way of a writer, nor it in theirs.
    assert_eq!(catalog.load(&name("silver.a")).await.unwrap(), at("a1"));
    other.execute_batch("ROLLBACK").unwrap();
    catalog.commit(&[change("silver.a", at("a1"), at("a2"))]).await.unwrap();
}
