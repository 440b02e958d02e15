//! Arrow to JavaScript: rows as plain objects, or one Arrow IPC stream.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, Schema, SchemaRef, TimeUnit,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use napi::bindgen_prelude::{Array as JsArray, Object, ToNapiValue};
use napi::{Env, check_status, sys};
use rat_core::error::{Code, Error, Result};
use rat_core::texts;

use crate::error::to_node;
use crate::value::{Key, Value};

/// The furthest that a JavaScript Date can be from 1970, in milliseconds.
const FURTHEST: u64 = 8_640_000_000_000_000;

/// The rows of batches, on their way to JavaScript as an array of plain objects.
pub struct Rows(pub Vec<RecordBatch>);

impl ToNapiValue for Rows {
    #[expect(unsafe_code, reason = "the trait's own signature; every handle is of the env it is used with, and each scope is closed")]
    unsafe fn to_napi_value(env: sys::napi_env, rows: Self) -> napi::Result<sys::napi_value> {
        let count = rows.0.iter().map(RecordBatch::num_rows).sum::<usize>();
        let count = u32::try_from(count).map_err(|_| napi::Error::from_reason("an array has no room for that many rows"))?;
        unsafe {
            let array = JsArray::to_napi_value(env, Env::from_raw(env).create_array(count)?)?;
            let mut index = 0;
            for batch in &rows.0 {
                let keys = batch.schema_ref().fields().iter().map(|field| Key::new(env, field.name()));
                let keys = keys.collect::<napi::Result<Vec<_>>>()?;
                let columns = batch.columns().iter().map(with_texts).collect::<Result<Vec<_>>>().map_err(|e| to_node(&e))?;
                for row in 0..batch.num_rows() {
                    // What a row needs is let go with it, or a million rows would pin a million handles.
                    let mut scope = std::ptr::null_mut();
                    check_status!(sys::napi_open_handle_scope(env, &raw mut scope))?;
                    let object = Object::to_napi_value(env, Object::new(&Env::from_raw(env))?)?;
                    for (key, column) in keys.iter().zip(&columns) {
                        let cell = value(column, row).map_err(|e| to_node(&e))?;
                        key.put(env, object, Value::to_napi_value(env, cell)?)?;
                    }
                    check_status!(sys::napi_set_element(env, array, index, object))?;
                    check_status!(sys::napi_close_handle_scope(env, scope))?;
                    index += 1;
                }
            }
            Ok(array)
        }
    }
}

/// One Arrow IPC stream, for `apache-arrow`'s `tableFromIPC`. Views become plain columns: that reader knows no views.
pub struct IpcWriter {
    schema: SchemaRef,
    writer: StreamWriter<Vec<u8>>,
}

impl IpcWriter {
    /// A stream that begins with its schema.
    pub fn new(schema: &SchemaRef) -> std::result::Result<Self, ArrowError> {
        let fields: Vec<_> = schema.fields().iter().map(|f| f.as_ref().clone().with_data_type(without_views(f.data_type()))).collect();
        let schema = Arc::new(Schema::new(fields));
        Ok(Self { writer: StreamWriter::try_new(Vec::new(), &schema)?, schema })
    }

    pub fn write(&mut self, batch: &RecordBatch) -> std::result::Result<(), ArrowError> {
        let columns = batch.columns().iter().zip(self.schema.fields()).map(|(c, f)| cast(c, f.data_type()));
        self.writer.write(&RecordBatch::try_new(Arc::clone(&self.schema), columns.collect::<std::result::Result<_, _>>()?)?)
    }

    /// What was written since this was asked.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(self.writer.get_mut())
    }

    /// The end, with what was written since the last was taken.
    pub fn finish(self) -> std::result::Result<Vec<u8>, ArrowError> {
        self.writer.into_inner()
    }
}

fn without_views(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8View => DataType::Utf8,
        DataType::BinaryView => DataType::Binary,
        other => other.clone(),
    }
}

/// A column that is text in JavaScript, as that text, all of it at once; any other as it is. A number would round decimals, and there is no
/// type for times of day and intervals.
fn with_texts(column: &ArrayRef) -> Result<ArrayRef> {
    use DataType::{Decimal32, Decimal64, Decimal128, Decimal256, Duration, Interval, Time32, Time64};
    Ok(match column.data_type() {
        Decimal32(..) | Decimal64(..) | Decimal128(..) | Decimal256(..) | Time32(_) | Time64(_) | Duration(_) | Interval(_) => {
            Arc::new(texts(column)?)
        }
        _ => Arc::clone(column),
    })
}

