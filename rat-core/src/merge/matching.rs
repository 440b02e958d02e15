//! Which stored rows have a key that is among the new rows'.
//!
//! Of the table only the key columns are read, and of those only the parts that can hold a new key, by what manifests, footers and page
//! indexes say. New keys are held in memory as many as the budget allows at once; the rest comes in further passes, each of which leaves out
//! what its own keys rule out.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{Array, ArrayRef, UInt32Array, UInt64Array, make_comparator};
use arrow::compute::{SortOptions, cast, take};
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use datafusion::common::ScalarValue;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use futures::{StreamExt, TryStreamExt};
use parking_lot::Mutex;
use roaring::RoaringTreemap;
use tokio::task::JoinSet;

use super::scratch::Scratch;
use super::stored::{Leaving, Stored};
use crate::error::{Code, Error, Result};
use crate::execute;
use crate::tables::{KeySet, Located, LocatedBatch, Look, PartBounds, ScanFile, joined};

/// What the keys of one pass may take in memory; an eighth of the pool where that is less.
const PASS_BYTES: usize = 64 << 20;

/// What was found.
pub(super) struct Matches {
    /// The stored rows.
    pub rows: Leaving,
    /// How many those are.
    pub count: u64,
    /// The new rows, by their place, that a stored row has the key of.
    pub matched: Bits,
    /// The new rows that a stored row of their key is newer than: no row gives way to them.
    pub outdated: Bits,
}

/// A set of places.
#[derive(Debug, Default)]
pub(super) struct Bits(RoaringTreemap);

impl Bits {
    pub(super) fn count(&self) -> u64 {
        self.0.len()
    }

    pub(super) fn contains(&self, place: u64) -> bool {
        self.0.contains(place)
    }
}

/// Finds the rows of these files that have a key of the new rows. With `newer`, a watermark column, those of keys of which a stored row is newer
/// are left out.
pub(super) async fn find(stored: &Stored<'_>, files: &[ScanFile], new: &Scratch, newer: Option<&str>) -> Result<Matches> {
    let search = Search::new(stored, files, newer)?;
    let mut matches = Matches { rows: HashMap::new(), count: 0, matched: Bits::default(), outdated: Bits::default() };
    let mut first = 0;
    let mut keys = Keys::of(&search, new)?;
    while let Some(pass) = keys.next_pass().await? {
        let rows = pass.set.len() as u64;
        search.pass(pass, first, &mut matches).await?;
        first += rows;
    }
    matches.count = matches.rows.values().map(RoaringTreemap::len).sum();
    Ok(matches)
}

/// What is read of the table, and how it compares.
pub(super) struct Search<'a> {
    stored: &'a Stored<'a>,
    files: &'a [ScanFile],
    /// The key's columns, and the watermark behind them.
    pub columns: Vec<String>,
    /// The types they compare in.
    pub types: Vec<DataType>,
    key: usize,
}

impl<'a> Search<'a> {
    pub(super) fn new(stored: &'a Stored<'a>, files: &'a [ScanFile], newer: Option<&str>) -> Result<Self> {
        let merge = stored.merge;
        let columns: Vec<String> = merge.key.iter().cloned().chain(newer.map(str::to_owned)).collect();
        let target = merge.columns.target();
        let types = columns.iter().map(|name| target.field_with_name(name).map(|field| compared(field.data_type())));
        let types = types.collect::<Result<_, _>>().map_err(defect)?;
        Ok(Self { stored, files, columns, types, key: merge.key.len() })
    }

    async fn pass(&self, pass: Pass, first: u64, matches: &mut Matches) -> Result<()> {
        let files = self.candidates(&pass.set);
        if files.is_empty() {
            return Ok(());
        }
        let session = &self.stored.merge.session;
        let state = session.state();
        let look = Look { columns: &self.columns, keys: Some(&pass.set), rows: None };
        let located = self.stored.scan.located(state.runtime_env(), &files, &look).await?;
        let work = Arc::new(Work {
            matched: (0..pass.set.len().div_ceil(64)).map(|_| AtomicU64::new(0)).collect(),
            pass,
            types: self.types.clone(),
            key: self.key,
            located,
            found: Mutex::new(Found::default()),
        });
        let mut tasks = JoinSet::new();
        for _ in 0..state.config().target_partitions().clamp(1, work.located.parts().max(1)) {
            tasks.spawn(Arc::clone(&work).run());
        }
        while let Some(done) = tasks.join_next().await {
            done.map_err(defect)??;
        }
        let work = Arc::into_inner(work).ok_or_else(|| Error::new(Code::Internal, "a search goes on after its end"))?;
        work.finish(first, &files, matches)
    }

