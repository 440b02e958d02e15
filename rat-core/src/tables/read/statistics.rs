//! Row counts, minima, maxima and null counts, for the optimizer and for answers without a scan.

use std::sync::Arc;

use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, ScalarValue, Statistics};
use iceberg::spec::TableMetadata;

use super::super::files::FileEntry;
use super::bounds::{self, Bound, Bounds, Column};

/// What is known of one file's rows, before its deletes; for a scan of `width` columns, of which `columns` are the first.
pub(super) fn of_file(entry: &FileEntry, columns: &[Column], width: usize, metadata: &TableMetadata) -> Arc<Statistics> {
    let rows = usize::try_from(entry.file.record_count()).unwrap_or(usize::MAX);
    let mut known: Vec<ColumnStatistics> = columns.iter().map(|column| column_statistics(of(entry, column, metadata))).collect();
    known.resize_with(width, ColumnStatistics::new_unknown);
    Arc::new(Statistics {
        num_rows: Precision::Exact(rows),
        total_byte_size: Precision::Inexact(usize::try_from(entry.file.file_size_in_bytes()).unwrap_or(usize::MAX)),
        column_statistics: known,
    })
}

/// The same bounds, said to be exact: the reader leaves files out by no others, and needs of a bound only that no value is beyond it. For
/// the reader alone: whoever takes an end for a value would be wrong. Equal ends stay as they are, for it takes a file of one value by them.
pub(super) fn for_pruning(known: &Statistics) -> Statistics {
    let bound = |end: &Precision<ScalarValue>| match end {
        Precision::Inexact(value) => Precision::Exact(value.clone()),
        other => other.clone(),
    };
    let mut known = known.clone();
    for column in &mut known.column_statistics {
        if column.min_value.get_value() != column.max_value.get_value() {
            (column.min_value, column.max_value) = (bound(&column.min_value), bound(&column.max_value));
        }
    }
    known
}

/// What is known of the rows of several files; exact only when none has deletes.
pub(super) fn of_files(entries: &[&FileEntry], deletes: Option<usize>, columns: &[Column], metadata: &TableMetadata) -> Statistics {
    let rows: u64 = entries.iter().map(|entry| entry.file.record_count()).sum();
    let bytes: u64 = entries.iter().map(|entry| entry.file.file_size_in_bytes()).sum();
    let rows = usize::try_from(rows).unwrap_or(usize::MAX);
    let statistics = Statistics {
        num_rows: Precision::Exact(rows.saturating_sub(deletes.unwrap_or(0))),
        total_byte_size: Precision::Inexact(usize::try_from(bytes).unwrap_or(usize::MAX)),
        column_statistics: columns.iter().map(|column| column_statistics(union(entries, column, metadata))).collect(),
    };
    match deletes {
        None => statistics,
        // The row count is known to the row; which values the deleted rows held is not.
        Some(_) => Statistics { num_rows: statistics.num_rows, ..statistics.to_inexact() },
    }
}

/// What is known of a column over several files: a side is known when every file knows it, and exact when every file is.
pub(super) fn union(entries: &[&FileEntry], column: &Column, metadata: &TableMetadata) -> Bounds {
    let mut union = Bounds { nulls: Some(0), ..Bounds::default() };
    let (mut min_known, mut max_known) = (true, true);
    for entry in entries {
        let bounds = of(entry, column, metadata);
        union.nulls = union.nulls.zip(bounds.nulls).map(|(a, b)| a + b);
        // A file of NULLs alone has no value to compare.
        if bounds.nulls == Some(entry.file.record_count()) {
            continue;
        }
        min_known &= widen(&mut union.min, bounds.min, std::cmp::Ordering::Less);
        max_known &= widen(&mut union.max, bounds.max, std::cmp::Ordering::Greater);
    }
    Bounds { min: union.min.filter(|_| min_known), max: union.max.filter(|_| max_known), nulls: union.nulls }
}

fn of(entry: &FileEntry, column: &Column, metadata: &TableMetadata) -> Bounds {
    bounds::of_file(entry, column, metadata.partition_spec_by_id(entry.spec_id).map(AsRef::as_ref))
}

// Takes the further of two ends. It is exact only if it is so whichever file has it: an inexact end that is passed by says nothing.
fn widen(known: &mut Option<Bound>, other: Option<Bound>, further: std::cmp::Ordering) -> bool {
    let Some(other) = other else { return false };
    match known {
        None => *known = Some(other),
        Some(end) => match other.value.partial_cmp(&end.value) {
            None => return false,
            Some(order) if order == further => *known = Some(other),
            Some(std::cmp::Ordering::Equal) => end.exact |= other.exact,
            Some(_) => {}
        },
    }
    true
}

fn column_statistics(bounds: Bounds) -> ColumnStatistics {
    let side = |bound: Option<Bound>| match bound {
        Some(Bound { value, exact: true }) => Precision::Exact(value),
        Some(Bound { value, exact: false }) => Precision::Inexact(value),
        None => Precision::Absent,
    };
    ColumnStatistics {
        null_count: bounds.nulls.and_then(|nulls| usize::try_from(nulls).ok()).map_or(Precision::Absent, Precision::Exact),
        min_value: side(bounds.min),
        max_value: side(bounds.max),
        sum_value: Precision::<ScalarValue>::Absent,
        distinct_count: Precision::Absent,
        byte_size: Precision::Absent,
    }
}
