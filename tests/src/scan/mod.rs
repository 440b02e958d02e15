//! Tests of scan.

mod blooms;
mod columns;
mod damage;
mod deletes;
pub mod interop;
pub mod lake;
mod plans;
mod pruning;
mod statistics;
mod versions;
