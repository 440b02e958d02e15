//! Casts as DuckDB does them, where the engine rounds, reads or writes otherwise.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, Decimal128Builder, PrimitiveArray, Scalar, StringArray, new_null_array,
};
use datafusion::arrow::compute::kernels::cmp;
use datafusion::arrow::compute::{CastOptions, cast, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Decimal128Type, DecimalType, Float32Type, Float64Type, TimestampMicrosecondType};
use datafusion::arrow::util::display::FormatOptions;
use datafusion::common::ScalarValue;
use datafusion::common::{Result, exec_err, not_impl_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use super::text;
use crate::types::sql_type;

/// What a value that does not fit becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::dialect) enum Failure {
    Error,
    Null,
}

/// The function for a cast whose result differs from the engine's; `None` where the engine's own is DuckDB's.
pub(in crate::dialect) fn function(from: &DataType, to: &DataType, failure: Failure) -> Option<Arc<ScalarUDF>> {
    differs(from, to).then(|| {
        Arc::new(ScalarUDF::new_from_impl(CastTo { to: to.clone(), failure, signature: Signature::any(1, Volatility::Immutable) }))
    })
}

/// Refuses casts that the engine has and DuckDB has not, or means otherwise.
pub(in crate::dialect) fn check(from: &DataType, to: &DataType) -> Result<()> {
    let moment = |t: &DataType| matches!(t, DataType::Date32 | DataType::Timestamp(..) | DataType::Time64(_));
    let list = |t: &DataType| matches!(t, DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..));
    let way_out = if moment(to) && from.is_numeric() {
        "write `make_timestamp` of microseconds, or `to_timestamp` of seconds"
    } else if moment(from) && to.is_numeric() {
        "write `epoch` for seconds, `epoch_us` for microseconds"
    } else if list(to) && !list(from) && !from.is_null() {
        "write `[x]` for a list of one, `string_split` for the parts of a text"
    } else if from.is_nested() && !to.is_nested() && !is_text(to) {
        "cast a part of it"
    } else if matches!(from, DataType::Timestamp(_, Some(_))) && matches!(to, DataType::Time64(_)) {
        "cast to TIMESTAMP first"
    } else {
        return Ok(());
    };
    not_impl_err!("a cast from {} to {} is not supported: {way_out}", sql_type(from), sql_type(to))
}

fn differs(from: &DataType, to: &DataType) -> bool {
    if from == to || from.is_null() {
        return false;
    }
    if is_text(from) && is_text(to) {
        return false;
    }
    if is_text(to) {
        return !matches!(from, DataType::Boolean | DataType::Binary | DataType::BinaryView | DataType::Dictionary(..))
            && !from.is_integer();
    }
    if is_text(from) {
        return to.is_integer()
            || to.is_floating()
            || to.is_decimal()
            || matches!(to, DataType::Boolean | DataType::Date32 | DataType::Timestamp(..) | DataType::Interval(_) | DataType::Time64(_));
    }
    (from.is_floating() || from.is_decimal()) && (to.is_integer() || *to == DataType::Boolean)
        || from.is_floating() && matches!(to, DataType::Decimal128(_, 0))
        || *from == DataType::Boolean && to.is_decimal()
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

#[derive(PartialEq, Eq, Hash)]
struct CastTo {
    to: DataType,
    failure: Failure,
    signature: Signature,
}

impl fmt::Debug for CastTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CastTo({}, {:?})", self.to, self.failure)
    }
}

impl ScalarUDFImpl for CastTo {
    fn name(&self) -> &str {
        match self.failure {
            Failure::Error => "cast",
            Failure::Null => "try_cast",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.to.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match &args.args[0] {
            ColumnarValue::Array(values) => Ok(ColumnarValue::Array(convert(values, &self.to, self.failure)?)),
            ColumnarValue::Scalar(value) => {
                let result = convert(&value.to_array()?, &self.to, self.failure)?;
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?))
            }
        }
    }
}

fn convert(values: &ArrayRef, to: &DataType, failure: Failure) -> Result<ArrayRef> {
    let from = values.data_type();
    if from.is_null() {
        return Ok(new_null_array(to, values.len()));
    }
    let options = CastOptions { safe: failure == Failure::Null, format_options: FormatOptions::default() };
    if is_text(to) {
        let texts = text::write(values)?;
        return Ok(cast(&texts, to)?);
    }
    if is_text(from) {
        return read(values, to, failure);
    }
    if *to == DataType::Boolean {
        let zero = new_null_free_zero(from)?;
        return Ok(Arc::new(cmp::neq(values, &zero)?));
    }
    if *from == DataType::Boolean {
        let numbers = cast(values, &DataType::Int8)?;
        return Ok(cast_with_options(&numbers, to, &options)?);
    }
    // Whole numbers from fractions: doubles round half to even, decimals half away from zero.
    let whole: ArrayRef = match from {
        DataType::Float64 => Arc::new(values.as_primitive::<Float64Type>().unary::<_, Float64Type>(f64::round_ties_even)),
        DataType::Float32 => Arc::new(values.as_primitive::<Float32Type>().unary::<_, Float32Type>(f32::round_ties_even)),
        DataType::Decimal256(..) => cast_with_options(values, &DataType::Decimal256(76, 0), &options)?,
        _ => cast_with_options(values, &DataType::Decimal128(38, 0), &options)?,
    };
    Ok(cast_with_options(&whole, to, &options)?)
}

