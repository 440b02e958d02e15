//! Arrow from and to Python by the PyCapsule protocol, without a copy.

use std::ffi::CStr;
use std::sync::Arc;

use arrow::array::{Array, RecordBatch, RecordBatchIterator, StructArray};
use arrow::compute::{CastOptions, can_cast_types, cast_with_options};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi, to_ffi};
use arrow::ffi_stream::{ArrowArrayStreamReader, FFI_ArrowArrayStream};
use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyTuple};
use rat_core::WriteData;
use rat_core::error::{Code, Error};

use crate::arguments::shown;
use crate::error::to_python;
use crate::params::{is_list, rows as rows_of};

const STREAM: &CStr = c"arrow_array_stream";
const ARRAY: &CStr = c"arrow_array";
const SCHEMA: &CStr = c"arrow_schema";

/// The rows of anything with `__arrow_c_stream__` or `__arrow_c_array__`, and of a list of dicts.
pub fn given(data: &Bound<'_, PyAny>) -> PyResult<WriteData> {
    let py = data.py();
    if let Some(method) = data.getattr_opt(intern!(py, "__arrow_c_stream__"))? {
        return stream_of(&method.call0()?);
    }
    if let Some(method) = data.getattr_opt(intern!(py, "__arrow_c_array__"))? {
        return array_of(&method.call0()?);
    }
    if is_list(data) {
        return WriteData::rows(rows_of(data)?).map_err(|e| to_python(py, &e));
    }
    let kind = data.get_type().name().map_or_else(|_| "an object".to_owned(), |name| name.to_string());
    Err(PyTypeError::new_err(format!(
        "`data` must have `__arrow_c_stream__`, as DataFrames, Arrow tables and readers do, or be a list of dicts, and is {kind}"
    )))
}

fn wrong(e: ArrowError) -> PyErr {
    PyTypeError::new_err(format!("`data` cannot be read: {e}"))
}

/// What a capsule of this name holds.
fn held<T>(capsule: &Bound<'_, PyAny>, name: &'static CStr) -> PyResult<*mut T> {
    let of = || format!("`data` must give a capsule that is called `{}`, and gave {}", name.to_string_lossy(), shown(capsule));
    let pointer = capsule.cast::<PyCapsule>().ok().and_then(|capsule| capsule.pointer_checked(Some(name)).ok());
    pointer.map(|pointer| pointer.as_ptr().cast()).ok_or_else(|| PyTypeError::new_err(of()))
}

fn stream_of(capsule: &Bound<'_, PyAny>) -> PyResult<WriteData> {
    let stream = held(capsule, STREAM)?;
    // The stream is moved out of the capsule, which then has nothing left to release.
    #[expect(unsafe_code, reason = "a capsule of this name holds an ArrowArrayStream, by the protocol")]
    let stream = unsafe { FFI_ArrowArrayStream::from_raw(stream) };
    Ok(WriteData::reader(Box::new(ArrowArrayStreamReader::try_new(stream).map_err(wrong)?)))
}

fn array_of(pair: &Bound<'_, PyAny>) -> PyResult<WriteData> {
    let Ok((schema, array)) = pair.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>() else {
        return Err(PyTypeError::new_err("`data` must give two capsules, of a schema and an array"));
    };
    let (schema, array) = (held::<FFI_ArrowSchema>(&schema, SCHEMA)?, held::<FFI_ArrowArray>(&array, ARRAY)?);
    // The array is moved out of its capsule; the schema stays in its own.
    #[expect(unsafe_code, reason = "capsules of these names hold an ArrowArray and an ArrowSchema, by the protocol")]
    let data = unsafe { from_ffi(FFI_ArrowArray::from_raw(array), &*schema) }.map_err(wrong)?;
    if !matches!(data.data_type(), DataType::Struct(_)) {
        return Err(PyTypeError::new_err(format!("`data` must be rows with columns, and is an array of {}", data.data_type())));
    }
    let batch = RecordBatch::from(StructArray::from(data));
    let schema = batch.schema();
    Ok(WriteData::reader(Box::new(RecordBatchIterator::new([Ok(batch)], schema))))
}

/// Rows on their way out, in the types that were asked for.
pub struct Export {
    schema: SchemaRef,
}

