//! Beside writers and readers.

use super::{Lake, NOTHING};
use crate::tables::support::{append, batch, ids, orders};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_lose_nothing_while_files_are_written_again_and_history_goes() {
    let lake = Lake::memory();
    lake.append([0]).await;
    let tables = lake.tables.clone();
    let writer = tokio::spawn(async move {
        for id in 1..30 {
            append(&tables, &orders(), batch([id])).await;
        }
    });
    let mut rewritten = 0;
    while !writer.is_finished() {
        // The time of the files is the machine's and that of the lake is later: only what is in no file yet could be taken for left behind,
        // so orphans are looked for when nobody writes.
        lake.clock.advance(super::HOUR);
        let settings =
            rat_core::settings::MaintenanceSettings { orphan_grace: std::time::Duration::from_secs(200 * 365 * 86_400), ..NOTHING };
        let done = lake.maintain(&settings, false).await;
        if let Some(error) = done.error {
            assert_eq!(error.code(), rat_core::error::Code::CommitConflict, "{error}");
        }
        rewritten += done.files_rewritten;
    }
    writer.await.unwrap();
    lake.clock.advance(super::HOUR);
    let done = lake.maintain(&NOTHING, false).await;
    assert!(done.error.is_none(), "{done:?}");
    assert!(rewritten + done.files_rewritten > 0);
    assert_eq!(ids(&lake.table().await).await, (0..30).collect::<Vec<_>>());
    lake.assert_no_leftovers().await;
}
