//! What a lake says of its tables, runs, landing zones and namespaces.

use rat_core::error::Code;
use rat_core::{EntryKind, ReferenceKind, RunFilter, RunOptions, Status};

use super::support::{Shop, rows};

const ORDERS: &str = "-- @merge_strategy: append_only\n-- @partition_by: bucket(4, id), region\n-- @sort_by: id\n\
                      select 1 as id, 'north' as region, 2.5 as amount";

async fn shop() -> Shop {
    Shop::new(&[
        ("default/pipelines/silver/orders/pipeline.sql", ORDERS),
        ("default/pipelines/gold/big/pipeline.sql", "-- @materialized: view\nselect id from {{ ref('silver.orders') }}"),
        ("default/pipelines/gold/bad/pipeline.sql", "select cast(region as int) as n from {{ ref('silver.orders') }}"),
        ("crm/pipelines/bronze/people/pipeline.sql", "select 1 as id"),
    ])
    .await
}

#[tokio::test]
async fn a_page_goes_on_after_a_run_and_nothing_else() {
    let shop = Shop::new(&[("default/pipelines/silver/t/pipeline.sql", "select 1 as id")]).await;
    shop.run("silver.t").await;
    let after = |after: &str| rat_core::RunFilter { after: Some(after.to_owned()), ..rat_core::RunFilter::default() };
    let refused = shop.lake.runs().list(&after("zzz")).unwrap_err();
    assert_eq!((refused.code(), refused.message()), (Code::InvalidArgument, "`after` must be the identifier of a run, and is `zzz`"));
    let id = shop.lake.runs().list(&rat_core::RunFilter::default()).unwrap().runs[0].id.clone();
    assert!(shop.lake.runs().list(&after(&id)).unwrap().runs.is_empty());
}

#[tokio::test]
async fn a_table_says_what_it_is_without_a_scan() {
    let shop = shop().await;
    shop.run("silver.orders").await;
    shop.run("silver.orders").await;
    shop.run("gold.big").await;
    let tables = shop.lake.tables();
    let listed: Vec<_> = tables.list().await.unwrap().into_iter().map(|e| (e.name.short(), e.kind)).collect();
    assert_eq!(listed, [("silver.orders".to_owned(), EntryKind::Table), ("gold.big".to_owned(), EntryKind::View)]);

    let orders = tables.get("silver.orders").await.unwrap();
    let columns: Vec<_> = orders.columns.iter().map(|c| format!("{} {}", c.name, c.data_type)).collect();
    assert_eq!(columns, ["id BIGINT", "region VARCHAR", "amount DECIMAL(2, 1)"]);
    assert_eq!((orders.row_count, orders.file_count), (Some(2), Some(2)));
    assert!(orders.size_bytes > Some(0) && orders.snapshot_id.is_some());
    assert_eq!(orders.partition_by, ["bucket(4, id)", "region"]);
    assert_eq!(orders.sort_by, ["id"]);
    assert_eq!(orders.references.iter().map(|r| (r.name.as_str(), r.kind)).collect::<Vec<_>>(), [("main", ReferenceKind::Branch)]);
    assert_eq!(orders.properties["rat.merge-strategy"], "append_only");
    let json = serde_json::to_value(&orders).unwrap();
    assert_eq!((json["name"].as_str(), json["kind"].as_str()), (Some("default.silver.orders"), Some("table")));
    assert_eq!(json["columns"][0], serde_json::json!({"name": "id", "type": "BIGINT", "nullable": true}));

    let view = tables.get("default.gold.big").await.unwrap();
    assert_eq!((view.kind, view.row_count, view.snapshot_id), (EntryKind::View, None, None));
    assert!(view.sql.unwrap().contains("\"default\".\"silver\".\"orders\""));

    let missing = tables.get("silver.order").await.unwrap_err();
    assert_eq!((missing.code(), missing.help()), (Code::TableNotFound, "did you mean `default.silver.orders`?"));
    assert_eq!(tables.get("orders").await.unwrap_err().code(), Code::InvalidRef);
}

