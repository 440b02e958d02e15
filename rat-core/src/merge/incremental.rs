//! Old rows whose key is not among the new, and the new rows, one per key.
//!
//! Only files that hold a touched key are written anew. They are found in two steps: bounds and partitions rule most files out, then the key
//! columns alone of the others are joined with the new keys. Two pairs of files are never read together, and nothing is read in full but
//! what is rewritten.

use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray};
use arrow::compute::{and, filter_record_batch, is_null};
use arrow::datatypes::{FieldRef, Int64Type, Schema, SchemaRef, UInt32Type};
use arrow::record_batch::RecordBatch;
use datafusion::common::ScalarValue;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::LogicalPlan;
use futures::{StreamExt, TryStreamExt};
use parking_lot::Mutex;

use super::candidates::KeyRange;
use super::intake::{self, Seen, greater, greatest};
use super::scratch::Scratch;
use super::steps::{self, Precedence};
use super::{Counts, Merge, Merged, Refusal, Unclaimed, order};
use crate::config::NullKeys;
use crate::error::{Code, Error, Result};
use crate::execute;
use crate::tables::{Remove, Scan, ScanFile, Table};

/// How many files are looked into by one query: a plan has a node for each.
const FILES_AT_ONCE: usize = 64;
const SAMPLE_ROWS: usize = 20;

/// New rows, one per key, with what is known of their keys.
pub(super) struct Keyed {
    rows: Scratch,
    read: u64,
    range: KeyRange,
    greatest: Option<ScalarValue>,
}

impl Keyed {
    /// Reads the query to its end, and keeps of each key the row that takes precedence.
    pub(super) async fn read(merge: &Merge, plan: LogicalPlan) -> Result<Self, Refusal> {
        let (plan, terms) = order::with_terms(plan)?;
        let all = Self::read_all(merge, execute::stream(&merge.session, plan).await?).await?;
        let read = all.rows();
        let columns = nullable(merge.columns.target());
        let precedence = Precedence { key: &merge.key, watermark: merge.watermark.as_deref(), order: &terms };
        let one_per_key = steps::run(&merge.session, steps::one_per_key(&all, &columns, &precedence)?, &all).await?;
        let key = positions(&columns, &merge.key)?;
        let watermark = merge.watermark.as_deref().map(|name| super::columns::position(&columns, name)).unwrap_or_default();
        let found = Mutex::new((KeyRange::of(key.len()), None));
        let rows = one_per_key.map(|batch| {
            let batch = batch.map_err(execute::error)?;
            let mut found = found.lock();
            found.0.add(&batch, &key)?;
            if let Some(index) = watermark {
                found.1 = greater(found.1.take(), greatest(batch.column(index).as_ref()));
            }
            Ok(batch)
        });
        let rows = Scratch::fill(&merge.session, Arc::clone(&columns), rows).await?;
        let (range, greatest) = found.into_inner();
        Ok(Self { rows, read, range, greatest })
    }

    async fn read_all(merge: &Merge, stream: SendableRecordBatchStream) -> Result<Scratch, Refusal> {
        let seen = Arc::<Mutex<Seen>>::default();
        let (schema, rows) = intake::shaped(stream, &merge.columns, None, Arc::clone(&seen), Arc::clone(&merge.progress));
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
        Ok(all)
    }

    pub(super) async fn onto(&self, merge: &Merge, base: Option<&Table>) -> Result<Merged> {
        let stored = match base.filter(|_| self.rows.rows() > 0) {
            Some(base) => Some(Stored { merge, scan: base.scan()? }),
            None => None,
        };
        let files = match &stored {
            Some(stored) => stored.candidates(&self.range).await?,
            None => Vec::new(),
        };
        let rows = match (&stored, &merge.watermark) {
            (Some(stored), Some(watermark)) if merge.keep_newer && !files.is_empty() => {
                let old = stored.rows(&files, |name| merge.key.contains(name) || name == watermark)?;
                let kept = steps::run(&merge.session, steps::not_older(&self.rows, old, &merge.key, watermark)?, &self.rows).await?;
                &Scratch::fill(&merge.session, Arc::clone(self.rows.schema()), kept.map_err(execute::error)).await?
            }
            _ => &self.rows,
        };
        let touched = match &stored {
            Some(stored) => stored.touched(rows, &files).await?,
            None => Touched::default(),
        };
        let new = steps::run(&merge.session, steps::sorted(steps::all(rows)?, &merge.sort_by)?, rows).await?;
        let add = merge.write(new.map_err(execute::error), || Ok(())).await?;
        let carry = match &stored {
            Some(stored) if !touched.files.is_empty() => stored.survivors(rows, &touched.files).await?,
            _ => add.none(),
        };
        let counts = Counts {
            written: rows.rows(),
            inserted: rows.rows() - touched.keys,
            updated: touched.keys,
            deleted: touched.rows - touched.keys.min(touched.rows),
            dropped: self.read - rows.rows(),
        };
        let remove = match touched.files.is_empty() {
            true => Remove::None,
            false => Remove::Paths(touched.files.iter().map(|file| file.path().to_owned()).collect()),
        };
        let loses_rows = touched.rows > 0 && !merge.keep_newer;
        Ok(Merged { add, carry, remove, counts, loses_rows, greatest: self.greatest.clone() })
    }
}

