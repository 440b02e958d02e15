//! Dates and timestamps: parts, differences, truncation. Timestamps are microseconds; a zone is always UTC.

use std::sync::{Arc, LazyLock};

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime, Timelike};
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, Float64Array, Int64Array, Int64Builder, IntervalMonthDayNanoArray, StringArray,
};
use datafusion::arrow::array::{PrimitiveArray, TimestampMicrosecondArray};
use datafusion::arrow::compute::kernels::arity;
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Float64Type, Int64Type, IntervalMonthDayNano, IntervalMonthDayNanoType, TimeUnit, TimestampMicrosecondType,
};
use datafusion::arrow::error::ArrowError;
use datafusion::common::{Result, exec_datafusion_err, exec_err, plan_err};
use datafusion::logical_expr::ScalarUDF;

use super::intervals::INTERVAL;
use super::scalar::{Scalar, exactly};

pub(super) const TIMESTAMP: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);
const MICROS_PER_DAY: i64 = 86_400_000_000;

fn out_of_range() -> ArrowError {
    ArrowError::ComputeError("the date is out of range".to_owned())
}

macro_rules! shared {
    ($(#[$doc:meta])* $function:ident, $names:expr, $coerce:expr, $returns:expr, $compute:expr) => {
        $(#[$doc])*
        pub(in crate::dialect) fn $function() -> Arc<ScalarUDF> {
            static FUNCTION: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| Arc::new(Scalar::udf(&$names, $coerce, $returns, $compute)));
            Arc::clone(&FUNCTION)
        }
    };
}

shared!(
    /// `date + n`.
    add_days, ["add_days"], |types| exactly("add_days", types, &[DataType::Date32, DataType::Int64]), |_| Ok(DataType::Date32),
    |args, _| {
        let (dates, days) = (args[0].as_primitive::<Date32Type>(), args[1].as_primitive::<Int64Type>());
        let result: Date32Array =
            arity::try_binary(dates, days, |date, days| i64::from(date).checked_add(days).and_then(|d| i32::try_from(d).ok()).ok_or_else(out_of_range))?;
        Ok(Arc::new(result) as ArrayRef)
    }
);

shared!(
    /// `later - earlier` of two dates, in days.
    days_between, ["days_between"], |types| exactly("days_between", types, &[DataType::Date32, DataType::Date32]), |_| Ok(DataType::Int64),
    |args, _| {
        let (from, to) = (args[0].as_primitive::<Date32Type>(), args[1].as_primitive::<Date32Type>());
        let result: Int64Array = arity::binary(from, to, |from, to| i64::from(to) - i64::from(from))?;
        Ok(Arc::new(result) as ArrayRef)
    }
);

shared!(
    /// `later - earlier` of two timestamps: whole days, and time.
    elapsed, ["elapsed"], |types| exactly("elapsed", types, &[TIMESTAMP, TIMESTAMP]), |_| Ok(INTERVAL),
    |args, _| {
        let (from, to) = (args[0].as_primitive::<TimestampMicrosecondType>(), args[1].as_primitive::<TimestampMicrosecondType>());
        let result: IntervalMonthDayNanoArray = arity::try_binary(from, to, |from, to| {
            let micros = to.checked_sub(from).ok_or_else(out_of_range)?;
            let days = i32::try_from(micros / MICROS_PER_DAY).map_err(|_| out_of_range())?;
            Ok(IntervalMonthDayNano::new(0, days, micros % MICROS_PER_DAY * 1000))
        })?;
        Ok(Arc::new(result) as ArrayRef)
    }
);

shared!(
    /// `date_part('month', x)`, and what `EXTRACT` is.
    date_part, ["date_part", "datepart"], |types| exactly("date_part", types, &[DataType::Utf8, TIMESTAMP]), |_| Ok(DataType::Int64),
    |args, _| {
        let (names, moments) = (args[0].as_string::<i32>(), args[1].as_primitive::<TimestampMicrosecondType>());
        let mut parts = Named::default();
        let mut builder = Int64Builder::with_capacity(moments.len());
        for (name, moment) in names.iter().zip(moments) {
            match (name, moment) {
                (Some(name), Some(moment)) => builder.append_value(parts.get(name)?.of(datetime(moment)?)),
                _ => builder.append_null(),
            }
        }
        Ok(Arc::new(builder.finish()) as ArrayRef)
    }
);

shared!(
    /// `x AT TIME ZONE 'UTC'`: a clock time becomes a moment, a moment a clock time.
    at_utc,
    ["at_utc"],
    |types| match types {
        [value] => Ok(vec![moment(value)]),
        _ => plan_err!("`AT TIME ZONE` takes one timestamp"),
    },
    |types| Ok(match &types[0] {
        DataType::Timestamp(_, None) => DataType::Timestamp(TimeUnit::Microsecond, Some("+00:00".into())),
        _ => TIMESTAMP,
    }),
    |args, result| {
        let DataType::Timestamp(_, zone) = result else { return plan_err!("`AT TIME ZONE` makes a timestamp") };
        Ok(Arc::new(args[0].as_primitive::<TimestampMicrosecondType>().clone().with_timezone_opt(zone.clone())) as ArrayRef)
    }
);

/// A part of a date or timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Millennium,
    Century,
    Decade,
    Year,
    Quarter,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
    Millisecond,
    Microsecond,
    DayOfWeek,
    IsoDayOfWeek,
    DayOfYear,
    IsoYear,
    YearWeek,
    Era,
}

