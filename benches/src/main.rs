//! What rat costs, beside a named reference.
//!
//! `cargo run --release -p benches` runs everything and prints one table; names after `--` choose, and of those
//! the rows whose name holds `RAT_BENCH_ROWS`. Each row is measured as interleaved pairs
//! (ours, the reference, ours, ...), so that a machine that changes speed changes both sides; the medians and the ratio of each pair's times
//! are what is reported. A row without a reference has only our figures.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a program that prints figures, and stops when it cannot"
)]

mod check;
mod lake;
mod measure;
mod merge;
mod scan;

use measure::Bench;

fn main() {
    let chosen: Vec<String> = std::env::args().skip(1).collect();
    if let [first, folder] = chosen.as_slice()
        && first == check::COLD
    {
        return check::cold(std::path::Path::new(folder));
    }
    if let [first, folder, changes] = chosen.as_slice()
        && first == merge::ONCE
    {
        return merge::once(folder, changes);
    }
    let benches = [
        ("lake", lake::run as fn(&mut Bench)),
        ("check", check::run),
        ("scan", scan::run),
        ("merge", merge::run),
        ("merge-history", merge::history::run),
        ("merge-small-pool", merge::small::run),
    ];
    #[expect(clippy::disallowed_methods, reason = "which rows are measured is the caller's wish, as the names are")]
    let only = std::env::var("RAT_BENCH_ROWS").ok();
    let mut bench = Bench::of(only);
    for (name, run) in benches {
        if chosen.is_empty() || chosen.iter().any(|c| name.contains(c.as_str())) {
            eprintln!("{name} ...");
            run(&mut bench);
        }
    }
    println!("{}", bench.table());
}
