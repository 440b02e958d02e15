//! Opening, closing, refusing; and what one mistake of each kind says.

use std::fs;
use std::path::Path;

use rat_core::error::Code;
use rat_core::{BuildOptions, CheckOptions, Lake, QueryOptions, RunOptions};
use serde_json::json;

fn write(root: &Path, layer: &str, name: &str, sql: &str) {
    let folder = root.join("default/pipelines").join(layer).join(name);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("pipeline.sql"), sql).unwrap();
}

async fn open(root: &Path) -> Lake {
    Lake::open(&root.to_string_lossy()).await.unwrap()
}

#[tokio::test]
async fn a_folder_that_is_not_there_and_one_that_is_empty() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Lake::open("/no/such/folder").await.unwrap_err().code(), Code::PathNotFound);
    let lake = open(folder.path()).await;
    assert!(lake.check(&CheckOptions::default()).await.unwrap().ok);
    assert!(lake.build(&BuildOptions::default()).await.unwrap().runs.is_empty());
    assert!(lake.tables().list().await.unwrap().is_empty());
}

#[tokio::test]
async fn settings_of_the_file_and_of_the_caller() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("rat.toml"), "[engine]\nquery_rows = 2\n").unwrap();
    let lake = open(folder.path()).await;
    let sql = "select * from range(0, 10)";
    assert_eq!(lake.query(sql, &QueryOptions::default()).await.unwrap().num_rows(), 2);
    let path = folder.path().to_string_lossy().into_owned();
    let over = Lake::builder(&path).settings(json!({"engine": {"query_rows": 5}})).open().await.unwrap();
    assert_eq!(over.query(sql, &QueryOptions::default()).await.unwrap().num_rows(), 5);
    let wrong = Lake::builder(&path).settings(json!({"engine": {"query_rows": "many"}})).open().await.unwrap_err();
    assert_eq!(wrong.code(), Code::WrongType);

    fs::write(folder.path().join("rat.toml"), "[engine\n").unwrap();
    let error = Lake::open(&path).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidToml);
    assert_eq!(error.diagnostics()[0].path(), Some("rat.toml"));
    fs::write(folder.path().join("rat.toml"), "[storage]\nkey = \"${RAT_NO_SUCH_VARIABLE}\"\n").unwrap();
    assert_eq!(Lake::open(&path).await.unwrap_err().code(), Code::UnsetVariable);
}

#[tokio::test]
async fn closed_and_read_only_lakes_refuse() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "silver", "t", "select 1 as id");
    let lake = open(folder.path()).await;
    lake.run("silver.t", &RunOptions::default()).await.unwrap().into_result().unwrap();
    let clone = lake.clone();
    lake.close();
    assert_eq!(clone.query("select 1", &QueryOptions::default()).await.unwrap_err().code(), Code::Closed);
    assert_eq!(clone.run("silver.t", &RunOptions::default()).await.unwrap_err().code(), Code::Closed);

    let reader = Lake::builder(&folder.path().to_string_lossy()).read_only().open().await.unwrap();
    assert_eq!(reader.query("select * from silver.t", &QueryOptions::default()).await.unwrap().num_rows(), 1);
    assert_eq!(reader.run("silver.t", &RunOptions::default()).await.unwrap_err().code(), Code::ReadOnlyLake);
    assert_eq!(reader.runs().list(&Default::default()).unwrap().runs.len(), 1);
    assert_eq!(reader.tables().get("silver.t").await.unwrap().row_count, Some(1));
}

#[tokio::test]
async fn a_run_names_what_it_cannot_find() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "silver", "orders", "select 1 as id");
    write(folder.path(), "gold", "totals", "select * from {{ ref('silver.orders') }}");
    let lake = open(folder.path()).await;
    let error = lake.run("silver.ordrs", &RunOptions::default()).await.unwrap_err();
    assert_eq!(error.code(), Code::PipelineNotFound);
    assert!(error.help().contains("silver.orders"), "{}", error.help());
    let error = lake.run("gold.totals", &RunOptions::default()).await.unwrap().into_result().unwrap_err();
    assert_eq!(error.code(), Code::NotBuilt);
    assert!(error.help().contains("rat build +silver.orders"), "{}", error.help());
    let nothing = BuildOptions { select: Some(Vec::new()), ..BuildOptions::default() };
    assert!(lake.build(&nothing).await.unwrap().into_result().unwrap().runs.is_empty());
    let select = BuildOptions { select: Some(vec!["+gold.totals".to_owned()]), ..BuildOptions::default() };
    assert_eq!(lake.build(&select).await.unwrap().into_result().unwrap().runs.len(), 2);
}

#[tokio::test]
async fn a_changed_file_is_seen_by_the_next_verb() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "silver", "t", "select 1 as id");
    let lake = open(folder.path()).await;
    lake.run("silver.t", &RunOptions::default()).await.unwrap().into_result().unwrap();
    write(folder.path(), "silver", "t", "select 1 as id union all select 22222");
    lake.run("silver.t", &RunOptions::default()).await.unwrap().into_result().unwrap();
    assert_eq!(lake.query("select * from silver.t", &QueryOptions::default()).await.unwrap().num_rows(), 2);
    write(folder.path(), "silver", "t", "select idd from {{ this }}");
    let report = lake.check(&CheckOptions::default()).await.unwrap();
    assert_eq!(report.diagnostics.iter().map(|d| d.code).collect::<Vec<_>>(), [Code::UnknownColumn]);
}
