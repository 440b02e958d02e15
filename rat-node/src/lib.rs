//! Node bindings of rat: convert in, one call, convert out. What is decided is decided in `rat-core`.
#![cfg_attr(test, allow(dead_code, reason = "functions are registered in the library only, never in a test target"))]

mod arrow;
mod bridge;
mod error;
mod lake;
