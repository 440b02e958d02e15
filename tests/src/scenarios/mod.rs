//! Markdown files as tests: fences hold files to write, verbs and what they must give. The same files are read by people as tutorial and
//! guides, and played by Python (`rat-py/tests/test_scenarios.py`) and Node (`rat-node/test/scenarios.test.mts`): nothing in them is Rust's.
//!
//! | fence | body | what happens |
//! |---|---|---|
//! | `file PATH` | text | written into the project |
//! | `remove PATH` | | removed |
//! | `check` | `ok`, or one code a line | the whole project is checked |
//! | `build [SELECTION]` | `layer.name status rows` a line, or `layer.name skipped` or `layer.name failed CODE` | built |
//! | `run NAME [full-refresh] [allow-data-loss]` | one such line | one pipeline is run |
//! | `plan NAME [full-refresh] [allow-data-loss]` | `field number` a line, or the codes that refuse it | what such a run would do |
//! | `query` | SQL | kept for the `rows` or `refused` that follow |
//! | `rows` | a header and rows, cells separated by ` \| ` | compared with the query's answer |
//! | `refused` | a code | the query is refused with it |
//! | `graph [SELECTION]` | `layer.name -> layer.name` a line | what is read, and what reads it |
//! | `tables` | `layer.name kind rows` a line | the tables and views |
//! | `columns NAME` | `name TYPE` a line | the columns of a table |
//! | `history NAME` | `operation rows` a line | the snapshots of a table, newest first |
//! | `runs` | `layer.name status`, or `layer.name CODE`, a line | what ran, newest first |
//! | `zones` | `zone files` a line | the landing zones |
//! | `preview ZONE` | as `rows` | the first rows of a zone |
//! | `restore ZONE` | a file name a line | consumed files are brought back |

use std::fs;
use std::path::Path;

use rat_core::error::Severity;
use rat_core::{
    BuildOptions, CheckOptions, EntryKind, GraphOptions, Lake, LandingZones, PlanOptions, QueryOptions, QueryResult, Refresh, RunFilter,
    RunOptions, RunReport, WritePlan,
};

struct Fence {
    line: usize,
    words: Vec<String>,
    body: String,
}

fn fences(text: &str) -> Vec<Fence> {
    let mut fences: Vec<Fence> = Vec::new();
    let mut open = false;
    for (number, line) in text.lines().enumerate() {
        match (line.strip_prefix("```"), open) {
            (Some(info), false) => {
                fences.push(Fence { line: number + 1, words: info.split_whitespace().map(str::to_owned).collect(), body: String::new() });
                open = true;
            }
            (Some(_), true) => open = false,
            (None, true) => {
                let body = &mut fences.last_mut().unwrap().body;
                body.push_str(line);
                body.push('\n');
            }
            (None, false) => {}
        }
    }
    assert!(!open, "the last fence is not closed");
    fences
}

async fn play(path: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(&folder.path().to_string_lossy()).await.unwrap();
    let mut sql = String::new();
    for fence in fences(&fs::read_to_string(path).unwrap()) {
        let words: Vec<&str> = fence.words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["file", file] => {
                let target = folder.path().join(file);
                fs::create_dir_all(target.parent().unwrap()).unwrap();
                fs::write(target, &fence.body).unwrap();
            }
            ["remove", file] => fs::remove_file(folder.path().join(file)).unwrap(),
            ["query"] => sql.clone_from(&fence.body),
            // A fence for the reader, a command line or some Python, has no answer.
            words => {
                if let Some(got) = answer(&lake, words, &sql).await {
                    assert_eq!(got, fence.body, "{}:{}", path.display(), fence.line);
                }
            }
        }
    }
}