/// The last part looked up: a column of names is nearly always one name.
#[derive(Default)]
struct Named(Option<(String, Part)>);

impl Named {
    fn get(&mut self, name: &str) -> Result<Part> {
        if let Some((known, part)) = &self.0
            && known == name
        {
            return Ok(*part);
        }
        let part = Part::parse(name)?;
        self.0 = Some((name.to_owned(), part));
        Ok(part)
    }
}

impl Part {
    fn parse(name: &str) -> Result<Self> {
        Ok(match name.to_ascii_lowercase().as_str() {
            "millennium" | "millennia" | "millenium" | "mil" | "mils" => Part::Millennium,
            "century" | "centuries" | "cent" | "c" => Part::Century,
            "decade" | "decades" | "dec" | "decs" => Part::Decade,
            "year" | "years" | "yr" | "yrs" | "y" => Part::Year,
            "quarter" | "quarters" => Part::Quarter,
            "month" | "months" | "mon" | "mons" => Part::Month,
            "week" | "weeks" | "weekofyear" | "w" => Part::Week,
            "day" | "days" | "dayofmonth" | "d" => Part::Day,
            "hour" | "hours" | "hr" | "hrs" | "h" => Part::Hour,
            "minute" | "minutes" | "min" | "mins" | "m" => Part::Minute,
            "second" | "seconds" | "sec" | "secs" | "s" => Part::Second,
            "millisecond" | "milliseconds" | "ms" | "msec" | "msecs" => Part::Millisecond,
            "microsecond" | "microseconds" | "us" | "usec" | "usecs" | "usecond" | "useconds" => Part::Microsecond,
            "dow" | "dayofweek" | "weekday" => Part::DayOfWeek,
            "isodow" => Part::IsoDayOfWeek,
            "doy" | "dayofyear" => Part::DayOfYear,
            "isoyear" => Part::IsoYear,
            "yearweek" => Part::YearWeek,
            "era" => Part::Era,
            other => return exec_err!("`{other}` is not a part of a date"),
        })
    }

    fn of(self, at: NaiveDateTime) -> i64 {
        let year = i64::from(at.year());
        let micros = i64::from(at.second()) * 1_000_000 + i64::from(at.nanosecond() / 1000);
        match self {
            Part::Millennium => {
                if year > 0 {
                    (year - 1) / 1000 + 1
                } else {
                    year / 1000 - 1
                }
            }
            Part::Century => {
                if year > 0 {
                    (year - 1) / 100 + 1
                } else {
                    year / 100 - 1
                }
            }
            Part::Decade => year / 10,
            Part::Year => year,
            Part::Quarter => i64::from(at.month0() / 3 + 1),
            Part::Month => i64::from(at.month()),
            Part::Week => i64::from(at.iso_week().week()),
            Part::Day => i64::from(at.day()),
            Part::Hour => i64::from(at.hour()),
            Part::Minute => i64::from(at.minute()),
            Part::Second => i64::from(at.second()),
            Part::Millisecond => micros / 1000,
            Part::Microsecond => micros,
            Part::DayOfWeek => i64::from(at.weekday().num_days_from_sunday()),
            Part::IsoDayOfWeek => i64::from(at.weekday().number_from_monday()),
            Part::DayOfYear => i64::from(at.ordinal()),
            Part::IsoYear => i64::from(at.iso_week().year()),
            Part::YearWeek => i64::from(at.iso_week().year()) * 100 + i64::from(at.iso_week().week()),
            Part::Era => i64::from(year > 0),
        }
    }

