//! Maintenance, and builds that publish all of their tables in one commit, killed at any instant: the rows are as they were, or all tables are
//! old, or all are new; and once they come to their end nothing is left over.
//!
//! `RAT_KILLS` says how many of each are killed.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rat_core::{BuildOptions, EventSink, Freshness, Lake, Publish, RunOptions};

use super::strategies::told;
use super::{BEGUN, ENDED, Killer, count, telling};
use crate::maintain::leftovers::{assert_no_leftovers, maintained};

const MAINTAINED: &str = "RAT_MAINTAINED_LAKE";
const BUILT: &str = "RAT_BUILT_LAKE";

async fn open(root: &Path) -> Lake {
    Lake::open(&root.to_string_lossy()).await.unwrap()
}

fn write(root: &Path, name: &str, sql: &str) {
    let folder = root.join("default/pipelines").join(name);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("pipeline.sql"), sql).unwrap();
}

fn kills() -> usize {
    told("RAT_KILLS").map_or(8, |kills| kills.parse().unwrap())
}

/// Maintains a lake, in a process that is killed.
#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "how a child process tells its parent")]
async fn maintainer() {
    let Some(root) = told(MAINTAINED) else { return };
    let lake = Lake::open(&root).await.unwrap();
    println!("\n{BEGUN}");
    maintained(&lake).await;
    println!("\n{ENDED}");
}

/// Builds a lake, in a process that is killed.
#[tokio::test(flavor = "multi_thread")]
async fn builder() {
    let Some(root) = told(BUILT) else { return };
    Lake::open(&root).await.unwrap().build(&together()).await.unwrap().into_result().unwrap();
}

fn together() -> BuildOptions {
    BuildOptions { publish: Publish::Together, freshness: Freshness::RunAll, on_event: EventSink(telling()), ..BuildOptions::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_maintenance_loses_no_row_and_the_next_leaves_nothing_over() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let sql = "-- @merge_strategy: incremental\n-- @unique_key: id\n-- @write_mode: merge_on_read\n\
               select id, {{ var('n') }} as n from range({{ var('from') }}, {{ var('to') }}) t(id)";
    write(root, "silver/t", sql);
    let mut killer = Killer::new(11);
    let mut n = 0;
    for _ in 0..kills() {
        {
            let lake = open(root).await;
            // New rows, and changed ones that leave files behind which are worth writing again.
            for (from, to) in [(n * 10, n * 10 + 10), (n * 10 + 10, n * 10 + 20), (n * 10, n * 10 + 4)] {
                n += 1;
                let vars = [("n", n), ("from", from), ("to", to)].map(|(key, value)| (key.to_owned(), value.to_string().into()));
                lake.run("silver.t", &RunOptions { vars: vars.into(), ..RunOptions::default() }).await.unwrap().into_result().unwrap();
            }
        }
        let all = "select sum(id * 1000 + n)::bigint + count(*) from silver.t";
        let before = count(&open(root).await, all).await;
        killer.kill("crash::together::maintainer", &[(MAINTAINED, &root.to_string_lossy())], Duration::from_millis(120));
        let lake = open(root).await;
        assert_eq!(count(&lake, all).await, before, "maintenance that was killed changed a row");
        assert_eq!(count(&lake, "select count(*) - count(distinct id) from silver.t").await, 0);
    }
    killer.assert_under_way();
    maintained(&open(root).await).await;
    assert_no_leftovers(root, &["silver.t"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_publishes_together_and_is_killed_leaves_all_tables_old_or_all_new() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, "bronze/a", "-- @merge_strategy: append_only\nselect 1 as id");
    write(root, "silver/b", "select id + 1 as id from {{ ref('bronze.a') }}");
    write(root, "gold/g", "-- @merge_strategy: snapshot\n-- @partition_column: k\nselect 1 as k, count(*) as n from {{ ref('silver.b') }}");
    open(root).await.build(&together()).await.unwrap().into_result().unwrap();
    let mut killer = Killer::new(12);
    let mut before = 1;
    for _ in 0..kills() {
        killer.kill("crash::together::builder", &[(BUILT, &root.to_string_lossy())], Duration::from_millis(250));
        let lake = open(root).await;
        killer.settled(&lake);
        let counts = [
            count(&lake, "select count(*) from bronze.a").await,
            count(&lake, "select count(*) from silver.b").await,
            count(&lake, "select n from gold.g").await,
        ];
        assert!(
            counts == [before; 3] || counts == [before + 1; 3],
            "of three tables some are old and some are new: {counts:?} after {before}"
        );
        before = counts[0];
    }
    let lake = open(root).await;
    lake.build(&together()).await.unwrap().into_result().unwrap();
    assert_eq!(count(&lake, "select n from gold.g").await, before + 1, "the next build is none the wiser");
    maintained(&lake).await;
    assert_no_leftovers(root, &["bronze.a", "silver.b", "gold.g"]).await;
}
