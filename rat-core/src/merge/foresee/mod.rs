//! What a merge may do to a table's files, told before there is a row to merge.
//!
//! Read are manifests, and nothing else. What is said are limits that hold whatever the rows turn out to be: which files can hold a key of
//! the new rows, by the very bounds that [`matching`](super::matching) rules files out by, and what can become of those, by the
//! [`Fate`](super::stored::Fate) that the run will choose.

mod amount;
mod rows;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use datafusion::common::ScalarValue;
use datafusion::logical_expr::LogicalPlan;
use roaring::RoaringTreemap;

pub use amount::Amount;

use self::rows::Expected;
use super::columns::position;
use super::matching::Search;
use super::stored::{Fate, Leaving, Stored};
use super::{Merge, scd2};
use crate::config::MergeStrategy;
use crate::error::Result;
use crate::tables::{KeyRange, ScanFile, Table, WriterOptions, most_bytes, most_delete_bytes, most_files};

/// What will become of a table's files, as far as that can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreseen {
    /// New rows that are written.
    pub rows_written: Amount,
    /// Rows of the table afterwards.
    pub rows_total: Amount,
    /// Data files that the table has now.
    pub files_before: u64,
    /// Those of them that stay as they are for sure.
    pub files_pruned: u64,
    /// Those that go as a whole.
    pub files_dropped: Amount,
    /// Those that are written again without the rows that leave.
    pub files_rewritten: Amount,
    /// Those that get a position delete file.
    pub files_deleted_from: Amount,
    /// Files that come: of new rows, of rows that stay, of positions of deleted rows.
    pub files_added: Amount,
    /// Files that go: of rows, and of positions of deleted rows.
    pub files_removed: Amount,
    /// Bytes of the files that come.
    pub bytes_written: Amount,
}

impl Merge {
    /// What merging the rows of this query into the table may do to it. Where the query stands for another one, with `stand_in`, its rows
    /// say nothing.
    ///
    /// # Errors
    /// `STRATEGY_CHANGED` when the key has a column that the table does not have yet, `CORRUPT_TABLE`, storage codes.
    pub async fn foresee(&self, query: &LogicalPlan, base: Option<&Table>, stand_in: bool) -> Result<Foreseen> {
        let expected = match stand_in {
            true => Expected::unknown(query.schema().fields().len()),
            false => rows::expected(&self.session, query).await?,
        };
        let none = expected.most == Some(0);
        let rows = Amount::between(expected.least, expected.most);
        let keeps_all = !matches!(self.strategy, MergeStrategy::Incremental | MergeStrategy::Scd2);
        let rows_written = match rows {
            // One of several of a key is kept, and none that says nothing new.
            Amount::Exact(most) if !keeps_all && most > 0 => Amount::AtMost(most),
            rows => rows,
        };
        let ranges = rows::by_name(query, &expected);
        let one_partition = self.one_partition(&ranges);
        // Of rows that meet no other one is written, whatever their keys.
        let new_files = |meets_none: bool| {
            let is_written = keeps_all || (meets_none && self.strategy == MergeStrategy::Incremental);
            self.files_of(if is_written { expected.least.min(1) } else { 0 }, expected.most, one_partition)
        };
        let Some(base) = base else {
            return Ok(Foreseen::of(rows_written, rows_written, new_files(true)));
        };
        let before = base.file_count();
        if self.rebuild {
            let new_files = new_files(true);
            let gone = before.map_or(Amount::Unknown, Amount::Exact);
            return Ok(Foreseen {
                files_before: before.unwrap_or(0),
                files_dropped: gone,
                files_removed: gone,
                ..Foreseen::of(rows_written, rows_written, new_files)
            });
        }
        let stored = Stored::of(self, base).await?;
        let files_before = stored.files.len() as u64;
        let touched = match self.strategy {
            // The key must be one that the table has, also when no row comes.
            MergeStrategy::FullRefresh | MergeStrategy::AppendOnly => Vec::new(),
            _ => self.touched(&stored, &ranges)?,
        };
        let touched = if none { Vec::new() } else { touched };
        let new_files = new_files(touched.is_empty());
        let fates = self.fates(&stored, &touched);
        let held = base.row_count().map_or(Amount::Unknown, Amount::Exact);
        let rows_total = match (held, self.strategy) {
            (Amount::Exact(_), MergeStrategy::AppendOnly) => held.and(rows_written),
            (Amount::Exact(_), _) if none => held,
            (Amount::Exact(held), _) => rows_written.most().map_or(Amount::Unknown, |new| Amount::AtMost(held.saturating_add(new))),
            _ => Amount::Unknown,
        };
        Ok(Foreseen {
            files_before,
            files_pruned: files_before - fates.files,
            files_dropped: fates.dropped,
            files_rewritten: fates.rewritten,
            files_deleted_from: fates.deleted_from,
            files_removed: fates.removed,
            ..Foreseen::of(rows_written, rows_total, new_files.and(fates.carried).and(fates.delete_files))
        })
    }

