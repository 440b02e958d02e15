//! Whole runs over a store that fails, tears or lies at any one operation, and over a catalog that does not answer: the old table or the
//! new one, a record that says which, no litter, and a next run that is none the wiser.

use std::io::ErrorKind;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::DateTime;
use object_store::memory::InMemory;
use rat_core::clock::{Clock, ManualClock};
use rat_core::error::{Code, Error, Result};
use rat_core::ids::RandomIds;
use rat_core::interop::landing::Landing;
use rat_core::interop::ledger::Ledger;
use rat_core::interop::maintain::{MaintainContext, maintain};
use rat_core::interop::run::{RunContext, RunReport, RunStatus, run, settle};
use rat_core::interop::session::{Options, Session};
use rat_core::interop::storage::Storage;
use rat_core::interop::tables::{Capabilities, Catalog, CommitFailure, Entry, MemoryCatalog, Pointer, PointerChange, Tables};
use rat_core::name::Name;
use rat_core::settings::MaintenanceSettings;

use super::harness::{Zones, context, name, rows, with_rows};
use crate::tables::faults::{Fault, FaultyStore};
use crate::tables::support::{files, reachable};

/// What is said of a commit, once.
#[derive(Debug, Clone, Copy)]
enum Answer {
    /// It happened, and the answer is lost.
    DoneLost,
    /// It did not happen, and the answer is lost.
    UndoneLost,
    /// It happened, and the catalog never answers again.
    DoneSilent,
    /// It did not happen, and the catalog never answers again.
    UndoneSilent,
}

#[derive(Debug, Default)]
struct Unsure {
    inner: MemoryCatalog,
    answer: Mutex<Option<Answer>>,
    silent: Mutex<bool>,
}

impl Unsure {
    async fn copy(&self) -> Self {
        let copy = MemoryCatalog::default();
        for entry in self.inner.list().await.unwrap() {
            let to = self.inner.load(&entry.name).await.unwrap();
            copy.commit(&[PointerChange { name: entry.name, from: None, to }]).await.unwrap();
        }
        Self { inner: copy, ..Self::default() }
    }
}

#[async_trait]
impl Catalog for Unsure {
    async fn load(&self, name: &Name) -> Result<Option<Pointer>> {
        if *self.silent.lock().unwrap() {
            return Err(Error::new(Code::CatalogUnavailable, "no answer"));
        }
        self.inner.load(name).await
    }

    async fn list(&self) -> Result<Vec<Entry>> {
        self.inner.list().await
    }

    async fn commit(&self, changes: &[PointerChange]) -> Result<(), CommitFailure> {
        let Some(answer) = self.answer.lock().unwrap().take() else { return self.inner.commit(changes).await };
        if matches!(answer, Answer::DoneLost | Answer::DoneSilent) {
            self.inner.commit(changes).await?;
        }
        *self.silent.lock().unwrap() = matches!(answer, Answer::DoneSilent | Answer::UndoneSilent);
        Err(CommitFailure::Unknown(Error::new(Code::CatalogUnavailable, "the answer was lost")))
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }
}

/// A pipeline, and what its table holds after each of three runs.
struct Case {
    files: &'static [(&'static str, &'static str)],
    runs: [&'static str; 3],
    /// After the first run; after the second, or after the first and the third; after all three.
    first: &'static [&'static str],
    second: &'static [&'static str],
    without_second: &'static [&'static str],
    third: &'static [&'static str],
    /// Whether rows come from files that land, one before each run.
    lands: bool,
    /// Whether the second run's rows fail a quality test.
    refused: bool,
}

const NONE_NEGATIVE: (&str, &str) = ("silver/t/tests/quality/positive.sql", "SELECT * FROM {{ this }} WHERE id < 0");

const FULL_REFRESH: Case = Case {
    files: &[("silver/t/pipeline.sql", "SELECT * FROM (VALUES {{ var('rows') }}) AS t(id)"), NONE_NEGATIVE],
    runs: ["(1)", "(2), (3)", "(4)"],
    first: &["1"],
    second: &["2", "3"],
    without_second: &["4"],
    third: &["4"],
    lands: false,
    refused: false,
};

