//! Storage that fails or lies at any one operation: the old table or the new one, never between, and no litter.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use object_store::memory::InMemory;
use rat_core::clock::ManualClock;
use rat_core::error::{Code, Result};
use rat_core::ids::RandomIds;
use rat_core::interop::storage::Storage;
use rat_core::interop::tables::{
    Capabilities, Catalog, CommitFailure, Entry, MemoryCatalog, Pointer, PointerChange, PublishError, Remove, Table, Tables, Writer,
    WriterOptions,
};
use rat_core::name::Name;

use super::faults::{Fault, FaultyStore};
use super::support::{append, batch, change, files, ids, orders, reachable, stage_append, target};
use crate::eventually::eventually;

struct Lake {
    store: FaultyStore,
    tables: Tables,
    catalog: Arc<MemoryCatalog>,
}

fn lake() -> Lake {
    let store = FaultyStore::new(Arc::new(InMemory::new()));
    let storage = Storage::from_store("memory://", Arc::new(store.clone())).unwrap();
    let catalog = Arc::new(MemoryCatalog::default());
    let tables = Tables::open(storage, catalog.clone(), Arc::new(ManualClock::default()), Arc::new(RandomIds));
    Lake { store, tables, catalog }
}

impl Lake {
    /// The lake as another process sees it: nothing remembered.
    fn seen_anew(&self) -> Tables {
        let storage = Storage::from_store("memory://", Arc::new(self.store.clone())).unwrap();
        Tables::open(storage, self.catalog.clone(), Arc::new(ManualClock::default()), Arc::new(RandomIds))
    }
}

/// A run: rewrite everything, on a table that has rows. Returns what the caller was told.
async fn run(tables: &Tables) -> Result<Table> {
    let Some(base) = tables.load(&orders()).await? else { panic!("it was made") };
    let target = tables.evolve(&base, Default::default())?;
    let mut writer = Writer::open(tables, &target, &WriterOptions::default())?;
    for n in 0..3 {
        if let Err(error) = writer.write(&batch(10 + n * 10..15 + n * 10)).await {
            writer.abort().await;
            return Err(error);
        }
    }
    let add = writer.close().await?;
    let staged = tables
        .stage(rat_core::interop::tables::Change { add, remove: Remove::All, ..rat_core::interop::tables::Change::new(target) })
        .await?;
    match tables.publish(vec![staged]).await {
        Ok(mut tables) => Ok(tables.remove(0)),
        Err(PublishError::Conflict { error, staged }) => {
            for staged in staged {
                staged.discard().await;
            }
            Err(error)
        }
        Err(other) => Err(other.into_error()),
    }
}

const OLD: [i64; 3] = [0, 1, 2];
const NEW: [i64; 15] = [10, 11, 12, 13, 14, 20, 21, 22, 23, 24, 30, 31, 32, 33, 34];

#[tokio::test]
async fn a_fault_at_any_operation_leaves_the_old_table_or_the_new_one() {
    let operations = {
        let lake = lake();
        append(&lake.tables, &orders(), batch(0..3)).await;
        let before = lake.store.operations();
        run(&lake.seen_anew()).await.unwrap();
        lake.store.operations() - before
    };
    assert!(operations >= 6, "reads, data, manifests, list and metadata: {operations}");
    for n in 0..operations {
        for fault in [Fault::Io(ErrorKind::TimedOut), Fault::Io(ErrorKind::StorageFull), Fault::Lie] {
            let lake = lake();
            append(&lake.tables, &orders(), batch(0..3)).await;
            let tables = lake.seen_anew();
            lake.store.arm(n, fault);
            let told = run(&tables).await;
            lake.store.disarm();
            let table = lake.seen_anew().get(&orders()).await.unwrap();
            let expected: &[i64] = if told.is_ok() { &NEW } else { &OLD };
            assert_eq!(ids(&table).await, expected, "operation {n}, {fault:?}: {told:?}");
            if let Err(error) = &told {
                let code = if fault == Fault::Io(ErrorKind::StorageFull) { Code::StorageFull } else { Code::StorageUnavailable };
                assert_eq!(error.code(), code, "operation {n}, {fault:?}");
            }
            assert_eq!(files(&tables, &orders()).await, reachable(&tables, &table).await, "operation {n}, {fault:?}: litter");
            // And the next run is none the wiser.
            assert_eq!(ids(&run(&tables).await.unwrap()).await, NEW, "operation {n}, {fault:?}");
        }
    }
}

#[tokio::test]
async fn a_disk_that_stays_full_keeps_the_old_table() {
    let lake = lake();
    append(&lake.tables, &orders(), batch(0..3)).await;
    let staged = stage_append(&lake.tables, &orders(), batch(3..6)).await;
    lake.store.arm_from(0, Fault::Io(ErrorKind::StorageFull));
    let Err(PublishError::Failed(error)) = lake.tables.publish(vec![staged]).await else { panic!("the disk is full") };
    assert_eq!(error.code(), Code::StorageFull);
    lake.store.disarm();
    assert_eq!(ids(&lake.seen_anew().get(&orders()).await.unwrap()).await, OLD);
}

