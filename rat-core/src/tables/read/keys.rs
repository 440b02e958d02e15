//! A set of keys in memory: which of some rows have a key that is in it, and which parts of a file can.
//!
//! Keys compare with `IS NOT DISTINCT FROM`: NULL is NULL, -0.0 is 0.0 and one NaN is every other.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, DynComparator, Float32Array, Float64Array, UInt64Array, make_comparator};
use arrow::compute::{SortOptions, cast, concat, sort_to_indices, take};
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use datafusion::common::hash_utils::{RandomState, create_hashes};

use crate::error::{Code, Error, Result};

/// Nothing in a slot.
const EMPTY: u64 = u64::MAX;
/// What a key takes besides its values: slots of eight bytes, a quarter to half of them used.
const SLOT_BYTES_PER_KEY: usize = 32;

/// Keys, each with its place in the order they were given.
pub struct KeySet {
    columns: Vec<ArrayRef>,
    /// The values of each column in order and without NULL, for types whose order is that of Parquet's statistics.
    ordered: Vec<Option<Ordered>>,
    /// Open addressing: the upper half of a key's hash, and its place.
    slots: Vec<u64>,
    distinct: usize,
    state: RandomState,
}

struct Ordered {
    values: ArrayRef,
    has_null: bool,
}

/// What is known of a column's values in some parts of a file, a value a part. NULL is not known.
pub struct PartBounds {
    /// The column, by its place among the key's.
    pub column: usize,
    /// No value of the part is less.
    pub min: ArrayRef,
    /// No value of the part is greater.
    pub max: ArrayRef,
    /// How many values are NULL.
    pub nulls: UInt64Array,
}

fn defect(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(Code::Internal, "keys could not be compared").with_source(error)
}

impl KeySet {
    /// A set of the keys of these rows, column by column. Of equal keys the first has the place.
    ///
    /// # Errors
    /// `INTERNAL` for a type that cannot be compared.
    pub fn new(columns: Vec<ArrayRef>) -> Result<Self> {
        let columns: Vec<ArrayRef> = columns.iter().map(normal).collect();
        let rows = columns.first().map_or(0, |column| column.len());
        let ordered = columns.iter().map(ordered).collect::<Result<_>>()?;
        let slots = vec![EMPTY; (rows * 2).next_power_of_two().max(16)];
        let mut set = Self { columns, ordered, slots, distinct: 0, state: RandomState::default() };
        let hashes = set.hashes(&set.columns)?;
        let equal = set.comparators(&set.columns)?;
        let mask = set.slots.len() - 1;
        for (row, hash) in hashes.into_iter().enumerate() {
            let mut at = slot_of(hash) & mask;
            loop {
                let slot = set.slots[at];
                if slot == EMPTY {
                    set.slots[at] = tag(hash) | row as u64;
                    set.distinct += 1;
                    break;
                }
                if (slot ^ hash) & TAG == 0 && is_equal(&equal, row, place(slot)) {
                    break;
                }
                at = (at + 1) & mask;
            }
        }
        Ok(set)
    }

    /// What a set of so many keys takes in memory, their values included.
    pub fn bytes_for(rows: usize, value_bytes: usize) -> usize {
        // The values, once more in order.
        value_bytes * 2 + rows * SLOT_BYTES_PER_KEY
    }

    /// How many columns a key has.
    pub fn columns(&self) -> usize {
        self.columns.len()
    }

    /// How many rows it was made of.
    pub fn len(&self) -> usize {
        self.columns.first().map_or(0, |column| column.len())
    }

    /// Whether it was made of none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Calls `found` with a row of these and the place of its key, for every row whose key is in the set. The columns are those of the key,
    /// of its types.
    ///
    /// # Errors
    /// `INTERNAL` for other types than the set's.
    pub fn probe(&self, columns: &[ArrayRef], mut found: impl FnMut(usize, usize)) -> Result<()> {
        let columns: Vec<ArrayRef> = columns.iter().map(normal).collect();
        let hashes = self.hashes(&columns)?;
        let equal = self.comparators(&columns)?;
        let mask = self.slots.len() - 1;
        for (row, hash) in hashes.into_iter().enumerate() {
            let mut at = slot_of(hash) & mask;
            loop {
                let slot = self.slots[at];
                if slot == EMPTY {
                    break;
                }
                if (slot ^ hash) & TAG == 0 && is_equal(&equal, row, place(slot)) {
                    found(row, place(slot));
                    break;
                }
                at = (at + 1) & mask;
            }
        }
        Ok(())
    }

    /// Calls `found` with each row the set was made of and the place of its key.
    ///
    /// # Errors
    /// None: the types are the set's.
    pub fn each(&self, mut found: impl FnMut(usize, usize)) -> Result<()> {
        if self.distinct == self.len() {
            (0..self.distinct).for_each(|row| found(row, row));
            return Ok(());
        }
        self.probe(&self.columns, found)
    }

    /// Of the parts of a file, those that can hold one of the keys.
    pub fn keeps(&self, parts: usize, known: &[PartBounds]) -> Vec<bool> {
        let mut kept = vec![true; parts];
        for bounds in known {
            let Some(Some(ordered)) = self.ordered.get(bounds.column) else { continue };
            ordered.narrow(bounds, &mut kept);
        }
        kept
    }

