//! Maps from keys and values.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::config::ConfigOptions;
use datafusion::common::{Result, plan_err};
use datafusion::functions_nested::map::map_udf;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF};

use super::scalar::Scalar;

/// `map(keys, values)`. The engine's own takes keys that are the same in all rows for those of one row.
pub(in crate::dialect) fn map() -> Arc<ScalarUDF> {
    static FUNCTION: LazyLock<Arc<ScalarUDF>> =
        LazyLock::new(|| Arc::new(Scalar::udf(&["map"], two, |types| map_udf().return_type(types), make)));
    Arc::clone(&FUNCTION)
}

fn two(types: &[DataType]) -> Result<Vec<DataType>> {
    match types {
        [_, _] => Ok(types.to_vec()),
        _ => plan_err!("`map` takes two lists, {} given", types.len()),
    }
}

fn make(lists: &[ArrayRef], map: &DataType) -> Result<ArrayRef> {
    let number_rows = lists[0].len();
    let arg_fields = lists.iter().map(|list| Arc::new(Field::new("list", list.data_type().clone(), true))).collect();
    let args = ScalarFunctionArgs {
        args: lists.iter().map(|list| ColumnarValue::Array(Arc::clone(list))).collect(),
        arg_fields,
        number_rows,
        return_field: Arc::new(Field::new("map", map.clone(), true)),
        config_options: Arc::new(ConfigOptions::default()),
    };
    map_udf().invoke_with_args(args)?.into_array(number_rows)
}
