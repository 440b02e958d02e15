//! What runs read: each file exactly once, wherever a run is killed.

use rat_core::error::Code;
use rat_core::interop::landing::Restored;

use super::{Killed, Lake, call, rows};

#[tokio::test]
async fn every_file_is_read_exactly_once_wherever_runs_are_killed() {
    const KILLS: [Killed; 4] = [Killed::AfterCut, Killed::AfterStage, Killed::AfterPublish, Killed::Never];
    for first in KILLS {
        for second in KILLS {
            for local in [false, true] {
                let mut lake = if local { Lake::local() } else { Lake::memory() };
                lake.put("a.csv", "v\na1\na2\n").await;
                lake.put("sub/b.csv", "v\nb\n").await;
                let mut published = lake.run("r1", first).await;
                lake.put("c.csv", "v\nc\n").await;
                published.extend(lake.run("r2", second).await);
                published.extend(lake.run("r3", Killed::Never).await);
                published.extend(lake.run("r4", Killed::Never).await);
                published.sort();
                assert_eq!(published, ["a1", "a2", "b", "c"], "{first:?}, {second:?}, local: {local}");
                let left = lake.paths().await;
                assert_eq!(left.len(), 3);
                assert!(left.iter().all(|path| path.starts_with("_processed/")), "{first:?}, {second:?}: {left:?}");
            }
        }
    }
}

#[tokio::test]
async fn files_are_moved_to_the_run_that_published_them_and_never_read_again() {
    let mut lake = Lake::local();
    lake.put("2024/a.csv", "v\n1\n").await;
    assert_eq!(lake.run("r1", Killed::AfterPublish).await, ["1"]);
    assert_eq!(lake.paths().await, ["2024/a.csv"], "the run was killed before it moved the file");
    assert!(lake.run("r2", Killed::Never).await.is_empty());
    assert_eq!(lake.paths().await, ["_processed/r1/2024/a.csv"]);
}

#[tokio::test]
async fn a_file_that_is_sent_again_is_a_new_file() {
    for lake in [Lake::local(), Lake::memory()] {
        let mut lake = lake;
        lake.put("orders.csv", "v\n1\n").await;
        assert_eq!(lake.run("r1", Killed::Never).await, ["1"]);
        lake.put("orders.csv", "v\n2\n").await;
        assert_eq!(lake.run("r2", Killed::AfterPublish).await, ["2"]);
        lake.put("orders.csv", "v\n3\n").await;
        assert_eq!(lake.run("r3", Killed::Never).await, ["3"]);
        assert_eq!(
            lake.paths().await,
            ["_processed/r1/orders.csv", "_processed/r3/orders.csv"],
            "the second was sent over before it was moved"
        );
    }
}

#[tokio::test]
async fn a_file_that_lands_while_a_run_works_waits_for_the_next() {
    let mut lake = Lake::local();
    lake.put("a.csv", "v\na\n").await;
    lake.put("b.csv", "v\nb\n").await;
    let cut = lake.cut(true, false).await;
    assert_eq!(rows(&cut).await, ["a", "b"]);
    lake.put("c.csv", "v\nc\n").await;
    lake.put("a.csv", "v\nanother\n").await;
    lake.published = cut.stage("r1").await.unwrap();
    cut.archive("r1").await.unwrap();
    cut.archive("r1").await.unwrap();
    assert_eq!(lake.paths().await, ["_processed/r1/b.csv", "a.csv", "c.csv"], "what landed since stays");
    assert_eq!(lake.run("r2", Killed::Never).await, ["another", "c"]);
}

#[tokio::test]
async fn without_archive_files_stay_and_are_read_once_all_the_same() {
    let mut lake = Lake::memory();
    lake.put("a.csv", "v\na\n").await;
    let cut = lake.cut(false, false).await;
    lake.published = cut.stage("r1").await.unwrap();
    cut.archive("r1").await.unwrap();
    lake.put("b.csv", "v\nb\n").await;
    let cut = lake.cut(false, false).await;
    assert_eq!(rows(&cut).await, ["b"]);
    assert_eq!(lake.paths().await, ["a.csv", "b.csv"]);
}

#[tokio::test]
async fn with_no_new_file_the_columns_are_still_known() {
    let mut lake = Lake::local();
    lake.put("a.csv", "v,w\na,b\n").await;
    lake.run("r1", Killed::Never).await;
    let cut = lake.cut(true, false).await;
    assert!(cut.is_empty());
    let table = cut.read(&call("landing://default/orders")).unwrap();
    let schema = datafusion::catalog::TableProvider::schema(table.as_ref());
    assert_eq!(schema.fields().iter().map(|f| f.name().as_str()).collect::<Vec<_>>(), ["v", "w"]);
    assert!(rows(&cut).await.is_empty());
    let before = lake.published.clone();
    assert_eq!(cut.stage("r2").await.unwrap(), before, "nothing consumed, the same set");
}

