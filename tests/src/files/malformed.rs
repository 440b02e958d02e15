//! Files that cannot be read: each kind, with its place.

use bytes::Bytes;
use rat_core::error::{Code, Error, Kind};
use rat_core::interop::dialect::ReadFunction;
use serde_json::{Value, json};

use super::{Landed, csv};

fn malformed(error: &Error) -> String {
    assert_eq!((error.code(), error.kind()), (Code::MalformedFile, Kind::Rejected), "{error}");
    error.message().replace("default/landing/zone/", "")
}

async fn of_csv(text: &str, options: Value) -> String {
    match csv(text, options).await.read().await {
        Ok(read) => panic!("it was read: {:?}", read.lines()),
        Err(error) => malformed(&error),
    }
}

/// Rows enough to fill the sample and more, so that what follows is met only when the file is read.
fn after_the_sample(header: &str, row: &str, last: &str) -> String {
    let rows = 1 + (2 << 20) / row.len();
    format!("{header}\n{}{last}", row.repeat(rows))
}

#[tokio::test]
async fn a_value_of_another_type_after_the_sample_is_refused_at_its_place() {
    let text = after_the_sample("a,b", "12345678,x\n", "ä,1\n");
    let line = text.lines().count();
    assert_eq!(of_csv(&text, json!({})).await, format!("`a.csv` line {line}, column 1: column `a` is BIGINT, found `ä`"));
    let text = after_the_sample("a,b", "x,2013-01-02\n", "äöü,2013-13-01\n");
    let line = text.lines().count();
    assert_eq!(of_csv(&text, json!({})).await, format!("`a.csv` line {line}, column 5: column `b` is DATE, found `2013-13-01`"));
    let error = csv(&text, json!({})).await.read().await.err().unwrap();
    assert!(error.help().contains("all_varchar"), "{}", error.help());
    assert_eq!(error.context()[1], ("line", line.to_string()));
}

#[tokio::test]
async fn what_would_lose_data_is_refused() {
    for (of, value) in [
        ("BIGINT", "1.5"),
        ("BIGINT", "9223372036854775808"),
        ("TINYINT", "128"),
        ("UTINYINT", "-1"),
        ("DECIMAL(5, 2)", "1000"),
        ("DATE", "2013-01-02 10:00:00"),
        ("DATE", "2013-02-29"),
        ("DATE", "2013-01-02x"),
        ("TIME", "25:00:00"),
        ("TIMESTAMP", "2013-01-02 10:00:00+02"),
        ("BOOLEAN", "maybe"),
        ("DOUBLE", "1,5"),
    ] {
        let message = of_csv(&format!("a|b\n{value}|1\n"), json!({ "columns": { "a": of, "b": "INTEGER" }, "header": true })).await;
        assert_eq!(message, format!("`a.csv` line 2, column 1: column `a` is {of}, found `{value}`"));
    }
}

#[tokio::test]
async fn what_loses_nothing_is_read() {
    for (of, value, expected) in [
        ("BIGINT", " 12 ", "12"),
        ("BIGINT", "1e3", "1000"),
        ("BIGINT", "2.0", "2"),
        ("INTEGER", "+7", "7"),
        ("HUGEINT", "99999999999999999999999999999999999999", "99999999999999999999999999999999999999"),
        ("DECIMAL(10,2)", "-1.235", "-1.24"),
        ("DECIMAL(10,2)", "1e-9", "0.00"),
        ("DATE", "2013/1/2", "2013-01-02"),
        ("DATE", "2012-02-29", "2012-02-29"),
        ("DATE", "31.01.2013", "2013-01-31"),
        ("TIME", "1:02:03.5", "01:02:03.500"),
        ("TIMESTAMP", "2013-01-02T10:00:00Z", "2013-01-02T10:00:00"),
        ("TIMESTAMPTZ", "2013-01-02 10:00:00-0230", "2013-01-02T12:30:00Z"),
        ("TIMESTAMPTZ", "2013-07-02 10:00:00 America/New_York", "2013-07-02T14:00:00Z"),
        ("TIMESTAMP", "1969-12-31 23:59:59.999999", "1969-12-31T23:59:59.999999"),
        ("BOOLEAN", "Yes", "true"),
        ("FLOAT", "1.5", "1.5"),
        ("VARCHAR", " x ", " x "),
    ] {
        let options = json!({ "columns": { "a": of, "b": "INTEGER" }, "header": true, "delim": "|" });
        let read = csv(&format!("a|b\n{value}|1\n"), options).await.read().await.unwrap_or_else(|e| panic!("{of} {value}: {e}"));
        assert_eq!(read.lines(), [format!("{expected}|1")], "{of} {value}");
    }
}

