//! Processes killed at any instant: the table is the old or the new one, and a landed file is in it once.

mod strategies;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rat_core::{Lake, QueryOptions, RunOptions, RunStatus};

const LAKE: &str = "RAT_CRASH_LAKE";
const ROWS: usize = 50;

/// What the child process does: one run. As a test of its own, without the variable, it has nothing to do.
#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "how a parent process tells its child what to do")]
async fn child() {
    let Ok(path) = std::env::var(LAKE) else { return };
    let lake = Lake::open(&path).await.unwrap();
    lake.run("bronze.arrivals", &RunOptions::default()).await.unwrap().into_result().unwrap();
}

async fn count(lake: &Lake, sql: &str) -> i64 {
    let result = lake.query(sql, &QueryOptions::default()).await.unwrap();
    let column = result.batches[0].column(0);
    arrow::util::display::array_value_to_string(column, 0).unwrap().parse().unwrap()
}

fn land(root: &Path, n: usize) {
    let rows: String = (0..ROWS).map(|row| format!("{n},{row}\n")).collect();
    fs::write(root.join(format!("default/landing/arrivals/{n:03}.csv")), format!("file,row\n{rows}")).unwrap();
}

/// Instants are drawn from a fixed sequence; where they fall within a run is the machine's business.
#[tokio::test(flavor = "multi_thread")]
async fn runs_killed_at_random_instants_lose_and_double_nothing() {
    const KILLS: usize = 100;
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let pipeline = root.join("default/pipelines/bronze/arrivals");
    fs::create_dir_all(&pipeline).unwrap();
    fs::create_dir_all(root.join("default/landing/arrivals")).unwrap();
    let sql = "-- @merge_strategy: append_only\n-- @archive_landing_zones: true\nselect file, row from read_csv('{{ landing_zone(\"arrivals\") }}')\n";
    fs::write(pipeline.join("pipeline.sql"), sql).unwrap();

    let mut seed: u64 = 42;
    let mut published = 0;
    for n in 0..KILLS {
        land(root, n);
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::child"])
            .env(LAKE, root)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_millis(20 + (seed >> 33) % 260));
        let _ = child.kill();
        child.wait().unwrap();

        // Whoever opens the lake next finds it old or new, and settles what was under way.
        let lake = Lake::open(&root.to_string_lossy()).await.unwrap();
        let rows = match lake.tables().list().await.unwrap().is_empty() {
            true => 0,
            false => count(&lake, "select count(*) from bronze.arrivals").await,
        };
        assert!(rows >= published, "rows that readers saw are gone: {rows} after {published}");
        assert_eq!(rows % ROWS as i64, 0, "half a file is in the table");
        published = rows;
        let running = lake.runs().list(&Default::default()).unwrap().runs.iter().filter(|run| run.status == RunStatus::Running).count();
        assert_eq!(running, 0, "every run whose process is gone is settled");
    }
    let lake = Lake::open(&root.to_string_lossy()).await.unwrap();
    land(root, KILLS);
    lake.run("bronze.arrivals", &RunOptions::default()).await.unwrap().into_result().unwrap();
    assert_eq!(count(&lake, "select count(*) from bronze.arrivals").await, ((KILLS + 1) * ROWS) as i64);
    assert_eq!(count(&lake, "select count(*) from (select distinct file, row from bronze.arrivals) t").await, ((KILLS + 1) * ROWS) as i64);
    let left: Vec<_> = fs::read_dir(root.join("default/landing/arrivals")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["_processed"], "every consumed file is moved away");
}
