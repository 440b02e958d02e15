//! Rows before anything is written: of a pipeline, of an editor's text, over samples, within the limits of a query.

use std::fs;
use std::path::Path;

use rat_core::error::Code;
use rat_core::{Lake, Preview, PreviewOptions, Refresh, RunFilter};

use super::support::{Shop, rows};

async fn shop() -> Shop {
    Shop::new(&[
        ("macros/money.sql", "{% macro cents(column) %}cast({{ column }} * 100 as bigint){% endmacro %}"),
        ("default/pipelines/bronze/orders/pipeline.sql", "select * from range(250) t(id)"),
        (
            "default/pipelines/silver/orders/pipeline.sql",
            "-- @merge_strategy: incremental\n-- @unique_key: id\n-- @watermark_column: id\nselect id, {{ cents('id') }} as cents from {{ ref('bronze.orders') }}\n\
             {% if watermark_value %}where id > {{ watermark_value }}{% endif %}\norder by id",
        ),
        ("default/pipelines/silver/landed/pipeline.sql", "-- @archive_landing_zones: true\nselect id, word from read_csv_auto('{{ landing_zone(\"in\") }}') order by id"),
        ("default/pipelines/gold/later/pipeline.sql", "select count(*) as n from {{ ref('silver.orders') }}"),
        ("default/landing/in/a.csv", "id,word\n1,landed\n2,landed\n"),
        ("default/landing/in/_samples/s.csv", "id,word\n9,sample\n"),
    ])
    .await
}

fn sql(sql: &str) -> PreviewOptions {
    PreviewOptions { sql: Some(sql.to_owned()), ..PreviewOptions::default() }
}

async fn preview(shop: &Shop, pipeline: &str, options: &PreviewOptions) -> Preview {
    shop.lake.preview(Some(pipeline), options).await.unwrap()
}

/// Everything in a folder, with its bytes, but for the databases' own files.
fn all(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let files = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().filter_map(Result::ok).filter(|e| e.file_type().is_file());
    let mut all: Vec<_> = files.map(|file| (file.path().display().to_string(), fs::read(file.path()).unwrap())).collect();
    all.retain(|(path, _)| !path.ends_with("-wal") && !path.ends_with("-shm"));
    all
}

#[tokio::test]
async fn a_pipeline_shows_its_first_rows_and_what_they_took() {
    let shop = shop().await;
    let shown = preview(&shop, "bronze.orders", &PreviewOptions::default()).await;
    assert_eq!((shown.data.num_rows(), shown.row_count), (100, None), "whether there are more is not known");
    assert_eq!(shown.columns.iter().map(|c| (c.name.as_str(), c.data_type.as_str())).collect::<Vec<_>>(), [("id", "BIGINT")]);
    assert_eq!(shown.phases.iter().map(|phase| phase.phase).collect::<Vec<_>>(), ["plan", "execute"]);
    assert!(shown.plan.contains("Limit") && shown.warnings.is_empty(), "{shown:?}");

    let counted = preview(&shop, "bronze.orders", &PreviewOptions { count: true, limit: 3, ..PreviewOptions::default() }).await;
    assert_eq!((counted.data.num_rows(), counted.row_count), (3, Some(250)));
    assert_eq!(counted.phases.last().unwrap().phase, "count");
    let whole = preview(&shop, "bronze.orders", &PreviewOptions { limit: 1000, ..PreviewOptions::default() }).await;
    assert_eq!((whole.data.num_rows(), whole.row_count), (250, Some(250)), "all of them are shown");
    let none = preview(&shop, "bronze.orders", &PreviewOptions { limit: 0, count: true, ..PreviewOptions::default() }).await;
    assert_eq!((none.data.num_rows(), none.row_count, none.columns.len()), (0, Some(250), 1));
}

#[tokio::test]
async fn a_preview_is_the_next_run_and_writes_nothing() {
    let shop = shop().await;
    shop.run("bronze.orders").await;
    let first = preview(&shop, "silver.orders", &PreviewOptions { limit: 2, ..PreviewOptions::default() }).await;
    assert_eq!(rows(&first.data), ["0|0", "1|100"]);
    shop.run("silver.orders").await;
    let before = all(shop.folder.path());
    let next = preview(&shop, "silver.orders", &PreviewOptions { count: true, ..PreviewOptions::default() }).await;
    assert_eq!((next.data.num_rows(), next.row_count), (0, Some(0)), "the next run has nothing after the watermark");
    let rebuilt = PreviewOptions { refresh: Refresh::Full, count: true, limit: 1, ..PreviewOptions::default() };
    assert_eq!(preview(&shop, "silver.orders", &rebuilt).await.row_count, Some(250), "a rebuild begins without one");
    let edited = "-- @merge_strategy: incremental\n-- @unique_key: id\nselect max(id) as id, (select count(*) from {{ this }}) as stored\nfrom {{ ref('bronze.orders') }}";
    assert_eq!(rows(&preview(&shop, "silver.orders", &sql(edited)).await.data), ["249|250"]);
    let from = |id: i32| PreviewOptions { vars: [("from".to_owned(), id.into())].into(), ..sql("select {{ var('from') }} as id") };
    assert_eq!(rows(&preview(&shop, "bronze.orders", &from(7)).await.data), ["7"]);
    let alone = shop.lake.preview(None, &sql("select {{ cents('sum(id)') }} as c from {{ ref('silver.orders') }}")).await.unwrap();
    assert_eq!(rows(&alone.data), ["3112500"]);
    assert_eq!(all(shop.folder.path()), before, "nothing was written");
    assert_eq!(shop.lake.runs().list(&RunFilter::default()).unwrap().runs.len(), 2);
    let reader = Lake::builder(&shop.folder.path().to_string_lossy()).read_only().open().await.unwrap();
    assert_eq!(rows(&reader.preview(None, &sql("select 1 as one")).await.unwrap().data), ["1"]);
}

