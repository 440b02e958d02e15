//! Stored versions that have an end now: which rows those are, and the same rows with it.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, AsArray, RecordBatch, TimestampMicrosecondArray, UInt32Array, UInt64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef, TimestampMicrosecondType, UInt32Type, UInt64Type};
use futures::channel::mpsc::Sender;
use futures::{SinkExt, Stream, StreamExt, TryStreamExt, stream};
use roaring::RoaringTreemap;

use super::super::one_per_key::nullable;
use super::super::scratch::Scratch;
use super::super::sorting::{self, By};
use super::super::stored::{Leaving, Stored};
use super::Validity;
use crate::error::{Code, Error, Result};
use crate::execute;
use crate::session::Session;
use crate::tables::{FILE, LocatedBatch, Look, ROW};

const END: &str = "__rat_end";
const BATCH_ROWS: usize = 8192;

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let end = DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, None);
    let field = |name: &str, data_type| Field::new(name, data_type, false);
    Arc::new(Schema::new(vec![field(FILE, DataType::UInt32), field(ROW, DataType::UInt64), field(END, end)]))
});

/// Rows by the place of their file and their number in it, each with its end; in batches.
pub(super) fn batch(files: Vec<u32>, rows: Vec<u64>, ends: Vec<i64>) -> Result<RecordBatch> {
    let columns: Vec<ArrayRef> =
        vec![Arc::new(UInt32Array::from(files)), Arc::new(UInt64Array::from(rows)), Arc::new(TimestampMicrosecondArray::from(ends))];
    RecordBatch::try_new(Arc::clone(&SCHEMA), columns).map_err(defect)
}

/// Ends on their way to be kept.
pub(super) struct Ends {
    to: Sender<Result<RecordBatch>>,
    files: Vec<u32>,
    rows: Vec<u64>,
    ends: Vec<i64>,
}

impl Ends {
    pub(super) fn new(to: Sender<Result<RecordBatch>>) -> Self {
        Self { to, files: Vec::new(), rows: Vec::new(), ends: Vec::new() }
    }

    pub(super) async fn push(&mut self, file: u32, row: u64, end: i64) {
        self.files.push(file);
        self.rows.push(row);
        self.ends.push(end);
        if self.files.len() >= BATCH_ROWS {
            self.flush().await;
        }
    }

    pub(super) async fn flush(&mut self) {
        if self.files.is_empty() {
            return;
        }
        let batch = batch(std::mem::take(&mut self.files), std::mem::take(&mut self.rows), std::mem::take(&mut self.ends));
        // Nobody listens any more when the ends could not be kept, and then that is the error.
        let _ = self.to.send(batch).await;
    }
}

/// Stored versions with their new ends.
pub(super) struct Ended {
    ends: Scratch,
    rows: BTreeMap<u32, RoaringTreemap>,
}

impl Ended {
    pub(super) async fn fill(session: &Session, ends: impl Stream<Item = Result<RecordBatch>>) -> Result<Self> {
        let mut rows: BTreeMap<u32, RoaringTreemap> = BTreeMap::new();
        let seen = ends.inspect(|batch| {
            let Ok(batch) = batch else { return };
            let (files, numbers) = (batch.column(0).as_primitive::<UInt32Type>(), batch.column(1).as_primitive::<UInt64Type>());
            for (file, number) in files.values().iter().zip(numbers.values()) {
                rows.entry(*file).or_default().insert(*number);
            }
        });
        let ends = Scratch::fill(session, Arc::clone(&SCHEMA), seen).await?;
        Ok(Self { ends, rows })
    }

    pub(super) fn count(&self) -> u64 {
        self.ends.rows()
    }

    /// Where they lie.
    pub(super) fn rows(&self, stored: &Stored<'_>) -> Leaving {
        self.rows.iter().map(|(file, rows)| (stored.files[*file as usize].path().to_owned(), rows.clone())).collect()
    }

