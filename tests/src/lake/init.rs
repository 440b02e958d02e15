//! `Lake::init`: what it writes is the example on disk, and it runs.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rat_core::error::Code;
use rat_core::{BuildOptions, CheckOptions, InitOptions, Lake, QueryOptions, TestOptions};

use super::flights::examples;
use super::support::rows;

fn files(folder: &Path) -> BTreeSet<String> {
    let files = walkdir::WalkDir::new(folder).into_iter().map(Result::unwrap).filter(|e| e.file_type().is_file());
    let names = files.map(|e| e.path().strip_prefix(folder).unwrap().to_string_lossy().into_owned());
    names.filter(|name| !name.starts_with(".rat/")).collect()
}

fn flights() -> InitOptions {
    InitOptions { example: Some("flights".to_owned()) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_project_checks_builds_and_answers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/shop");
    let lake = Lake::init(&path.to_string_lossy(), &InitOptions::default()).await.unwrap();
    assert_eq!(files(&path), files(&examples().join("projects/shop")));
    let report = lake.check(&CheckOptions::default()).await.unwrap();
    assert_eq!(report.diagnostics, []);
    lake.build(&BuildOptions::default()).await.unwrap().into_result().unwrap();
    let sql = "select day, orders, amount, currency from gold.daily_sales order by day";
    assert_eq!(rows(&lake.query(sql, &QueryOptions::default()).await.unwrap()), ["2024-03-01|3|43.25|EUR", "2024-03-02|1|42.00|EUR"]);
    assert_eq!(lake.test(&TestOptions::default()).await.unwrap().len(), 3);

    let again = Lake::init(&path.to_string_lossy(), &InitOptions::default()).await.unwrap_err();
    assert_eq!(again.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn the_flights_are_those_of_the_examples_whole() {
    let folder = tempfile::tempdir().unwrap();
    Lake::init(&folder.path().to_string_lossy(), &flights()).await.unwrap();
    let written = files(folder.path());
    let project: BTreeSet<String> = written.iter().filter(|f| !f.contains("/landing/")).cloned().collect();
    assert_eq!(project, files(&examples().join("projects/flights")));
    for path in &project {
        assert_eq!(fs::read(folder.path().join(path)).unwrap(), fs::read(examples().join("projects/flights").join(path)).unwrap());
    }
    let landed: BTreeSet<String> = written.iter().filter_map(|f| Some(f.split_once("/landing/")?.1.to_owned())).collect();
    let mut data = files(&examples().join("data/nycflights13"));
    data.remove("README.md");
    let zones: BTreeSet<String> = data.iter().map(|f| format!("{}/{f}", f.split(['_', '.']).next().unwrap())).collect();
    assert_eq!(landed, zones);
}

#[tokio::test]
async fn in_memory_and_where_it_cannot_be() {
    let lake = Lake::init("memory://", &InitOptions::default()).await.unwrap();
    lake.build(&BuildOptions::default()).await.unwrap().into_result().unwrap();
    let wrong = InitOptions { example: Some("flight".to_owned()) };
    let error = Lake::init("memory://", &wrong).await.unwrap_err();
    assert_eq!((error.code(), error.help()), (Code::InvalidArgument, "did you mean `flights`?"));

    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("default/landing/orders")).unwrap();
    fs::write(folder.path().join("default/landing/orders/2024-03-02.csv"), "mine").unwrap();
    fs::write(folder.path().join("README.md"), "mine").unwrap();
    let before = files(folder.path());
    assert_eq!(Lake::init(&folder.path().to_string_lossy(), &InitOptions::default()).await.unwrap_err().code(), Code::InvalidArgument);
    assert_eq!(files(folder.path()), before, "nothing is written where something would be overwritten");
}