#[tokio::test]
async fn landing_zones_show_their_samples_and_lose_no_file() {
    let shop = shop().await;
    assert_eq!(rows(&preview(&shop, "silver.landed", &PreviewOptions::default()).await.data), ["9|sample"]);
    fs::remove_dir_all(shop.folder.path().join("default/landing/in/_samples")).unwrap();
    assert_eq!(rows(&preview(&shop, "silver.landed", &PreviewOptions::default()).await.data), ["1|landed", "2|landed"]);
    assert!(shop.folder.path().join("default/landing/in/a.csv").exists());
    shop.write("default/landing/in/b.csv", "id,word\n3,x\nthree,y\n");
    let refusing =
        "select id from read_csv('{{ landing_zone(\"in\") }}', columns = {'id': 'INTEGER', 'word': 'VARCHAR'}, ignore_errors = true)";
    let shown = preview(&shop, "silver.landed", &sql(refusing)).await;
    assert_eq!(shown.data.num_rows(), 3);
    assert_eq!(shown.warnings.iter().map(|warning| warning.code).collect::<Vec<_>>(), [Code::MalformedFile]);
    let gone = shop.lake.preview(None, &sql("select * from read_csv_auto('{{ landing_zone(\"inn\") }}')")).await.unwrap_err();
    assert_eq!(gone.code(), Code::UnknownZone);
}

#[tokio::test]
async fn what_cannot_be_shown_says_why_and_where() {
    let shop = shop().await;
    let refused = async |pipeline: Option<&str>, options: &PreviewOptions| shop.lake.preview(pipeline, options).await.unwrap_err();
    let error = refused(Some("gold.later"), &PreviewOptions::default()).await;
    assert_eq!((error.code(), error.help()), (Code::NotBuilt, "build it with what it reads: `rat build +silver.orders`"));
    assert_eq!(refused(Some("gold.latr"), &PreviewOptions::default()).await.code(), Code::PipelineNotFound);
    assert_eq!(refused(Some("gold.latr"), &sql("select 1 as a")).await.code(), Code::PipelineNotFound);
    assert_eq!(refused(None, &PreviewOptions::default()).await.code(), Code::InvalidArgument);
    let error = refused(Some("gold.later"), &sql("select\n  nothing from {{ ref('bronze.ordrs') }}")).await;
    assert_eq!((error.code(), error.diagnostics()[0].start()), (Code::UnknownRef, Some((2, 23))));
    shop.run("bronze.orders").await;
    let error = refused(Some("gold.later"), &sql("select\n  nothing from {{ ref('bronze.orders') }}")).await;
    assert_eq!((error.code(), error.diagnostics()[0].start()), (Code::UnknownColumn, Some((2, 3))));
    assert_eq!(error.diagnostics()[0].path(), Some("default/pipelines/gold/later/pipeline.sql"));
    assert_eq!(refused(None, &sql("drop table bronze.orders")).await.code(), Code::NotReadOnly);
    assert_eq!(refused(None, &sql("select * from read_csv_auto('/etc/passwd')")).await.code(), Code::NotALandingZone);
    assert_eq!(refused(None, &sql("select 1 as a {% for i in range(100000000) %}{% endfor %}")).await.code(), Code::TemplateLimit);
    assert_eq!(refused(None, &sql(&format!("select 1 -- {}", "x".repeat(100_000)))).await.code(), Code::QueryTooLong);
    assert_eq!(refused(None, &sql("select cast('x' as int) as a")).await.code(), Code::ExecutionFailed);
    shop.lake.close();
    assert_eq!(refused(Some("bronze.orders"), &PreviewOptions::default()).await.code(), Code::Closed);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limits_of_a_query_hold() {
    let shop = shop().await;
    let with = async |engine: serde_json::Value| {
        let builder = Lake::builder(&shop.folder.path().to_string_lossy());
        builder.settings(serde_json::json!({ "engine": engine })).open().await.unwrap()
    };
    let endless = sql("select count(*) as n from range(10000000) a, range(10000000) b where (a.range * b.range) % 7 = 3");
    let hasty = with(serde_json::json!({ "query_timeout": "50ms" })).await;
    assert_eq!(hasty.preview(None, &endless).await.unwrap_err().code(), Code::TimedOut);
    let many = PreviewOptions { limit: 100_000, ..sql("select * from range(100000) t(id)") };
    let narrow = with(serde_json::json!({ "query_bytes": "64KiB" })).await;
    assert_eq!(narrow.preview(None, &many).await.unwrap_err().code(), Code::ResultTooLarge);
    let sorted = PreviewOptions { limit: 1_000_000, ..sql("select id from range(300000) t(id) order by id % 1000, id desc") };
    let shown = shop.lake.preview(None, &sorted).await.unwrap();
    assert!(shown.peak_memory_bytes > 300_000 * 8, "{}", shown.peak_memory_bytes);
    assert!(shop.lake.preview(None, &sql("select 1 as one")).await.unwrap().peak_memory_bytes < shown.peak_memory_bytes);
    let small = with(serde_json::json!({ "memory": "1MiB", "scratch_quota": "1MiB" })).await;
    let joined = sql("select count(*) as n from range(5000000) a join range(5000000) b on a.range = b.range");
    assert_eq!(small.preview(None, &joined).await.unwrap_err().code(), Code::OutOfMemory);
}