/// What a verb gives, as the body of its fence.
async fn answer(lake: &Lake, words: &[&str], sql: &str) -> Option<String> {
    let texts = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
    Some(match words {
        ["check"] => {
            let report = lake.check(&CheckOptions::default()).await.unwrap();
            let codes = lines(&report.diagnostics, |d| d.code.to_string());
            if codes.is_empty() { "ok\n".to_owned() } else { codes }
        }
        ["build", select @ ..] => {
            let options = BuildOptions { select: (!select.is_empty()).then(|| texts(select)), ..BuildOptions::default() };
            lines(&lake.build(&options).await.unwrap().runs, outcome)
        }
        ["run", pipeline, flags @ ..] => {
            let refresh = refresh(flags);
            lines(&[lake.run(pipeline, &RunOptions { refresh, ..RunOptions::default() }).await.unwrap()], outcome)
        }
        ["plan", pipeline, flags @ ..] => {
            let options = PlanOptions { refresh: refresh(flags), ..PlanOptions::default() };
            plan(&lake.plan(pipeline, &options).await.unwrap())
        }
        ["rows"] => rows(&lake.query(sql, &QueryOptions::default()).await.unwrap_or_else(|error| panic!("{error:#}"))),
        ["refused"] => match lake.query(sql, &QueryOptions::default()).await {
            Ok(_) => "answered\n".to_owned(),
            Err(error) => format!("{}\n", error.code()),
        },
        ["graph", select @ ..] => {
            let graph = lake.graph(&GraphOptions { select: (!select.is_empty()).then(|| texts(select)) }).await.unwrap();
            lines(&graph.edges, |edge| format!("{} -> {}", edge.from.short(), edge.to.short()))
        }
        ["tables"] => {
            let mut tables = Vec::new();
            for entry in lake.tables().list().await.unwrap() {
                tables.push(lake.tables().get(&entry.name.to_string()).await.unwrap());
            }
            lines(&tables, |table| {
                let kind = if table.kind == EntryKind::View { "view" } else { "table" };
                format!("{} {kind} {}", table.name.short(), or_dash(table.row_count))
            })
        }
        ["columns", name] => lines(&lake.tables().get(name).await.unwrap().columns, |c| format!("{} {}", c.name, c.data_type)),
        ["history", name] => {
            lines(&lake.tables().history(name).await.unwrap(), |entry| format!("{} {}", entry.operation, or_dash(entry.row_count)))
        }
        ["runs"] => lines(&lake.runs().list(&RunFilter::default()).unwrap().runs, |run| {
            let pipeline = run.pipeline.split_once('.').unwrap().1;
            format!("{pipeline} {}", run.error_code.as_deref().unwrap_or(run.status.as_str()))
        }),
        ["zones"] => lines(&lake.landing().zones().await.unwrap(), |zone| format!("{} {}", zone.name, zone.files)),
        ["preview", zone] => rows(&lake.landing().preview(zone, LandingZones::PREVIEW_ROWS).await.unwrap()),
        ["restore", zone] => {
            lines(&lake.landing().restore(zone, None).await.unwrap().files, |path| path.rsplit('/').next().unwrap().to_owned())
        }
        _ => return None,
    })
}

fn refresh(flags: &[&str]) -> Refresh {
    match (flags.contains(&"full-refresh"), flags.contains(&"allow-data-loss")) {
        (false, _) => Refresh::No,
        (true, false) => Refresh::Full,
        (true, true) => Refresh::FullWithLoss,
    }
}

fn plan(plan: &WritePlan) -> String {
    let refused = lines(&plan.diagnostics.iter().filter(|d| d.severity == Severity::Error).collect::<Vec<_>>(), |d| d.code.to_string());
    if !refused.is_empty() {
        return refused;
    }
    let amounts = [
        ("rows_written", plan.rows_written),
        ("rows_total", plan.rows_total),
        ("files_added", plan.files_added),
        ("files_dropped", plan.files_dropped),
        ("files_rewritten", plan.files_rewritten),
        ("files_deleted_from", plan.files_deleted_from),
    ];
    lines(&amounts, |(name, amount)| format!("{name} {amount}")) + &format!("files_pruned {}\n", plan.files_pruned)
}

fn lines<T>(items: &[T], line: impl Fn(&T) -> String) -> String {
    items.iter().map(|item| line(item) + "\n").collect()
}

fn or_dash(count: Option<u64>) -> String {
    count.map_or_else(|| "-".to_owned(), |count| count.to_string())
}

fn outcome(run: &RunReport) -> String {
    let name = run.pipeline.short();
    match (&run.skipped_reason, &run.error) {
        (Some(_), _) => format!("{name} skipped"),
        (None, Some(error)) => format!("{name} failed {}", error.code()),
        (None, None) => format!("{name} {} {}", run.status.as_str(), run.rows_written),
    }
}

fn rows(result: &QueryResult) -> String {
    let header: Vec<&str> = result.schema.fields().iter().map(|f| f.name().as_str()).collect();
    let mut lines = header.join(" | ") + "\n";
    for batch in &result.batches {
        for row in 0..batch.num_rows() {
            let cells = batch.columns().iter().map(|column| match column.is_null(row) {
                true => "NULL".to_owned(),
                false => arrow::util::display::array_value_to_string(column, row).unwrap(),
            });
            lines += &(cells.collect::<Vec<_>>().join(" | ") + "\n");
        }
    }
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_plays_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        play(&file).await;
    }
}
