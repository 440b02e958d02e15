//! Stored queries.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use rat_core::interop::tables::{EntryKind, NewView, PublishError, Relation, Tables, View};
use rat_core::name::Name;

use super::support::{append, batch, files, ids, memory, name, orders, stage_append};

fn query(sql: &str) -> NewView {
    NewView {
        sql: sql.to_owned(),
        schema: Arc::new(Schema::new(vec![Field::new("id", DataType::Int64, true)])),
        depends_on: vec![name("bronze.raw")],
        summary: BTreeMap::from([("rat.run-id".to_owned(), "r1".to_owned())]),
    }
}

async fn store(tables: &Tables, name: &Name, sql: &str) -> Result<View, PublishError> {
    let staged = tables.stage_view(name, &query(sql)).await.unwrap();
    Ok(tables.publish_with_views(Vec::new(), vec![staged]).await?.views.remove(0))
}

#[tokio::test]
async fn a_view_is_stored_replaced_and_dropped() {
    let tables = memory();
    let view = store(&tables, &orders(), "select 1 as id").await.unwrap();
    assert_eq!((view.sql(), view.depends_on(), view.summary()["rat.run-id"].as_str()), ("select 1 as id", vec![name("bronze.raw")], "r1"));
    assert!(tables.load(&orders()).await.unwrap().is_none(), "a view is no table");
    store(&tables, &orders(), "select 2 as id").await.unwrap();
    let loaded = tables.view(&orders()).await.unwrap().unwrap();
    assert_eq!(loaded.sql(), "select 2 as id");
    assert_eq!(loaded.metadata().versions().len(), 2);
    assert_eq!(tables.list().await.unwrap()[0].kind, EntryKind::View);
    assert!(tables.drop(&orders()).await.unwrap());
    assert!(tables.find(&orders()).await.unwrap().is_none());
}

#[tokio::test]
async fn two_who_replace_one_view_do_not_overwrite_each_other() {
    let tables = memory();
    store(&tables, &orders(), "select 1 as id").await.unwrap();
    let late = tables.stage_view(&orders(), &query("select 2 as id")).await.unwrap();
    store(&tables, &orders(), "select 3 as id").await.unwrap();
    let before = files(&tables, &orders()).await;
    assert!(matches!(tables.publish_with_views(Vec::new(), vec![late]).await, Err(PublishError::Conflict { .. })));
    assert_eq!(tables.view(&orders()).await.unwrap().unwrap().sql(), "select 3 as id");
    assert_eq!(files(&tables, &orders()).await, before);
}

#[tokio::test]
async fn tables_and_views_are_published_together() {
    let tables = memory();
    let staged = stage_append(&tables, &orders(), batch([1])).await;
    let view = tables.stage_view(&name("gold.v"), &query("select id from silver.orders")).await.unwrap();
    let published = tables.publish_with_views(vec![staged], vec![view]).await.unwrap();
    assert_eq!((published.tables.len(), published.views.len()), (1, 1));
    assert_eq!(tables.list().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_table_that_became_a_view_comes_back_with_its_rows() {
    let tables = memory();
    append(&tables, &orders(), batch(0..3)).await;
    let view = store(&tables, &orders(), "select 1 as id").await.unwrap();
    let Some(Relation::View(_)) = tables.find(&orders()).await.unwrap() else { panic!("it is a view") };
    let shelved = tables.shelved(&view).await.unwrap().unwrap();
    assert_eq!(ids(&shelved).await, [0, 1, 2]);
    let target = tables.evolve(&shelved, Default::default()).unwrap().replacing_view(&view);
    let change = super::support::change(&tables, target, batch([7]), rat_core::interop::tables::Remove::None).await;
    let table = tables.publish(vec![tables.stage(change).await.unwrap()]).await.unwrap().remove(0);
    assert_eq!(ids(&table).await, [0, 1, 2, 7]);
    assert_eq!(ids(&tables.get(&orders()).await.unwrap()).await, [0, 1, 2, 7]);
}