/// Text to a value: blanks around it do not count.
fn read(values: &ArrayRef, to: &DataType, failure: Failure) -> Result<ArrayRef> {
    let texts = cast(values, &DataType::Utf8)?;
    let texts = texts.as_string::<i32>();
    let options = CastOptions { safe: failure == Failure::Null, format_options: FormatOptions::default() };
    if to.is_integer() {
        // Beyond 38 digits no integer type has room.
        let numbers = parsed::<Decimal128Type>(texts, to, failure, text::whole_number)?;
        let numbers: ArrayRef = Arc::new(numbers.with_precision_and_scale(38, 0)?);
        return Ok(cast_with_options(&numbers, to, &options)?);
    }
    match to {
        DataType::Boolean => {
            let mut builder = datafusion::arrow::array::BooleanBuilder::with_capacity(texts.len());
            for value in texts {
                match value.map(|text| (text, text::boolean(text))) {
                    None => builder.append_null(),
                    Some((_, Some(value))) => builder.append_value(value),
                    Some(_) if failure == Failure::Null => builder.append_null(),
                    Some((text, None)) => return unreadable(text, to),
                }
            }
            Ok(Arc::new(builder.finish()))
        }
        DataType::Float64 | DataType::Float32 => {
            let numbers: ArrayRef = Arc::new(parsed::<Float64Type>(texts, to, failure, text::number)?);
            Ok(cast_with_options(&numbers, to, &options)?)
        }
        DataType::Date32 => {
            let days = parsed::<datafusion::arrow::datatypes::Date32Type>(texts, to, failure, text::date)?;
            Ok(Arc::new(days))
        }
        DataType::Timestamp(_, zone) => {
            let parse = if zone.is_some() { text::timestamp_with_zone } else { text::timestamp };
            let micros = parsed::<TimestampMicrosecondType>(texts, to, failure, parse)?;
            let micros: ArrayRef = Arc::new(micros.with_timezone_opt(zone.clone()));
            Ok(cast_with_options(&micros, to, &options)?)
        }
        DataType::Decimal128(precision, scale) => {
            let mut builder = Decimal128Builder::with_capacity(texts.len());
            for value in texts {
                let read = value.map(|text| (text, text::decimal(text.trim(), *scale).filter(|n| is_valid_decimal(*n, *precision))));
                match read {
                    None => builder.append_null(),
                    Some((_, Some(value))) => builder.append_value(value),
                    Some(_) if failure == Failure::Null => builder.append_null(),
                    Some((text, None)) => return unreadable(text, to),
                }
            }
            Ok(Arc::new(builder.finish().with_data_type(to.clone())))
        }
        _ => {
            // Of a bare number the engine makes months or nanoseconds.
            let is_bare = |text: &str| matches!(to, DataType::Interval(_) | DataType::Time64(_)) && text::number(text).is_some();
            if let (Failure::Error, Some(bare)) = (failure, texts.iter().flatten().find(|text| is_bare(text.trim()))) {
                return unreadable(bare, to);
            }
            let trimmed: StringArray = texts.iter().map(|value| value.map(str::trim).filter(|text| !is_bare(text))).collect();
            Ok(cast_with_options(&trimmed, to, &options)?)
        }
    }
}

fn new_null_free_zero(of: &DataType) -> Result<Scalar<ArrayRef>> {
    Ok(Scalar::new(ScalarValue::new_zero(of)?.to_array()?))
}

fn is_valid_decimal(value: i128, precision: u8) -> bool {
    Decimal128Type::is_valid_decimal_precision(value, precision)
}

fn parsed<T: ArrowPrimitiveType>(
    texts: &StringArray,
    to: &DataType,
    failure: Failure,
    parse: fn(&str) -> Option<T::Native>,
) -> Result<PrimitiveArray<T>> {
    let mut builder = PrimitiveArray::<T>::builder(texts.len());
    for value in texts {
        match value.map(|text| (text, parse(text.trim()))) {
            None => builder.append_null(),
            Some((_, Some(value))) => builder.append_value(value),
            Some(_) if failure == Failure::Null => builder.append_null(),
            Some((text, None)) => return unreadable(text, to),
        }
    }
    Ok(builder.finish())
}

fn unreadable<T>(text: &str, to: &DataType) -> Result<T> {
    // The text is data: the start of it is enough to find it by.
    let shown: String = text.chars().take(40).collect();
    exec_err!("'{shown}' cannot be read as {}", sql_type(to))
}
