//! Rows in an order, however many there are: what memory there is holds a run of them at a time, sorted and put into a file, and the runs
//! are merged as they are read.
//!
//! It always goes on: a single batch is sorted even where the pool has nothing left, so that the order of rows is never what a merge runs
//! out of memory for. While one run is sorted and written, the next is read. Rows that come in order already are one run, whatever their
//! number.

use std::collections::VecDeque;
use std::pin::{Pin, pin};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::{SortOptions, interleave_record_batch};
use arrow::datatypes::{Schema, SchemaRef};
use arrow::row::{Row, RowConverter, Rows, SortField};
use datafusion::common::runtime::SpawnedTask;
use datafusion::execution::disk_manager::RefCountedTempFile;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::physical_plan::spill::{SpillManager, get_record_batch_memory_size};
use futures::{Stream, StreamExt, stream};

use super::flat::{flat, flat_type};
use super::runs::Runs;
use super::scratch::{self, SpillFile};
use crate::error::{Code, Error, Result};
use crate::session::Session;
use crate::types::sql_type;

/// What the rows of one run may take; an eighth of the pool where that is less, for two runs are in memory at once.
const RUN_BYTES: usize = 64 << 20;
/// So many runs are merged at once.
pub(super) const RUNS: usize = 16;
pub(super) const BATCH_ROWS: usize = 8192;

/// Rows in an order.
pub(super) type Ordered = Pin<Box<dyn Stream<Item = Result<RecordBatch>> + Send>>;

/// A column that rows are sorted by.
#[derive(Debug, Clone)]
pub(super) struct By {
    pub column: usize,
    pub options: SortOptions,
}

impl By {
    /// These columns, the least value first and NULL before it.
    pub(super) fn ascending(schema: &Schema, names: &[String]) -> Result<Vec<Self>> {
        let by = |name: &String| Ok(Self { column: schema.index_of(name).map_err(defect)?, options: SortOptions::default() });
        names.iter().map(by).collect()
    }

    /// The greatest value first, NULL last: NULL is the least value.
    pub(super) fn descending(column: usize) -> Self {
        Self { column, options: SortOptions { descending: true, nulls_first: false } }
    }
}

/// Columns of rows as bytes that compare as the rows do. -0.0 is 0.0, and one NaN is every other; maps are as lists of their entries.
#[derive(Debug)]
pub(super) struct Order {
    columns: Vec<usize>,
    converter: RowConverter,
}

impl Order {
    pub(super) fn new(schema: &Schema, by: &[By]) -> Result<Self> {
        let of = |by: &By| {
            let field = schema.field(by.column);
            let sort = SortField::new_with_options(flat_type(field.data_type()), by.options);
            if RowConverter::supports_fields(std::slice::from_ref(&sort)) {
                return Ok(sort);
            }
            let message = format!("column `{}` is {}, which has no order", field.name(), sql_type(field.data_type()));
            Err(Error::new(Code::UnsupportedType, message).with_context("column", field.name()))
        };
        let fields = by.iter().map(of).collect::<Result<_>>()?;
        let columns = by.iter().map(|by| by.column).collect();
        Ok(Self { columns, converter: RowConverter::new(fields).map_err(defect)? })
    }

    pub(super) fn of(&self, rows: &RecordBatch) -> Result<Rows> {
        let columns: Vec<ArrayRef> = self.columns.iter().map(|column| flat(rows.column(*column))).collect::<Result<_>>()?;
        self.converter.convert_columns(&columns).map_err(defect)
    }
}

/// The first bytes of a row, which mostly tell it from another.
pub(super) fn prefix(row: Row<'_>) -> u64 {
    let bytes: &[u8] = row.as_ref();
    let mut first = [0; 8];
    let length = bytes.len().min(8);
    first[..length].copy_from_slice(&bytes[..length]);
    u64::from_be_bytes(first)
}

