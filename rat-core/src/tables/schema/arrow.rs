//! The Arrow types of a table's columns.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use iceberg::arrow::schema_to_arrow_schema;
use iceberg::spec::Schema as IcebergSchema;

/// The columns as Arrow fields, each with its id. Binary is [`DataType::Binary`], which is what queries give: the wider type would be another.
pub(in crate::tables) fn arrow_schema(schema: &IcebergSchema) -> iceberg::Result<Schema> {
    let schema = schema_to_arrow_schema(schema)?;
    let fields = schema.fields().iter().map(|field| narrow(field)).collect::<Vec<_>>();
    Ok(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

fn narrow(field: &Field) -> Field {
    let inner = |field: &Field| Arc::new(narrow(field));
    let data_type = match field.data_type() {
        DataType::LargeBinary => DataType::Binary,
        DataType::List(item) => DataType::List(inner(item)),
        DataType::Map(entries, sorted) => DataType::Map(inner(entries), *sorted),
        DataType::Struct(parts) => DataType::Struct(parts.iter().map(|part| narrow(part)).collect()),
        other => other.clone(),
    };
    field.clone().with_data_type(data_type)
}
