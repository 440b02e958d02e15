//! Quality tests: queries for rows that should not be there, and the built-in tests that need no query.
//!
//! A [`Subject`] is a table under test, with everything its tests may read, as the caller hands it over; whether that is staged or published
//! is not known here, nor what a failure leads to. Built-in tests become SQL: those that judge rows, counts and ages share one scan, and
//! those of which the stored rows are known to pass share one of the new rows; uniqueness of many rows or of several columns groups, and
//! relationships join, each in a query of its own.
//!
//! Entry points: [`Subject::builtin`], [`Subject::query`] → [`TestResult`].

mod builtin;
mod result;
mod subject;

pub use builtin::{mark, name_of};
pub use result::{TestResult, TestStatus};
pub use subject::{SqlTest, Subject};
