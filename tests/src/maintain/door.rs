//! `lake.maintain`: a lake as a user has it, read by another engine afterwards.

use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use rat_core::clock::{Clock, ManualClock};
use rat_core::error::Code;
use rat_core::{Lake, MaintainOptions, QueryOptions, RunOptions};

use super::{HOUR, LATER};

#[tokio::test]
async fn a_lake_is_maintained_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let pipeline = folder.path().join("default/pipelines/gold/events");
    fs::create_dir_all(&pipeline).unwrap();
    let sql = "-- @merge_strategy: append_only\n-- @watermark_column: id\n\
               SELECT id FROM (SELECT coalesce(try_cast('{{ watermark_value or '' }}' AS BIGINT), 0) + 1 AS id)";
    fs::write(pipeline.join("pipeline.sql"), sql).unwrap();
    let clock = Arc::new(ManualClock::at(chrono::DateTime::from_timestamp(LATER, 0).unwrap()));
    let path = folder.path().to_str().unwrap();
    let lake = Lake::builder(path).clock(Arc::<ManualClock>::clone(&clock) as Arc<dyn Clock>).open().await.unwrap();
    let run = async || {
        lake.run("gold.events", &RunOptions::default()).await.unwrap().into_result().unwrap();
        clock.advance(HOUR);
    };
    for _ in 0..6 {
        run().await;
    }
    let options = MaintainOptions {
        relocate: false,
        select: Some(vec!["gold.events".to_owned()]),
        keep_snapshots: Some(1),
        keep_for: Some(Duration::ZERO),
        orphan_grace: Some(Duration::ZERO),
        dry_run: true,
    };
    let dry = lake.maintain(&options).await.unwrap().into_result().unwrap();
    assert!(dry.dry_run);
    assert_eq!((dry.tables[0].files_rewritten, dry.tables[0].snapshots_expired), (6, 5));
    let done = lake.maintain(&MaintainOptions { dry_run: false, ..options.clone() }).await.unwrap().into_result().unwrap();
    assert_eq!((done.tables[0].files_rewritten, done.tables[0].files_written), (6, 1));
    run().await;
    let answer = lake.query("SELECT count(*), sum(id), max(id) FROM gold.events", &QueryOptions::default()).await.unwrap();
    let shown = arrow::util::pretty::pretty_format_batches(&answer.batches).unwrap().to_string();
    assert!(shown.contains("| 7 ") && shown.contains("| 28 "), "the watermark went on: {shown}");

    let unknown = lake.maintain(&MaintainOptions { select: Some(vec!["gold.evnts".to_owned()]), ..MaintainOptions::default() }).await;
    assert_eq!(unknown.unwrap_err().code(), Code::PipelineNotFound);
    let reader = Lake::builder(path).read_only().open().await.unwrap();
    assert_eq!(reader.maintain(&MaintainOptions::default()).await.unwrap_err().code(), Code::ReadOnlyLake);

    let Some(python) = crate::scan::interop::python() else { return };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/interop/read_lake.py");
    let output = Command::new(python).args([script, path, "events"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("7|28"), "{text}");
}
