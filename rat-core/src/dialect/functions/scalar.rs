//! A scalar function of ours, as data: a name, how arguments are typed, and what is computed.

use std::fmt;
use std::hash::{Hash, Hasher};

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

/// The types arguments are cast to before the call; an error says what the function takes.
pub(in crate::dialect) type Coerce = fn(&[DataType]) -> Result<Vec<DataType>>;
/// The type of the result, from the coerced types.
pub(in crate::dialect) type Returns = fn(&[DataType]) -> Result<DataType>;
/// The result, from arrays of one length.
pub(in crate::dialect) type Compute = fn(&[ArrayRef], &DataType) -> Result<ArrayRef>;

pub(in crate::dialect) struct Scalar {
    name: &'static str,
    aliases: Vec<String>,
    signature: Signature,
    coerce: Coerce,
    returns: Returns,
    compute: Compute,
}

impl Scalar {
    pub(in crate::dialect) fn udf(names: &[&'static str], coerce: Coerce, returns: Returns, compute: Compute) -> ScalarUDF {
        let aliases = names[1..].iter().map(|&alias| alias.to_owned()).collect();
        ScalarUDF::new_from_impl(Self {
            name: names[0],
            aliases,
            signature: Signature::user_defined(Volatility::Immutable),
            coerce,
            returns,
            compute,
        })
    }
}

// A name stands for one function, so it identifies it.
impl PartialEq for Scalar {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Scalar {}

impl Hash for Scalar {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl fmt::Debug for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scalar").field("name", &self.name).finish_non_exhaustive()
    }
}

impl ScalarUDFImpl for Scalar {
    fn name(&self) -> &str {
        self.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        (self.coerce)(types)
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        (self.returns)(types)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let of_scalars = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if of_scalars { 1 } else { args.number_rows };
        let mut arrays = args.args.into_iter().map(|arg| arg.into_array(rows)).collect::<Result<Vec<_>>>()?;
        // The engine asks what a subquery over no rows gives with a NULL of no type in the aggregate's place.
        if arrays.iter().any(|array| array.data_type().is_null()) {
            let types = arrays.iter().map(|array| array.data_type().clone()).collect::<Vec<_>>();
            let typed = (self.coerce)(&types)?;
            arrays = arrays.iter().zip(&typed).map(|(array, to)| Ok(cast(array, to)?)).collect::<Result<Vec<_>>>()?;
        }
        let result = (self.compute)(&arrays, args.return_field.data_type())?;
        if of_scalars && result.len() == 1 {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?));
        }
        Ok(ColumnarValue::Array(result))
    }
}

/// Exactly these types.
pub(in crate::dialect) fn exactly(name: &str, types: &[DataType], wanted: &[DataType]) -> Result<Vec<DataType>> {
    if types.len() != wanted.len() {
        return plan_err!("`{name}` takes {} arguments, {} given", wanted.len(), types.len());
    }
    Ok(wanted.to_vec())
}
