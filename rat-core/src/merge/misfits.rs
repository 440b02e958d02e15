//! Columns that the settings name, which are not there, or whose type does not serve what they are named for.

use arrow::datatypes::{DataType, Schema};

use super::columns::same_name;
use crate::config::{Config, Materialized, MergeStrategy, Origin, Transform};
use crate::error::{Code, Diagnostic, nearest};
use crate::types::sql_type;

/// The columns that are named and not there, each at its setting.
pub fn unknown_columns(schema: &Schema, config: &Config) -> Vec<Diagnostic> {
    if *config.materialized != Materialized::Table {
        return Vec::new();
    }
    let mut unknown = Vec::new();
    let mut need = |key: &str, column: &str, origin: &Origin| {
        if schema.fields().iter().any(|field| same_name(field.name(), column)) {
            return;
        }
        let mut told = Diagnostic::error(Code::UnknownColumn, format!("`{key}` names `{column}`, which the query does not give"));
        told = match nearest(column, schema.fields().iter().map(|field| field.name().as_str())) {
            Some(near) => told.help(format!("did you mean `{near}`?")),
            None => told.help("name a column that the query gives"),
        };
        told.labels.extend(origin.label().cloned());
        unknown.push(told);
    };
    config.unique_key.iter().for_each(|column| need("unique_key", column, &config.unique_key.origin));
    config.watermark_column.iter().for_each(|column| need("watermark_column", column, &config.watermark_column.origin));
    config.partition_column.iter().for_each(|column| need("partition_column", column, &config.partition_column.origin));
    config.partition_by.iter().for_each(|part| need("partition_by", &part.column, &config.partition_by.origin));
    config.sort_by.iter().for_each(|column| need("sort_by", column, &config.sort_by.origin));
    if *config.merge_strategy == MergeStrategy::Scd2 {
        config.scd_compare.iter().for_each(|column| need("scd_compare", column, &config.scd_compare.origin));
    }
    unknown
}

/// What is wrong with the types, each at its setting.
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
            let message = format!("`partition_by` has `{part}`, and `{}` is of type {}", part.column, sql_type(of));
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
