//! Arrow to JavaScript: rows as plain objects, with bigint for 64-bit integers and Date for dates and times.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimeUnit,
    TimestampMicrosecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use napi::bindgen_prelude::{BigInt, Buffer, Null, Object, ToNapiValue};
use napi::sys;

/// A value of a row, on its way to JavaScript.
pub enum Value {
    Null,
    Bool(bool),
    Number(f64),
    Signed(i64),
    Unsigned(u64),
    Text(String),
    /// Milliseconds since 1970.
    Date(f64),
    Bytes(Vec<u8>),
    List(Vec<Value>),
    Object(Vec<(String, Value)>),
}

impl ToNapiValue for Value {
    #[expect(unsafe_code, reason = "the trait's own signature; every call below is of the same trait with the same env")]
    unsafe fn to_napi_value(env: sys::napi_env, value: Self) -> napi::Result<sys::napi_value> {
        unsafe {
            match value {
                Value::Null => Null::to_napi_value(env, Null),
                Value::Bool(value) => bool::to_napi_value(env, value),
                Value::Number(value) => f64::to_napi_value(env, value),
                Value::Signed(value) => BigInt::to_napi_value(env, BigInt::from(value)),
                Value::Unsigned(value) => BigInt::to_napi_value(env, BigInt::from(value)),
                Value::Text(value) => String::to_napi_value(env, value),
                Value::Date(millis) => {
                    let mut date = std::ptr::null_mut();
                    napi::check_status!(sys::napi_create_date(env, millis, &raw mut date))?;
                    Ok(date)
                }
                Value::Bytes(value) => Buffer::to_napi_value(env, value.into()),
                Value::List(items) => Vec::to_napi_value(env, items),
                Value::Object(fields) => {
                    let mut object = Object::new(&napi::Env::from_raw(env))?;
                    for (name, field) in fields {
                        object.set(name, field)?;
                    }
                    Object::to_napi_value(env, object)
                }
            }
        }
    }
}

/// The rows of the batches.
pub fn rows(batches: &[RecordBatch]) -> Result<Vec<Value>, ArrowError> {
    let mut rows = Vec::new();
    for batch in batches {
        for row in 0..batch.num_rows() {
            let fields = batch.schema_ref().fields().iter().zip(batch.columns());
            let fields = fields.map(|(field, column)| Ok((field.name().clone(), value(column, row)?)));
            rows.push(Value::Object(fields.collect::<Result<_, ArrowError>>()?));
        }
    }
    Ok(rows)
}

/// The batches as one Arrow IPC stream, for `apache-arrow`'s `tableFromIPC`. String views become strings: that reader knows no views.
pub fn ipc(schema: &arrow::datatypes::SchemaRef, batches: &[RecordBatch]) -> Result<Vec<u8>, ArrowError> {
    let fields: Vec<_> = schema.fields().iter().map(|f| f.as_ref().clone().with_data_type(without_views(f.data_type()))).collect();
    let schema = std::sync::Arc::new(arrow::datatypes::Schema::new(fields));
    let mut writer = StreamWriter::try_new(Vec::new(), &schema)?;
    for batch in batches {
        let columns = batch.columns().iter().zip(schema.fields()).map(|(c, f)| cast(c, f.data_type()));
        writer.write(&RecordBatch::try_new(schema.clone(), columns.collect::<Result<_, _>>()?)?)?;
    }
    writer.into_inner()
}

fn without_views(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8View => DataType::Utf8,
        DataType::BinaryView => DataType::Binary,
        other => other.clone(),
    }
}

fn value(array: &ArrayRef, row: usize) -> Result<Value, ArrowError> {
    if array.is_null(row) {
        return Ok(Value::Null);
    }
    macro_rules! number {
        ($type:ty) => {
            Value::Number(f64::from(array.as_primitive::<$type>().value(row)))
        };
    }
    Ok(match array.data_type() {
        DataType::Null => Value::Null,
        DataType::Boolean => Value::Bool(array.as_boolean().value(row)),
        DataType::Int8 => number!(Int8Type),
        DataType::Int16 => number!(Int16Type),
        DataType::Int32 => number!(Int32Type),
        DataType::UInt8 => number!(UInt8Type),
        DataType::UInt16 => number!(UInt16Type),
        DataType::UInt32 => number!(UInt32Type),
        DataType::Float32 => number!(Float32Type),
        DataType::Float64 => number!(Float64Type),
        DataType::Int64 => Value::Signed(array.as_primitive::<Int64Type>().value(row)),
        DataType::UInt64 => Value::Unsigned(array.as_primitive::<UInt64Type>().value(row)),
        DataType::Utf8 => Value::Text(array.as_string::<i32>().value(row).to_owned()),
        DataType::LargeUtf8 => Value::Text(array.as_string::<i64>().value(row).to_owned()),
        DataType::Utf8View => Value::Text(array.as_string_view().value(row).to_owned()),
        DataType::Binary => Value::Bytes(array.as_binary::<i32>().value(row).to_vec()),
        DataType::BinaryView => Value::Bytes(array.as_binary_view().value(row).to_vec()),
        DataType::FixedSizeBinary(_) => Value::Bytes(array.as_fixed_size_binary().value(row).to_vec()),
        // A number would round; text says exactly what is stored.
        DataType::Decimal128(_, _) => Value::Text(array.as_primitive::<Decimal128Type>().value_as_string(row)),
        DataType::Date32 => Value::Date(f64::from(array.as_primitive::<Date32Type>().value(row)) * 86_400_000.0),
        DataType::Timestamp(_, zone) => {
            let micros = cast(&array.slice(row, 1), &DataType::Timestamp(TimeUnit::Microsecond, zone.clone()))?;
            Value::Date((micros.as_primitive::<TimestampMicrosecondType>().value(0) as f64 / 1000.0).floor())
        }
        DataType::List(_) => list(&array.as_list::<i32>().value(row))?,
        DataType::LargeList(_) => list(&array.as_list::<i64>().value(row))?,
        DataType::FixedSizeList(_, _) => list(&array.as_fixed_size_list().value(row))?,
        DataType::Struct(fields) => {
            let columns = fields.iter().zip(array.as_struct().columns());
            let fields = columns.map(|(field, column)| Ok((field.name().clone(), value(column, row)?)));
            Value::Object(fields.collect::<Result<_, ArrowError>>()?)
        }
        _ => Value::Text(arrow::util::display::array_value_to_string(array, row)?),
    })
}

fn list(items: &ArrayRef) -> Result<Value, ArrowError> {
    (0..items.len()).map(|i| value(items, i)).collect::<Result<_, _>>().map(Value::List)
}
