//! A check of 5,000 generated pipelines: a cold process, and one changed file in a living one.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rat_core::clock::SystemClock;
use rat_core::error::Source;
use rat_core::interop::check::{Environment, LakeFacts, Workspace};
use rat_core::interop::project::{Files, is_project_file};
use rat_core::interop::session::{Options, Session};
use rat_core::{CheckOptions, Lake};
use tokio::runtime::Runtime;

use crate::measure::{self, Bench};

const PIPELINES: usize = 5_000;

/// What a child process of the bench is asked with.
pub const COLD: &str = "check-cold";

pub fn run(bench: &mut Bench) {
    let folder = tempfile::tempdir().unwrap();
    generate(folder.path(), PIPELINES);

    let mut peaks = Vec::new();
    let cold: Vec<Duration> = (0..5)
        .map(|_| {
            let (taken, peak) = cold_process(folder.path());
            peaks.push(peak);
            taken
        })
        .collect();
    bench.record("check 5,000 pipelines, cold process to report", "2 s, 600 MB", cold);
    bench.note(format!("peak {} MB", peaks.iter().max().unwrap()));
    through_the_door(bench, folder.path());
    beside(bench);

    let (mut workspace, mut files) = open(folder.path());
    workspace.check(&files, &LakeFacts::default(), &Environment::default());
    let path = "default/pipelines/silver/m02500/pipeline.sql".to_owned();
    let text = files.texts[&path].text.clone();
    let mut turn = 0;
    bench.alone("check again, one file changed, same columns", "100 ms", 15, || {
        turn += 1;
        files.texts.insert(path.clone(), Source::new(path.clone(), format!("{text}  AND {turn} > 0\n")));
        assert!(workspace.check(&files, &LakeFacts::default(), &Environment::default()).ok);
    });
    bench.alone("check again, one file changed, other columns", "", 15, || {
        turn += 1;
        let changed = text.replace("AS a,", &format!("AS a, {turn} AS x{turn},"));
        files.texts.insert(path.clone(), Source::new(path.clone(), changed));
        assert!(workspace.check(&files, &LakeFacts::default(), &Environment::default()).ok);
    });
}

/// The whole of a process that checks, and its peak memory in MB.
fn cold_process(folder: &Path) -> (Duration, u64) {
    let begin = Instant::now();
    let child = Command::new(std::env::current_exe().unwrap()).arg(COLD).arg(folder).output().unwrap();
    let taken = begin.elapsed();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
    (taken, String::from_utf8_lossy(&child.stdout).trim().parse().unwrap())
}

/// `lake.check()`, which finds out by itself what has changed.
fn through_the_door(bench: &mut Bench, folder: &Path) {
    let runtime = Runtime::new().unwrap();
    let lake = runtime.block_on(Lake::open(&folder.to_string_lossy())).unwrap();
    let check = || assert!(runtime.block_on(lake.check(&CheckOptions::default())).unwrap().ok);
    bench.alone("lake.check() of them in a living process, nothing changed", "", 15, check);
    let path = folder.join("default/pipelines/silver/m02500/pipeline.sql");
    let text = fs::read_to_string(&path).unwrap();
    let mut turn = 0;
    bench.alone("lake.check() again, one file changed, same columns", "100 ms", 15, || {
        turn += 1;
        fs::write(&path, format!("{text}  AND {turn} > 0\n")).unwrap();
        check();
    });
    fs::write(&path, text).unwrap();
}

/// dbt parses as many models, untyped; SQLMesh loads a fifth of them. Each side is a whole process.
fn beside(bench: &mut Bench) {
    let Some(python) = std::env::var_os("RAT_PEERS_PROJECTS") else { return };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/projects.py");
    for (tool, shown, count) in [("dbt", "dbt parse", PIPELINES), ("sqlmesh", "SQLMesh load", PIPELINES / 5)] {
        let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        generate(ours.path(), count);
        let run = |arguments: &[&str]| {
            let mut peer = Command::new(&python);
            // Neither tells anybody that it was here.
            peer.arg(&script).args(arguments).arg(theirs.path()).current_dir(theirs.path());
            peer.env("SQLMESH__DISABLE_ANONYMIZED_ANALYTICS", "true").env("DBT_SEND_ANONYMOUS_USAGE_STATS", "false");
            let output = peer.output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        };
        run(&["make", tool, &count.to_string()]);
        let what = format!("check {count} pipelines, cold process to report, types and lineage included");
        let ours = || {
            cold_process(ours.path());
        };
        bench.pair(&what, "", &format!("{shown}, untyped"), 3, ours, || run(&["load", tool]));
    }
}

