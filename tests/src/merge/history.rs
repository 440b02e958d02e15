//! `scd2`: which versions there are afterwards, what is left alone, and what is refused.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{RecordBatch, TimestampMicrosecondArray};
use rat_core::clock::Clock;
use rat_core::error::Code;
use rat_core::interop::run::{Refresh, RunOptions, RunReport, run};
use rat_core::interop::tables::{Evolution, Remove};

use crate::run::harness::{Lake, full_refresh, name, with_rows};
use crate::tables::support::{batches_of, change};

const QUERY: &str =
    "SELECT CAST(id AS INTEGER) AS id, CAST(v AS VARCHAR) AS v FROM (VALUES {{ var('rows') }}) AS t(id, v) WHERE v <> 'nothing'";
const OWN: &str = "SELECT CAST(id AS INTEGER) AS id, CAST(v AS VARCHAR) AS v, CAST(at AS TIMESTAMP) AS valid_from \
                   FROM (VALUES {{ var('rows') }}) AS t(id, at, v)";
const DAY: Duration = Duration::from_secs(86_400);

fn pipeline(config: &str, query: &str) -> String {
    format!("-- @merge_strategy: scd2\n-- @unique_key: id\n{config}\n{query}")
}

fn lake(config: &str, query: &str) -> Lake {
    Lake::new(&[("silver/t/pipeline.sql", &pipeline(config, query))])
}

/// Rows, with the moments of February 2024 as days.
async fn rows(lake: &Lake) -> Vec<String> {
    let rows = lake.rows("silver.t").await.unwrap();
    rows.iter().map(|row| row.replace("2024-02-", "").replace("T00:00:00Z", "")).collect()
}

async fn refused(lake: &Lake, rows: &str) -> RunReport {
    let before = lake.rows("silver.t").await;
    let report = run(&lake.context, &name("silver.t"), &with_rows(rows)).await.unwrap();
    assert!(report.error.is_some(), "{rows} was taken");
    assert_eq!(lake.rows("silver.t").await, before, "a refused run changes nothing");
    report
}

fn counts(report: &RunReport) -> (u64, u64, u64, u64) {
    (report.rows_inserted, report.rows_updated, report.rows_deleted, report.rows_dropped)
}

#[tokio::test]
async fn a_change_ends_the_open_version_and_begins_another() {
    let lake = lake("", QUERY);
    let first = lake.run_rows("silver.t", "(1, 'a'), (2, 'b')").await;
    assert_eq!((first.rows_written, first.rows_total), (2, Some(2)));
    assert_eq!(rows(&lake).await, ["1|a|01|NULL", "2|b|01|NULL"]);
    lake.clock.advance(DAY);
    let second = lake.run_rows("silver.t", "(1, 'A'), (2, 'b'), (3, 'c')").await;
    assert_eq!(rows(&lake).await, ["1|A|02|NULL", "1|a|01|02", "2|b|01|NULL", "3|c|02|NULL"]);
    assert_eq!((counts(&second), second.rows_ended, second.rows_total), ((2, 0, 0, 1), 1, Some(4)));
    assert_eq!(first.rows_ended, 0);
}

#[tokio::test]
async fn running_twice_changes_nothing_and_writes_nothing() {
    let lake = lake("", QUERY);
    lake.run_rows("silver.t", "(1, 'a'), (2, NULL)").await;
    let files = lake.data_files();
    lake.clock.advance(DAY);
    let again = lake.run_rows("silver.t", "(2, NULL), (1, 'a')").await;
    assert_eq!((again.rows_written, again.rows_dropped, again.files_added, again.files_removed), (0, 1, 0, 0), "NULL <> 'nothing' is NULL");
    assert_eq!(lake.data_files(), files);
}