    /// Where the part that holds the moment begins.
    fn truncate(self, at: NaiveDateTime) -> Option<NaiveDateTime> {
        let date = at.date();
        let first = |year: i32, month: u32| NaiveDate::from_ymd_opt(year, month, 1)?.and_hms_opt(0, 0, 0);
        let year = at.year();
        match self {
            Part::Millennium => first(year.div_euclid(1000) * 1000, 1),
            Part::Century => first(year.div_euclid(100) * 100, 1),
            Part::Decade => first(year.div_euclid(10) * 10, 1),
            Part::Year => first(year, 1),
            Part::Quarter => first(year, at.month0() / 3 * 3 + 1),
            Part::Month => first(year, at.month()),
            Part::Week | Part::YearWeek => {
                date.checked_sub_days(Days::new(u64::from(at.weekday().num_days_from_monday())))?.and_hms_opt(0, 0, 0)
            }
            Part::IsoYear => NaiveDate::from_isoywd_opt(at.iso_week().year(), 1, chrono::Weekday::Mon)?.and_hms_opt(0, 0, 0),
            Part::Day | Part::DayOfWeek | Part::IsoDayOfWeek | Part::DayOfYear => date.and_hms_opt(0, 0, 0),
            Part::Hour => date.and_hms_opt(at.hour(), 0, 0),
            Part::Minute => date.and_hms_opt(at.hour(), at.minute(), 0),
            Part::Second => date.and_hms_opt(at.hour(), at.minute(), at.second()),
            Part::Millisecond => at.with_nanosecond(at.nanosecond() / 1_000_000 * 1_000_000),
            Part::Microsecond => Some(at),
            Part::Era => None,
        }
    }

    /// The number of this part since a fixed day: differences count the boundaries between.
    fn ordinal(self, at: NaiveDateTime) -> i64 {
        let (year, month) = (i64::from(at.year()), i64::from(at.month0()));
        let days = at.date().signed_duration_since(NaiveDate::default()).num_days();
        let micros = at.and_utc().timestamp_micros();
        match self {
            Part::Millennium => year.div_euclid(1000),
            Part::Century => year.div_euclid(100),
            Part::Decade => year.div_euclid(10),
            Part::Year | Part::Era => year,
            Part::IsoYear => i64::from(at.iso_week().year()),
            Part::Quarter => year * 4 + month / 3,
            Part::Month => year * 12 + month,
            // The first of January 1970 was a Thursday; weeks begin on Monday.
            Part::Week | Part::YearWeek => (days + 3).div_euclid(7),
            Part::Day | Part::DayOfWeek | Part::IsoDayOfWeek | Part::DayOfYear => days,
            Part::Hour => micros.div_euclid(3_600_000_000),
            Part::Minute => micros.div_euclid(60_000_000),
            Part::Second => micros.div_euclid(1_000_000),
            Part::Millisecond => micros.div_euclid(1000),
            Part::Microsecond => micros,
        }
    }

    /// How many boundaries of this part lie between two moments; weeks are seven days each, wherever they begin.
    fn crossed(self, from: NaiveDateTime, to: NaiveDateTime) -> i64 {
        match self {
            Part::Week | Part::YearWeek => (Part::Day.ordinal(to) - Part::Day.ordinal(from)) / 7,
            part => part.ordinal(to) - part.ordinal(from),
        }
    }

