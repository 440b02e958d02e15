//! New and stored versions, side by side in the order of their keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::{Schema, TimestampMicrosecondType, UInt32Type, UInt64Type};
use arrow::row::{Row, RowConverter, Rows, SortField};
use datafusion::common::ScalarValue;
use futures::channel::mpsc::Sender;
use futures::{SinkExt, StreamExt, TryStreamExt};
use roaring::RoaringTreemap;

use super::super::columns::position;
use super::super::flat::{flat, flat_type};
use super::super::picked::Picked;
use super::super::scratch::Scratch;
use super::super::sorting::Ordered;
use super::super::{Merge, Refusal, intake};
use super::Validity;
use super::chain::{Chain, Effect, Moments, Says};
use super::ended::Ends;
use super::past::Past;
use crate::error::{Code, Error, Result, counted};
use crate::execute;
use crate::tables::{FILE, ROW};
use crate::types::sql_type;

const SAMPLE_ROWS: usize = 20;

/// What came of the new versions.
#[derive(Default)]
pub(super) struct Outcome {
    /// Those that are written, with their validity.
    pub rows: Option<Scratch>,
    pub written: u64,
    /// Their greatest watermark.
    pub greatest: Option<ScalarValue>,
    /// Stored rows that gave way to one of them, by the place of their file.
    pub replaced: BTreeMap<usize, RoaringTreemap>,
}

/// The walk over both.
pub(super) struct Fold<'a> {
    merge: &'a Merge,
    validity: &'a Validity,
    new: Cursor,
    stored: Option<Cursor>,
    begins: Begins<'a>,
    ends: Ends,
    late: Late,
    replaced: BTreeMap<usize, RoaringTreemap>,
}

impl<'a> Fold<'a> {
    pub(super) async fn new(
        merge: &'a Merge,
        new: &Scratch,
        past: Option<&Past>,
        begins: Sender<Result<RecordBatch>>,
        ends: Sender<Result<RecordBatch>>,
    ) -> Result<Self> {
        let validity = merge.validity()?;
        let target = merge.columns.target();
        let stored = match past {
            Some(past) => Some(Cursor::new(past.in_key_order(merge).await?, merge, target)?),
            None => None,
        };
        let new = Cursor::new(Box::pin(new.stream()?.map_err(execute::error)), merge, target)?;
        let begins = Begins { merge, validity, to: begins, waiting: Picked::default(), validities: Vec::new(), written: 0, greatest: None };
        Ok(Self { merge, validity, new, stored, begins, ends: Ends::new(ends), late: Late::default(), replaced: BTreeMap::new() })
    }

    pub(super) async fn run(mut self) -> Result<Outcome, Refusal> {
        let moments = Moments { own: self.validity.own, now: self.validity.now };
        let mut chain = Chain::new(moments);
        let mut at: Option<Place> = None;
        let mut effects = Vec::new();
        loop {
            let new = self.new.peek().await?;
            let stored = match &mut self.stored {
                Some(stored) => stored.peek().await?,
                None => None,
            };
            let (next, is_stored) = match (new, stored) {
                (None, None) => break,
                (Some(new), None) => (new, false),
                (None, Some(stored)) => (stored, true),
                (Some(new), Some(stored)) => {
                    // A version that begins now comes behind all that are there, whatever the clock was when they came.
                    let order = stored.key().cmp(&new.key()).then_with(|| match self.validity.own {
                        true => stored.from().cmp(&new.from()),
                        false => std::cmp::Ordering::Less,
                    });
                    if order.is_le() { (stored, true) } else { (new, false) }
                }
            };
            let same_key = at.as_ref().is_some_and(|at| at.key() == next.key());
            if !same_key {
                chain.settle(&mut effects);
            }
            if is_stored {
                if let Some(cursor) = &mut self.stored {
                    cursor.step();
                }
                // What several passes found is there several times.
                let again = same_key && at.as_ref().is_some_and(|at| at.row_of_file().is_some() && at.row_of_file() == next.row_of_file());
                if !again {
                    chain.stored(next.clone(), next.from(), next.to(), &mut effects);
                }
            } else {
                self.new.step();
                let newest = match &mut self.stored {
                    Some(cursor) => cursor.peek().await?.is_none_or(|stored| stored.key() != next.key()),
                    None => true,
                };
                chain.new_row(next.clone(), next.from(), newest, &mut effects);
            }
            at = Some(next);
            for effect in effects.drain(..) {
                self.take(effect).await?;
            }
        }
        chain.settle(&mut effects);
        for effect in effects.drain(..) {
            self.take(effect).await?;
        }
        self.begins.flush().await?;
        self.ends.flush().await;
        self.late.check(self.merge, self.validity)?;
        Ok(Outcome { rows: None, written: self.begins.written, greatest: self.begins.greatest, replaced: self.replaced })
    }