#[tokio::test]
async fn a_key_that_is_not_sent_stays_and_a_null_is_a_value() {
    let query = "SELECT CAST(id AS INTEGER) AS id, CAST(x AS DOUBLE) AS x FROM (VALUES {{ var('rows') }}) AS t(id, x)";
    let lake = lake("", query);
    lake.run_rows("silver.t", "(1, 'NaN'), (2, NULL), (3, '-0.0'), (4, '1')").await;
    lake.clock.advance(DAY);
    let same = lake.run_rows("silver.t", "(1, 'NaN'), (2, NULL), (3, '0.0')").await;
    assert_eq!((same.rows_written, same.rows_total), (0, Some(4)));
    let other = lake.run_rows("silver.t", "(1, NULL), (2, 'NaN')").await;
    assert_eq!((other.rows_written, other.rows_total), (2, Some(6)));
}

#[tokio::test]
async fn a_version_begins_after_the_one_before_whatever_the_clock_says() {
    let lake = lake("", QUERY);
    lake.run_rows("silver.t", "(1, 'a')").await;
    lake.run_rows("silver.t", "(1, 'b')").await;
    assert_eq!(rows(&lake).await, ["1|a|01|01T00:00:00.000001Z", "1|b|01T00:00:00.000001Z|NULL"]);
}

#[tokio::test]
async fn of_several_rows_of_a_key_one_is_its_version() {
    let query =
        "SELECT CAST(id AS INTEGER) AS id, CAST(v AS VARCHAR) AS v, CAST(w AS BIGINT) AS w FROM (VALUES {{ var('rows') }}) AS t(id, v, w)";
    let lake = lake("-- @watermark_column: w", query);
    let report = lake.run_rows("silver.t", "(1, 'old', 1), (1, 'new', 2), (2, 'b', 7), (2, 'a', 7)").await;
    assert_eq!((counts(&report), report.watermark.as_deref()), ((2, 0, 0, 2), Some("7")));
    assert_eq!(rows(&lake).await, ["1|new|2|01|NULL", "2|b|7|01|NULL"]);
    lake.clock.advance(DAY);
    let moved = lake.run_rows("silver.t", "(1, 'new', 9)").await;
    assert_eq!(moved.rows_written, 0, "a watermark that moves on is no change");
    assert_eq!(moved.watermark.as_deref(), Some("7"), "the greatest that the table has");
}

#[tokio::test]
async fn scd_compare_says_what_a_change_is() {
    let query = "SELECT CAST(id AS INTEGER) AS id, v, n FROM (VALUES {{ var('rows') }}) AS t(id, v, n)";
    let lake = lake("-- @scd_compare: V", query);
    lake.run_rows("silver.t", "(1, 'a', 1), (2, 'b', 1)").await;
    lake.clock.advance(DAY);
    let report = lake.run_rows("silver.t", "(1, 'a', 2), (2, 'B', 2)").await;
    assert_eq!(counts(&report), (1, 0, 0, 1));
    assert_eq!(rows(&lake).await, ["1|a|1|01|NULL", "2|B|2|02|NULL", "2|b|1|01|02"]);
}

#[tokio::test]
async fn a_table_of_its_key_alone_has_one_version_each() {
    let lake = lake("", "SELECT CAST(id AS INTEGER) AS id FROM (VALUES {{ var('rows') }}) AS t(id)");
    lake.run_rows("silver.t", "(1), (2)").await;
    let report = lake.run_rows("silver.t", "(1), (3)").await;
    assert_eq!((report.rows_written, report.rows_total), (1, Some(3)));
}

#[tokio::test]
async fn a_null_key_is_refused_unless_null_matches() {
    let refusing = lake("", QUERY);
    let report = refused(&refusing, "(1, 'a'), (NULL, 'b')").await;
    assert_eq!((report.error.unwrap().code(), report.tests[0].count), (Code::NullKey, Some(1)));
    let matching = lake("-- @null_keys: match", QUERY);
    matching.run_rows("silver.t", "(NULL, 'a'), (1, 'b')").await;
    matching.clock.advance(DAY);
    matching.run_rows("silver.t", "(NULL, 'A')").await;
    assert_eq!(rows(&matching).await, ["1|b|01|NULL", "NULL|A|02|NULL", "NULL|a|01|02"]);
}