/// The table's rows as they are to be afterwards, file by file.
pub(super) struct Stored<'a> {
    pub merge: &'a Merge,
    pub scan: Scan,
}

/// Files that hold a key of the new rows, and what they hold of them.
#[derive(Default)]
pub(super) struct Touched {
    pub files: Vec<ScanFile>,
    /// Stored rows that give way.
    pub rows: u64,
    /// New rows that take their place: a stored key need not be unique.
    pub keys: u64,
}

impl Stored<'_> {
    fn rows(&self, files: &[ScanFile], wanted: impl Fn(&String) -> bool) -> Result<LogicalPlan> {
        let columns: Vec<(Option<String>, FieldRef)> =
            self.merge.columns.of_stored_rows().into_iter().filter(|(_, to)| wanted(to.name())).collect();
        let some = self.scan.only(files.iter().map(|file| file.path().to_owned()))?;
        steps::stored(some.provider(), columns)
    }

    fn keys(&self, files: &[ScanFile]) -> Result<LogicalPlan> {
        self.rows(files, |name| self.merge.key.contains(name))
    }

    /// The key's columns, each as it is stored so far and as it will be.
    fn key(&self) -> Result<Vec<(String, FieldRef)>> {
        let before = self.merge.columns.of_stored_rows();
        let so_far =
            |name: &String| before.iter().find(|(_, to)| to.name() == name).and_then(|(from, to)| Some((from.clone()?, to.clone())));
        self.merge.key.iter().map(so_far).collect::<Option<_>>().ok_or_else(|| {
            let message = format!("the key `{}` has a column that the table does not have yet", self.merge.key.join(", "));
            Error::new(Code::StrategyChanged, message)
        })
    }

    /// Files that may hold one of the keys, by what manifests say of them.
    pub(super) async fn candidates(&self, range: &KeyRange) -> Result<Vec<ScanFile>> {
        let stored: Vec<String> = self.key()?.into_iter().map(|(so_far, _)| so_far).collect();
        Ok(range.candidates(&self.scan, self.scan.files().await?, &stored))
    }

    /// The one value that each of the key's columns has in all rows of a file, where metadata says so.
    pub(super) fn only_values(&self, file: &ScanFile) -> Option<Vec<ScalarValue>> {
        let key = self.key().ok()?;
        key.iter().map(|(so_far, to)| self.scan.only_value(file, so_far)?.cast_to(to.data_type()).ok()).collect()
    }

    /// How many rows files hold, deleted ones not counted.
    pub(super) async fn live_rows(&self, files: &[ScanFile]) -> Result<u64> {
        let (deleted, plain): (Vec<ScanFile>, Vec<ScanFile>) = files.iter().cloned().partition(ScanFile::has_deletes);
        let known: u64 = plain.iter().map(ScanFile::rows).sum();
        if deleted.is_empty() {
            return Ok(known);
        }
        let rows = self.keys(&deleted)?;
        Ok(known + count(execute::stream(&self.merge.session, rows).await?).await?)
    }

    /// Of these files, those with a row whose key is among the new.
    pub(super) async fn touched(&self, new: &Scratch, files: &[ScanFile]) -> Result<Touched> {
        let mut touched = Touched::default();
        if new.rows() == 0 {
            return Ok(touched);
        }
        for some in files.chunks(FILES_AT_ONCE) {
            let each = some.iter().map(|file| self.keys(std::slice::from_ref(file)));
            let plan = steps::hits_by_file(new, each.collect::<Result<_>>()?, &self.merge.key)?;
            let mut hits = steps::run(&self.merge.session, plan, new).await?;
            while let Some(batch) = hits.try_next().await.map_err(execute::error)? {
                let (file, hits) = (batch.column(0).as_primitive::<UInt32Type>(), batch.column(1).as_primitive::<Int64Type>());
                for row in 0..batch.num_rows() {
                    touched.rows += hits.value(row).unsigned_abs();
                    touched.files.push(some[file.value(row) as usize].clone());
                }
            }
        }
        if touched.rows > 0 {
            // The engine answers in no particular order, and a run is to write the same files each time.
            touched.files.sort_by(|a, b| a.path().cmp(b.path()));
            let matched = steps::matched(new, self.keys(&touched.files)?, &self.merge.key)?;
            touched.keys = count(steps::run(&self.merge.session, matched, new).await?).await?;
        }
        Ok(touched)
    }

    /// Writes the rows of these files whose key is not among the new.
    pub(super) async fn survivors(&self, new: &Scratch, files: &[ScanFile]) -> Result<Unclaimed> {
        let survivors = steps::untouched(new, self.rows(files, |_| true)?, &self.merge.key)?;
        let survivors = steps::run(&self.merge.session, steps::sorted(survivors, &self.merge.sort_by)?, new).await?;
        self.merge.write(survivors.map_err(execute::error), || Ok(())).await
    }
}

