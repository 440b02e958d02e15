//! The strategies that take rows out, killed at any instant: the table is as before the run or as after it.
//!
//! `RAT_KILLS` says how many runs of each strategy are killed.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rat_core::{Lake, QueryOptions, RunOptions};

use super::{Killer, telling};

const LAKE: &str = "RAT_KILLED_LAKE";
const ROWS: &str = "RAT_KILLED_ROWS";

/// A row by its key and value, and whether it is a version that has ended.
type Row = (usize, usize, bool);

#[expect(clippy::disallowed_methods, reason = "how a parent process tells its child what to do")]
pub fn told(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// What the child process does: one run. Without the variables there is nothing to do.
#[tokio::test(flavor = "multi_thread")]
async fn child() {
    let (Some(path), Some(rows)) = (told(LAKE), told(ROWS)) else { return };
    let lake = Lake::open(&path).await.unwrap();
    lake.run("silver.t", &RunOptions { on_event: telling(), ..with(&rows) }).await.unwrap().into_result().unwrap();
}

fn with(rows: &str) -> RunOptions {
    RunOptions { vars: [("rows".to_owned(), rows.into())].into(), ..RunOptions::default() }
}

fn sql(batch: &[(usize, usize)]) -> String {
    batch.iter().map(|(id, v)| format!("({id}, {v})")).collect::<Vec<_>>().join(", ")
}

fn merged(strategy: &str, table: &[Row], batch: &[(usize, usize)]) -> Vec<Row> {
    let is_new = |id: usize| batch.iter().any(|(new, _)| *new == id);
    let kept = table.iter().filter(|(id, ..)| strategy == "scd2" || !is_new(*id));
    let kept = kept.map(|(id, v, ended)| (*id, *v, *ended || is_new(*id)));
    let mut rows: Vec<Row> = kept.chain(batch.iter().map(|(id, v)| (*id, *v, false))).collect();
    rows.sort_unstable();
    rows
}

async fn rows(root: &Path, ended: &str) -> Vec<Row> {
    let lake = Lake::open(&root.to_string_lossy()).await.unwrap();
    let sql = format!("select id, v, {ended} as ended from silver.t order by 1, 2, 3");
    let result = lake.query(&sql, &QueryOptions::default()).await.unwrap();
    let mut rows = Vec::new();
    for batch in &result.batches {
        let text = |column: usize, row| arrow::util::display::array_value_to_string(batch.column(column), row).unwrap();
        rows.extend(
            (0..batch.num_rows()).map(|row| (text(0, row).parse().unwrap(), text(1, row).parse().unwrap(), text(2, row) == "true")),
        );
    }
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_run_of_any_strategy_leaves_the_old_rows_or_the_new() {
    let kills: usize = told("RAT_KILLS").map_or(5, |kills| kills.parse().unwrap());
    let strategies =
        [("incremental", "unique_key"), ("delete_insert", "unique_key"), ("snapshot", "partition_column"), ("scd2", "unique_key")];
    let mut killer = Killer::new(7);
    for (strategy, key) in strategies {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let pipeline = root.join("default/pipelines/silver/t");
        fs::create_dir_all(&pipeline).unwrap();
        let text = format!("-- @merge_strategy: {strategy}\n-- @{key}: id\nselect * from (values {{{{ var('rows') }}}}) as t(id, v)\n");
        fs::write(pipeline.join("pipeline.sql"), text).unwrap();
        let first: Vec<(usize, usize)> = (0..20).map(|id| (id, 0)).collect();
        {
            let lake = Lake::open(&root.to_string_lossy()).await.unwrap();
            lake.run("silver.t", &with(&sql(&first))).await.unwrap().into_result().unwrap();
        }
        let ended = if strategy == "scd2" { "valid_to is not null" } else { "false" };
        let mut table = merged(strategy, &[], &first);
        for n in 1..=kills {
            let batch: Vec<(usize, usize)> = (0..6).map(|i| ((n * 5 + i * 3) % 23, n)).collect();
            let told = [(LAKE, &*root.to_string_lossy()), (ROWS, &sql(&batch))];
            killer.kill("crash::strategies::child", &told, Duration::from_millis(200));
            killer.settled(&Lake::open(&root.to_string_lossy()).await.unwrap());
            let found = rows(root, ended).await;
            let after = merged(strategy, &table, &batch);
            assert!(found == table || found == after, "{strategy}, kill {n}: {found:?}");
            table = found;
        }
        let lake = Lake::open(&root.to_string_lossy()).await.unwrap();
        lake.run("silver.t", &with("(3, 900), (99, 900)")).await.unwrap().into_result().unwrap();
        drop(lake);
        assert_eq!(rows(root, ended).await, merged(strategy, &table, &[(3, 900), (99, 900)]), "{strategy}: the next run is none the wiser");
    }
    killer.assert_hit();
}
