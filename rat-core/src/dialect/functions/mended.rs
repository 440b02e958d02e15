//! Aggregates of the engine with one thing put right; the rest of them is asked of the engine, fast paths included.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef};
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, AggregateFunctionSimplification, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, ReversedUDAF, SetMonotonicity, Signature, StatisticsArgs, Volatility,
};

/// What is put right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Mend {
    /// The average of decimals is a DOUBLE.
    Average,
    /// Distinct values are counted of every type that has equal ones.
    Distinct,
    /// A frame whose rows are all NULL has no smallest and no largest: the engine would answer with the frame before.
    Extreme,
    /// Values are collected in the order asked for. Of rows that come in the opposite one the engine would collect them as they come, and turn
    /// them around only where a query is not computed in parts.
    Order,
}

/// The function in DuckDB's meaning; most are that already.
pub(super) fn mended(function: Arc<AggregateUDF>) -> Arc<AggregateUDF> {
    let mend = match function.name() {
        "avg" => Mend::Average,
        "approx_distinct" => Mend::Distinct,
        "min" | "max" => Mend::Extreme,
        "array_agg" | "string_agg" => Mend::Order,
        _ => return function,
    };
    let signature = match mend {
        Mend::Average | Mend::Distinct => Signature::user_defined(Volatility::Immutable),
        Mend::Extreme | Mend::Order => function.signature().clone(),
    };
    Arc::new(AggregateUDF::new_from_impl(Mended { engine: function, mend, signature }))
}

/// The type whose distinct values `approx_distinct` counts in the place of another's.
pub fn countable(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Boolean => DataType::Int32,
        DataType::BinaryView | DataType::FixedSizeBinary(_) => DataType::Binary,
        t if t.is_integer() || t.is_string() || t.is_binary() || t.is_null() => t.clone(),
        DataType::Date32 | DataType::Time64(_) | DataType::Timestamp(_, _) => data_type.clone(),
        _ => DataType::Utf8View,
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Mended {
    engine: Arc<AggregateUDF>,
    mend: Mend,
    signature: Signature,
}

impl AggregateUDFImpl for Mended {
    fn name(&self) -> &str {
        self.engine.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        if self.mend == Mend::Distinct {
            return Ok(types.iter().map(countable).collect());
        }
        if self.mend != Mend::Average {
            return self.engine.coerce_types(types);
        }
        match types {
            [t] if t.is_numeric() || t.is_null() => Ok(vec![DataType::Float64]),
            [DataType::Duration(unit)] => Ok(vec![DataType::Duration(*unit)]),
            [other] => plan_err!("`avg` takes numbers, {other} given"),
            _ => plan_err!("`avg` takes one argument, {} given", types.len()),
        }
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.engine.return_type(types)
    }

    fn is_nullable(&self) -> bool {
        self.engine.is_nullable()
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        self.engine.accumulator(args)
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        self.engine.state_fields(args)
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        self.engine.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        self.engine.create_groups_accumulator(args)
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let returns = args.return_field.data_type().clone();
        let engine = self.engine.create_sliding_accumulator(args)?;
        Ok(match self.mend {
            Mend::Average | Mend::Distinct | Mend::Order => engine,
            Mend::Extreme => Box::new(Sliding { engine, values: 0, returns }),
        })
    }

    fn with_beneficial_ordering(self: Arc<Self>, has_order: bool) -> Result<Option<Arc<dyn AggregateUDFImpl>>> {
        let engine = self.engine.as_ref().clone().with_beneficial_ordering(has_order)?;
        Ok(engine.map(|engine| Arc::new(Self { engine: Arc::new(engine), ..self.as_ref().clone() }) as Arc<dyn AggregateUDFImpl>))
    }

    fn supports_null_handling_clause(&self) -> bool {
        self.engine.supports_null_handling_clause()
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        self.engine.order_sensitivity()
    }

    fn simplify(&self) -> Option<AggregateFunctionSimplification> {
        self.engine.simplify()
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        match self.engine.reverse_udf() {
            // The engine would put its own function in this one's place.
            ReversedUDAF::Reversed(_) => ReversedUDAF::NotSupported,
            same => same,
        }
    }

    fn is_descending(&self) -> Option<bool> {
        self.engine.is_descending()
    }

    fn value_from_stats(&self, args: &StatisticsArgs) -> Option<ScalarValue> {
        self.engine.value_from_stats(args)
    }

    fn default_value(&self, data_type: &DataType) -> Result<ScalarValue> {
        self.engine.default_value(data_type)
    }

    fn set_monotonicity(&self, data_type: &DataType) -> SetMonotonicity {
        self.engine.inner().set_monotonicity(data_type)
    }
}

/// Counts the values in the frame.
#[derive(Debug)]
struct Sliding {
    engine: Box<dyn Accumulator>,
    values: usize,
    returns: DataType,
}

fn values_in(values: &[ArrayRef]) -> usize {
    values[0].len() - values[0].logical_null_count()
}

impl Accumulator for Sliding {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.values += values_in(values);
        self.engine.update_batch(values)
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.values += values_in(states);
        self.engine.merge_batch(states)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.values -= values_in(values);
        self.engine.retract_batch(values)
    }

    fn supports_retract_batch(&self) -> bool {
        self.engine.supports_retract_batch()
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        if self.values == 0 { ScalarValue::try_from(&self.returns) } else { self.engine.evaluate() }
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.engine.state()
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.engine.size()
    }
}
