//! The engine, set up: strict, bounded, without files, with Python's methods.

use std::sync::Arc;

use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior};

use super::functions::Scope;
use super::render::EmptyWatermark;

/// Steps a template may take. A step is an instruction, or 64 bytes made; ten thousand turns of an ordinary loop fit many times.
pub(super) const STEPS: u64 = 1_000_000;
/// The longest SQL a template may print.
pub(super) const MAX_SQL_BYTES: usize = 16 << 20;
/// How deep macros may call each other, in frames of the engine: about forty calls.
const DEPTH: usize = 200;
/// The stack a rendering has. The engine's parser and its nested values recurse; the pages are only touched when they do.
const STACK_BYTES: usize = 64 << 20;

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
pub(super) fn with_stack<T>(work: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(STACK_BYTES / 2, STACK_BYTES, work)
}

/// The outermost scope as the engine takes it.
pub(super) fn root(scope: &Arc<Scope>) -> Value {
    Value::from_dyn_object(Arc::clone(scope))
}
