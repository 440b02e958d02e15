//! Large files: cut anywhere between pieces, streamed, many at once, read no further than asked.

use bytes::Bytes;
use rat_core::interop::dialect::ReadFunction;
use serde_json::json;

use super::{Landed, csv};

/// Rows whose ends fall on every possible place relative to the pieces a file is read in.
#[tokio::test]
async fn records_that_lie_across_pieces_are_whole() {
    let row = |i: usize| format!("{i},\"{} \"\"ä\"\"\n{}\"\r\n", "y".repeat(i % 97), "z".repeat(i % 31));
    let text = (0..40_000).fold("id,text\r\n".to_owned(), |text, i| text + &row(i));
    assert!(text.len() > 3 << 20);
    let read = csv(&text, json!({})).await.read().await.unwrap();
    assert_eq!(read.rows(), 40_000);
    let lines = read.lines();
    for i in [0, 1, 4999, 20_000, 39_999] {
        assert_eq!(lines[i], format!("{i}|{} \"ä\"\n{}", "y".repeat(i % 97), "z".repeat(i % 31)));
    }
}

#[tokio::test]
async fn json_records_that_lie_across_pieces_are_whole() {
    let row = |i: usize| format!("{{\"id\": {i},\n \"text\": \"{} ]}}\\\"ä\"}}", "y".repeat(i % 97));
    let rows: Vec<String> = (0..40_000).map(row).collect();
    for text in [rows.join("\n"), format!("[{}]", rows.join(", "))] {
        let read = super::json(&text, json!({})).await.read().await.unwrap();
        assert_eq!(read.rows(), 40_000);
        assert_eq!(read.lines()[39_999], format!("39999|{} ]}}\"ä", "y".repeat(39_999 % 97)));
    }
}

/// What one batch holds is bounded by rows and by bytes: that, a piece of input and the longest row are all that reading keeps.
#[tokio::test]
async fn batches_are_bounded_in_rows_and_bytes() {
    let wide = "x".repeat(1 << 20);
    let text = (0..64).fold("a\n".to_owned(), |text, _| text + &wide + "\n");
    let read = csv(&text, json!({})).await.read().await.unwrap();
    let largest = read.batches.iter().map(|b| b.get_array_memory_size()).max().unwrap();
    assert!(largest < 64 << 20, "{largest}");
    assert!(read.batches.len() >= 4, "{}", read.batches.len());
    let text = (0..100_000).fold("a\n".to_owned(), |text, i| text + &format!("{i}\n"));
    let read = csv(&text, json!({})).await.read().await.unwrap();
    assert!(read.batches.iter().all(|b| b.num_rows() <= 8192));
}

#[tokio::test]
async fn files_are_read_in_the_order_of_their_paths_and_say_their_path() {
    let files: Vec<(String, Bytes)> = (0..25).map(|i| (format!("f{i:02}.csv"), Bytes::from(format!("a\n{i}\n{i}\n")))).collect();
    let files: Vec<(&str, Bytes)> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
    let landed = Landed::new(ReadFunction::Csv, &json!({ "filename": true }), &files).await;
    let expected: Vec<String> = (0..50).map(|i| format!("{}|default/landing/zone/f{:02}.csv", i / 2, i / 2)).collect();
    assert_eq!(landed.read().await.unwrap().lines(), expected);
    let swapped = landed.read_columns(Some(vec![1, 0]), None).await.unwrap().lines();
    assert_eq!(swapped[49], "default/landing/zone/f24.csv|24");
}

#[tokio::test]
async fn only_the_columns_and_rows_asked_for_are_read() {
    let text = "a,b,c\n1,x,2\n3,y,oops\n";
    let landed = csv(text, json!({ "columns": { "a": "INTEGER", "b": "VARCHAR", "c": "INTEGER" }, "header": true })).await;
    assert!(landed.read().await.is_err());
    assert_eq!(
        landed.read_columns(Some(vec![1]), None).await.unwrap().lines(),
        ["x", "y"],
        "a column that is not asked for is not converted"
    );
    assert_eq!(landed.read_columns(Some(vec![]), None).await.unwrap().rows(), 2);
    let text = (0..100_000).fold("a\n".to_owned(), |text, i| text + &format!("{i}\n"));
    assert_eq!(csv(&text, json!({})).await.read_columns(None, Some(10)).await.unwrap().rows(), 10);
}

#[tokio::test]
async fn folders_become_columns() {
    let files = [
        ("year=2013/kind=a b/x.csv", Bytes::from_static(b"v\n1\n")),
        ("year=2014/kind=__HIVE_DEFAULT_PARTITION__/x.csv", Bytes::from_static(b"v\n2\n")),
    ];
    let landed = Landed::new(ReadFunction::Csv, &json!({ "hive_partitioning": true }), &files).await;
    assert_eq!(landed.read().await.unwrap().lines(), ["1|2013|a b", "2|2014|-"]);
    assert_eq!(landed.read_columns(Some(vec![1]), None).await.unwrap().lines(), ["2013", "2014"]);
}
