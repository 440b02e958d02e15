//! New rows that say what the open version of their key says: most of them, where a source is sent whole. They are let go before anything is
//! sorted.
//!
//! An open version is known by two hashes, of its key and of all that it says; the second has 128 bits under keys of chance, so that what is
//! taken for said already is. A row is let go only where no other new row of its key stays, for which of those counts is not known yet.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::pin::pin;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::buffer::BooleanBuffer;
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{DataType, Schema};
use datafusion::common::hash_utils::RandomState as KeyState;
use datafusion::common::runtime::SpawnedTask;
use datafusion::datasource::provider_as_source;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::logical_expr::{LogicalPlanBuilder, ident};
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt, TryStreamExt};

use super::super::scratch::Scratch;
use super::super::stored::Stored;
use super::super::{columns, repeated};
use super::Validity;
use super::fold::Comparable;
use crate::error::{Code, Error, Result};
use crate::execute;

/// What an entry takes, with the room that a map leaves.
const ENTRY_BYTES: usize = 64;
const KEY_BYTES: usize = 16;

/// The open versions of a table.
pub(super) struct Open {
    /// By the hash of the key; none of a key, or of two keys with one hash, that has several.
    says: HashMap<u64, Option<u128>>,
    digest: Arc<Digest>,
    reserved: MemoryReservation,
}

/// Which rows are let go.
struct Unchanged {
    /// Batch by batch, those that say nothing new.
    rows: Vec<BooleanBuffer>,
    /// The hashes of the keys of all others.
    changed: HashSet<u64>,
}

impl Open {
    /// None when there is not the memory to know them.
    pub(super) async fn of(stored: &Stored<'_>, validity: &Validity) -> Result<Option<Self>> {
        let merge = stored.merge;
        let runtime = merge.session.shared().runtime_env();
        let reserved = MemoryConsumer::new("merge: open versions").register(&runtime.memory_pool);
        let tasks = merge.session.state().config().target_partitions();
        let digest = Arc::new(Digest::new(merge.columns.target(), &merge.key, &validity.compare, tasks)?);
        let mut open = Self { says: HashMap::new(), digest, reserved };
        let said = open.digest.names.iter().map(ident);
        let plan = LogicalPlanBuilder::scan("stored", provider_as_source(stored.scan.provider()), None)
            .and_then(|rows| rows.filter(ident(&validity.to).is_null()))
            .and_then(|rows| rows.project(said))
            .and_then(LogicalPlanBuilder::build)
            .map_err(execute::error)?;
        let rows = execute::stream(&merge.session, plan).await?;
        let mut hashes = pin!(open.digest.of_all(rows));
        while let Some(hashes) = hashes.try_next().await? {
            let entries = open.says.len() + hashes.len();
            if open.reserved.try_resize(entries.next_power_of_two() * ENTRY_BYTES).is_err() {
                return Ok(None);
            }
            for (key, says) in hashes {
                open.says.entry(key).and_modify(|one| *one = None).or_insert(Some(says));
            }
        }
        Ok(Some(open))
    }

    /// Which rows are let go; `None` when there is not the memory to tell.
    async fn unchanged(&self, new: &Scratch) -> Result<Option<Unchanged>> {
        let more = self.reserved.new_empty();
        let mut unchanged = Unchanged { rows: Vec::new(), changed: HashSet::new() };
        let mut hashes = pin!(self.digest.of_all(new.stream()?));
        while let Some(hashes) = hashes.try_next().await? {
            let same = hashes.iter().map(|(key, says)| self.says.get(key).copied().flatten() == Some(*says));
            let same: BooleanBuffer = same.collect();
            if more.try_resize((unchanged.changed.len() + hashes.len()).next_power_of_two() * KEY_BYTES).is_err() {
                return Ok(None);
            }
            let changed = hashes.iter().zip(&same).filter(|(_, same)| !same).map(|((key, _), _)| *key);
            unchanged.changed.extend(changed);
            unchanged.rows.push(same);
        }
        Ok(Some(unchanged))
    }

    /// The rows that may say something new, in the order in which they came.
    pub(super) async fn changed<'a>(&'a self, new: &'a Scratch) -> Result<BoxStream<'a, Result<RecordBatch>>> {
        let rows = new.stream()?.map_err(execute::error);
        let Some(Unchanged { rows: same, changed }) = self.unchanged(new).await? else { return Ok(rows.boxed()) };
        let left = rows.zip(stream::iter(same)).map(move |(batch, same)| {
            let batch = batch?;
            let keys = self.digest.keys(&batch)?;
            let stays: BooleanArray = same.iter().zip(keys).map(|(same, key)| Some(!same || changed.contains(&key))).collect();
            filter_record_batch(&batch, &stays).map_err(defect)
        });
        Ok(left.boxed())
    }
}

/// What rows are known by.
struct Digest {
    /// The columns of the key, then those that are compared.
    names: Vec<String>,
    types: Vec<DataType>,
    key: usize,
    says: Comparable,
    key_state: KeyState,
    states: [RandomState; 2],
    /// How many batches are hashed at the same time.
    tasks: usize,
}

impl Digest {
    fn new(target: &Schema, key: &[String], compare: &[String], tasks: usize) -> Result<Self> {
        let names: Vec<String> = key.iter().chain(compare).cloned().collect();
        let data_type = |name: &String| target.field_with_name(name).map(|field| field.data_type().clone()).map_err(defect);
        let types = names.iter().map(data_type).collect::<Result<_>>()?;
        let says = Comparable::new(target, &names)?;
        Ok(Self { names, types, key: key.len(), says, key_state: KeyState::default(), states: Default::default(), tasks: tasks.max(1) })
    }

    /// The hashes of batches, in their order.
    fn of_all(self: &Arc<Self>, rows: SendableRecordBatchStream) -> impl Stream<Item = Result<Vec<(u64, u128)>>> + use<> {
        let digest = Arc::clone(self);
        let hashed = rows.map(move |batch| {
            let digest = Arc::clone(&digest);
            async move {
                let batch = batch.map_err(execute::error)?;
                SpawnedTask::spawn(async move { digest.of(&batch) }).join().await.map_err(defect)?
            }
        });
        hashed.buffered(self.tasks)
    }

    /// Of each row the hash of its key and of all that it says.
    fn of(&self, batch: &RecordBatch) -> Result<Vec<(u64, u128)>> {
        let batch = self.shaped(batch)?;
        let rows = self.says.of(&batch)?;
        let says = rows.iter().map(|row| {
            let [high, low] = self.states.each_ref().map(|state| u128::from(state.hash_one(row.as_ref())));
            high << 64 | low
        });
        Ok(self.hashes(&batch)?.into_iter().zip(says).collect())
    }

    fn keys(&self, batch: &RecordBatch) -> Result<Vec<u64>> {
        self.hashes(&self.shaped(batch)?)
    }

    fn hashes(&self, shaped: &RecordBatch) -> Result<Vec<u64>> {
        repeated::hashes(&self.key_state, &(0..self.key).collect::<Vec<_>>(), shaped)
    }

    /// Those columns, of the types that the table will have.
    fn shaped(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let schema = batch.schema();
        let columns = self.names.iter().zip(&self.types).map(|(name, to)| {
            let at = columns::position(&schema, name).ok_or_else(|| defect("a column that is compared"))?;
            Ok((name, cast(batch.column(at), to).map_err(defect)?))
        });
        RecordBatch::try_from_iter(columns.collect::<Result<Vec<_>>>()?).map_err(defect)
    }
}

fn defect(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(Code::Internal, "versions could not be told apart").with_source(error)
}
