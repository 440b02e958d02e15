//! What a build leaves alone: tables that would come out as they are.

use rat_core::{BuildOptions, MaintainOptions, RunOptions};

use super::support::Shop;

async fn shop() -> Shop {
    Shop::new(&[
        (
            "default/pipelines/bronze/whole/pipeline.sql",
            "-- @merge_strategy: append_only\nselect id from read_csv('{{ landing_zone(\"whole\") }}')",
        ),
        (
            "default/pipelines/bronze/news/pipeline.sql",
            "-- @merge_strategy: append_only\nselect id from read_csv('{{ landing_zone(\"news\", new=true) }}')",
        ),
        (
            "default/pipelines/silver/both/pipeline.sql",
            "select id from {{ ref('bronze.whole') }} union all select id from {{ ref('bronze.news') }}",
        ),
        ("default/landing/whole/a.csv", "id\n1\n"),
        ("default/landing/news/a.csv", "id\n1\n"),
    ])
    .await
}

/// The pipelines that a build runs.
async fn ran(shop: &Shop) -> Vec<String> {
    let report = shop.lake.build(&BuildOptions::default()).await.unwrap().into_result().unwrap();
    report.runs.iter().filter(|run| run.skipped_reason.is_none()).map(|run| run.pipeline.short()).collect()
}

#[tokio::test]
async fn a_pipeline_over_landed_files_runs_when_other_files_are_there() {
    let shop = shop().await;
    assert_eq!(ran(&shop).await, ["bronze.news", "bronze.whole", "silver.both"]);
    assert_eq!(ran(&shop).await, [""; 0]);
    // One more file, one that is another under its name, one that is not there yet.
    shop.write("default/landing/news/b.csv", "id\n2\n");
    assert_eq!(ran(&shop).await, ["bronze.news", "silver.both"]);
    shop.write("default/landing/whole/a.csv", "id\n1\n2\n");
    assert_eq!(ran(&shop).await, ["bronze.whole", "silver.both"]);
    shop.write("default/landing/whole/.a.csv.part", "id\n");
    assert_eq!(ran(&shop).await, [""; 0]);
}

#[tokio::test]
async fn a_commit_that_changes_no_row_makes_nothing_stale() {
    let shop = shop().await;
    ran(&shop).await;
    for file in 2..=6 {
        shop.write(&format!("default/landing/news/{file}.csv"), &format!("id\n{file}\n"));
        assert_eq!(ran(&shop).await, ["bronze.news", "silver.both"]);
    }
    // A run without news is a snapshot of its own, and so is what maintenance writes again.
    let empty = shop.lake.run("bronze.news", &RunOptions::default()).await.unwrap();
    assert_eq!((empty.is_ok(), empty.rows_written), (true, 0));
    assert_eq!(ran(&shop).await, [""; 0]);
    let kept = shop.lake.maintain(&MaintainOptions::default()).await.unwrap().into_result().unwrap();
    assert!(kept.tables.iter().any(|table| table.files_rewritten > 0), "{kept:?}");
    assert_eq!(ran(&shop).await, [""; 0]);
    // Rows that were taken back are a change.
    let history = shop.lake.tables().history("bronze.news").await.unwrap();
    let first = history.iter().find(|entry| entry.parent_id.is_none()).unwrap().snapshot_id;
    shop.lake.tables().rollback("bronze.news", first).await.unwrap();
    assert_eq!(ran(&shop).await, ["bronze.news", "silver.both"]);
}
