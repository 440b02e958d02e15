//! Arrow from and to Python: whole results by the PyCapsule protocol without a copy, and plain Python values for those without pyarrow.

use std::ffi::CStr;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchIterator, StructArray};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, SchemaRef,
    Time64MicrosecondType, TimeUnit, TimestampMicrosecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::error::ArrowError;
use arrow::ffi::to_ffi;
use arrow::ffi_stream::{ArrowArrayStreamReader, FFI_ArrowArrayStream};
use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCapsule, PyDict, PyList, PyString, PyTuple};
use rat_core::WriteData;

use crate::error::to_python;
use crate::params::{is_list, rows as rows_of};

const STREAM: &CStr = c"arrow_array_stream";

/// A PyCapsule that holds an `ArrowArrayStream` over the batches.
pub fn stream_capsule<'py>(py: Python<'py>, schema: SchemaRef, batches: Vec<RecordBatch>) -> PyResult<Bound<'py, PyCapsule>> {
    let reader = RecordBatchIterator::new(batches.into_iter().map(Ok), schema);
    PyCapsule::new(py, FFI_ArrowArrayStream::new(Box::new(reader)), Some(STREAM.to_owned()))
}

/// The rows of anything with `__arrow_c_stream__`, and of a list of dicts.
pub fn given(data: &Bound<'_, PyAny>) -> PyResult<WriteData> {
    if is_list(data) {
        return WriteData::rows(rows_of(data)?).map_err(|e| to_python(data.py(), &e));
    }
    let method = data.getattr_opt(intern!(data.py(), "__arrow_c_stream__"))?.ok_or_else(|| {
        let kind = data.get_type().name().map_or_else(|_| "an object".to_owned(), |name| name.to_string());
        PyTypeError::new_err(format!(
            "`data` must have `__arrow_c_stream__`, as DataFrames, Arrow tables and readers do, or be a list of dicts, and is {kind}"
        ))
    })?;
    let capsule = method.call0()?;
    let stream = capsule.cast::<PyCapsule>()?.pointer_checked(Some(STREAM))?;
    // The stream is moved out of the capsule, which then has nothing left to release.
    #[expect(unsafe_code, reason = "a capsule of this name holds an ArrowArrayStream, by the protocol")]
    let stream = unsafe { FFI_ArrowArrayStream::from_raw(stream.as_ptr().cast()) };
    let reader = ArrowArrayStreamReader::try_new(stream).map_err(|e| PyTypeError::new_err(format!("`data` cannot be read: {e}")))?;
    Ok(WriteData::reader(Box::new(reader)))
}

/// A PyCapsule over batches that are made as they are asked for.
pub fn reader_capsule<'py>(
    py: Python<'py>,
    schema: SchemaRef,
    batches: impl Iterator<Item = Result<RecordBatch, ArrowError>> + Send + 'static,
) -> PyResult<Bound<'py, PyCapsule>> {
    let reader = RecordBatchIterator::new(batches, schema);
    PyCapsule::new(py, FFI_ArrowArrayStream::new(Box::new(reader)), Some(STREAM.to_owned()))
}

/// The two PyCapsules of one batch: its schema and its data.
pub fn array_capsules<'py>(py: Python<'py>, batch: &RecordBatch) -> PyResult<Bound<'py, PyTuple>> {
    let (array, schema) = to_ffi(&StructArray::from(batch.clone()).into_data()).map_err(|e| PyTypeError::new_err(e.to_string()))?;
    let schema = PyCapsule::new(py, schema, Some(c"arrow_schema".to_owned()))?;
    let array = PyCapsule::new(py, array, Some(c"arrow_array".to_owned()))?;
    (schema, array).into_pyobject(py)
}

/// The rows as a list of dicts.
pub fn rows<'py>(py: Python<'py>, schema: &SchemaRef, batches: &[RecordBatch]) -> PyResult<Bound<'py, PyList>> {
    let names: Vec<_> = schema.fields().iter().map(|field| PyString::new(py, field.name())).collect();
    let list = PyList::empty(py);
    for batch in batches {
        for row in 0..batch.num_rows() {
            let dict = PyDict::new(py);
            for (name, column) in names.iter().zip(batch.columns()) {
                dict.set_item(name, value(py, column, row)?)?;
            }
            list.append(dict)?;
        }
    }
    Ok(list)
}

