//! Arrow's values as plain Python's, exactly: what Python has no value for is the text that SQL writes.

use std::ops::RangeInclusive;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, downcast_primitive_array};
use arrow::compute::cast;
use arrow::datatypes::{
    ArrowNativeType, ArrowPrimitiveType, DataType, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, DecimalType, Float16Type,
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, SchemaRef, TimeUnit, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use arrow::error::ArrowError;
use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};

use crate::error::to_python;

/// Who gets the values.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum For {
    Python,
    /// Who has no more types than JSON.
    Json,
}

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;
/// Milliseconds of a day.
const MILLIS: i64 = DAY / 1000;
/// The days since 1970 that a `date` reaches: years 1 to 9999.
const DAYS: RangeInclusive<i64> = -719_162..=2_932_896;
/// The most days of a `timedelta`.
const MOST_DAYS: i64 = 999_999_999;

/// The rows as a list of dicts.
pub fn rows<'py>(py: Python<'py>, schema: &SchemaRef, batches: &[RecordBatch], to: For) -> PyResult<Bound<'py, PyList>> {
    let names: Vec<_> = schema.fields().iter().map(|field| PyString::new(py, field.name())).collect();
    let list = PyList::empty(py);
    for batch in batches {
        for row in 0..batch.num_rows() {
            let dict = PyDict::new(py);
            for (name, column) in names.iter().zip(batch.columns()) {
                dict.set_item(name, value(py, column, row, to)?)?;
            }
            list.append(dict)?;
        }
    }
    Ok(list)
}

fn value<'py>(py: Python<'py>, array: &ArrayRef, row: usize, to: For) -> PyResult<Bound<'py, PyAny>> {
    if array.is_null(row) {
        return Ok(py.None().into_bound(py));
    }
    macro_rules! number {
        ($type:ty) => {
            array.as_primitive::<$type>().value(row).into_pyobject(py)?.into_any()
        };
    }
    Ok(match array.data_type() {
        DataType::Null => py.None().into_bound(py),
        DataType::Boolean => array.as_boolean().value(row).into_pyobject(py)?.to_owned().into_any(),
        DataType::Int8 => number!(Int8Type),
        DataType::Int16 => number!(Int16Type),
        DataType::Int32 => number!(Int32Type),
        DataType::Int64 => number!(Int64Type),
        DataType::UInt8 => number!(UInt8Type),
        DataType::UInt16 => number!(UInt16Type),
        DataType::UInt32 => number!(UInt32Type),
        DataType::UInt64 => number!(UInt64Type),
        DataType::Float16 => float(py, array, row, array.as_primitive::<Float16Type>().value(row).to_f64(), to)?,
        DataType::Float32 => float(py, array, row, array.as_primitive::<Float32Type>().value(row).into(), to)?,
        DataType::Float64 => float(py, array, row, array.as_primitive::<Float64Type>().value(row), to)?,
        DataType::Utf8 => array.as_string::<i32>().value(row).into_pyobject(py)?.into_any(),
        DataType::LargeUtf8 => array.as_string::<i64>().value(row).into_pyobject(py)?.into_any(),
        DataType::Utf8View => array.as_string_view().value(row).into_pyobject(py)?.into_any(),
        DataType::List(_) => items(py, &array.as_list::<i32>().value(row), to)?,
        DataType::LargeList(_) => items(py, &array.as_list::<i64>().value(row), to)?,
        DataType::FixedSizeList(_, _) => items(py, &array.as_fixed_size_list().value(row), to)?,
        DataType::Struct(fields) => {
            let dict = PyDict::new(py);
            for (field, column) in fields.iter().zip(array.as_struct().columns()) {
                dict.set_item(field.name(), value(py, column, row, to)?)?;
            }
            dict.into_any()
        }
        DataType::Dictionary(_, values) => value(py, &cast(&array.slice(row, 1), values).map_err(wrong)?, 0, to)?,
        _ => match to {
            For::Python => own(py, array, row)?.map_or_else(|| text(py, array, row), Ok)?,
            For::Json => text(py, array, row)?,
        },
    })
}

/// A value of a type that Python has and JSON has not; `None` for one that Python's type does not reach.
fn own<'py>(py: Python<'py>, array: &ArrayRef, row: usize) -> PyResult<Option<Bound<'py, PyAny>>> {
    let whole = downcast_primitive_array!(array => array.value(row).to_i64(), _ => None);
    let micros = |unit: &TimeUnit| micros(whole?, unit);
    Ok(match array.data_type() {
        DataType::Binary => Some(PyBytes::new(py, array.as_binary::<i32>().value(row)).into_any()),
        DataType::LargeBinary => Some(PyBytes::new(py, array.as_binary::<i64>().value(row)).into_any()),
        DataType::BinaryView => Some(PyBytes::new(py, array.as_binary_view().value(row)).into_any()),
        DataType::FixedSizeBinary(_) => Some(PyBytes::new(py, array.as_fixed_size_binary().value(row)).into_any()),
        DataType::Decimal32(_, _) => Some(decimal::<Decimal32Type>(py, array, row)?),
        DataType::Decimal64(_, _) => Some(decimal::<Decimal64Type>(py, array, row)?),
        DataType::Decimal128(_, _) => Some(decimal::<Decimal128Type>(py, array, row)?),
        DataType::Decimal256(_, _) => Some(decimal::<Decimal256Type>(py, array, row)?),
        DataType::Date32 => whole.map(|days| date(py, days)).transpose()?.flatten(),
        DataType::Date64 => whole.filter(|millis| millis % MILLIS == 0).map(|millis| date(py, millis / MILLIS)).transpose()?.flatten(),
        DataType::Timestamp(unit, zone) => micros(unit).map(|micros| timestamp(py, micros, zone.is_some())).transpose()?.flatten(),
        DataType::Time32(unit) | DataType::Time64(unit) => micros(unit).map(|micros| time(py, micros)).transpose()?.flatten(),
        DataType::Duration(unit) => micros(unit).map(|micros| duration(py, micros)).transpose()?.flatten(),
        DataType::Map(entries, _) => Some(map(py, array, row, is_hashed(entries.data_type()))?),
        _ => None,
    })
}

