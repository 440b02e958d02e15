//! Maintenance: small files made large, history let go, files that nobody names deleted; and no row changed.
//!
//! Table by table, in this order: rewriting (which makes new files and leaves the old ones to history), expiring (which lets history go),
//! orphans (which finds what crashes left). A table that cannot be maintained is named in the report with its error; the others are
//! maintained all the same.
//!
//! What is in use stays: every snapshot that a run under way may have pinned, and every file younger than the oldest such run. Knows no
//! pipeline and no SQL. Entry points: [`maintain`], and [`relocate`] for a lake that was
//! moved.

mod report;
mod rewrite;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use futures::future::BoxFuture;

use crate::clock::Clock;
use crate::error::Result;
use crate::ledger::{Ledger, RunFilter, Status};
use crate::name::Name;
use crate::session::Session;
use crate::settings::MaintenanceSettings;
use crate::tables::{Keep, Tables};

pub use report::{MaintainedTable, MaintenanceReport};

/// What maintenance is given of a lake.
pub struct MaintainContext {
    /// The lake's tables.
    pub tables: Tables,
    /// The engine, to write rows again.
    pub session: Session,
    /// Where runs under way are written down.
    pub ledger: Ledger,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The size a data file is written to, in bytes.
    pub target_file_bytes: u64,
}

/// Maintains tables. With `dry_run` the report says what would be done, and nothing is.
///
/// # Errors
/// The ledger's. What is wrong with one table is in the report.
#[inline(never)]
pub fn maintain<'a>(
    context: &'a MaintainContext,
    names: &'a [Name],
    settings: &'a MaintenanceSettings,
    dry_run: bool,
) -> BoxFuture<'a, Result<MaintenanceReport>> {
    Box::pin(async move {
        let now = context.clock.now();
        let in_use = oldest_run(&context.ledger)?.unwrap_or(now);
        let before = |age: Duration| {
            TimeDelta::from_std(age).ok().and_then(|age| now.checked_sub_signed(age)).unwrap_or(DateTime::UNIX_EPOCH).min(in_use)
        };
        let keep = Keep { snapshots: settings.keep_snapshots, read_since: before(settings.keep_for) };
        let written_before = before(settings.orphan_grace);
        let mut tables = Vec::with_capacity(names.len());
        for name in names {
            let mut done = MaintainedTable::new(name);
            done.error = one(context, name, &keep, written_before, dry_run, &mut done).await.err();
            tables.push(done);
        }
        Ok(MaintenanceReport { dry_run, tables })
    })
}

/// Makes tables and views of a lake that was moved ones of where it is now, and does nothing else.
#[inline(never)]
pub fn relocate<'a>(tables: &'a Tables, names: &'a [Name], dry_run: bool) -> BoxFuture<'a, MaintenanceReport> {
    Box::pin(async move {
        let mut done = Vec::with_capacity(names.len());
        for name in names {
            let mut table = MaintainedTable::new(name);
            match tables.relocate(name, dry_run).await {
                Ok(files) => table.files_relocated = files,
                Err(error) => table.error = Some(error),
            }
            done.push(table);
        }
        MaintenanceReport { dry_run, tables: done }
    })
}

async fn one(
    context: &MaintainContext,
    name: &Name,
    keep: &Keep,
    written_before: DateTime<Utc>,
    dry_run: bool,
    done: &mut MaintainedTable,
) -> Result<()> {
    let rewritten = rewrite::rewrite(context, name, dry_run).await?;
    done.files_rewritten = rewritten.files;
    done.files_written = rewritten.written;
    done.bytes_rewritten = rewritten.bytes;
    let expired = context.tables.expire(name, keep, dry_run).await?;
    done.snapshots_expired = expired.snapshots;
    done.files_deleted = expired.files;
    done.bytes_deleted = expired.bytes;
    let orphans = context.tables.remove_orphans(name, written_before, dry_run).await?;
    done.orphans_deleted = orphans.files;
    done.orphan_bytes = orphans.bytes;
    Ok(())
}

/// When the oldest run under way began: what it pinned was current then, and what it wrote is younger.
fn oldest_run(ledger: &Ledger) -> Result<Option<DateTime<Utc>>> {
    let mut oldest = None;
    let mut filter = RunFilter { statuses: vec![Status::Running], ..RunFilter::default() };
    loop {
        let page = ledger.runs(&filter)?;
        oldest = page.runs.iter().map(|run| run.started_at).chain(oldest).min();
        match page.next {
            Some(next) => filter.after = Some(next),
            None => return Ok(oldest),
        }
    }
}
