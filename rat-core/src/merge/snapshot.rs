//! All new rows, and the old rows whose values are not among the new: of `partition_column` for `snapshot`, of the key for `delete_insert`.
//!
//! The new rows are written as they come. A file of which metadata says that all its rows have one such value goes as a whole, unread; of the
//! others only those that hold one are looked into.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::UInt32Array;
use arrow::compute::take_record_batch;
use arrow::record_batch::RecordBatch;
use arrow::row::{OwnedRow, RowConverter, SortField};
use datafusion::common::ScalarValue;
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;
use futures::channel::mpsc;
use parking_lot::Mutex;
use roaring::RoaringTreemap;

use super::intake::{self, Seen};
use super::matching;
use super::null_keys::{NullKeyRows, positions};
use super::scratch::Scratch;
use super::stored::Stored;
use super::{Counts, Merge, Merged, Refusal, Written};
use crate::config::NullKeys;
use crate::error::{Code, Error, Result};
use crate::tables::{Remove, Table};

/// Up to so many different values are told apart in memory. Beyond that a value may be kept twice, which changes no answer, and files are
/// looked into instead of going as a whole.
const VALUES: usize = 65_536;

/// New rows in files, and the values that they replace.
pub(super) struct Replacing {
    new: Written,
    values: Scratch,
    /// The values as tuples of the key's columns; none when there are too many.
    known: Option<HashSet<Vec<ScalarValue>>>,
}

impl Replacing {
    pub(super) async fn write(merge: &Merge, stream: SendableRecordBatchStream) -> Result<Self, Refusal> {
        let seen = Arc::<Mutex<Seen>>::default();
        let (schema, rows) =
            intake::shaped(stream, &merge.columns, merge.watermark.as_deref(), Arc::clone(&seen), Arc::clone(&merge.progress));
        let key = positions(&schema, &merge.key)?;
        let of_key = Arc::new(schema.project(&key).map_err(defect)?);
        let values = Mutex::new(Values::new(&of_key)?);
        let nulls = Mutex::new(NullKeyRows::default());
        let (teed, kept) = mpsc::unbounded();
        let (nulls_seen, values_seen, key) = (&nulls, &values, &key);
        let rows = rows.map(move |batch| {
            let batch = batch?;
            if merge.null_keys == NullKeys::Fail {
                nulls_seen.lock().look(&batch, key)?;
            }
            if let Some(new) = values_seen.lock().new_of(&batch.project(key).map_err(defect)?)? {
                // Nobody listens any more when the values could not be kept, and then that is the error.
                let _ = teed.unbounded_send(Ok(new));
            }
            Ok(batch)
        });
        let files = merge.write(Arc::clone(&schema), rows, || seen.lock().check(&merge.columns));
        let (files, kept) = futures::join!(files, Scratch::fill(&merge.session, of_key, kept));
        let (files, kept) = (files?, kept?);
        nulls.into_inner().check(&merge.key, merge.columns.target().fields().len())?;
        let known = values.into_inner().known;
        let seen = std::mem::take(&mut *seen.lock());
        let new = Written { files, rows: seen.rows, greatest: seen.greatest };
        Ok(Self { new, values: kept, known })
    }

    pub(super) async fn onto(&self, merge: &Merge, base: Option<&Table>) -> Result<Merged> {
        let new = &self.new;
        let mut merged = Merged {
            add: new.files.clone(),
            carry: new.files.none(),
            deletes: new.files.none(),
            remove: Remove::None,
            counts: Counts { written: new.rows, inserted: new.rows, ..Counts::default() },
            warnings: Vec::new(),
            loses_rows: false,
            greatest: new.greatest.clone(),
        };
        let Some(base) = base.filter(|_| new.rows > 0) else { return Ok(merged) };
        let stored = Stored::of(merge, base).await?;
        let (whole, partly): (Vec<_>, Vec<_>) =
            stored.files.iter().cloned().partition(|file| self.takes_the_whole(stored.only_values(file)));
        let mut found = matching::find(&stored, &partly, &self.values, None).await?;
        for (file, deleted) in whole.iter().zip(stored.scan.deleted(&whole).await?) {
            let mut rows = RoaringTreemap::new();
            rows.insert_range(0..file.rows());
            rows -= deleted.unwrap_or_default();
            found.count += rows.len();
            found.rows.insert(file.path().to_owned(), rows);
        }
        let taken = stored.take_out(&found.rows).await?;
        (merged.carry, merged.deletes, merged.remove) = (taken.carry, taken.deletes, taken.remove);
        merged.counts.deleted = found.count;
        merged.loses_rows = found.count > 0;
        Ok(merged)
    }

    fn takes_the_whole(&self, only: Option<Vec<ScalarValue>>) -> bool {
        match (&self.known, only) {
            (Some(known), Some(only)) => known.contains(&only),
            _ => false,
        }
    }
}

/// The different values of the key's columns, as they come.
struct Values {
    converter: RowConverter,
    seen: HashSet<OwnedRow>,
    known: Option<HashSet<Vec<ScalarValue>>>,
}

impl Values {
    fn new(key: &arrow::datatypes::Schema) -> Result<Self> {
        let fields = key.fields().iter().map(|field| SortField::new(field.data_type().clone())).collect();
        Ok(Self { converter: RowConverter::new(fields).map_err(defect)?, seen: HashSet::new(), known: Some(HashSet::new()) })
    }

    /// The values that were not seen before.
    fn new_of(&mut self, values: &RecordBatch) -> Result<Option<RecordBatch>> {
        let rows = self.converter.convert_columns(values.columns()).map_err(defect)?;
        let mut new: Vec<u32> = Vec::new();
        let mut last = None;
        for (at, row) in (0_u32..).zip(rows.iter()) {
            // Neighbours are mostly alike.
            if last == Some(row) {
                continue;
            }
            last = Some(row);
            let is_new = match self.seen.len() < VALUES {
                true => self.seen.insert(row.owned()),
                false => !self.seen.contains(&row.owned()),
            };
            if is_new {
                new.push(at);
            }
        }
        if new.is_empty() {
            return Ok(None);
        }
        let batch = take_record_batch(values, &UInt32Array::from(new)).map_err(defect)?;
        match &mut self.known {
            Some(known) if self.seen.len() < VALUES => {
                for row in 0..batch.num_rows() {
                    let tuple = batch.columns().iter().map(|column| ScalarValue::try_from_array(column, row));
                    known.insert(tuple.collect::<datafusion::error::Result<_>>().map_err(crate::execute::error)?);
                }
            }
            known => *known = None,
        }
        Ok(Some(batch))
    }
}

fn defect(error: arrow::error::ArrowError) -> Error {
    Error::new(Code::Internal, "values could not be told apart").with_source(error)
}
