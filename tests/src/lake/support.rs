//! A lake in a temporary folder, and a project written by hand.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rat_core::clock::{Clock, ManualClock};
use rat_core::{Lake, QueryOptions, RunOptions, RunReport};

pub struct Shop {
    pub folder: tempfile::TempDir,
    pub lake: Lake,
    pub clock: Arc<ManualClock>,
}

impl Shop {
    /// A lake with these files, by their paths in it.
    pub async fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            write(folder.path(), path, text);
        }
        let builder = Lake::builder(&folder.path().to_string_lossy());
        let clock = Arc::new(ManualClock::default());
        let lake = builder.clock(Arc::clone(&clock) as Arc<dyn Clock>).open().await.unwrap();
        Self { folder, lake, clock }
    }

    pub fn write(&self, path: &str, text: &str) {
        write(self.folder.path(), path, text);
    }

    pub async fn run(&self, pipeline: &str) -> RunReport {
        self.lake.run(pipeline, &RunOptions::default()).await.unwrap().into_result().unwrap()
    }

    /// The rows of a query, each as text.
    pub async fn rows(&self, sql: &str) -> Vec<String> {
        rows(&self.lake.query(sql, &QueryOptions::default()).await.unwrap())
    }
}

pub fn rows(result: &rat_core::QueryResult) -> Vec<String> {
    let mut rows = Vec::new();
    for batch in &result.batches {
        for row in 0..batch.num_rows() {
            let values = batch.columns().iter().map(|c| arrow::util::display::array_value_to_string(c, row).unwrap());
            rows.push(values.collect::<Vec<_>>().join("|"));
        }
    }
    rows
}

fn write(root: &Path, path: &str, text: &str) {
    let file = root.join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}