    async fn take(&mut self, effect: Effect<Place, Place>) -> Result<()> {
        match effect {
            Effect::Begins { row, from, to } => self.begins.push(row, from, to).await?,
            Effect::Ends { row, to } => {
                if let Some((file, number)) = row.row_of_file() {
                    self.ends.push(file, number, to).await;
                }
            }
            Effect::GivesWay(row) => {
                if let Some((file, number)) = row.row_of_file() {
                    self.replaced.entry(file as usize).or_default().insert(number);
                }
            }
            Effect::Late(row) => self.late.push(row),
        }
        Ok(())
    }
}

/// A batch of versions, comparable.
struct Loaded {
    rows: Arc<RecordBatch>,
    keys: Rows,
    values: Rows,
    from: TimestampMicrosecondArray,
    to: TimestampMicrosecondArray,
    /// Where stored ones lie.
    places: Option<(ArrayRef, ArrayRef)>,
}

/// A version, by its batch and place in it.
#[derive(Clone)]
struct Place {
    batch: Arc<Loaded>,
    row: usize,
}

impl Place {
    fn key(&self) -> Row<'_> {
        self.batch.keys.row(self.row)
    }

    /// A stored row without a begin was there before all others.
    fn from(&self) -> i64 {
        if self.batch.from.is_valid(self.row) { self.batch.from.value(self.row) } else { i64::MIN }
    }

    fn to(&self) -> Option<i64> {
        self.batch.to.is_valid(self.row).then(|| self.batch.to.value(self.row))
    }

    fn row_of_file(&self) -> Option<(u32, u64)> {
        let (files, rows) = self.batch.places.as_ref()?;
        Some((files.as_primitive::<UInt32Type>().value(self.row), rows.as_primitive::<UInt64Type>().value(self.row)))
    }
}

impl Says<Place> for Place {
    fn same(&self, other: &Place) -> bool {
        self.batch.values.row(self.row) == other.batch.values.row(other.row)
    }
}

/// Versions in the order of their keys.
struct Cursor {
    rows: Ordered,
    keys: Comparable,
    values: Comparable,
    validity: (String, String),
    batch: Option<Arc<Loaded>>,
    row: usize,
}

impl Cursor {
    fn new(rows: Ordered, merge: &Merge, target: &Schema) -> Result<Self> {
        let validity = merge.validity()?;
        // Rows of one key say the same when there is nothing to say.
        let values = if validity.compare.is_empty() { &merge.key } else { &validity.compare };
        let (keys, values) = (Comparable::new(target, &merge.key)?, Comparable::new(target, values)?);
        Ok(Self { rows, keys, values, validity: (validity.from.clone(), validity.to.clone()), batch: None, row: 0 })
    }

    async fn peek(&mut self) -> Result<Option<Place>> {
        loop {
            if let Some(batch) = self.batch.as_ref().filter(|batch| self.row < batch.rows.num_rows()) {
                return Ok(Some(Place { batch: Arc::clone(batch), row: self.row }));
            }
            let Some(rows) = self.rows.next().await else { return Ok(None) };
            (self.batch, self.row) = (Some(Arc::new(self.load(rows?)?)), 0);
        }
    }

    fn step(&mut self) {
        self.row += 1;
    }

    fn load(&self, rows: RecordBatch) -> Result<Loaded> {
        let schema = rows.schema();
        let column = |name: &str| position(&schema, name).map(|at| Arc::clone(rows.column(at)));
        let moments = |name: &str| {
            let column = column(name).ok_or_else(|| Error::new(Code::Internal, format!("versions without `{name}`")))?;
            Ok::<_, Error>(column.as_primitive::<TimestampMicrosecondType>().clone())
        };
        let (from, to) = (moments(&self.validity.0)?, moments(&self.validity.1)?);
        let (keys, values) = (self.keys.of(&rows)?, self.values.of(&rows)?);
        Ok(Loaded { keys, values, from, to, places: column(FILE).zip(column(ROW)), rows: Arc::new(rows) })
    }
}

