//! One thing at a time, on tables in memory.

use std::time::Duration;

use rat_core::interop::ledger::RunStart;
use rat_core::interop::tables::{Change, EntryKind, Evolution, Pointer, PointerChange, Remove, Table, write_position_deletes};
use rat_core::settings::MaintenanceSettings;

use super::{HOUR, Lake, NOTHING};
use crate::tables::support::{batch, change, files, ids, orders};

#[tokio::test]
async fn small_files_become_one_as_a_replace_of_the_same_rows() {
    let lake = Lake::memory();
    let target = lake.tables.create(&orders(), &rat_core::interop::tables::NewTable::new(crate::tables::support::schema())).unwrap();
    let mut first = change(&lake.tables, target, batch([0]), Remove::None).await;
    first.summary = [("rat.watermark".to_owned(), "0".to_owned()), ("rat.run-id".to_owned(), "r1".to_owned())].into();
    let staged = lake.tables.stage(first).await.unwrap();
    lake.tables.publish(vec![staged]).await.unwrap();
    for id in 1..6 {
        lake.append([id]).await;
    }
    let before = lake.table().await;
    let settings = MaintenanceSettings::default();
    let dry = lake.maintain(&settings, true).await;
    assert_eq!((dry.files_rewritten, dry.files_written, dry.error.is_none()), (6, 0, true));
    assert_eq!(lake.table().await.snapshot_id(), before.snapshot_id(), "a dry run changes nothing");

    let done = lake.maintain(&settings, false).await;
    assert_eq!((done.files_rewritten, done.files_written), (6, 1), "{done:?}");
    let after = lake.table().await;
    assert_eq!(after.data_files().await.unwrap().len(), 1);
    assert_eq!(ids(&after).await, [0, 1, 2, 3, 4, 5]);
    assert_eq!(after.row_count(), Some(6));
    let snapshot = after.snapshot().unwrap();
    assert_eq!(format!("{:?}", snapshot.summary().operation), "Replace");
    let fact = |key: &str| after.summary().unwrap().get(key).cloned();
    assert_eq!((fact("rat.watermark").as_deref(), fact("rat.run-id").as_deref()), (Some("0"), Some("r1")), "facts are carried forward");
    assert_eq!(ids(&after.at_snapshot(before.snapshot_id().unwrap()).unwrap()).await.len(), 6, "history stays readable");
    let again = lake.maintain(&settings, false).await;
    assert_eq!((again.files_rewritten, again.snapshots_expired, again.files_deleted), (0, 0, 0), "nothing is left to do: {again:?}");
}

#[tokio::test]
async fn a_few_small_files_are_left_alone() {
    let lake = Lake::memory();
    for id in 0..4 {
        lake.append([id]).await;
    }
    assert_eq!(lake.maintain(&MaintenanceSettings::default(), false).await.files_rewritten, 0);
}

#[tokio::test]
async fn a_file_with_many_deleted_rows_is_written_without_them() {
    let lake = Lake::memory();
    let table = lake.append(0..10).await;
    delete(&lake, &table, &[0, 9]).await;
    assert_eq!(lake.table().await.row_count(), Some(8));
    let done = lake.maintain(&NOTHING, false).await;
    assert_eq!((done.files_rewritten, done.files_written), (1, 1), "{done:?}");
    let table = lake.table().await;
    assert_eq!((ids(&table).await, table.row_count()), ((1..9).collect(), Some(8)));
}

#[tokio::test]
async fn one_deleted_row_in_two_hundred_is_many_and_one_in_more_is_few() {
    for (rows, written) in [(400, 1), (401, 0)] {
        let lake = Lake::memory();
        let table = lake.append(0..rows).await;
        delete(&lake, &table, &[0, 17]).await;
        assert_eq!(lake.maintain(&NOTHING, false).await.files_written, written, "two of {rows} rows");
        assert_eq!(lake.table().await.row_count(), Some(rows as u64 - 2));
    }
}

/// Deletes rows of a table's only file.
async fn delete(lake: &Lake, table: &Table, positions: &[u64]) {
    let target = lake.tables.evolve(table, Evolution::default()).unwrap();
    let mut delete = Change::new(target.clone());
    let files = table.data_files().await.unwrap();
    let deleted = write_position_deletes(&lake.tables, &target, &files[0], &positions.iter().copied().collect()).await.unwrap();
    delete.add_deletes.push(deleted);
    let staged = lake.tables.stage(delete).await.unwrap();
    lake.tables.publish(vec![staged]).await.unwrap();
}

#[tokio::test]
async fn old_snapshots_go_with_what_only_they_reach() {
    let lake = Lake::memory();
    for id in 0..6 {
        lake.append([id]).await;
    }
    let keep_two = MaintenanceSettings { keep_snapshots: 2, ..NOTHING };
    let dry = lake.maintain(&keep_two, true).await;
    assert_eq!(lake.table().await.metadata().snapshots().len(), 6);
    lake.clock.advance(HOUR);
    let done = lake.maintain(&keep_two, false).await;
    // Rewriting made one more.
    assert_eq!((dry.snapshots_expired, done.snapshots_expired), (4, 5), "{done:?}");
    assert_eq!(done.files_deleted, 5, "a manifest list each: the oldest snapshot that stays reaches all else");
    let table = lake.table().await;
    assert_eq!(table.metadata().snapshots().len(), 2);
    assert_eq!(ids(&table).await, [0, 1, 2, 3, 4, 5]);
    let earlier = table.snapshot().unwrap().parent_snapshot_id().unwrap();
    assert_eq!(ids(&table.at_snapshot(earlier).unwrap()).await, [0, 1, 2, 3, 4, 5], "what is kept is readable");
    lake.assert_no_leftovers().await;
}

