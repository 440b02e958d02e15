//! The moment of a query: the same wherever it is asked for, in the microseconds that a table holds.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::{Result, ScalarValue, internal_err};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

/// `now()` as an instant, and what a clock on the wall shows then, in UTC.
pub(super) fn all() -> [Arc<ScalarUDF>; 2] {
    let instant: &[_] = &["now", "current_timestamp", "get_current_timestamp", "transaction_timestamp"];
    let local: &[_] = &["current_localtimestamp", "localtimestamp"];
    [(instant, true), (local, false)].map(|(names, zoned)| Arc::new(ScalarUDF::new_from_impl(Moment::new(names, zoned))))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Moment {
    name: &'static str,
    aliases: Vec<String>,
    zone: Option<Arc<str>>,
    signature: Signature,
}

impl Moment {
    fn new(names: &[&'static str], zoned: bool) -> Self {
        Self {
            name: names[0],
            aliases: names[1..].iter().map(|&name| name.to_owned()).collect(),
            zone: zoned.then(|| Arc::from("+00:00")),
            signature: Signature::nullary(Volatility::Stable),
        }
    }
}

impl ScalarUDFImpl for Moment {
    fn name(&self) -> &str {
        self.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Timestamp(TimeUnit::Microsecond, self.zone.clone()))
    }

    fn simplify(&self, args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        let Some(now) = info.query_execution_start_time() else { return Ok(ExprSimplifyResult::Original(args)) };
        let value = ScalarValue::TimestampMicrosecond(Some(now.timestamp_micros()), self.zone.clone());
        Ok(ExprSimplifyResult::Simplified(Expr::Literal(value, None)))
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        internal_err!("the moment of a query is known before it runs")
    }
}
