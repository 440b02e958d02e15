//! Arithmetic on whole numbers that fails where the engine would wrap, and powers.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Datum, Decimal128Array, Float64Array, Int64Array, new_null_array};
use datafusion::arrow::compute::kernels::arity;
use datafusion::arrow::compute::kernels::numeric;
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int64Type};
use datafusion::arrow::error::ArrowError;
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::type_coercion::binary::BinaryTypeCoercer;
use datafusion::logical_expr::{Operator, ScalarUDF};

use super::scalar::{Scalar, exactly};

macro_rules! checked {
    ($function:ident, $name:literal, $kernel:path) => {
        pub(in crate::dialect) fn $function() -> Arc<ScalarUDF> {
            static FUNCTION: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
                Arc::new(Scalar::udf(
                    &[$name],
                    |types| Ok(types.to_vec()),
                    |types| Ok(types[0].clone()),
                    |args, returns| unless_null(args, returns, $kernel),
                ))
            });
            Arc::clone(&FUNCTION)
        }
    };
}

/// A NULL of no type gives one of the result's.
fn unless_null(
    args: &[ArrayRef],
    returns: &DataType,
    kernel: fn(&dyn Datum, &dyn Datum) -> Result<ArrayRef, ArrowError>,
) -> Result<ArrayRef> {
    if args.iter().any(|arg| arg.data_type().is_null()) {
        return Ok(new_null_array(returns, args[0].len()));
    }
    Ok(kernel(&args[0], &args[1])?)
}

checked!(add, "add", numeric::add);
checked!(subtract, "subtract", numeric::sub);
checked!(multiply, "multiply", numeric::mul);

/// Decimals of 38 digits, which is all there are: one more is an error.
macro_rules! bounded {
    ($function:ident, $name:literal, $op:expr, $kernel:path) => {
        pub(in crate::dialect) fn $function() -> Arc<ScalarUDF> {
            static FUNCTION: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
                Arc::new(Scalar::udf(
                    &[$name],
                    |types| Ok(types.to_vec()),
                    |types| BinaryTypeCoercer::new(&types[0], &$op, &types[1]).get_result_type(),
                    |args, returns| {
                        let result = unless_null(args, returns, $kernel)?;
                        if let Some(decimals) = result.as_primitive_opt::<Decimal128Type>() {
                            decimals.validate_decimal_precision(decimals.precision())?;
                        }
                        Ok(result)
                    },
                ))
            });
            Arc::clone(&FUNCTION)
        }
    };
}

bounded!(add_decimals, "add_decimals", Operator::Plus, numeric::add);
bounded!(subtract_decimals, "subtract_decimals", Operator::Minus, numeric::sub);
bounded!(multiply_decimals, "multiply_decimals", Operator::Multiply, numeric::mul);

/// `x // y` of fractions: their quotient, and by zero an error.
pub(in crate::dialect) fn divide() -> Arc<ScalarUDF> {
    static FUNCTION: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
        Arc::new(Scalar::udf(
            &["divide"],
            two_doubles,
            |_| Ok(DataType::Float64),
            |args, _| {
                let (x, y) = (args[0].as_primitive::<Float64Type>(), args[1].as_primitive::<Float64Type>());
                let quotient = |x: f64, y: f64| if y == 0.0 { Err(ArrowError::DivideByZero) } else { Ok(x / y) };
                let result: Float64Array = arity::try_binary(x, y, quotient)?;
                Ok(Arc::new(result) as ArrayRef)
            },
        ))
    });
    Arc::clone(&FUNCTION)
}

/// `x << n`, which moves no bit out of the number.
pub(in crate::dialect) fn shift_left() -> Arc<ScalarUDF> {
    static FUNCTION: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
        Arc::new(Scalar::udf(
            &["shift_left"],
            |types| exactly("<<", types, &[DataType::Int64, DataType::Int64]),
            |_| Ok(DataType::Int64),
            |args, _| {
                let (x, n) = (args[0].as_primitive::<Int64Type>(), args[1].as_primitive::<Int64Type>());
                let shifted = |x: i64, n: i64| match u32::try_from(n) {
                    Ok(n) if x >= 0 && (x == 0 || n < x.leading_zeros()) => Ok(x.checked_shl(n).unwrap_or(0)),
                    _ => Err(ArrowError::ArithmeticOverflow(format!("{x} << {n} does not fit a BIGINT"))),
                };
                let result: Int64Array = arity::try_binary(x, n, shifted)?;
                Ok(Arc::new(result) as ArrayRef)
            },
        ))
    });
    Arc::clone(&FUNCTION)
}