const APPEND_ONLY: Case = Case {
    files: &[
        ("silver/t/pipeline.sql", "-- @merge_strategy: append_only\nSELECT * FROM (VALUES {{ var('rows') }}) AS t(id)"),
        NONE_NEGATIVE,
    ],
    runs: ["(1)", "(2), (3)", "(4)"],
    first: &["1"],
    second: &["1", "2", "3"],
    without_second: &["1", "4"],
    third: &["1", "2", "3", "4"],
    lands: false,
    refused: false,
};

const INCREMENTAL: Case = Case {
    files: &[
        (
            "silver/t/pipeline.sql",
            "-- @merge_strategy: incremental\n-- @unique_key: id\nSELECT * FROM (VALUES {{ var('rows') }}) AS t(id, v)",
        ),
        NONE_NEGATIVE,
    ],
    runs: ["(1, 10), (2, 20), (3, 30)", "(2, 21), (4, 40)", "(3, 31), (5, 50)"],
    first: &["1|10", "2|20", "3|30"],
    second: &["1|10", "2|21", "3|30", "4|40"],
    without_second: &["1|10", "2|20", "3|31", "5|50"],
    third: &["1|10", "2|21", "3|31", "4|40", "5|50"],
    lands: false,
    refused: false,
};

const DELETE_INSERT: Case = Case {
    files: &[
        (
            "silver/t/pipeline.sql",
            "-- @merge_strategy: delete_insert\n-- @unique_key: id\nSELECT * FROM (VALUES {{ var('rows') }}) AS t(id, v)",
        ),
        NONE_NEGATIVE,
    ],
    runs: ["(1, 10), (1, 11), (2, 20)", "(2, 21), (2, 22)", "(1, 12)"],
    first: &["1|10", "1|11", "2|20"],
    second: &["1|10", "1|11", "2|21", "2|22"],
    without_second: &["1|12", "2|20"],
    third: &["1|12", "2|21", "2|22"],
    lands: false,
    refused: false,
};

const SNAPSHOT: Case = Case {
    files: &[
        (
            "silver/t/pipeline.sql",
            "-- @merge_strategy: snapshot\n-- @partition_column: id\n-- @partition_by: truncate(10, id)\n\
             SELECT * FROM (VALUES {{ var('rows') }}) AS t(id, v)",
        ),
        NONE_NEGATIVE,
    ],
    ..DELETE_INSERT
};

const HISTORY: Case = Case {
    files: &[
        (
            "silver/t/pipeline.sql",
            "-- @merge_strategy: scd2\n-- @unique_key: id\nSELECT id, v, TIMESTAMP '2024-01-01' + v * INTERVAL '1 day' AS valid_from \
             FROM (VALUES {{ var('rows') }}) AS t(id, v)",
        ),
        NONE_NEGATIVE,
    ],
    runs: ["(1, 0), (2, 0)", "(2, 1), (3, 1)", "(1, 2), (2, 1)"],
    first: &["1|0|2024-01-01T00:00:00Z|NULL", "2|0|2024-01-01T00:00:00Z|NULL"],
    second: &[
        "1|0|2024-01-01T00:00:00Z|NULL",
        "2|0|2024-01-01T00:00:00Z|2024-01-02T00:00:00Z",
        "2|1|2024-01-02T00:00:00Z|NULL",
        "3|1|2024-01-02T00:00:00Z|NULL",
    ],
    without_second: &[
        "1|0|2024-01-01T00:00:00Z|2024-01-03T00:00:00Z",
        "1|2|2024-01-03T00:00:00Z|NULL",
        "2|0|2024-01-01T00:00:00Z|2024-01-02T00:00:00Z",
        "2|1|2024-01-02T00:00:00Z|NULL",
    ],
    third: &[
        "1|0|2024-01-01T00:00:00Z|2024-01-03T00:00:00Z",
        "1|2|2024-01-03T00:00:00Z|NULL",
        "2|0|2024-01-01T00:00:00Z|2024-01-02T00:00:00Z",
        "2|1|2024-01-02T00:00:00Z|NULL",
        "3|1|2024-01-02T00:00:00Z|NULL",
    ],
    lands: false,
    refused: false,
};

