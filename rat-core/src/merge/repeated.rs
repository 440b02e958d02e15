//! Which of the new rows can share their key with another one, told by hashes: rows of different hashes have different keys. Most queries
//! give each key once, and then nothing has to be sorted to find that out.

use arrow::array::{ArrayRef, BooleanArray};
use arrow::compute::filter_record_batch;
use arrow::record_batch::RecordBatch;
use datafusion::common::hash_utils::{RandomState, create_hashes};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};

use crate::error::{Code, Error, Result};
use crate::session::Session;
use crate::tables::normal;

/// Beyond so many rows the hashes take more memory than they are worth.
const ROWS: usize = 32 << 20;

/// The hashes of the keys of rows as they pass.
pub(super) struct KeyHashes {
    key: Vec<usize>,
    state: RandomState,
    /// None when there were too many.
    hashes: Option<Vec<u64>>,
    reserved: MemoryReservation,
}

/// The hashes that more than one row has.
pub(super) struct Repeated {
    key: Vec<usize>,
    state: RandomState,
    /// In order.
    hashes: Vec<u64>,
    _reserved: MemoryReservation,
}

impl KeyHashes {
    pub(super) fn new(session: &Session, key: Vec<usize>) -> Self {
        let reserved = MemoryConsumer::new("merge: hashes of keys").register(&session.state().runtime_env().memory_pool);
        Self { key, state: RandomState::default(), hashes: Some(Vec::new()), reserved }
    }

    pub(super) fn look(&mut self, batch: &RecordBatch) -> Result<()> {
        let Some(known) = &mut self.hashes else { return Ok(()) };
        let all = known.len() + batch.num_rows();
        let room = all.next_power_of_two();
        if all > ROWS || self.reserved.try_resize(room * size_of::<u64>()).is_err() {
            self.hashes = None;
            self.reserved.free();
            return Ok(());
        }
        known.reserve_exact(room - known.len());
        known.extend(hashes(&self.state, &self.key, batch)?);
        Ok(())
    }

    /// The hashes that occur more than once; `None` when that is not known.
    pub(super) fn repeated(self) -> Option<Repeated> {
        let mut hashes = self.hashes?;
        hashes.sort_unstable();
        let mut repeated: Vec<u64> = hashes.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
        repeated.dedup();
        drop(hashes);
        self.reserved.shrink(self.reserved.size().saturating_sub(repeated.len() * size_of::<u64>()));
        Some(Repeated { key: self.key, state: self.state, hashes: repeated, _reserved: self.reserved })
    }
}

impl Repeated {
    pub(super) fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// The rows of which the hash is one of these, or, with `repeated` false, the others.
    pub(super) fn only(&self, batch: &RecordBatch, repeated: bool) -> Result<RecordBatch> {
        let hashes = hashes(&self.state, &self.key, batch)?;
        let wanted: BooleanArray = hashes.iter().map(|hash| Some(self.hashes.binary_search(hash).is_ok() == repeated)).collect();
        filter_record_batch(batch, &wanted).map_err(defect)
    }
}

// Equal keys have equal hashes: -0.0 is 0.0, and one NaN every other.
pub(super) fn hashes(state: &RandomState, key: &[usize], batch: &RecordBatch) -> Result<Vec<u64>> {
    let columns: Vec<ArrayRef> = key.iter().map(|index| normal(batch.column(*index))).collect();
    let mut hashes = vec![0; batch.num_rows()];
    create_hashes(&columns, state, &mut hashes).map_err(defect)?;
    Ok(hashes)
}

fn defect(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(Code::Internal, "keys could not be hashed").with_source(error)
}
