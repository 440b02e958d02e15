//! Columns built from text, one value after the other.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Float32Builder, Float64Builder, Int8Builder, Int16Builder,
    Int32Builder, Int64Builder, StringArray, Time64MicrosecondBuilder, TimestampMicrosecondBuilder, UInt8Builder, UInt16Builder,
    UInt32Builder, UInt64Builder, new_null_array,
};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;

use super::moments::{self, Format, Zone};
use super::numbers::{self, Notation};

/// The values of one column.
pub(super) struct TextColumn {
    values: Values,
    notation: Notation,
    format: Option<Format>,
}

enum Values {
    Boolean(BooleanBuilder),
    Int8(Int8Builder),
    Int16(Int16Builder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    UInt8(UInt8Builder),
    UInt16(UInt16Builder),
    UInt32(UInt32Builder),
    UInt64(UInt64Builder),
    Float32(Float32Builder),
    Float64(Float64Builder),
    Decimal(Decimal128Builder, u8, i8),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Timestamp(TimestampMicrosecondBuilder, Option<Arc<str>>),
    Text(Strings),
    /// A type that text cannot be read as: nested ones. Only NULL fits.
    Never(DataType, usize),
}

/// Text is kept as bytes and checked once a batch: a check per value costs more than the reading.
#[derive(Default)]
struct Strings {
    bytes: Vec<u8>,
    ends: Vec<i32>,
    valid: Vec<bool>,
    nulls: bool,
}

impl TextColumn {
    pub fn new(data_type: &DataType, format: Option<Format>, notation: Notation) -> Self {
        let values = match data_type {
            DataType::Boolean => Values::Boolean(BooleanBuilder::new()),
            DataType::Int8 => Values::Int8(Int8Builder::new()),
            DataType::Int16 => Values::Int16(Int16Builder::new()),
            DataType::Int32 => Values::Int32(Int32Builder::new()),
            DataType::Int64 => Values::Int64(Int64Builder::new()),
            DataType::UInt8 => Values::UInt8(UInt8Builder::new()),
            DataType::UInt16 => Values::UInt16(UInt16Builder::new()),
            DataType::UInt32 => Values::UInt32(UInt32Builder::new()),
            DataType::UInt64 => Values::UInt64(UInt64Builder::new()),
            DataType::Float32 => Values::Float32(Float32Builder::new()),
            DataType::Float64 => Values::Float64(Float64Builder::new()),
            DataType::Decimal128(precision, scale) => {
                Values::Decimal(Decimal128Builder::new().with_data_type(data_type.clone()), *precision, *scale)
            }
            DataType::Date32 => Values::Date(Date32Builder::new()),
            DataType::Time64(_) => Values::Time(Time64MicrosecondBuilder::new()),
            DataType::Timestamp(_, zone) => {
                Values::Timestamp(TimestampMicrosecondBuilder::new().with_data_type(data_type.clone()), zone.clone())
            }
            DataType::Utf8 => Values::Text(Strings::default()),
            other => Values::Never(other.clone(), 0),
        };
        Self { values, notation, format }
    }

    /// Appends a value; `false`, and a NULL instead, when the text is not of the column's type.
    pub fn append(&mut self, text: &[u8]) -> bool {
        macro_rules! put {
            ($builder:expr, $value:expr) => {{
                let value = $value;
                let fits = value.is_some();
                $builder.append_option(value);
                fits
            }};
        }
        macro_rules! whole {
            ($builder:expr) => {
                put!($builder, numbers::integer(text, self.notation).and_then(|n| n.try_into().ok()))
            };
        }
        match &mut self.values {
            Values::Boolean(b) => put!(b, numbers::boolean(text)),
            Values::Int8(b) => whole!(b),
            Values::Int16(b) => whole!(b),
            Values::Int32(b) => whole!(b),
            Values::Int64(b) => whole!(b),
            Values::UInt8(b) => whole!(b),
            Values::UInt16(b) => whole!(b),
            Values::UInt32(b) => whole!(b),
            Values::UInt64(b) => whole!(b),
            #[expect(clippy::cast_possible_truncation, reason = "a FLOAT column keeps as much of a number as it can")]
            Values::Float32(b) => put!(b, numbers::double(text, self.notation).map(|n| n as f32)),
            Values::Float64(b) => put!(b, numbers::double(text, self.notation)),
            Values::Decimal(b, precision, scale) => put!(b, numbers::decimal(text, *precision, *scale, self.notation)),
            Values::Date(b) => put!(
                b,
                match &self.format {
                    Some(format) => format.date(text),
                    None => moments::date(text),
                }
            ),
            Values::Time(b) => put!(b, moments::time(text)),
            Values::Timestamp(b, zone) => {
                let found = match &self.format {
                    Some(format) => format.timestamp(text),
                    None => moments::timestamp(text),
                };
                // An offset has no place in a timestamp without a time zone; dropping it would move the time.
                put!(
                    b,
                    found.filter(|(_, given)| zone.is_some() || *given != Zone::Given || text.ends_with(b"Z")).map(|(micros, _)| micros)
                )
            }
            Values::Text(strings) => {
                strings.bytes.extend_from_slice(text);
                strings.end(true);
                true
            }
            Values::Never(_, rows) => {
                *rows += 1;
                false
            }
        }
    }

