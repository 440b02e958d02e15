//! The stored versions that new ones can have to do with, found by key.

use std::collections::HashMap;
use std::pin::{Pin, pin};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt32Array, UInt64Array};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef, TimestampMicrosecondType};
use datafusion::common::ScalarValue;
use futures::channel::mpsc::{self, Sender};
use futures::{SinkExt, Stream, StreamExt, TryStreamExt};
use parking_lot::Mutex;
use roaring::RoaringTreemap;
use tokio::task::JoinSet;

use super::super::Merge;
use super::super::matching::{Keys, Pass, Search};
use super::super::scratch::Scratch;
use super::super::sorting::{self, By, Ordered};
use super::super::stored::Stored;
use super::{Validity, ended};
use crate::config::HardDeletes;
use crate::error::{Code, Error, Result};
use crate::execute;
use crate::tables::{FILE, Located, LocatedBatch, Look, ROW, ScanFile};

/// Stored versions of the new rows' keys.
pub(super) struct Past {
    /// Their key, validity and compared columns as the table will have them, and where they lie.
    versions: Scratch,
    /// Open versions of keys that are among the new rows', by the place of their file; kept when the others are to be ended.
    present: HashMap<u32, RoaringTreemap>,
}

impl Past {
    /// Those that are open, or end later than `earliest`.
    pub(super) async fn of(stored: &Stored<'_>, validity: &Validity, new: &Scratch, earliest: i64) -> Result<Self> {
        let files = ending_after(stored, validity, earliest);
        let search = Search::new(stored, &files, None)?;
        let wanted = Arc::new(Wanted::new(stored, validity, &search, earliest)?);
        let present = Arc::<Mutex<HashMap<u32, RoaringTreemap>>>::default();
        let (found, versions) = mpsc::channel(1);
        let searched = search_all(stored, &search, new, &wanted, &present, found);
        let versions = Scratch::fill(&stored.merge.session, Arc::clone(&wanted.schema), versions);
        let (searched, versions) = futures::join!(searched, versions);
        let versions = versions?;
        searched?;
        let present = std::mem::take(&mut *present.lock());
        Ok(Self { versions, present })
    }

    /// In the order of the new rows.
    pub(super) async fn in_key_order(&self, merge: &Merge) -> Result<Ordered> {
        let mut order = merge.key.clone();
        order.extend([merge.validity()?.from.clone(), FILE.to_owned(), ROW.to_owned()]);
        let (schema, rows) = (self.versions.schema(), self.versions.stream()?.map_err(execute::error));
        sorting::sorted(&merge.session, Arc::clone(schema), rows, &By::ascending(schema, &order)?).await
    }

