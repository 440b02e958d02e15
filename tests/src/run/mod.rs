//! One run: what it does to a table, what it says, and what is true after it was stopped anywhere.

mod handle;
pub mod harness;

mod amounts;
mod bounds;
mod builds;
mod columns;
mod faults;
mod inputs;
mod judged;
mod memory;
mod plans;
mod processes;
mod protocol;
mod refusals;
mod settings;
mod strategies;
mod tested;
mod together;
mod zones;