#[tokio::test]
async fn the_history_of_a_table_names_the_runs_that_made_it() {
    let shop = shop().await;
    let first = shop.run("silver.orders").await;
    let second = shop.run("silver.orders").await;
    shop.run("gold.big").await;
    let history = shop.lake.tables().history("silver.orders").await.unwrap();
    let told: Vec<_> = history.iter().map(|h| (h.run_id.as_deref(), h.parent_id, h.row_count, h.is_current, h.is_ancestor)).collect();
    assert_eq!(
        told,
        [(Some(second.id.as_str()), first.snapshot_id, Some(2), true, true), (Some(first.id.as_str()), None, Some(1), false, true)]
    );
    assert_eq!(history[0].references, ["main"]);
    assert_eq!((history[0].operation.as_str(), history[0].file_count), ("append", Some(2)));
    assert_eq!(shop.lake.tables().history("gold.big").await.unwrap_err().code(), Code::TableNotFound);
}

#[tokio::test]
async fn runs_are_listed_by_what_is_asked_and_page_by_page() {
    let shop = shop().await;
    let first = shop.run("silver.orders").await;
    let second = shop.run("silver.orders").await;
    let failed = shop.lake.run("gold.bad", &RunOptions::default()).await.unwrap();
    let runs = shop.lake.runs();
    let ids = |filter: &RunFilter| runs.list(filter).unwrap().runs.into_iter().map(|run| run.id).collect::<Vec<_>>();
    assert_eq!(ids(&RunFilter::default()), [failed.id.clone(), second.id.clone(), first.id.clone()]);
    let orders = RunFilter { pipeline: Some("silver.orders".to_owned()), ..RunFilter::default() };
    assert_eq!(ids(&orders), [second.id.clone(), first.id.clone()]);
    assert_eq!(ids(&RunFilter { statuses: vec![Status::Failed], ..RunFilter::default() }), std::slice::from_ref(&failed.id));
    let page = runs.list(&RunFilter { limit: 2, ..RunFilter::default() }).unwrap();
    assert_eq!(page.next.as_deref(), Some(second.id.as_str()));
    assert_eq!(ids(&RunFilter { limit: 2, after: page.next, ..RunFilter::default() }), std::slice::from_ref(&first.id));
    let wrong = RunFilter { pipeline: Some("orders".to_owned()), ..RunFilter::default() };
    assert_eq!(runs.list(&wrong).unwrap_err().code(), Code::InvalidRef);

    let record = runs.get(&failed.id).unwrap();
    assert_eq!((record.status, record.error_code.as_deref()), (Status::Failed, Some("EXECUTION_FAILED")));
    let report = runs.report(&first.id).unwrap().unwrap();
    assert_eq!((report["status"].as_str(), report["rows_written"].as_u64()), (Some("success"), Some(1)));
    assert!(!runs.logs(&first.id, 0).unwrap().is_empty());
    assert!(runs.tests(&first.id).unwrap().is_empty());
    for missing in [runs.get("x").map(drop), runs.report("x").map(drop), runs.logs("x", 0).map(drop), runs.tests("x").map(drop)] {
        assert_eq!(missing.unwrap_err().code(), Code::RunNotFound);
    }
}