    /// Open versions of keys that are not among the new rows', each with the end it gets.
    pub(super) async fn absent(&self, stored: &Stored<'_>, validity: &Validity) -> Result<Absent<'_>> {
        let open = (0_u32..).zip(&stored.files).filter(|(_, file)| may_be_open(stored, validity, file));
        let (numbers, files): (Vec<u32>, Vec<ScanFile>) = open.map(|(number, file)| (number, file.clone())).unzip();
        let columns = [validity.from.clone(), validity.to.clone()];
        let state = stored.merge.session.state();
        let look = Look { columns: &columns, ..Look::default() };
        let located = stored.scan.located(state.runtime_env(), &files, &look).await?;
        Ok(Absent { past: self, rows: Box::pin(located.stream()), numbers, now: validity.now })
    }
}

/// Files that may hold a version that is open, or ends later than a moment.
pub(super) fn ending_after(stored: &Stored<'_>, validity: &Validity, moment: i64) -> Vec<ScanFile> {
    stored.files.iter().filter(|file| may_end_after(stored, validity, file, moment)).cloned().collect()
}

/// Whether a file may hold a version that is open: then it may also end later than any moment.
fn may_be_open(stored: &Stored<'_>, validity: &Validity, file: &ScanFile) -> bool {
    stored.scan.bounds(file, &validity.to).nulls != Some(0)
}

fn may_end_after(stored: &Stored<'_>, validity: &Validity, file: &ScanFile, moment: i64) -> bool {
    let known = stored.scan.bounds(file, &validity.to);
    let ended_before = matches!(known.max, Some(ScalarValue::TimestampMicrosecond(Some(max), _)) if max <= moment);
    !(known.nulls == Some(0) && ended_before)
}

async fn search_all(
    stored: &Stored<'_>,
    search: &Search<'_>,
    new: &Scratch,
    wanted: &Arc<Wanted>,
    present: &Arc<Mutex<HashMap<u32, RoaringTreemap>>>,
    found: Sender<Result<RecordBatch>>,
) -> Result<()> {
    let state = stored.merge.session.state();
    let numbers: HashMap<&str, u32> = (0_u32..).zip(&stored.files).map(|(number, file)| (file.path(), number)).collect();
    let mut keys = Keys::of(search, new)?;
    while let Some(pass) = keys.next_pass().await? {
        let files = search.candidates(&pass.set);
        if files.is_empty() {
            continue;
        }
        let look = Look { columns: &wanted.columns, keys: Some(&pass.set), rows: None };
        let located = stored.scan.located(state.runtime_env(), &files, &look).await?;
        let numbers = files.iter().map(|file| numbers[file.path()]).collect();
        let work = Arc::new(Work { pass, located, numbers, wanted: Arc::clone(wanted), present: Arc::clone(present) });
        let mut tasks = JoinSet::new();
        for _ in 0..state.config().target_partitions().clamp(1, work.located.parts().max(1)) {
            tasks.spawn(Arc::clone(&work).run(found.clone()));
        }
        while let Some(done) = tasks.join_next().await {
            done.map_err(|e| Error::new(Code::Internal, "a search for versions broke off").with_source(e))??;
        }
    }
    Ok(())
}

/// What is read of stored versions.
struct Wanted {
    /// The stored columns: the key's, and of the others those that there are.
    columns: Vec<String>,
    /// The key's types as it is looked for.
    key: Vec<DataType>,
    /// What becomes of them: for each column its place among those read.
    fields: Vec<(usize, FieldRef)>,
    schema: SchemaRef,
    /// Where the end is among those read.
    end: usize,
    earliest: i64,
    keeps_present: bool,
}

impl Wanted {
    fn new(stored: &Stored<'_>, validity: &Validity, search: &Search<'_>, earliest: i64) -> Result<Self> {
        let merge = stored.merge;
        let target = merge.columns.target();
        let mut columns = search.columns.clone();
        let mut fields: Vec<(usize, FieldRef)> = Vec::new();
        let others = [&validity.from, &validity.to].into_iter().chain(&validity.compare);
        for (name, of_key) in merge.key.iter().map(|name| (name, true)).chain(others.map(|name| (name, false))) {
            let field = target.field_with_name(name).map_err(defect)?.clone().with_nullable(true);
            if !of_key {
                columns.push(name.clone());
            }
            fields.push((if of_key { fields.len() } else { columns.len() - 1 }, Arc::new(field)));
        }
        let end = fields[merge.key.len() + 1].0;
        let places = [Field::new(FILE, DataType::UInt32, false), Field::new(ROW, DataType::UInt64, false)].map(Arc::new);
        let schema = Arc::new(Schema::new(fields.iter().map(|(_, field)| Arc::clone(field)).chain(places).collect::<Vec<_>>()));
        let keeps_present = validity.hard_deletes == HardDeletes::Close;
        Ok(Self { columns, key: search.types.clone(), fields, schema, end, earliest, keeps_present })
    }
}

/// One pass over stored versions, shared by the tasks that do it.
struct Work {
    pass: Pass,
    located: Located,
    /// The place of each file among all of the table's.
    numbers: Vec<u32>,
    wanted: Arc<Wanted>,
    present: Arc<Mutex<HashMap<u32, RoaringTreemap>>>,
}

impl Work {
    async fn run(self: Arc<Self>, mut found: Sender<Result<RecordBatch>>) -> Result<()> {
        let mut rows = pin!(self.located.stream());
        while let Some(batch) = rows.try_next().await? {
            if let Some(versions) = self.look(&batch)? {
                // Nobody listens any more when the versions could not be kept, and then that is the error.
                if found.send(Ok(versions)).await.is_err() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn look(&self, batch: &LocatedBatch) -> Result<Option<RecordBatch>> {
        let wanted = &self.wanted;
        let key = batch.rows.columns().iter().zip(&wanted.key).map(|(column, to)| cast(column, to).map_err(defect));
        let ends = batch.rows.column(wanted.end).as_primitive::<TimestampMicrosecondType>();
        let end = |row: usize| ends.is_valid(row).then(|| ends.value(row));
        let mut taken: Vec<u32> = Vec::new();
        let mut open = RoaringTreemap::new();
        self.pass.set.probe(&key.collect::<Result<Vec<_>>>()?, |row, _| {
            let end = end(row);
            if end.is_none() && wanted.keeps_present {
                open.insert(batch.number(row));
            }
            if end.is_none_or(|end| end > wanted.earliest) {
                taken.push(row as u32);
            }
        })?;
        let file = self.numbers[batch.file];
        if !open.is_empty() {
            *self.present.lock().entry(file).or_default() |= open;
        }
        if taken.is_empty() {
            return Ok(None);
        }
        let numbers = UInt64Array::from_iter_values(taken.iter().map(|row| batch.number(*row as usize)));
        let taken = UInt32Array::from(taken);
        let column = |(place, field): &(usize, FieldRef)| {
            take(batch.rows.column(*place), &taken, None).and_then(|values| cast(&values, field.data_type())).map_err(defect)
        };
        let mut columns = wanted.fields.iter().map(column).collect::<Result<Vec<ArrayRef>>>()?;
        columns.push(Arc::new(UInt32Array::from_value(file, taken.len())));
        columns.push(Arc::new(numbers));
        RecordBatch::try_new(Arc::clone(&wanted.schema), columns).map(Some).map_err(defect)
    }
}

/// Open versions of keys that are gone.
pub(super) struct Absent<'a> {
    past: &'a Past,
    rows: Pin<Box<dyn Stream<Item = Result<LocatedBatch>> + Send>>,
    numbers: Vec<u32>,
    now: i64,
}

impl Absent<'_> {
    pub(super) async fn next(&mut self) -> Result<Option<RecordBatch>> {
        let Some(batch) = self.rows.next().await else { return Ok(None) };
        let batch = batch?;
        let file = self.numbers[batch.file];
        let present = self.past.present.get(&file);
        let [begins, ends] = [0, 1].map(|at| batch.rows.column(at).as_primitive::<TimestampMicrosecondType>());
        let (mut rows, mut moments) = (Vec::new(), Vec::new());
        for row in 0..batch.rows.num_rows() {
            let number = batch.number(row);
            if ends.is_null(row) && !present.is_some_and(|present| present.contains(number)) {
                let from = if begins.is_valid(row) { begins.value(row) } else { i64::MIN };
                rows.push(number);
                moments.push(self.now.max(from.saturating_add(1)));
            }
        }
        ended::batch(vec![file; rows.len()], rows, moments).map(Some)
    }
}

fn defect(error: arrow::error::ArrowError) -> Error {
    Error::new(Code::Internal, "stored versions could not be read").with_source(error)
}