const LANDING: Case = Case {
    files: &[
        (
            "silver/t/pipeline.sql",
            "-- @merge_strategy: append_only\n-- @archive_landing_zones: true\nSELECT id FROM read_csv('{{ landing_zone(\"in\") }}')",
        ),
        NONE_NEGATIVE,
    ],
    runs: ["1", "2", "3"],
    first: &["1"],
    second: &["1", "2"],
    // A landed file waits for the run that takes it.
    without_second: &["1", "2", "3"],
    third: &["1", "2", "3"],
    lands: true,
    refused: false,
};

/// What is staged is taken back.
const DISCARDED: Case = Case {
    runs: ["(1, 10), (2, 20)", "(-1, 11), (2, 21)", "(2, 22)"],
    first: &["1|10", "2|20"],
    second: &["1|10", "2|20"],
    without_second: &["1|10", "2|22"],
    third: &["1|10", "2|22"],
    refused: true,
    ..INCREMENTAL
};

/// Those whose second run is published.
const CASES: [&Case; 7] = [&FULL_REFRESH, &APPEND_ONLY, &INCREMENTAL, &DELETE_INSERT, &SNAPSHOT, &HISTORY, &LANDING];

struct Lake {
    store: FaultyStore,
    memory: InMemory,
    catalog: Arc<Unsure>,
    session: Session,
    ledger: Ledger,
    clock: Arc<ManualClock>,
    case: &'static Case,
}

impl Lake {
    async fn new(case: &'static Case) -> Self {
        let clock = Arc::new(ManualClock::default());
        let options = Options { partitions: Some(1), ..Options::default() };
        let session = Session::open(Arc::clone(&clock) as Arc<dyn Clock>, &options).unwrap();
        Self::of(case, InMemory::new(), Unsure::default(), session, clock)
    }

    fn of(case: &'static Case, memory: InMemory, catalog: Unsure, session: Session, clock: Arc<ManualClock>) -> Self {
        let store = FaultyStore::new(Arc::new(memory.clone()));
        let ledger = Ledger::in_memory(Arc::clone(&clock) as Arc<dyn Clock>).unwrap();
        Self { store, memory, catalog: Arc::new(catalog), session, ledger, clock, case }
    }

    /// The same lake, which goes its own way from here on.
    async fn copy(&self) -> Self {
        Self::of(self.case, self.memory.fork(), self.catalog.copy().await, self.session.clone(), Arc::clone(&self.clock))
    }

    /// The lake as another process sees it: nothing remembered.
    fn seen_anew(&self) -> RunContext {
        let storage = Storage::from_store("memory://", Arc::new(self.store.clone())).unwrap();
        let catalog = Arc::clone(&self.catalog) as Arc<dyn Catalog>;
        let tables = Tables::open(storage.clone(), catalog, Arc::clone(&self.clock) as Arc<dyn Clock>, Arc::new(RandomIds));
        let context = context(tables, self.session.clone(), self.ledger.clone(), &self.clock, self.case.files);
        RunContext { landing: Arc::new(Zones(Landing::new(&storage))), ..context }
    }

    /// What the n-th run finds in its zone.
    async fn land(&self, n: usize) {
        if self.case.lands {
            let storage = Storage::from_store("memory://", Arc::new(self.memory.clone())).unwrap();
            let rows = Bytes::from(format!("id\n{}\n", self.case.runs[n]));
            storage.write(&format!("default/landing/in/{n}.csv"), rows).await.unwrap();
        }
    }

    /// The n-th run, on a lake that was opened for it.
    async fn run(&self, n: usize) -> RunReport {
        run(&self.seen_anew(), &name("silver.t"), &with_rows(self.case.runs[n])).await.unwrap()
    }

    async fn rows(&self) -> Vec<String> {
        rows(&self.seen_anew(), "silver.t").await.unwrap()
    }

    /// Files of the table that its metadata does not lead to.
    async fn litter(&self) -> Vec<String> {
        let tables = self.seen_anew().tables;
        let table = tables.get(&name("silver.t")).await.unwrap();
        let needed = reachable(&tables, &table).await;
        let mut litter = files(&tables, &name("silver.t")).await;
        litter.retain(|file| !needed.contains(file));
        // What the landed files of earlier runs are written down in is led to from the table's facts.
        if let Some(head) = table.fact("rat.landing") {
            let consumed = rat_core::interop::landing::Consumed::load(tables.storage(), Some(head)).await.unwrap();
            let kept: Vec<&str> = consumed.paths().collect();
            litter.retain(|file| !kept.contains(&file.as_str()));
            let every_snapshot = table.metadata().snapshots().filter_map(|s| s.summary().additional_properties.get("rat.landing"));
            let earlier: Vec<&String> = every_snapshot.collect();
            litter.retain(|file| !earlier.contains(&file));
        }
        litter
    }

