//! Old rows whose key is not among the new, and the new rows, one per key.

use std::sync::Arc;

use arrow::array::BooleanArray;
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::LogicalPlan;
use futures::{StreamExt, TryStreamExt};
use parking_lot::Mutex;

use super::intake::{self, Seen};
use super::matching::{self, Matches};
use super::null_keys::{NullKeyRows, positions};
use super::scratch::Scratch;
use super::steps::{self, Precedence};
use super::stored::Stored;
use super::{Counts, Merge, Merged, Refusal, Unclaimed, order};
use crate::config::NullKeys;
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
        let seen = Arc::<Mutex<Seen>>::default();
        let rows = execute::stream(&merge.session, plan).await?;
        let watched = merge.watermark.as_deref();
        let (schema, rows) = intake::shaped(rows, &merge.columns, watched, Arc::clone(&seen), Arc::clone(&merge.progress));
        let key = positions(&schema, &merge.key)?;
        let nulls = Mutex::new(NullKeyRows::default());
        let rows = rows.map(|batch| {
            let batch = batch?;
            if merge.null_keys == NullKeys::Fail {
                nulls.lock().look(&batch, &key)?;
            }
            Ok(batch)
        });
        let all = Scratch::fill(&merge.session, Arc::clone(&schema), rows).await?;
        seen.lock().check(&merge.columns)?;
        nulls.into_inner().check(&merge.key, merge.columns.target().fields().len())?;

        let columns = nullable(merge.columns.target());
        let precedence = Precedence { key: &merge.key, watermark: watched, order: &terms };
        let one_per_key = steps::run(&merge.session, steps::one_per_key(&all, &columns, &precedence)?).await?;
        let rows = Scratch::fill(&merge.session, columns, one_per_key.map_err(execute::error)).await?;
        // The greatest watermark of all rows is that of a row that stays: within its key it takes precedence.
        let greatest = seen.lock().greatest.take();
        Ok(Self { rows, read: all.rows(), greatest })
    }

    pub(super) async fn onto(&self, merge: &Merge, base: Option<&Table>) -> Result<Merged> {
        let new = self.rows.rows();
        let Some(base) = base.filter(|_| new > 0) else {
            let add = write(merge, &self.rows).await?;
            let (carry, deletes) = (add.none(), add.none());
            let counts = Counts { written: new, inserted: new, dropped: self.read - new, ..Counts::default() };
            return Ok(Merged { add, carry, deletes, remove: Remove::None, counts, loses_rows: false, greatest: self.greatest.clone() });
        };
        let stored = Stored::of(merge, base).await?;
        let newer = merge.watermark.as_deref().filter(|_| merge.keep_newer);
        let found = matching::find(&stored, &stored.files, &self.rows, newer).await?;
        let add = match found.outdated.count() {
            0 => write(merge, &self.rows).await?,
            _ => write(merge, &self.not_outdated(merge, &found).await?).await?,
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
        };
        let loses_rows = found.count > 0 && !merge.keep_newer;
        let greatest = self.greatest.clone();
        Ok(Merged { add, carry: taken.carry, deletes: taken.deletes, remove: taken.remove, counts, loses_rows, greatest })
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

async fn write(merge: &Merge, rows: &Scratch) -> Result<Unclaimed> {
    let sorted = steps::run(&merge.session, steps::sorted(steps::all(rows)?, &merge.sort_by)?).await?;
    merge.write(sorted.map_err(execute::error), || Ok(())).await
}

fn nullable(schema: &Schema) -> SchemaRef {
    Arc::new(Schema::new(schema.fields().iter().map(|f| Arc::new(f.as_ref().clone().with_nullable(true))).collect::<Vec<_>>()))
}
