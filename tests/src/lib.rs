//! Every Rust test of rat, in one binary: each binary links DataFusion, and two cores build it.
#![cfg(test)]

mod check;
mod config;
mod crash;
mod dialect;
mod errors;
mod eventually;
mod files;
mod floors;
mod graph;
mod lake;
mod landing;
mod ledger;
mod maintain;
mod merge;
mod plan;
mod projects;
mod quality;
mod query;
mod run;
mod scan;
mod scenarios;
mod snapshot;
mod storage;
mod tables;
mod template;
