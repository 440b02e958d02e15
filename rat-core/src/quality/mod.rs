//! Quality tests: queries for rows that should not be there, and the built-in tests that need no query.
//!
//! Runs on whatever tables it is handed; whether they are staged or published is not known here, nor what a failure leads to.
//!
//! Entry points: [`TestResult`].

mod result;

pub use result::{TestResult, TestStatus};
