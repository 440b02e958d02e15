//! Values as text, and text as values, spelled as DuckDB spells them.

use std::fmt::Write;
use std::sync::Arc;

use chrono::NaiveDate;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringBuilder};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Float32Type, Float64Type, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit, TimeUnit,
    TimestampMicrosecondType,
};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::common::Result;

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// Every value as text.
pub(super) fn write(values: &ArrayRef) -> Result<ArrayRef> {
    let mut builder = StringBuilder::with_capacity(values.len(), values.len() * 16);
    let mut one = String::new();
    let writer = Writer::new(values)?;
    for row in 0..values.len() {
        if values.is_null(row) {
            builder.append_null();
            continue;
        }
        one.clear();
        writer.write(&mut one, row)?;
        builder.append_value(&one);
    }
    Ok(Arc::new(builder.finish()))
}

/// A column made ready to be written value by value.
struct Writer {
    values: ArrayRef,
    children: Vec<(String, Writer)>,
}

impl Writer {
    fn new(values: &ArrayRef) -> Result<Self> {
        let (values, children) = match values.data_type() {
            DataType::Timestamp(_, zone) => (cast(values, &DataType::Timestamp(TimeUnit::Microsecond, zone.clone()))?, vec![]),
            DataType::LargeList(field) => {
                let list = cast(values, &DataType::List(Arc::clone(field)))?;
                return Self::new(&list);
            }
            DataType::List(_) => (Arc::clone(values), vec![(String::new(), Self::new(values.as_list::<i32>().values())?)]),
            DataType::FixedSizeList(field, _) => {
                let list = cast(values, &DataType::List(Arc::clone(field)))?;
                return Self::new(&list);
            }
            DataType::Struct(fields) => {
                let columns = fields.iter().zip(values.as_struct().columns());
                let children = columns.map(|(field, column)| Ok((field.name().clone(), Self::new(column)?))).collect::<Result<_>>()?;
                (Arc::clone(values), children)
            }
            DataType::Map(..) => {
                let map = values.as_map();
                (Arc::clone(values), vec![(String::new(), Self::new(map.keys())?), (String::new(), Self::new(map.values())?)])
            }
            _ => (Arc::clone(values), vec![]),
        };
        Ok(Self { values, children })
    }

    fn write(&self, out: &mut String, row: usize) -> Result<()> {
        let values = &self.values;
        match values.data_type() {
            DataType::Float64 => double(out, values.as_primitive::<Float64Type>().value(row)),
            DataType::Float32 => single(out, values.as_primitive::<Float32Type>().value(row)),
            DataType::Timestamp(_, zone) => {
                timestamp_text(out, values.as_primitive::<TimestampMicrosecondType>().value(row));
                if zone.is_some() {
                    out.push_str("+00");
                }
            }
            DataType::Interval(IntervalUnit::MonthDayNano) => interval(out, values.as_primitive::<IntervalMonthDayNanoType>().value(row)),
            DataType::List(_) => {
                let offsets = values.as_list::<i32>().value_offsets();
                let range = offsets[row] as usize..offsets[row + 1] as usize;
                out.push('[');
                for (i, at) in range.enumerate() {
                    if i > 0 {
                        out.push_str(", ");
                    }
                    self.children[0].1.nested(out, at)?;
                }
                out.push(']');
            }
            DataType::Struct(_) => {
                out.push('{');
                for (i, (name, child)) in self.children.iter().enumerate() {
                    let _ = write!(out, "{}'{name}': ", if i > 0 { ", " } else { "" });
                    child.nested(out, row)?;
                }
                out.push('}');
            }
            DataType::Map(..) => {
                let offsets = values.as_map().value_offsets();
                let range = offsets[row] as usize..offsets[row + 1] as usize;
                out.push('{');
                for (i, at) in range.enumerate() {
                    if i > 0 {
                        out.push_str(", ");
                    }
                    self.children[0].1.nested(out, at)?;
                    out.push('=');
                    self.children[1].1.nested(out, at)?;
                }
                out.push('}');
            }
            DataType::Date32 => date_text(out, values.as_primitive::<Date32Type>().value(row).into()),
            _ => {
                let options = FormatOptions::default().with_display_error(false);
                out.push_str(&ArrayFormatter::try_new(values.as_ref(), &options)?.value(row).try_to_string()?);
            }
        }
        Ok(())
    }

    /// Inside a list, struct or map, text that could be read as its punctuation is quoted.
    fn nested(&self, out: &mut String, row: usize) -> Result<()> {
        if self.values.is_null(row) {
            out.push_str("NULL");
            return Ok(());
        }
        if !self.children.is_empty() {
            return self.write(out, row);
        }
        let mut one = String::new();
        self.write(&mut one, row)?;
        let edge = |c: Option<char>| c.is_none_or(char::is_whitespace);
        let is_plain = !one.contains(['\'', '"', '(', ')', '[', ']', '{', '}', ',', ':', '=', '\\'])
            && !edge(one.chars().next())
            && !edge(one.chars().last());
        if is_plain && !one.eq_ignore_ascii_case("null") {
            out.push_str(&one);
        } else {
            let _ = write!(out, "'{}'", one.replace('\\', "\\\\").replace('\'', "\\'"));
        }
        Ok(())
    }
}