#[derive(Default)]
pub(super) struct NullKeyRows {
    count: u64,
    samples: Vec<RecordBatch>,
}

impl NullKeyRows {
    pub(super) fn look(&mut self, batch: &RecordBatch, key: &[usize]) -> Result<()> {
        let defect = |e| Error::new(Code::Internal, "keys could not be looked at").with_source(e);
        let mut all: Option<BooleanArray> = None;
        for index in key {
            let column = batch.column(*index);
            if column.null_count() == 0 && column.logical_null_count() == 0 {
                return Ok(());
            }
            let nulls = is_null(column).map_err(defect)?;
            all = Some(match all {
                Some(all) => and(&all, &nulls).map_err(defect)?,
                None => nulls,
            });
        }
        let Some(all) = all.filter(|all| all.true_count() > 0) else { return Ok(()) };
        self.count += all.true_count() as u64;
        let taken: usize = self.samples.iter().map(RecordBatch::num_rows).sum();
        if taken < SAMPLE_ROWS {
            let rows = filter_record_batch(batch, &all).map_err(defect)?;
            self.samples.push(rows.slice(0, rows.num_rows().min(SAMPLE_ROWS - taken)));
        }
        Ok(())
    }

    pub(super) fn check(self, key: &[String], width: usize) -> Result<(), Refusal> {
        let Some(first) = self.samples.first() else { return Ok(()) };
        let rows = if self.count == 1 { "row has".to_owned() } else { format!("{} rows have", self.count) };
        let message = format!("{rows} NULL in the whole key `{}`", key.join(", "));
        let error = Error::new(Code::NullKey, message).with_context("rows", self.count);
        let samples = arrow::compute::concat_batches(&first.schema(), &self.samples)
            .and_then(|batch| batch.project(&(0..width).collect::<Vec<_>>()))
            .map_err(|e| Error::new(Code::Internal, "sample rows could not be kept").with_source(e))?;
        Err(Refusal { error, rows: Some((self.count, samples)) })
    }
}

async fn count(mut rows: SendableRecordBatchStream) -> Result<u64> {
    let mut count = 0;
    while let Some(batch) = rows.try_next().await.map_err(execute::error)? {
        count += batch.num_rows() as u64;
    }
    Ok(count)
}

pub(super) fn positions(schema: &Schema, names: &[String]) -> Result<Vec<usize>> {
    let missing = |name: &String| Error::new(Code::UnknownColumn, format!("the query gives no column `{name}`, which is in the key"));
    names.iter().map(|name| super::columns::position(schema, name).ok_or_else(|| missing(name))).collect()
}

fn nullable(schema: &Schema) -> SchemaRef {
    Arc::new(Schema::new(schema.fields().iter().map(|f| Arc::new(f.as_ref().clone().with_nullable(true))).collect::<Vec<_>>()))
}
