//! What a query's columns are once they are stored and read again.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema, TimeUnit};

use crate::config::{Config, Materialized, MergeStrategy};
use crate::merge::Validity;

/// The columns of the table that a pipeline makes of its query's columns, those that the strategy adds among them, in the types that a
/// scan gives.
pub fn stored(schema: &Schema, config: &Config) -> Schema {
    let rows = rows(schema, config);
    let fields = rows.fields().iter().map(|f| Field::new(f.name(), column_type(f.data_type()), true));
    Schema::new(fields.collect::<Vec<_>>())
}

/// The query's columns, and those that the strategy adds. Where the two do not go together, which is an error of its own, the query's.
pub(super) fn rows(query: &Schema, config: &Config) -> Schema {
    match (*config.materialized, *config.merge_strategy) {
        (Materialized::Table, MergeStrategy::Scd2) => Validity::columns(query, config).unwrap_or_else(|_| query.clone()),
        _ => query.clone(),
    }
}

/// A scan gives text and bytes of whole columns as views.
fn column_type(data_type: &DataType) -> DataType {
    match nested_type(data_type) {
        DataType::Utf8 => DataType::Utf8View,
        DataType::Binary => DataType::BinaryView,
        other => other,
    }
}

/// The type as it comes back from a table; one that no table holds stays as it is.
pub(super) fn nested_type(data_type: &DataType) -> DataType {
    let inner = |field: &FieldRef| Arc::new(field.as_ref().clone().with_data_type(nested_type(field.data_type())).with_nullable(true));
    match data_type {
        DataType::Int8 | DataType::Int16 | DataType::UInt8 | DataType::UInt16 => DataType::Int32,
        DataType::UInt32 | DataType::UInt64 => DataType::Int64,
        DataType::Float16 => DataType::Float32,
        DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::LargeBinary | DataType::BinaryView => DataType::Binary,
        DataType::Time32(_) | DataType::Time64(_) => DataType::Time64(TimeUnit::Microsecond),
        DataType::Timestamp(TimeUnit::Second | TimeUnit::Millisecond | TimeUnit::Microsecond, None) => {
            DataType::Timestamp(TimeUnit::Microsecond, None)
        }
        DataType::Timestamp(TimeUnit::Second | TimeUnit::Millisecond | TimeUnit::Microsecond, Some(_)) => {
            DataType::Timestamp(TimeUnit::Microsecond, Some("+00:00".into()))
        }
        DataType::Decimal32(p, s) | DataType::Decimal64(p, s) | DataType::Decimal256(p, s) => DataType::Decimal128(*p, *s),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::FixedSizeList(item, _)
        | DataType::ListView(item)
        | DataType::LargeListView(item) => DataType::List(inner(item)),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(inner).collect()),
        DataType::Dictionary(_, values) => nested_type(values),
        DataType::RunEndEncoded(_, values) => nested_type(values.data_type()),
        other => other.clone(),
    }
}
