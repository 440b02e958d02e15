//! A run is cancelled by its identifier.

use futures::future::BoxFuture;

use super::{Active, RunStatus, settle};
use crate::error::{Code, Error, Result};
use crate::ledger::Ledger;
use crate::tables::Tables;

/// Asks a run that is under way here to stop, and does not wait until it has.
///
/// # Errors
/// `RUN_NOT_FOUND`; `RUN_ENDED` for one that is over; `RUN_ELSEWHERE` for one that another process, or another handle, has under way; the
/// ledger's codes.
#[inline(never)]
pub fn cancel<'a>(active: &'a Active, tables: &'a Tables, ledger: &'a Ledger, id: &'a str) -> BoxFuture<'a, Result<()>> {
    Box::pin(async move {
        if active.stop(id) {
            return Ok(());
        }
        let mut run = ledger.run(id)?;
        if run.status == RunStatus::Running && !ledger.is_alive(id) {
            settle(tables, ledger).await?;
            run = ledger.run(id)?;
        }
        match run.status {
            RunStatus::Pending | RunStatus::Running => {
                Err(Error::new(Code::RunElsewhere, format!("the run `{id}` of `{}` is not one of this lake handle's", run.pipeline)))
            }
            status => Err(Error::new(Code::RunEnded, format!("the run `{id}` of `{}` is over: {}", run.pipeline, status.as_str()))),
        }
    })
}