/// Reads rows to their end, and gives them back in an order; of equal ones the first stays first.
pub(super) async fn sorted(
    session: &Session,
    schema: SchemaRef,
    rows: impl Stream<Item = Result<RecordBatch>>,
    by: &[By],
) -> Result<Ordered> {
    let order = Arc::new(Order::new(&schema, by)?);
    let mut sorter = Sorter::new(session, schema, order);
    let mut rows = pin!(rows);
    while let Some(batch) = rows.next().await {
        sorter.push(batch?).await?;
    }
    sorter.end().await
}

struct Sorter {
    order: Arc<Order>,
    reserved: MemoryReservation,
    run_bytes: usize,
    run: Run,
    spilled: Spilled,
}

/// Where the sorted runs are.
enum Spilled {
    /// There are none, or they wait for more.
    Here(Box<Files>),
    /// One more is being written.
    Writing(SpawnedTask<Result<Box<Files>>>),
    Lost,
}

impl Sorter {
    fn new(session: &Session, schema: SchemaRef, order: Arc<Order>) -> Self {
        let runtime = session.shared().runtime_env();
        let reserved = MemoryConsumer::new("merge: rows to sort").register(&runtime.memory_pool);
        let run_bytes = RUN_BYTES.min(session.memory_bytes() / 8);
        let files = Files {
            manager: Arc::new(scratch::spill_manager(runtime, schema)),
            open: None,
            done: Vec::new(),
            // Of each run that is merged a batch is in use, one is read ahead and one on its way, and as much again are the bytes they are
            // compared by.
            batch_bytes: run_bytes / (4 * RUNS),
        };
        let run = Run::new(reserved.new_empty());
        Self { order, reserved, run_bytes, run, spilled: Spilled::Here(Box::new(files)) }
    }

    async fn push(&mut self, batch: RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let keys = self.order.of(&batch)?;
        let bytes = get_record_batch_memory_size(&batch) + keys.size() + batch.num_rows() * size_of::<Place>();
        let is_full = self.run.reserved.size() + bytes > self.run_bytes;
        if !self.run.batches.is_empty() && (is_full || self.run.reserved.try_grow(bytes).is_err()) {
            self.spill().await?;
        }
        if self.run.batches.is_empty() {
            // Without room for one batch nothing would ever be sorted.
            self.run.reserved.grow(bytes);
        }
        self.run.bytes += bytes;
        self.run.rows += batch.num_rows();
        self.run.batches.push(batch);
        self.run.keys.push(keys);
        Ok(())
    }

    async fn spill(&mut self) -> Result<()> {
        let mut files = self.files().await?;
        let run = std::mem::replace(&mut self.run, Run::new(self.reserved.new_empty()));
        self.spilled = Spilled::Writing(SpawnedTask::spawn_blocking(move || {
            files.write(run)?;
            Ok(files)
        }));
        Ok(())
    }

    async fn files(&mut self) -> Result<Box<Files>> {
        match std::mem::replace(&mut self.spilled, Spilled::Lost) {
            Spilled::Here(files) => Ok(files),
            Spilled::Writing(task) => task.join().await.map_err(defect)?,
            Spilled::Lost => Err(Error::new(Code::Internal, "rows to sort were lost by an error before")),
        }
    }

    async fn end(mut self) -> Result<Ordered> {
        if matches!(self.spilled, Spilled::Here(_)) {
            return Ok(self.run.in_order());
        }
        self.spill().await?;
        let files = self.files().await?;
        let (manager, batch_bytes) = (Arc::clone(&files.manager), files.batch_bytes);
        let mut left = files.ended()?;
        while left.len() > RUNS {
            left = fewer(&manager, &self.order, left).await?;
        }
        // What a batch of each run takes, whether or not others left as much.
        self.reserved.grow(4 * left.len() * batch_bytes);
        Ok(Runs::open(&manager, &self.order, left, Some(self.reserved)).await?.stream())
    }
}

