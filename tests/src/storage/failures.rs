//! What a store's failures are called.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use object_store::memory::InMemory;
use rat_core::error::{Code, Kind};
use rat_core::interop::storage::Storage;

use crate::tables::faults::{Fault, FaultyStore};

fn failing(kind: io::ErrorKind) -> Storage {
    let store = FaultyStore::new(Arc::new(InMemory::new()));
    store.arm(0, Fault::Io(kind));
    Storage::from_store("memory://", Arc::new(store)).unwrap()
}

#[tokio::test]
async fn io_errors_become_codes() {
    let cases = [
        (io::ErrorKind::StorageFull, Code::StorageFull, Kind::Unavailable),
        (io::ErrorKind::QuotaExceeded, Code::StorageFull, Kind::Unavailable),
        (io::ErrorKind::ReadOnlyFilesystem, Code::ReadOnlyStorage, Kind::Denied),
        (io::ErrorKind::PermissionDenied, Code::ReadOnlyStorage, Kind::Denied),
        (io::ErrorKind::TimedOut, Code::StorageUnavailable, Kind::Unavailable),
    ];
    for (io, code, kind) in cases {
        let error = failing(io).write("x", Bytes::from_static(b"x")).await.unwrap_err();
        assert_eq!((error.code(), error.kind()), (code, kind), "{io:?}");
        assert!(error.message().contains("`x`"), "{error}");
    }
}

#[tokio::test]
async fn a_file_that_may_not_be_read_is_not_called_read_only() {
    let error = failing(io::ErrorKind::PermissionDenied).read("x").await.unwrap_err();
    assert_eq!(error.code(), Code::StorageUnavailable);
}

#[tokio::test]
async fn a_full_disk_in_the_middle_of_a_stream_is_told_when_it_is_known() {
    let store = FaultyStore::new(Arc::new(InMemory::new()));
    store.arm(1, Fault::Io(io::ErrorKind::StorageFull));
    let storage = Storage::from_store("memory://", Arc::new(store)).unwrap();
    let mut writer = storage.writer("large").unwrap();
    let mut failed = None;
    for _ in 0..8 {
        if let Err(error) = writer.write(Bytes::from(vec![0u8; 3 * 1024 * 1024])).await {
            failed = Some(error);
            break;
        }
    }
    assert_eq!(failed.expect("the second part fails").code(), Code::StorageFull);
    drop(writer);
    assert!(!storage.exists("large").await.unwrap());
}

#[tokio::test]
async fn a_deletion_comes_after_a_write_whose_caller_is_gone() {
    let store = FaultyStore::new(Arc::new(InMemory::new()));
    let storage = Storage::from_store("memory://", Arc::new(store.clone())).unwrap();
    for streamed in [false, true] {
        store.arm(0, Fault::Late);
        let write = async {
            if streamed {
                let mut writer = storage.writer("late").unwrap();
                writer.write(Bytes::from_static(b"rows")).await.unwrap();
                writer.close().await.map(drop)
            } else {
                storage.write("late", Bytes::from_static(b"rows")).await
            }
        };
        let mut write = Box::pin(write);
        assert!(futures::poll!(&mut write).is_pending());
        // The task that the write goes on in begins.
        tokio::task::yield_now().await;
        drop(write);
        let mut delete = Box::pin(storage.delete("late"));
        assert!(futures::poll!(&mut delete).is_pending(), "it waits for the write");
        store.let_through();
        delete.await.unwrap();
        assert!(!storage.exists("late").await.unwrap(), "streamed: {streamed}");
    }
}
