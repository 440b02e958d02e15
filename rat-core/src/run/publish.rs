//! From new rows to a staged snapshot, its tests, and the swap.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use datafusion::common::ScalarValue;
use futures::FutureExt;

use super::inputs::{Cut, table};
use super::pipeline::Job;
use super::planned::{MERGE_STRATEGY, Planned, UNIQUE_KEY};
use super::report::{Phase, RunReport};
use super::{passed, tests, watermark};
use crate::error::{Code, Diagnostic, Error, Result, counted};
use crate::merge::{Counts, Merged, Rows};
use crate::tables::{Change, PublishError, Remove, Staged, Table, Tables, Validation};

/// The run that made a snapshot.
pub(super) const RUN_ID: &str = "rat.run-id";
/// What the snapshot was made by.
pub(super) const CODE_HASH: &str = "rat.code-hash";
/// The pipeline that made it; of rows that a program wrote there is none.
pub(super) const PIPELINE: &str = "rat.pipeline";
/// What it was made of.
pub(super) const INPUTS: &str = "rat.inputs";
/// Which landing files were consumed by then.
pub(super) const LANDING: &str = "rat.landing";
/// What stands for the landing files that every run reads again.
pub(super) const LANDING_SEEN: &str = "rat.landing-seen";

/// A staged snapshot: everything is there but the pointer to it.
pub(super) struct Ready {
    planned: Arc<Planned>,
    rows: Arc<Rows>,
    merged: Merged,
    staged: Staged,
}

/// What came of trying to swap.
pub(super) enum Published {
    /// The run is over, and written down.
    Finished(Box<RunReport>),
    /// Another writer was first. Nothing was published; the new rows are still there.
    Moved(Arc<Planned>, Arc<Rows>),
}

impl Ready {
    pub(super) async fn stage(job: &Job, planned: Arc<Planned>, rows: Arc<Rows>) -> Result<Self> {
        let merged = rows.onto(planned.base.as_ref()).await.map_err(|refusal| job.refused(refusal))?;
        merged.warnings.iter().for_each(|warning| job.record.warn(warning.clone()));
        let mut change = Change::new(planned.merge.target.clone());
        change.add = merged.add.files().to_vec();
        change.carry = merged.carry.files().to_vec();
        change.add_deletes = merged.deletes.files().to_vec();
        change.remove = merged.remove.clone();
        // What others have read must be what is published: new rows on whatever is there are not, all rows anew are.
        let stands_alone = planned.stands_alone() && (!job.together || planned.merge.rebuild);
        change.validation = if stands_alone { Validation::Rebase } else { Validation::NoNewData };
        change.summary = summary(job, &planned, &merged).await?;
        let consumed_before = planned.base.as_ref().and_then(|base| base.fact(LANDING));
        change.companions = change.summary.get(LANDING).filter(|now| Some(now.as_str()) != consumed_before).cloned().into_iter().collect();
        let staged = job.context.tables.stage(change).await?;
        note(job, &planned, &merged, &staged);
        Ok(Self { planned, rows, merged, staged })
    }

    /// Runs the tests on what would be published.
    ///
    /// # Errors
    /// `QUALITY_FAILED` when a test of severity `error` did not pass.
    pub(super) async fn test(&self, job: &Job) -> Result<()> {
        let name = &job.pipeline.name;
        let whole = self.staged.table();
        let cut: Cut = self.planned.cut.with_table(name, whole.provider()?).with_new_rows(table(self.staged.added().provider()?));
        let passed = passed::stored(self.planned.base.as_ref(), whole, self.planned.merge.strategy);
        tests::run(job, &cut, &self.planned.compiled.tests, whole.row_count(), &passed).await
    }

    /// The table as it would be published.
    pub(super) fn table(&self) -> &Table {
        self.staged.table()
    }

    /// What is to be published, and what is to be known of it afterwards.
    pub(super) fn split(self) -> (Kept, Staged) {
        let Self { planned, rows, merged, staged } = self;
        (Kept { planned, _rows: rows, merged }, staged)
    }