/// The shortest digits that read back as the same number; an exponent of two digits or more outside 1e-5 to 1e16.
fn double(out: &mut String, value: f64) {
    if value.is_nan() {
        out.push_str("nan");
    } else if value.is_infinite() {
        out.push_str(if value > 0.0 { "inf" } else { "-inf" });
    } else if value == 0.0 || (1e-4..1e16).contains(&value.abs()) {
        let _ = write!(out, "{value:?}");
    } else {
        exponent(out, &format!("{value:e}"));
    }
}

fn single(out: &mut String, value: f32) {
    if !value.is_finite() {
        double(out, f64::from(value));
    } else if value == 0.0 || (1e-4..1e16).contains(&value.abs()) {
        let digits = format!("{value}");
        out.push_str(&digits);
        if !digits.contains('.') {
            out.push_str(".0");
        }
    } else {
        exponent(out, &format!("{value:e}"));
    }
}

fn exponent(out: &mut String, written: &str) {
    let Some((digits, exponent)) = written.split_once('e') else { return };
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
    let _ = write!(out, "{digits}e{sign}{exponent:0>2}");
}

/// `2024-01-05 10:00:00.5`: as many digits after the point as there are.
fn timestamp_text(out: &mut String, micros: i64) {
    let (days, clock) = (micros.div_euclid(MICROS_PER_DAY), micros.rem_euclid(MICROS_PER_DAY));
    date_text(out, days);
    let seconds = clock / 1_000_000;
    let _ = write!(out, " {:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    fraction(out, clock % 1_000_000);
}

/// The date of so many days after 1970, by the Gregorian calendar for all times: that of the library does not reach as far as a DATE.
/// <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>
fn date_text(out: &mut String, days: i64) {
    let since_march_0000 = days + 719_468;
    let (era, day_of_era) = (since_march_0000.div_euclid(146_097), since_march_0000.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months_from_march + 2) / 5 + 1;
    let month = if months_from_march < 10 { months_from_march + 3 } else { months_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (year, era) = if year > 0 { (year, "") } else { (1 - year, " (BC)") };
    let _ = write!(out, "{year:04}-{month:02}-{day:02}{era}");
}

fn fraction(out: &mut String, micros: i64) {
    if micros != 0 {
        let digits = format!("{micros:06}");
        let _ = write!(out, ".{}", digits.trim_end_matches('0'));
    }
}

fn interval(out: &mut String, value: IntervalMonthDayNano) {
    let mut parts: Vec<String> = Vec::new();
    let mut part = |count: i32, word: &str| {
        if count != 0 {
            parts.push(format!("{count} {word}{}", if count == 1 || count == -1 { "" } else { "s" }));
        }
    };
    part(value.months / 12, "year");
    part(value.months % 12, "month");
    part(value.days, "day");
    let micros = value.nanoseconds / 1000;
    if micros != 0 || parts.is_empty() {
        let rest = micros.unsigned_abs();
        let seconds = rest / 1_000_000;
        let mut clock = format!("{}{:02}:{:02}:{:02}", if micros < 0 { "-" } else { "" }, seconds / 3600, seconds / 60 % 60, seconds % 60);
        fraction(&mut clock, (rest % 1_000_000) as i64);
        parts.push(clock);
    }
    out.push_str(&parts.join(" "));
}

/// `t`, `true`, `y`, `yes`, `1` and their opposites.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "1" => Some(true),
        "false" | "f" | "no" | "n" | "0" => Some(false),
        _ => None,
    }
}

/// A number with or without point and exponent, `1_000` included.
pub(super) fn number(text: &str) -> Option<f64> {
    let plain = without_underscores(text)?;
    plain.parse().ok()
}

/// A whole number; a fraction is rounded half away from zero.
pub(super) fn whole_number(text: &str) -> Option<i128> {
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return i128::from_str_radix(hex, 16).ok();
    }
    let plain = without_underscores(text)?;
    plain.parse::<i128>().ok().or_else(|| scaled(&plain, 0))
}

/// A number times ten to the scale; what is behind that is rounded half away from zero.
pub(super) fn decimal(text: &str, scale: i8) -> Option<i128> {
    scaled(&without_underscores(text)?, i64::from(scale))
}