    /// How many whole parts fit between two moments.
    fn whole(self, from: NaiveDateTime, to: NaiveDateTime) -> i64 {
        let months = |size: i64| whole_months(from, to) / size;
        let micros = to.and_utc().timestamp_micros() - from.and_utc().timestamp_micros();
        match self {
            Part::Millennium => months(12_000),
            Part::Century => months(1200),
            Part::Decade => months(120),
            Part::Year | Part::IsoYear | Part::Era => months(12),
            Part::Quarter => months(3),
            Part::Month => months(1),
            Part::Week | Part::YearWeek => micros / (7 * MICROS_PER_DAY),
            Part::Day | Part::DayOfWeek | Part::IsoDayOfWeek | Part::DayOfYear => micros / MICROS_PER_DAY,
            Part::Hour => micros / 3_600_000_000,
            Part::Minute => micros / 60_000_000,
            Part::Second => micros / 1_000_000,
            Part::Millisecond => micros / 1000,
            Part::Microsecond => micros,
        }
    }
}

fn whole_months(from: NaiveDateTime, to: NaiveDateTime) -> i64 {
    if from > to {
        return -whole_months(to, from);
    }
    let months = Part::Month.ordinal(to) - Part::Month.ordinal(from);
    let moved = u32::try_from(months).ok().and_then(|months| from.checked_add_months(Months::new(months)));
    // A month is whole when its day has come, or the month has no such day and is over.
    let is_over = moved.is_some_and(|moved| moved > to);
    if is_over { months - 1 } else { months }
}

pub(super) fn datetime(micros: i64) -> Result<NaiveDateTime> {
    Ok(DateTime::from_timestamp_micros(micros).ok_or_else(|| exec_datafusion_err!("the timestamp {micros} is out of range"))?.naive_utc())
}

/// A date or timestamp with its own type, so that a truncated one keeps its zone.
fn moment(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Timestamp(_, zone) => DataType::Timestamp(TimeUnit::Microsecond, zone.clone()),
        _ => TIMESTAMP,
    }
}

fn truncate(args: &[ArrayRef], result: &DataType) -> Result<ArrayRef> {
    let (names, moments) = (args[0].as_string::<i32>(), args[1].as_primitive::<TimestampMicrosecondType>());
    let mut parts = Named::default();
    let mut builder = TimestampMicrosecondArray::builder(moments.len());
    for (name, micros) in names.iter().zip(moments) {
        let (Some(name), Some(micros)) = (name, micros) else {
            builder.append_null();
            continue;
        };
        let part = parts.get(name)?;
        let fixed = match part {
            Part::Day => Some(MICROS_PER_DAY),
            Part::Hour => Some(3_600_000_000),
            Part::Minute => Some(60_000_000),
            Part::Second => Some(1_000_000),
            _ => None,
        };
        builder.append_value(match fixed {
            Some(size) => micros - micros.rem_euclid(size),
            None => part
                .truncate(datetime(micros)?)
                .ok_or_else(|| exec_datafusion_err!("`{name}` cannot be truncated to"))?
                .and_utc()
                .timestamp_micros(),
        });
    }
    let DataType::Timestamp(_, zone) = result else { return plan_err!("date_trunc makes a timestamp") };
    Ok(Arc::new(builder.finish().with_timezone_opt(zone.clone())))
}

fn difference(args: &[ArrayRef], between: fn(Part, NaiveDateTime, NaiveDateTime) -> i64) -> Result<ArrayRef> {
    let names = args[0].as_string::<i32>();
    let (from, to) = (args[1].as_primitive::<TimestampMicrosecondType>(), args[2].as_primitive::<TimestampMicrosecondType>());
    let mut parts = Named::default();
    let mut builder = Int64Builder::with_capacity(names.len());
    for ((name, from), to) in names.iter().zip(from).zip(to) {
        match (name, from, to) {
            (Some(name), Some(from), Some(to)) => builder.append_value(between(parts.get(name)?, datetime(from)?, datetime(to)?)),
            _ => builder.append_null(),
        }
    }
    Ok(Arc::new(builder.finish()))
}

fn clock(at: NaiveDateTime) -> i64 {
    at.and_utc().timestamp_micros().rem_euclid(MICROS_PER_DAY)
}

