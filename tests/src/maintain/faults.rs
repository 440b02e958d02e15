//! A store that fails or lies at every single operation of maintenance.

use std::io::ErrorKind;
use std::sync::Arc;

use object_store::memory::InMemory;
use rat_core::interop::storage::Storage;
use rat_core::interop::tables::MemoryCatalog;

use super::{Lake, NOTHING};
use crate::tables::faults::{Fault, FaultyStore};
use crate::tables::support::ids;

async fn stopped_at_every_operation(fault: Fault) {
    let mut n = 0;
    loop {
        let store = FaultyStore::new(Arc::new(InMemory::new()));
        let storage = Storage::from_store("memory://", Arc::new(store.clone())).unwrap();
        let catalog = Arc::new(MemoryCatalog::default());
        let lake = Lake::on(storage.clone(), Arc::<MemoryCatalog>::clone(&catalog));
        for id in 0..5 {
            lake.append([id]).await;
        }
        let before = store.operations();
        store.arm(n, fault);
        // Whether it says so or not, the rows are there, and the next maintenance leaves nothing over.
        let _ = lake.maintain(&NOTHING, false).await;
        store.disarm();
        let used = store.operations() - before;
        let anew = Lake::on(storage, catalog);
        anew.clock.advance(super::HOUR * 1000);
        assert_eq!(ids(&anew.table().await).await, [0, 1, 2, 3, 4], "{fault:?} at operation {n}");
        let again = anew.maintain(&NOTHING, false).await;
        assert!(again.error.is_none(), "{fault:?} at operation {n}: {again:?}");
        assert_eq!(ids(&anew.table().await).await, [0, 1, 2, 3, 4]);
        assert_eq!(anew.table().await.data_files().await.unwrap().len(), 1);
        anew.assert_no_leftovers().await;
        if n >= used {
            break;
        }
        n += 1;
    }
    assert!(n > 20, "maintenance asked the store {n} times only");
}

#[tokio::test]
async fn a_store_that_fails() {
    stopped_at_every_operation(Fault::Io(ErrorKind::ConnectionReset)).await;
}

#[tokio::test]
async fn a_store_that_did_it_and_says_it_failed() {
    stopped_at_every_operation(Fault::Lie).await;
}
