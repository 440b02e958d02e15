//! What the engine would name alike, or anew, named apart and for good: casts that somebody wrote, members of grouping sets.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{
    ColumnarValue, Expr, GroupingSet, LogicalPlan, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::optimizer::AnalyzerRule;

/// The function around a cast that somebody wrote. It gives its argument, and is named as the cast.
pub(in crate::dialect) const WRITTEN_CAST: &str = "written_cast";

pub(in crate::dialect) fn function() -> Arc<ScalarUDF> {
    udf(None)
}

fn udf(name: Option<String>) -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::new_from_impl(WrittenCast { name, signature: Signature::any(1, Volatility::Immutable) }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct WrittenCast {
    /// That of the argument as it was, whatever became of it.
    name: Option<String>,
    signature: Signature,
}

impl ScalarUDFImpl for WrittenCast {
    fn name(&self) -> &str {
        WRITTEN_CAST
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(types[0].clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        Ok(Arc::clone(&args.arg_fields[0]))
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        if let Some(name) = &self.name {
            return Ok(name.clone());
        }
        let (kind, of, to) = match &args[0] {
            Expr::Cast(cast) => ("CAST", &cast.expr, cast.field.data_type()),
            Expr::TryCast(cast) => ("TRY_CAST", &cast.expr, cast.field.data_type()),
            other => return Ok(other.schema_name().to_string()),
        };
        Ok(format!("{kind}({} AS {to})", of.schema_name()))
    }

    fn invoke_with_args(&self, mut args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Ok(args.args.swap_remove(0))
    }
}

/// Takes the function away again before any rule looks at the casts; what has its name keeps it.
#[derive(Debug)]
pub(super) struct Unwrapped;

impl AnalyzerRule for Unwrapped {
    fn name(&self) -> &str {
        "unwrapped_casts"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(|plan| {
            let names = NamePreserver::new(&plan);
            plan.map_expressions(|expr| match expr {
                // Its members are columns of their own, and an alias would hide the set from the engine.
                Expr::GroupingSet(mut set) => {
                    members(&mut set);
                    Ok(Transformed::yes(Expr::GroupingSet(set)))
                }
                expr if !expr.exists(|expr| Ok(is_written(expr)))? => Ok(Transformed::no(expr)),
                expr => {
                    let name = names.save(&expr);
                    Ok(expr.transform_up(|expr| Ok(unwrapped(expr)))?.update_data(|expr| name.restore(expr)))
                }
            })
        })
        .data()
    }
}

fn is_written(expr: &Expr) -> bool {
    matches!(expr, Expr::ScalarFunction(call) if call.func.name() == WRITTEN_CAST)
}

fn unwrapped(expr: Expr) -> Transformed<Expr> {
    match expr {
        Expr::ScalarFunction(ScalarFunction { func, mut args }) if func.name() == WRITTEN_CAST => Transformed::yes(args.swap_remove(0)),
        other => Transformed::no(other),
    }
}

fn members(set: &mut GroupingSet) {
    let members: Vec<&mut Expr> = match set {
        GroupingSet::Rollup(members) | GroupingSet::Cube(members) => members.iter_mut().collect(),
        GroupingSet::GroupingSets(sets) => sets.iter_mut().flatten().collect(),
    };
    for member in members {
        let is_named = match member {
            Expr::Column(_) => true,
            Expr::ScalarFunction(call) => call.func.inner().downcast_ref::<WrittenCast>().is_some_and(|function| function.name.is_some()),
            _ => false,
        };
        if !is_named {
            let name = member.schema_name().to_string();
            *member = Expr::ScalarFunction(ScalarFunction::new_udf(udf(Some(name)), vec![std::mem::take(member)]));
        }
    }
}
