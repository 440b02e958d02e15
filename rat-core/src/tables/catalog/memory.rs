//! A catalog that is gone with the process.

use std::collections::BTreeMap;

use async_trait::async_trait;
use parking_lot::Mutex;

use crate::error::Result;
use crate::name::Name;

use super::{Capabilities, Catalog, CommitFailure, Entry, Pointer, PointerChange};

/// Pointers in memory, for `memory://` lakes.
#[derive(Debug, Default)]
pub struct MemoryCatalog(Mutex<BTreeMap<Name, Pointer>>);

#[async_trait]
impl Catalog for MemoryCatalog {
    async fn load(&self, name: &Name) -> Result<Option<Pointer>> {
        Ok(self.0.lock().get(name).cloned())
    }

    async fn list(&self) -> Result<Vec<Entry>> {
        Ok(self.0.lock().iter().map(|(name, pointer)| Entry { name: name.clone(), kind: pointer.kind }).collect())
    }

    async fn commit(&self, changes: &[PointerChange]) -> Result<(), CommitFailure> {
        let mut pointers = self.0.lock();
        let mut moved = pointers.clone();
        for change in changes {
            if moved.get(&change.name) != change.from.as_ref() {
                return Err(CommitFailure::Conflict(change.name.clone()));
            }
            match &change.to {
                Some(to) => moved.insert(change.name.clone(), to.clone()),
                None => moved.remove(&change.name),
            };
        }
        *pointers = moved;
        Ok(())
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { atomic_across_tables: true, views: true }
    }
}