fn scaled(plain: &str, scale: i64) -> Option<i128> {
    let (mantissa, exponent) = match plain.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (plain, 0),
    };
    let (negative, digits) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let all: String = [whole, part].concat();
    if all.is_empty() || all.len() > 100 || !all.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // The digits that stand before the point once the exponent and the scale have moved it.
    let kept = i64::try_from(whole.len()).ok()? + i64::from(exponent) + scale;
    let value = if kept < 0 {
        0
    } else {
        let kept = usize::try_from(kept).ok()?;
        let digits: String = all.chars().chain(std::iter::repeat('0')).take(kept.min(200)).collect();
        let value: i128 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
        let next = all.as_bytes().get(kept).copied().unwrap_or(b'0');
        value.checked_add(i128::from(next >= b'5'))?
    };
    Some(if negative { -value } else { value })
}

fn without_underscores(text: &str) -> Option<String> {
    let between = |i: usize| i > 0 && text.as_bytes()[i - 1].is_ascii_digit() && text.as_bytes().get(i + 1).is_some_and(u8::is_ascii_digit);
    let misplaced = text.bytes().enumerate().any(|(i, b)| b == b'_' && !between(i));
    (!misplaced && !text.is_empty()).then(|| text.replace('_', ""))
}

/// `2024-01-31`, `2024/1/31`, and a timestamp's date; days since 1970.
pub(super) fn date(text: &str) -> Option<i32> {
    let (date, rest) = leading_date(text)?;
    if !rest.is_empty() {
        timestamp(text)?;
    }
    days(date)
}

pub(super) fn days(date: NaiveDate) -> Option<i32> {
    i32::try_from(date.signed_duration_since(NaiveDate::default()).num_days()).ok()
}

/// `2024-01-31 10:00:00.5`; an offset or zone is not part of a timestamp without one. Microseconds since 1970.
pub(super) fn timestamp(text: &str) -> Option<i64> {
    moment(text).map(|(micros, _)| micros)
}

/// `2024-01-31 10:00:00+02` as a moment; UTC where nothing is said.
pub(super) fn timestamp_with_zone(text: &str) -> Option<i64> {
    let (micros, zone) = moment(text)?;
    let offset = match zone.trim() {
        "" | "Z" | "z" | "UTC" | "utc" | "GMT" => 0,
        offset => seconds_east(offset)?,
    };
    micros.checked_sub(offset * 1_000_000)
}

fn seconds_east(offset: &str) -> Option<i64> {
    let (sign, rest) = match offset.as_bytes().first()? {
        b'+' => (1, &offset[1..]),
        b'-' => (-1, &offset[1..]),
        _ => return None,
    };
    let mut parts = rest.split(':').map(|part| part.parse::<i64>().ok().filter(|n| *n < 60));
    let hours = parts.next()??;
    let minutes = parts.next().unwrap_or(Some(0))?;
    let seconds = parts.next().unwrap_or(Some(0))?;
    parts.next().is_none().then_some(sign * (hours * 3600 + minutes * 60 + seconds))
}

/// The clock time as written, and what follows it.
fn moment(text: &str) -> Option<(i64, &str)> {
    let (date, rest) = leading_date(text)?;
    let midnight = i64::from(days(date)?).checked_mul(MICROS_PER_DAY)?;
    if rest.is_empty() {
        return Some((midnight, ""));
    }
    let clock = match rest.strip_prefix(['T', 't']) {
        Some(clock) => clock,
        None => rest.strip_prefix(' ')?.trim_start(),
    };
    let (hour, clock) = leading_number(clock, 2)?;
    let (minute, clock) = leading_number(clock.strip_prefix(':')?, 2)?;
    let (second, clock) = match clock.strip_prefix(':') {
        Some(clock) => leading_number(clock, 2)?,
        None => (0, clock),
    };
    let (micros, zone) = match clock.strip_prefix('.') {
        Some(digits) => {
            let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
            let shown: String = digits[..end].chars().chain(std::iter::repeat('0')).take(6).collect();
            (shown.parse().ok()?, &digits[end..])
        }
        None => (0, clock),
    };
    let last = hour == 24 && minute == 0 && second == 0 && micros == 0;
    if !(last || hour < 24) || minute > 59 || second > 59 {
        return None;
    }
    if !zone.is_empty() && !zone.starts_with([' ', '+', '-', 'Z', 'z']) {
        return None;
    }
    Some((midnight.checked_add(((hour * 60 + minute) * 60 + second) * 1_000_000 + micros)?, zone))
}

fn leading_date(text: &str) -> Option<(NaiveDate, &str)> {
    let (year, rest) = leading_number(text, 6)?;
    let separator = rest.chars().next().filter(|c| matches!(c, '-' | '/'))?;
    let (month, rest) = leading_number(&rest[1..], 2)?;
    let (day, rest) = leading_number(rest.strip_prefix(separator)?, 2)?;
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, u32::try_from(month).ok()?, u32::try_from(day).ok()?)?;
    Some((date, rest))
}

fn leading_number(text: &str, most: usize) -> Option<(i64, &str)> {
    let end = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    Some((text.get(..end)?.parse().ok()?, &text[end..]))
}