#[tokio::test]
async fn a_snapshot_is_as_old_as_its_replacement() {
    let lake = Lake::memory();
    lake.append([1]).await;
    lake.clock.advance(1000 * HOUR);
    lake.append([2]).await;
    let young = MaintenanceSettings { keep_for: 2 * HOUR, ..NOTHING };
    assert_eq!(lake.maintain(&young, false).await.snapshots_expired, 0, "a reader may have begun an hour ago");
    lake.clock.advance(2 * HOUR);
    assert_eq!(lake.maintain(&young, false).await.snapshots_expired, 1);
}

#[tokio::test]
async fn what_a_tag_names_stays() {
    let lake = Lake::memory();
    let tagged = lake.append([1]).await.snapshot_id().unwrap();
    for id in 2..5 {
        lake.append([id]).await;
    }
    let table = lake.table().await;
    let from = table.metadata_location().unwrap().to_owned();
    let mut metadata: serde_json::Value = serde_json::from_slice(&lake.tables.storage().read(&from).await.unwrap()).unwrap();
    metadata["refs"]["audit"] = serde_json::json!({"snapshot-id": tagged, "type": "tag"});
    let to = from.replace(".metadata.json", "-tagged.metadata.json");
    lake.tables.storage().write(&to, serde_json::to_vec(&metadata).unwrap()).await.unwrap();
    let pointer = |location: String| Some(Pointer { kind: EntryKind::Table, metadata_location: location });
    lake.tables.catalog().commit(&[PointerChange { name: orders(), from: pointer(from), to: pointer(to) }]).await.unwrap();

    assert_eq!(lake.maintain(&NOTHING, false).await.snapshots_expired, 2);
    assert_eq!(ids(&lake.table().await.at_ref("audit").unwrap()).await, [1]);
}

#[tokio::test]
async fn what_a_run_under_way_may_read_or_write_stays() {
    let lake = Lake::memory();
    lake.append([1]).await;
    let run = lake
        .ledger
        .begin(RunStart {
            id: "r1".to_owned(),
            pipeline: "default.gold.slow".to_owned(),
            trigger: "manual".to_owned(),
            strategy: "full_refresh".to_owned(),
            attempt: 1,
        })
        .unwrap();
    lake.clock.advance(HOUR);
    for id in 2..5 {
        lake.append([id]).await;
    }
    assert_eq!(lake.maintain(&NOTHING, false).await.snapshots_expired, 0, "the run pinned the first snapshot");
    drop(run);
    assert_eq!(lake.maintain(&NOTHING, false).await.snapshots_expired, 3);
}

#[tokio::test]
async fn orphans_go_when_they_are_old_enough() {
    let lake = Lake::memory();
    lake.append([1]).await;
    let storage = lake.tables.storage();
    for path in ["data/left-behind.parquet", "metadata/left-behind.avro", "metadata/landing-0011.json", "notes.txt"] {
        storage.write(&format!("default/silver/orders/{path}"), "x").await.unwrap();
    }
    // Longer than from any file of this test until `LATER`.
    let patient = MaintenanceSettings { orphan_grace: Duration::from_secs(200 * 365 * 86_400), ..NOTHING };
    assert_eq!(lake.maintain(&patient, false).await.orphans_deleted, 0);
    let dry = lake.maintain(&NOTHING, true).await;
    assert_eq!((dry.orphans_deleted, dry.orphan_bytes), (2, 2));
    assert_eq!(lake.maintain(&NOTHING, false).await.orphans_deleted, 2);
    let left = files(&lake.tables, &orders()).await;
    assert!(left.iter().any(|path| path.ends_with("landing-0011.json")) && left.iter().any(|path| path.ends_with("notes.txt")));
    assert!(!left.iter().any(|path| path.contains("left-behind")));
    assert_eq!(ids(&lake.table().await).await, [1]);
}

#[tokio::test]
async fn a_table_that_cannot_be_read_keeps_all_it_has() {
    let lake = Lake::memory();
    for id in 0..3 {
        lake.append([id]).await;
    }
    let oldest = lake.table().await.metadata().snapshots().min_by_key(|s| s.sequence_number()).unwrap().manifest_list().to_owned();
    let seen_anew = Lake::on(lake.tables.storage().clone(), lake.tables.catalog().clone());
    lake.tables.storage().write(&oldest, "damaged").await.unwrap();
    let before = files(&lake.tables, &orders()).await;
    seen_anew.clock.advance(1000 * HOUR);
    let done = seen_anew.maintain(&NOTHING, false).await;
    assert_eq!(done.error.unwrap().code(), rat_core::error::Code::CorruptTable);
    assert_eq!(files(&lake.tables, &orders()).await, before);
}
