//! History: of each key the versions it had, each from when it began to when the next did. The open one has no end.
//!
//! A version that says nothing new is left alone, so that running twice changes nothing. One that does is written, and the version before
//! it ends where it begins: that row leaves its file by a position delete, and is written again with its end. [`chain`] says which is which;
//! [`Versions::onto`] brings it the new rows and, of the stored ones, those that the new can have to do with: of the same keys, and open or
//! ended later than the earliest new version begins. Files of versions that ended before are not looked into. Both come in the order of the
//! key, so that a key may have any number of versions, and a table any number of keys.

mod chain;
mod ended;
mod fold;
mod past;
mod unchanged;
mod validity;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::min;
use arrow::datatypes::TimestampMicrosecondType;
use datafusion::logical_expr::LogicalPlan;
use futures::channel::mpsc;
use futures::{SinkExt, TryStreamExt};
use parking_lot::Mutex;

use self::ended::Ended;
use self::fold::{Fold, Outcome};
use self::past::Past;
use self::unchanged::Open;
pub use self::validity::Validity;
use super::columns::position;
use super::firsts::Precedence;
use super::one_per_key::{OnePerKey, Rule, Want, nullable};
use super::order::Term;
use super::scratch::Scratch;
use super::stored::{Leaving, Stored};
use super::{Counts, Merge, Merged, Refusal, order};
use crate::config::HardDeletes;
use crate::error::{Code, Diagnostic, Error, Result, counted};
use crate::execute;
use crate::tables::{Remove, ScanFile, Table};

/// The files that versions which begin at a moment or later can have to do with.
pub(super) fn reached(stored: &Stored<'_>, validity: &Validity, earliest: i64) -> Vec<ScanFile> {
    past::ending_after(stored, validity, earliest)
}

/// Whether keys that are absent from the new rows end.
pub(super) fn ends_absent(validity: &Validity) -> bool {
    validity.hard_deletes == HardDeletes::Close
}

/// Whether new rows that say what is open may be let go unseen: where rows of a key are versions of now, and nobody asks which keys came.
fn lets_go(merge: &Merge, validity: &Validity) -> bool {
    !validity.own && !ends_absent(validity) && !merge.rebuild && merge.target.base().is_some()
}

/// New versions.
pub(super) struct Versions {
    rows: New,
    read: u64,
    /// When the earliest of them begins.
    earliest: i64,
}

enum New {
    /// In the order of their keys and of when they begin.
    InOrder(Scratch),
    /// As they came, with what says which of a key's rows counts.
    AsTheyCame(Scratch, Vec<Term>),
}

impl Versions {
    pub(super) async fn read(merge: &Merge, plan: LogicalPlan) -> Result<Self, Refusal> {
        let validity = merge.validity()?;
        let width = plan.schema().fields().len();
        let (plan, terms) = order::with_terms(plan)?;
        let plan = validity.added_to(plan, width)?;
        let mut version = merge.key.clone();
        if validity.own {
            version.push(validity.from.clone());
        }
        let given = Mutex::new(Given::default());
        let look = |batch: &RecordBatch| given.lock().look(validity, batch);
        let want = if lets_go(merge, validity) { Want::AsTheyCame } else { Want::InOrder };
        let rule = Rule { terms: &terms, key: &version, want, look };
        let OnePerKey { rows, read, .. } = OnePerKey::read(merge, plan, rule).await?;
        let earliest = given.into_inner().earliest(validity)?;
        let rows = match want {
            Want::AsTheyCame => New::AsTheyCame(rows, terms),
            Want::Any | Want::InOrder => New::InOrder(rows),
        };
        Ok(Self { rows, read, earliest })
    }

    pub(super) async fn onto(&self, merge: &Merge, base: Option<&Table>) -> Result<Merged, Refusal> {
        let validity = merge.validity()?;
        let closes = ends_absent(validity);
        let stored = match base {
            Some(base) => Some(Stored::of(merge, base).await?),
            None => None,
        };
        let rows = self.in_order(merge, stored.as_ref()).await?;
        let Some(stored) = stored.filter(|_| rows.rows() > 0) else {
            let (begun, _) = self.chained(merge, &rows, None).await?;
            let mut merged = self.merged(merge, &begun, 0).await?;
            if closes && rows.rows() == 0 {
                let message = "the query gave no row, and `scd_hard_deletes: close` ended no version because of that";
                merged.warnings.push(Diagnostic::warning(Code::Scd2NoRows, message).help("look at what the query reads"));
            }
            return Ok(merged);
        };
        let past = Past::of(&stored, validity, &rows, self.earliest).await?;
        let (begun, ended) = self.chained(merge, &rows, Some((&stored, &past))).await?;
        let mut merged = self.merged(merge, &begun, ended.count()).await?;
        let mut leaving: Leaving = ended.rows(&stored);
        for (file, rows) in begun.replaced {
            *leaving.entry(stored.files[file].path().to_owned()).or_default() |= rows;
        }
        let rewritten = ended.rewritten(&stored, validity).await?;
        let taken = stored.take_out(&leaving).await?;
        merged.carry = taken.carry.with(merge.write_kept(&rewritten).await?);
        (merged.deletes, merged.remove) = (taken.deletes, taken.remove);
        merged.loses_rows = merged.counts.updated > 0;
        Ok(merged)
    }