    /// Forgets it all.
    pub(super) async fn discard(self) {
        self.staged.discard().await;
    }

    /// Swaps, moves consumed landing files away, writes the outcome down. Never stopped half-way.
    pub(super) async fn publish(self, job: Arc<Job>) -> Result<Published> {
        job.record.phase(Phase::Publish);
        let Self { planned, rows, merged, staged } = self;
        let table = match job.context.tables.publish(vec![staged]).await {
            Ok(mut tables) => tables.pop(),
            Err(PublishError::Conflict { staged, .. }) => {
                for staged in staged {
                    // The new rows outlive the snapshot that was made of them; what was merged of them goes with `merged`.
                    staged.into_change().await;
                }
                return Ok(Published::Moved(planned, rows));
            }
            Err(PublishError::Failed(error)) => {
                drop((rows, merged));
                return job.failed(error).await.map(|report| Published::Finished(Box::new(report)));
            }
            Err(PublishError::Unknown(error)) => {
                // Whether readers see these files already is exactly what is not known.
                merged.claim();
                match job.context.tables.load(&job.pipeline.name).await {
                    Ok(Some(table)) if made_by(&table, job.record.id()).is_some() => Some(table),
                    _ => {
                        let message = format!("the catalog did not say whether `{}` was published", job.pipeline.name.short());
                        return finished(&job, Some(Error::new(Code::CommitUnknown, message).with_source(error)));
                    }
                }
            }
        };
        succeeded(&job, Kept { planned, _rows: rows, merged }, table).await.map(|report| Published::Finished(Box::new(report)))
    }
}

/// What is kept of a run while its snapshot is being published.
pub(super) struct Kept {
    planned: Arc<Planned>,
    /// Its files are deleted with it, unless they were published.
    _rows: Arc<Rows>,
    merged: Merged,
}

impl Kept {
    /// Somebody else answers for the files from here on.
    pub(super) fn claim(&self) {
        self.merged.claim();
    }
}

impl Job {
    /// Whether the table has a snapshot of this run; not when it cannot be told.
    pub(super) async fn was_published(&self, tables: &Tables) -> bool {
        matches!(tables.load(&self.pipeline.name).await, Ok(Some(table)) if made_by(&table, self.record.id()).is_some())
    }
}

/// Ends a run whose snapshot is the truth now. It has succeeded, whatever else happens.
pub(super) async fn succeeded(job: &Job, kept: Kept, table: Option<Table>) -> Result<RunReport> {
    kept.claim();
    if AssertUnwindSafe(after_swap(job, &kept.planned, table)).catch_unwind().await.is_err() {
        job.record.warn(Diagnostic::warning(Code::Internal, "a defect in rat after the table was published; the table is whole"));
    }
    job.record.finish(None)
}

fn finished(job: &Job, failure: Option<Error>) -> Result<Published> {
    job.record.finish(failure).map(|report| Published::Finished(Box::new(report)))
}

async fn after_swap(job: &Job, planned: &Planned, table: Option<Table>) {
    job.record.note(|report| {
        let table = table.as_ref();
        report.snapshot_id = table.and_then(|table| made_by(table, job.record.id()));
        report.rows_total = table.and_then(Table::row_count);
    });
    let Some(landing) = planned.landing.as_ref().filter(|_| *job.config.archive_landing_zones) else { return };
    job.record.phase(Phase::Archive);
    if let Err(error) = landing.archive(job.record.id()).await {
        let message = format!("consumed landing files could not all be moved away: {}", error.message());
        job.record.warn(Diagnostic::warning(error.code(), message).help("the next run moves them, and reads none of them again"));
    }
}

/// The snapshot that a run made, if the table ever had it and has not forgotten it.
pub(super) fn made_by(table: &Table, run_id: &str) -> Option<i64> {
    let made = |summary: &std::collections::HashMap<String, String>| summary.get(RUN_ID).map(String::as_str) == Some(run_id);
    // Commits that carry the run's facts forward come later: the first one is the run's own.
    let mut snapshots: Vec<_> = table.metadata().snapshots().filter(|s| made(&s.summary().additional_properties)).collect();
    snapshots.sort_by_key(|snapshot| snapshot.sequence_number());
    snapshots.first().map(|snapshot| snapshot.snapshot_id())
}

