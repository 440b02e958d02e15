//! Many pipelines, each after what it reads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use rat_core::error::{Code, Result};
use rat_core::interop::build::{BuildOptions, Steps, build};
use rat_core::interop::graph::{Graph, NodeInfo};
use rat_core::interop::run::{BuildReport, RunContext, RunOptions, RunReport, RunStatus, fresh, run};
use rat_core::name::Name;
use seen::Seen;

use super::harness::{Lake, name};

mod seen {
    use std::sync::Mutex;

    /// Names in the order they came.
    #[derive(Default)]
    pub struct Seen(Mutex<Vec<String>>);

    impl Seen {
        pub fn add(&self, name: String) {
            self.0.lock().unwrap().push(name);
        }
        pub fn all(&self) -> Vec<String> {
            self.0.lock().unwrap().clone()
        }
    }
}

struct Real {
    context: RunContext,
    ran: Seen,
}

#[async_trait]
impl Steps for Real {
    async fn fresh(&self, pipeline: &Name) -> Result<Option<String>> {
        fresh(&self.context, pipeline, &BTreeMap::new()).await
    }

    async fn run(&self, pipeline: &Name) -> Result<RunReport> {
        self.ran.add(pipeline.short());
        run(&self.context, pipeline, &RunOptions { trigger: "build".to_owned(), ..RunOptions::default() }).await
    }

    fn is_stopped(&self) -> bool {
        false
    }

    fn skipped(&self, _report: &RunReport) {}

    async fn end(&self, _failed: Option<&Name>) -> Result<Vec<RunReport>> {
        Ok(Vec::new())
    }
}

const OPTIONS: BuildOptions = BuildOptions { force: false, fail_fast: false, concurrency: 2 };

fn graph(edges: &[(&str, &[&str])]) -> (Graph, BTreeSet<Name>) {
    let nodes: BTreeMap<Name, NodeInfo> = edges
        .iter()
        .map(|(node, deps)| (name(node), NodeInfo { deps: deps.iter().map(|dep| name(dep).into()).collect(), ..NodeInfo::default() }))
        .collect();
    let all = nodes.keys().cloned().collect();
    (Graph::new(nodes).0, all)
}

async fn build_all(lake: &Lake, edges: &[(&str, &[&str])], options: &BuildOptions) -> (Result<BuildReport>, Vec<String>) {
    let (graph, all) = graph(edges);
    let steps = Arc::new(Real { context: lake.context.clone(), ran: Seen::default() });
    let report = build(&graph, &all, Arc::clone(&steps) as Arc<dyn Steps>, &*lake.clock, options).await;
    (report, steps.ran.all())
}

const EDGES: &[(&str, &[&str])] =
    &[("bronze.a", &[]), ("silver.b", &["bronze.a"]), ("silver.c", &["bronze.a"]), ("gold.d", &["silver.b", "silver.c"])];

