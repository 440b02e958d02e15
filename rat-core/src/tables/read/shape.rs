//! How a column of a file becomes a column of the table: by field id, at every depth.

use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray, StructArray, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use arrow::record_batch::RecordBatch;
use datafusion::common::{DataFusionError, Result, ScalarValue, exec_err, internal_err};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_plan::PhysicalExpr;
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;

/// The field id that Parquet stored, or that a name mapping gave.
pub(super) fn field_id(field: &Field) -> Option<i32> {
    field.metadata().get(PARQUET_FIELD_ID_META_KEY)?.parse().ok()
}

/// What to do with an array of the file to get one of the table.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Shape {
    Same,
    Cast,
    Struct(Vec<Child>),
    List(Box<Shape>),
    Map(Box<Shape>, Box<Shape>),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Child {
    From(usize, Shape),
    Constant(ScalarValue),
}

impl Shape {
    /// The way from a file's field to the table's. Names do not matter, ids do; `stored` is the type that the file's arrays have, which is
    /// without the ids that a name mapping gave `from`, and `given` the one that the plan's have, which are without any. `defaults` are the
    /// values of fields that are younger than the file.
    pub fn new(from: &Field, stored: &DataType, to: &Field, given: &DataType, defaults: &HashMap<i32, ScalarValue>) -> Result<Self> {
        if stored == given {
            return Ok(Self::Same);
        }
        match (from.data_type(), stored, to.data_type(), given) {
            (DataType::Struct(from), DataType::Struct(stored), DataType::Struct(to), DataType::Struct(given)) => {
                let by_id: HashMap<i32, usize> = from.iter().enumerate().filter_map(|(i, field)| Some((field_id(field)?, i))).collect();
                let child = |(to, given): (&FieldRef, &FieldRef)| match field_id(to).and_then(|id| by_id.get(&id)) {
                    Some(&index) => {
                        let shape = Self::new(&from[index], stored[index].data_type(), to, given.data_type(), defaults)?;
                        Ok(Child::From(index, shape))
                    }
                    None => Ok(Child::Constant(missing(to, given.data_type(), defaults)?)),
                };
                Ok(Self::Struct(to.iter().zip(given).map(child).collect::<Result<_>>()?))
            }
            (
                DataType::List(from) | DataType::LargeList(from) | DataType::FixedSizeList(from, _),
                DataType::List(stored) | DataType::LargeList(stored) | DataType::FixedSizeList(stored, _),
                DataType::List(to),
                DataType::List(given),
            ) => Ok(Self::List(Box::new(Self::new(from, stored.data_type(), to, given.data_type(), defaults)?))),
            (DataType::Map(from, _), DataType::Map(stored, _), DataType::Map(to, _), DataType::Map(given, _)) => {
                match (from.data_type(), stored.data_type(), to.data_type(), given.data_type()) {
                    (DataType::Struct(from), DataType::Struct(stored), DataType::Struct(to), DataType::Struct(given))
                        if [from, stored, to, given].iter().all(|f| f.len() == 2) =>
                    {
                        let half = |i: usize| {
                            let shape = Self::new(&from[i], stored[i].data_type(), &to[i], given[i].data_type(), defaults)?;
                            Ok::<_, DataFusionError>(Box::new(shape))
                        };
                        Ok(Self::Map(half(0)?, half(1)?))
                    }
                    _ => internal_err!("a map without entries"),
                }
            }
            (from_type, _, to_type, _) if !from_type.is_nested() && !to_type.is_nested() => Ok(Self::Cast),
            (from_type, _, to_type, _) => exec_err!("column `{}` is stored as {from_type} and declared as {to_type}", to.name()),
        }
    }

