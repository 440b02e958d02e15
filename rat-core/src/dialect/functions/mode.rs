//! `mode`: the value that is there most often, and of several the one that came first. NULL does not count.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::mem::size_of;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Int64Type};
use datafusion::arrow::row::{RowConverter, SortField};
use datafusion::common::utils::SingleRowListArrayBuilder;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};

pub(super) fn mode() -> Arc<AggregateUDF> {
    Arc::new(AggregateUDF::new_from_impl(Mode { signature: Signature::any(1, Volatility::Immutable) }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Mode {
    signature: Signature,
}

impl AggregateUDFImpl for Mode {
    fn name(&self) -> &str {
        "mode"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(types[0].clone())
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let list = |name: &str, of: &DataType| {
            let name = format_state_name(args.name, name);
            Arc::new(Field::new_list(name, Field::new_list_field(of.clone(), true), false))
        };
        Ok(vec![list("values", args.input_fields[0].data_type()), list("counts", &DataType::Int64), list("firsts", &DataType::Int64)])
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let returns = args.return_field.data_type().clone();
        let rows = RowConverter::new(vec![SortField::new(returns.clone())])?;
        Ok(Box::new(Counts { returns, rows, is_distinct: args.is_distinct, seen: HashMap::new(), keys_bytes: 0, came: 0, best: None }))
    }
}

/// How often a value was there, and when it came first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Times {
    count: i64,
    first: i64,
}

impl Times {
    fn rank(self) -> (i64, Reverse<i64>) {
        (self.count, Reverse(self.first))
    }
}

/// Values are kept in the form in which equal ones are the same bytes.
#[derive(Debug)]
struct Counts {
    returns: DataType,
    rows: RowConverter,
    is_distinct: bool,
    seen: HashMap<Box<[u8]>, Times>,
    keys_bytes: usize,
    came: i64,
    /// Asked for after each row of a window that grows.
    best: Option<(Box<[u8]>, Times)>,
}

impl Counts {
    fn add(&mut self, key: &[u8], times: Times) {
        let now = match self.seen.get_mut(key) {
            Some(known) => {
                known.count = if self.is_distinct { 1 } else { known.count + times.count };
                known.first = known.first.min(times.first);
                *known
            }
            None => {
                self.keys_bytes += key.len();
                self.seen.insert(key.into(), times);
                times
            }
        };
        match &mut self.best {
            Some((best, of)) if best.as_ref() == key => *of = now,
            // Of partitions that came first at once it is the lesser, so that the answer is the same each time.
            Some((best, of)) if (of.rank(), Reverse(best.as_ref())) > (now.rank(), Reverse(key)) => {}
            best => *best = Some((key.into(), now)),
        }
    }

    fn values<'a>(&self, keys: impl Iterator<Item = &'a [u8]>) -> Result<ArrayRef> {
        let parser = self.rows.parser();
        Ok(self.rows.convert_rows(keys.map(|key| parser.parse(key)))?.remove(0))
    }
}

impl Accumulator for Counts {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let rows = self.rows.convert_columns(&values[..1])?;
        let nulls = values[0].logical_nulls();
        for (i, row) in rows.iter().enumerate().filter(|(i, _)| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(*i))) {
            let first = self.came + i64::try_from(i).expect("a batch is countable");
            self.add(row.as_ref(), Times { count: 1, first });
        }
        self.came += i64::try_from(rows.num_rows()).expect("a batch is countable");
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for i in 0..states[0].len() {
            let part = |state: usize| states[state].as_list::<i32>().value(i);
            let rows = self.rows.convert_columns(&[part(0)])?;
            let (counts, firsts) = (part(1), part(2));
            let (counts, firsts) = (counts.as_primitive::<Int64Type>().values(), firsts.as_primitive::<Int64Type>().values());
            for ((row, count), first) in rows.iter().zip(counts).zip(firsts) {
                self.add(row.as_ref(), Times { count: *count, first: *first });
            }
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        match &self.best {
            Some((key, _)) => ScalarValue::try_from_array(&self.values([key.as_ref()].into_iter())?, 0),
            None => ScalarValue::try_from(&self.returns),
        }
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let values = self.values(self.seen.keys().map(AsRef::as_ref))?;
        let counts: Int64Array = self.seen.values().map(|times| Some(times.count)).collect();
        let firsts: Int64Array = self.seen.values().map(|times| Some(times.first)).collect();
        let list = |values: ArrayRef| SingleRowListArrayBuilder::new(values).build_list_scalar();
        Ok(vec![list(values), list(Arc::new(counts)), list(Arc::new(firsts))])
    }

    fn size(&self) -> usize {
        let entry = size_of::<(Box<[u8]>, Times)>() + 1;
        size_of::<Self>() + self.rows.size() + self.keys_bytes + self.seen.capacity() * entry
    }
}
