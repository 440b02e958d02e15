//! An engine that merges: rat, or another one in Python. Each step is a process of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Set by `make bench`: a Python that has the other engines.
const PYTHON: &str = "RAT_PEERS_PYTHON";
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/merge.py");

pub enum Engine {
    Rat { folder: PathBuf },
    Peer { python: String, name: &'static str, folder: PathBuf },
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
    /// The other engines, when there is a Python that has them.
    pub fn peers(files: &Path) -> Vec<(Self, &'static str)> {
        #[expect(clippy::disallowed_methods, reason = "which Python has the other engines is said by the Makefile")]
        let python = std::env::var(PYTHON);
        let Ok(python) = python else {
            eprintln!("no peers are measured: {PYTHON} names no Python that has them");
            return Vec::new();
        };
        let peer = |(name, shown)| {
            let folder = files.join(name);
            std::fs::create_dir_all(&folder).unwrap();
            (Self::Peer { python: python.clone(), name, folder }, shown)
        };
        [("ducklake", "DuckLake"), ("duckdb", "DuckDB"), ("delta", "delta-rs"), ("pyiceberg", "PyIceberg")].into_iter().map(peer).collect()
    }

    pub fn folder(&self) -> &Path {
        match self {
            Self::Rat { folder } | Self::Peer { folder, .. } => folder,
        }
    }

    /// Does what `changes` says: a file's name, or `check:` and a file's name.
    pub fn step(&self, changes: &str) -> Step {
        let mut command = match self {
            Self::Rat { folder } => {
                let mut command = Command::new(std::env::current_exe().unwrap());
                command.arg(super::ONCE).arg(folder);
                command
            }
            Self::Peer { python, name, folder } => {
                let mut command = Command::new(python);
                command.arg(SCRIPT).arg(name).arg(folder);
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