#[tokio::test]
async fn own_moments_chain_in_order_and_may_be_sent_again() {
    let lake = lake("", OWN);
    let all = "(1, '2024-02-05', 'b'), (1, '2024-02-01', 'a'), (1, '2024-02-09', 'c'), (2, '2024-02-03', 'x')";
    let first = lake.run_rows("silver.t", all).await;
    assert_eq!(counts(&first), (4, 0, 0, 0));
    let told = ["1|a|01|05", "1|b|05|09", "1|c|09|NULL", "2|x|03|NULL"];
    assert_eq!(rows(&lake).await, told);
    for again in [all, "(1, '2024-02-01', 'a')", "(1, '2024-02-05', 'b'), (1, '2024-02-09', 'c')"] {
        let report = lake.run_rows("silver.t", again).await;
        assert_eq!((report.rows_written, report.files_added), (0, 0), "{again}");
        assert_eq!(rows(&lake).await, told, "{again}");
    }
    let on = lake.run_rows("silver.t", "(1, '2024-02-05', 'b'), (1, '2024-02-12', 'd'), (1, '2024-02-11', 'e')").await;
    assert_eq!(counts(&on), (2, 0, 0, 1));
    assert_eq!(rows(&lake).await, ["1|a|01|05", "1|b|05|09", "1|c|09|11", "1|d|12|NULL", "1|e|11|12", "2|x|03|NULL"]);
}

#[tokio::test]
async fn an_own_moment_that_is_there_replaces_its_version() {
    let lake = lake("", OWN);
    lake.run_rows("silver.t", "(1, '2024-02-01', 'a'), (1, '2024-02-05', 'b')").await;
    let report = lake.run_rows("silver.t", "(1, '2024-02-01', 'A')").await;
    assert_eq!((counts(&report), report.rows_total), ((0, 1, 0, 0), Some(2)));
    assert_eq!(rows(&lake).await, ["1|A|01|05", "1|b|05|NULL"]);
    let report = lake.run_rows("silver.t", "(1, '2024-02-05', 'B'), (1, '2024-02-06', 'c')").await;
    assert_eq!((counts(&report), report.rows_total), ((1, 1, 0, 0), Some(3)));
    assert_eq!(rows(&lake).await, ["1|A|01|05", "1|B|05|06", "1|c|06|NULL"]);
    let duplicates = lake.run_rows("silver.t", "(1, '2024-02-07', 'd'), (1, '2024-02-07', 'D')").await;
    assert_eq!(counts(&duplicates), (1, 0, 0, 1));
    assert_eq!(rows(&lake).await[3], "1|d|07|NULL", "the greatest by the remaining columns");
}

#[tokio::test]
async fn a_version_that_says_nothing_new_is_none() {
    let lake = lake("", OWN);
    let batch = "(1, '2024-02-01', 'a'), (1, '2024-02-03', 'a'), (1, '2024-02-05', 'b'), (1, '2024-02-06', 'b')";
    lake.run_rows("silver.t", batch).await;
    assert_eq!(rows(&lake).await, ["1|a|01|05", "1|b|05|NULL"]);
    let again = lake.run_rows("silver.t", batch).await;
    assert_eq!((again.rows_written, again.rows_dropped), (0, 4), "what said nothing new is not late either");
    let report = lake.run_rows("silver.t", "(1, '2024-02-07', 'b')").await;
    assert_eq!(report.rows_written, 0);
}

#[tokio::test]
async fn an_own_moment_older_than_what_is_told_is_late() {
    let lake = lake("", OWN);
    lake.run_rows("silver.t", "(1, '2024-02-05', 'b'), (2, '2024-02-05', 'b')").await;
    let report = refused(&lake, "(1, '2024-02-03', 'x'), (2, '2024-02-06', 'c'), (2, '2024-02-01', 'b')").await;
    let error = report.error.unwrap();
    assert_eq!((error.code(), report.tests[0].count), (Code::Scd2LateRow, Some(2)));
    assert_eq!(report.tests[0].samples.as_ref().unwrap().num_rows(), 2);
    assert!(error.message().starts_with("2 rows are older by `valid_from`"), "{error}");
    lake.run_rows("silver.t", "(1, '2024-02-07', 'c')").await;
    let between = refused(&lake, "(1, '2024-02-06', 'x')").await;
    assert_eq!(between.error.unwrap().code(), Code::Scd2LateRow);
}

