//! `sum` that is never wrong: whole numbers and decimals are added in 128 bits, and a sum that does not fit its type is an error.
//!
//! Whole numbers sum to a BIGINT (DuckDB's HUGEINT, where it fits), decimals to a `DECIMAL(38, s)`, doubles as the engine sums them.

use std::collections::HashSet;
use std::mem::size_of_val;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, Int64Array, ListArray, UInt64Array};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Field, FieldRef, Int64Type, UInt64Type};
use datafusion::common::{Result, ScalarValue, exec_datafusion_err, exec_err, plan_err};
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, ReversedUDAF, Signature, Volatility,
};

const DIGITS: u8 = 38;

pub(super) fn sum() -> Arc<AggregateUDF> {
    Arc::new(AggregateUDF::new_from_impl(Sum { signature: Signature::user_defined(Volatility::Immutable) }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Sum {
    signature: Signature,
}

fn is_exact(returns: &DataType) -> bool {
    matches!(returns, DataType::Int64 | DataType::UInt64 | DataType::Decimal128(..))
}

impl AggregateUDFImpl for Sum {
    fn name(&self) -> &str {
        "sum"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let [given] = types else { return plan_err!("`sum` takes one argument, {} given", types.len()) };
        Ok(vec![match given {
            DataType::Null | DataType::Boolean => DataType::Int64,
            t if t.is_signed_integer() => DataType::Int64,
            t if t.is_unsigned_integer() => DataType::UInt64,
            t if t.is_floating() => DataType::Float64,
            DataType::Decimal32(p, s) | DataType::Decimal64(p, s) | DataType::Decimal128(p, s) => DataType::Decimal128(*p, *s),
            DataType::Decimal256(_, s) => DataType::Decimal128(DIGITS, *s),
            DataType::Duration(unit) => DataType::Duration(*unit),
            other => return plan_err!("`sum` takes numbers, {other} given"),
        }])
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(match &types[0] {
            DataType::Decimal128(_, scale) => DataType::Decimal128(DIGITS, *scale),
            other => other.clone(),
        })
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        if !is_exact(args.return_type()) {
            return sum_udaf().state_fields(args);
        }
        let wide = wide(args.return_type());
        Ok(vec![Arc::new(if args.is_distinct {
            Field::new_list(format_state_name(args.name, "sum distinct"), Field::new_list_field(wide, true), false)
        } else {
            Field::new(format_state_name(args.name, "sum"), wide, true)
        })])
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let returns = args.return_field.data_type();
        if !is_exact(returns) {
            return sum_udaf().accumulator(args);
        }
        Ok(if args.is_distinct {
            Box::new(Distinct { seen: HashSet::new(), returns: returns.clone() })
        } else {
            Box::new(Total { sum: 0, count: 0, returns: returns.clone() })
        })
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        if is_exact(args.return_field.data_type()) && !args.is_distinct {
            return self.accumulator(args);
        }
        sum_udaf().create_sliding_accumulator(args)
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        !args.is_distinct
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        let returns = args.return_field.data_type();
        if !is_exact(returns) {
            return sum_udaf().create_groups_accumulator(args);
        }
        Ok(Box::new(Groups { sums: Vec::new(), seen: Vec::new(), returns: returns.clone() }))
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }
}

/// What partial sums are kept as; only the result is narrowed, so the order of the rows does not matter.
fn wide(returns: &DataType) -> DataType {
    match returns {
        DataType::Decimal128(_, scale) => DataType::Decimal128(DIGITS, *scale),
        _ => DataType::Decimal128(DIGITS, 0),
    }
}

/// Every value that is not NULL, with its row.
fn each(values: &ArrayRef, mut take: impl FnMut(usize, i128) -> Result<()>) -> Result<()> {
    macro_rules! rows {
        ($type:ty) => {{
            let values = values.as_primitive::<$type>();
            if values.null_count() == 0 {
                for (row, value) in values.values().iter().enumerate() {
                    take(row, i128::from(*value))?;
                }
            } else {
                for (row, value) in values.iter().enumerate() {
                    if let Some(value) = value {
                        take(row, i128::from(value))?;
                    }
                }
            }
        }};
    }
    match values.data_type() {
        DataType::Int64 => rows!(Int64Type),
        DataType::UInt64 => rows!(UInt64Type),
        DataType::Decimal128(..) => rows!(Decimal128Type),
        other => return exec_err!("`sum` was typed for another column than {other}"),
    }
    Ok(())
}

fn add(sum: &mut i128, value: i128) -> Result<()> {
    *sum = sum.checked_add(value).ok_or_else(|| exec_datafusion_err!("the sum has more than {DIGITS} digits"))?;
    Ok(())
}

/// The results, or the error that one of them does not fit.
fn finish(sums: impl Iterator<Item = Option<i128>>, returns: &DataType) -> Result<ArrayRef> {
    match returns {
        DataType::Int64 => {
            let narrow = |sum| i64::try_from(sum).map_err(|_| too_large("BIGINT"));
            Ok(Arc::new(sums.map(|sum| sum.map(narrow).transpose()).collect::<Result<Int64Array>>()?))
        }
        DataType::UInt64 => {
            let narrow = |sum| u64::try_from(sum).map_err(|_| too_large("UBIGINT"));
            Ok(Arc::new(sums.map(|sum| sum.map(narrow).transpose()).collect::<Result<UInt64Array>>()?))
        }
        other => {
            let sums = kept(sums, other)?;
            sums.validate_decimal_precision(DIGITS).map_err(|_| exec_datafusion_err!("the sum has more than {DIGITS} digits"))?;
            Ok(Arc::new(sums))
        }
    }
}

fn too_large(of: &str) -> datafusion::error::DataFusionError {
    exec_datafusion_err!("the sum does not fit a {of}: sum `x::DECIMAL(38, 0)`")
}

fn kept(sums: impl Iterator<Item = Option<i128>>, returns: &DataType) -> Result<Decimal128Array> {
    Ok(sums.collect::<Decimal128Array>().with_data_type(wide(returns)))
}

/// The sum of all rows, or of those in a window's frame.
#[derive(Debug)]
struct Total {
    sum: i128,
    count: u64,
    returns: DataType,
}

impl Total {
    fn value(&self) -> Option<i128> {
        (self.count > 0).then_some(self.sum)
    }
}

impl Accumulator for Total {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        each(&values[0], |_, value| {
            self.count += 1;
            add(&mut self.sum, value)
        })
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.update_batch(states)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        each(&values[0], |_, value| {
            self.count -= 1;
            self.sum -= value;
            Ok(())
        })
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        ScalarValue::try_from_array(&finish(std::iter::once(self.value()), &self.returns)?, 0)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let state: ArrayRef = Arc::new(kept(std::iter::once(self.value()), &self.returns)?);
        Ok(vec![ScalarValue::try_from_array(&state, 0)?])
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }
}

/// `sum(DISTINCT x)` beside other aggregates.
#[derive(Debug)]
struct Distinct {
    seen: HashSet<i128>,
    returns: DataType,
}

impl Accumulator for Distinct {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        each(&values[0], |_, value| {
            self.seen.insert(value);
            Ok(())
        })
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let lists = states[0].as_list::<i32>();
        for list in lists.iter().flatten() {
            self.update_batch(&[list])?;
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let mut sum = 0;
        for value in &self.seen {
            add(&mut sum, *value)?;
        }
        let sum = (!self.seen.is_empty()).then_some(sum);
        ScalarValue::try_from_array(&finish(std::iter::once(sum), &self.returns)?, 0)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let values = kept(self.seen.iter().copied().map(Some), &self.returns)?;
        let field = Arc::new(Field::new_list_field(wide(&self.returns), true));
        let list = ListArray::new(field, OffsetBuffer::from_lengths([values.len()]), Arc::new(values), None);
        Ok(vec![ScalarValue::List(Arc::new(list))])
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.seen.capacity() * size_of::<i128>()
    }
}

/// The sums of many groups at once.
#[derive(Debug)]
struct Groups {
    sums: Vec<i128>,
    seen: Vec<bool>,
    returns: DataType,
}

impl Groups {
    fn take(&mut self, emit_to: EmitTo) -> impl Iterator<Item = Option<i128>> {
        let (sums, seen) = (emit_to.take_needed(&mut self.sums), emit_to.take_needed(&mut self.seen));
        sums.into_iter().zip(seen).map(|(sum, seen)| seen.then_some(sum))
    }
}

impl GroupsAccumulator for Groups {
    fn update_batch(&mut self, values: &[ArrayRef], groups: &[usize], filter: Option<&BooleanArray>, total: usize) -> Result<()> {
        self.sums.resize(total, 0);
        self.seen.resize(total, false);
        let (sums, seen) = (&mut self.sums, &mut self.seen);
        each(&values[0], |row, value| {
            if filter.is_some_and(|filter| filter.is_null(row) || !filter.value(row)) {
                return Ok(());
            }
            seen[groups[row]] = true;
            add(&mut sums[groups[row]], value)
        })
    }

    fn merge_batch(&mut self, values: &[ArrayRef], groups: &[usize], filter: Option<&BooleanArray>, total: usize) -> Result<()> {
        self.update_batch(values, groups, filter, total)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let returns = self.returns.clone();
        finish(self.take(emit_to), &returns)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let returns = self.returns.clone();
        Ok(vec![Arc::new(kept(self.take(emit_to), &returns)?)])
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let mut state = vec![None; values[0].len()];
        each(&values[0], |row, value| {
            if !filter.is_some_and(|filter| filter.is_null(row) || !filter.value(row)) {
                state[row] = Some(value);
            }
            Ok(())
        })?;
        Ok(vec![Arc::new(kept(state.into_iter(), &self.returns)?)])
    }

    fn supports_convert_to_state(&self) -> bool {
        true
    }

    fn size(&self) -> usize {
        self.sums.capacity() * size_of::<i128>() + self.seen.capacity()
    }
}
