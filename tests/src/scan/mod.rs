//! Tests of scan.

mod columns;
mod deletes;
mod interop;
mod lake;
mod pruning;
mod statistics;