    /// The values of a column of the keys that a part can hold by its bounds; `None` when NULL may be one of them, or when that is not known.
    pub(super) fn within(&self, bounds: &PartBounds, part: usize) -> Option<ArrayRef> {
        let ordered = self.ordered.get(bounds.column)?.as_ref().filter(|ordered| !ordered.may_be_null(bounds, part))?;
        let range = ordered.ranges(bounds)?(part)?;
        Some(ordered.values.slice(range.start, range.len()))
    }

    fn hashes(&self, columns: &[ArrayRef]) -> Result<Vec<u64>> {
        let mut hashes = vec![0; columns.first().map_or(0, |column| column.len())];
        create_hashes(columns, &self.state, &mut hashes).map_err(defect)?;
        Ok(hashes)
    }

    fn comparators(&self, columns: &[ArrayRef]) -> Result<Vec<DynComparator>> {
        let pair = |(a, b): (&ArrayRef, &ArrayRef)| make_comparator(a.as_ref(), b.as_ref(), SortOptions::default()).map_err(defect);
        columns.iter().zip(&self.columns).map(pair).collect()
    }
}

const TAG: u64 = 0xffff_ffff_0000_0000;

fn tag(hash: u64) -> u64 {
    hash & TAG
}

fn place(slot: u64) -> usize {
    (slot & !TAG) as usize
}

// The tag takes the upper half of the hash, so the place in the table is taken from the lower.
fn slot_of(hash: u64) -> usize {
    hash as u32 as usize
}

fn is_equal(columns: &[DynComparator], a: usize, b: usize) -> bool {
    columns.iter().all(|compare| compare(a, b).is_eq())
}

/// Values of which equal ones are the same bits.
pub(crate) fn normal(values: &ArrayRef) -> ArrayRef {
    match values.data_type() {
        DataType::Float32 => {
            let normal: Float32Array = values.as_primitive::<Float32Type>().unary(|v| if v.is_nan() { f32::NAN } else { v + 0.0 });
            Arc::new(normal)
        }
        DataType::Float64 => {
            let normal: Float64Array = values.as_primitive::<Float64Type>().unary(|v| if v.is_nan() { f64::NAN } else { v + 0.0 });
            Arc::new(normal)
        }
        _ => Arc::clone(values),
    }
}

fn has_nan(values: &ArrayRef) -> bool {
    match values.data_type() {
        DataType::Float32 => values.as_primitive::<Float32Type>().iter().flatten().any(f32::is_nan),
        DataType::Float64 => values.as_primitive::<Float64Type>().iter().flatten().any(f64::is_nan),
        _ => false,
    }
}

fn ordered(values: &ArrayRef) -> Result<Option<Ordered>> {
    // NaN is in no statistics, and nested values have none.
    if has_nan(values) || values.data_type().is_nested() {
        return Ok(None);
    }
    let options = SortOptions { descending: false, nulls_first: false };
    let has_null = values.null_count() > 0;
    let order = sort_to_indices(values, Some(options), Some(values.len() - values.null_count())).map_err(defect)?;
    Ok(Some(Ordered { values: take(values, &order, None).map_err(defect)?, has_null }))
}

impl Ordered {
    fn narrow(&self, bounds: &PartBounds, kept: &mut [bool]) {
        let Some(range) = self.ranges(bounds) else { return };
        for (part, kept) in kept.iter_mut().enumerate() {
            if !self.may_be_null(bounds, part)
                && let Some(range) = range(part)
            {
                *kept &= !range.is_empty();
            }
        }
    }

    fn may_be_null(&self, bounds: &PartBounds, part: usize) -> bool {
        self.has_null && !(bounds.nulls.is_valid(part) && bounds.nulls.value(part) == 0)
    }

    /// The places of the values that lie in a part's bounds, where it has some.
    fn ranges(&self, bounds: &PartBounds) -> Option<impl Fn(usize) -> Option<Range<usize>>> {
        let of_type = |values: &ArrayRef| cast(values, self.values.data_type()).ok().map(|values| normal(&values));
        let (min, max) = (of_type(&bounds.min)?, of_type(&bounds.max)?);
        let compare = |bound: &ArrayRef| make_comparator(self.values.as_ref(), bound.as_ref(), SortOptions::default()).ok();
        let (to_min, to_max) = (compare(&min)?, compare(&max)?);
        let count = self.values.len();
        Some(move |part| {
            let is_known = !min.is_null(part) && !max.is_null(part);
            is_known.then(|| {
                let start = partition_point(0..count, |key| to_min(key, part).is_lt());
                start..partition_point(start..count, |key| to_max(key, part).is_le())
            })
        })
    }
}

fn partition_point(range: Range<usize>, below: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (range.start, range.end);
    while low < high {
        let middle = low + (high - low) / 2;
        if below(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// Several arrays of one type as one.
pub(crate) fn joined(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    match arrays {
        [only] => Ok(Arc::clone(only)),
        arrays => concat(&arrays.iter().map(AsRef::as_ref).collect::<Vec<_>>()).map_err(defect),
    }
}
