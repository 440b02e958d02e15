//! One table through its life: made, appended to, replaced, rewritten, read at any point of it.

use std::collections::{BTreeMap, BTreeSet};

use iceberg::spec::{ManifestContentType, Operation};
use rat_core::error::Code;
use rat_core::interop::tables::{Change, Evolution, PublishError, Remove, Validation, references, write_position_deletes};

use super::support::{append, batch, change, files, folder, ids, memory, name, orders, reachable, rows, stage_append, target, write};

#[tokio::test]
async fn a_staged_table_is_seen_by_its_run_alone() {
    let tables = memory();
    let staged = stage_append(&tables, &orders(), batch(0..3)).await;
    assert_eq!(ids(staged.table()).await, [0, 1, 2]);
    assert_eq!(staged.table().metadata_location(), None);
    assert!(tables.load(&orders()).await.unwrap().is_none());
    let published = tables.publish(vec![staged]).await.unwrap().remove(0);
    let loaded = tables.get(&orders()).await.unwrap();
    assert_eq!(loaded.metadata_location(), published.metadata_location());
    assert_eq!(rows(&loaded).await, ["0|n0", "1|n1", "2|n2"]);
    assert_eq!(loaded.row_count(), Some(3));
}

#[tokio::test]
async fn discarding_leaves_nothing() {
    let tables = memory();
    append(&tables, &orders(), batch(0..3)).await;
    let before = files(&tables, &orders()).await;
    stage_append(&tables, &orders(), batch(3..6)).await.discard().await;
    assert_eq!(files(&tables, &orders()).await, before);
    assert_eq!(ids(&tables.get(&orders()).await.unwrap()).await, [0, 1, 2]);
}

#[tokio::test]
async fn appends_and_a_replacement_and_the_past() {
    let tables = memory();
    let first = append(&tables, &orders(), batch(0..3)).await;
    let second = append(&tables, &orders(), batch(3..5)).await;
    assert_eq!(ids(&second).await, [0, 1, 2, 3, 4]);

    let replaced = change(&tables, target(&tables, &orders()).await, batch(10..12), Remove::All).await;
    let third = tables.publish(vec![tables.stage(replaced).await.unwrap()]).await.unwrap().remove(0);
    assert_eq!(ids(&third).await, [10, 11]);
    assert_eq!(third.row_count(), Some(2));
    assert_eq!(third.snapshot().unwrap().summary().operation, Operation::Overwrite);
    assert_eq!(third.summary().unwrap()["deleted-records"], "5");
    assert_eq!(third.summary().unwrap()["total-data-files"], "1");

    let empty = Change { remove: Remove::All, ..Change::new(target(&tables, &orders()).await) };
    let fourth = tables.publish(vec![tables.stage(empty).await.unwrap()]).await.unwrap().remove(0);
    assert_eq!(fourth.row_count(), Some(0));
    assert_eq!(fourth.snapshot().unwrap().summary().operation, Operation::Delete);

    for (id, expected) in
        [(first.snapshot_id(), vec![0, 1, 2]), (second.snapshot_id(), vec![0, 1, 2, 3, 4]), (third.snapshot_id(), vec![10, 11])]
    {
        assert_eq!(ids(&fourth.at_snapshot(id.unwrap()).unwrap()).await, expected);
    }
    assert_eq!(fourth.at_snapshot(1).unwrap_err().code(), Code::InvalidArgument);
    assert_eq!(files(&tables, &orders()).await, reachable(&tables, &fourth).await);
}

#[tokio::test]
async fn a_commit_without_rows_still_carries_its_facts() {
    let tables = memory();
    let first = Change {
        summary: facts(&[("rat.run-id", "r1"), ("rat.landing", "l1"), ("rat.watermark", "5")]),
        ..Change::new(target(&tables, &orders()).await)
    };
    let first = tables.publish(vec![tables.stage(first).await.unwrap()]).await.unwrap().remove(0);
    assert_eq!(first.row_count(), Some(0));
    assert_eq!(first.properties()["rat.landing"], "l1");
    let second = Change { summary: facts(&[("rat.run-id", "r2"), ("rat.watermark", "")]), ..Change::new(target(&tables, &orders()).await) };
    let second = tables.publish(vec![tables.stage(second).await.unwrap()]).await.unwrap().remove(0);
    let summary = second.summary().unwrap();
    assert_eq!(
        (summary["rat.run-id"].as_str(), summary["rat.landing"].as_str()),
        ("r2", "l1"),
        "facts that are not named are carried forward"
    );
    assert!(!summary.contains_key("rat.watermark") && !second.properties().contains_key("rat.watermark"), "an empty value ends a fact");
    assert_eq!(second.properties()["rat.run-id"], "r2");
}

