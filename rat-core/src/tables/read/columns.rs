//! Expressions over the table's columns, made to run on one file's: columns are found by field id.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{Result, ScalarValue, exec_err, internal_err};
use datafusion::physical_expr::expressions::{CastExpr, Column, Literal};
use datafusion::physical_expr_adapter::{PhysicalExprAdapter, PhysicalExprAdapterFactory};
use datafusion::physical_plan::PhysicalExpr;
use iceberg::spec::{MappedField, NameMapping};
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;

use super::shape::{MayBeNan, Reshaped, Shape, field_id, missing};

/// Maps a table's columns to those of its files, old and foreign ones included.
#[derive(Debug)]
pub(super) struct ByFieldId {
    /// The table's columns, with the ids that a plan's schema has not.
    pub columns: SchemaRef,
    /// The values of columns that are younger than a file, by field id; NULL for those not here.
    pub defaults: HashMap<i32, ScalarValue>,
    /// The ids of columns in files that were written without any.
    pub mapping: Option<NameMapping>,
    /// Columns that some file of the scan may hold NaN in.
    pub may_be_nan: HashSet<i32>,
}

impl PhysicalExprAdapterFactory for ByFieldId {
    fn create(&self, logical: SchemaRef, physical: SchemaRef) -> Result<Arc<dyn PhysicalExprAdapter>> {
        let identified = match &self.mapping {
            Some(mapping) if !has_ids(physical.fields()) => mapped(physical.fields(), &mapping.fields().iter().collect::<Vec<_>>()),
            _ => physical.fields().clone(),
        };
        let by_id: HashMap<i32, usize> = identified.iter().enumerate().filter_map(|(i, field)| Some((field_id(field)?, i))).collect();
        let mut columns = HashMap::with_capacity(self.columns.fields().len());
        for field in self.columns.fields() {
            let given = logical.field_with_name(field.name())?;
            let Some(id) = field_id(field) else { return internal_err!("column `{}` has no field id", field.name()) };
            let value: Arc<dyn PhysicalExpr> = match by_id.get(&id) {
                None => Arc::new(Literal::new(missing(field, given.data_type(), &self.defaults)?)),
                Some(&index) => {
                    let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new(physical.field(index).name(), index));
                    match Shape::new(&identified[index], physical.field(index).data_type(), field, given.data_type(), &self.defaults)? {
                        Shape::Same => column,
                        Shape::Cast => Arc::new(CastExpr::new_with_target_field(column, Arc::new(given.clone()), None)),
                        shape => Arc::new(Reshaped { column, shape, field: Arc::new(given.clone()) }),
                    }
                }
            };
            let may_be_nan = matches!(field.data_type(), DataType::Float32 | DataType::Float64) && self.may_be_nan.contains(&id);
            columns.insert(field.name().clone(), Mapped { value, may_be_nan });
        }
        Ok(Arc::new(Adapter { columns }))
    }
}

#[derive(Debug)]
struct Adapter {
    columns: HashMap<String, Mapped>,
}

#[derive(Debug)]
struct Mapped {
    value: Arc<dyn PhysicalExpr>,
    may_be_nan: bool,
}

impl PhysicalExprAdapter for Adapter {
    fn rewrite(&self, expr: Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
        // A bare column is projected, not compared.
        let compared = expr.downcast_ref::<Column>().is_none();
        expr.transform_up(|expr| {
            let Some(column) = expr.downcast_ref::<Column>() else { return Ok(Transformed::no(expr)) };
            let Some(mapped) = self.columns.get(column.name()) else { return exec_err!("the table has no column `{}`", column.name()) };
            let value = Arc::clone(&mapped.value);
            Ok(Transformed::yes(if compared && mapped.may_be_nan { Arc::new(MayBeNan(value)) } else { value }))
        })
        .data()
    }
}

/// The columns as a plan knows them. Plans of several tables would take one's ids for another's.
pub(super) fn without_ids(schema: &Schema) -> Schema {
    Schema::new_with_metadata(schema.fields().iter().map(plain).collect::<Vec<_>>(), schema.metadata().clone())
}

fn plain(field: &Arc<Field>) -> Arc<Field> {
    let mut metadata = field.metadata().clone();
    metadata.remove(PARQUET_FIELD_ID_META_KEY);
    let data_type = match field.data_type() {
        DataType::Struct(children) => DataType::Struct(children.iter().map(plain).collect()),
        DataType::List(element) => DataType::List(plain(element)),
        DataType::Map(entries, sorted) => DataType::Map(plain(entries), *sorted),
        other => other.clone(),
    };
    Arc::new(field.as_ref().clone().with_data_type(data_type).with_metadata(metadata))
}

/// Whether a file was written with field ids; a file has them for all its columns or for none.
pub(super) fn has_ids(fields: &Fields) -> bool {
    fields.iter().any(|field| {
        field_id(field).is_some()
            || match field.data_type() {
                DataType::Struct(children) => has_ids(children),
                DataType::List(child) | DataType::LargeList(child) | DataType::FixedSizeList(child, _) | DataType::Map(child, _) => {
                    has_ids(&Fields::from(vec![Arc::clone(child)]))
                }
                _ => false,
            }
    })
}

// Fields with the ids that a name mapping gives them; names it does not know stay without and are read as not there.
fn mapped(fields: &Fields, mapping: &[&MappedField]) -> Fields {
    let identify = |field: &Arc<Field>| {
        let Some(found) = mapping.iter().find(|mapped| mapped.names().contains(field.name())) else {
            return Arc::clone(field);
        };
        let children: Vec<&MappedField> = found.fields().iter().map(AsRef::as_ref).collect();
        let nested = match field.data_type() {
            DataType::Struct(fields) => DataType::Struct(mapped(fields, &children)),
            DataType::List(child) => DataType::List(element(child, "element", &children)),
            DataType::LargeList(child) => DataType::LargeList(element(child, "element", &children)),
            DataType::FixedSizeList(child, size) => DataType::FixedSizeList(element(child, "element", &children), *size),
            DataType::Map(entries, sorted) => match entries.data_type() {
                DataType::Struct(pair) if pair.len() == 2 => {
                    let pair = Fields::from(vec![element(&pair[0], "key", &children), element(&pair[1], "value", &children)]);
                    DataType::Map(Arc::new(entries.as_ref().clone().with_data_type(DataType::Struct(pair))), *sorted)
                }
                _ => field.data_type().clone(),
            },
            other => other.clone(),
        };
        Arc::new(with_id(field.as_ref().clone().with_data_type(nested), found.field_id()))
    };
    fields.iter().map(identify).collect()
}

// The one child of a list, or one of a map's two: writers differ in what they call it, mappings do not.
fn element(child: &Arc<Field>, name: &str, mapping: &[&MappedField]) -> Arc<Field> {
    let called = Fields::from(vec![Arc::new(child.as_ref().clone().with_name(name))]);
    let identified = mapped(&called, mapping);
    Arc::new(identified[0].as_ref().clone().with_name(child.name()))
}

fn with_id(field: Field, id: Option<i32>) -> Field {
    let Some(id) = id else { return field };
    let mut metadata = field.metadata().clone();
    metadata.insert(PARQUET_FIELD_ID_META_KEY.to_owned(), id.to_string());
    field.with_metadata(metadata)
}
