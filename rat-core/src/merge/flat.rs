//! Values in a form that has bytes to compare: maps as lists of their entries, at every depth, -0.0 as 0.0 and every NaN as one.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, StructArray};
use arrow::datatypes::{DataType, FieldRef};

use super::fit::trimmed;
use super::sorting::defect;
use crate::error::Result;
use crate::tables::normal;

/// The type of values that are flat.
pub(super) fn flat_type(data_type: &DataType) -> DataType {
    let within = |field: &FieldRef| Arc::new(field.as_ref().clone().with_data_type(flat_type(field.data_type())));
    match data_type {
        DataType::Map(entries, _) => DataType::List(within(entries)),
        DataType::List(item) => DataType::List(within(item)),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(within).collect()),
        other => other.clone(),
    }
}

pub(super) fn flat(values: &ArrayRef) -> Result<ArrayRef> {
    Ok(match (values.data_type(), flat_type(values.data_type())) {
        (DataType::Map(..), _) => flat(&(Arc::new(ListArray::from(values.as_map().clone())) as ArrayRef))?,
        (DataType::List(_), DataType::List(item)) => {
            let list = values.as_list::<i32>();
            let (offsets, items) = trimmed(list.offsets(), list.values());
            Arc::new(ListArray::try_new(item, offsets, flat(&items)?, list.nulls().cloned()).map_err(defect)?)
        }
        (DataType::Struct(_), DataType::Struct(fields)) => {
            let of = values.as_struct();
            let parts = of.columns().iter().map(flat).collect::<Result<_>>()?;
            Arc::new(StructArray::try_new_with_length(fields, parts, of.nulls().cloned(), of.len()).map_err(defect)?)
        }
        _ => normal(values),
    })
}
