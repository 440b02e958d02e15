//! What was read from files that never change, within a budget of bytes.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

#[derive(Debug)]
pub(super) struct Cache<V> {
    budget: usize,
    state: Mutex<State<V>>,
}

#[derive(Debug)]
struct State<V> {
    held: HashMap<String, Held<V>>,
    bytes: usize,
    tick: u64,
}

#[derive(Debug)]
struct Held<V> {
    value: Arc<V>,
    bytes: usize,
    used: u64,
}

impl<V> Cache<V> {
    pub(super) fn new(budget: usize) -> Self {
        Self { budget, state: Mutex::new(State { held: HashMap::new(), bytes: 0, tick: 0 }) }
    }

    pub(super) fn get(&self, path: &str) -> Option<Arc<V>> {
        let mut state = self.state.lock();
        state.tick += 1;
        let tick = state.tick;
        let held = state.held.get_mut(path)?;
        held.used = tick;
        Some(Arc::clone(&held.value))
    }

    /// What does not fit at all is not kept; what was used longest ago makes room.
    pub(super) fn put(&self, path: &str, value: &Arc<V>, bytes: usize) {
        if bytes > self.budget {
            return;
        }
        let mut state = self.state.lock();
        state.tick += 1;
        let held = Held { value: Arc::clone(value), bytes, used: state.tick };
        if let Some(before) = state.held.insert(path.to_owned(), held) {
            state.bytes -= before.bytes;
        }
        state.bytes += bytes;
        while state.bytes > self.budget {
            let Some(oldest) = state.held.iter().min_by_key(|(_, held)| held.used).map(|(path, _)| path.clone()) else { return };
            if let Some(gone) = state.held.remove(&oldest) {
                state.bytes -= gone.bytes;
            }
        }
    }
}
