//! How far a table is: the greatest value of its watermark column, found as cheaply as it can be found for sure.

use arrow::datatypes::DataType;
use chrono::{DateTime, NaiveDate};
use datafusion::common::ScalarValue;
use datafusion::datasource::provider_as_source;
use datafusion::functions_aggregate::expr_fn::max;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder};
use futures::TryStreamExt;

use crate::config::Lookback;
use crate::error::{Code, Error, Result};
use crate::execute;
use crate::session::Session;
use crate::tables::Table;

/// The snapshot's word for the watermark, as text.
pub(super) const WATERMARK: &str = "rat.watermark";
/// Which column that text is of: pipelines change.
pub(super) const WATERMARK_COLUMN: &str = "rat.watermark-column";

/// How far a table is, as far as that is told without reading a row.
pub(super) enum Far {
    /// So far, or without a value.
    Known(Option<ScalarValue>),
    /// Only the rows tell. A value of the column's type, to type a query with.
    StandIn(Option<ScalarValue>),
}

impl Far {
    pub(super) fn value(&self) -> Option<ScalarValue> {
        match self {
            Far::Known(value) | Far::StandIn(value) => value.clone(),
        }
    }

    pub(super) fn is_stand_in(&self) -> bool {
        matches!(self, Far::StandIn(_))
    }
}

/// What the snapshot's word and the manifests say of it.
pub(super) async fn told(table: &Table, column: &str) -> Result<Far> {
    let schema = table.schema()?;
    let Some((_, field)) = schema.column_with_name(column) else { return Ok(Far::Known(None)) };
    if let Some(text) = noted(table, column) {
        // What cannot be read as the column's type was written for another; then the rows are asked.
        if let Ok(value) = ScalarValue::try_from_string(text.to_owned(), field.data_type()) {
            return Ok(Far::Known(Some(value)));
        }
    }
    let scan = table.scan()?;
    if let Some(known) = scan.max(column).await? {
        return Ok(Far::Known(Some(known).filter(|value| !value.is_null())));
    }
    let range = scan.range(&scan.files().await?, column);
    let greatest = range.max.and_then(|max| max.cast_to(field.data_type()).ok());
    Ok(Far::StandIn(greatest.or_else(|| ScalarValue::new_default(field.data_type()).ok())))
}

/// The greatest value of a column; none for a table without a value in it.
pub(super) async fn of_table(session: &Session, table: &Table, column: &str) -> Result<Option<ScalarValue>> {
    let scan = match told(table, column).await? {
        Far::Known(value) => return Ok(value),
        Far::StandIn(_) => table.scan()?,
    };
    let plan = LogicalPlanBuilder::scan("t", provider_as_source(scan.provider()), None)
        .and_then(|plan| plan.aggregate(Vec::<Expr>::new(), [max(Expr::Column(datafusion::common::Column::new(Some("t"), column)))]))
        .and_then(LogicalPlanBuilder::build)
        .map_err(execute::error)?;
    let mut rows = execute::stream(session, plan).await?;
    let mut greatest = None;
    while let Some(batch) = rows.try_next().await.map_err(execute::error)? {
        if batch.num_rows() > 0 {
            greatest = Some(ScalarValue::try_from_array(batch.column(0), 0).map_err(execute::error)?);
        }
    }
    Ok(greatest.filter(|value| !value.is_null()))
}

/// What the newest snapshot that could have changed a row says. Snapshots of others count only when they changed none.
fn noted<'a>(table: &'a Table, column: &str) -> Option<&'a str> {
    let metadata = table.metadata();
    let mut snapshot = table.snapshot()?;
    loop {
        let summary = &snapshot.summary().additional_properties;
        if let Some(text) = summary.get(WATERMARK) {
            return (summary.get(WATERMARK_COLUMN).map(String::as_str) == Some(column)).then_some(text.as_str());
        }
        if snapshot.summary().operation.as_str() != "replace" {
            return None;
        }
        snapshot = metadata.snapshot_by_id(snapshot.parent_snapshot_id()?)?;
    }
}

/// The watermark as templates see it: numbers in decimal, times `HH:MM:SS[.ffffff]`, dates `YYYY-MM-DD`, timestamps `YYYY-MM-DD HH:MM:SS[.ffffff]` in UTC.
///
/// # Errors
/// `INVALID_VALUE` for a column of a type that says nothing about how far a table is.
pub(super) fn to_text(value: &ScalarValue) -> Result<String> {
    match value {
        ScalarValue::Date32(Some(days)) => {
            let date = NaiveDate::from_num_days_from_ce_opt(days.saturating_add(719_163));
            date.map(|date| date.format("%Y-%m-%d").to_string()).ok_or_else(|| out_of_range(value))
        }
        ScalarValue::TimestampMicrosecond(Some(micros), _) => {
            let time = DateTime::from_timestamp_micros(*micros).ok_or_else(|| out_of_range(value))?;
            let format = if micros % 1_000_000 == 0 { "%Y-%m-%d %H:%M:%S" } else { "%Y-%m-%d %H:%M:%S%.6f" };
            Ok(time.format(format).to_string())
        }
        ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)) => Ok(text.clone()),
        // A template writes it into SQL as it is.
        value => match value.cast_to(&DataType::Utf8) {
            Ok(ScalarValue::Utf8(Some(text))) if !value.data_type().is_nested() && !value.data_type().is_binary() => Ok(text),
            _ => {
                let message = format!("a column of type {} cannot be a watermark", value.data_type());
                Err(Error::new(Code::InvalidValue, message).with_help("name a column of numbers, dates, times, timestamps or text"))
            }
        },
    }
}

fn out_of_range(value: &ScalarValue) -> Error {
    Error::new(Code::InvalidValue, format!("the watermark {value} is beyond the calendar"))
}

/// The watermark, so much earlier.
pub(super) fn earlier(value: ScalarValue, lookback: Lookback) -> Result<ScalarValue> {
    let refused = |value: &ScalarValue| {
        let message = format!("`watermark_lookback: {lookback}` does not go with a watermark of type {}", value.data_type());
        Error::new(Code::InvalidValue, message).with_help("write a duration for dates and timestamps, a number for integers")
    };
    let micros = |by: std::time::Duration| i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
    const DAY: i64 = 86_400_000_000;
    Ok(match (value, lookback) {
        (ScalarValue::TimestampMicrosecond(Some(at), zone), Lookback::Time(by)) => {
            ScalarValue::TimestampMicrosecond(Some(at.saturating_sub(micros(by))), zone)
        }
        (ScalarValue::Date32(Some(at)), Lookback::Time(by)) => {
            // Part of a day is a day: earlier than asked is safe, later is not.
            let days = micros(by).div_euclid(DAY) + i64::from(micros(by).rem_euclid(DAY) > 0);
            ScalarValue::Date32(Some(at.saturating_sub(i32::try_from(days).unwrap_or(i32::MAX))))
        }
        (ScalarValue::Int32(Some(at)), Lookback::Number(by)) => {
            ScalarValue::Int32(Some(at.saturating_sub(i32::try_from(by).unwrap_or(i32::MAX))))
        }
        (ScalarValue::Int64(Some(at)), Lookback::Number(by)) => {
            ScalarValue::Int64(Some(at.saturating_sub(i64::try_from(by).unwrap_or(i64::MAX))))
        }
        (value, _) => return Err(refused(&value)),
    })
}