/// The facts that the snapshot carries.
async fn summary(job: &Job, planned: &Planned, merged: &Merged) -> Result<BTreeMap<String, String>> {
    let inputs =
        serde_json::to_string(&planned.inputs).map_err(|e| Error::new(Code::Internal, "inputs could not be written").with_source(e))?;
    let mut facts = BTreeMap::from([
        (RUN_ID.to_owned(), job.record.id().to_owned()),
        (CODE_HASH.to_owned(), planned.compiled.code_hash.clone()),
        (PIPELINE.to_owned(), if job.given.is_none() { job.pipeline.name.to_string() } else { String::new() }),
        (INPUTS.to_owned(), inputs),
        (MERGE_STRATEGY.to_owned(), job.config.merge_strategy.as_str().to_owned()),
        (UNIQUE_KEY.to_owned(), job.config.unique_key.join(", ")),
        (passed::PASSED.to_owned(), passed::claim(&job.config, planned.base.as_ref())),
    ]);
    facts.insert(LANDING_SEEN.to_owned(), planned.landing.as_ref().and_then(|landing| landing.seen()).unwrap_or_default());
    if let Some(landing) = &planned.landing {
        // Without a list of its own the run goes on from the one before.
        if let Some(sidecar) = landing.stage(job.record.id()).await? {
            facts.insert(LANDING.to_owned(), sidecar);
        }
        for warning in landing.warnings() {
            job.record.warn(warning);
        }
    }
    // A fact that is not known ends: carried on, it would be the one of the run before.
    let greatest = greatest(planned, merged);
    let text = greatest.as_ref().map(watermark::to_text).transpose()?;
    facts.insert(watermark::WATERMARK.to_owned(), text.clone().unwrap_or_default());
    let column = planned.merge.watermark.clone().filter(|_| text.is_some());
    facts.insert(watermark::WATERMARK_COLUMN.to_owned(), column.unwrap_or_default());
    job.record.note(|report| report.watermark = text);
    Ok(facts)
}

/// How far the table will be, where that can be told from how far it was and how far the new rows are.
fn greatest(planned: &Planned, merged: &Merged) -> Option<ScalarValue> {
    let (before, new) = (planned.watermark.clone(), merged.greatest.clone());
    let at_least_before = match (&before, &new) {
        (Some(before), Some(new)) => new.partial_cmp(before).is_some_and(std::cmp::Ordering::is_ge),
        (None, _) => true,
        (Some(_), None) => false,
    };
    match planned.merge.rebuild {
        true => new,
        false if at_least_before => new.or(before),
        // The row that was furthest may be one of those that gave way to an older one.
        false if merged.loses_rows => None,
        false => before,
    }
}

fn note(job: &Job, planned: &Planned, merged: &Merged, staged: &Staged) {
    let Counts { written, inserted, updated, deleted, ended, dropped } = merged.counts;
    let (added, bytes) = merged.written().fold((0, 0), |(count, bytes), file| (count + 1, bytes + file.bytes()));
    let removed = match &merged.remove {
        Remove::None => 0,
        Remove::Paths(paths) => paths.len() as u64,
        Remove::All => planned.base.as_ref().and_then(Table::summary).and_then(|s| s.get("total-data-files")?.parse().ok()).unwrap_or(0),
    };
    job.record.note(|report| {
        report.rows_written = written;
        report.rows_inserted = inserted;
        report.rows_updated = updated;
        report.rows_deleted = deleted;
        report.rows_ended = ended;
        report.rows_dropped = dropped;
        report.rows_total = staged.table().row_count();
        report.bytes_written = bytes;
        report.files_added = added;
        report.files_removed = removed;
    });
    job.record.log(format!(
        "{}: {inserted} new, {updated} updated, {deleted} deleted, {ended} ended, {dropped} dropped; {}, {}",
        counted(written, "row"),
        counted(added, "file"),
        counted(bytes, "byte")
    ));
}