    /// Appends a NULL.
    pub fn append_null(&mut self) {
        match &mut self.values {
            Values::Boolean(b) => b.append_null(),
            Values::Int8(b) => b.append_null(),
            Values::Int16(b) => b.append_null(),
            Values::Int32(b) => b.append_null(),
            Values::Int64(b) => b.append_null(),
            Values::UInt8(b) => b.append_null(),
            Values::UInt16(b) => b.append_null(),
            Values::UInt32(b) => b.append_null(),
            Values::UInt64(b) => b.append_null(),
            Values::Float32(b) => b.append_null(),
            Values::Float64(b) => b.append_null(),
            Values::Decimal(b, ..) => b.append_null(),
            Values::Date(b) => b.append_null(),
            Values::Time(b) => b.append_null(),
            Values::Timestamp(b, _) => b.append_null(),
            Values::Text(strings) => strings.end(false),
            Values::Never(_, rows) => *rows += 1,
        }
    }

    /// The bytes of text so far: a column of text has at most 2 GiB a batch.
    pub fn text_bytes(&self) -> usize {
        match &self.values {
            Values::Text(strings) => strings.bytes.len(),
            _ => 0,
        }
    }

    /// The column, which is empty afterwards.
    pub fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        Ok(match &mut self.values {
            Values::Boolean(b) => Arc::new(b.finish()),
            Values::Int8(b) => Arc::new(b.finish()),
            Values::Int16(b) => Arc::new(b.finish()),
            Values::Int32(b) => Arc::new(b.finish()),
            Values::Int64(b) => Arc::new(b.finish()),
            Values::UInt8(b) => Arc::new(b.finish()),
            Values::UInt16(b) => Arc::new(b.finish()),
            Values::UInt32(b) => Arc::new(b.finish()),
            Values::UInt64(b) => Arc::new(b.finish()),
            Values::Float32(b) => Arc::new(b.finish()),
            Values::Float64(b) => Arc::new(b.finish()),
            Values::Decimal(b, ..) => Arc::new(b.finish()),
            Values::Date(b) => Arc::new(b.finish()),
            Values::Time(b) => Arc::new(b.finish()),
            Values::Timestamp(b, _) => Arc::new(b.finish()),
            Values::Text(strings) => strings.finish()?,
            Values::Never(data_type, rows) => new_null_array(data_type, std::mem::take(rows)),
        })
    }
}

impl Strings {
    fn end(&mut self, valid: bool) {
        self.ends.push(i32::try_from(self.bytes.len()).unwrap_or(i32::MAX));
        self.valid.push(valid);
        self.nulls |= !valid;
    }

    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        let strings = std::mem::take(self);
        let mut offsets = Vec::with_capacity(strings.ends.len() + 1);
        offsets.push(0);
        offsets.extend(strings.ends);
        let nulls = strings.nulls.then(|| NullBuffer::from(strings.valid));
        let array = StringArray::try_new(OffsetBuffer::new(ScalarBuffer::from(offsets)), Buffer::from_vec(strings.bytes), nulls)?;
        debug_assert_eq!(array.data_type(), &DataType::Utf8);
        Ok(Arc::new(array))
    }
}
