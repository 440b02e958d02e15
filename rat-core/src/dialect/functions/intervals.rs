//! Intervals: months, days and microseconds, each its own.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{ArrayRef, AsArray, Int64Array, IntervalMonthDayNanoArray};
use datafusion::arrow::compute::kernels::arity;
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit};
use datafusion::arrow::error::ArrowError;
use datafusion::common::Result;
use datafusion::logical_expr::ScalarUDF;

use super::scalar::{Scalar, exactly};

pub(super) const INTERVAL: DataType = DataType::Interval(IntervalUnit::MonthDayNano);

/// An interval in microseconds, a month being 30 days: the order of intervals.
pub(in crate::dialect) fn length() -> Arc<ScalarUDF> {
    static FUNCTION: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
        Arc::new(Scalar::udf(
            &["interval_length"],
            |types| exactly("interval_length", types, &[INTERVAL]),
            |_| Ok(DataType::Int64),
            |args, _| {
                let values = args[0].as_primitive::<IntervalMonthDayNanoType>();
                let length = |v: IntervalMonthDayNano| {
                    (i64::from(v.months) * 30 + i64::from(v.days)).saturating_mul(86_400_000_000).saturating_add(v.nanoseconds / 1000)
                };
                let lengths: Int64Array = values.unary(length);
                Ok(Arc::new(lengths) as ArrayRef)
            },
        ))
    });
    Arc::clone(&FUNCTION)
}

fn scaled(args: &[ArrayRef], by: fn(f64) -> f64) -> Result<ArrayRef> {
    let (intervals, factors) = (args[0].as_primitive::<IntervalMonthDayNanoType>(), args[1].as_primitive::<Float64Type>());
    let scale = |v: IntervalMonthDayNano, factor: f64| {
        let factor = by(factor);
        if !factor.is_finite() {
            return Err(ArrowError::ComputeError("an interval times a number that is not finite".to_owned()));
        }
        // What is left of a month becomes days, what is left of a day becomes time.
        let months = f64::from(v.months) * factor;
        let days = f64::from(v.days) * factor + months.fract() * 30.0;
        let nanos = v.nanoseconds as f64 * factor + days.fract() * 86_400e9;
        let micros = (nanos / 1e3).round();
        if months.abs() > 1e9 || days.abs() > 1e9 || micros.abs() > 9e15 {
            return Err(ArrowError::ComputeError("the interval is out of range".to_owned()));
        }
        Ok(IntervalMonthDayNano::new(months.trunc() as i32, days.trunc() as i32, micros as i64 * 1000))
    };
    let result: IntervalMonthDayNanoArray = arity::try_binary(intervals, factors, scale)?;
    Ok(Arc::new(result))
}

/// `INTERVAL 1 DAY * 3`.
pub(in crate::dialect) fn multiply() -> Arc<ScalarUDF> {
    static FUNCTION: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
        Arc::new(Scalar::udf(
            &["interval_multiply"],
            |types| exactly("interval_multiply", types, &[INTERVAL, DataType::Float64]),
            |_| Ok(INTERVAL),
            |args, _| scaled(args, |factor| factor),
        ))
    });
    Arc::clone(&FUNCTION)
}

/// `INTERVAL 1 DAY / 2`.
pub(in crate::dialect) fn divide() -> Arc<ScalarUDF> {
    static FUNCTION: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
        Arc::new(Scalar::udf(
            &["interval_divide"],
            |types| exactly("interval_divide", types, &[INTERVAL, DataType::Float64]),
            |_| Ok(INTERVAL),
            |args, _| scaled(args, |factor| 1.0 / factor),
        ))
    });
    Arc::clone(&FUNCTION)
}

fn of_integer(names: &[&'static str], compute: super::scalar::Compute) -> Arc<ScalarUDF> {
    Arc::new(Scalar::udf(names, |types| exactly("an interval", types, &[DataType::Int64]), |_| Ok(INTERVAL), compute))
}

macro_rules! intervals {
    ($($name:literal, $months:expr, $days:expr, $nanos:expr;)+) => { vec![$(
        of_integer(&[$name], |args, _| made(&args[0], $months, $days, $nanos))
    ),+] };
}

fn made(counts: &ArrayRef, months: i64, days: i64, nanos: i64) -> Result<ArrayRef> {
    let counts = counts.as_primitive::<Int64Type>();
    let result: IntervalMonthDayNanoArray = arity::try_unary(counts, |n| {
        let out_of_range = || ArrowError::ComputeError(format!("an interval of {n} is out of range"));
        let months = n.checked_mul(months).and_then(|m| i32::try_from(m).ok()).ok_or_else(out_of_range)?;
        let days = n.checked_mul(days).and_then(|d| i32::try_from(d).ok()).ok_or_else(out_of_range)?;
        let nanos = n.checked_mul(nanos).ok_or_else(out_of_range)?;
        Ok::<_, ArrowError>(IntervalMonthDayNano::new(months, days, nanos))
    })?;
    Ok(Arc::new(result))
}

/// `to_days(n)` and its kin.
pub(super) fn all() -> Vec<Arc<ScalarUDF>> {
    intervals! {
        "to_millennia", 12_000, 0, 0;
        "to_centuries", 1200, 0, 0;
        "to_decades", 120, 0, 0;
        "to_years", 12, 0, 0;
        "to_quarters", 3, 0, 0;
        "to_months", 1, 0, 0;
        "to_weeks", 0, 7, 0;
        "to_days", 0, 1, 0;
        "to_hours", 0, 0, 3_600_000_000_000;
        "to_minutes", 0, 0, 60_000_000_000;
        "to_seconds", 0, 0, 1_000_000_000;
        "to_milliseconds", 0, 0, 1_000_000;
        "to_microseconds", 0, 0, 1_000;
    }
}