/// Years, months and days between, then the time: `age`.
fn age(args: &[ArrayRef]) -> Result<ArrayRef> {
    let (to, from) = (args[0].as_primitive::<TimestampMicrosecondType>(), args[1].as_primitive::<TimestampMicrosecondType>());
    let result: IntervalMonthDayNanoArray = arity::try_binary(to, from, |to, from| {
        let (to, from) = (datetime(to).map_err(|_| out_of_range())?, datetime(from).map_err(|_| out_of_range())?);
        let (sign, earlier, later) = if to < from { (-1, to, from) } else { (1, from, to) };
        // What is missing is borrowed: a day for the time, a month, of the earlier month's length, for the days.
        let mut months = Part::Month.ordinal(later) - Part::Month.ordinal(earlier);
        let mut days = Part::Day.of(later) - Part::Day.of(earlier);
        let mut rest = clock(later) - clock(earlier);
        if rest < 0 {
            rest += MICROS_PER_DAY;
            days -= 1;
        }
        if days < 0 {
            let first = Part::Month.truncate(earlier).ok_or_else(out_of_range)?;
            let next = first.checked_add_months(Months::new(1)).ok_or_else(out_of_range)?;
            days += next.signed_duration_since(first).num_days();
            months -= 1;
        }
        let (months, days) = (i32::try_from(months).map_err(|_| out_of_range())?, i32::try_from(days).map_err(|_| out_of_range())?);
        Ok::<_, ArrowError>(IntervalMonthDayNano::new(sign * months, sign * days, i64::from(sign) * rest * 1000))
    })?;
    Ok(Arc::new(result))
}

/// Buckets of months count from 2000-01-01, all others from Monday 2000-01-03.
fn bucket(args: &[ArrayRef], result: &DataType) -> Result<ArrayRef> {
    const MONTHS_FROM: i64 = 2000 * 12;
    const OTHERS_FROM: i64 = 10_959 * MICROS_PER_DAY;
    let moments = match args[1].data_type() {
        DataType::Date32 => datafusion::arrow::compute::cast(&args[1], &TIMESTAMP)?,
        _ => Arc::clone(&args[1]),
    };
    let (widths, moments) = (args[0].as_primitive::<IntervalMonthDayNanoType>(), moments.as_primitive::<TimestampMicrosecondType>());
    let starts: PrimitiveArray<TimestampMicrosecondType> = arity::try_binary(widths, moments, |width, micros| {
        let fixed = i64::from(width.days) * MICROS_PER_DAY + width.nanoseconds / 1000;
        if width.months > 0 && fixed == 0 {
            let at = datetime(micros).map_err(|_| out_of_range())?;
            let month = Part::Month.ordinal(at) - MONTHS_FROM;
            let start = month.div_euclid(i64::from(width.months)) * i64::from(width.months) + MONTHS_FROM;
            let first =
                NaiveDate::from_ymd_opt(start.div_euclid(12) as i32, start.rem_euclid(12) as u32 + 1, 1).ok_or_else(out_of_range)?;
            return Ok(first.signed_duration_since(NaiveDate::default()).num_days() * MICROS_PER_DAY);
        }
        if width.months != 0 || fixed <= 0 {
            return Err(ArrowError::ComputeError(
                "the width of a bucket is either months, or days and time, and greater than zero".to_owned(),
            ));
        }
        Ok((micros - OTHERS_FROM).div_euclid(fixed) * fixed + OTHERS_FROM)
    })?;
    match result {
        DataType::Date32 => Ok(datafusion::arrow::compute::cast(&starts, result)?),
        DataType::Timestamp(_, zone) => Ok(Arc::new(starts.with_timezone_opt(zone.clone()))),
        other => plan_err!("time_bucket makes a date or timestamp, not {other}"),
    }
}

fn one_moment(types: &[DataType]) -> Result<Vec<DataType>> {
    exactly("a function of a date", types, &[TIMESTAMP])
}

macro_rules! parts {
    ($($names:expr, $part:expr;)+) => { vec![$(
        Arc::new(Scalar::udf(&$names, one_moment, |_| Ok(DataType::Int64), |args, _| {
            let moments = args[0].as_primitive::<TimestampMicrosecondType>();
            let result: Int64Array = arity::try_unary(moments, |m| Ok::<_, ArrowError>($part.of(datetime(m).map_err(|_| out_of_range())?)))?;
            Ok(Arc::new(result) as ArrayRef)
        }))
    ),+] };
}

fn named(args: &[ArrayRef], name: fn(NaiveDateTime) -> &'static str) -> Result<ArrayRef> {
    let moments = args[0].as_primitive::<TimestampMicrosecondType>();
    let names = moments.iter().map(|m| m.map(|m| datetime(m).map(name)).transpose()).collect::<Result<Vec<_>>>()?;
    Ok(Arc::new(StringArray::from(names)))
}

