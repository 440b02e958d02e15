//! The rows that all engines are given: a table of ten million, and what changes in it.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

pub const ROWS: i64 = 10_000_000;
/// Of the column `p`, in the rows of which nothing but whole ranges of ids share a value.
pub const PARTITIONS: i64 = 100;

/// Writes rows of these ids; the same ids in another `version` are other rows.
pub fn write(path: &Path, version: u64, ids: impl Iterator<Item = i64>) {
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), rows(version, &[]).schema(), Some(properties)).unwrap();
    let ids: Vec<i64> = ids.collect();
    for ids in ids.chunks(100_000) {
        writer.write(&rows(version, ids)).unwrap();
    }
    writer.close().unwrap();
}

fn rows(version: u64, ids: &[i64]) -> RecordBatch {
    let scrambled = |id: i64, column: u64| {
        let mixed = (id.cast_unsigned() ^ (version << 40) ^ (column << 50)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed ^ (mixed >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93) >> 16
    };
    let column = |of: &dyn Fn(i64) -> f64| Arc::new(Float64Array::from_iter_values(ids.iter().map(|id| of(*id))));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from(ids.to_vec()))),
        ("s1", Arc::new(StringArray::from_iter_values(ids.iter().map(|id| format!("{:010x}", scrambled(*id, 1) & 0xff_ffff_ffff))))),
        ("s2", Arc::new(StringArray::from_iter_values(ids.iter().map(|id| format!("category_{}", id % 100))))),
        ("d1", column(&|id| (scrambled(id, 2) % 100_000) as f64 / 100.0)),
        ("d2", column(&|id| scrambled(id, 3) as f64 / (1_u64 << 48) as f64)),
        ("ts", Arc::new(TimestampMicrosecondArray::from_iter_values(ids.iter().map(|id| 1_704_067_200_000_000 + id * 3_000_000)))),
        ("p", Arc::new(Int64Array::from_iter_values(ids.iter().map(|id| id * PARTITIONS / ROWS)))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}