    /// Files that may hold one of the keys, by what manifests say of them.
    pub(super) fn candidates(&self, keys: &KeySet) -> Vec<ScanFile> {
        let kept = keys.keeps(self.files.len(), &self.bounds());
        self.files.iter().zip(kept).filter(|(_, kept)| *kept).map(|(file, _)| file.clone()).collect()
    }

    /// What manifests say of the key's columns, file by file.
    pub(super) fn bounds(&self) -> Vec<PartBounds> {
        let files = self.files;
        let mut known = Vec::new();
        for (column, name) in self.columns.iter().take(self.key).enumerate() {
            let bounds: Vec<_> = files.iter().map(|file| self.stored.scan.bounds(file, name)).collect();
            let values = |of: fn(&crate::tables::ColumnBounds) -> &Option<ScalarValue>| {
                let null = ScalarValue::try_new_null(&self.types[column]).ok()?;
                let value = |bound: &Option<ScalarValue>| {
                    bound.as_ref().and_then(|bound| bound.cast_to(&self.types[column]).ok()).unwrap_or_else(|| null.clone())
                };
                ScalarValue::iter_to_array(bounds.iter().map(|bounds| value(of(bounds)))).ok()
            };
            if let (Some(min), Some(max)) = (values(|bounds| &bounds.min), values(|bounds| &bounds.max)) {
                let nulls = bounds.iter().map(|bounds| bounds.nulls).collect::<UInt64Array>();
                known.push(PartBounds { column, min, max, nulls });
            }
        }
        known
    }
}

/// Keys that are in memory at once.
pub(super) struct Pass {
    pub set: KeySet,
    /// The watermarks of those rows.
    watermarks: Option<ArrayRef>,
    _reserved: MemoryReservation,
}

/// The keys of the new rows, pass after pass.
pub(super) struct Keys<'a> {
    search: &'a Search<'a>,
    rows: SendableRecordBatchStream,
    indices: Vec<usize>,
    /// Whether the batches are of a file: a column of one keeps the memory of all of them.
    copies: bool,
    ahead: Option<(Vec<ArrayRef>, usize)>,
}

impl<'a> Keys<'a> {
    pub(super) fn of(search: &'a Search<'a>, new: &Scratch) -> Result<Self> {
        let index = |name: &String| new.schema().index_of(name).map_err(defect);
        let indices = search.columns.iter().map(index).collect::<Result<_>>()?;
        Ok(Self { search, rows: new.stream()?, indices, copies: !new.is_in_memory(), ahead: None })
    }

    pub(super) async fn next_pass(&mut self) -> Result<Option<Pass>> {
        let session = &self.search.stored.merge.session;
        let pass_bytes = PASS_BYTES.min(session.memory_bytes() / 8);
        let state = session.state();
        let reserved = MemoryConsumer::new("merge: keys").register(&state.runtime_env().memory_pool);
        let mut columns: Vec<Vec<ArrayRef>> = self.indices.iter().map(|_| Vec::new()).collect();
        let (mut rows, mut bytes) = (0, 0);
        loop {
            let (batch, size) = match self.ahead.take() {
                Some(ahead) => ahead,
                None => match self.rows.next().await {
                    Some(batch) => self.columns(&batch.map_err(execute::error)?)?,
                    None => break,
                },
            };
            let count = batch.first().map_or(0, |column| column.len());
            let needed = KeySet::bytes_for(rows + count, bytes + size);
            if rows == 0 {
                // Without room for the keys of one batch nothing would ever be found.
                reserved.resize(needed);
            } else if needed > pass_bytes || reserved.try_resize(needed).is_err() {
                self.ahead = Some((batch, size));
                break;
            }
            rows += count;
            bytes += size;
            for (column, part) in columns.iter_mut().zip(batch) {
                column.push(part);
            }
        }
        if rows == 0 {
            return Ok(None);
        }
        let mut columns = columns.iter().map(|parts| joined(parts)).collect::<Result<Vec<ArrayRef>>>()?;
        let watermarks = (columns.len() > self.search.key).then(|| columns.pop()).flatten();
        Ok(Some(Pass { set: KeySet::new(columns)?, watermarks, _reserved: reserved }))
    }

