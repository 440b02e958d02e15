//! Queries over several tables at once, whose columns are alike in name and not in field id.

use rat_core::{CheckOptions, QueryOptions};

use super::support::{Shop, rows};

#[tokio::test]
async fn columns_of_tables_with_other_ids_are_united() {
    let shop = Shop::new(&[
        ("default/pipelines/silver/a/pipeline.sql", "select 1 as k, 1.5 as price, {'x': 1, 'y': 'a'} as s, [1] as l"),
        ("default/pipelines/silver/b/pipeline.sql", "select {'x': 2, 'y': 'b'} as s, [2, 3] as l, 2 as z, 2.5 as price, 1 as k"),
        ("default/pipelines/silver/t/pipeline.sql", "select 1 as k, 'morning' as meal"),
    ])
    .await;
    for pipeline in ["silver.a", "silver.b", "silver.t"] {
        shop.run(pipeline).await;
    }
    // The engine refuses an aggregate whose input says other things of its columns than were planned.
    let united = "(select price, k, s, l from silver.a union all select price, k, s, l from silver.b) u";
    let summed = format!(
        "select t.k, t.meal, sum(price) as p from {united}, silver.t t where u.k = t.k and (t.meal = 'morning' or t.meal = 'noon') group by t.k, t.meal order by p desc nulls first"
    );
    assert_eq!(shop.rows(&summed).await, ["1|morning|4.0"]);
    assert_eq!(
        shop.rows(&format!("select s, max(l) as l from {united} group by s order by s.x")).await,
        ["{x: 1, y: a}|[1]", "{x: 2, y: b}|[2, 3]"]
    );
    assert_eq!(shop.rows(&format!("select s.y, sum(s.x) as x from {united} group by s.y order by 1")).await, ["a|1", "b|2"]);
    let answer = shop.lake.query("select * from silver.a", &QueryOptions::default()).await.unwrap();
    assert_eq!(rows(&answer), ["1|1.5|{x: 1, y: a}|[1]"]);
    assert!(answer.schema.fields().iter().all(|field| field.metadata().is_empty()), "ids are the table's own: {:?}", answer.schema);
}

#[tokio::test]
async fn a_pipeline_may_look_a_value_up() {
    let looked_up = "select a.k, (select t.meal from {{ ref('silver.t') }} t where t.k = a.k) as meal from {{ ref('silver.a') }} a";
    let shop = Shop::new(&[
        ("default/pipelines/silver/a/pipeline.sql", "select unnest([1, 2]) as k"),
        ("default/pipelines/silver/t/pipeline.sql", "select 1 as k, 'morning' as meal"),
        ("default/pipelines/gold/m/pipeline.sql", looked_up),
    ])
    .await;
    let report = shop.lake.check(&CheckOptions::default()).await.unwrap();
    assert!(report.diagnostics.is_empty(), "{:?}", report.diagnostics);
    let looked_up = report.pipelines.values().find(|pipeline| pipeline.name.to_string().ends_with("gold.m")).unwrap();
    assert_eq!(looked_up.lineage[1].from.iter().map(|origin| origin.column.as_str()).collect::<Vec<_>>(), ["meal"]);
    for pipeline in ["silver.a", "silver.t", "gold.m"] {
        shop.run(pipeline).await;
    }
    assert_eq!(shop.rows("select * from gold.m order by k").await, ["1|morning", "2|"]);
}
