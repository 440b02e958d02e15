//! The lakehouse pipeline engine that lives inside your program.

pub mod clock;
pub mod error;
pub mod ids;
pub mod name;