    /// One row of each key and begin, in their order; of those that came as they did, the ones that may say something new.
    async fn in_order(&self, merge: &Merge, stored: Option<&Stored<'_>>) -> Result<Scratch> {
        let (rows, terms) = match &self.rows {
            New::InOrder(rows) => return Ok(rows.clone()),
            New::AsTheyCame(rows, terms) => (rows, terms),
        };
        let open = match stored {
            Some(stored) => Open::of(stored, merge.validity()?).await?,
            None => None,
        };
        let columns = nullable(merge.columns.target());
        let precedence = Precedence { key: &merge.key, watermark: merge.watermark.as_deref(), order: terms };
        let firsts = match &open {
            Some(open) => precedence.firsts(&merge.session, rows.schema(), open.changed(rows).await?, &columns).await?,
            None => precedence.firsts(&merge.session, rows.schema(), rows.stream()?.map_err(execute::error), &columns).await?,
        };
        Scratch::fill(&merge.session, columns, firsts).await
    }

    /// Follows every key through its versions: what begins, and what ends.
    async fn chained(&self, merge: &Merge, new: &Scratch, stored: Option<(&Stored<'_>, &Past)>) -> Result<(Outcome, Ended), Refusal> {
        let validity = merge.validity()?;
        let (begins, begun) = mpsc::channel(1);
        let (mut ends, ended) = mpsc::channel(1);
        let past = stored.map(|(_, past)| past);
        let chained = async {
            let outcome = Fold::new(merge, new, past, begins, ends.clone()).await?.run().await?;
            if let Some((stored, past)) = stored
                && ends_absent(validity)
            {
                let mut absent = past.absent(stored, validity).await?;
                while let Some(batch) = absent.next().await? {
                    // Nobody listens any more when the ends could not be kept, and then that is the error.
                    let _ = ends.send(Ok(batch)).await;
                }
            }
            ends.close_channel();
            drop(ends);
            Ok::<_, Refusal>(outcome)
        };
        let begun = Scratch::fill(&merge.session, nullable(merge.columns.target()), begun);
        let ended = Ended::fill(&merge.session, ended);
        let (outcome, begun, ended) = futures::join!(chained, begun, ended);
        let (begun, ended) = (begun?, ended?);
        Ok((Outcome { rows: Some(begun), ..outcome? }, ended))
    }

    async fn merged(&self, merge: &Merge, begun: &Outcome, ended: u64) -> Result<Merged> {
        let add = match &begun.rows {
            Some(rows) => merge.write_kept(rows).await?,
            None => return Err(Error::new(Code::Internal, "versions without their rows")),
        };
        let (carry, deletes) = (add.none(), add.none());
        let written = begun.written;
        let updated = begun.replaced.values().map(roaring::RoaringTreemap::len).sum::<u64>();
        let counts = Counts { written, inserted: written - updated, updated, deleted: 0, ended, dropped: self.read - written };
        let greatest = begun.greatest.clone();
        Ok(Merged { add, carry, deletes, remove: Remove::None, counts, warnings: Vec::new(), loses_rows: false, greatest })
    }
}

impl Merge {
    fn validity(&self) -> Result<&Validity> {
        self.validity.as_ref().ok_or_else(|| Error::new(Code::Internal, "scd2 without validity"))
    }
}

/// What the query itself says of validity.
#[derive(Default)]
struct Given {
    earliest: Option<i64>,
    without_begin: u64,
    with_end: u64,
}

impl Given {
    fn look(&mut self, validity: &Validity, batch: &RecordBatch) -> Result<()> {
        let column = |name: &str| position(&batch.schema(), name).map(|at| batch.column(at));
        if let Some(from) = column(&validity.from) {
            self.without_begin += from.null_count() as u64;
            let earliest = min(from.as_primitive::<TimestampMicrosecondType>());
            self.earliest = [self.earliest, earliest].into_iter().flatten().min();
        }
        if let Some(to) = column(&validity.to) {
            self.with_end += (to.len() - to.null_count()) as u64;
        }
        Ok(())
    }

    fn earliest(self, validity: &Validity) -> Result<i64> {
        if self.without_begin > 0 {
            let message = format!("column `{}`, where a version begins, is NULL in {}", validity.from, counted(self.without_begin, "row"));
            return Err(Error::new(Code::NotNullViolated, message).with_context("column", &validity.from));
        }
        if self.with_end > 0 {
            let message = format!("column `{}`, where a version ends, has a value in {}", validity.to, counted(self.with_end, "row"));
            return Err(Error::new(Code::Scd2ValidTo, message).with_context("column", &validity.to));
        }
        Ok(self.earliest.unwrap_or(validity.now))
    }
}