#[tokio::test]
async fn validity_must_have_a_begin_and_no_end() {
    let beginless = lake("", OWN);
    let report = refused(&beginless, "(1, NULL, 'a'), (2, '2024-02-01', 'b')").await;
    assert_eq!(report.error.unwrap().code(), Code::NotNullViolated);

    let ending = lake("", "SELECT id, v, CAST(e AS TIMESTAMPTZ) AS valid_to FROM (VALUES {{ var('rows') }}) AS t(id, v, e)");
    let report = refused(&ending, "(1, 'a', NULL), (2, 'b', '2024-02-01 00:00:00Z')").await;
    let error = report.error.unwrap();
    assert_eq!((error.code(), error.message()), (Code::Scd2ValidTo, "column `valid_to`, where a version ends, has a value in 1 row"));
    ending.run_rows("silver.t", "(1, 'a', NULL)").await;
    assert_eq!(ending.rows("silver.t").await.unwrap(), ["1|a|NULL|2024-02-01T00:00:00Z"], "the query's columns come first");

    let wrong = lake("", "SELECT id, v AS valid_from FROM (VALUES {{ var('rows') }}) AS t(id, v)");
    let error = refused(&wrong, "(1, 'a')").await.error.unwrap();
    assert_eq!(error.code(), Code::UnsupportedType);
    assert!(error.help().contains("CAST(valid_from AS TIMESTAMPTZ)"), "{error}");
}

#[tokio::test]
async fn hard_deletes_end_what_is_absent_and_a_key_returns() {
    let lake = lake("-- @scd_hard_deletes: close", QUERY);
    lake.run_rows("silver.t", "(1, 'a'), (2, 'b'), (3, 'c')").await;
    lake.clock.advance(DAY);
    let report = lake.run_rows("silver.t", "(2, 'b'), (4, 'd')").await;
    assert_eq!((counts(&report), report.rows_ended, report.rows_total), ((1, 0, 0, 1), 2, Some(4)), "those that are absent end too");
    assert_eq!(rows(&lake).await, ["1|a|01|02", "2|b|01|NULL", "3|c|01|02", "4|d|02|NULL"]);
    lake.clock.advance(DAY);
    lake.run_rows("silver.t", "(1, 'a'), (2, 'b'), (4, 'd')").await;
    assert_eq!(rows(&lake).await, ["1|a|01|02", "1|a|03|NULL", "2|b|01|NULL", "3|c|01|02", "4|d|02|NULL"]);
}

#[tokio::test]
async fn a_key_that_returns_at_once_does_not_overlap_what_it_was() {
    let lake = lake("-- @scd_hard_deletes: close", QUERY);
    lake.run_rows("silver.t", "(1, 'a'), (2, 'b')").await;
    lake.run_rows("silver.t", "(2, 'b')").await;
    lake.run_rows("silver.t", "(1, 'a'), (2, 'b')").await;
    assert_eq!(rows(&lake).await, ["1|a|01T00:00:00.000001Z|NULL", "1|a|01|01T00:00:00.000001Z", "2|b|01|NULL"]);
}

