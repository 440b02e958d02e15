//! The query's rows, read to their end, of which one of each key stays.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::LogicalPlan;
use futures::{StreamExt, TryStreamExt};
use parking_lot::Mutex;

use super::firsts::Precedence;
use super::intake::{self, Seen};
use super::null_keys::{NullKeyRows, positions};
use super::order::Term;
use super::repeated::{KeyHashes, Repeated};
use super::scratch::Scratch;
use super::{Merge, Refusal};
use crate::config::NullKeys;
use crate::error::Result;
use crate::execute;
use crate::session::Session;

/// One row of each key.
pub(super) struct OnePerKey {
    pub rows: Scratch,
    /// How many rows the query gave.
    pub read: u64,
    /// The greatest watermark of those.
    pub greatest: Option<ScalarValue>,
}

/// How rows are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// One of each key, in any order.
    Any,
    /// One of each key, in the order of the keys.
    InOrder,
    /// All of them, with the terms of the query's order, as they came.
    AsTheyCame,
}

/// What makes rows the same, and what they are looked at for.
pub(super) struct Rule<'a, F> {
    /// The terms of the query's order, which its rows carry behind their columns.
    pub terms: &'a [Term],
    /// The columns of which one row of each value stays.
    pub key: &'a [String],
    /// How the rows are wanted.
    pub want: Want,
    /// Shown every batch of rows; an error refuses them.
    pub look: F,
}

impl OnePerKey {
    pub(super) async fn read(
        merge: &Merge,
        plan: LogicalPlan,
        rule: Rule<'_, impl Fn(&RecordBatch) -> Result<()>>,
    ) -> Result<Self, Refusal> {
        let seen = Arc::<Mutex<Seen>>::default();
        let rows = execute::stream(&merge.session, plan).await?;
        let watched = merge.watermark.as_deref();
        let (schema, rows) = intake::shaped(rows, &merge.columns, watched, Arc::clone(&seen), Arc::clone(&merge.progress));
        let key = positions(&schema, &merge.key)?;
        let nulls = Mutex::new(NullKeyRows::default());
        // Rows that are wanted in order are sorted anyway.
        let hashed = match rule.want {
            Want::Any => Some(KeyHashes::new(&merge.session, positions(&schema, rule.key)?)),
            Want::InOrder | Want::AsTheyCame => None,
        };
        let hashed = Mutex::new(hashed);
        let rows = rows.map(|batch| {
            let batch = batch?;
            if let Some(hashed) = hashed.lock().as_mut() {
                hashed.look(&batch)?;
            }
            if merge.null_keys == NullKeys::Fail {
                nulls.lock().look(&batch, &key)?;
            }
            (rule.look)(&batch)?;
            Ok(batch)
        });
        let columns = nullable(merge.columns.target());
        let precedence = Precedence { key: rule.key, watermark: watched, order: rule.terms };
        let session = &merge.session;
        let rows = if rule.want == Want::InOrder {
            let firsts = precedence.firsts(session, &schema, rows, &columns).await?;
            checked(merge, &seen, nulls.into_inner())?;
            Scratch::fill(session, columns, firsts).await?
        } else {
            let all = Scratch::fill(session, Arc::clone(&schema), rows).await?;
            checked(merge, &seen, nulls.into_inner())?;
            match hashed.into_inner().and_then(KeyHashes::repeated) {
                Some(repeated) if repeated.is_empty() && *all.schema() == columns => all,
                _ if rule.want == Want::AsTheyCame => all,
                Some(repeated) => distinct(session, &all, &repeated, columns, &precedence).await?,
                None => {
                    let firsts = precedence.firsts(session, &schema, all.stream()?.map_err(execute::error), &columns).await?;
                    Scratch::fill(session, columns, firsts).await?
                }
            }
        };
        let mut seen = seen.lock();
        Ok(Self { rows, read: seen.rows, greatest: seen.greatest.take() })
    }
}

fn checked(merge: &Merge, seen: &Mutex<Seen>, nulls: NullKeyRows) -> Result<(), Refusal> {
    seen.lock().check(&merge.columns)?;
    nulls.check(&merge.key, merge.columns.target().fields().len())
}

/// The rows whose key no other can have, as they are, and one of each other key.
async fn distinct(
    session: &Session,
    all: &Scratch,
    repeated: &Repeated,
    columns: SchemaRef,
    precedence: &Precedence<'_>,
) -> Result<Scratch> {
    let wanted: Vec<usize> = (0..columns.fields().len()).collect();
    let single = all.stream()?.map_err(execute::error).map(|batch| {
        let rows = repeated.only(&batch?, false)?.project(&wanted);
        rows.and_then(|rows| rows.with_schema(Arc::clone(&columns))).map_err(|e| execute::error(e.into()))
    });
    let contested = all.stream()?.map_err(execute::error).map(|batch| repeated.only(&batch?, true));
    let chosen = precedence.firsts(session, all.schema(), contested, &columns).await?;
    Scratch::fill(session, Arc::clone(&columns), single.chain(chosen)).await
}

/// The same columns, each of which may be NULL: of values that are on their way.
pub(super) fn nullable(schema: &Schema) -> SchemaRef {
    Arc::new(Schema::new(schema.fields().iter().map(|f| Arc::new(f.as_ref().clone().with_nullable(true))).collect::<Vec<_>>()))
}
