//! Tests of scan.

mod columns;
mod deletes;
mod lake;
mod pruning;
mod statistics;
