//! `.gz` and `.zst`: told by their first bytes, whole or refused.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use rat_core::error::Code;
use rat_core::interop::dialect::ReadFunction;
use serde_json::json;

use super::Landed;

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn zstd(text: &str) -> Vec<u8> {
    ::zstd::encode_all(text.as_bytes(), 1).unwrap()
}

fn rows(n: usize) -> String {
    (0..n).fold("a,b\n".to_owned(), |text, i| text + &format!("{i},text {}\n", i * 7919 % 10007))
}

async fn landed(name: &str, bytes: Vec<u8>) -> Landed {
    Landed::new(ReadFunction::Csv, &json!({}), &[(name, Bytes::from(bytes))]).await
}

#[tokio::test]
async fn packed_files_read_as_plain_ones_whatever_their_name() {
    let text = rows(200_000);
    let plain = landed("a.csv", text.clone().into_bytes()).await.read().await.unwrap().lines();
    for (name, bytes) in [("a.csv.gz", gzip(&text)), ("a.csv.zst", zstd(&text)), ("a.csv", gzip(&text))] {
        assert_eq!(landed(name, bytes).await.read().await.unwrap().lines(), plain, "{name}");
    }
}

#[tokio::test]
async fn several_members_are_one_text() {
    for pack in [gzip, zstd] {
        let bytes = [pack("a\n1\n2"), pack("3\n"), pack(""), pack("4\n")].concat();
        assert_eq!(landed("a.csv.gz", bytes).await.read().await.unwrap().lines(), ["1", "23", "4"]);
    }
}

#[tokio::test]
async fn what_was_cut_off_or_damaged_is_refused() {
    let text = rows(300_000);
    for (kind, bytes) in [("gzip", gzip(&text)), ("zstd", zstd(&text))] {
        for cut in [bytes.len() - 1, bytes.len() / 2] {
            let error = landed("a.csv", bytes[..cut].to_vec()).await.read().await.err().unwrap();
            assert_eq!(error.code(), Code::MalformedFile, "{kind} cut at {cut}");
            assert!(error.message().contains("the packed data ends too early"), "{kind}: {error}");
        }
        let mut damaged = bytes.clone();
        let from = bytes.len() - bytes.len() / 4;
        damaged[from..from + 64].fill(0xA5);
        let error = landed("a.csv", damaged).await.read().await.err().unwrap();
        assert_eq!(error.code(), Code::MalformedFile, "{kind}: {error}");
    }
}

#[tokio::test]
async fn a_packing_that_is_named_is_believed() {
    let options = json!({ "compression": "gzip" });
    let plain = Landed::new(ReadFunction::Csv, &options, &[("a.csv", Bytes::from_static(b"a\n1\n"))]).await;
    let problems = plain.shape().await.unwrap_err();
    assert_eq!(problems[0].code, Code::MalformedFile);
    assert!(problems[0].message.contains("gzip data is damaged"), "{}", problems[0].message);
}

#[tokio::test]
async fn packed_json_is_read_too() {
    let text = "{\"a\":1}\n{\"a\":2}\n";
    for bytes in [gzip(text), zstd(text)] {
        let landed = Landed::new(ReadFunction::Ndjson, &json!({}), &[("a.json", Bytes::from(bytes))]).await;
        assert_eq!(landed.read().await.unwrap().lines(), ["1", "2"]);
    }
}
