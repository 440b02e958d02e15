//! `compile`: one pipeline's SQL as its next run would have it, and all that is known of it.

use std::collections::BTreeMap;

use rat_core::error::Code;
use rat_core::{CheckOptions, CompileOptions, Compiled, Refresh, RunOptions};
use serde_json::json;

use super::support::Shop;

const EVENTS: &str = "-- @merge_strategy: append_only\n-- @watermark_column: at\n\
    select id, cast(at as timestamp) as at from {{ ref('bronze.raw') }}\n\
    {% if watermark_value %}where at > '{{ watermark_value }}'{% endif %}";

async fn shop() -> Shop {
    Shop::new(&[
        ("rat.toml", "[vars]\ncolour = \"red\"\n"),
        ("default/pipelines/bronze/raw/pipeline.sql", "select 1 as id, '2024-03-01 10:00:00' as at"),
        ("default/pipelines/silver/events/pipeline.sql", EVENTS),
        ("default/pipelines/silver/events/config.yaml", "tests:\n  - not_null: [id]\ndescription: What happened\n"),
        ("default/pipelines/silver/events/tests/quality/positive.sql", "select * from {{ this }} where id <= 0"),
        ("default/pipelines/gold/colour/pipeline.sql", "select '{{ var('colour') }}' as colour"),
        (
            "default/pipelines/gold/files/pipeline.sql",
            "-- @archive_landing_zones: true\nselect * from read_csv_auto('{{ landing_zone(\"orders\") }}')",
        ),
        ("default/landing/orders/a.csv", "id,name\n1,Ada\n"),
    ])
    .await
}

async fn compile(shop: &Shop, pipeline: &str, options: CompileOptions) -> Compiled {
    shop.lake.compile(pipeline, &options).await.unwrap()
}

#[tokio::test]
async fn everything_known_of_a_pipeline_without_running_it() {
    let shop = shop().await;
    let compiled = compile(&shop, "silver.events", CompileOptions::default()).await;
    assert_eq!(compiled.diagnostics, []);
    assert!(!compiled.sql.as_deref().unwrap().contains("where"), "{:?}", compiled.sql);
    assert_eq!(compiled.dependencies.iter().map(ToString::to_string).collect::<Vec<_>>(), ["default.bronze.raw"]);
    let columns: Vec<String> = compiled.schema.iter().flatten().map(|c| format!("{} {}", c.name, c.data_type)).collect();
    assert_eq!(columns, ["id BIGINT", "at TIMESTAMP"]);
    assert_eq!(compiled.lineage[1].from[0].column, "at");
    assert_eq!(compiled.tests[0].path, "default/pipelines/silver/events/tests/quality/positive.sql");
    assert!(compiled.tests[0].sql.contains("\"default\".\"silver\".\"events\""));
    let json = serde_json::to_value(&compiled).unwrap();
    let setting = |key: &str| json["config"].as_array().unwrap().iter().find(|c| c["key"] == key).unwrap().clone();
    assert_eq!(
        setting("merge_strategy"),
        json!({"key": "merge_strategy", "value": "append_only", "origin": {"path": "default/pipelines/silver/events/pipeline.sql", "line": 1}})
    );
    assert_eq!(setting("description")["origin"]["line"], 3);
    assert_eq!(setting("write_mode"), json!({"key": "write_mode", "value": "auto", "origin": null}));
    assert_eq!(json["schema"][0], json!({"name": "id", "type": "BIGINT", "nullable": true}));

    let files = compile(&shop, "gold.files", CompileOptions::default()).await;
    assert_eq!(serde_json::to_value(&files.landing_zones).unwrap(), json!([{"zone": "orders", "new_only": true}]));
    assert_eq!(files.schema.unwrap().len(), 2);
}

#[tokio::test]
async fn the_next_run_of_a_table_that_is_there_has_its_watermark() {
    let shop = shop().await;
    shop.run("bronze.raw").await;
    shop.run("silver.events").await;
    let next = compile(&shop, "silver.events", CompileOptions::default()).await;
    assert!(next.sql.as_deref().unwrap().contains("where at > '2024-03-01 10:00:00'"), "{:?}", next.sql);
    let rebuild = compile(&shop, "silver.events", CompileOptions { refresh: Refresh::Full, ..CompileOptions::default() }).await;
    assert!(!rebuild.sql.unwrap().contains("where"));
}

#[tokio::test]
async fn a_text_and_variables_of_the_caller_are_compiled_and_forgotten() {
    let shop = shop().await;
    let vars = CompileOptions { vars: BTreeMap::from([("colour".to_owned(), "blue".into())]), ..CompileOptions::default() };
    assert_eq!(compile(&shop, "gold.colour", vars).await.sql.as_deref(), Some("select 'blue' as colour"));
    let text = |sql: &str| CompileOptions { sql: Some(sql.to_owned()), ..CompileOptions::default() };
    let other = compile(&shop, "silver.events", text("select at, idd from {{ ref('bronze.raw') }}")).await;
    assert_eq!(other.diagnostics.iter().map(|d| (d.code, d.start())).collect::<Vec<_>>(), [(Code::UnknownColumn, Some((1, 12)))]);
    assert_eq!(other.diagnostics[0].path(), Some("default/pipelines/silver/events/pipeline.sql"));
    let broken = compile(&shop, "silver.events", text("select {{ nope")).await;
    assert_eq!((broken.sql, broken.diagnostics[0].code), (None, Code::TemplateSyntax));
    let zone = compile(&shop, "gold.colour", text("select name from read_csv_auto('{{ landing_zone(\"orders\") }}')")).await;
    assert_eq!((zone.diagnostics.len(), zone.schema.unwrap()[0].name.as_str()), (0, "name"));
    assert!(shop.lake.check(&CheckOptions::default()).await.unwrap().ok);
    assert_eq!(compile(&shop, "gold.colour", CompileOptions::default()).await.sql.as_deref(), Some("select 'red' as colour"));
    let missing = shop.lake.compile("gold.color", &CompileOptions::default()).await.unwrap_err();
    assert_eq!((missing.code(), missing.help()), (Code::PipelineNotFound, "did you mean `gold.colour`?"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_states_of_one_project_compiled_at_once_do_not_mix() {
    let shop = shop().await;
    let text = |n: usize| CompileOptions { sql: Some(format!("select {n} as c{n}")), ..CompileOptions::default() };
    let compiled = futures::future::join_all((0..16).map(|n| {
        let (lake, options) = (shop.lake.clone(), text(n));
        tokio::spawn(async move { lake.compile("gold.colour", &options).await.unwrap() })
    }))
    .await;
    for (n, compiled) in compiled.into_iter().enumerate() {
        assert_eq!(compiled.unwrap().schema.unwrap()[0].name, format!("c{n}"));
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_whole_project_is_an_error_of_every_verb_that_runs() {
    let shop = shop().await;
    shop.write("rat.toml", "[vars\n");
    assert_eq!(shop.lake.run("gold.colour", &RunOptions::default()).await.unwrap_err().code(), Code::InvalidToml);
    assert_eq!(shop.lake.compile("gold.colour", &CompileOptions::default()).await.unwrap_err().code(), Code::InvalidToml);
    shop.write("rat.toml", "[vars]\ncolour = \"green\"\n");
    shop.run("gold.colour").await;
    assert_eq!(shop.rows("select * from gold.colour").await, ["green"]);
    shop.write("default/pipelines/gold/colour/pipeline.sql", "select * from {{ ref('gold.colour') }}");
    assert_eq!(shop.lake.run("bronze.raw", &RunOptions::default()).await.unwrap_err().code(), Code::Cycle);
}
