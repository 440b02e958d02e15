//! The engine, set up: strict, bounded, without files, with Python's methods.

use std::sync::Arc;

use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior};
use minijinja_contrib::{filters, globals};

use super::functions::Scope;
use super::render::EmptyWatermark;

/// Steps a template may take. A step is an instruction, or 64 bytes made; ten thousand turns of an ordinary loop fit many times.
pub(super) const STEPS: u64 = 1_000_000;
/// Steps of a template that can nest values step by step, see [`Room::has_namespace`].
pub(super) const NESTING_STEPS: u64 = 200_000;
/// The longest SQL a template may print.
pub(super) const MAX_SQL_BYTES: usize = 16 << 20;
/// How deep macros may call each other, in frames of the engine: about forty calls.
const DEPTH: usize = 200;

/// Operators that one expression may chain, and branches that one template may have: each nests the tree once more.
pub(super) const MAX_LINKS: usize = 10_000;

/// How much stack a rendering needs at most. The engine recurses: where a text nests, up to a limit of its own; along chains of operators;
/// where macros call each other; and along nested values. Values nest as deep as the text, but for `namespace`: with it, each step can nest
/// the last value once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    /// As counted in the text, at most [`MAX_LINKS`].
    pub links: usize,
    pub has_namespace: bool,
}

impl Room {
    fn bytes(self) -> usize {
        // Measured for each shape, and doubled.
        let (base, link, step) = if cfg!(debug_assertions) { (4 << 20, 8 << 10, 3500) } else { (512 << 10, 4 << 10, 800) };
        base + link * self.links + if self.has_namespace { step * NESTING_STEPS as usize } else { 0 }
    }
}

/// An engine that holds the given modules.
pub(super) fn environment(modules: impl IntoIterator<Item = (String, String)>, steps: u64) -> (Environment<'static>, Vec<(String, Error)>) {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_auto_escape_callback(|_| AutoEscape::None);
    engine.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    engine.set_fuel(Some(steps));
    engine.set_recursion_limit(DEPTH);
    engine.set_debug(false);
    // It prints the insides of the engine.
    engine.remove_global("debug");
    for (name, global) in [("cycler", Value::from_function(globals::cycler)), ("joiner", Value::from_function(globals::joiner))] {
        engine.add_global(name, global);
    }
    engine.add_filter("wordcount", wordcount);
    engine.add_filter("truncate", filters::truncate);
    engine.add_filter("pluralize", filters::pluralize);
    engine.add_test("none", |value: &Value| value.is_none() || value.downcast_object_ref::<EmptyWatermark>().is_some());
    let mut errors = Vec::new();
    for (name, text) in modules {
        if let Err(error) = engine.add_template_owned(name.clone(), text) {
            errors.push((name, error));
        }
    }
    (engine, errors)
}

/// Does work that may recurse deeply, on a stack that is large enough.
pub(super) fn with_stack<T>(room: Room, work: impl FnOnce() -> T) -> T {
    // What is left of a thread's own stack is mostly enough; where it is not, what is done inside must find room again.
    stacker::maybe_grow(room.bytes(), room.bytes() + (1 << 20), work)
}

/// The outermost scope as the engine takes it.
pub(super) fn root(scope: &Arc<Scope>) -> Value {
    Value::from_dyn_object(Arc::clone(scope))
}

/// Words as Jinja counts them: runs of letters, digits and `_`.
fn wordcount(text: &str) -> usize {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).count()
}