    /// Files that so many rows are written into.
    fn files_of(&self, least: u64, rows: Option<u64>, one_partition: bool) -> Coming {
        let options = WriterOptions { target_file_bytes: Some(self.target_file_bytes), ..WriterOptions::default() };
        let files = rows.map(|rows| most_files(&self.target, &options, rows, one_partition));
        let bytes = rows.zip(files).and_then(|(rows, files)| if files == 0 { Some(0) } else { most_bytes(&self.target, rows, files) });
        Coming { files: Amount::between(least, files), bytes: Amount::between(0, bytes) }
    }

    /// Whether rows of these ranges are all of one partition: each of its columns has one value.
    fn one_partition(&self, ranges: &BTreeMap<String, KeyRange>) -> bool {
        let metadata = self.target.metadata();
        let one_value = |range: &KeyRange| match (&range.min, &range.max) {
            // Beside the limits of floating point there is NaN.
            (Some(min), Some(max)) => min == max && !range.may_be_null && !min.data_type().is_floating(),
            _ => false,
        };
        metadata.default_partition_spec().fields().iter().all(|field| {
            let column = metadata.current_schema().field_by_id(field.source_id);
            column.and_then(|column| ranges.get(&column.name.to_lowercase())).is_some_and(one_value)
        })
    }

    /// The files that may lose a row.
    fn touched(&self, stored: &Stored<'_>, ranges: &BTreeMap<String, KeyRange>) -> Result<Vec<ScanFile>> {
        let files = match &self.validity {
            None => stored.files.clone(),
            Some(validity) => {
                let earliest = match ranges.get(&validity.from.to_lowercase()).filter(|_| validity.own).map(|range| &range.min) {
                    Some(Some(ScalarValue::TimestampMicrosecond(Some(earliest), _))) => *earliest,
                    Some(_) => i64::MIN,
                    None => validity.now,
                };
                let reached = scd2::reached(stored, validity, earliest);
                if scd2::ends_absent(validity) {
                    // Of whatever key the rows are, the others' open versions end.
                    return Ok(reached);
                }
                reached
            }
        };
        let search = Search::new(stored, &files, None)?;
        let mut kept = vec![true; files.len()];
        for bounds in search.bounds() {
            let name = self.key[bounds.column].to_lowercase();
            if let Some(range) = ranges.get(&name) {
                let of_type =
                    range.clone().of_type(self.columns.target().field(position(self.columns.target(), &name).unwrap_or(0)).data_type());
                of_type.narrow(&bounds, &mut kept);
            }
        }
        Ok(files.iter().zip(kept).filter(|(_, kept)| *kept).map(|(file, _)| file.clone()).collect())
    }