    pub fn apply(&self, array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
        match (self, to) {
            (Self::Same, _) => Ok(Arc::clone(array)),
            (Self::Cast, to) => Ok(cast(array, to)?),
            (Self::Struct(children), DataType::Struct(fields)) => {
                let from = array.as_struct();
                let columns = children.iter().zip(fields).map(|(child, field)| match child {
                    Child::From(index, shape) => shape.apply(from.column(*index), field.data_type()),
                    Child::Constant(value) if value.is_null() => Ok(new_null_array(field.data_type(), from.len())),
                    Child::Constant(value) => value.to_array_of_size(from.len()),
                });
                let columns = columns.collect::<Result<Vec<_>>>()?;
                Ok(Arc::new(StructArray::try_new_with_length(fields.clone(), columns, from.nulls().cloned(), from.len())?))
            }
            (Self::List(shape), DataType::List(element)) => {
                let array = as_list(array)?;
                let values = shape.apply(array.values(), element.data_type())?;
                Ok(Arc::new(ListArray::try_new(Arc::clone(element), array.offsets().clone(), values, array.nulls().cloned())?))
            }
            (Self::Map(key, value), DataType::Map(entries, sorted)) => {
                let from = array.as_map();
                let DataType::Struct(fields) = entries.data_type() else { return internal_err!("a map without entries") };
                let keys = key.apply(from.keys(), fields[0].data_type())?;
                let values = value.apply(from.values(), fields[1].data_type())?;
                let pairs = StructArray::try_new(fields.clone(), vec![keys, values], None)?;
                Ok(Arc::new(MapArray::try_new(Arc::clone(entries), from.offsets().clone(), pairs, from.nulls().cloned(), *sorted)?))
            }
            (shape, to) => internal_err!("{shape:?} cannot make {to}"),
        }
    }
}

fn as_list(array: &ArrayRef) -> Result<ListArray> {
    let list = match array.data_type() {
        DataType::List(_) => return Ok(array.as_list::<i32>().clone()),
        DataType::LargeList(element) | DataType::FixedSizeList(element, _) => DataType::List(Arc::clone(element)),
        other => return internal_err!("{other} is not a list"),
    };
    Ok(cast(array, &list)?.as_list::<i32>().clone())
}

/// What a row of a file older than the field has.
pub(super) fn missing(field: &Field, given: &DataType, defaults: &HashMap<i32, ScalarValue>) -> Result<ScalarValue> {
    match field_id(field).and_then(|id| defaults.get(&id)) {
        Some(default) => Ok(default.clone()),
        None => ScalarValue::try_new_null(given),
    }
}

/// A file's nested column, in the table's shape.
#[derive(Debug, Clone, Eq)]
pub(super) struct Reshaped {
    pub column: Arc<dyn PhysicalExpr>,
    pub shape: Shape,
    pub field: FieldRef,
}

impl PartialEq for Reshaped {
    fn eq(&self, other: &Self) -> bool {
        self.column.eq(&other.column) && self.shape == other.shape && self.field == other.field
    }
}

impl Hash for Reshaped {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.column.hash(state);
        self.field.hash(state);
    }
}

impl fmt::Display for Reshaped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} AS {}", self.column, self.field.name())
    }
}

impl PhysicalExpr for Reshaped {
    fn data_type(&self, _: &Schema) -> Result<DataType> {
        Ok(self.field.data_type().clone())
    }
    fn nullable(&self, _: &Schema) -> Result<bool> {
        Ok(self.field.is_nullable())
    }
    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        let array = self.column.evaluate(batch)?.into_array(batch.num_rows())?;
        Ok(ColumnarValue::Array(self.shape.apply(&array, self.field.data_type())?))
    }
    fn return_field(&self, _: &Schema) -> Result<FieldRef> {
        Ok(Arc::clone(&self.field))
    }
    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.column]
    }
    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn PhysicalExpr>>) -> Result<Arc<dyn PhysicalExpr>> {
        match children.pop() {
            Some(column) => Ok(Arc::new(Self { column, shape: self.shape.clone(), field: Arc::clone(&self.field) })),
            None => internal_err!("a reshaped column needs its column"),
        }
    }
    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A column that may hold NaN, in a filter: it has the value of its column, and nothing is pruned by it, since the minima and maxima in
/// Parquet leave NaN out while `NaN > 1` is true.
#[derive(Debug, Clone, Eq)]
pub(super) struct MayBeNan(pub Arc<dyn PhysicalExpr>);

impl PartialEq for MayBeNan {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq(&other.0)
    }
}

impl Hash for MayBeNan {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl fmt::Display for MayBeNan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl PhysicalExpr for MayBeNan {
    fn data_type(&self, schema: &Schema) -> Result<DataType> {
        self.0.data_type(schema)
    }
    fn nullable(&self, schema: &Schema) -> Result<bool> {
        self.0.nullable(schema)
    }
    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        self.0.evaluate(batch)
    }
    fn return_field(&self, schema: &Schema) -> Result<FieldRef> {
        self.0.return_field(schema)
    }
    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.0]
    }
    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn PhysicalExpr>>) -> Result<Arc<dyn PhysicalExpr>> {
        match children.pop() {
            Some(column) => Ok(Arc::new(Self(column))),
            None => internal_err!("a column that may be NaN needs its column"),
        }
    }
    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt_sql(f)
    }
}