/// Columns as bytes that are equal when the values are: NULL is NULL, -0.0 is 0.0 and one NaN is every other. Those of a key have its order.
pub(super) struct Comparable {
    names: Vec<String>,
    converter: RowConverter,
}

impl Comparable {
    pub(super) fn new(schema: &Schema, names: &[String]) -> Result<Self> {
        let of = |name: &String| {
            let data_type = schema.field_with_name(name).map_err(defect)?.data_type();
            let field = SortField::new(flat_type(data_type));
            match RowConverter::supports_fields(std::slice::from_ref(&field)) {
                true => Ok(field),
                false => {
                    Err(Error::new(Code::UnsupportedType, format!("column `{name}` is {}, which cannot be compared", sql_type(data_type)))
                        .with_help("name the columns that make a new version with `scd_compare`")
                        .with_context("column", name))
                }
            }
        };
        let fields = names.iter().map(of).collect::<Result<_>>()?;
        Ok(Self { names: names.to_vec(), converter: RowConverter::new(fields).map_err(defect)? })
    }

    pub(super) fn of(&self, rows: &RecordBatch) -> Result<Rows> {
        let schema = rows.schema();
        let column = |name: &String| flat(rows.column(schema.index_of(name).map_err(defect)?));
        self.converter.convert_columns(&self.names.iter().map(column).collect::<Result<Vec<_>>>()?).map_err(defect)
    }
}

/// New versions on their way to be written.
struct Begins<'a> {
    merge: &'a Merge,
    validity: &'a Validity,
    to: Sender<Result<RecordBatch>>,
    waiting: Picked,
    validities: Vec<(i64, Option<i64>)>,
    written: u64,
    greatest: Option<ScalarValue>,
}

impl Begins<'_> {
    async fn push(&mut self, row: Place, from: i64, to: Option<i64>) -> Result<()> {
        self.waiting.push(&row.batch.rows, row.row);
        self.validities.push((from, to));
        self.written += 1;
        if self.waiting.is_full() { self.flush().await } else { Ok(()) }
    }

    async fn flush(&mut self) -> Result<()> {
        let Some(batch) = self.waiting.take()? else { return Ok(()) };
        let (from, to): (Vec<i64>, Vec<Option<i64>>) = std::mem::take(&mut self.validities).into_iter().unzip();
        let moments = |values: TimestampMicrosecondArray| Arc::new(values.with_timezone("+00:00")) as ArrayRef;
        let schema = batch.schema();
        let mut columns = batch.columns().to_vec();
        for (name, values) in [(&self.validity.from, moments(from.into())), (&self.validity.to, moments(to.into()))] {
            columns[schema.index_of(name).map_err(defect)?] = values;
        }
        let batch = RecordBatch::try_new(schema, columns).map_err(defect)?;
        if let Some(at) = self.merge.watermark.as_deref().and_then(|name| position(&batch.schema(), name)) {
            self.greatest = intake::greater(self.greatest.take(), intake::greatest(batch.column(at).as_ref()));
        }
        // Nobody listens any more when the rows could not be kept, and then that is the error.
        let _ = self.to.send(Ok(batch)).await;
        Ok(())
    }
}

/// New rows that came too late, and some of them to show.
#[derive(Default)]
struct Late {
    count: u64,
    samples: Picked,
}

impl Late {
    fn push(&mut self, row: Place) {
        self.count += 1;
        if self.samples.len() < SAMPLE_ROWS {
            self.samples.push(&row.batch.rows, row.row);
        }
    }

    fn check(mut self, merge: &Merge, validity: &Validity) -> Result<(), Refusal> {
        let Some(samples) = self.samples.take()? else { return Ok(()) };
        let rows = format!("{} {}", counted(self.count, "row"), if self.count == 1 { "is" } else { "are" });
        let (from, key) = (&validity.from, merge.key.join(", "));
        let message = format!("{rows} older by `{from}` than the newest version that the table has of their key `{key}`");
        let error = Error::new(Code::Scd2LateRow, message).with_context("rows", self.count);
        Err(Refusal { error, rows: Some((self.count, samples)) })
    }
}

fn defect(error: arrow::error::ArrowError) -> Error {
    Error::new(Code::Internal, "versions could not be compared").with_source(error)
}