    fn fates(&self, stored: &Stored<'_>, touched: &[ScanFile]) -> Fates {
        let leaving: Leaving = touched.iter().map(|file| (file.path().to_owned(), RoaringTreemap::new())).collect::<HashMap<_, _>>();
        let sharing = stored.with_sharers(&leaving);
        let files = touched.len() as u64;
        let replaces = matches!(self.strategy, MergeStrategy::Snapshot | MergeStrategy::DeleteInsert);
        // A file of one value goes as a whole or not at all.
        let partly: Vec<&ScanFile> = touched.iter().filter(|file| !(replaces && stored.only_values(file).is_some())).collect();
        let (rewrites, deletes) = Fate::possible(self.write_mode);
        let rewritten = if rewrites { partly.len() as u64 } else { 0 };
        // They may lie in one partition each.
        let whole = self.one_partition(&BTreeMap::new());
        let rows: u64 = partly.iter().map(|file| file.rows()).sum();
        // An ended version is written again, wherever it was.
        let carries = rewrites || self.strategy == MergeStrategy::Scd2;
        let others = sharing.iter().filter(|file| !leaving.contains_key(file.path()));
        let deleted_from = others.chain(partly.iter().copied().filter(|_| deletes));
        let held = |all: u64, file: &ScanFile| all.saturating_add(most_delete_bytes(file.path(), file.rows()));
        let (count, bytes) = deleted_from.fold((0, 0), |(count, bytes), file| (count + 1, held(bytes, file)));
        let delete_files = Coming { files: Amount::between(0, Some(count)), bytes: Amount::between(0, Some(bytes)) };
        let older: BTreeSet<&str> = sharing.iter().flat_map(ScanFile::position_deletes).map(|delete| delete.file_path()).collect();
        Fates {
            files: sharing.len() as u64,
            dropped: Amount::between(0, Some(files)),
            rewritten: Amount::between(0, Some(rewritten)),
            deleted_from: delete_files.files,
            removed: Amount::between(0, Some(files + older.len() as u64)),
            carried: if carries { self.files_carried(rows, whole) } else { Coming::none() },
            delete_files,
        }
    }

    fn files_carried(&self, rows: u64, whole: bool) -> Coming {
        match self.strategy {
            // Rows that stay and versions that end are written apart.
            MergeStrategy::Scd2 => self.files_of(0, Some(rows), whole).and(self.files_of(0, Some(rows), whole)),
            _ => self.files_of(0, Some(rows), whole),
        }
    }
}

impl Foreseen {
    /// Rows that come, and files.
    fn of(rows_written: Amount, rows_total: Amount, coming: Coming) -> Self {
        let none = Amount::Exact(0);
        Self {
            rows_written,
            rows_total,
            files_before: 0,
            files_pruned: 0,
            files_dropped: none,
            files_rewritten: none,
            files_deleted_from: none,
            files_added: coming.files,
            files_removed: none,
            bytes_written: coming.bytes,
        }
    }

    /// A table that is left as it is.
    pub fn nothing(base: Option<&Table>) -> Self {
        let none = Amount::Exact(0);
        let files = base.and_then(Table::file_count).unwrap_or(0);
        let rows_total = base.map_or(none, |base| base.row_count().map_or(Amount::Unknown, Amount::Exact));
        Self { files_before: files, files_pruned: files, ..Self::of(none, rows_total, Coming::none()) }
    }
}

/// Files that come, and how large they are together.
#[derive(Debug, Clone, Copy)]
struct Coming {
    files: Amount,
    bytes: Amount,
}

impl Coming {
    fn none() -> Self {
        Self { files: Amount::Exact(0), bytes: Amount::Exact(0) }
    }

    fn and(self, other: Self) -> Self {
        Self { files: self.files.and(other.files), bytes: self.bytes.and(other.bytes) }
    }
}

/// What may become of files that rows leave.
struct Fates {
    files: u64,
    dropped: Amount,
    rewritten: Amount,
    deleted_from: Amount,
    removed: Amount,
    carried: Coming,
    delete_files: Coming,
}