fn facts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn rewriting_one_file_leaves_the_others_as_they_are() {
    let tables = memory();
    let orders_name = orders();
    let target_of = || target(&tables, &orders_name);
    let add = {
        let mut add = write(&tables, &target_of().await, &[batch(0..3)]).await;
        add.extend(write(&tables, &target_of().await, &[batch(3..6)]).await);
        Change { add, ..Change::new(target_of().await) }
    };
    let first = tables.publish(vec![tables.stage(add).await.unwrap()]).await.unwrap().remove(0);
    append(&tables, &orders(), batch(6..9)).await;
    let before = first.data_files().await.unwrap();

    let target = target_of().await;
    let rewrite = Change {
        add: write(&tables, &target, &[batch([100])]).await,
        carry: write(&tables, &target, &[batch([0, 2])]).await,
        remove: Remove::Paths(BTreeSet::from([before[0].file.file_path().to_owned()])),
        ..Change::new(target)
    };
    let staged = tables.stage(rewrite).await.unwrap();
    assert_eq!(ids(&staged.added()).await, [100], "rows of rewritten files are not new");
    assert_eq!(staged.added().row_count(), Some(1));
    let after = tables.publish(vec![staged]).await.unwrap().remove(0);
    assert_eq!(ids(&after).await, [0, 2, 3, 4, 5, 6, 7, 8, 100]);
    assert_eq!(after.row_count(), Some(9));

    let kept = after.data_files().await.unwrap().into_iter().find(|entry| entry.file.file_path() == before[1].file.file_path()).unwrap();
    assert_eq!(kept, before[1], "an existing entry keeps its snapshot and its sequence numbers");
    // The next snapshot carries no word of what an earlier one deleted.
    let last = append(&tables, &orders(), batch([200])).await;
    for manifest in last.manifests().await.unwrap().iter() {
        assert!(manifest.has_added_files() || manifest.has_existing_files(), "an emptied manifest is left out");
    }
    assert_eq!(ids(&last).await, [0, 2, 3, 4, 5, 6, 7, 8, 100, 200]);
    assert_eq!(files(&tables, &orders()).await, reachable(&tables, &last).await);
}

#[tokio::test]
async fn a_file_can_be_rewritten_once() {
    let tables = memory();
    let first = append(&tables, &orders(), batch(0..3)).await;
    let path = BTreeSet::from([first.data_files().await.unwrap()[0].file.file_path().to_owned()]);
    let rewrite = |target, rows, path| change(&tables, target, rows, Remove::Paths(path));
    let (a, b) = (target(&tables, &orders()).await, target(&tables, &orders()).await);
    let a = tables.stage(rewrite(a, batch([7]), path.clone()).await).await.unwrap();
    let b = tables.stage(rewrite(b, batch([8]), path.clone()).await).await.unwrap();
    let published = tables.publish(vec![a]).await.unwrap().remove(0);
    let Err(PublishError::Conflict { error, mut staged }) = tables.publish(vec![b]).await else { panic!("the file is gone") };
    assert_eq!(error.code(), Code::CommitConflict);
    // The data files of the loser are kept for the merge to be done again, and deleted when it gives up.
    let back = staged.remove(0).into_change().await;
    assert!(tables.storage().exists(back.add[0].path()).await.unwrap());
    tables.discard(&back.add).await;
    assert_eq!(files(&tables, &orders()).await, reachable(&tables, &published).await);
    let late = tables.stage(rewrite(target(&tables, &orders()).await, batch([9]), path).await).await.unwrap_err();
    assert_eq!(late.code(), Code::CommitConflict);
    assert_eq!(files(&tables, &orders()).await, reachable(&tables, &published).await, "a change that cannot be staged leaves no file");
}

