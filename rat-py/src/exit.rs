//! rat's threads at the end of Python: none of them may touch an interpreter that is no longer there.
//!
//! Python waits for threads of its own, and does not know of rat's: one that asks for the GIL too late crashes the process. A daemon thread
//! is torn out of its frames when it asks for the GIL then, which Rust's frames do not survive. So who has the GIL inside rat is written
//! down, the end waits for them, and who comes later waits for ever, without it.

use std::thread::{self, ThreadId};

use parking_lot::{Condvar, Mutex};
use pyo3::prelude::*;
use rat_core::Stop;

use crate::bridge::{ENDING, is_here};

struct State {
    /// The threads that have the GIL inside rat, each as often as it came in.
    inside: Vec<ThreadId>,
    /// What is written down when it ends, by number.
    under_way: Vec<(u64, Stop)>,
    /// The number that was given last.
    last: u64,
    /// The thread that ends Python, once nobody else may have the GIL.
    ended_by: Option<ThreadId>,
}

static STATE: Mutex<State> = Mutex::new(State { inside: Vec::new(), under_way: Vec::new(), last: 0, ended_by: None });
/// Rings when somebody has left or a run has ended.
static BELL: Condvar = Condvar::new();

impl State {
    fn is_ended_for(&self, thread: ThreadId) -> bool {
        self.ended_by.is_some_and(|by| by != thread)
    }
}

/// Has [`end`] called before Python ends.
pub fn register(py: Python<'_>) -> PyResult<()> {
    py.import("atexit")?.call_method1("register", (wrap_pyfunction!(end, py)?,)).map(drop)
}

/// Ends the runs under way, so that they are written down, and shuts Python to rat's threads.
#[pyfunction]
fn end(py: Python<'_>) {
    // A fork has none of them.
    if !is_here() {
        return;
    }
    py.detach(|| {
        let this = thread::current().id();
        let mut state = STATE.lock();
        state.under_way.iter().for_each(|(_, stop)| stop.ask());
        BELL.wait_while_for(&mut state, |state| !state.under_way.is_empty(), ENDING);
        BELL.wait_while_for(&mut state, |state| state.inside.iter().any(|thread| *thread != this), ENDING);
        state.ended_by = Some(this);
    });
}

/// A thread that has the GIL inside rat, or is about to take it.
pub struct Inside(());

impl Drop for Inside {
    fn drop(&mut self) {
        let this = thread::current().id();
        let mut state = STATE.lock();
        if let Some(at) = state.inside.iter().position(|thread| *thread == this) {
            state.inside.swap_remove(at);
        }
        BELL.notify_all();
    }
}

/// Comes in; `None` when Python has ended.
pub fn enter() -> Option<Inside> {
    let this = thread::current().id();
    let mut state = STATE.lock();
    if state.is_ended_for(this) {
        return None;
    }
    state.inside.push(this);
    Some(Inside(()))
}

/// Whether rat's threads may still tell Python anything.
pub fn is_ended() -> bool {
    STATE.lock().ended_by.is_some()
}

/// Takes the GIL for some work on a thread of rat's; `None` when Python has ended, which nobody is told then.
pub fn attach<T>(work: impl FnOnce(Python<'_>) -> T) -> Option<T> {
    let _inside = enter()?;
    Python::try_attach(work)
}

/// Lets go of the GIL during some work. Does not come back to a Python that has ended: the thread ends with the process.
pub fn detached<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> T {
    py.detach(|| {
        let this = thread::current().id();
        let here = {
            let mut state = STATE.lock();
            let before = state.inside.len();
            state.inside.retain(|thread| *thread != this);
            before - state.inside.len()
        };
        BELL.notify_all();
        let done = work();
        let mut state = STATE.lock();
        while state.is_ended_for(this) {
            BELL.wait(&mut state);
        }
        state.inside.extend(std::iter::repeat_n(this, here));
        drop(state);
        done
    })
}

/// A run that is under way until this is dropped: the end asks it to stop, and waits for what it writes down.
pub struct UnderWay(u64);

impl Drop for UnderWay {
    fn drop(&mut self) {
        STATE.lock().under_way.retain(|(number, _)| *number != self.0);
        BELL.notify_all();
    }
}

/// Begins to be under way.
pub fn under_way(stop: &Stop) -> UnderWay {
    let mut state = STATE.lock();
    state.last += 1;
    let number = state.last;
    state.under_way.push((number, stop.clone()));
    UnderWay(number)
}