fn value<'py>(py: Python<'py>, array: &ArrayRef, row: usize) -> PyResult<Bound<'py, PyAny>> {
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
        DataType::Float32 => number!(Float32Type),
        DataType::Float64 => number!(Float64Type),
        DataType::Utf8 => array.as_string::<i32>().value(row).into_pyobject(py)?.into_any(),
        DataType::LargeUtf8 => array.as_string::<i64>().value(row).into_pyobject(py)?.into_any(),
        DataType::Utf8View => array.as_string_view().value(row).into_pyobject(py)?.into_any(),
        DataType::Binary => PyBytes::new(py, array.as_binary::<i32>().value(row)).into_any(),
        DataType::LargeBinary => PyBytes::new(py, array.as_binary::<i64>().value(row)).into_any(),
        DataType::BinaryView => PyBytes::new(py, array.as_binary_view().value(row)).into_any(),
        DataType::FixedSizeBinary(_) => PyBytes::new(py, array.as_fixed_size_binary().value(row)).into_any(),
        DataType::Decimal128(_, _) => {
            let text = array.as_primitive::<Decimal128Type>().value_as_string(row);
            py.import(intern!(py, "decimal"))?.getattr(intern!(py, "Decimal"))?.call1((text,))?
        }
        DataType::Date32 => {
            let days = array.as_primitive::<Date32Type>().value(row);
            let epoch = py.import(intern!(py, "datetime"))?.getattr(intern!(py, "date"))?.call1((1970, 1, 1))?;
            let delta = py.import(intern!(py, "datetime"))?.getattr(intern!(py, "timedelta"))?.call1((days,))?;
            epoch.call_method1(intern!(py, "__add__"), (delta,))?
        }
        DataType::Timestamp(_, zone) => {
            let micros = arrow::compute::cast(&array.slice(row, 1), &DataType::Timestamp(TimeUnit::Microsecond, zone.clone()))
                .map_err(|e| PyTypeError::new_err(e.to_string()))?;
            let micros = micros.as_primitive::<TimestampMicrosecondType>().value(0);
            timestamp(py, micros, zone.is_some())?
        }
        DataType::Time32(_) | DataType::Time64(_) => {
            let micros = arrow::compute::cast(&array.slice(row, 1), &DataType::Time64(TimeUnit::Microsecond))
                .map_err(|e| PyTypeError::new_err(e.to_string()))?;
            time(py, micros.as_primitive::<Time64MicrosecondType>().value(0))?
        }
        DataType::List(_) => items(py, &array.as_list::<i32>().value(row))?,
        DataType::LargeList(_) => items(py, &array.as_list::<i64>().value(row))?,
        DataType::FixedSizeList(_, _) => items(py, &array.as_fixed_size_list().value(row))?,
        DataType::Struct(fields) => {
            let dict = PyDict::new(py);
            for (field, column) in fields.iter().zip(array.as_struct().columns()) {
                dict.set_item(field.name(), value(py, column, row)?)?;
            }
            dict.into_any()
        }
        DataType::Map(_, _) => {
            let entries = array.as_map().value(row);
            let dict = PyDict::new(py);
            for i in 0..entries.len() {
                dict.set_item(value(py, entries.column(0), i)?, value(py, entries.column(1), i)?)?;
            }
            dict.into_any()
        }
        DataType::Dictionary(_, values) => {
            let plain = arrow::compute::cast(&array.slice(row, 1), values).map_err(|e| PyTypeError::new_err(e.to_string()))?;
            value(py, &plain, 0)?
        }
        other => {
            let text = arrow::util::display::array_value_to_string(array, row)
                .map_err(|e| PyTypeError::new_err(format!("a value of type {other} cannot be shown: {e}")))?;
            text.into_pyobject(py)?.into_any()
        }
    })
}

fn items<'py>(py: Python<'py>, items: &ArrayRef) -> PyResult<Bound<'py, PyAny>> {
    let list = PyList::empty(py);
    for i in 0..items.len() {
        list.append(value(py, items, i)?)?;
    }
    Ok(list.into_any())
}

fn time<'py>(py: Python<'py>, micros: i64) -> PyResult<Bound<'py, PyAny>> {
    let (seconds, micros) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    let parts = (seconds / 3600, seconds / 60 % 60, seconds % 60, micros);
    py.import(intern!(py, "datetime"))?.getattr(intern!(py, "time"))?.call1(parts)
}

fn timestamp<'py>(py: Python<'py>, micros: i64, utc: bool) -> PyResult<Bound<'py, PyAny>> {
    let datetime = py.import(intern!(py, "datetime"))?;
    let zone = if utc { datetime.getattr(intern!(py, "timezone"))?.getattr(intern!(py, "utc"))? } else { py.None().into_bound(py) };
    let epoch = datetime.getattr(intern!(py, "datetime"))?.call1((1970, 1, 1, 0, 0, 0, 0, zone))?;
    let delta = datetime.getattr(intern!(py, "timedelta"))?.call1((0, 0, micros))?;
    epoch.call_method1(intern!(py, "__add__"), (delta,))
}
