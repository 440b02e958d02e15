//! A store that fails, lies, tears, dawdles or repeats itself at every single operation of maintenance.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use object_store::memory::InMemory;
use rat_core::interop::storage::Storage;
use rat_core::interop::tables::{Change, Evolution, MemoryCatalog, write_position_deletes};

use super::{HOUR, Lake, NOTHING};
use crate::tables::faults::{Fault, FaultyStore};
use crate::tables::support::ids;

/// Five small files, and deletes in two of them.
async fn worn(lake: &Lake) {
    for id in 0..5 {
        lake.append([2 * id, 2 * id + 1]).await;
    }
    for (file, at) in [(0, 0), (3, 1)] {
        let table = lake.table().await;
        let target = lake.tables.evolve(&table, Evolution::default()).unwrap();
        let entry = &table.data_files().await.unwrap().into_iter().filter(|entry| entry.is_data()).collect::<Vec<_>>()[file];
        let mut delete = Change::new(target.clone());
        delete.add_deletes.push(write_position_deletes(&lake.tables, &target, entry, &[at].into_iter().collect()).await.unwrap());
        let staged = lake.tables.stage(delete).await.unwrap();
        lake.tables.publish(vec![staged]).await.unwrap();
        lake.clock.advance(HOUR);
    }
}

async fn stopped_at_every_operation(fault: Fault, lasting: bool) {
    let rows = {
        let lake = Lake::memory();
        worn(&lake).await;
        lake.maintain(&NOTHING, false).await;
        ids(&lake.table().await).await
    };
    assert_eq!(rows.len(), 8);
    let mut n = 0;
    loop {
        let store = FaultyStore::new(Arc::new(InMemory::new()));
        let storage = Storage::from_store("memory://", Arc::new(store.clone())).unwrap();
        let catalog = Arc::new(MemoryCatalog::default());
        let lake = Lake::on(storage.clone(), Arc::<MemoryCatalog>::clone(&catalog));
        worn(&lake).await;
        let before = store.operations();
        match lasting {
            true => store.arm_from(n, fault),
            false => store.arm(n, fault),
        }
        let report = lake.maintain(&NOTHING, false).await;
        store.disarm();
        let used = store.operations() - before;
        if fault == Fault::Slow {
            assert!(report.error.is_none(), "operation {n}: {report:?}");
        }
        // Whether it says so or not, the rows are there, and the next maintenance leaves nothing over.
        let anew = Lake::on(storage, catalog);
        anew.clock.advance(Duration::from_secs(1 << 22));
        assert_eq!(anew.table().await.row_count(), Some(8), "{fault:?} at operation {n}");
        let again = anew.maintain(&NOTHING, false).await;
        assert!(again.error.is_none(), "{fault:?} at operation {n}: {again:?}");
        assert_eq!(ids(&anew.table().await).await, rows, "{fault:?} at operation {n}");
        assert_eq!(anew.table().await.data_files().await.unwrap().len(), 1, "{fault:?} at operation {n}");
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
    stopped_at_every_operation(Fault::Io(ErrorKind::ConnectionReset), false).await;
}

#[tokio::test]
async fn a_disk_that_stays_full() {
    stopped_at_every_operation(Fault::Io(ErrorKind::StorageFull), true).await;
}

#[tokio::test]
async fn a_store_that_did_it_and_says_it_failed() {
    stopped_at_every_operation(Fault::Lie, false).await;
}

#[tokio::test]
async fn a_store_that_writes_half_a_file() {
    stopped_at_every_operation(Fault::Torn, false).await;
}

#[tokio::test]
async fn a_store_that_takes_its_time() {
    stopped_at_every_operation(Fault::Slow, false).await;
}

#[tokio::test]
async fn a_store_that_is_asked_twice() {
    stopped_at_every_operation(Fault::Twice, false).await;
}
