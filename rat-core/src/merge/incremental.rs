//! Old rows whose key is not among the new, and the new rows, one per key.

use std::sync::Arc;

use arrow::array::BooleanArray;
use arrow::compute::filter_record_batch;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::LogicalPlan;
use futures::{StreamExt, TryStreamExt};

use super::matching::{self, Matches};
use super::one_per_key::{OnePerKey, Rule, Want};
use super::scratch::Scratch;
use super::stored::Stored;
use super::{Counts, Merge, Merged, Refusal, order};
use crate::error::{Code, Error, Result};
use crate::execute;
use crate::tables::{Remove, Table};

/// New rows, one per key.
pub(super) struct Keyed {
    rows: Scratch,
    read: u64,
    greatest: Option<ScalarValue>,
}

impl Keyed {
    /// Reads the query to its end, and keeps of each key the row that takes precedence.
    pub(super) async fn read(merge: &Merge, plan: LogicalPlan) -> Result<Self, Refusal> {
        let (plan, terms) = order::with_terms(plan)?;
        let rule = Rule { terms: &terms, key: &merge.key, want: Want::Any, look: |_: &_| Ok(()) };
        // The greatest watermark of all rows is that of a row that stays: within its key it takes precedence.
        let OnePerKey { rows, read, greatest } = OnePerKey::read(merge, plan, rule).await?;
        Ok(Self { rows, read, greatest })
    }

    pub(super) async fn onto(&self, merge: &Merge, base: Option<&Table>) -> Result<Merged> {
        let new = self.rows.rows();
        let Some(base) = base.filter(|_| new > 0) else {
            let add = merge.write_kept(&self.rows).await?;
            let (carry, deletes) = (add.none(), add.none());
            let counts = Counts { written: new, inserted: new, dropped: self.read - new, ..Counts::default() };
            return Ok(Merged {
                add,
                carry,
                deletes,
                remove: Remove::None,
                counts,
                warnings: Vec::new(),
                loses_rows: false,
                greatest: self.greatest.clone(),
            });
        };
        let stored = Stored::of(merge, base).await?;
        let newer = merge.watermark.as_deref().filter(|_| merge.keep_newer);
        let found = matching::find(&stored, &stored.files, &self.rows, newer).await?;
        let add = match found.outdated.count() {
            0 => merge.write_kept(&self.rows).await?,
            _ => merge.write_kept(&self.not_outdated(merge, &found).await?).await?,
        };
        let taken = stored.take_out(&found.rows).await?;
        let written = new - found.outdated.count();
        let updated = found.matched.count() - found.outdated.count();
        let counts = Counts {
            written,
            inserted: written - updated,
            updated,
            // A stored key need not be unique.
            deleted: found.count.saturating_sub(updated),
            dropped: self.read - written,
            ended: 0,
        };
        let loses_rows = found.count > 0 && !merge.keep_newer;
        let greatest = self.greatest.clone();
        Ok(Merged {
            add,
            carry: taken.carry,
            deletes: taken.deletes,
            remove: taken.remove,
            counts,
            warnings: Vec::new(),
            loses_rows,
            greatest,
        })
    }

    async fn not_outdated(&self, merge: &Merge, found: &Matches) -> Result<Scratch> {
        let mut first = 0;
        let rows = self.rows.stream()?.map_err(execute::error).map(|batch| {
            let batch = batch?;
            let stays: BooleanArray = (0..batch.num_rows() as u64).map(|row| Some(!found.outdated.contains(first + row))).collect();
            first += batch.num_rows() as u64;
            filter_record_batch(&batch, &stays).map_err(|e| Error::new(Code::Internal, "rows could not be left out").with_source(e))
        });
        Scratch::fill(&merge.session, Arc::clone(self.rows.schema()), rows).await
    }
}
