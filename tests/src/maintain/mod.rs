//! Maintenance: what it rewrites, lets go and deletes, what it must not touch, and what is true after it was stopped anywhere.

mod concurrency;
mod door;
mod faults;
mod files;
pub mod leftovers;

use std::sync::Arc;
use std::time::Duration;

use rat_core::clock::{Clock, ManualClock};
use rat_core::ids::RandomIds;
use rat_core::interop::ledger::Ledger;
use rat_core::interop::maintain::{MaintainContext, MaintainedTable, maintain};
use rat_core::interop::session::{Options, Session};
use rat_core::interop::storage::Storage;
use rat_core::interop::tables::{Catalog, MemoryCatalog, Table, Tables};
use rat_core::name::Name;
use rat_core::settings::MaintenanceSettings;

use crate::tables::support::{append, batch, files, orders, reachable};

const HOUR: Duration = Duration::from_secs(3600);
/// Long after any file of a test is written.
const LATER: i64 = 4_102_444_800;

/// Keeps nothing that it need not.
const NOTHING: MaintenanceSettings = MaintenanceSettings { keep_snapshots: 1, keep_for: Duration::ZERO, orphan_grace: Duration::ZERO };

struct Lake {
    tables: Tables,
    clock: Arc<ManualClock>,
    ledger: Ledger,
    session: Session,
}

impl Lake {
    fn on(storage: Storage, catalog: Arc<dyn Catalog>) -> Self {
        let clock = Arc::new(ManualClock::at(chrono::DateTime::from_timestamp(LATER, 0).unwrap()));
        let session = Session::open(Arc::<ManualClock>::clone(&clock), &Options::default()).unwrap();
        session.register_storage(&storage);
        let tables = Tables::open(storage, catalog, Arc::<ManualClock>::clone(&clock), Arc::new(RandomIds));
        let ledger = Ledger::in_memory(Arc::<ManualClock>::clone(&clock)).unwrap();
        Self { tables, clock, ledger, session }
    }

    fn memory() -> Self {
        Self::on(Storage::open("memory://", &Default::default()).unwrap(), Arc::new(MemoryCatalog::default()))
    }

    async fn append(&self, ids: impl IntoIterator<Item = i64>) -> Table {
        let table = append(&self.tables, &orders(), batch(ids)).await;
        self.clock.advance(HOUR);
        table
    }

    async fn table(&self) -> Table {
        self.tables.get(&orders()).await.unwrap()
    }

    fn context(&self) -> MaintainContext {
        MaintainContext {
            tables: self.tables.clone(),
            session: self.session.clone(),
            ledger: self.ledger.clone(),
            clock: Arc::<ManualClock>::clone(&self.clock) as Arc<dyn Clock>,
            target_file_bytes: 128 << 20,
        }
    }

    async fn maintain(&self, settings: &MaintenanceSettings, dry_run: bool) -> MaintainedTable {
        let names: [Name; 1] = [orders()];
        maintain(&self.context(), &names, settings, dry_run).await.unwrap().tables.remove(0)
    }

    /// Every file of the table's folder is one that the table reaches.
    async fn assert_no_leftovers(&self) {
        let table = self.table().await;
        assert_eq!(files(&self.tables, &orders()).await, reachable(&self.tables, &table).await);
    }
}
