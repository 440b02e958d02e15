//! Markdown files as tests: fences hold files to write, verbs and what they must give. The same files are read by people as a tutorial, and
//! made to be run from Python and Node too: nothing in them is Rust's.
//!
//! | fence | body | what happens |
//! |---|---|---|
//! | `file PATH` | text | written into the project |
//! | `remove PATH` | | removed |
//! | `check` | `ok`, or one code a line | the whole project is checked |
//! | `build [SELECTION]` | `layer.name status rows` a line, or `layer.name skipped` or `layer.name failed CODE` | built |
//! | `query` | SQL | kept for the `rows` that follow |
//! | `rows` | a header and rows, cells separated by ` \| ` | compared with the query's answer |

use std::fmt::Write;
use std::fs;
use std::path::Path;

use rat_core::{BuildOptions, CheckOptions, Lake, QueryOptions};

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
        let place = format!("{}:{}", path.display(), fence.line);
        let words: Vec<&str> = fence.words.iter().map(String::as_str).collect();
        let got = match words.as_slice() {
            ["file", file] => {
                let target = folder.path().join(file);
                fs::create_dir_all(target.parent().unwrap()).unwrap();
                fs::write(target, &fence.body).unwrap();
                continue;
            }
            ["remove", file] => {
                fs::remove_file(folder.path().join(file)).unwrap();
                continue;
            }
            ["query"] => {
                sql.clone_from(&fence.body);
                continue;
            }
            ["check"] => {
                let report = lake.check(&CheckOptions::default()).await.unwrap();
                let codes: String = report.diagnostics.iter().map(|d| format!("{}\n", d.code)).collect();
                if codes.is_empty() { "ok\n".to_owned() } else { codes }
            }
            ["build", select @ ..] => {
                let select = select.iter().map(ToString::to_string).collect();
                let report = lake.build(&BuildOptions { select, ..BuildOptions::default() }).await.unwrap();
                report.runs.iter().fold(String::new(), |mut lines, run| {
                    let name = run.pipeline.short();
                    let _ = match (&run.skipped_reason, &run.error) {
                        (Some(_), _) => writeln!(lines, "{name} skipped"),
                        (None, Some(error)) => writeln!(lines, "{name} failed {}", error.code()),
                        (None, None) => writeln!(lines, "{name} {} {}", run.status.as_str(), run.rows_written),
                    };
                    lines
                })
            }
            ["rows"] => rows(&lake, &sql).await,
            // A fence for the reader: a command line, some Python.
            _ => continue,
        };
        assert_eq!(got, fence.body, "{place}");
    }
}

async fn rows(lake: &Lake, sql: &str) -> String {
    let result = lake.query(sql, &QueryOptions::default()).await.unwrap_or_else(|error| panic!("{error:#}"));
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