const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

pub(super) fn all() -> Vec<Arc<ScalarUDF>> {
    let three = |types: &[DataType]| exactly("date_diff", types, &[DataType::Utf8, TIMESTAMP, TIMESTAMP]);
    let mut all: Vec<Arc<ScalarUDF>> = parts! {
        ["year"], Part::Year;
        ["quarter"], Part::Quarter;
        ["month"], Part::Month;
        ["week", "weekofyear"], Part::Week;
        ["day", "dayofmonth"], Part::Day;
        ["hour"], Part::Hour;
        ["minute"], Part::Minute;
        ["second"], Part::Second;
        ["millisecond"], Part::Millisecond;
        ["microsecond"], Part::Microsecond;
        ["dayofweek", "weekday"], Part::DayOfWeek;
        ["isodow"], Part::IsoDayOfWeek;
        ["dayofyear"], Part::DayOfYear;
        ["isoyear"], Part::IsoYear;
        ["yearweek"], Part::YearWeek;
        ["century"], Part::Century;
        ["decade"], Part::Decade;
        ["millennium"], Part::Millennium;
        ["era"], Part::Era;
    };
    all.extend([date_part(), at_utc()]);
    let scalars = [
        Scalar::udf(
            &["date_trunc", "datetrunc"],
            |types| match types {
                [_, value] => Ok(vec![DataType::Utf8, moment(value)]),
                _ => plan_err!("`date_trunc` takes a part and a date or timestamp"),
            },
            |types| Ok(types[1].clone()),
            truncate,
        ),
        Scalar::udf(&["date_diff", "datediff"], three, |_| Ok(DataType::Int64), |args, _| difference(args, Part::crossed)),
        Scalar::udf(&["date_sub", "datesub"], three, |_| Ok(DataType::Int64), |args, _| difference(args, Part::whole)),
        Scalar::udf(&["age"], |types| exactly("age", types, &[TIMESTAMP, TIMESTAMP]), |_| Ok(INTERVAL), |args, _| age(args)),
        Scalar::udf(
            &["time_bucket"],
            |types| match types {
                [_, DataType::Date32] => Ok(vec![INTERVAL, DataType::Date32]),
                [_, value] => Ok(vec![INTERVAL, moment(value)]),
                _ => plan_err!("`time_bucket` takes a width and a date or timestamp"),
            },
            |types| Ok(types[1].clone()),
            bucket,
        ),
        Scalar::udf(
            &["last_day"],
            one_moment,
            |_| Ok(DataType::Date32),
            |args, _| {
                let moments = args[0].as_primitive::<TimestampMicrosecondType>();
                let last = |m: i64| {
                    let first = Part::Month.truncate(datetime(m).ok()?)?.date();
                    super::text::days(first.checked_add_months(Months::new(1))?.pred_opt()?)
                };
                let result: Date32Array = arity::try_unary(moments, |m| last(m).ok_or_else(out_of_range))?;
                Ok(Arc::new(result) as ArrayRef)
            },
        ),
        Scalar::udf(&["monthname"], one_moment, |_| Ok(DataType::Utf8), |args, _| named(args, |at| MONTHS[at.month0() as usize])),
        Scalar::udf(
            &["dayname"],
            one_moment,
            |_| Ok(DataType::Utf8),
            |args, _| named(args, |at| DAYS[at.weekday().num_days_from_sunday() as usize]),
        ),
        Scalar::udf(
            &["epoch"],
            one_moment,
            |_| Ok(DataType::Float64),
            |args, _| {
                let moments = args[0].as_primitive::<TimestampMicrosecondType>();
                let result: Float64Array = moments.unary(|m| m as f64 / 1e6);
                Ok(Arc::new(result) as ArrayRef)
            },
        ),
        Scalar::udf(
            &["epoch_us"],
            one_moment,
            |_| Ok(DataType::Int64),
            |args, _| {
                let result: Int64Array = args[0].as_primitive::<TimestampMicrosecondType>().unary(|m| m);
                Ok(Arc::new(result) as ArrayRef)
            },
        ),
        Scalar::udf(
            &["epoch_ms"],
            |types| match types {
                [value] if value.is_integer() => Ok(vec![DataType::Int64]),
                _ => one_moment(types),
            },
            |types| Ok(if types[0] == DataType::Int64 { TIMESTAMP } else { DataType::Int64 }),
            |args, _| match args[0].data_type() {
                DataType::Int64 => {
                    let millis = args[0].as_primitive::<Int64Type>();
                    let result: TimestampMicrosecondArray = arity::try_unary(millis, |m| m.checked_mul(1000).ok_or_else(out_of_range))?;
                    Ok(Arc::new(result) as ArrayRef)
                }
                _ => {
                    let result: Int64Array = args[0].as_primitive::<TimestampMicrosecondType>().unary(|m| m.div_euclid(1000));
                    Ok(Arc::new(result) as ArrayRef)
                }
            },
        ),
        Scalar::udf(
            &["make_timestamp"],
            |types| match types.len() {
                1 => Ok(vec![DataType::Int64]),
                6 => Ok([vec![DataType::Int64; 5], vec![DataType::Float64]].concat()),
                n => plan_err!("`make_timestamp` takes microseconds, or year, month, day, hour, minute and seconds; {n} arguments given"),
            },
            |_| Ok(TIMESTAMP),
            |args, _| make_timestamp(args),
        ),
        Scalar::udf(
            &["make_date"],
            |types| exactly("make_date", types, &[DataType::Int64, DataType::Int64, DataType::Int64]),
            |_| Ok(DataType::Date32),
            |args, _| {
                let column = |i: usize| args[i].as_primitive::<Int64Type>();
                let rows = column(0).iter().zip(column(1)).zip(column(2));
                let dates = rows.map(|((y, m), d)| match (y, m, d) {
                    (Some(y), Some(m), Some(d)) => {
                        super::text::days(ymd(y, m, d)?).map(Some).ok_or_else(|| exec_datafusion_err!("the date is out of range"))
                    }
                    _ => Ok(None),
                });
                Ok(Arc::new(dates.collect::<Result<Date32Array>>()?) as ArrayRef)
            },
        ),
        Scalar::udf(
            &["to_timestamp"],
            |types| exactly("to_timestamp", types, &[DataType::Float64]),
            |_| Ok(DataType::Timestamp(TimeUnit::Microsecond, Some("+00:00".into()))),
            |args, _| {
                let seconds = args[0].as_primitive::<Float64Type>();
                let result: TimestampMicrosecondArray = arity::try_unary(seconds, |s| {
                    let micros = (s * 1e6).round();
                    if micros.abs() < 9.2e18 { Ok(micros as i64) } else { Err(out_of_range()) }
                })?;
                Ok(Arc::new(result.with_timezone("+00:00")) as ArrayRef)
            },
        ),
    ];
    all.extend(scalars.into_iter().map(Arc::new));
    all
}

