//! Tests of scan.

mod columns;
mod damage;
mod deletes;
mod interop;
mod lake;
mod plans;
mod pruning;
mod statistics;