/// One check from nothing; prints its peak memory in MB.
pub fn cold(folder: &Path) {
    let begin = Instant::now();
    let (mut workspace, files) = open(folder);
    let read = begin.elapsed();
    let needs = workspace.compile(&files, Default::default(), &Environment::default());
    let compiled = begin.elapsed();
    let report = workspace.plan(&LakeFacts::default());
    assert!(needs.tables.is_empty());
    eprintln!("read {read:?}, compiled {compiled:?}, planned {:?}", begin.elapsed());
    assert!(report.ok, "{:#}", report.diagnostics[0]);
    assert!(report.pipelines.values().all(|pipeline| pipeline.schema.is_some() && pipeline.lineage.len() == 5));
    println!("{}", measure::peak_memory_mb());
    // The report is what was asked for; freeing it is not.
    std::mem::forget((report, workspace, files));
}

fn open(folder: &Path) -> (Workspace, Files) {
    let mut files = Files::default();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let relative = path.strip_prefix(folder).unwrap().to_str().unwrap();
            if is_project_file(relative) {
                files.insert(relative, std::fs::read(&path).unwrap());
            }
        }
    }
    let session = Session::open(Arc::new(SystemClock), &Options::default()).unwrap();
    (Workspace::new(session), files)
}

/// A random graph of pipelines: a tenth are roots, the others read one to three of those before them.
fn generate(folder: &Path, count: usize) {
    let mut state = 42_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let roots = (count / 10).max(1);
    let name = |i: usize| format!("{}.m{i:05}", if i < roots { "bronze" } else { "silver" });
    for i in 0..count {
        let mut sql = format!("-- @description: pipeline {i} of {count}\n-- @tags: g{}\n", i % 7);
        if i < roots {
            let source = "(SELECT 1 AS id, 2 AS a, 3 AS b, 'x' AS c, DATE '2024-01-01' AS updated_at)";
            writeln!(sql, "SELECT s.id, s.a, s.b, s.c, s.updated_at FROM {source} AS s\nWHERE s.id > {i}").unwrap();
        } else {
            let mut refs: Vec<usize> = (0..=random(3)).map(|_| random(i)).collect();
            refs.sort_unstable();
            refs.dedup();
            writeln!(sql, "WITH base AS (\n  SELECT id, a, b, c, updated_at FROM {{{{ ref('{}') }}}}\n)", name(refs[0])).unwrap();
            let sum: String = (1..refs.len()).map(|j| format!(" + coalesce(j{j}.a, 0)")).collect();
            writeln!(
                sql,
                "SELECT s.id, s.a{sum} AS a, CASE WHEN s.b > 10 THEN s.b * 2 ELSE s.b END AS b, upper(s.c) AS c, s.updated_at\nFROM base AS s"
            )
            .unwrap();
            for (j, other) in refs.iter().enumerate().skip(1) {
                writeln!(sql, "LEFT JOIN {{{{ ref('{}') }}}} AS j{j} ON s.id = j{j}.id", name(*other)).unwrap();
            }
            sql.push_str("WHERE s.id IS NOT NULL\n");
        }
        if random(10) < 3 {
            sql.push_str("{% if var('x', 1) == 1 %}\n  AND s.a > 1\n{% else %}\n  AND s.a > 2\n{% endif %}\n");
        }
        let pipeline = folder.join("default/pipelines").join(name(i).replace('.', "/"));
        std::fs::create_dir_all(&pipeline).unwrap();
        std::fs::write(pipeline.join("pipeline.sql"), sql).unwrap();
    }
}
