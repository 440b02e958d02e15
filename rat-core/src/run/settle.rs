//! What became of runs whose process is gone, or whose commit was not answered: the table knows.

use futures::future::BoxFuture;

use super::RunStatus;
use super::publish::{RUN_ID, made_by};
use crate::error::{Code, Result};
use crate::ledger::{Ledger, Outcome, RunRecord};
use crate::name::Name;
use crate::tables::{Relation, Tables};

/// Writes the outcome of every run that is written down as under way and whose process is gone, or as `COMMIT_UNKNOWN`: found in its table,
/// it succeeded; else it is `RUN_LOST`. Gives how many were settled. A run whose table cannot be loaded now is left for the next time.
///
/// # Errors
/// The ledger's.
#[inline(never)]
pub fn settle<'a>(tables: &'a Tables, ledger: &'a Ledger) -> BoxFuture<'a, Result<usize>> {
    Box::pin(async move {
        let mut settled = 0;
        for run in ledger.abandoned()? {
            let Ok(name) = Name::parse(&run.pipeline, "default") else { continue };
            let outcome = match tables.find(&name).await {
                Err(_) => continue,
                Ok(Some(Relation::Table(table))) => made_by(&table, &run.id).map(|snapshot_id| {
                    let summary = table.metadata().snapshot_by_id(snapshot_id).map(|s| &s.summary().additional_properties);
                    let rows_written = summary.and_then(|summary| summary.get("added-records")).and_then(|rows| rows.parse().ok());
                    Outcome { snapshot_id: Some(snapshot_id), rows_written, ..Outcome::success() }
                }),
                Ok(Some(Relation::View(view))) => {
                    (view.summary().get(RUN_ID).map(String::as_str) == Some(run.id.as_str())).then(Outcome::success)
                }
                Ok(None) => None,
            };
            ledger.settle(&run.id, &outcome.unwrap_or_else(|| lost(&run)))?;
            settled += 1;
        }
        Ok(settled)
    })
}

fn lost(run: &RunRecord) -> Outcome {
    let what = match (run.status, run.phase.as_deref()) {
        (RunStatus::Running, Some(phase)) => format!("the process of the run ended in phase `{phase}`"),
        (RunStatus::Running, None) => "the process of the run ended".to_owned(),
        _ => "the commit of the run was not answered".to_owned(),
    };
    Outcome::failed(Code::RunLost.as_str(), format!("{what}, and the table shows that it did not publish"))
}