/// Merges neighbouring runs, until few enough are left.
async fn fewer(manager: &Arc<SpillManager>, order: &Arc<Order>, files: Vec<RefCountedTempFile>) -> Result<Vec<RefCountedTempFile>> {
    let mut files = VecDeque::from(files);
    let mut merged = Vec::new();
    loop {
        let surplus = (merged.len() + files.len()).saturating_sub(RUNS);
        if surplus == 0 || files.len() < 2 {
            merged.extend(files);
            return Ok(merged);
        }
        let some = files.drain(..files.len().min(RUNS).min(surplus + 1)).collect();
        let mut file = SpillFile::create(manager)?;
        let mut rows = Runs::open(manager, order, some, None).await?.stream();
        while let Some(batch) = rows.next().await {
            file.append(&batch?)?;
        }
        merged.extend(file.finish()?);
    }
}

/// Rows in memory.
struct Run {
    batches: Vec<RecordBatch>,
    keys: Vec<Rows>,
    rows: usize,
    bytes: usize,
    reserved: MemoryReservation,
}

/// A row of a run.
struct Place {
    prefix: u64,
    batch: u32,
    row: u32,
}

impl Run {
    fn new(reserved: MemoryReservation) -> Self {
        Self { batches: Vec::new(), keys: Vec::new(), rows: 0, bytes: 0, reserved }
    }

    fn key(&self, place: &Place) -> Row<'_> {
        self.keys[place.batch as usize].row(place.row as usize)
    }

    fn places(&self) -> Vec<Place> {
        let mut places = Vec::with_capacity(self.rows);
        for (batch, keys) in (0_u32..).zip(&self.keys) {
            places.extend((0_u32..).zip(keys).map(|(row, key)| Place { prefix: prefix(key), batch, row }));
        }
        places.sort_unstable_by(|a, b| {
            let by_key = a.prefix.cmp(&b.prefix).then_with(|| self.key(a).cmp(&self.key(b)));
            by_key.then_with(|| (a.batch, a.row).cmp(&(b.batch, b.row)))
        });
        places
    }

    fn gathered(&self, places: &[Place]) -> Result<RecordBatch> {
        let batches: Vec<&RecordBatch> = self.batches.iter().collect();
        let rows: Vec<(usize, usize)> = places.iter().map(|place| (place.batch as usize, place.row as usize)).collect();
        interleave_record_batch(&batches, &rows).map_err(defect)
    }

    fn in_order(self) -> Ordered {
        let places = self.places();
        Box::pin(stream::try_unfold((self, places, 0), |(run, places, at)| async move {
            if at == places.len() {
                return Ok(None);
            }
            tokio::task::coop::consume_budget().await;
            let next = places.len().min(at + BATCH_ROWS);
            let batch = run.gathered(&places[at..next])?;
            Ok(Some((batch, (run, places, next))))
        }))
    }
}

/// Sorted runs in files.
struct Files {
    manager: Arc<SpillManager>,
    /// The newest, which goes on where the rows behind it do, and its last key.
    open: Option<(SpillFile, Vec<u8>)>,
    done: Vec<RefCountedTempFile>,
    batch_bytes: usize,
}

impl Files {
    fn write(&mut self, run: Run) -> Result<()> {
        let places = run.places();
        let (Some(first), Some(last)) = (places.first(), places.last()) else { return Ok(()) };
        let mut file = match self.open.take() {
            Some((file, end)) if end.as_slice() <= run.key(first).as_ref() => file,
            open => {
                self.done.extend(ended(open)?);
                SpillFile::create(&self.manager)?
            }
        };
        let rows = (self.batch_bytes * run.rows / run.bytes.max(1)).clamp(1, BATCH_ROWS);
        for places in places.chunks(rows) {
            file.append(&run.gathered(places)?)?;
        }
        self.open = Some((file, run.key(last).as_ref().to_vec()));
        Ok(())
    }

    fn ended(mut self) -> Result<Vec<RefCountedTempFile>> {
        self.done.extend(ended(self.open.take())?);
        Ok(self.done)
    }
}

fn ended(open: Option<(SpillFile, Vec<u8>)>) -> Result<Option<RefCountedTempFile>> {
    match open {
        Some((file, _)) => file.finish(),
        None => Ok(None),
    }
}

pub(super) fn defect(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(Code::Internal, "rows could not be sorted").with_source(error)
}
