//! Iceberg's single values as DataFusion scalars of a column's type.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use iceberg::spec::{Datum, Literal, PrimitiveLiteral, PrimitiveType};

/// A bound or default, as a scalar of `target`. `None` when the value is out of the type's range or the types do not go together: what is
/// not known for sure prunes nothing.
pub(super) fn scalar(literal: &PrimitiveLiteral, kind: &PrimitiveType, target: &DataType) -> Option<ScalarValue> {
    let utc = || Some(Arc::from("+00:00"));
    let value = match (literal, kind) {
        (PrimitiveLiteral::Boolean(v), PrimitiveType::Boolean) => ScalarValue::Boolean(Some(*v)),
        (PrimitiveLiteral::Int(v), PrimitiveType::Int) => ScalarValue::Int32(Some(*v)),
        (PrimitiveLiteral::Int(v), PrimitiveType::Date) => ScalarValue::Date32(Some(*v)),
        (PrimitiveLiteral::Long(v), PrimitiveType::Long) => ScalarValue::Int64(Some(*v)),
        (PrimitiveLiteral::Int(v), PrimitiveType::Long) => ScalarValue::Int64(Some(i64::from(*v))),
        (PrimitiveLiteral::Long(v), PrimitiveType::Time) => ScalarValue::Time64Microsecond(Some(*v)),
        (PrimitiveLiteral::Long(v), PrimitiveType::Timestamp) => ScalarValue::TimestampMicrosecond(Some(*v), None),
        (PrimitiveLiteral::Long(v), PrimitiveType::Timestamptz) => ScalarValue::TimestampMicrosecond(Some(*v), utc()),
        (PrimitiveLiteral::Long(v), PrimitiveType::TimestampNs) => ScalarValue::TimestampNanosecond(Some(*v), None),
        (PrimitiveLiteral::Long(v), PrimitiveType::TimestamptzNs) => ScalarValue::TimestampNanosecond(Some(*v), utc()),
        (PrimitiveLiteral::Float(v), PrimitiveType::Float) => ScalarValue::Float32(Some(v.0)),
        (PrimitiveLiteral::Float(v), PrimitiveType::Double) => ScalarValue::Float64(Some(f64::from(v.0))),
        (PrimitiveLiteral::Double(v), PrimitiveType::Double) => ScalarValue::Float64(Some(v.0)),
        (PrimitiveLiteral::String(v), PrimitiveType::String) => ScalarValue::Utf8(Some(v.clone())),
        (PrimitiveLiteral::Binary(v), PrimitiveType::Binary) => ScalarValue::Binary(Some(v.clone())),
        (PrimitiveLiteral::Binary(v), PrimitiveType::Fixed(size)) if v.len() as u64 == *size => {
            ScalarValue::FixedSizeBinary(i32::try_from(*size).ok()?, Some(v.clone()))
        }
        (PrimitiveLiteral::UInt128(v), PrimitiveType::Uuid) => ScalarValue::FixedSizeBinary(16, Some(v.to_be_bytes().to_vec())),
        (PrimitiveLiteral::Int128(v), PrimitiveType::Decimal { precision, scale }) => {
            ScalarValue::Decimal128(Some(*v), u8::try_from(*precision).ok()?, i8::try_from(*scale).ok()?)
        }
        _ => return None,
    };
    fitted(value, target)
}

fn fitted(value: ScalarValue, target: &DataType) -> Option<ScalarValue> {
    if value.data_type() == *target {
        return Some(value);
    }
    let widens = matches!(
        (value.data_type(), target),
        (DataType::Int32, DataType::Int64)
            | (DataType::Float32, DataType::Float64)
            | (DataType::Utf8, DataType::Utf8View | DataType::LargeUtf8)
            | (DataType::Binary, DataType::BinaryView | DataType::LargeBinary)
            | (DataType::FixedSizeBinary(_), DataType::BinaryView | DataType::Binary | DataType::LargeBinary)
            | (DataType::Decimal128(_, _), DataType::Decimal128(_, _))
            | (DataType::Date32, DataType::Timestamp(_, None))
            | (DataType::Timestamp(_, _), DataType::Timestamp(_, _))
    );
    if !widens {
        return None;
    }
    value.cast_to(target).ok().filter(|cast| !cast.is_null())
}

/// As [`scalar`], for a value that carries its own type.
pub(super) fn datum(datum: &Datum, target: &DataType) -> Option<ScalarValue> {
    scalar(datum.literal(), datum.data_type(), target)
}

/// As [`scalar`], for a partition value or a default, which may be nested; nested ones are `None`.
pub(super) fn literal(literal: &Literal, kind: &PrimitiveType, target: &DataType) -> Option<ScalarValue> {
    match literal {
        Literal::Primitive(primitive) => scalar(primitive, kind, target),
        _ => None,
    }
}

/// Whether two zeros of different sign could hide behind this value: Parquet widens a zero bound to the sign that covers both.
pub(super) fn is_zero_float(value: &ScalarValue) -> bool {
    match value {
        ScalarValue::Float32(Some(v)) => *v == 0.0,
        ScalarValue::Float64(Some(v)) => *v == 0.0,
        _ => false,
    }
}
