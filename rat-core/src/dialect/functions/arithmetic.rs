//! Arithmetic on whole numbers that fails where the engine would wrap, and powers.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{ArrayRef, AsArray, Float64Array};
use datafusion::arrow::compute::kernels::arity;
use datafusion::arrow::compute::kernels::numeric;
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::common::Result;
use datafusion::logical_expr::ScalarUDF;

use super::scalar::{Scalar, exactly};

macro_rules! checked {
    ($function:ident, $name:literal, $kernel:path) => {
        pub(in crate::dialect) fn $function() -> Arc<ScalarUDF> {
            static FUNCTION: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
                Arc::new(Scalar::udf(
                    &[$name],
                    |types| Ok(types.to_vec()),
                    |types| Ok(types[0].clone()),
                    |args, _| Ok($kernel(&args[0], &args[1])?),
                ))
            });
            Arc::clone(&FUNCTION)
        }
    };
}

checked!(add, "add", numeric::add);
checked!(subtract, "subtract", numeric::sub);
checked!(multiply, "multiply", numeric::mul);

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
        |types| exactly("xor", types, &[DataType::Int64, DataType::Int64]),
        |_| Ok(DataType::Int64),
        |args, _| {
            let (a, b) = (args[0].as_primitive::<Int64Type>(), args[1].as_primitive::<Int64Type>());
            let result: datafusion::arrow::array::Int64Array = arity::binary(a, b, |a, b| a ^ b)?;
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
