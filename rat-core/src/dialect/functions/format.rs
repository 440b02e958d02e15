//! `strftime` and `strptime`.

use std::sync::Arc;

use chrono::format::{Item, Parsed, StrftimeItems, parse};
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringBuilder, TimestampMicrosecondArray};
use datafusion::arrow::datatypes::{DataType, TimestampMicrosecondType};
use datafusion::common::{Result, exec_datafusion_err, exec_err, plan_err};
use datafusion::logical_expr::ScalarUDF;

use super::dates::{TIMESTAMP, datetime};
use super::scalar::{Scalar, exactly};

/// DuckDB's `%f` is microseconds, `%g` milliseconds and `%n` nanoseconds; `%-d` leaves padding away in both.
fn items(format: &str) -> Result<Vec<Item<'static>>> {
    let mut chrono = String::with_capacity(format.len());
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        chrono.push(c);
        if c != '%' {
            continue;
        }
        match chars.next() {
            Some('f') => chrono.push_str("6f"),
            Some('g') => chrono.push_str("3f"),
            Some('n') => chrono.push_str("9f"),
            Some('-') => {
                chrono.push('-');
                chrono.extend(chars.next());
            }
            Some('x') => chrono.push_str("Y-%m-%d"),
            Some('X') => chrono.push_str("H:%M:%S"),
            Some('c') => chrono.push_str("Y-%m-%d %H:%M:%S"),
            Some(
                known @ ('a' | 'A' | 'b' | 'B' | 'd' | 'm' | 'y' | 'Y' | 'H' | 'I' | 'p' | 'M' | 'S' | 'j' | 'U' | 'W' | 'w' | 'u' | 'G'
                | 'V' | '%'),
            ) => chrono.push(known),
            Some('z' | 'Z') => return exec_err!("`%z` and `%Z` are not supported: timestamps here have no zone"),
            other => return exec_err!("`%{}` is not part of a date format", other.map(String::from).unwrap_or_default()),
        }
    }
    StrftimeItems::new(&chrono).parse_to_owned().map_err(|_| exec_datafusion_err!("`{format}` is not a date format"))
}

fn write(args: &[ArrayRef]) -> Result<ArrayRef> {
    let (moments, formats) = (args[0].as_primitive::<TimestampMicrosecondType>(), args[1].as_string::<i32>());
    let mut known: Option<(String, Vec<Item<'static>>)> = None;
    let mut builder = StringBuilder::new();
    for (moment, format) in moments.iter().zip(formats) {
        let (Some(moment), Some(format)) = (moment, format) else {
            builder.append_null();
            continue;
        };
        let at = datetime(moment)?;
        let items = prepared(&mut known, format)?;
        builder.append_value(at.format_with_items(items.iter()).to_string());
    }
    Ok(Arc::new(builder.finish()))
}

fn prepared<'a>(known: &'a mut Option<(String, Vec<Item<'static>>)>, format: &str) -> Result<&'a [Item<'static>]> {
    if known.as_ref().is_none_or(|(text, _)| text != format) {
        *known = Some((format.to_owned(), items(format)?));
    }
    Ok(known.as_ref().map_or(&[], |(_, items)| items))
}

fn read(args: &[ArrayRef], or_null: bool) -> Result<ArrayRef> {
    let (texts, formats) = (args[0].as_string::<i32>(), args[1].as_string::<i32>());
    let mut known: Option<(String, Vec<Item<'static>>)> = None;
    let mut builder = TimestampMicrosecondArray::builder(texts.len());
    for (text, format) in texts.iter().zip(formats) {
        let (Some(text), Some(format)) = (text, format) else {
            builder.append_null();
            continue;
        };
        let items = prepared(&mut known, format)?;
        match moment(text, items) {
            Some(at) => builder.append_value(at.and_utc().timestamp_micros()),
            None if or_null => builder.append_null(),
            None => {
                let shown: String = text.chars().take(40).collect();
                return exec_err!("'{shown}' does not have the format '{format}'");
            }
        }
    }
    Ok(Arc::new(builder.finish()))
}

/// What the format leaves out is 1900-01-01 00:00:00.
fn moment(text: &str, items: &[Item<'static>]) -> Option<NaiveDateTime> {
    let mut parsed = Parsed::new();
    parse(&mut parsed, text.trim(), items.iter()).ok()?;
    let date = match parsed.to_naive_date() {
        Ok(date) => date,
        Err(_) => {
            let year = parsed
                .year()
                .or_else(|| Some(parsed.year_div_100()? * 100 + parsed.year_mod_100()?))
                .or_else(|| parsed.year_mod_100().map(two_digits));
            NaiveDate::from_ymd_opt(year.unwrap_or(1900), parsed.month().unwrap_or(1), parsed.day().unwrap_or(1))?
        }
    };
    let hour = parsed.hour_div_12().zip(parsed.hour_mod_12()).map(|(half, hour)| half * 12 + hour).or(parsed.hour_mod_12()).unwrap_or(0);
    let nanos = parsed.nanosecond().unwrap_or(0);
    let time = NaiveTime::from_hms_nano_opt(hour, parsed.minute().unwrap_or(0), parsed.second().unwrap_or(0), nanos)?;
    Some(date.and_time(time))
}

fn two_digits(year: i32) -> i32 {
    if year < 69 { 2000 + year } else { 1900 + year }
}

pub(super) fn all() -> Vec<Arc<ScalarUDF>> {
    let texts = |types: &[DataType]| exactly("strptime", types, &[DataType::Utf8, DataType::Utf8]);
    let strftime = Scalar::udf(
        &["strftime"],
        |types| match types {
            [DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8, _] => {
                plan_err!("`strftime` takes a date or timestamp, then the format")
            }
            _ => exactly("strftime", types, &[TIMESTAMP, DataType::Utf8]),
        },
        |_| Ok(DataType::Utf8),
        |args, _| write(args),
    );
    let strptime = Scalar::udf(&["strptime"], texts, |_| Ok(TIMESTAMP), |args, _| read(args, false));
    let try_strptime = Scalar::udf(&["try_strptime"], texts, |_| Ok(TIMESTAMP), |args, _| read(args, true));
    [strftime, strptime, try_strptime].into_iter().map(Arc::new).collect()
}