#[tokio::test]
async fn appends_rebase_and_changes_computed_from_all_rows_do_not() {
    let tables = memory();
    append(&tables, &orders(), batch(0..3)).await;
    let late = stage_append(&tables, &orders(), batch(3..6)).await;
    let replace = tables.stage(change(&tables, target(&tables, &orders()).await, batch([50]), Remove::All).await).await.unwrap();
    let careful =
        Change { validation: Validation::NoNewData, ..change(&tables, target(&tables, &orders()).await, batch([60]), Remove::None).await };
    let careful = tables.stage(careful).await.unwrap();

    append(&tables, &orders(), batch(6..9)).await;
    let appended = tables.publish(vec![late]).await.unwrap().remove(0);
    assert_eq!(ids(&appended).await, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(appended.row_count(), Some(9));
    let Err(PublishError::Conflict { error, staged }) = tables.publish(vec![careful]).await else { panic!("rows were added") };
    assert!(error.message().contains("added rows"), "{error}");
    for staged in staged {
        staged.discard().await;
    }
    // A full replacement is exactly its own rows, whoever wrote meanwhile.
    let replaced = tables.publish(vec![replace]).await.unwrap().remove(0);
    assert_eq!(ids(&replaced).await, [50]);
    assert_eq!(replaced.row_count(), Some(1));
    assert_eq!(files(&tables, &orders()).await, reachable(&tables, &replaced).await);
}

#[tokio::test]
async fn a_change_of_columns_by_another_is_a_conflict() {
    let tables = memory();
    append(&tables, &orders(), batch(0..3)).await;
    let late = stage_append(&tables, &orders(), batch(3..6)).await;
    let base = tables.get(&orders()).await.unwrap();
    let evolution = Evolution { columns: vec![rat_core::interop::tables::ColumnChange::Drop("name".to_owned())], ..Evolution::default() };
    let target = tables.evolve(&base, evolution).unwrap();
    tables.publish(vec![tables.stage(Change::new(target)).await.unwrap()]).await.unwrap();
    let Err(PublishError::Conflict { error, .. }) = tables.publish(vec![late]).await else { panic!("the columns changed") };
    assert!(error.message().contains("columns"), "{error}");
}

#[tokio::test]
async fn position_deletes_go_with_their_file() {
    let tables = memory();
    let first = append(&tables, &orders(), batch(0..4)).await;
    let data = first.data_files().await.unwrap().remove(0);
    let target_now = target(&tables, &orders()).await;
    let deletes = write_position_deletes(&tables, &target_now, &data, &[1, 3].into_iter().collect()).await.unwrap();
    let change_of = Change { add_deletes: vec![deletes], ..Change::new(target_now) };
    let second = tables.publish(vec![tables.stage(change_of).await.unwrap()]).await.unwrap().remove(0);
    assert_eq!(second.row_count(), Some(2));
    assert_eq!(second.snapshot().unwrap().summary().operation, Operation::Delete);
    let found: Vec<_> = second.data_files().await.unwrap().into_iter().filter(|entry| !entry.is_data()).collect();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].file.referenced_data_file().as_deref(), Some(data.file.file_path()));
    assert_eq!(found[0].sequence_number, 2);
    assert!(second.manifests().await.unwrap().iter().any(|manifest| manifest.content == ManifestContentType::Deletes));

    // Deletes of a file that is gone are refused; a rewrite of the file takes its deletes along.
    let target_now = target(&tables, &orders()).await;
    let stale = write_position_deletes(&tables, &target_now, &data, &[0].into_iter().collect()).await.unwrap();
    let late = tables.stage(Change { add_deletes: vec![stale], ..Change::new(target_now) }).await.unwrap();
    let rewrite =
        change(&tables, target(&tables, &orders()).await, batch([0, 2]), Remove::Paths(BTreeSet::from([data.file.file_path().to_owned()])))
            .await;
    let third = tables.publish(vec![tables.stage(rewrite).await.unwrap()]).await.unwrap().remove(0);
    assert_eq!(ids(&third).await, [0, 2]);
    assert_eq!(third.row_count(), Some(2));
    assert_eq!(third.summary().unwrap()["total-delete-files"], "0");
    let Err(PublishError::Conflict { staged, .. }) = tables.publish(vec![late]).await else { panic!("the data file is gone") };
    for staged in staged {
        staged.discard().await;
    }
    assert_eq!(files(&tables, &orders()).await, reachable(&tables, &third).await);
}

#[tokio::test]
async fn a_rewrite_does_not_bring_back_rows_that_others_deleted() {
    let tables = memory();
    let first = append(&tables, &orders(), batch(0..4)).await;
    let data = first.data_files().await.unwrap().remove(0);
    let rewrite =
        change(&tables, target(&tables, &orders()).await, batch(0..4), Remove::Paths(BTreeSet::from([data.file.file_path().to_owned()])))
            .await;
    let rewrite = tables.stage(rewrite).await.unwrap();
    let target_now = target(&tables, &orders()).await;
    let deletes = write_position_deletes(&tables, &target_now, &data, &[1].into_iter().collect()).await.unwrap();
    let deleted = tables.stage(Change { add_deletes: vec![deletes], ..Change::new(target_now) }).await.unwrap();
    tables.publish(vec![deleted]).await.unwrap();
    let Err(PublishError::Conflict { error, .. }) = tables.publish(vec![rewrite]).await else { panic!("row 1 would be back") };
    assert!(error.message().contains("deleted rows"), "{error}");
}