#[tokio::test]
async fn a_staged_change_that_is_dropped_deletes_its_files() {
    let lake = lake();
    let table = append(&lake.tables, &orders(), batch(0..3)).await;
    drop(stage_append(&lake.tables, &orders(), batch(3..6)).await);
    let target = target(&lake.tables, &orders()).await;
    let mut writer =
        Writer::open(&lake.tables, &target, &WriterOptions { target_file_bytes: Some(1), ..WriterOptions::default() }).unwrap();
    writer.write(&batch(0..10)).await.unwrap();
    drop(writer);
    eventually("no file is left", async || files(&lake.tables, &orders()).await == reachable(&lake.tables, &table).await).await;
}

/// What a catalog does at one commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    LostAndDone,
    LostAndNotDone,
    /// Done, the answer is lost, and somebody else commits on top of it before we look.
    LostAndOvertaken,
    /// It never answers again.
    Silent,
}

#[derive(Debug)]
struct Unsure {
    inner: Arc<MemoryCatalog>,
    answer: Mutex<Option<Answer>>,
    silent: Mutex<bool>,
    overtaking: Mutex<Option<Tables>>,
}

#[async_trait]
impl Catalog for Unsure {
    async fn load(&self, name: &Name) -> Result<Option<Pointer>> {
        if *self.silent.lock().unwrap() {
            return Err(rat_core::error::Error::new(Code::CatalogUnavailable, "no answer"));
        }
        self.inner.load(name).await
    }

    async fn list(&self) -> Result<Vec<Entry>> {
        self.inner.list().await
    }

    async fn commit(&self, changes: &[PointerChange]) -> Result<(), CommitFailure> {
        let answer = self.answer.lock().unwrap().take();
        let lost = || CommitFailure::Unknown(rat_core::error::Error::new(Code::CatalogUnavailable, "the answer was lost"));
        match answer {
            None => self.inner.commit(changes).await,
            Some(Answer::LostAndNotDone) => Err(lost()),
            Some(Answer::LostAndDone) => {
                self.inner.commit(changes).await?;
                Err(lost())
            }
            Some(Answer::LostAndOvertaken) => {
                self.inner.commit(changes).await?;
                let other = self.overtaking.lock().unwrap().take().unwrap();
                append(&other, &orders(), batch([99])).await;
                Err(lost())
            }
            Some(Answer::Silent) => {
                self.inner.commit(changes).await?;
                *self.silent.lock().unwrap() = true;
                Err(lost())
            }
        }
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }
}

async fn with_answer(answer: Answer) -> (Lake, Result<Vec<Table>, PublishError>) {
    let lake = lake();
    append(&lake.tables, &orders(), batch(0..3)).await;
    let unsure = Arc::new(Unsure {
        inner: lake.catalog.clone(),
        answer: Mutex::new(Some(answer)),
        silent: Mutex::new(false),
        overtaking: Mutex::new(Some(lake.seen_anew())),
    });
    let storage = Storage::open("memory://", &BTreeMap::new()).unwrap().wrap(|_| Arc::new(lake.store.clone()));
    let tables = Tables::open(storage, unsure, Arc::new(ManualClock::default()), Arc::new(RandomIds));
    let staged = stage_append(&tables, &orders(), batch(3..6)).await;
    let told = tables.publish(vec![staged]).await;
    (lake, told)
}

#[tokio::test]
async fn a_lost_answer_is_found_out() {
    for (answer, expected) in [
        (Answer::LostAndDone, vec![0, 1, 2, 3, 4, 5]),
        (Answer::LostAndNotDone, vec![0, 1, 2, 3, 4, 5]),
        (Answer::LostAndOvertaken, vec![0, 1, 2, 3, 4, 5, 99]),
    ] {
        let (lake, told) = with_answer(answer).await;
        assert!(told.is_ok(), "{answer:?}: {told:?}");
        let table = lake.seen_anew().get(&orders()).await.unwrap();
        assert_eq!(ids(&table).await, expected, "{answer:?}: published once");
        assert_eq!(files(&lake.tables, &orders()).await, reachable(&lake.tables, &table).await, "{answer:?}");
    }
}

#[tokio::test]
async fn an_outcome_that_cannot_be_known_is_said_to_be_unknown_and_nothing_is_deleted() {
    let (lake, told) = with_answer(Answer::Silent).await;
    let Err(PublishError::Unknown(error)) = told else { panic!("{told:?}") };
    assert_eq!(error.code(), Code::CommitUnknown);
    assert_eq!(ids(&lake.seen_anew().get(&orders()).await.unwrap()).await, [0, 1, 2, 3, 4, 5], "it had happened, and all files are there");
}

#[tokio::test]
async fn a_change_that_removes_a_file_is_not_staged_half() {
    let lake = lake();
    let table = append(&lake.tables, &orders(), batch(0..3)).await;
    let gone = std::collections::BTreeSet::from(["memory:///lake/default/silver/orders/data/none.parquet".to_owned()]);
    let wrong = change(&lake.tables, target(&lake.tables, &orders()).await, batch([5]), Remove::Paths(gone)).await;
    let error = lake.tables.stage(wrong).await.unwrap_err();
    assert_eq!(error.code(), Code::CommitConflict);
    assert!(error.message().contains("none.parquet"), "{error}");
    assert_eq!(files(&lake.tables, &orders()).await, reachable(&lake.tables, &table).await);
}