    /// Files that still lie in the zone.
    async fn waiting(&self) -> Vec<String> {
        let storage = Storage::from_store("memory://", Arc::new(self.memory.clone())).unwrap();
        let landed = storage.list("default/landing").await.unwrap().into_iter().map(|entry| entry.path);
        landed.filter(|path| !path.contains("/_processed/")).collect()
    }

    /// Maintenance that keeps nothing it need not, by a clock that is far ahead.
    async fn maintain(&self) {
        let context = self.seen_anew();
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(DateTime::from_timestamp(LATER, 0).unwrap()));
        let context = MaintainContext {
            tables: context.tables,
            session: context.session,
            ledger: context.ledger,
            clock,
            target_file_bytes: context.target_file_bytes,
        };
        let settings = MaintenanceSettings { keep_snapshots: 1, keep_for: Duration::ZERO, orphan_grace: Duration::ZERO };
        let report = maintain(&context, &[name("silver.t")], &settings, false).await.unwrap();
        assert!(report.tables.iter().all(|table| table.error.is_none()), "{report:?}");
    }

    fn recorded(&self, report: &RunReport) -> (RunStatus, Option<String>) {
        let record = self.ledger.run(&report.id).unwrap();
        (record.status, record.error_code)
    }
}

/// Long after any file of a test is written.
const LATER: i64 = 4_102_444_800;

/// What happens at an operation, and whether it does from then on.
const FAULTS: [(Fault, bool); 6] = [
    (Fault::Io(ErrorKind::TimedOut), false),
    (Fault::Torn, false),
    (Fault::Lie, false),
    (Fault::Slow, false),
    (Fault::Twice, false),
    (Fault::Io(ErrorKind::StorageFull), true),
];

/// After the first run: the second with a fault in it, then the third without.
async fn survives(case: &'static Case) {
    let base = Lake::new(case).await;
    base.land(0).await;
    assert!(base.run(0).await.is_ok());
    assert_eq!(base.rows().await, case.first);
    base.land(1).await;
    let reads: Vec<bool> = {
        let lake = base.copy().await;
        let before = lake.store.operations();
        let report = lake.run(1).await;
        assert_eq!(report.error.as_ref().map(Error::code), case.refused.then_some(Code::QualityFailed), "{:?}", report.error);
        assert_eq!(lake.rows().await, case.second);
        assert_eq!(lake.litter().await, Vec::<String>::new());
        (before..lake.store.operations()).map(|n| lake.store.only_read(n)).collect()
    };
    assert!(reads.len() >= 6, "reads, data, manifests, list and metadata: {reads:?}");
    for (n, only_reads) in (0..).zip(reads) {
        for (fault, lasting) in FAULTS {
            if only_reads && matches!(fault, Fault::Torn | Fault::Lie | Fault::Twice) {
                // Nothing of it is left behind: as one that times out, or one that is done.
                continue;
            }
            let what = format!("operation {n}, {fault:?}, lasting: {lasting}");
            let lake = base.copy().await;
            if lasting {
                lake.store.arm_from(n, fault)
            } else {
                lake.store.arm(n, fault)
            }
            let report = lake.run(1).await;
            lake.store.disarm();
            let expected = if report.is_ok() { case.second } else { case.first };
            assert_eq!(lake.rows().await, expected, "{what}: {:?}", report.error);
            let code = report.error.as_ref().map(Error::code);
            assert_eq!(lake.recorded(&report), (report.status, code.map(|code| code.as_str().to_owned())), "{what}");
            let expected = match code {
                None => !case.refused,
                Some(Code::QualityFailed) => case.refused,
                Some(Code::StorageUnavailable | Code::StorageFull) => fault != Fault::Slow,
                Some(_) => false,
            };
            assert!(expected, "{what}: {:?}", report.error);
            if !lasting {
                assert_eq!(lake.litter().await, Vec::<String>::new(), "{what}: {:?}", report.error);
            }
            lake.land(2).await;
            let next = lake.run(2).await;
            assert!(next.is_ok(), "{what}: {:?}", next.error);
            let expected = if report.is_ok() { case.third } else { case.without_second };
            assert_eq!(lake.rows().await, expected, "{what}");
            assert_eq!(lake.waiting().await, Vec::<String>::new(), "{what}: the next run moves what this one did not");
            if lasting {
                lake.maintain().await;
                assert_eq!(lake.rows().await, expected, "{what}: after maintenance");
                let mut litter = lake.litter().await;
                // The lists of what landed stay: a snapshot of a tag or another engine's reader may need them.
                litter.retain(|file| !file.contains("/landing-"));
                assert_eq!(litter, Vec::<String>::new(), "{what}: maintenance removes what a full disk kept");
            }
        }
    }
}

