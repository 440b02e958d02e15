//! An engine that merges: rat, or another one in Python. Each step is a process of its own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Set by `make bench`: a Python that has the other engines, and one that has dbt.
const PYTHON: &str = "RAT_PEERS_PYTHON";
const PROJECTS_PYTHON: &str = "RAT_PEERS_PROJECTS";
const MERGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/merge.py");
const SNAPSHOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/snapshot.py");

/// Those that merge by a key, as `peers/merge.py` and as the rows name them.
const MERGING: &[(&str, &str)] = &[
    ("ducklake", "DuckLake"),
    ("duckdb", "DuckDB"),
    ("delta", "delta-rs"),
    ("rat_v2", "RAT v2"),
    ("naive", "naive overwrite"),
    ("pyiceberg", "PyIceberg"),
];

pub enum Engine {
    Rat { folder: PathBuf },
    Peer { python: OsString, script: &'static str, name: &'static str, folder: PathBuf },
}

/// What a step took.
pub struct Step {
    /// The whole process, its start included.
    pub whole: Duration,
    /// From when the program and its libraries were loaded.
    pub inner: Duration,
    pub peak_mb: u64,
    /// What was counted, when something was.
    pub counts: Vec<u64>,
}

impl Engine {
    /// The engines that merge by a key, each with the name it is shown by, when there is a Python that has them.
    pub fn merging(files: &Path) -> Vec<(Self, &'static str)> {
        let Some(python) = python(PYTHON) else { return Vec::new() };
        let peer = |(name, shown): &(&'static str, &'static str)| {
            let folder = files.join(name);
            std::fs::create_dir_all(&folder).unwrap();
            (Self::Peer { python: python.clone(), script: MERGE, name, folder }, *shown)
        };
        MERGING.iter().map(peer).collect()
    }

    /// dbt's snapshot with a strategy, when there is a Python that has dbt.
    pub fn dbt(strategy: &'static str, folder: &Path) -> Option<Self> {
        Some(Self::Peer { python: python(PROJECTS_PYTHON)?, script: SNAPSHOT, name: strategy, folder: folder.to_owned() })
    }

    pub fn folder(&self) -> &Path {
        match self {
            Self::Rat { folder } | Self::Peer { folder, .. } => folder,
        }
    }

    /// Does what `changes` says, in the words of the engine's script: a file's name, or `check:` and a file's name, of those that merge by a key.
    pub fn step(&self, changes: &str) -> Step {
        let mut command = match self {
            Self::Rat { folder } => {
                let mut command = Command::new(std::env::current_exe().unwrap());
                command.arg(super::ONCE).arg(folder);
                command
            }
            Self::Peer { python, script, name, folder } => {
                let mut command = Command::new(python);
                // dbt writes logs where it is, and tells nobody that it was here.
                command.arg(script).arg(name).arg(folder).current_dir(folder).env("DBT_SEND_ANONYMOUS_USAGE_STATS", "false");
                command
            }
        };
        let begin = Instant::now();
        let child = command.arg(changes).stderr(Stdio::inherit()).output().unwrap();
        let whole = begin.elapsed();
        assert!(child.status.success(), "{command:?}");
        let said = String::from_utf8(child.stdout).unwrap();
        let words: Vec<&str> = said.split_whitespace().collect();
        let [seconds, peak, counts @ ..] = words.as_slice() else { panic!("{command:?} said {said:?}") };
        Step {
            whole,
            inner: Duration::from_secs_f64(seconds.parse().unwrap()),
            peak_mb: peak.parse().unwrap(),
            counts: counts.iter().map(|count| count.parse().unwrap()).collect(),
        }
    }
}

fn python(variable: &str) -> Option<OsString> {
    let python = std::env::var_os(variable);
    if python.is_none() {
        eprintln!("no peers are measured: {variable} names no Python that has them");
    }
    python
}
