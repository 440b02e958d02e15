//! The past of a table: reading it, naming it, going back to it; and a table that is dropped.

use std::time::Duration;

use rat_core::error::Code;
use rat_core::{AsOf, BuildOptions, QueryOptions, ReferenceKind, RunOptions};

use super::support::{Shop, rows};

const COUNTER: &str = "-- @merge_strategy: incremental\n-- @unique_key: id\n-- @watermark_column: id\n\
    select {% if watermark_value %}{{ watermark_value }} + 1{% else %}1{% endif %} as id";

async fn shop() -> Shop {
    Shop::new(&[
        ("default/pipelines/silver/counter/pipeline.sql", COUNTER),
        ("default/pipelines/gold/view/pipeline.sql", "-- @materialized: view\nselect max(id) as highest from {{ ref('silver.counter') }}"),
    ])
    .await
}

async fn as_of(shop: &Shop, sql: &str, moment: &str) -> Result<Vec<String>, (Code, String)> {
    let options = QueryOptions { as_of: Some(moment.to_owned()), ..QueryOptions::default() };
    let result = shop.lake.query(sql, &options).await;
    result.map(|result| rows(&result)).map_err(|error| (error.code(), error.message().to_owned()))
}

#[test]
fn moments_as_people_write_them() {
    let time = |text: &str| AsOf::Time(text.parse().unwrap());
    assert_eq!(AsOf::parse("2024-02-01").unwrap(), time("2024-02-01T00:00:00Z"));
    assert_eq!(AsOf::parse("2024-02-01 10:30").unwrap(), time("2024-02-01T10:30:00Z"));
    assert_eq!(AsOf::parse("2024-02-01 10:30:00.25").unwrap(), time("2024-02-01T10:30:00.25Z"));
    assert_eq!(AsOf::parse("2024-02-01T10:30:00+02:00").unwrap(), time("2024-02-01T08:30:00Z"));
    assert_eq!(AsOf::parse(" 42 ").unwrap(), AsOf::Snapshot(42));
    assert_eq!(AsOf::parse("before-the-change").unwrap(), AsOf::Reference("before-the-change".to_owned()));
    for wrong in ["", "2024-13-01", "12:00"] {
        assert_eq!(AsOf::parse(wrong).unwrap_err().code(), Code::InvalidArgument, "{wrong}");
    }
}

#[tokio::test]
async fn a_query_sees_a_time_a_snapshot_or_a_tag() {
    let shop = shop().await;
    let first = shop.run("silver.counter").await.snapshot_id.unwrap();
    shop.clock.advance(Duration::from_secs(3600));
    shop.run("silver.counter").await;
    shop.run("gold.view").await;
    shop.lake.tables().tag("silver.counter", "beginning", Some(first)).await.unwrap();
    let sql = "select count(*) from silver.counter";
    assert_eq!(shop.rows(sql).await, ["2"]);
    for moment in ["2024-02-01 00:30:00", &first.to_string(), "beginning"] {
        assert_eq!(as_of(&shop, sql, moment).await.unwrap(), ["1"], "{moment}");
        assert_eq!(as_of(&shop, "select highest from gold.view", moment).await.unwrap(), ["1"], "a view at {moment}");
    }
    assert_eq!(as_of(&shop, sql, "2024-02-01 01:00:00").await.unwrap(), ["2"]);
    assert_eq!(as_of(&shop, sql, "main").await.unwrap(), ["2"]);
    for wrong in ["2024-01-31", "7", "no-such-tag", "99:99"] {
        assert_eq!(as_of(&shop, sql, wrong).await.unwrap_err().0, Code::InvalidArgument, "{wrong}");
    }
    let stated = shop.lake.query("select * from silver.counter for version as of 1", &QueryOptions::default()).await.unwrap_err();
    assert_eq!((stated.code(), stated.help()), (Code::UnsupportedSql, "ask for a moment of the whole query: `as_of`"));
}

