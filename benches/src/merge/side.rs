//! An engine in turns with another one, each time upon the table as it was before.

use super::engine::{Engine, Step};
use super::restore::Kept;
use crate::measure::{self, Bench};

/// An engine, its table as it was before the step, and the most that a step of it took.
pub struct Side<'a> {
    engine: &'a Engine,
    changes: &'a str,
    kept: Kept,
    peak_mb: u64,
    written: u64,
}

impl<'a> Side<'a> {
    /// Does the step once, uncounted, and has what became of the table looked at.
    pub fn new(engine: &'a Engine, changes: &'a str, check: impl FnOnce()) -> Self {
        let mut kept = Kept::of(engine.folder());
        engine.step(changes);
        check();
        kept.restore();
        Self { engine, changes, kept, peak_mb: 0, written: 0 }
    }

    pub fn step(&mut self) -> Step {
        let step = self.engine.step(self.changes);
        self.peak_mb = self.peak_mb.max(step.peak_mb);
        self.written = self.written.max(self.kept.written());
        self.kept.restore();
        step
    }

    pub fn said(&self) -> String {
        format!("{} MB peak, {:.2} MB written", self.peak_mb, self.written as f64 / 1e6)
    }
}

/// A row of our side alone.
pub fn alone(bench: &mut Bench, what: &str, goal: &str, runs: usize, ours: &mut Side<'_>) {
    let times = (0..runs).map(|_| ours.step().whole).collect();
    bench.record(what, goal, times);
    bench.note(format!("whole process; {}", ours.said()));
}

/// A row of both sides, in turns; `peer` is the other one's name.
pub fn pairs(bench: &mut Bench, what: &str, goal: &str, pairs: usize, ours: &mut Side<'_>, peer: &str, theirs: &mut Side<'_>) {
    let (our_steps, their_steps): (Vec<Step>, Vec<Step>) = (0..pairs).map(|_| (ours.step(), theirs.step())).unzip();
    let wholes = |steps: &[Step]| steps.iter().map(|step| step.whole).collect::<Vec<_>>();
    bench.record_pair(what, goal, peer, wholes(&our_steps), wholes(&their_steps));
    bench.note(format!(
        "whole processes; without their start and imports {:.2}; rat {}; {peer} {}",
        measure::ratio(our_steps.iter().zip(&their_steps).map(|(a, b)| (a.inner, b.inner))),
        ours.said(),
        theirs.said()
    ));
}