#[tokio::test]
async fn a_key_that_returns_with_its_own_moment_goes_on_or_begins_anew() {
    let lake = lake("-- @scd_hard_deletes: close", OWN);
    lake.run_rows("silver.t", "(1, '2024-01-05', 'a'), (2, '2024-01-05', 'b')").await;
    lake.run_rows("silver.t", "(2, '2024-01-05', 'b')").await;
    assert_eq!(rows(&lake).await, ["1|a|2024-01-05|01", "2|b|2024-01-05|NULL"]);
    lake.run_rows("silver.t", "(1, '2024-01-05', 'a'), (2, '2024-01-05', 'b')").await;
    assert_eq!(rows(&lake).await, ["1|a|2024-01-05|NULL", "2|b|2024-01-05|NULL"], "it is the same version");
    lake.run_rows("silver.t", "(2, '2024-01-05', 'b')").await;
    lake.run_rows("silver.t", "(1, '2024-01-20', 'a'), (2, '2024-01-05', 'b')").await;
    let gone_and_back = ["1|a|2024-01-05|2024-01-20", "1|a|2024-01-20|NULL", "2|b|2024-01-05|NULL"];
    assert_eq!(rows(&lake).await, gone_and_back, "the end that was seen is no later than the begin that is told");
}

#[tokio::test]
async fn hard_deletes_of_no_rows_do_nothing_and_warn() {
    let lake = lake("-- @scd_hard_deletes: close", QUERY);
    lake.run_rows("silver.t", "(1, 'a'), (2, 'b')").await;
    let before = rows(&lake).await;
    let report = lake.run_rows("silver.t", "(1, 'nothing')").await;
    assert_eq!(report.warnings.iter().map(|w| w.code).collect::<Vec<_>>(), [Code::Scd2NoRows]);
    assert_eq!(rows(&lake).await, before);
}

#[tokio::test]
async fn a_first_run_of_no_rows_makes_the_table() {
    let lake = lake("", QUERY);
    let report = lake.run_rows("silver.t", "(1, 'nothing')").await;
    assert_eq!((report.rows_total, report.warnings.len()), (Some(0), 0));
    lake.run_rows("silver.t", "(1, 'a')").await;
    assert_eq!(rows(&lake).await, ["1|a|01|NULL"]);
}

#[tokio::test]
async fn every_layout_and_write_mode_tells_the_same_history() {
    for mode in ["auto", "copy_on_write", "merge_on_read"] {
        for layout in ["", "-- @sort_by: v", "-- @partition_by: bucket(2, id), v", "-- @partition_by: day(valid_from)"] {
            let lake = lake(&format!("-- @write_mode: {mode}\n{layout}\n-- @scd_hard_deletes: close"), QUERY);
            lake.run_rows("silver.t", "(1, 'a'), (2, 'b'), (3, 'c'), (4, 'd')").await;
            lake.clock.advance(DAY);
            lake.run_rows("silver.t", "(1, 'a'), (2, 'B'), (3, 'c'), (5, 'e')").await;
            lake.clock.advance(DAY);
            lake.run_rows("silver.t", "(1, 'A'), (2, 'b'), (3, 'c'), (4, 'd'), (5, 'e')").await;
            let told = [
                "1|A|03|NULL",
                "1|a|01|03",
                "2|B|02|03",
                "2|b|01|02",
                "2|b|03|NULL",
                "3|c|01|NULL",
                "4|d|01|02",
                "4|d|03|NULL",
                "5|e|02|NULL",
            ];
            assert_eq!(rows(&lake).await, told, "{mode} {layout}");
        }
    }
}

#[tokio::test]
async fn files_without_a_touched_key_stay_as_they_are() {
    let lake = lake("", QUERY);
    lake.run_rows("silver.t", "(1, 'a'), (2, 'b'), (3, 'c')").await;
    let first = lake.data_files();
    lake.clock.advance(DAY);
    lake.run_rows("silver.t", "(11, 'a'), (12, 'b'), (13, 'c')").await;
    let report = lake.run_rows("silver.t", "(12, 'B')").await;
    assert_eq!((report.files_added, report.files_removed), (3, 0), "what begins, what ends, and which row that was");
    assert!(first.is_subset(&lake.data_files()));
}

