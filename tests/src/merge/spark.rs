//! Spark and rat on the same tables, in turns: each reads what the other wrote, and merges into it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use rat_core::interop::tables::{Relation, references};

use crate::run::harness::{Lake, name};

const ORDERS: &str = "-- @merge_strategy: incremental
-- @unique_key: id
-- @write_mode: merge_on_read
-- @partition_by: bucket(3, id)
SELECT CAST(id AS INTEGER) AS id, city, CAST(price AS DECIMAL(9, 2)) AS price, CAST(at AS TIMESTAMPTZ) AS at, CAST(amount AS INTEGER) AS amount,
  CAST(note AS VARCHAR) AS note, {'x': CAST(id AS INTEGER), 'y': city} AS place
FROM (VALUES ROWS) AS t(id, city, price, at, amount, note)";
const HISTORY: &str = "-- @merge_strategy: scd2
-- @unique_key: id
SELECT * FROM (VALUES ROWS) AS t(id, city)";
const DAYS: &str = "-- @merge_strategy: snapshot
-- @partition_column: day
SELECT CAST(day AS DATE) AS day, n FROM (VALUES ROWS) AS t(day, n)";

const LOG: &str = "-- @merge_strategy: append_only
SELECT CAST(id AS INTEGER) AS id, city FROM (VALUES ROWS) AS t(id, city)";
const WHOLE: &str = "SELECT CAST(id AS INTEGER) AS id, CAST(n AS BIGINT) AS n FROM (VALUES (1, 10), (2, 20)) AS t(id, n)";

/// Two partition values of one type, which a manifest may define once.
const PAIRS: &str = "-- @merge_strategy: delete_insert
-- @unique_key: a
-- @partition_by: a, b
SELECT CAST(a AS DECIMAL(9, 2)) AS a, CAST(b AS DECIMAL(9, 2)) AS b FROM (VALUES (1.50, 2.50), (2.50, NULL), (3.50, 1.50)) AS t(a, b)";

/// A table whose older partitions are called as new columns are.
const CALLED: &str = "-- @merge_strategy: incremental
-- @unique_key: id
-- @partition_by: city, bucket(2, id)
SELECT CAST(id AS INTEGER) AS id, city FROM (VALUES (1, 'Rome'), (2, 'Bern')) AS t(id, city)";
const CALLED_SINCE: &str = "-- @merge_strategy: incremental
-- @unique_key: id
-- @partition_by: city, bucket(2, id)
RENAMED
SELECT CAST(id AS INTEGER) AS id, place, city, id_bucket
FROM (VALUES (2, 'Bern', 'Bern', 'a'), (3, 'Oslo', NULL, 'b')) AS t(id, place, city, id_bucket)";

/// A Python with Spark, and Java. Without them the test is not run, but on CI they must be there.
fn spark() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "where the tests find their tools is not a setting of rat")]
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let java = Command::new("java").arg("-version").stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    let found = variable("RAT_TEST_SPARK").map(PathBuf::from).filter(|_| java);
    if found.is_none() {
        assert_ne!(variable("CI").as_deref(), Some("true"), "there is no Java, or RAT_TEST_SPARK is not set; `make test` sets it");
        #[expect(clippy::print_stderr, reason = "the reason why a test did nothing")]
        {
            eprintln!("skipped: Spark needs Java, and RAT_TEST_SPARK to name a Python that has it; `make test` makes one");
        }
    }
    found
}

/// The rows of every silver table of a lake, as Spark has them: `None` where it has no type for a column. No table at all where there is no
/// Spark.
pub fn read(folder: &Path) -> BTreeMap<String, Option<Vec<String>>> {
    // A session takes a GiB.
    static ONE: Mutex<()> = Mutex::new(());
    let Some(python) = spark() else { return BTreeMap::new() };
    let _one = ONE.lock();
    let mut session = session(&python, "spark_reads.py", folder);
    let tables = told(&mut BufReader::new(session.stdout.take().unwrap()));
    assert!(session.wait().unwrap().success());
    assert!(!tables.is_empty(), "Spark found no table");
    tables
}

/// A process with a session of Spark.
fn session(python: &Path, script: &str, folder: &Path) -> Child {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop").join(script);
    let cache = python.parent().unwrap().join("../libraries");
    let mut command = Command::new(python);
    command.arg(script).args([folder, &cache]).env("TZ", "UTC").stdin(Stdio::piped()).stdout(Stdio::piped());
    command.spawn().unwrap()
}

/// One part of what Spark says: the rows of each table, all of which it can read.
fn part(from: &mut BufReader<ChildStdout>) -> BTreeMap<String, Vec<String>> {
    told(from).into_iter().map(|(table, rows)| (table, rows.expect("a table that Spark cannot read"))).collect()
}

fn told(from: &mut BufReader<ChildStdout>) -> BTreeMap<String, Option<Vec<String>>> {
    let mut tables = BTreeMap::new();
    loop {
        let mut line = String::new();
        assert_ne!(from.read_line(&mut line).unwrap(), 0, "Spark ended before it was done: what it says is above");
        let answer: serde_json::Value = serde_json::from_str(&line).unwrap();
        if answer["done"] == true {
            return tables;
        }
        let row = |row: &serde_json::Value| row.as_str().unwrap().to_owned();
        let rows = answer["rows"].as_array().map(|rows| rows.iter().map(row).collect());
        tables.insert(answer["table"].as_str().unwrap().to_owned(), rows);
    }
}