#[tokio::test]
async fn rows_of_another_width_are_refused_at_the_value_too_many_or_the_end() {
    assert_eq!(of_csv("a,b\n1,2\n3,4\n5\n", json!({})).await, "`a.csv` line 4, column 2: the row has 1 value, and 2 columns are expected");
    assert_eq!(
        of_csv("a,b\n1,2\n3,4\n5,6,77\n", json!({})).await,
        "`a.csv` line 4, column 5: the row has 3 values, and 2 columns are expected"
    );
    assert_eq!(csv("a,b\n1,2,\n3,4,\n", json!({})).await.read().await.unwrap().lines(), ["1|2", "3|4"], "a delimiter may end each line");
    assert_eq!(csv("a,b\n1,2\n3\n", json!({ "null_padding": true })).await.read().await.unwrap().lines(), ["1|2", "3|-"]);
}

#[tokio::test]
async fn quotes_that_do_not_match_are_refused_where_they_open_or_close() {
    let quoted = json!({ "quote": "\"", "delim": ",", "header": true });
    assert_eq!(of_csv("a,b\n1,2\n3,\"x\"y\n4,5\n", quoted.clone()).await, "`a.csv` line 3, column 6: there is text after a closing quote");
    assert_eq!(of_csv("a,b\n1,2\n3,\"x\n4,5\n", quoted.clone()).await, "`a.csv` line 3, column 3: a quote is not closed");
    assert_eq!(
        of_csv("a,b\n\"one\ntwo\",2\n\"three\nfour\",\"x\"y\n", quoted).await,
        "`a.csv` line 5, column 10: there is text after a closing quote",
        "lines inside quotes count"
    );
}

#[tokio::test]
async fn lines_are_counted_through_quotes_blank_lines_comments_and_every_line_end() {
    for (text, place) in [
        ("a,b\r\n1,2\r\n\r\nx,3\r\n", "line 4, column 1"),
        ("a,b\r1,2\rx,3\r", "line 3, column 1"),
        ("a,b\n#c\n1,2\n\"x\",3\n", "line 4, column 2"),
        ("\u{feff}a,b\n\"1\",\"p\nq\"\nx,3\n", "line 4, column 1"),
        ("t\nt\na,b\nx,3\n", "line 4, column 1"),
    ] {
        let skip = if text.starts_with('t') { 2 } else { 0 };
        let options = json!({ "columns": { "a": "INTEGER", "b": "VARCHAR" }, "header": true, "comment": "#", "skip": skip });
        assert_eq!(of_csv(text, options).await, format!("`a.csv` {place}: column `a` is INTEGER, found `x`"), "{text:?}");
    }
}

#[tokio::test]
async fn bytes_that_are_not_utf8_are_refused() {
    let landed = Landed::new(ReadFunction::Csv, &json!({}), &[("a.csv", Bytes::from_static(b"a,b\nx,1\ny\xfcz,2\n"))]).await;
    assert_eq!(malformed(&landed.read().await.err().unwrap()), "`a.csv` line 3, column 2: the byte 0xFC is not UTF-8");
    let options = json!({ "ignore_errors": true });
    let landed = Landed::new(ReadFunction::Csv, &options, &[("a.csv", Bytes::from_static(b"a,b\nx,1\ny\xfcz,2\nw,3\n"))]).await;
    let read = landed.read().await.unwrap();
    assert_eq!((read.lines(), read.counts.refused_rows()), (vec!["x|1".to_owned(), "w|3".to_owned()], 1));
    let landed =
        Landed::new(ReadFunction::Csv, &json!({ "columns": { "a": "VARCHAR" } }), &[("a.csv", Bytes::from_static(b"\xff\xfea\x00\n\x00"))])
            .await;
    assert_eq!(malformed(&landed.read().await.err().unwrap()), "`a.csv` is UTF-16, not UTF-8");
}

#[tokio::test]
async fn refused_rows_are_left_out_and_counted_whichever_columns_are_asked_for() {
    let text = "a,b\n1,2\nx,3\n4\n5,6,7\n8,y\n9,10\n";
    let options = json!({ "ignore_errors": true, "columns": { "a": "INTEGER", "b": "INTEGER" }, "header": true });
    let landed = csv(text, options).await;
    let read = landed.read().await.unwrap();
    assert_eq!(read.lines(), ["1|2", "9|10"]);
    assert_eq!((read.counts.rows(), read.counts.refused_rows()), (2, 4));
    assert_eq!(
        read.counts.refusals()[0].replace("default/landing/zone/", ""),
        "`a.csv` line 3, column 1: column `a` is INTEGER, found `x`"
    );
    for columns in [vec![], vec![0], vec![1]] {
        assert_eq!(landed.read_columns(Some(columns), None).await.unwrap().rows(), 2);
    }
}

#[tokio::test]
async fn a_row_longer_than_allowed_is_refused_and_not_held() {
    let text = format!("a,b\n1,{}\n", "x".repeat(100));
    let options = json!({ "max_line_size": 50, "header": true });
    assert_eq!(of_csv(&text, options).await, "`a.csv` line 2, column 1: a row of 103 bytes is longer than 50");
    let text = format!("a,b\n1,\"{}", "x\n".repeat(2 << 20));
    let options = json!({ "quote": "\"", "delim": ",", "header": true, "ignore_errors": true });
    assert_eq!(of_csv(&text, options).await, "`a.csv` line 2, column 1: a row is longer than 2000000 bytes");
}

