//! Runs whose rows do not fit the memory they may use.

use std::sync::Arc;
use std::time::Duration;

use rat_core::clock::Clock;
use rat_core::error::Code;
use rat_core::interop::session::{Options, Session};

use super::harness::Lake;

/// A lake whose queries share this much memory.
fn lake(bytes: usize, files: &[(&str, &str)]) -> Lake {
    let mut lake = Lake::new(files);
    let options = Options { memory_bytes: Some(bytes), partitions: Some(2), ..Options::default() };
    let session = Session::open(Arc::clone(&lake.clock) as Arc<dyn Clock>, &options).unwrap();
    session.register_storage(&lake.storage);
    lake.context.session = session;
    lake
}

/// A query over two sides of some 14 MiB.
fn over_two_sides(query: &str) -> String {
    let side = |letter: &str| format!("SELECT range AS id, repeat('{letter}', 20) || range AS f FROM range(0, 400000)");
    query.replace("{left}", &side("x")).replace("{right}", &side("y"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_sorting_would_answer_wrongly_is_out_of_memory() {
    // NOT IN over a column with NULL is never true.
    let query = over_two_sides("SELECT f FROM ({left}) AS a WHERE f NOT IN (SELECT nullif(f, 'y0') FROM ({right}) AS b)");
    let lake = lake(6 << 20, &[("silver/t/pipeline.sql", &query)]);
    let report = lake.run("silver.t").await;
    assert_eq!(report.error.as_ref().map(rat_core::error::Error::code), Some(Code::OutOfMemory), "{report:?}");
    assert_eq!(lake.rows("silver.t").await, None);
    assert!(lake.data_files().is_empty());
}

/// Long for any run that ends, and short for one that never would.
const PATIENCE: Duration = Duration::from_secs(300);

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_spilled_between_tasks_never_stop_a_run() {
    let join = over_two_sides("SELECT a.f, b.f AS g FROM ({left}) AS a JOIN ({right}) AS b ON a.id = b.id");
    let groups = over_two_sides("SELECT f, count(*) AS n FROM ({left}) AS a WHERE id < 100000 GROUP BY f");
    for (query, rows, pools) in [(join, 400_000, [8, 8, 12, 20].as_slice()), (groups, 100_000, &[2, 2])] {
        for mib in pools {
            let lake = lake(*mib << 20, &[("silver/t/pipeline.sql", &query)]);
            let report = tokio::time::timeout(PATIENCE, lake.run("silver.t")).await;
            let report = report.unwrap_or_else(|_| panic!("with {mib} MiB it never ends: {query}"));
            match report.error {
                None => assert_eq!(report.rows_written, rows, "{mib} MiB: {query}"),
                Some(error) => assert_eq!(error.code(), Code::OutOfMemory, "{mib} MiB: {query}"),
            }
        }
    }
}