#[tokio::test]
async fn a_rebuild_reads_all_files_that_are_there_and_counts_those_that_are_gone() {
    let mut lake = Lake::local();
    lake.put("a.csv", "v\na\n").await;
    lake.run("r1", Killed::Never).await;
    lake.put("b.csv", "v\nb\n").await;
    let cut = lake.cut(true, true).await;
    assert_eq!((rows(&cut).await, cut.gone()), (vec!["b".to_owned()], 1));
    let restored = lake.landing.restore("default", "orders", Some("r1")).await.unwrap();
    assert_eq!(restored, Restored { files: vec!["default/landing/orders/a.csv".to_owned()], kept: Vec::new() });
    let cut = lake.cut(true, true).await;
    assert_eq!((rows(&cut).await, cut.gone()), (vec!["a".to_owned(), "b".to_owned()], 0));
    lake.published = cut.stage("r2").await.unwrap();
    cut.archive("r2").await.unwrap();
    assert_eq!(lake.paths().await, ["_processed/r2/a.csv", "_processed/r2/b.csv"]);
    assert!(lake.run("r3", Killed::Never).await.is_empty());
}

#[tokio::test]
async fn what_is_restored_is_moved_away_again_and_does_not_replace_what_landed_since() {
    let mut lake = Lake::local();
    lake.put("a.csv", "v\na\n").await;
    lake.run("r1", Killed::Never).await;
    lake.landing.restore("default", "orders", None).await.unwrap();
    assert_eq!(lake.paths().await, ["a.csv"]);
    assert!(lake.run("r2", Killed::Never).await.is_empty());
    assert_eq!(lake.paths().await, ["_processed/r1/a.csv"]);
    lake.put("a.csv", "v\nnew\n").await;
    let restored = lake.landing.restore("default", "orders", None).await.unwrap();
    assert_eq!(restored, Restored { files: Vec::new(), kept: vec!["default/landing/orders/_processed/r1/a.csv".to_owned()] });
    assert_eq!(lake.run("r3", Killed::Never).await, ["new"]);
}

#[tokio::test]
async fn problems_are_told_at_the_call() {
    let lake = Lake::memory();
    let problems = lake.cut(true, false).await.read(&call("landing://default/orders")).unwrap_err();
    assert_eq!((problems[0].code, problems[0].range.clone()), (Code::UnknownZone, 100..200));
    lake.put("_samples/s.csv", "x,y\n1,2\n").await;
    let schema = lake.landing.schema(&call("landing://default/orders"), &[]).await.unwrap().unwrap();
    assert_eq!(schema.fields().len(), 2, "a zone with samples only has columns");
    let near = lake.landing.schema(&call("landing://default/ordrs"), &[]).await.unwrap().unwrap_err();
    assert_eq!(near[0].help.as_deref(), Some("did you mean `orders`?"));
    let cut = lake.cut(true, false).await;
    assert_eq!(cut.read(&call("landing://default/weather")).unwrap_err()[0].code, Code::NotALandingZone, "what was not listed is not read");
}

#[tokio::test]
async fn preview_reads_samples_where_there_are_any_and_consumes_nothing() {
    let lake = Lake::memory();
    lake.put("a.csv", "v\na\n").await;
    let preview = |lake: Lake| async move {
        let table = lake.landing.preview(&call("landing://default/orders"), &[]).await.unwrap().unwrap();
        let files = table.files().iter().map(|f| f.path.clone()).collect::<Vec<_>>();
        (lake, files)
    };
    let (lake, files) = preview(lake).await;
    assert_eq!(files, ["default/landing/orders/a.csv"]);
    lake.put("_samples/s.csv", "v\ns\n").await;
    let (lake, files) = preview(lake).await;
    assert_eq!(files, ["default/landing/orders/_samples/s.csv"]);
    assert_eq!(lake.cut(true, false).await.len(), 1);
}

#[tokio::test]
async fn many_files_that_land_while_runs_go_on_are_each_read_once() {
    let mut lake = Lake::local();
    let landing = lake.landing.clone();
    let sender = tokio::spawn(async move {
        for i in 0..60 {
            let text = format!("v\n{i:02}\n");
            landing.put("default", "orders", &format!("{i}.csv"), bytes::Bytes::from(text)).await.unwrap();
            tokio::task::yield_now().await;
        }
    });
    let mut published = Vec::new();
    let mut run = 0;
    while !sender.is_finished() || run == 0 {
        // A zone without a file yet has no columns.
        if run == 0 && lake.paths().await.is_empty() {
            tokio::task::yield_now().await;
            continue;
        }
        published.extend(lake.run(&format!("r{run}"), Killed::Never).await);
        run += 1;
    }
    published.extend(lake.run("last", Killed::Never).await);
    published.sort();
    assert_eq!(published, (0..60).map(|i| format!("{i:02}")).collect::<Vec<_>>());
}
