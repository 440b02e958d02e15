//! Texts that want more than to read.

use rat_core::error::Code;

use super::{Lake, rows};

#[tokio::test]
async fn statements_that_are_no_query_are_refused_by_their_kind() {
    let lake = Lake::new();
    for (sql, kind) in [
        ("INSERT INTO silver.orders VALUES (1)", "INSERT"),
        ("UPDATE silver.orders SET id = 1", "UPDATE"),
        ("DELETE FROM silver.orders", "DELETE"),
        ("DROP TABLE silver.orders", "DROP TABLE"),
        ("CREATE TABLE t (a INT)", "CREATE TABLE"),
        ("CREATE TABLE t AS SELECT 1", "CREATE TABLE"),
        ("CREATE VIEW v AS SELECT 1", "CREATE VIEW"),
        ("SET memory_limit = '1TB'", "SET"),
        ("COPY silver.orders TO '/tmp/x.csv'", "COPY"),
        ("ATTACH 'other.db' AS other", "ATTACH"),
        ("INSTALL httpfs", "INSTALL"),
        ("PRAGMA database_list", "PRAGMA"),
        ("BEGIN TRANSACTION", "BEGIN"),
        ("TRUNCATE TABLE silver.orders", "TRUNCATE"),
        ("EXPLAIN ANALYZE INSERT INTO silver.orders VALUES (1)", "INSERT"),
        ("EXPLAIN DELETE FROM silver.orders", "DELETE"),
        ("SELECT 1 INTO t", "SELECT INTO"),
        ("SHOW memory_limit", "SHOW"),
        ("WITH x AS (INSERT INTO silver.orders VALUES (1)) SELECT 1", "INSERT"),
        ("CALL something()", "CALL"),
    ] {
        let (code, message) = lake.fails(sql).await;
        assert_eq!((code, message.as_str()), (Code::NotReadOnly, format!("`{kind}` is not a query").as_str()), "{sql}");
    }
}

#[tokio::test]
async fn one_statement_only() {
    let lake = Lake::new();
    for sql in [
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE silver.orders",
        "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'",
        "",
        "--",
    ] {
        let (code, message) = lake.fails(sql).await;
        assert!(matches!(code, Code::SqlSyntax | Code::NotReadOnly), "{sql}: {code} {message}");
    }
    assert_eq!(rows(&lake.query("SELECT 1;").await.unwrap()), ["1"]);
}

#[tokio::test]
async fn nothing_reads_the_machine() {
    let lake = Lake::new();
    for sql in [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_parquet('s3://bucket/x.parquet')",
        "SELECT * FROM parquet_scan('x.parquet')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM glob('/*')",
        "SELECT read_file('/etc/passwd')",
        "SELECT getenv('HOME')",
        "SELECT current_setting('memory_limit')",
    ] {
        let (code, message) = lake.fails(sql).await;
        assert!(matches!(code, Code::UnknownFunction | Code::UnsupportedSql), "{sql}: {code} {message}");
    }
    for sql in [
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM \"/etc/passwd\"",
        "TABLE \"x.parquet\"",
        "SELECT * FROM information_schema.df_settings",
    ] {
        let (code, message) = lake.fails(sql).await;
        assert!(
            matches!(code, Code::UnknownTable | Code::UnsupportedSql | Code::SqlSyntax | Code::NotALandingZone),
            "{sql}: {code} {message}"
        );
    }
}

#[tokio::test]
async fn no_text_overflows_the_stack() {
    let lake = Lake::new();
    let deep = [
        format!("SELECT {}1{}", "(".repeat(40_000), ")".repeat(40_000)),
        format!("SELECT {}1", "(".repeat(90_000)),
        format!("SELECT {}true", "NOT ".repeat(20_000)),
        format!("SELECT {}1", "- ".repeat(40_000)),
        format!("SELECT 1{}", "+1".repeat(45_000)),
        format!("SELECT 1{}", "::INT".repeat(15_000)),
        format!("SELECT true{}", " IS NULL".repeat(10_000)),
        format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(5_000)),
        format!("SELECT {}1{}", "(SELECT ".repeat(10_000), ")".repeat(10_000)),
        format!("SELECT * FROM {}t{}", "(".repeat(40_000), ")".repeat(40_000)),
        format!("SELECT {}1{}", "[".repeat(40_000), "]".repeat(40_000)),
        format!("SELECT {}1{}", "abs(".repeat(15_000), ")".repeat(15_000)),
        format!("SELECT {}1{}", "CASE WHEN true THEN ".repeat(3_000), " END".repeat(3_000)),
    ];
    for sql in deep {
        let (code, message) = lake.fails(&sql).await;
        assert!(matches!(code, Code::QueryTooDeep | Code::SqlSyntax), "{}: {code} {message}", &sql[..40]);
    }
}

#[tokio::test]
async fn what_is_allowed_to_nest_runs() {
    let lake = Lake::new();
    let sql = format!("SELECT 1{} AS n", "+1".repeat(400));
    assert_eq!(rows(&lake.query(&sql).await.unwrap()), ["401"]);
    let sql = format!("SELECT count(*) AS n FROM (SELECT 1{})", " UNION ALL SELECT 1".repeat(300));
    assert_eq!(rows(&lake.query(&sql).await.unwrap()), ["301"]);
    let sql = format!("SELECT {}1{} AS n", "(".repeat(40), ")".repeat(40));
    assert_eq!(rows(&lake.query(&sql).await.unwrap()), ["1"]);
}