#[tokio::test]
async fn several_tables_move_together_or_not_at_all() {
    let tables = memory();
    let (a, b) = (name("silver.a"), name("gold.b"));
    let staged = vec![stage_append(&tables, &a, batch(0..2)).await, stage_append(&tables, &b, batch(5..7)).await];
    let published = tables.publish(staged).await.unwrap();
    assert_eq!((ids(&published[0]).await, ids(&published[1]).await), (vec![0, 1], vec![5, 6]));

    // One of two cannot be: neither is.
    let data = published[1].data_files().await.unwrap()[0].file.file_path().to_owned();
    let rewrite = |rows| async { change(&tables, target(&tables, &b).await, rows, Remove::Paths(BTreeSet::from([data.clone()]))).await };
    let loser = tables.stage(rewrite(batch([8])).await).await.unwrap();
    let winner = tables.stage(rewrite(batch([9])).await).await.unwrap();
    let with = stage_append(&tables, &a, batch(2..4)).await;
    tables.publish(vec![winner]).await.unwrap();
    assert!(matches!(tables.publish(vec![with, loser]).await, Err(PublishError::Conflict { .. })));
    assert_eq!(ids(&tables.get(&a).await.unwrap()).await, [0, 1]);

    // One of two moved, and both can be: the one is made again, and both are published.
    let (x, y) = (stage_append(&tables, &a, batch(20..22)).await, stage_append(&tables, &b, batch(30..32)).await);
    append(&tables, &b, batch([40])).await;
    let published = tables.publish(vec![x, y]).await.unwrap();
    assert_eq!((ids(&published[0]).await, ids(&published[1]).await), (vec![0, 1, 20, 21], vec![9, 30, 31, 40]));
    let twice = vec![stage_append(&tables, &a, batch([1])).await, stage_append(&tables, &a, batch([2])).await];
    assert!(matches!(tables.publish(twice).await, Err(PublishError::Failed(_))));
}

#[tokio::test]
async fn many_small_manifests_become_few() {
    let folder_of = tempfile::tempdir().unwrap();
    let tables = folder(folder_of.path());
    let mut new = rat_core::interop::tables::NewTable::new(super::support::schema());
    new.properties.insert("commit.manifest.min-count-to-merge".to_owned(), "5".to_owned());
    let target_of = tables.create(&orders(), &new).unwrap();
    tables.publish(vec![tables.stage(Change::new(target_of)).await.unwrap()]).await.unwrap();
    let mut last = None;
    for n in 0..17 {
        let table = append(&tables, &orders(), batch([n])).await;
        assert!(table.manifests().await.unwrap().len() <= 6, "{} manifests after {n}", table.manifests().await.unwrap().len());
        last = Some(table);
    }
    let last = last.unwrap();
    assert_eq!(ids(&last).await, (0..17).collect::<Vec<_>>());
    let mut sequences: Vec<i64> = last.data_files().await.unwrap().iter().map(|entry| entry.sequence_number).collect();
    sequences.sort_unstable();
    assert_eq!(sequences, (2..19).collect::<Vec<_>>(), "files keep the sequence numbers of the commits that added them");
    assert_eq!(files(&tables, &orders()).await, reachable(&tables, &last).await);
}

#[tokio::test]
async fn dropping_a_table_is_one_step_and_its_name_is_free() {
    let tables = memory();
    append(&tables, &orders(), batch(0..3)).await;
    assert!(tables.drop(&orders()).await.unwrap());
    assert!(!tables.drop(&orders()).await.unwrap());
    assert_eq!(tables.get(&orders()).await.unwrap_err().code(), Code::TableNotFound);
    assert_eq!(tables.list().await.unwrap(), []);
    let again = append(&tables, &orders(), batch(7..9)).await;
    assert_eq!(ids(&again).await, [7, 8]);
}

#[tokio::test]
async fn two_who_create_one_table_make_one() {
    let tables = memory();
    let (a, b) = (stage_append(&tables, &orders(), batch([1])).await, stage_append(&tables, &orders(), batch([2])).await);
    let first = tables.publish(vec![a]).await.unwrap().remove(0);
    let Err(PublishError::Conflict { staged, .. }) = tables.publish(vec![b]).await else { panic!("it exists") };
    for staged in staged {
        staged.discard().await;
    }
    assert_eq!(ids(&tables.get(&orders()).await.unwrap()).await, [1]);
    assert_eq!(files(&tables, &orders()).await, reachable(&tables, &first).await);
}

#[tokio::test]
async fn main_is_the_only_reference_of_a_published_table() {
    let tables = memory();
    let table = append(&tables, &orders(), batch([1])).await;
    let references = references(table.metadata());
    assert_eq!(references.keys().collect::<Vec<_>>(), ["main"]);
    assert_eq!(ids(&table.at_ref("main").unwrap()).await, [1]);
    assert_eq!(table.at_ref("nope").unwrap_err().code(), Code::InvalidArgument);
}
