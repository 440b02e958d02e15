//! Node bindings of rat: convert in, one call, convert out. What is decided is decided in `rat-core`.
#![cfg_attr(test, allow(dead_code, reason = "functions are registered in the library only, never in a test target"))]

mod arguments;
mod arrow;
mod bridge;
mod error;
mod events;
mod graph;
mod handle;
mod lake;
mod landing;
mod namespaces;
mod params;
mod query;
mod report;
mod runs;
mod tables;
mod value;
