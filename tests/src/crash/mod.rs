//! Processes killed at any instant: the table is the old or the new one, and a landed file is in it once.

mod strategies;
mod together;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rat_core::interop::run::{Event, OnEvent};
use rat_core::{Lake, QueryOptions, RunOptions, RunStatus};

const LAKE: &str = "RAT_CRASH_LAKE";
const ROWS: usize = 50;

/// What the child process does: one run. As a test of its own, without the variable, it has nothing to do.
#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "how a parent process tells its child what to do")]
async fn child() {
    let Ok(path) = std::env::var(LAKE) else { return };
    let lake = Lake::open(&path).await.unwrap();
    lake.run("bronze.arrivals", &RunOptions { on_event: telling(), ..RunOptions::default() }).await.unwrap().into_result().unwrap();
}

/// What a child says when its run is written down.
const BEGUN: &str = "the run has begun";
/// What a child says when it is done, where no run tells.
const ENDED: &str = "the work has ended";

/// Tells the parent process that the run is under way.
#[expect(clippy::print_stdout, reason = "how a child process tells its parent")]
fn telling() -> OnEvent {
    Arc::new(|event| {
        if matches!(event, Event::Started { .. }) {
            println!("\n{BEGUN}");
        }
    })
}

/// Kills processes at instants that are drawn from a fixed sequence; where they fall within a run is the machine's business.
struct Killer {
    seed: u64,
    kills: usize,
    lost: usize,
    /// How many had begun, and had not ended.
    under_way: usize,
    /// The last run that was looked at.
    newest: Option<String>,
}

impl Killer {
    fn new(seed: u64) -> Self {
        Self { seed, kills: 0, lost: 0, under_way: 0, newest: None }
    }

    /// Starts a child that runs a test of this program, and kills it: three times of four up to `span` after its run has begun, and once up
    /// to `span` after it was started.
    fn kill(&mut self, test: &str, told: &[(&str, &str)], span: Duration) {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture"])
            .envs(told.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let drawn = self.seed >> 33;
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut begun = false;
        if !drawn.is_multiple_of(4) {
            begun = said.by_ref().any(|line| line == BEGUN);
            assert!(begun, "`{test}` ended before its run began");
        }
        std::thread::sleep(span.mul_f64(((drawn >> 2) % 1024) as f64 / 1024.0));
        let _ = child.kill();
        child.wait().unwrap();
        let rest: Vec<String> = said.collect();
        let says = |what: &str| rest.iter().any(|line| line == what);
        self.under_way += usize::from((begun || says(BEGUN)) && !says(ENDED));
        self.kills += 1;
    }

    /// Looks at what the last one left: every run whose process is gone is settled, and one that was lost was hit under way.
    fn settled(&mut self, lake: &Lake) {
        let runs = lake.runs().list(&Default::default()).unwrap().runs;
        assert!(runs.iter().all(|run| run.status != RunStatus::Running), "every run whose process is gone is settled");
        let Some(newest) = runs.first().filter(|run| self.newest.as_ref() != Some(&run.id)) else { return };
        self.lost += usize::from(newest.error_code.as_deref() == Some("RUN_LOST"));
        self.newest = Some(newest.id.clone());
    }

    /// That the instants were worth it where a child says when it is done.
    fn assert_under_way(&self) {
        assert!(self.under_way * 4 >= self.kills, "of {} kills only {} hit what was under way", self.kills, self.under_way);
    }

    /// That the instants were worth it.
    fn assert_hit(&self) {
        assert!(self.lost * 10 >= self.kills, "of {} kills only {} hit a run before it published", self.kills, self.lost);
    }
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

#[tokio::test(flavor = "multi_thread")]
async fn runs_killed_at_random_instants_lose_and_double_nothing() {
    let kills: usize = strategies::told("RAT_KILLS").map_or(100, |kills| kills.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let pipeline = root.join("default/pipelines/bronze/arrivals");
    fs::create_dir_all(&pipeline).unwrap();
    fs::create_dir_all(root.join("default/landing/arrivals")).unwrap();
    let sql = "-- @merge_strategy: append_only\n-- @archive_landing_zones: true\nselect file, row from read_csv('{{ landing_zone(\"arrivals\") }}')\n";
    fs::write(pipeline.join("pipeline.sql"), sql).unwrap();

    let mut killer = Killer::new(42);
    let mut published = 0;
    for n in 0..kills {
        land(root, n);
        killer.kill("crash::child", &[(LAKE, &root.to_string_lossy())], Duration::from_millis(150));

        // Whoever opens the lake next finds it old or new, and settles what was under way.
        let lake = Lake::open(&root.to_string_lossy()).await.unwrap();
        let rows = match lake.tables().list().await.unwrap().is_empty() {
            true => 0,
            false => count(&lake, "select count(*) from bronze.arrivals").await,
        };
        assert!(rows >= published, "rows that readers saw are gone: {rows} after {published}");
        assert_eq!(rows % ROWS as i64, 0, "half a file is in the table");
        published = rows;
        killer.settled(&lake);
    }
    killer.assert_hit();
    let lake = Lake::open(&root.to_string_lossy()).await.unwrap();
    land(root, kills);
    lake.run("bronze.arrivals", &RunOptions::default()).await.unwrap().into_result().unwrap();
    assert_eq!(count(&lake, "select count(*) from bronze.arrivals").await, ((kills + 1) * ROWS) as i64);
    assert_eq!(count(&lake, "select count(*) from (select distinct file, row from bronze.arrivals) t").await, ((kills + 1) * ROWS) as i64);
    let left: Vec<_> = fs::read_dir(root.join("default/landing/arrivals")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["_processed"], "every consumed file is moved away");
}
