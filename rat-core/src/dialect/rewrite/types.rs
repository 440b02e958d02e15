//! Names of types, and literals that have one.

use datafusion::sql::sqlparser::ast::{
    ArrayElemTypeDef, CastKind, DataType, ExactNumberInfo, Expr, ObjectName, TimezoneInfo, Value, ValueWithSpan,
};

use super::Rewriter;

pub(super) fn expr(rewriter: &mut Rewriter<'_>, expr: &mut Expr) {
    match expr {
        // A number with an exponent is a DOUBLE, one with a point alone a DECIMAL.
        Expr::Value(ValueWithSpan { value: Value::Number(digits, _), span })
            if digits.contains(['e', 'E']) && !digits.starts_with("0x") =>
        {
            let text = Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(digits.replace('_', "")), span: *span });
            let data_type = DataType::Double(ExactNumberInfo::None);
            *expr = Expr::Cast { kind: CastKind::DoubleColon, expr: Box::new(text), data_type, format: None, array: false };
        }
        Expr::Cast { data_type, .. } => {
            if let Some(refused) = data_type_of(data_type) {
                rewriter.unsupported(
                    expr,
                    format!("the type `{refused}` is not supported"),
                    "cast to a type of the documentation's page \"Types\"",
                );
            }
        }
        Expr::TypedString(typed) => {
            if let Some(refused) = data_type_of(&mut typed.data_type) {
                rewriter.unsupported(
                    expr,
                    format!("the type `{refused}` is not supported"),
                    "cast to a type of the documentation's page \"Types\"",
                );
            }
        }
        _ => {}
    }
}

/// Puts the engine's spelling in the place of DuckDB's; the name of a type that is not there is returned.
fn data_type_of(data_type: &mut DataType) -> Option<String> {
    let decimal = |precision, scale| DataType::Decimal(ExactNumberInfo::PrecisionAndScale(precision, scale));
    let replacement = match data_type {
        // Timestamps count microseconds; the engine's own default would end in the year 2262.
        DataType::Timestamp(None, zone) => DataType::Timestamp(Some(6), *zone),
        DataType::Datetime(None) => DataType::Timestamp(Some(6), TimezoneInfo::None),
        // The length of a text is not checked.
        DataType::Varchar(_)
        | DataType::CharacterVarying(_)
        | DataType::CharVarying(_)
        | DataType::Nvarchar(_)
        | DataType::Character(_)
        | DataType::Char(_)
        | DataType::Text
        | DataType::String(_) => DataType::Varchar(None),
        DataType::Decimal(ExactNumberInfo::None) | DataType::Numeric(ExactNumberInfo::None) | DataType::Dec(ExactNumberInfo::None) => {
            decimal(18, 3)
        }
        DataType::Decimal(ExactNumberInfo::Precision(p))
        | DataType::Numeric(ExactNumberInfo::Precision(p))
        | DataType::Dec(ExactNumberInfo::Precision(p)) => decimal(*p, 0),
        DataType::Dec(info) => DataType::Decimal(*info),
        DataType::HugeInt => decimal(38, 0),
        DataType::UTinyInt => DataType::TinyIntUnsigned(None),
        DataType::USmallInt => DataType::SmallIntUnsigned(None),
        DataType::UBigInt => DataType::BigIntUnsigned(None),
        DataType::Signed => DataType::BigInt(None),
        DataType::Custom(name, modifiers) if modifiers.is_empty() => match custom(name) {
            Some(known) => known,
            None => return Some(name.to_string()),
        },
        DataType::Array(ArrayElemTypeDef::SquareBracket(inner, None) | ArrayElemTypeDef::AngleBracket(inner)) => {
            return data_type_of(inner);
        }
        DataType::Struct(fields, _) => return fields.iter_mut().find_map(|field| data_type_of(&mut field.field_type)),
        DataType::Boolean
        | DataType::Bool
        | DataType::TinyInt(_)
        | DataType::SmallInt(_)
        | DataType::Int2(_)
        | DataType::Int(_)
        | DataType::Integer(_)
        | DataType::Int4(_)
        | DataType::BigInt(_)
        | DataType::Int8(_)
        | DataType::TinyIntUnsigned(_)
        | DataType::SmallIntUnsigned(_)
        | DataType::IntegerUnsigned(_)
        | DataType::IntUnsigned(_)
        | DataType::BigIntUnsigned(_)
        | DataType::Float(_)
        | DataType::Real
        | DataType::Float4
        | DataType::Double(ExactNumberInfo::None)
        | DataType::DoublePrecision
        | DataType::Float8
        | DataType::Date
        | DataType::Time(None, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone)
        | DataType::Decimal(_)
        | DataType::Numeric(_)
        | DataType::Interval { fields: None, precision: None } => return None,
        other => return Some(other.to_string()),
    };
    *data_type = replacement;
    None
}

fn custom(name: &ObjectName) -> Option<DataType> {
    let [part] = name.0.as_slice() else { return None };
    Some(match part.as_ident()?.value.to_ascii_lowercase().as_str() {
        "utinyint" | "uint8" => DataType::TinyIntUnsigned(None),
        "usmallint" | "uint16" => DataType::SmallIntUnsigned(None),
        "uinteger" | "uint32" => DataType::IntegerUnsigned(None),
        "ubigint" | "uint64" => DataType::BigIntUnsigned(None),
        "int1" => DataType::TinyInt(None),
        "short" | "int16" => DataType::SmallInt(None),
        "int32" => DataType::Integer(None),
        "long" | "int64" | "oid" => DataType::BigInt(None),
        "hugeint" | "int128" => DataType::Decimal(ExactNumberInfo::PrecisionAndScale(38, 0)),
        "logical" => DataType::Boolean,
        "bpchar" | "string" => DataType::Varchar(None),
        "datetime" | "timestamp_us" => DataType::Timestamp(Some(6), TimezoneInfo::None),
        _ => return None,
    })
}
