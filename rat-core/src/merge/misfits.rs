//! Columns that the settings name, whose type does not serve what they are named for.

use arrow::datatypes::{DataType, Schema};

use super::columns::same_name;
use crate::config::{Config, Materialized, MergeStrategy, Origin, Transform};
use crate::error::{Code, Diagnostic};
use crate::types::sql_type;

/// What is wrong, each at its setting.
pub fn misfits(schema: &Schema, config: &Config) -> Vec<Diagnostic> {
    if *config.materialized != Materialized::Table {
        return Vec::new();
    }
    let mut misfits = Vec::new();
    let type_of = |column: &str| schema.fields().iter().find(|field| same_name(field.name(), column)).map(|field| field.data_type());
    let mut plain = |key: &str, column: &str, origin: &Origin, why: &str| {
        if let Some(of) = type_of(column).filter(|of| of.is_nested()) {
            let message = format!("`{key}` names `{column}`, which is of the nested type {}: {why}", sql_type(of));
            misfits.push(placed(message, "name a column of a plain type; a field of it may become a column of its own".to_owned(), origin));
        }
    };
    match *config.merge_strategy {
        MergeStrategy::Incremental | MergeStrategy::DeleteInsert | MergeStrategy::Scd2 => {
            config
                .unique_key
                .iter()
                .for_each(|column| plain("unique_key", column, &config.unique_key.origin, "a key is found by plain values"));
        }
        MergeStrategy::Snapshot => {
            let column = config.partition_column.iter();
            column
                .for_each(|column| plain("partition_column", column, &config.partition_column.origin, "rows are replaced by plain values"));
        }
        MergeStrategy::FullRefresh | MergeStrategy::AppendOnly => {}
    }
    config.sort_by.iter().for_each(|column| plain("sort_by", column, &config.sort_by.origin, "Iceberg sorts by plain values"));
    for part in config.partition_by.iter() {
        if let Some(of) = type_of(&part.column).filter(|of| !serves(part.transform, of)) {
            let message = format!("`partition_by` has `{part}`, and `{}` is of type {of}", part.column);
            misfits.push(placed(message, taken(part.transform).to_owned(), &config.partition_by.origin));
        }
    }
    misfits
}

fn placed(message: String, help: String, origin: &Origin) -> Diagnostic {
    let mut diagnostic = Diagnostic::error(Code::UnsupportedType, message).help(help);
    diagnostic.labels.extend(origin.label().cloned());
    diagnostic
}

/// Iceberg's table of transforms.
fn serves(transform: Transform, of: &DataType) -> bool {
    use DataType::{Date32, Date64, Dictionary, FixedSizeBinary, Null, Time32, Time64, Timestamp};
    let of = if let Dictionary(_, value) = of { value } else { of };
    // A column of no type is told as that.
    if matches!(of, Null) {
        return true;
    }
    let counted = of.is_integer() || of.is_decimal() || of.is_string() || of.is_binary() || matches!(of, FixedSizeBinary(_));
    match transform {
        Transform::Identity => !of.is_nested(),
        Transform::Year | Transform::Month | Transform::Day => matches!(of, Date32 | Date64 | Timestamp(..)),
        Transform::Hour => matches!(of, Timestamp(..)),
        Transform::Bucket(_) => counted || matches!(of, Date32 | Date64 | Timestamp(..) | Time32(_) | Time64(_)),
        Transform::Truncate(_) => counted,
    }
}

fn taken(transform: Transform) -> &'static str {
    match transform {
        Transform::Identity => "it takes a column of a plain type",
        Transform::Year | Transform::Month | Transform::Day => "it takes a column of dates or timestamps",
        Transform::Hour => "it takes a column of timestamps",
        Transform::Bucket(_) => "it takes a column of integers, decimals, dates, times, timestamps, text or binary",
        Transform::Truncate(_) => "it takes a column of integers, decimals, text or binary",
    }
}