fn diamond(a: &'static str) -> Vec<(&'static str, &'static str)> {
    vec![
        ("bronze/a/pipeline.sql", a),
        ("silver/b/pipeline.sql", "SELECT id + 1 AS id FROM {{ ref('bronze.a') }}"),
        ("silver/c/pipeline.sql", "SELECT id + 2 AS id FROM {{ ref('bronze.a') }}"),
        ("gold/d/pipeline.sql", "SELECT b.id + c.id AS id FROM {{ ref('silver.b') }} AS b, {{ ref('silver.c') }} AS c"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn dependency_order_then_nothing_then_what_changed() {
    let lake = Lake::new(&diamond("SELECT 1 AS id"));
    let (report, ran) = build_all(&lake, EDGES, &OPTIONS).await;
    let report = report.unwrap().into_result().unwrap();
    assert_eq!(report.runs.iter().map(|r| r.pipeline.short()).collect::<Vec<_>>(), ["bronze.a", "silver.b", "silver.c", "gold.d"]);
    assert_eq!((ran[0].as_str(), ran[3].as_str()), ("bronze.a", "gold.d"));
    assert_eq!(lake.rows("gold.d").await.unwrap(), ["5"]);

    let (report, ran) = build_all(&lake, EDGES, &OPTIONS).await;
    assert_eq!(ran, Vec::<String>::new());
    assert!(report.unwrap().runs.iter().all(|r| r.status == RunStatus::Success && r.skipped_reason.is_some()));

    let lake = lake.with(&diamond("SELECT 10 AS id"));
    let (_, ran) = build_all(&lake, EDGES, &OPTIONS).await;
    assert_eq!(ran.len(), 4);
    assert_eq!(lake.rows("gold.d").await.unwrap(), ["23"]);

    let (_, ran) = build_all(&lake, EDGES, &BuildOptions { force: true, ..OPTIONS }).await;
    assert_eq!(ran.len(), 4);
}

/// Each waits until another one is at work.
struct Met {
    real: Real,
    two: tokio::sync::Barrier,
}

#[async_trait]
impl Steps for Met {
    async fn fresh(&self, pipeline: &Name) -> Result<Option<String>> {
        self.real.fresh(pipeline).await
    }

    async fn run(&self, pipeline: &Name) -> Result<RunReport> {
        self.two.wait().await;
        self.real.run(pipeline).await
    }

    fn is_stopped(&self) -> bool {
        false
    }

    fn skipped(&self, report: &RunReport) {
        self.real.skipped(report);
    }

    async fn end(&self, failed: Option<&Name>) -> Result<Vec<RunReport>> {
        self.real.end(failed).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn branches_that_do_not_read_each_other_run_at_the_same_time() {
    let lake = Lake::new(&[
        ("bronze/a/pipeline.sql", "SELECT 1 AS id"),
        ("bronze/b/pipeline.sql", "SELECT 2 AS id"),
        ("silver/c/pipeline.sql", "SELECT id FROM {{ ref('bronze.a') }}"),
        ("silver/d/pipeline.sql", "SELECT id FROM {{ ref('bronze.b') }}"),
    ]);
    let (graph, all) = graph(&[("bronze.a", &[]), ("bronze.b", &[]), ("silver.c", &["bronze.a"]), ("silver.d", &["bronze.b"])]);
    let real = Real { context: lake.context.clone(), ran: Seen::default() };
    let steps = Arc::new(Met { real, two: tokio::sync::Barrier::new(2) });
    let built = build(&graph, &all, steps, &*lake.clock, &OPTIONS);
    // One alone would wait for ever.
    let report = tokio::time::timeout(std::time::Duration::from_secs(60), built).await.expect("two at a time").unwrap();
    assert!(report.runs.iter().all(|run| run.status == RunStatus::Success && run.skipped_reason.is_none()), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn downstream_of_a_failure_is_skipped_and_says_of_which() {
    let mut files = diamond("SELECT 1 AS id");
    files[1].1 = "SELECT CAST('x' AS INTEGER) + id AS id FROM {{ ref('bronze.a') }}";
    let lake = Lake::new(&files);
    let (report, ran) = build_all(&lake, EDGES, &OPTIONS).await;
    let report = report.unwrap();
    assert_eq!(report.status, RunStatus::Failed);
    assert_eq!(ran.len(), 3, "the other branch goes on: {ran:?}");
    let last = report.run(&name("gold.d")).unwrap();
    assert_eq!(last.status, RunStatus::Cancelled);
    assert!(last.skipped_reason.as_ref().unwrap().contains("silver.b"), "{last:?}");
    assert_eq!(report.into_result().unwrap_err().context()[0], ("pipeline", "default.silver.b".to_owned()));
    assert_eq!(lake.rows("gold.d").await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn fail_fast_starts_nothing_more() {
    let lake = Lake::new(&[
        ("bronze/a/pipeline.sql", "SELECT CAST('x' AS INTEGER) AS id"),
        ("bronze/b/pipeline.sql", "SELECT 1 AS id"),
        ("bronze/c/pipeline.sql", "SELECT 1 AS id"),
    ]);
    let edges: &[(&str, &[&str])] = &[("bronze.a", &[]), ("bronze.b", &[]), ("bronze.c", &[])];
    let (report, ran) = build_all(&lake, edges, &BuildOptions { fail_fast: true, concurrency: 1, ..OPTIONS }).await;
    assert_eq!(ran, ["bronze.a"]);
    assert_eq!(report.unwrap().runs.iter().filter(|r| r.skipped_reason.is_some()).count(), 2);
}

#[tokio::test]
async fn what_a_build_cannot_do_it_refuses() {
    let lake = Lake::new(&[("bronze/a/pipeline.sql", "SELECT 1 AS id")]);
    let edges: &[(&str, &[&str])] = &[("bronze.a", &[])];
    let (nobody, _) = build_all(&lake, edges, &BuildOptions { concurrency: 0, ..OPTIONS }).await;
    assert_eq!(nobody.unwrap_err().code(), Code::InvalidArgument);
}
