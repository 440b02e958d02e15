//! Which rows of a batch go to which partition.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, StructArray, UInt32Array, UInt64Array};
use arrow::compute::{cast, take_record_batch};
use arrow::datatypes::DataType;
use arrow::row::{OwnedRow, RowConverter, SortField};
use iceberg::arrow::{arrow_primitive_to_literal, type_to_arrow_type};
use iceberg::spec::{PartitionSpec, Schema, Struct, Type};
use iceberg::transform::{BoxedTransformFunction, create_transform_function};

use crate::error::{Code, Error, Result};

pub(super) struct Partitioner {
    parts: Vec<Part>,
    rows: RowConverter,
}

struct Part {
    source: Vec<usize>,
    transform: BoxedTransformFunction,
    value_type: Type,
    arrow_type: DataType,
}

impl std::fmt::Debug for Partitioner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Partitioner of {} parts", self.parts.len())
    }
}

fn defect(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(Code::Internal, "rows could not be partitioned").with_source(error)
}

impl Partitioner {
    pub(super) fn new(spec: &PartitionSpec, schema: &Schema) -> Result<Self> {
        let types = spec.partition_type(schema).map_err(defect)?;
        let mut parts = Vec::with_capacity(spec.fields().len());
        for (field, partition) in spec.fields().iter().zip(types.fields()) {
            let source = path_to(schema, field.source_id).ok_or_else(|| {
                Error::new(Code::InvalidArgument, format!("the table is partitioned by `{}`, whose column is gone", field.name))
            })?;
            let value_type = partition.field_type.as_ref().clone();
            let arrow_type = type_to_arrow_type(&value_type).map_err(defect)?;
            parts.push(Part { source, transform: create_transform_function(&field.transform).map_err(defect)?, value_type, arrow_type });
        }
        let rows = RowConverter::new(parts.iter().map(|part| SortField::new(part.arrow_type.clone())).collect()).map_err(defect)?;
        Ok(Self { parts, rows })
    }

    /// The rows by partition, in the order in which partitions first appear.
    pub(super) fn split(&self, batch: &RecordBatch) -> Result<Vec<(Struct, RecordBatch)>> {
        let mut values: Vec<ArrayRef> = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            let transformed = part.transform.transform(column_at(batch, &part.source)).map_err(defect)?;
            values.push(cast(&transformed, &part.arrow_type).map_err(defect)?);
        }
        let rows = self.rows.convert_columns(&values).map_err(defect)?;
        let mut numbers: HashMap<OwnedRow, usize> = HashMap::new();
        let mut groups: Vec<Vec<u32>> = Vec::new();
        let mut last: Option<(usize, usize)> = None;
        for at in 0..batch.num_rows() {
            // Neighbours are mostly of one partition: compare with the row before, then look up.
            let group = match last {
                Some((before, group)) if rows.row(before) == rows.row(at) => group,
                _ => *numbers.entry(rows.row(at).owned()).or_insert_with(|| {
                    groups.push(Vec::new());
                    groups.len() - 1
                }),
            };
            groups[group].push(u32::try_from(at).map_err(defect)?);
            last = Some((at, group));
        }
        let mut split = Vec::with_capacity(groups.len());
        let whole = groups.len() == 1;
        for group in groups {
            let partition = self.value_at(&values, group[0] as usize)?;
            let part = if whole { batch.clone() } else { take_record_batch(batch, &UInt32Array::from(group)).map_err(defect)? };
            split.push((partition, part));
        }
        Ok(split)
    }

    fn value_at(&self, values: &[ArrayRef], row: usize) -> Result<Struct> {
        let literals = self.parts.iter().zip(values).map(|(part, value)| {
            let one = arrow_primitive_to_literal(&value.slice(row, 1), &part.value_type).map_err(defect)?;
            Ok(one.into_iter().next().flatten())
        });
        Ok(Struct::from_iter(literals.collect::<Result<Vec<_>>>()?))
    }
}

fn path_to(schema: &Schema, id: i32) -> Option<Vec<usize>> {
    fn find(fields: &[iceberg::spec::NestedFieldRef], id: i32) -> Option<Vec<usize>> {
        fields.iter().enumerate().find_map(|(at, field)| {
            if field.id == id {
                return Some(vec![at]);
            }
            let Type::Struct(inner) = field.field_type.as_ref() else { return None };
            let mut path = find(inner.fields(), id)?;
            path.insert(0, at);
            Some(path)
        })
    }
    find(schema.as_struct().fields(), id)
}

fn column_at(batch: &RecordBatch, path: &[usize]) -> ArrayRef {
    let mut column = Arc::clone(batch.column(path[0]));
    for &at in &path[1..] {
        let outer = column.as_any().downcast_ref::<StructArray>().expect("a path goes through structs");
        let inner = Arc::clone(outer.column(at));
        column = match outer.nulls() {
            // A field of a NULL struct is NULL, whatever stands in its place.
            Some(nulls) if nulls.null_count() > 0 => {
                let indices: UInt64Array = (0..outer.len() as u64).map(|row| nulls.is_valid(row as usize).then_some(row)).collect();
                arrow::compute::take(&inner, &indices, None).expect("indices are within the column")
            }
            _ => inner,
        };
    }
    column
}
