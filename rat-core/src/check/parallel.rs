//! Work on all cores, on stacks deep enough for any query.

use std::collections::VecDeque;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use parking_lot::{Condvar, Mutex};

/// What a query of the deepest allowed nesting needs, twice.
const STACK_BYTES: usize = 128 << 20;

/// Does every item; none depends on another.
pub(super) fn each<T: Send + Sync>(items: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    ordered(&vec![Vec::new(); items], |i, _| work(i))
}

/// Does every item after those it depends on, which it sees done. Dependencies have no circle.
pub(super) fn ordered<T: Send + Sync>(dependencies: &[Vec<usize>], work: impl Fn(usize, &[OnceLock<T>]) -> T + Sync) -> Vec<T> {
    let items = dependencies.len();
    let mut dependants = vec![Vec::new(); items];
    for (item, needs) in dependencies.iter().enumerate() {
        needs.iter().for_each(|need| dependants[*need].push(item));
    }
    let waiting: Vec<AtomicUsize> = dependencies.iter().map(|needs| AtomicUsize::new(needs.len())).collect();
    let ready: VecDeque<usize> = (0..items).filter(|item| dependencies[*item].is_empty()).collect();
    let queue = Mutex::new((ready, items));
    let more = Condvar::new();
    let done: Vec<OnceLock<T>> = (0..items).map(|_| OnceLock::new()).collect();

    let worker = || {
        loop {
            let item = {
                let mut state = queue.lock();
                loop {
                    match state.0.pop_front() {
                        Some(item) => break item,
                        None if state.1 == 0 => return,
                        None => more.wait(&mut state),
                    }
                }
            };
            let result = work(item, &done);
            let _ = done[item].set(result);
            let next: Vec<usize> = dependants[item].iter().copied().filter(|d| waiting[*d].fetch_sub(1, Ordering::AcqRel) == 1).collect();
            let mut state = queue.lock();
            state.0.extend(&next);
            state.1 -= 1;
            if next.len() > 1 || state.1 == 0 {
                more.notify_all();
            } else if next.len() == 1 {
                more.notify_one();
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from).min(items.max(1));
    thread::scope(|scope| {
        for _ in 0..threads {
            let spawned = thread::Builder::new().stack_size(STACK_BYTES).name("rat-check".to_owned()).spawn_scoped(scope, worker);
            // Without a thread to spare the work is done here.
            if spawned.is_err() {
                worker();
            }
        }
    });
    done.into_iter().map(|result| result.into_inner().expect("every item was done, as dependencies have no circle")).collect()
}
