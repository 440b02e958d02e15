//! Waiting for what another task does in its own time.

use std::time::Duration;

/// Long enough for any machine: it only keeps a test that fails from running forever.
const NEVER: Duration = Duration::from_secs(300);

/// Returns once `holds` does. It sleeps between two looks, so that whom it waits for has the processor.
///
/// # Panics
/// When `holds` never does; `what` says what was waited for.
pub async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    assert!(tokio::time::timeout(NEVER, wait).await.is_ok(), "never: {what}");
}
