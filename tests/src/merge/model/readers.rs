//! Other engines that read tables when they are asked to.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::run::harness::Lake;
use crate::scan::interop::python;

/// Partition values of one type that has a name in a manifest.
const PAIRS: &str = "-- @partition_by: a, b, c
SELECT CAST(a AS DECIMAL(9, 2)) AS a, CAST(b AS DECIMAL(9, 2)) AS b, CAST(a AS DECIMAL(9, 2)) AS c
FROM (VALUES (1.50, 2.50), (2.50, NULL), (3.50, 1.50)) AS t(a, b)";

/// A process with PyIceberg and Polars, for one lake.
pub struct Readers {
    child: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Readers {
    /// None where there is no such Python.
    pub fn of(folder: &Path, layer: &str) -> Option<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/read_asked.py");
        let mut child =
            Command::new(python()?).arg(script).arg(folder).arg(layer).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (ask, answers) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Some(Self { child, ask, answers })
    }

    /// The rows of a table, in order, as these engines have them.
    pub fn read(&mut self, table: &str, engines: &[&str]) -> BTreeMap<String, Vec<String>> {
        writeln!(self.ask, "{table} {}", engines.join(" ")).unwrap();
        let mut answer = || {
            let mut line = String::new();
            assert_ne!(self.answers.read_line(&mut line).unwrap(), 0, "the readers ended: what they say is above");
            let answer: serde_json::Value = serde_json::from_str(&line).unwrap();
            let rows = answer["rows"].as_array().unwrap().iter().map(|row| row.as_str().unwrap().to_owned()).collect();
            (answer["engine"].as_str().unwrap().to_owned(), rows)
        };
        engines.iter().map(|_| answer()).collect()
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn partitions_of_one_decimal_type_are_read() {
    let lake = Lake::new(&[("silver/pairs/pipeline.sql", PAIRS)]);
    assert!(lake.run("silver.pairs").await.is_ok());
    let Some(mut readers) = Readers::of(lake.folder.path(), "silver") else { return };
    let rows = lake.rows("silver.pairs").await.unwrap();
    assert_eq!(rows.len(), 3);
    for (engine, read) in readers.read("pairs", &["pyiceberg", "polars"]) {
        assert_eq!(read, rows, "{engine}");
    }
}
