//! What runs make of events, batch by batch and late ones too, is what one run makes of all of them: over random histories, for each strategy that
//! follows its source by a watermark.

use rat_core::interop::run::{Refresh, RunOptions, run};

use super::model::{Random, seed, steps};
use crate::run::harness::{Lake, name};

const EVENTS: &str = "-- @merge_strategy: append_only\nSELECT CAST(seq AS BIGINT) AS seq, CAST(id AS INTEGER) AS id, CAST(day AS DATE) AS day, \
                      CAST(v AS INTEGER) AS v FROM (VALUES {{ var('rows') }}) AS t(seq, id, day, v)";
const NEW: &str = "{% if is_incremental() or is_append_only() or is_scd2() %}{% if watermark_value %}WHERE seq > {{ watermark_value }}{% endif %}{% endif %}";

/// Pipelines over the events, each with a query of which only what is new is read.
fn pipelines() -> Vec<(&'static str, String)> {
    let events = "{{ ref('bronze.events') }}";
    let touched = |strategy: &str| {
        format!(
            "{{% if {strategy}() and watermark_value %}}WHERE day IN (SELECT day FROM {events} WHERE seq > {{{{ watermark_value }}}}){{% endif %}}"
        )
    };
    vec![
        ("silver/log", format!("-- @merge_strategy: append_only\n-- @watermark_column: seq\nSELECT * FROM {events} {NEW}")),
        (
            "silver/last",
            format!(
                "-- @merge_strategy: incremental\n-- @unique_key: id\n-- @watermark_column: seq\n-- @partition_by: bucket(2, id)\nSELECT * FROM {events} {NEW}"
            ),
        ),
        (
            "silver/days",
            format!(
                "-- @merge_strategy: delete_insert\n-- @unique_key: day\n-- @watermark_column: seq\n\
                 SELECT day, max(seq) AS seq, count(*) AS n, sum(v)::bigint AS v FROM {events} {} GROUP BY day",
                touched("is_delete_insert")
            ),
        ),
        (
            "silver/kept",
            format!(
                "-- @merge_strategy: snapshot\n-- @partition_column: day\n-- @watermark_column: seq\nSELECT * FROM {events} {}",
                touched("is_snapshot")
            ),
        ),
        (
            "silver/history",
            format!(
                "-- @merge_strategy: scd2\n-- @unique_key: id\n-- @watermark_column: seq\n\
                 SELECT id, v, seq, TIMESTAMPTZ '2024-01-01 00:00:00Z' + to_seconds(seq) AS valid_from FROM {events} {NEW}"
            ),
        ),
    ]
}

#[tokio::test]
async fn incremental_runs_are_as_one_run_of_everything() {
    let mut random = Random::new(seed().unwrap_or(20_261_125));
    let pipelines = pipelines();
    let mut files: Vec<(String, &str)> = pipelines.iter().map(|(path, sql)| (format!("{path}/pipeline.sql"), sql.as_str())).collect();
    files.push(("bronze/events/pipeline.sql".to_owned(), EVENTS));
    let files: Vec<(&str, &str)> = files.iter().map(|(path, sql)| (path.as_str(), *sql)).collect();
    let mut done = 0;
    while done < steps() {
        let seed = random.seed();
        let (lake, mut seq) = (Lake::new(&files), 0);
        for _ in 0..(2 + random.below(6)) {
            let rows: Vec<String> = (0..(1 + random.below(12)))
                .map(|_| {
                    seq += 1 + random.below(3);
                    format!("({seq}, {}, '2024-02-{:02}', {})", random.below(6), 1 + random.below(5), random.below(3))
                })
                .collect();
            lake.run_rows("bronze.events", &rows.join(", ")).await;
            for (path, _) in &pipelines {
                let report = lake.run(&path.replace('/', ".")).await;
                assert!(report.is_ok(), "seed {seed}, {path}: {:?}", report.error);
                done += 1;
            }
        }
        for (path, _) in &pipelines {
            let table = path.replace('/', ".");
            let step_by_step = lake.rows(&table).await;
            let options = RunOptions { refresh: Refresh::FullWithLoss, ..RunOptions::default() };
            let report = run(&lake.context, &name(&table), &options).await.unwrap();
            assert!(report.is_ok(), "seed {seed}, {path}: {:?}", report.error);
            assert_eq!(lake.rows(&table).await, step_by_step, "seed {seed}, {path}");
        }
    }
}
