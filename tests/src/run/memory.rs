//! Runs whose rows do not fit the memory they may use.

use std::sync::Arc;

use rat_core::clock::Clock;
use rat_core::error::Code;
use rat_core::interop::session::{Options, Session};

use super::harness::Lake;

/// A lake whose queries share this much memory, one after another: then it is always the same operator that asks for the byte too many.
fn lake(bytes: usize, files: &[(&str, &str)]) -> Lake {
    let mut lake = Lake::new(files);
    let options = Options { memory_bytes: Some(bytes), partitions: Some(1), ..Options::default() };
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

/// Groups and sorts `rows` rows of some 130 bytes in a pool that holds a part of them.
async fn refreshed(rows: u64, bytes: usize) {
    let sql = format!(
        "-- @sort_by: shuffled\nSELECT id, max((id * 7919) % {rows}) AS shuffled, max(repeat('x', 100) || id) AS filler \
         FROM (SELECT range AS id FROM range(0, {rows})) AS t GROUP BY id"
    );
    let lake = lake(bytes, &[("silver/t/pipeline.sql", &sql)]);
    let report = lake.run("silver.t").await;
    assert!(report.is_ok(), "{:?}", report.error);
    assert_eq!(report.rows_total, Some(rows));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_refresh_larger_than_memory_spills() {
    refreshed(300_000, 32 << 20).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "minutes: ten million rows in 512 MiB, which no debug build should be asked for each time"]
async fn a_full_refresh_of_ten_million_rows_in_512_mib() {
    refreshed(10_000_000, 512 << 20).await;
}
