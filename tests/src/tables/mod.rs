//! Tests of tables: catalogs, types, writing, staging, publishing; beside other writers, and on storage that fails.

mod catalog;
mod commits;
mod concurrency;
mod crash_free;
mod evolution;
pub mod faults;
mod layouts;
mod metrics;
mod opening;
pub mod support;
mod types;
mod views;