impl Export {
    /// Rows of this schema, in the types of the one that is requested, a capsule.
    pub fn new(py: Python<'_>, schema: &SchemaRef, requested: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let told = |e| to_python(py, &e);
        for field in schema.fields() {
            named(field.name(), field.name(), field.data_type()).map_err(told)?;
        }
        let Some(requested) = requested.filter(|requested| !requested.is_none()) else { return Ok(Self { schema: Arc::clone(schema) }) };
        let Some(pointer) = requested.cast::<PyCapsule>().ok().and_then(|capsule| capsule.pointer_checked(Some(SCHEMA)).ok()) else {
            return Err(PyTypeError::new_err("`requested_schema` must be a capsule that is called `arrow_schema`"));
        };
        #[expect(unsafe_code, reason = "a capsule of this name holds an ArrowSchema, by the protocol")]
        let wanted = Schema::try_from(unsafe { pointer.cast::<FFI_ArrowSchema>().as_ref() });
        let wanted = wanted.map_err(|e| PyTypeError::new_err(format!("`requested_schema` cannot be read: {e}")))?;
        fits(schema, &wanted).map_err(told)?;
        Ok(Self { schema: Arc::new(wanted) })
    }

    /// A capsule with the schema.
    pub fn schema<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let schema = FFI_ArrowSchema::try_from(self.schema.as_ref()).map_err(|e| PyTypeError::new_err(e.to_string()))?;
        PyCapsule::new(py, schema, Some(SCHEMA.to_owned()))
    }

    /// A capsule with batches that are made as they are asked for. Their errors are text, which C ends at a NUL.
    pub fn stream<'py>(
        self,
        py: Python<'py>,
        batches: impl Iterator<Item = Result<RecordBatch, Error>> + Send + 'static,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let schema = Arc::clone(&self.schema);
        // The reader has nothing but a text: it says the code and the way out too.
        let told = |text: String| ArrowError::ExternalError(text.replace('\0', "\\0").into());
        let batches = batches.map(move |batch| {
            let batch = batch.map_err(|e| told(format!("{e:#}")))?;
            self.batch(batch).map_err(|e| told(e.to_string()))
        });
        let reader = RecordBatchIterator::new(batches, schema);
        PyCapsule::new(py, FFI_ArrowArrayStream::new(Box::new(reader)), Some(STREAM.to_owned()))
    }

    /// The two capsules of one batch: its schema and its data.
    pub fn array<'py>(&self, py: Python<'py>, batch: RecordBatch) -> PyResult<Bound<'py, PyTuple>> {
        let wrong = |e: ArrowError| PyTypeError::new_err(e.to_string());
        let array = StructArray::from(self.batch(batch).map_err(wrong)?);
        let (array, _) = to_ffi(&array.into_data()).map_err(wrong)?;
        let array = PyCapsule::new(py, array, Some(ARRAY.to_owned()))?;
        (self.schema(py)?, array).into_pyobject(py)
    }

    fn batch(&self, batch: RecordBatch) -> Result<RecordBatch, ArrowError> {
        if batch.schema_ref() == &self.schema {
            return Ok(batch);
        }
        // A value that does not fit is an error, and no NULL.
        let options = CastOptions { safe: false, ..CastOptions::default() };
        let columns = batch.columns().iter().zip(self.schema.fields());
        let columns = columns.map(|(column, field)| cast_with_options(column, field.data_type(), &options)).collect::<Result<_, _>>()?;
        RecordBatch::try_new(Arc::clone(&self.schema), columns)
    }
}

/// C's names end at a NUL.
fn named(column: &str, name: &str, of: &DataType) -> Result<(), Error> {
    if name.contains('\0') {
        let message = format!("column `{}` has a NUL in a name, which Arrow cannot hand over", column.replace('\0', "\\0"));
        return Err(Error::new(Code::InvalidName, message).with_help("give it another name, with `as`"));
    }
    match of {
        DataType::Struct(fields) => fields.iter().try_for_each(|field| named(column, field.name(), field.data_type())),
        DataType::Map(field, _) | DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _) => {
            named(column, field.name(), field.data_type())
        }
        DataType::Dictionary(_, values) => named(column, "", values),
        _ => Ok(()),
    }
}

/// Whether rows of one schema can be given in the types of another: the same columns, of types that can be cast.
fn fits(schema: &Schema, wanted: &Schema) -> Result<(), Error> {
    let names = |schema: &Schema| schema.fields().iter().map(|field| format!("`{}`", field.name())).collect::<Vec<_>>().join(", ");
    let (has, asked) = (names(schema), names(wanted));
    if has != asked {
        let message = format!("the requested schema has the columns {asked}, and the rows have {has}");
        return Err(Error::new(Code::InvalidArgument, message).with_help("ask for the columns of the query, in their order"));
    }
    for (field, wish) in schema.fields().iter().zip(wanted.fields()) {
        if !can_cast_types(field.data_type(), wish.data_type()) {
            let message = format!("column `{}` is {}, and cannot be given as {}", field.name(), field.data_type(), wish.data_type());
            return Err(Error::new(Code::TypeMismatch, message));
        }
    }
    Ok(())
}