async fn same(lake: &Lake, spark: &BTreeMap<String, Vec<String>>, told: &str) {
    for (table, rows) in spark {
        assert_eq!(lake.rows(&format!("silver.{table}")).await.as_ref(), Some(rows), "{told}: {table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn spark_and_rat_take_turns_on_the_same_tables() {
    const TABLES: [&str; 7] = ["called", "days", "history", "log", "orders", "pairs", "whole"];
    let Some(python) = spark() else { return };
    let project = |orders: &str, history: &str, days: &str, called: &str| {
        let tables = [("orders", ORDERS, orders), ("history", HISTORY, history), ("log", LOG, history), ("days", DAYS, days)];
        let same = [("pairs", PAIRS, ""), ("whole", WHOLE, ""), ("called", called, "")];
        let files = tables.into_iter().chain(same);
        files.map(|(table, sql, rows)| (format!("silver/{table}/pipeline.sql"), sql.replace("ROWS", rows))).collect::<Vec<_>>()
    };
    let day = "(1, 'Rome', 1.50, '2026-01-01 00:00:00Z', 1, 'a'), (2, 'Bern', 2.50, NULL, 2, NULL), (3, 'Oslo', NULL, NULL, 3, 'c')";
    let files = project(day, "(1, 'Rome'), (2, 'Bern')", "('2026-01-01', 1), ('2026-01-01', 2), ('2026-01-02', 3)", CALLED);
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let mut lake = Lake::new(&files);
    let run_all = async |lake: &Lake| {
        for table in TABLES {
            let report = lake.run(&format!("silver.{table}")).await;
            assert!(report.is_ok(), "{table}: {:?}", report.error);
        }
    };
    run_all(&lake).await;
    let day = "(3, 'Oslo', 3.50, NULL, 33, 'C'), (4, 'Lima', 4.50, NULL, 4, 'd')";
    let files = project(
        day,
        "(2, 'Oslo'), (3, 'Lima')",
        "('2026-01-02', 4), (NULL, 5)",
        &CALLED_SINCE.replace("RENAMED", "-- @renamed_from: {place: city}"),
    );
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    lake = lake.with(&files);
    run_all(&lake).await;

    let mut spark = session(&python, "spark_session.py", lake.folder.path());
    let mut said = BufReader::new(spark.stdout.take().unwrap());
    let before = part(&mut said);
    assert_eq!(before.keys().collect::<Vec<_>>(), TABLES);
    same(&lake, &before, "what rat wrote").await;
    assert_eq!(before["called"], ["1|Rome|NULL|NULL", "2|Bern|Bern|a", "3|Oslo|NULL|b"]);

    let changed = part(&mut said);
    assert_eq!(changed["orders"].len(), 4, "{changed:?}");
    assert_eq!(changed["made"].len(), 90);
    assert_eq!((changed["vectors"].len(), changed["grown"].len()), (2530, 80));
    same(&lake, &changed, "what Spark changed").await;
    let Some(Relation::Table(orders)) = lake.context.tables.find(&name("silver.orders")).await.unwrap() else { panic!("no table") };
    let branches: Vec<String> = references(orders.metadata()).into_keys().collect();
    assert_eq!(branches, ["audit", "main"]);

    // rat merges into what Spark left: renamed, widened, with a field more, partitioned otherwise, with rows deleted by position.
    let day = "(2, 'Bern', 2.75, NULL, 22, 'again'), (3, 'Oslo', 3.75, NULL, 333, NULL), (50, 'Oslo', 50.00, NULL, 50, NULL)";
    let files = project(day, "(1, 'Roma')", "('2026-01-01', 6)", &CALLED_SINCE.replace("RENAMED\n", ""));
    let files: Vec<_> = files.into_iter().map(|(path, text)| (path, text.replace(" AS note,", " AS remark,"))).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    lake = lake.with(&files);
    run_all(&lake).await;
    spark.stdin.take().unwrap().write_all(b"go on\n").unwrap();
    let merged = part(&mut said);
    assert!(spark.wait().unwrap().success());
    let ids: Vec<&str> = merged["orders"].iter().map(|row| row.split('|').next().unwrap()).collect();
    same(&lake, &merged, "what rat merged").await;
    assert_eq!(ids, ["1", "2", "3", "4", "50"], "each key once");
    assert!(merged["orders"][2].starts_with("3|Oslo|3.75|NULL|333|NULL|"), "{:?}", merged["orders"]);
    // Of every strategy: what Spark deleted stays deleted, what it wrote stays unless it gives way, and a rebuild is what the query gives.
    assert_eq!(merged["log"], ["1|Roma|NULL", "1|Rome|NULL", "3|Lima|NULL", "90|Kyiv|hand"]);
    assert_eq!(merged["pairs"], ["1.50|2.50", "2.50|NULL", "3.50|1.50", "7.50|7.50"]);
    assert_eq!(merged["whole"], ["1|10", "2|20"]);
    let versions = merged["history"].iter().map(|row| row.split('|').collect::<Vec<_>>());
    let versions: Vec<(&str, &str, bool)> = versions.map(|row| (row[0], row[1], row[3] == "NULL")).collect();
    assert_eq!(versions, [("1", "Roma", true), ("1", "Rome", false), ("2", "Bern", false), ("2", "Oslo", true), ("9", "Kyiv", true)]);
}