#[tokio::test]
async fn a_new_column_is_a_change_and_a_lost_one_is_not_told() {
    let mut lake = lake("", QUERY);
    lake.run_rows("silver.t", "(1, 'a'), (2, 'b')").await;
    lake.clock.advance(DAY);
    let wider = "SELECT id, v, n FROM (VALUES {{ var('rows') }}) AS t(id, v, n)";
    lake = lake.with(&[("silver/t/pipeline.sql", &pipeline("", wider))]);
    lake.run_rows("silver.t", "(1, 'a', 7), (2, 'b', NULL)").await;
    assert_eq!(rows(&lake).await, ["1|a|01|02|NULL", "1|a|02|NULL|7", "2|b|01|NULL|NULL"], "NULL is what it was");
    let renamed = "SELECT id, v AS what, n FROM (VALUES {{ var('rows') }}) AS t(id, v, n)";
    lake = lake.with(&[("silver/t/pipeline.sql", &pipeline("-- @renamed_from: {what: v}", renamed))]);
    lake.clock.advance(DAY);
    lake.run_rows("silver.t", "(1, 'a', 7), (2, 'B', NULL)").await;
    assert_eq!(rows(&lake).await, ["1|a|01|02|NULL", "1|a|02|NULL|7", "2|B|03|NULL|NULL", "2|b|01|03|NULL"]);
}

#[tokio::test]
async fn this_and_tests_see_validity() {
    let unseen = "{% if is_scd2() %} AND id NOT IN (SELECT id FROM {{ this }} WHERE valid_to IS NULL) {% endif %}";
    let query = format!("{QUERY}{unseen}");
    let one_open = "SELECT id FROM {{ this }} WHERE valid_to IS NULL GROUP BY id HAVING count(*) > 1";
    let new_open = "SELECT * FROM new_rows WHERE valid_to IS NOT NULL";
    let files = [
        ("silver/t/pipeline.sql", &*pipeline("", &query)),
        ("silver/t/tests/quality/one_open.sql", one_open),
        ("silver/t/tests/quality/new_open.sql", new_open),
    ];
    let lake = Lake::new(&files);
    lake.run_rows("silver.t", "(1, 'a')").await;
    let report = lake.run_rows("silver.t", "(1, 'b'), (2, 'b')").await;
    assert_eq!((report.rows_written, report.tests.len()), (1, 2));
}

#[tokio::test]
async fn history_is_kept_when_settings_change() {
    let mut lake = lake("", QUERY);
    lake.run_rows("silver.t", "(1, 'a')").await;
    lake.clock.advance(DAY);
    lake.run_rows("silver.t", "(1, 'b')").await;
    let told = rows(&lake).await;
    let others = [
        "full_refresh",
        "append_only",
        "snapshot\n-- @partition_column: id",
        "incremental\n-- @unique_key: id",
        "delete_insert\n-- @unique_key: id",
    ];
    for strategy in others {
        lake = lake.with(&[("silver/t/pipeline.sql", &format!("-- @merge_strategy: {strategy}\n{QUERY}"))]);
        let error = refused(&lake, "(2, 'b')").await.error.unwrap();
        assert_eq!(error.code(), Code::StrategyChanged, "{strategy}");
        assert!(error.help().contains("allow_data_loss"), "{error}");
        let lost = run(&lake.context, &name("silver.t"), &full_refresh("(2, 'b')")).await.unwrap().error.unwrap();
        assert_eq!(lost.code(), Code::RefreshLosesData, "{strategy}");
    }
    lake = lake.with(&[("silver/t/pipeline.sql", &pipeline("-- @scd_valid_to: until", QUERY))]);
    let error = refused(&lake, "(2, 'b')").await.error.unwrap();
    assert_eq!(error.code(), Code::StrategyChanged);
    assert!(error.message().contains("`until`, which `scd_valid_to` names"), "{error}");
    assert_eq!(rows(&lake).await, told);

    lake = lake.with(&[("silver/t/pipeline.sql", &pipeline("-- @scd_valid_to: until\n-- @renamed_from: {until: valid_to}", QUERY))]);
    lake.run_rows("silver.t", "(1, 'b')").await;
    assert_eq!(rows(&lake).await, told, "the same versions, by another name");

    lake = lake.with(&[("silver/t/pipeline.sql", &pipeline("", QUERY))]);
    let refused = run(&lake.context, &name("silver.t"), &full_refresh("(1, 'c')")).await.unwrap().error.unwrap();
    assert_eq!(refused.code(), Code::RefreshLosesData, "a rebuild of a history is one too");
    let meant = RunOptions { refresh: Refresh::FullWithLoss, ..with_rows("(1, 'c')") };
    assert!(run(&lake.context, &name("silver.t"), &meant).await.unwrap().is_ok());
    assert_eq!(rows(&lake).await, ["1|c|02|NULL"]);
}

