//! Tests of storage: the contract that every store keeps, what only a disk has, and what failures are called.

mod contract;
mod failures;
mod local;
mod urls;
