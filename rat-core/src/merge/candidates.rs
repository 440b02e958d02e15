//! Which files may hold a key of the new rows, by what manifests say of them.

use arrow::array::Array;
use arrow::record_batch::RecordBatch;
use datafusion::common::ScalarValue;

use super::intake::{greater, greatest};
use crate::error::Result;
use crate::tables::{ColumnBounds, Scan, ScanFile};

/// Up to so many rows, every single key is held against a file's bounds: a handful of keys far apart would otherwise touch everything
/// between them.
const SINGLE_KEYS: usize = 1024;

/// What is known of the key columns of the new rows.
#[derive(Debug, Clone, Default)]
pub(super) struct KeyRange {
    columns: Vec<ColumnRange>,
    single: Option<Vec<Vec<ScalarValue>>>,
}

#[derive(Debug, Clone, Default)]
struct ColumnRange {
    least: Option<ScalarValue>,
    greatest: Option<ScalarValue>,
    has_null: bool,
}

impl KeyRange {
    pub(super) fn of(columns: usize) -> Self {
        Self { columns: vec![ColumnRange::default(); columns], single: Some(Vec::new()) }
    }

    pub(super) fn add(&mut self, batch: &RecordBatch, key: &[usize]) -> Result<()> {
        for (range, index) in self.columns.iter_mut().zip(key) {
            let values = batch.column(*index);
            range.has_null |= values.null_count() > 0;
            range.greatest = greater(range.greatest.take(), greatest(values.as_ref()));
            range.least = lesser(range.least.take(), least(values.as_ref()));
        }
        match &mut self.single {
            Some(single) if single.len() + batch.num_rows() <= SINGLE_KEYS => {
                for row in 0..batch.num_rows() {
                    let values = key.iter().map(|index| ScalarValue::try_from_array(batch.column(*index), row));
                    single.push(values.collect::<datafusion::error::Result<_>>().map_err(crate::execute::error)?);
                }
            }
            single => *single = None,
        }
        Ok(())
    }

    /// The files that may hold one of the keys. `stored` are the key's columns as the table has them, which a rename or a widening may tell
    /// apart from what they become.
    pub(super) fn candidates(&self, base: &Scan, mut files: Vec<ScanFile>, stored: &[String]) -> Vec<ScanFile> {
        files.retain(|file| {
            let bounds: Vec<ColumnBounds> = stored.iter().map(|name| base.bounds(file, name)).collect();
            match &self.single {
                Some(single) => single.iter().any(|key| key.iter().zip(&bounds).all(|(value, bounds)| holds(bounds, value))),
                None => self.columns.iter().zip(&bounds).all(|(range, bounds)| range.overlaps(bounds)),
            }
        });
        files
    }
}

impl ColumnRange {
    fn overlaps(&self, bounds: &ColumnBounds) -> bool {
        let above = is_less(self.greatest.as_ref(), bounds.min.as_ref());
        let below = is_less(bounds.max.as_ref(), self.least.as_ref());
        (self.has_null && bounds.nulls != Some(0)) || (self.least.is_some() && !above && !below)
    }
}

fn holds(bounds: &ColumnBounds, value: &ScalarValue) -> bool {
    if value.is_null() {
        return bounds.nulls != Some(0);
    }
    !is_less(Some(value), bounds.min.as_ref()) && !is_less(bounds.max.as_ref(), Some(value))
}

/// Whether it is known that one value is less than the other. Bounds may be of a narrower type than the keys have by now.
fn is_less(a: Option<&ScalarValue>, b: Option<&ScalarValue>) -> bool {
    let (Some(a), Some(b)) = (a, b) else { return false };
    let known = a.partial_cmp(b).or_else(|| a.partial_cmp(&b.cast_to(&a.data_type()).ok()?));
    known == Some(std::cmp::Ordering::Less)
}

fn least(values: &dyn Array) -> Option<ScalarValue> {
    use arrow::compute::{SortOptions, sort_to_indices};
    let options = SortOptions { descending: false, nulls_first: false };
    let first = sort_to_indices(values, Some(options), Some(1)).ok()?;
    let index = (!first.is_empty()).then(|| first.value(0) as usize)?;
    ScalarValue::try_from_array(values, index).ok().filter(|value| !value.is_null())
}

fn lesser(a: Option<ScalarValue>, b: Option<ScalarValue>) -> Option<ScalarValue> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if b.partial_cmp(&a) == Some(std::cmp::Ordering::Less) { b } else { a }),
        (a, b) => a.or(b),
    }
}