    fn columns(&self, batch: &RecordBatch) -> Result<(Vec<ArrayRef>, usize)> {
        let mut bytes = 0;
        let column = |(index, to): (&usize, &DataType)| {
            let mut values = Arc::clone(batch.column(*index));
            if self.copies {
                let all = UInt32Array::from_iter_values(0..u32::try_from(values.len()).map_err(defect)?);
                values = take(&values, &all, None).map_err(defect)?;
            }
            bytes += values.to_data().get_slice_memory_size().map_err(defect)?;
            cast(&values, to).map_err(defect)
        };
        let columns = self.indices.iter().zip(&self.search.types).map(column).collect::<Result<_>>()?;
        Ok((columns, bytes))
    }
}

/// One pass over the stored keys, shared by the tasks that do it.
struct Work {
    pass: Pass,
    types: Vec<DataType>,
    key: usize,
    located: Located,
    matched: Vec<AtomicU64>,
    found: Mutex<Found>,
}

#[derive(Default)]
struct Found {
    rows: HashMap<usize, RoaringTreemap>,
    /// With watermarks a row cannot be judged before all rows of its key are known.
    pending: Vec<(u32, usize, u64)>,
    outdated: RoaringTreemap,
}

impl Work {
    async fn run(self: Arc<Self>) -> Result<()> {
        let mut rows = pin!(self.located.stream());
        let mut found = Found::default();
        while let Some(batch) = rows.try_next().await? {
            self.look(&batch, &mut found)?;
        }
        let mut all = self.found.lock();
        for (file, rows) in found.rows {
            *all.rows.entry(file).or_default() |= rows;
        }
        all.pending.append(&mut found.pending);
        all.outdated |= found.outdated;
        Ok(())
    }

    fn look(&self, batch: &LocatedBatch, found: &mut Found) -> Result<()> {
        let columns = batch.rows.columns().iter().zip(&self.types).map(|(column, to)| match column.data_type() == to {
            true => Ok(Arc::clone(column)),
            false => cast(column, to).map_err(defect),
        });
        let columns = columns.collect::<Result<Vec<ArrayRef>>>()?;
        let mut pairs: Vec<(usize, usize)> = Vec::new();
        self.pass.set.probe(&columns[..self.key], |row, key| pairs.push((row, key)))?;
        if pairs.is_empty() {
            return Ok(());
        }
        for (_, key) in &pairs {
            self.matched[key / 64].fetch_or(1 << (key % 64), Ordering::Relaxed);
        }
        match &self.pass.watermarks {
            None => found.rows.entry(batch.file).or_default().extend(pairs.iter().map(|(row, _)| batch.number(*row))),
            Some(incoming) => {
                // NULL is the least watermark: older than any other, and not than itself.
                let options = SortOptions { descending: false, nulls_first: true };
                let compare = make_comparator(columns[self.key].as_ref(), incoming.as_ref(), options).map_err(defect)?;
                for (row, key) in pairs {
                    if compare(row, key).is_gt() {
                        found.outdated.insert(key as u64);
                    }
                    found.pending.push((u32::try_from(key).map_err(defect)?, batch.file, batch.number(row)));
                }
            }
        }
        Ok(())
    }

    fn finish(self, first: u64, files: &[ScanFile], matches: &mut Matches) -> Result<()> {
        let mut found = self.found.into_inner();
        for (key, file, row) in found.pending {
            if !found.outdated.contains(u64::from(key)) {
                found.rows.entry(file).or_default().insert(row);
            }
        }
        for (file, rows) in found.rows {
            *matches.rows.entry(files[file].path().to_owned()).or_default() |= rows;
        }
        let is_matched = |key: usize| self.matched[key / 64].load(Ordering::Relaxed) & (1 << (key % 64)) != 0;
        let matched = &mut matches.matched.0;
        // Of equal keys the set knows one; all of the rows have it.
        self.pass.set.each(|row, key| {
            if is_matched(key) {
                matched.insert(first + row as u64);
            }
        })?;
        matches.outdated.0.extend(found.outdated.iter().map(|key| first + key));
        Ok(())
    }
}

/// The type that values are compared in: text and bytes as the scan gives them.
fn compared(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 => DataType::Utf8View,
        DataType::Binary | DataType::LargeBinary => DataType::BinaryView,
        other => other.clone(),
    }
}

fn defect(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(Code::Internal, "stored keys could not be searched").with_source(error)
}