/// One cell. What JavaScript has no type for is its text in SQL.
fn value(array: &ArrayRef, row: usize) -> Result<Value> {
    if array.is_null(row) {
        return Ok(Value::Null);
    }
    macro_rules! primitive {
        ($type:ty) => {
            array.as_primitive::<$type>().value(row)
        };
    }
    let text = || texts(&array.slice(row, 1)).map(|texts| Value::Text(texts.value(0).to_owned()));
    let date = |millis: i64| if millis.unsigned_abs() <= FURTHEST { Ok(Value::Date(millis as f64)) } else { text() };
    Ok(match array.data_type() {
        DataType::Null => Value::Null,
        DataType::Boolean => Value::Bool(array.as_boolean().value(row)),
        DataType::Int8 => Value::Number(primitive!(Int8Type).into()),
        DataType::Int16 => Value::Number(primitive!(Int16Type).into()),
        DataType::Int32 => Value::Number(primitive!(Int32Type).into()),
        DataType::UInt8 => Value::Number(primitive!(UInt8Type).into()),
        DataType::UInt16 => Value::Number(primitive!(UInt16Type).into()),
        DataType::UInt32 => Value::Number(primitive!(UInt32Type).into()),
        DataType::Float32 => Value::Number(primitive!(Float32Type).into()),
        DataType::Float64 => Value::Number(primitive!(Float64Type)),
        DataType::Int64 => Value::Signed(primitive!(Int64Type)),
        DataType::UInt64 => Value::Unsigned(primitive!(UInt64Type)),
        DataType::Utf8 => Value::Text(array.as_string::<i32>().value(row).to_owned()),
        DataType::LargeUtf8 => Value::Text(array.as_string::<i64>().value(row).to_owned()),
        DataType::Utf8View => Value::Text(array.as_string_view().value(row).to_owned()),
        DataType::Binary => Value::Bytes(array.as_binary::<i32>().value(row).to_vec()),
        DataType::LargeBinary => Value::Bytes(array.as_binary::<i64>().value(row).to_vec()),
        DataType::BinaryView => Value::Bytes(array.as_binary_view().value(row).to_vec()),
        DataType::FixedSizeBinary(_) => Value::Bytes(array.as_fixed_size_binary().value(row).to_vec()),
        DataType::Date32 => date(i64::from(primitive!(Date32Type)) * 86_400_000)?,
        DataType::Date64 => date(primitive!(Date64Type))?,
        DataType::Timestamp(TimeUnit::Second, _) => date(primitive!(TimestampSecondType).saturating_mul(1000))?,
        DataType::Timestamp(TimeUnit::Millisecond, _) => date(primitive!(TimestampMillisecondType))?,
        DataType::Timestamp(TimeUnit::Microsecond, _) => date(primitive!(TimestampMicrosecondType).div_euclid(1000))?,
        DataType::Timestamp(TimeUnit::Nanosecond, _) => date(primitive!(TimestampNanosecondType).div_euclid(1_000_000))?,
        DataType::List(_) => list(&array.as_list::<i32>().value(row))?,
        DataType::LargeList(_) => list(&array.as_list::<i64>().value(row))?,
        DataType::FixedSizeList(_, _) => list(&array.as_fixed_size_list().value(row))?,
        DataType::Struct(fields) => {
            let columns = fields.iter().zip(array.as_struct().columns());
            let fields = columns.map(|(field, column)| Ok((field.name().clone(), value(column, row)?)));
            Value::Object(fields.collect::<Result<_>>()?)
        }
        DataType::Map(_, _) => {
            let entries = array.as_map().value(row);
            let pair = |i| Ok(Value::List(vec![value(entries.column(0), i)?, value(entries.column(1), i)?]));
            Value::List((0..entries.len()).map(pair).collect::<Result<_>>()?)
        }
        DataType::Dictionary(_, values) => {
            let plain = cast(&array.slice(row, 1), values).map_err(|e| Error::new(Code::Internal, e.to_string()))?;
            value(&plain, 0)?
        }
        _ => text()?,
    })
}

fn list(items: &ArrayRef) -> Result<Value> {
    (0..items.len()).map(|i| value(items, i)).collect::<Result<_>>().map(Value::List)
}