fn float<'py>(py: Python<'py>, array: &ArrayRef, row: usize, float: f64, to: For) -> PyResult<Bound<'py, PyAny>> {
    match to {
        For::Json if !float.is_finite() => text(py, array, row),
        _ => Ok(float.into_pyobject(py)?.into_any()),
    }
}

/// As SQL writes it.
fn text<'py>(py: Python<'py>, array: &ArrayRef, row: usize) -> PyResult<Bound<'py, PyAny>> {
    let texts = rat_core::texts(&array.slice(row, 1)).map_err(|e| to_python(py, &e))?;
    Ok(texts.value(0).into_pyobject(py)?.into_any())
}

fn wrong(e: ArrowError) -> PyErr {
    PyTypeError::new_err(e.to_string())
}

fn items<'py>(py: Python<'py>, items: &ArrayRef, to: For) -> PyResult<Bound<'py, PyAny>> {
    let list = PyList::empty(py);
    for i in 0..items.len() {
        list.append(value(py, items, i, to)?)?;
    }
    Ok(list.into_any())
}

/// Whether the keys of a map with such entries can be those of a dict, whichever they are.
fn is_hashed(entries: &DataType) -> bool {
    matches!(entries, DataType::Struct(fields) if fields.first().is_some_and(|key| !key.data_type().is_nested()))
}

fn map<'py>(py: Python<'py>, array: &ArrayRef, row: usize, is_hashed: bool) -> PyResult<Bound<'py, PyAny>> {
    let entries = array.as_map().value(row);
    let pair = |i| PyResult::Ok((value(py, entries.column(0), i, For::Python)?, value(py, entries.column(1), i, For::Python)?));
    let pairs = (0..entries.len()).map(pair).collect::<PyResult<Vec<_>>>()?;
    if is_hashed {
        let dict = PyDict::new(py);
        pairs.into_iter().try_for_each(|(key, value)| dict.set_item(key, value))?;
        return Ok(dict.into_any());
    }
    let list = PyList::empty(py);
    pairs.into_iter().try_for_each(|(key, value)| list.append(PyTuple::new(py, [key, value])?))?;
    Ok(list.into_any())
}

fn decimal<'py, T: DecimalType + ArrowPrimitiveType>(py: Python<'py>, array: &ArrayRef, row: usize) -> PyResult<Bound<'py, PyAny>> {
    let text = array.as_primitive::<T>().value_as_string(row);
    py.import(intern!(py, "decimal"))?.getattr(intern!(py, "Decimal"))?.call1((text,))
}

/// Microseconds; `None` for what is finer, or too much of them.
fn micros(number: i64, unit: &TimeUnit) -> Option<i64> {
    match unit {
        TimeUnit::Second => number.checked_mul(SECOND),
        TimeUnit::Millisecond => number.checked_mul(1000),
        TimeUnit::Microsecond => Some(number),
        TimeUnit::Nanosecond => (number % 1000 == 0).then_some(number / 1000),
    }
}

fn datetime<'py>(py: Python<'py>, class: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import(intern!(py, "datetime"))?.getattr(class)
}

fn timedelta(py: Python<'_>, micros: i64) -> PyResult<Bound<'_, PyAny>> {
    let (days, rest) = (micros.div_euclid(DAY), micros.rem_euclid(DAY));
    datetime(py, "timedelta")?.call1((days, rest / SECOND, rest % SECOND))
}

fn duration(py: Python<'_>, micros: i64) -> PyResult<Option<Bound<'_, PyAny>>> {
    (micros.div_euclid(DAY).abs() <= MOST_DAYS).then(|| timedelta(py, micros)).transpose()
}

fn date(py: Python<'_>, days: i64) -> PyResult<Option<Bound<'_, PyAny>>> {
    if !DAYS.contains(&days) {
        return Ok(None);
    }
    // Python counts from the first day of year 1.
    datetime(py, "date")?.call_method1(intern!(py, "fromordinal"), (days - DAYS.start() + 1,)).map(Some)
}

fn time(py: Python<'_>, micros: i64) -> PyResult<Option<Bound<'_, PyAny>>> {
    if !(0..DAY).contains(&micros) {
        return Ok(None);
    }
    let (seconds, micros) = (micros / SECOND, micros % SECOND);
    datetime(py, "time")?.call1((seconds / 3600, seconds / 60 % 60, seconds % 60, micros)).map(Some)
}

fn timestamp(py: Python<'_>, micros: i64, utc: bool) -> PyResult<Option<Bound<'_, PyAny>>> {
    if !DAYS.contains(&micros.div_euclid(DAY)) {
        return Ok(None);
    }
    let zone = if utc { datetime(py, "timezone")?.getattr(intern!(py, "utc"))? } else { py.None().into_bound(py) };
    let epoch = datetime(py, "datetime")?.call1((1970, 1, 1, 0, 0, 0, 0, zone))?;
    epoch.call_method1(intern!(py, "__add__"), (timedelta(py, micros)?,)).map(Some)
}