#[tokio::test]
async fn files_are_put_into_a_zone_seen_ingested_and_brought_back() {
    let shop = Shop::new(&[(
        "default/pipelines/bronze/orders/pipeline.sql",
        "-- @merge_strategy: append_only\n-- @archive_landing_zones: true\nselect * from read_csv_auto('{{ landing_zone(\"orders\") }}')",
    )])
    .await;
    let landing = shop.lake.landing();
    assert!(landing.zones().await.unwrap().is_empty());
    assert_eq!(landing.files("orders").await.unwrap_err().code(), Code::UnknownZone);
    assert_eq!(landing.put("orders", "monday.csv", "id,name\n1,Ada\n2,Bob\n").await.unwrap(), "default/landing/orders/monday.csv");
    landing.put("orders", "_samples/one.csv", "id,name\n7,Sam\n").await.unwrap();
    for (zone, file, code) in [
        ("Orders", "a.csv", Code::InvalidName),
        ("orders", "../a.csv", Code::InvalidArgument),
        ("orders", ".hidden.csv", Code::InvalidArgument),
        ("orders", "_processed/a.csv", Code::InvalidArgument),
    ] {
        assert_eq!(landing.put(zone, file, "x").await.unwrap_err().code(), code, "{zone}/{file}");
    }
    let zones = landing.zones().await.unwrap();
    assert_eq!(zones.iter().map(|z| (z.name.as_str(), z.files, z.bytes)).collect::<Vec<_>>(), [("orders", 1, 20)]);
    let names = |files: Vec<rat_core::ZoneFile>| files.into_iter().map(|f| f.name).collect::<Vec<_>>();
    assert_eq!(names(landing.files("orders").await.unwrap()), ["monday.csv"]);
    assert_eq!(names(landing.samples("orders").await.unwrap()), ["_samples/one.csv"]);

    let run = shop.run("bronze.orders").await;
    assert_eq!(run.rows_written, 2);
    assert!(landing.files("orders").await.unwrap().is_empty());
    let restored = landing.restore("orders", Some("no such run")).await.unwrap();
    assert!(restored.files.is_empty());
    landing.put("orders", "tuesday.csv", "id,name\n3,Cy\n").await.unwrap();
    let restored = landing.restore("orders", Some(&run.id)).await.unwrap();
    assert_eq!(restored.files, ["default/landing/orders/monday.csv"]);
    // They still count as consumed.
    assert_eq!(shop.run("bronze.orders").await.rows_written, 1);
    landing.put("orders", "wednesday.csv", "id,name\n4,Di\n").await.unwrap();
    landing.remove("orders", "wednesday.csv").await.unwrap();
    assert!(landing.files("orders").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_preview_of_a_zone_shows_its_samples_else_its_files() {
    let shop = Shop::new(&[
        ("default/landing/orders/a.csv", "id,name\n1,Ada\n2,Bob\n3,Cy\n"),
        ("default/landing/events/a.ndjson", "{\"id\": 1}\n{\"id\": 2}\n"),
        ("default/landing/notes/a.docx", "x"),
        ("default/landing/empty/_processed/run/a.csv", "id\n1\n"),
        ("default/landing/bad/a.json", "[{\"id\": 1},"),
    ])
    .await;
    let landing = shop.lake.landing();
    let preview = landing.preview("orders", 2).await.unwrap();
    assert_eq!(rows(&preview), ["1|Ada", "2|Bob"]);
    assert_eq!(preview.schema.field(0).name(), "id");
    shop.write("default/landing/orders/_samples/s.csv", "id,name\n9,Sam\n");
    assert_eq!(rows(&landing.preview("orders", 10).await.unwrap()), ["9|Sam"]);
    assert_eq!(rows(&landing.preview("events", 10).await.unwrap()), ["1", "2"]);
    for (zone, code) in
        [("notes", Code::InvalidArgument), ("empty", Code::EmptyZone), ("bad", Code::MalformedFile), ("nothing", Code::UnknownZone)]
    {
        assert_eq!(landing.preview(zone, 10).await.unwrap_err().code(), code, "{zone}");
    }
}

#[tokio::test]
async fn namespaces_are_folders_and_what_the_catalog_holds() {
    let shop = shop().await;
    assert_eq!(shop.lake.namespaces().list().await.unwrap(), ["crm", "default"]);
    let empty = Shop::new(&[("macros/a.sql", ""), ("Not A Name/x.txt", "")]).await;
    assert_eq!(empty.lake.namespaces().list().await.unwrap(), ["default"]);
}

#[tokio::test]
async fn a_lake_for_reading_shows_and_does_not_touch() {
    let shop = Shop::new(&[("default/landing/orders/a.csv", "id\n1\n")]).await;
    let path = shop.folder.path().to_string_lossy().into_owned();
    let reader = rat_core::Lake::builder(&path).read_only().open().await.unwrap();
    assert_eq!(reader.landing().files("orders").await.unwrap().len(), 1);
    assert_eq!(reader.landing().put("orders", "b.csv", "id\n").await.unwrap_err().code(), Code::ReadOnlyLake);
    assert_eq!(reader.landing().remove("orders", "a.csv").await.unwrap_err().code(), Code::ReadOnlyLake);
    assert_eq!(reader.landing().restore("orders", None).await.unwrap_err().code(), Code::ReadOnlyLake);
    reader.close();
    assert_eq!(reader.landing().zones().await.unwrap_err().code(), Code::Closed);
    assert_eq!(reader.namespaces().list().await.unwrap_err().code(), Code::Closed);
    assert_eq!(reader.tables().list().await.unwrap_err().code(), Code::Closed);
}
