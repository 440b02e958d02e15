//! What is known of a key's values before there are any: which parts of a table can hold one of them.

use std::cmp::Ordering;

use arrow::array::Array;
use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;

use super::keys::PartBounds;
use super::scan::ColumnBounds;

/// Between which values a column lies. Either end may be open. Says nothing of floating point, which has a NaN outside of every order.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyRange {
    /// No value is less.
    pub min: Option<ScalarValue>,
    /// No value is greater.
    pub max: Option<ScalarValue>,
    /// Whether NULL may be among them.
    pub may_be_null: bool,
}

/// Any value at all.
impl Default for KeyRange {
    fn default() -> Self {
        Self { min: None, max: None, may_be_null: true }
    }
}

impl KeyRange {
    /// One value.
    pub fn only(value: ScalarValue) -> Self {
        match value.is_null() {
            true => Self::default(),
            false => Self { min: Some(value.clone()), max: Some(value), may_be_null: false },
        }
    }

    /// The values of either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            min: end(self.min, other.min, Ordering::Less),
            max: end(self.max, other.max, Ordering::Greater),
            may_be_null: self.may_be_null || other.may_be_null,
        }
    }

    /// The values that are in both.
    #[must_use]
    pub fn within(self, other: Self) -> Self {
        let inner = |a: Option<ScalarValue>, b: Option<ScalarValue>, further: Ordering| match (a, b) {
            // Of two limits that cannot be compared either holds.
            (Some(a), Some(b)) => Some(if b.partial_cmp(&a) == Some(further) { b } else { a }),
            (a, b) => a.or(b),
        };
        Self {
            min: inner(self.min, other.min, Ordering::Greater),
            max: inner(self.max, other.max, Ordering::Less),
            may_be_null: self.may_be_null && other.may_be_null,
        }
    }

    /// The same values as another type, which must keep their order.
    #[must_use]
    pub fn of_type(self, to: &DataType) -> Self {
        if to.is_floating() || to.is_nested() {
            return Self { min: None, max: None, ..self };
        }
        let cast = |end: Option<ScalarValue>| end.and_then(|end| end.cast_to(to).ok()).filter(|end| !end.is_null());
        Self { min: cast(self.min), max: cast(self.max), ..self }
    }

    /// From what manifests say of the values in some files.
    pub(super) fn of_bounds(bounds: &ColumnBounds, rows: u64) -> Option<Self> {
        // A file of NULLs alone has no value.
        let nulls = bounds.nulls != Some(0);
        let floating = |end: &ScalarValue| end.data_type().is_floating();
        if bounds.nulls == Some(rows) {
            return None;
        }
        let end = |end: &Option<ScalarValue>| end.clone().filter(|end| !floating(end) && !end.is_null());
        Some(Self { min: end(&bounds.min), max: end(&bounds.max), may_be_null: nulls })
    }

    /// Leaves out of `kept` the parts that cannot hold one of the values.
    pub fn narrow(&self, bounds: &PartBounds, kept: &mut [bool]) {
        let of_type = self.clone().of_type(bounds.min.data_type());
        for (part, kept) in kept.iter_mut().enumerate() {
            let may_hold_null = !(bounds.nulls.is_valid(part) && bounds.nulls.value(part) == 0);
            if self.may_be_null && may_hold_null {
                continue;
            }
            let value = |of: &dyn Array| ScalarValue::try_from_array(of, part).ok().filter(|value| !value.is_null());
            let apart = |a: &Option<ScalarValue>, b: Option<ScalarValue>| match (a, b) {
                (Some(a), Some(b)) => a.partial_cmp(&b) == Some(Ordering::Greater),
                _ => false,
            };
            let above = apart(&of_type.min, value(bounds.max.as_ref()));
            let below = match (&of_type.max, value(bounds.min.as_ref())) {
                (Some(max), Some(min)) => min.partial_cmp(max) == Some(Ordering::Greater),
                _ => false,
            };
            *kept &= !(above || below);
        }
    }
}

fn end(a: Option<ScalarValue>, b: Option<ScalarValue>, further: Ordering) -> Option<ScalarValue> {
    let (a, b) = (a?, b?);
    match a.partial_cmp(&b)? {
        order if order == further => Some(a),
        _ => Some(b),
    }
}
