//! What the config says of columns is held against what the query gives.

use super::{check, shown};

#[test]
fn promised_columns_are_there_with_their_types() {
    let yaml = "columns:\n  - {name: id, type: bigint}\n  - {name: amount, type: 'decimal(10, 2)'}\n  - {name: nmae}\n  - {name: day, type: date}\n";
    let report = check(&[
        ("silver.a", "SELECT CAST(1 AS INTEGER) AS id, CAST('1.5' AS DOUBLE) AS amount, 'x' AS name, DATE '2024-01-01' AS day"),
        ("default/pipelines/silver/a/config.yaml", yaml),
    ]);
    assert_eq!(
        shown(&report.diagnostics),
        ["error CONTRACT_BROKEN silver/a/config.yaml:3:26 'decimal(10, 2)'", "error CONTRACT_BROKEN silver/a/config.yaml:4:5 {name: nmae}",]
    );
    assert_eq!(report.diagnostics[1].help.as_deref(), Some("did you mean `name`?"));
}

#[test]
fn a_type_that_is_none_is_told() {
    let report = check(&[("silver.a", "-- @columns: [{name: id, type: bigggint}]\nSELECT 1 AS id")]);
    assert_eq!(shown(&report.diagnostics), ["error INVALID_VALUE silver/a/pipeline.sql:1:32 bigggint"]);
}

#[test]
fn keys_name_columns_of_the_query() {
    let report = check(&[(
        "silver.a",
        "-- @merge_strategy: incremental\n-- @unique_key: idd\n-- @watermark_column: at\n-- @partition_by: day(seen)\n-- @sort_by: id\nSELECT 1 AS id, DATE '2024-01-01' AS att",
    )]);
    let found = shown(&report.diagnostics);
    assert_eq!(
        found,
        [
            "error UNKNOWN_COLUMN silver/a/pipeline.sql:2:17 idd",
            "error UNKNOWN_COLUMN silver/a/pipeline.sql:3:23 at",
            "error UNKNOWN_COLUMN silver/a/pipeline.sql:4:19 day(seen)",
        ]
    );
}

#[test]
fn built_in_tests_name_columns_of_the_query() {
    let report = check(&[
        ("silver.a", "SELECT 1 AS id"),
        ("default/pipelines/silver/a/config.yaml", "tests:\n  - not_null: [id, nam]\n  - range: {column: ID, min: 1}\n"),
    ]);
    let codes: Vec<&str> = report.diagnostics.iter().map(|d| d.code.as_str()).collect();
    assert_eq!(codes, ["UNKNOWN_COLUMN"]);
    assert!(report.diagnostics[0].message.contains("`nam`"));
}

#[test]
fn a_column_whose_type_does_not_serve_is_told_at_its_setting() {
    let query = "SELECT 1 AS id, {'x': 1} AS s, [1] AS l, 'a' AS name, 1.5::DOUBLE AS d, DATE '2024-01-01' AS day, true AS yes";
    for (settings, told) in [
        ("-- @merge_strategy: snapshot\n-- @partition_column: s", "2:23 s"),
        ("-- @merge_strategy: incremental\n-- @unique_key: id, l", "2:17 id, l"),
        ("-- @merge_strategy: append_only\n-- @sort_by: l", "2:14 l"),
        ("-- @merge_strategy: append_only\n-- @partition_by: s", "2:19 s"),
        ("-- @merge_strategy: append_only\n-- @partition_by: day(name)", "2:19 day(name)"),
        ("-- @merge_strategy: append_only\n-- @partition_by: hour(day)", "2:19 hour(day)"),
        ("-- @merge_strategy: append_only\n-- @partition_by: bucket(3, d)", "2:19 bucket(3, d)"),
        ("-- @merge_strategy: append_only\n-- @partition_by: truncate(3, yes)", "2:19 truncate(3, yes)"),
    ] {
        let report = check(&[("silver.a", &format!("{settings}\n{query}"))]);
        assert_eq!(shown(&report.diagnostics), [format!("error UNSUPPORTED_TYPE silver/a/pipeline.sql:{told}")], "{settings}");
        assert!(report.diagnostics[0].help.is_some(), "{settings}");
    }
    for settings in ["-- @partition_by: bucket(2, id), truncate(1, name), month(day), d, yes", "-- @sort_by: name, d, yes"] {
        let report = check(&[("silver.a", &format!("{settings}\n{query}"))]);
        assert!(report.ok, "{settings}: {:?}", report.diagnostics);
    }
}

#[test]
fn partitions_that_say_each_other_are_told() {
    for written in ["-- @partition_by: year(at), id, hour(AT)", "-- @partition_by: [year(at), hour(at)]"] {
        let report = check(&[("silver.a", &format!("{written}\nSELECT 1 AS id, TIMESTAMP '2024-01-01' AS at"))]);
        assert_eq!(report.diagnostics.len(), 1, "{:?}", report.diagnostics);
        let told = &report.diagnostics[0];
        assert_eq!(told.code.as_str(), "INVALID_VALUE");
        assert!(told.message.starts_with("`partition_by` has `year(at)` and `hour("), "{}", told.message);
        assert!(shown(&report.diagnostics)[0].contains("silver/a/pipeline.sql:1:"), "{:?}", shown(&report.diagnostics));
    }
}