#[tokio::test]
async fn a_table_without_history_begins_one_by_a_rebuild() {
    let lake = Lake::new(&[("silver/t/pipeline.sql", &format!("-- @merge_strategy: incremental\n-- @unique_key: id\n{QUERY}"))]);
    lake.run_rows("silver.t", "(1, 'a')").await;
    let lake = lake.with(&[("silver/t/pipeline.sql", &pipeline("", QUERY))]);
    assert_eq!(refused(&lake, "(1, 'b')").await.error.unwrap().code(), Code::StrategyChanged);
    assert!(run(&lake.context, &name("silver.t"), &full_refresh("(1, 'b')")).await.unwrap().is_ok());
    assert_eq!(rows(&lake).await, ["1|b|01|NULL"]);
}

#[tokio::test]
async fn a_row_that_says_nothing_new_counts_where_another_of_its_key_is_new() {
    let query =
        "SELECT CAST(id AS INTEGER) AS id, CAST(v AS VARCHAR) AS v, CAST(w AS BIGINT) AS w FROM (VALUES {{ var('rows') }}) AS t(id, v, w)";
    let lake = lake("-- @watermark_column: w", query);
    lake.run_rows("silver.t", "(1, 'a', 1), (2, 'b', 1)").await;
    lake.clock.advance(DAY);
    let same = lake.run_rows("silver.t", "(1, 'a', 5), (1, 'A', 4), (2, 'b', 5)").await;
    assert_eq!(counts(&same), (0, 0, 0, 3), "the newer of the two is what the table has");
    let changed = lake.run_rows("silver.t", "(1, 'a', 5), (1, 'A', 6), (2, 'b', 5)").await;
    assert_eq!(counts(&changed), (1, 0, 0, 2));
    assert_eq!(rows(&lake).await, ["1|A|6|02|NULL", "1|a|1|01|02", "2|b|1|01|NULL"]);
}

#[tokio::test]
async fn two_open_versions_of_a_key_are_mended_by_a_row_that_says_nothing_new() {
    let lake = lake("", QUERY);
    lake.run_rows("silver.t", "(1, 'a'), (2, 'b')").await;
    let tables = &lake.context.tables;
    let table = tables.get(&name("silver.t")).await.unwrap();
    let data = table.data_files().await.unwrap();
    let path = tables.storage().relative(data[0].file.file_path()).unwrap();
    let one = batches_of(tables.storage(), &path).await[0].slice(0, 1);
    let mut columns = one.columns().to_vec();
    let begin = lake.clock.now() + DAY;
    columns[2] = Arc::new(TimestampMicrosecondArray::from(vec![begin.timestamp_micros()]).with_timezone("+00:00"));
    let twice = RecordBatch::try_new(table.schema().unwrap(), columns).unwrap();
    let target = tables.evolve(&table, Evolution::default()).unwrap();
    let staged = tables.stage(change(tables, target, twice, Remove::None).await).await.unwrap();
    tables.publish(vec![staged]).await.unwrap();
    assert_eq!(rows(&lake).await, ["1|a|01|NULL", "1|a|02|NULL", "2|b|01|NULL"]);
    lake.clock.advance(2 * DAY);
    lake.run_rows("silver.t", "(1, 'a'), (2, 'b')").await;
    assert_eq!(rows(&lake).await, ["1|a|01|02", "1|a|02|NULL", "2|b|01|NULL"]);
}
