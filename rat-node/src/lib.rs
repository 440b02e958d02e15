//! Node bindings of rat: convert in, one call, convert out. What is decided is decided in `rat-core`.

mod arrow;
mod bridge;
mod error;
mod lake;