#[tokio::test]
async fn a_table_goes_back_and_its_next_run_goes_on_from_there() {
    let shop = shop().await;
    let first = shop.run("silver.counter").await.snapshot_id.unwrap();
    shop.clock.advance(Duration::from_secs(60));
    let second = shop.run("silver.counter").await;
    shop.clock.advance(Duration::from_secs(60));
    let back = shop.lake.tables().rollback("silver.counter", first).await.unwrap();
    assert_eq!((back.snapshot_id, back.row_count), (Some(first), Some(1)));
    assert_eq!(back.properties["rat.watermark"], "1");
    assert_ne!(back.properties["rat.run-id"], second.id);
    assert_eq!(shop.rows("select id from silver.counter").await, ["1"]);
    let history = shop.lake.tables().history("silver.counter").await.unwrap();
    assert_eq!(history.iter().map(|h| (h.is_current, h.is_ancestor)).collect::<Vec<_>>(), [(false, false), (true, true)]);
    // What readers saw, minute by minute.
    assert_eq!(as_of(&shop, "select count(*) from silver.counter", "2024-02-01 00:01:30").await.unwrap(), ["2"]);
    assert_eq!(as_of(&shop, "select count(*) from silver.counter", "2024-02-01 00:02:00").await.unwrap(), ["1"]);

    let next = shop.run("silver.counter").await;
    assert_eq!((next.base_snapshot_id, next.watermark.as_deref()), (Some(first), Some("2")));
    assert_eq!(shop.rows("select id from silver.counter order by id").await, ["1", "2"]);
    // There and back: nothing is lost until maintenance.
    shop.lake.tables().rollback("silver.counter", second.snapshot_id.unwrap()).await.unwrap();
    let same = shop.lake.tables().rollback("silver.counter", second.snapshot_id.unwrap()).await.unwrap();
    assert_eq!(same.snapshot_id, second.snapshot_id);
    assert_eq!(shop.lake.tables().rollback("silver.counter", 5).await.unwrap_err().code(), Code::InvalidArgument);
}

#[tokio::test]
async fn tags_and_branches_keep_their_place_and_their_rules() {
    let shop = shop().await;
    shop.run("silver.counter").await;
    let tables = shop.lake.tables();
    let tagged = tables.tag("silver.counter", "v1", None).await.unwrap();
    let first = tagged.snapshot_id.unwrap();
    tables.branch("silver.counter", "audit", None).await.unwrap();
    shop.run("silver.counter").await;
    let now = tables.get("silver.counter").await.unwrap();
    let names: Vec<_> = now.references.iter().map(|r| (r.name.as_str(), r.kind, r.snapshot_id == first)).collect();
    assert_eq!(names, [("audit", ReferenceKind::Branch, true), ("main", ReferenceKind::Branch, false), ("v1", ReferenceKind::Tag, true)]);
    assert_eq!(now.properties["rat.watermark"], "2");
    tables.tag("silver.counter", "v1", Some(first)).await.unwrap();
    for (tag, at) in [("v1", None), ("main", None), ("2024", None), ("a b", None), ("v2", Some(9))] {
        assert_eq!(tables.tag("silver.counter", tag, at).await.unwrap_err().code(), Code::InvalidArgument, "{tag}");
    }
    tables.untag("silver.counter", "v1").await.unwrap();
    for tag in ["v1", "main"] {
        assert_eq!(tables.untag("silver.counter", tag).await.unwrap_err().code(), Code::InvalidArgument, "{tag}");
    }
    assert_eq!(tables.tag("silver.nothing", "v1", None).await.unwrap_err().code(), Code::TableNotFound);
}

#[tokio::test]
async fn a_dropped_table_is_gone_and_its_pipeline_begins_again() {
    let shop = shop().await;
    shop.run("silver.counter").await;
    shop.run("silver.counter").await;
    shop.run("gold.view").await;
    shop.lake.tables().drop("silver.counter").await.unwrap();
    assert_eq!(shop.lake.tables().drop("silver.counter").await.unwrap_err().code(), Code::TableNotFound);
    let gone = shop.lake.query("select * from silver.counter", &QueryOptions::default()).await.unwrap_err();
    assert_eq!(gone.code(), Code::NotBuilt);
    let again = shop.run("silver.counter").await;
    assert_eq!((again.base_snapshot_id, again.rows_total), (None, Some(1)));
    shop.lake.tables().drop("gold.view").await.unwrap();
    shop.lake.build(&BuildOptions::default()).await.unwrap().into_result().unwrap();

    let path = shop.folder.path().to_string_lossy().into_owned();
    let reader = rat_core::Lake::builder(&path).read_only().open().await.unwrap();
    for refused in [
        reader.tables().drop("silver.counter").await.unwrap_err(),
        reader.tables().rollback("silver.counter", 1).await.map(drop).unwrap_err(),
        reader.tables().untag("silver.counter", "a").await.map(drop).unwrap_err(),
    ] {
        assert_eq!(refused.code(), Code::ReadOnlyLake);
    }
    assert_eq!(reader.run("silver.counter", &RunOptions::default()).await.unwrap_err().code(), Code::ReadOnlyLake);
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_set_by_many_at_once_are_all_there() {
    let shop = shop().await;
    shop.run("silver.counter").await;
    let tagging = (0..8).map(|n| {
        let lake = shop.lake.clone();
        tokio::spawn(async move { lake.tables().tag("silver.counter", &format!("t{n}"), None).await.map(drop) })
    });
    for tagged in futures::future::join_all(tagging).await {
        tagged.unwrap().unwrap();
    }
    assert_eq!(shop.lake.tables().get("silver.counter").await.unwrap().references.len(), 9);
}