#[tokio::test]
async fn a_file_without_a_column_of_the_others_is_refused() {
    let two = |options: Value| async move {
        let files = [("a.csv", Bytes::from_static(b"id,name\n1,x\n")), ("b.csv", Bytes::from_static(b"id,nam\n2,y\n"))];
        Landed::new(ReadFunction::Csv, &options, &files).await.read().await
    };
    let error = two(json!({})).await.err().unwrap();
    assert_eq!(malformed(&error), "`b.csv`: line 1: the file has no column `name`, which other files of the zone have");
    assert_eq!(error.help(), "rename its column `nam`, or set `union_by_name = true`");
    assert_eq!(two(json!({ "union_by_name": true })).await.unwrap().lines(), ["1|x|-", "2|-|y"]);
}

#[tokio::test]
async fn json_is_refused_at_its_line_and_column() {
    for (text, expected) in [
        ("{\"a\":1}\n{\"a\":x}\n", "`a.json` line 2, column 6: not JSON: expected value"),
        ("{\"a\":1}\n{\"a\":\n", "`a.json` line 2, column 5: not JSON: EOF while parsing a value"),
        ("{\"a\":1}\n7\n", "`a.json` line 2, column 1: an object is expected, found `7`"),
        ("[{\"a\":1},\n {\"a\":2}\n {\"a\":3}]", "`a.json` line 3, column 2: `,` or `]` is expected"),
        ("[{\"a\":1},{\"a\":2}", "`a.json` line 1, column 17: the array is not closed"),
        ("[{\"a\":1}] x", "`a.json` line 1, column 11: there is text after the array"),
    ] {
        let landed = super::json(text, json!({ "columns": { "a": "BIGINT" } })).await;
        assert_eq!(malformed(&landed.read().await.err().unwrap()), expected, "{text}");
    }
    let columns = json!({ "columns": { "a": "STRUCT(x BIGINT[])", "ä": "DATE" } });
    for (text, expected) in [
        (
            "{\"ä\": \"2013-01-01\", \"a\": {\"x\": [1, \"two\"]}}",
            "`a.json` line 1, column 36: `a.x[1]`: BIGINT is expected, found `\"two\"`",
        ),
        ("\n\n{\"a\": {\"x\": 5}}", "`a.json` line 3, column 13: `a.x`: an array is expected, found `5`"),
        ("{\n \"a\": true}", "`a.json` line 2, column 7: `a`: an object is expected, found `true`"),
        ("{\"ä\": \"01/02/2013\"}", "`a.json` line 1, column 7: `ä`: DATE is expected, found `\"01/02/2013\"`"),
    ] {
        let landed = super::json(text, columns.clone()).await;
        assert_eq!(malformed(&landed.read().await.err().unwrap()), expected, "{text}");
    }
}

#[tokio::test]
async fn a_key_that_no_sampled_record_has_is_refused_unless_the_columns_are_listed() {
    let row = "{\"a\":1}\n";
    let text = format!("{}{{\"a\":2,\"bb\":3}}\n", row.repeat(1 + (2 << 20) / row.len()));
    let line = text.lines().count();
    let error = super::json(&text, json!({})).await.read().await.err().unwrap();
    assert_eq!(malformed(&error), format!("`a.json` line {line}, column 13: `bb`: the key `bb` is in none of the sampled records"));
    assert_eq!(super::json(&text, json!({ "columns": { "a": "BIGINT" } })).await.read().await.unwrap().rows(), line);
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_read_is_not_taken_for_the_one_listed() {
    let landed = csv("a\n1\n", json!({})).await;
    landed.storage.write("default/landing/zone/a.csv", Bytes::from_static(b"a\n2\n")).await.unwrap();
    let error = landed.read().await.err().unwrap();
    assert_eq!((error.code(), error.is_retryable()), (Code::StorageUnavailable, true));
    assert_eq!(error.message(), "`default/landing/zone/a.csv` was replaced while it was read");
}

#[tokio::test]
async fn a_zone_that_tells_no_columns_is_empty_unless_the_call_lists_them() {
    for text in ["", "\n\n", "   \n"] {
        let problems = csv(text, json!({})).await.shape().await.unwrap_err();
        assert_eq!(problems[0].code, Code::EmptyZone, "{text:?}");
    }
    let read = csv("", json!({ "columns": { "a": "INTEGER" } })).await.read().await.unwrap();
    assert_eq!((read.rows(), read.shape.schema().fields().len()), (0, 1));
    let none = Landed::new(ReadFunction::Json, &json!({}), &[]).await.shape().await.unwrap_err();
    assert_eq!(none[0].message, "`landing://default/zone` has no file, so the columns of `read_json` are not known");
    assert_eq!(none[0].range, 100..200, "the problem is at the call");
}
