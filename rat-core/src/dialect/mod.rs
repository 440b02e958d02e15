//! dialect

mod read;

pub use read::{OptionValue, Problem, ReadCall, ReadFunction};