fn ymd(year: i64, month: i64, day: i64) -> Result<NaiveDate> {
    let date = || NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, u32::try_from(month).ok()?, u32::try_from(day).ok()?);
    date().ok_or_else(|| exec_datafusion_err!("there is no date {year}-{month}-{day}"))
}

fn make_timestamp(args: &[ArrayRef]) -> Result<ArrayRef> {
    let column = |i: usize| args[i].as_primitive::<Int64Type>();
    if args.len() == 1 {
        let result: TimestampMicrosecondArray = column(0).unary(|m| m);
        return Ok(Arc::new(result));
    }
    let seconds = args[5].as_primitive::<Float64Type>();
    let mut builder = TimestampMicrosecondArray::builder(seconds.len());
    for row in 0..seconds.len() {
        if args.iter().any(|arg| arg.is_null(row)) {
            builder.append_null();
            continue;
        }
        let value = |i: usize| column(i).value(row);
        let (hour, minute, second) = (value(3), value(4), seconds.value(row));
        if !(0..24).contains(&hour) || !(0..60).contains(&minute) || !(0.0..60.0).contains(&second) {
            return exec_err!("there is no time {hour}:{minute}:{second}");
        }
        let days = ymd(value(0), value(1), value(2))?.signed_duration_since(NaiveDate::default()).num_days();
        builder.append_value(days * MICROS_PER_DAY + (hour * 60 + minute) * 60_000_000 + (second * 1e6).round() as i64);
    }
    Ok(Arc::new(builder.finish()))
}
