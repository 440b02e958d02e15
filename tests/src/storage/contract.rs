//! What every storage does.

use std::collections::BTreeMap;

use bytes::Bytes;
use rat_core::error::Code;
use rat_core::interop::storage::Storage;

async fn storage_contract(storage: Storage) {
    writing_and_reading(&storage).await;
    create_only_writes(&storage).await;
    streaming(&storage).await;
    listing(&storage).await;
    deleting_and_renaming(&storage).await;
    addresses(&storage).await;
}

async fn writing_and_reading(storage: &Storage) {
    storage.write("a/b/one.txt", Bytes::from_static(b"first")).await.unwrap();
    storage.write("a/b/one.txt", Bytes::from_static(b"second")).await.unwrap();
    assert_eq!(storage.read("a/b/one.txt").await.unwrap(), "second");
    assert_eq!(storage.read_range("a/b/one.txt", 1..4).await.unwrap(), "eco");
    let missing = storage.read("a/b/none.txt").await.unwrap_err();
    assert_eq!(missing.code(), Code::PathNotFound);
    assert!(missing.message().contains("a/b/none.txt"), "{missing}");
    assert!(storage.exists("a/b/one.txt").await.unwrap());
    assert!(!storage.exists("a/b/none.txt").await.unwrap());
    let stat = storage.stat("a/b/one.txt").await.unwrap().unwrap();
    assert_eq!((stat.path.as_str(), stat.size), ("a/b/one.txt", 6));
    storage.sync(&["a/b/one.txt".to_owned()]).await.unwrap();
}

async fn create_only_writes(storage: &Storage) {
    let writers = (0..8).map(|n| {
        let storage = storage.clone();
        tokio::spawn(async move { (n, storage.write_new("claims/one", format!("{n}")).await.unwrap()) })
    });
    let outcomes: Vec<(i32, bool)> = futures::future::join_all(writers).await.into_iter().map(Result::unwrap).collect();
    let winners: Vec<i32> = outcomes.iter().filter(|(_, won)| *won).map(|(n, _)| *n).collect();
    assert_eq!(winners.len(), 1, "{outcomes:?}");
    assert_eq!(storage.read("claims/one").await.unwrap(), winners[0].to_string());
}

async fn streaming(storage: &Storage) {
    // Small files go in one piece, large ones in parts that leave while more is written.
    for (path, pieces) in [("stream/small", 3), ("stream/large", 700)] {
        let piece = Bytes::from(vec![7u8; 32 * 1024]);
        let mut writer = storage.writer(path).unwrap();
        for _ in 0..pieces {
            writer.write(piece.clone()).await.unwrap();
        }
        assert!(!storage.exists(path).await.unwrap(), "`{path}` is seen before it is whole");
        assert_eq!(writer.close().await.unwrap(), pieces * 32 * 1024);
        assert_eq!(storage.stat(path).await.unwrap().unwrap().size, pieces * 32 * 1024);
    }
    let mut dropped = storage.writer("stream/dropped").unwrap();
    for _ in 0..400 {
        dropped.write(Bytes::from(vec![1u8; 32 * 1024])).await.unwrap();
    }
    drop(dropped);
    assert!(!storage.exists("stream/dropped").await.unwrap());
    let empty = storage.writer("stream/empty").unwrap();
    assert_eq!(empty.close().await.unwrap(), 0);
    assert!(storage.read("stream/empty").await.unwrap().is_empty());
}

async fn listing(storage: &Storage) {
    for path in ["list/b", "list/a/x", "list/a y/z", "listing/other"] {
        storage.write(path, path.as_bytes().to_vec()).await.unwrap();
    }
    let entries = storage.list("list").await.unwrap();
    let found: Vec<(&str, u64)> = entries.iter().map(|entry| (entry.path.as_str(), entry.size)).collect();
    assert_eq!(found, [("list/a y/z", 10), ("list/a/x", 8), ("list/b", 6)]);
    assert!(storage.list("nowhere").await.unwrap().is_empty());
    let before = storage.stat("list/b").await.unwrap().unwrap().etag;
    storage.write("list/b", Bytes::from_static(b"changed")).await.unwrap();
    assert_ne!(before, storage.stat("list/b").await.unwrap().unwrap().etag, "an etag changes with the content");
}

async fn deleting_and_renaming(storage: &Storage) {
    storage.write("old", Bytes::from_static(b"x")).await.unwrap();
    storage.rename("old", "deep/new").await.unwrap();
    assert!(!storage.exists("old").await.unwrap());
    assert_eq!(storage.read("deep/new").await.unwrap(), "x");
    storage.delete("deep/new").await.unwrap();
    assert!(!storage.exists("deep/new").await.unwrap());
    storage.delete("deep/new").await.unwrap();
    assert_eq!(storage.rename("deep/new", "other").await.unwrap_err().code(), Code::PathNotFound);
}

async fn addresses(storage: &Storage) {
    let absolute = storage.absolute("default/silver/orders/data/1.parquet");
    assert_eq!(absolute, format!("{}/default/silver/orders/data/1.parquet", storage.url()));
    assert_eq!(storage.absolute(&absolute), absolute);
    assert_eq!(storage.relative(&absolute).as_deref(), Some("default/silver/orders/data/1.parquet"));
    assert_eq!(storage.relative(&format!("{}x/y", storage.url())), None, "a longer name is another folder");
    storage.write(&absolute, Bytes::from_static(b"by url")).await.unwrap();
    assert_eq!(storage.read("default/silver/orders/data/1.parquet").await.unwrap(), "by url");
    assert_eq!(storage.read("gopher://host/x").await.unwrap_err().code(), Code::InvalidUrl);
    assert_eq!(storage.read("a/../b").await.unwrap_err().code(), Code::InvalidUrl);
}

#[tokio::test]
async fn memory() {
    storage_contract(Storage::open("memory://", &BTreeMap::new()).unwrap()).await;
}

#[tokio::test]
async fn folder() {
    let folder = tempfile::tempdir().unwrap();
    storage_contract(Storage::open(folder.path().to_str().unwrap(), &BTreeMap::new()).unwrap()).await;
}

#[tokio::test]
async fn folder_with_a_name_that_needs_care() {
    let folder = tempfile::tempdir().unwrap();
    let awkward = folder.path().join("my läke %20 & [1]");
    storage_contract(Storage::create(awkward.to_str().unwrap(), &BTreeMap::new()).unwrap()).await;
    assert!(awkward.join("claims/one").is_file(), "files are where the user's folder is");
}