    /// The same rows, with their ends.
    pub(super) async fn rewritten(&self, stored: &Stored<'_>, validity: &Validity) -> Result<Scratch> {
        let session = &stored.merge.session;
        let target = nullable(stored.merge.columns.target());
        let columns: Vec<String> = target.fields().iter().map(|field| field.name().clone()).collect();
        let leaving = self.rows(stored);
        let files: Vec<_> = self.rows.keys().map(|file| stored.files[*file as usize].clone()).collect();
        let look = Look { columns: &columns, keys: None, rows: Some(&leaving) };
        let state = session.state();
        let located = stored.scan.located(state.runtime_env(), &files, &look).await?;

        // One stream gives the rows in the order of files and rows: that of the ends, once those are sorted.
        let by_place = [FILE.to_owned(), ROW.to_owned()];
        let ends = self.ends.stream()?.map_err(execute::error);
        let ends = sorting::sorted(session, Arc::clone(&SCHEMA), ends, &By::ascending(&SCHEMA, &by_place)?).await?;
        let ends = Zip { ends, batch: None, at: 0 };
        let numbers: Vec<u32> = self.rows.keys().copied().collect();
        let (numbers, schema) = (&numbers, &target);
        let rows = stream::try_unfold((Box::pin(located.stream()), ends), |(mut rows, mut ends)| async move {
            let Some(located) = rows.try_next().await? else { return Ok(None) };
            let of_rows = ends.of(&located, numbers[located.file]).await?;
            let column = |(stored, to): (&ArrayRef, &FieldRef)| match *to.name() == validity.to {
                true => Ok(Arc::clone(&of_rows)),
                false => cast(stored, to.data_type()).map_err(defect),
            };
            let columns = located.rows.columns().iter().zip(schema.fields()).map(column).collect::<Result<Vec<ArrayRef>>>()?;
            let rewritten = RecordBatch::try_new(Arc::clone(schema), columns).map_err(defect)?;
            Ok(Some((rewritten, (rows, ends))))
        });
        let rows = Scratch::fill(session, Arc::clone(&target), rows).await?;
        match rows.rows() == self.ends.rows() {
            true => Ok(rows),
            false => Err(Error::new(Code::Internal, "versions that end are not all there")),
        }
    }
}

/// Ends, taken row by row.
struct Zip<S> {
    ends: S,
    batch: Option<RecordBatch>,
    at: usize,
}

impl<S: Stream<Item = Result<RecordBatch>> + Unpin> Zip<S> {
    async fn of(&mut self, located: &LocatedBatch, file: u32) -> Result<ArrayRef> {
        let mut taken = Vec::with_capacity(located.rows.num_rows());
        for row in 0..located.rows.num_rows() {
            let (known_file, number, end) = self.next().await?;
            if (known_file, number) != (file, located.number(row)) {
                return Err(Error::new(Code::Internal, "versions and their ends are not side by side"));
            }
            taken.push(end);
        }
        Ok(Arc::new(TimestampMicrosecondArray::from(taken).with_timezone("+00:00")))
    }

    async fn next(&mut self) -> Result<(u32, u64, i64)> {
        loop {
            if let Some(batch) = self.batch.as_ref().filter(|batch| self.at < batch.num_rows()) {
                let at = self.at;
                self.at += 1;
                let (file, row) = (batch.column(0).as_primitive::<UInt32Type>(), batch.column(1).as_primitive::<UInt64Type>());
                return Ok((file.value(at), row.value(at), batch.column(2).as_primitive::<TimestampMicrosecondType>().value(at)));
            }
            let next = self.ends.next().await.ok_or_else(|| Error::new(Code::Internal, "a version ends, and nobody knows when"))?;
            (self.batch, self.at) = (Some(next?), 0);
        }
    }
}

fn defect(error: arrow::error::ArrowError) -> Error {
    Error::new(Code::Internal, "ends of versions could not be written").with_source(error)
}