/// `trunc(x)`, and `trunc(x, n)` to `n` digits after the point; whole numbers and decimals stay what they are.
fn trunc() -> Arc<ScalarUDF> {
    fn coerce(types: &[DataType]) -> Result<Vec<DataType>> {
        let [value, digits @ ..] = types else { return plan_err!("`trunc` takes a number") };
        if digits.len() > 1 {
            return plan_err!("`trunc` takes a number and the digits to keep");
        }
        let value = match value {
            t if t.is_integer() => DataType::Int64,
            DataType::Decimal128(..) => value.clone(),
            _ => DataType::Float64,
        };
        Ok([value].into_iter().chain(digits.iter().map(|_| DataType::Int64)).collect())
    }
    fn returns(types: &[DataType]) -> Result<DataType> {
        Ok(match types {
            [DataType::Decimal128(precision, _)] => DataType::Decimal128(*precision, 0),
            [value, ..] => value.clone(),
            [] => DataType::Float64,
        })
    }
    Arc::new(Scalar::udf(&["trunc"], coerce, returns, |args, returns| {
        let digits = args.get(1).map(|digits| digits.as_primitive::<Int64Type>());
        let of = |row: usize| digits.map_or(Some(0), |digits| digits.is_valid(row).then(|| digits.value(row)));
        let power = |n: i64| u32::try_from(n).ok().and_then(|n| 10_i128.checked_pow(n));
        Ok(match args[0].data_type() {
            DataType::Int64 => {
                let cut = |x: i64, n: i64| match n {
                    0.. => x,
                    _ => power(-n).map_or(0, |step| (i128::from(x) / step * step) as i64),
                };
                let values = args[0].as_primitive::<Int64Type>().iter().enumerate();
                Arc::new(values.map(|(row, x)| Some(cut(x?, of(row)?))).collect::<Int64Array>())
            }
            DataType::Decimal128(_, scale) => {
                let scale = i64::from(*scale);
                let kept = i64::from(if let DataType::Decimal128(_, kept) = returns { *kept } else { 0 });
                let cut = |x: i128, n: i64| {
                    let step = if n >= scale { Some(1) } else { power(scale - n) };
                    step.map_or(0, |step| x / step * step) / power(scale - kept).unwrap_or(1)
                };
                let values = args[0].as_primitive::<Decimal128Type>().iter().enumerate();
                let cut = values.map(|(row, x)| Some(cut(x?, of(row)?))).collect::<Decimal128Array>();
                Arc::new(cut.with_data_type(returns.clone()))
            }
            _ => {
                let cut = |x: f64, n: i64| {
                    let step = 10_f64.powi(i32::try_from(n).unwrap_or(0));
                    let cut = (x * step).trunc() / step;
                    if cut.is_finite() { cut } else { x }
                };
                let values = args[0].as_primitive::<Float64Type>().iter().enumerate();
                Arc::new(values.map(|(row, x)| Some(cut(x?, of(row)?))).collect::<Float64Array>())
            }
        })
    }))
}

fn two_doubles(types: &[DataType]) -> Result<Vec<DataType>> {
    exactly("pow", types, &[DataType::Float64, DataType::Float64])
}

/// `x ** y`, always a DOUBLE.
pub(in crate::dialect) fn power() -> Arc<ScalarUDF> {
    static FUNCTION: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
        Arc::new(Scalar::udf(
            &["pow", "power"],
            two_doubles,
            |_| Ok(DataType::Float64),
            |args, _| {
                let (base, exponent) = (args[0].as_primitive::<Float64Type>(), args[1].as_primitive::<Float64Type>());
                let result: Float64Array = arity::binary(base, exponent, f64::powf)?;
                Ok(Arc::new(result) as ArrayRef)
            },
        ))
    });
    Arc::clone(&FUNCTION)
}

/// `xor(a, b)` of the bits; `sign(x)`.
pub(super) fn all() -> Vec<Arc<ScalarUDF>> {
    let xor = Scalar::udf(
        &["xor"],
        |types| match types.iter().find(|t| !t.is_integer() && !t.is_null()) {
            Some(other) => plan_err!("`xor` takes whole numbers, {other} given"),
            None => exactly("xor", types, &[DataType::Int64, DataType::Int64]),
        },
        |_| Ok(DataType::Int64),
        |args, _| {
            let (a, b) = (args[0].as_primitive::<Int64Type>(), args[1].as_primitive::<Int64Type>());
            let result: Int64Array = arity::binary(a, b, |a, b| a ^ b)?;
            Ok(Arc::new(result) as ArrayRef)
        },
    );
    let of_double = |names: &[&'static str], returns: super::scalar::Returns, compute: super::scalar::Compute| {
        Arc::new(Scalar::udf(names, |types| exactly("this function", types, &[DataType::Float64]), returns, compute))
    };
    let atan2 = Scalar::udf(
        &["atan2"],
        two_doubles,
        |_| Ok(DataType::Float64),
        |args, _| {
            let (y, x) = (args[0].as_primitive::<Float64Type>(), args[1].as_primitive::<Float64Type>());
            let result: Float64Array = arity::binary(y, x, f64::atan2)?;
            Ok(Arc::new(result) as ArrayRef)
        },
    );
    vec![
        power(),
        trunc(),
        Arc::new(atan2),
        Arc::new(xor),
        of_double(
            &["sign"],
            |_| Ok(DataType::Int8),
            |args, _| {
                let values = args[0].as_primitive::<Float64Type>();
                let sign = |x: f64| {
                    if x > 0.0 {
                        1
                    } else if x < 0.0 {
                        -1
                    } else {
                        0
                    }
                };
                Ok(Arc::new(values.unary::<_, datafusion::arrow::datatypes::Int8Type>(sign)) as ArrayRef)
            },
        ),
        of_double(&["isinf"], |_| Ok(DataType::Boolean), |args, _| Ok(test(&args[0], f64::is_infinite))),
        of_double(&["isfinite"], |_| Ok(DataType::Boolean), |args, _| Ok(test(&args[0], f64::is_finite))),
        of_double(&["isnan"], |_| Ok(DataType::Boolean), |args, _| Ok(test(&args[0], f64::is_nan))),
    ]
}

fn test(values: &ArrayRef, is: fn(f64) -> bool) -> ArrayRef {
    let values = values.as_primitive::<Float64Type>();
    Arc::new(datafusion::arrow::array::BooleanArray::from_unary(values, is))
}
