//! Of rows with the same key the one that takes precedence, of rows that come sorted: first by key, then by precedence.

use std::sync::{Arc, OnceLock};

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::row::{Row, Rows};
use futures::{Stream, StreamExt, stream};

use super::order::Term;
use super::picked::Picked;
use super::sorting::{self, By, Order, Ordered, defect};
use crate::error::{Error, Result};
use crate::session::Session;

/// Which of the rows of one key stays: first the greatest `watermark`, then the latest in the query's order, then the greatest by the
/// remaining columns.
pub(super) struct Precedence<'a> {
    pub key: &'a [String],
    pub watermark: Option<&'a str>,
    pub order: &'a [Term],
}

impl Precedence<'_> {
    /// One row of each key, in the order of the keys, with these columns alone: the first of the rows'.
    pub(super) async fn firsts(
        &self,
        session: &Session,
        schema: &SchemaRef,
        rows: impl Stream<Item = Result<RecordBatch>>,
        columns: &SchemaRef,
    ) -> Result<Ordered> {
        let (key, rank, rest) = self.by(schema, columns)?;
        let sorted = sorting::sorted(session, Arc::clone(schema), rows, &[key.clone(), rank.clone()].concat()).await?;
        // Rows of one key are equal by their key; by no column at all rows have no bytes to compare.
        let or_key = |by: Vec<By>| if by.is_empty() { key.clone() } else { by };
        let firsts = Firsts {
            key: Order::new(schema, &key)?,
            rank: Order::new(schema, &or_key(rank))?,
            rest: Order::new(schema, &or_key(rest))?,
            rows: Some(sorted),
            held: None,
            picked: Picked::default(),
        };
        let firsts = stream::try_unfold(firsts, |mut firsts| async move {
            let batch = firsts.next().await?;
            Ok::<_, Error>(batch.map(|batch| (batch, firsts)))
        });
        let (columns, wanted) = (Arc::clone(columns), (0..columns.fields().len()).collect::<Vec<_>>());
        Ok(Box::pin(firsts.map(move |batch| {
            let batch = batch?.project(&wanted).map_err(defect)?;
            batch.with_schema(Arc::clone(&columns)).map_err(defect)
        })))
    }

    /// What rows are told apart by, what ranks those of one key, and what else decides between equals.
    fn by(&self, schema: &Schema, columns: &Schema) -> Result<(Vec<By>, Vec<By>, Vec<By>)> {
        let key = By::ascending(schema, self.key)?;
        let mut rank = Vec::new();
        if let Some(watermark) = self.watermark {
            rank.push(By::descending(schema.index_of(watermark).map_err(defect)?));
        }
        for term in self.order {
            let mut by = By::descending(schema.index_of(&term.column).map_err(defect)?);
            (by.options.descending, by.options.nulls_first) = (term.ascending, !term.nulls_first);
            rank.push(by);
        }
        let is_left = |name: &String| !self.key.contains(name) && Some(name.as_str()) != self.watermark;
        let mut rest: Vec<usize> = (0..columns.fields().len()).filter(|column| is_left(columns.field(*column).name())).collect();
        // What is nested decides where nothing else does.
        rest.sort_by_key(|column| columns.field(*column).data_type().is_nested());
        Ok((key, rank, rest.into_iter().map(By::descending).collect()))
    }
}

struct Firsts {
    key: Order,
    rank: Order,
    rest: Order,
    /// None once they have ended.
    rows: Option<Ordered>,
    /// The first row so far of the key that the next row may have too.
    held: Option<Candidate>,
    picked: Picked,
}

#[derive(Clone)]
struct Candidate {
    of: Arc<Loaded>,
    row: usize,
}

struct Loaded {
    batch: Arc<RecordBatch>,
    keys: Rows,
    ranks: Rows,
    /// Made when two rows are equal but for it.
    rest: OnceLock<Rows>,
}

impl Candidate {
    fn key(&self) -> Row<'_> {
        self.of.keys.row(self.row)
    }

    fn rank(&self) -> Row<'_> {
        self.of.ranks.row(self.row)
    }

    fn rest(&self, rest: &Order) -> Result<Row<'_>> {
        if self.of.rest.get().is_none() {
            // Nobody else sees these rows.
            let _ = self.of.rest.set(rest.of(&self.of.batch)?);
        }
        Ok(self.of.rest.get().expect("set just now").row(self.row))
    }
}

impl Firsts {
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        while let Some(rows) = &mut self.rows {
            match rows.next().await {
                Some(batch) => self.look(batch?)?,
                None => {
                    self.rows = None;
                    self.pick();
                }
            }
            if self.picked.is_full() {
                break;
            }
        }
        self.picked.take()
    }

    fn look(&mut self, batch: RecordBatch) -> Result<()> {
        let (keys, ranks) = (self.key.of(&batch)?, self.rank.of(&batch)?);
        let loaded = Arc::new(Loaded { batch: Arc::new(batch), keys, ranks, rest: OnceLock::new() });
        for row in 0..loaded.batch.num_rows() {
            let next = Candidate { of: Arc::clone(&loaded), row };
            match &self.held {
                Some(held) if held.key() == next.key() => {
                    let precedes = held.rank() == next.rank() && next.rest(&self.rest)? < held.rest(&self.rest)?;
                    if precedes {
                        self.held = Some(next);
                    }
                }
                _ => {
                    self.pick();
                    self.held = Some(next);
                }
            }
        }
        Ok(())
    }

    fn pick(&mut self) {
        if let Some(held) = self.held.take() {
            self.picked.push(&held.of.batch, held.row);
        }
    }
}