#[tokio::test]
async fn full_refresh_survives_a_fault_at_any_operation() {
    survives(&FULL_REFRESH).await;
}

#[tokio::test]
async fn append_only_survives_a_fault_at_any_operation() {
    survives(&APPEND_ONLY).await;
}

#[tokio::test]
async fn incremental_survives_a_fault_at_any_operation() {
    survives(&INCREMENTAL).await;
}

#[tokio::test]
async fn delete_insert_survives_a_fault_at_any_operation() {
    survives(&DELETE_INSERT).await;
}

#[tokio::test]
async fn snapshot_survives_a_fault_at_any_operation() {
    survives(&SNAPSHOT).await;
}

#[tokio::test]
async fn history_survives_a_fault_at_any_operation() {
    survives(&HISTORY).await;
}

#[tokio::test]
async fn landed_files_survive_a_fault_at_any_operation() {
    survives(&LANDING).await;
}

#[tokio::test]
async fn taking_back_what_is_refused_survives_a_fault_at_any_operation() {
    survives(&DISCARDED).await;
}

#[tokio::test]
async fn a_lost_answer_of_the_catalog_is_found_out_by_the_run() {
    for case in CASES {
        for answer in [Answer::DoneLost, Answer::UndoneLost] {
            let lake = Lake::new(case).await;
            lake.land(0).await;
            assert!(lake.run(0).await.is_ok());
            lake.land(1).await;
            *lake.catalog.answer.lock().unwrap() = Some(answer);
            let report = lake.run(1).await;
            assert!(report.is_ok(), "{answer:?}: {:?}", report.error);
            assert_eq!(lake.recorded(&report), (RunStatus::Success, None));
            assert_eq!(lake.rows().await, case.second, "{answer:?}: published once");
            assert_eq!(lake.litter().await, Vec::<String>::new(), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn what_a_silent_catalog_did_is_unknown_until_the_lake_is_opened_again() {
    for case in CASES {
        for (answer, done) in [(Answer::DoneSilent, true), (Answer::UndoneSilent, false)] {
            let lake = Lake::new(case).await;
            lake.land(0).await;
            assert!(lake.run(0).await.is_ok());
            lake.land(1).await;
            *lake.catalog.answer.lock().unwrap() = Some(answer);
            let report = lake.run(1).await;
            assert_eq!(report.error.as_ref().map(Error::code), Some(Code::CommitUnknown), "{answer:?}");
            assert_eq!(lake.recorded(&report), (RunStatus::Failed, Some("COMMIT_UNKNOWN".to_owned())));
            // Whoever opens the lake while the catalog is silent finds nothing out.
            let context = lake.seen_anew();
            assert_eq!(settle(&context.tables, &context.ledger).await.unwrap(), 0);

            *lake.catalog.silent.lock().unwrap() = false;
            assert_eq!(lake.rows().await, if done { case.second } else { case.first }, "{answer:?}");
            assert_eq!(settle(&context.tables, &context.ledger).await.unwrap(), 1);
            let told = if done { (RunStatus::Success, None) } else { (RunStatus::Failed, Some("RUN_LOST".to_owned())) };
            assert_eq!(lake.recorded(&report), told, "{answer:?}");
            assert_eq!(settle(&context.tables, &context.ledger).await.unwrap(), 0, "it is known now");

            lake.land(2).await;
            assert!(lake.run(2).await.is_ok());
            assert_eq!(lake.rows().await, if done { case.third } else { case.without_second }, "{answer:?}");
        }
    }
}
