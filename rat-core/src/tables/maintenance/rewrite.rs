//! Which files are better written again.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use iceberg::spec::{DataContentType, SortDirection, Transform as IcebergTransform};

use crate::error::Result;
use crate::tables::read::ScanFile;
use crate::tables::{Direction, SortColumn, Table, format};

/// Fewer small files than this are not worth being written again: the next run adds some more.
const LEAST_SMALL_FILES: usize = 5;
/// A file is written again when one row of so many is deleted: a reader that skips rows all over a file is slower than one that skips none.
const ROWS_A_DELETE: u64 = 200;
/// Small manifests than which more are merged.
const MANY_MANIFESTS: usize = 10;

/// What would be written again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rewrite {
    /// Data files that become one or few, group by group: files of one partition.
    pub groups: Vec<Vec<String>>,
    /// Delete files that have nothing left to delete then.
    pub deletes: BTreeSet<String>,
    /// Bytes of those data files.
    pub bytes: u64,
    /// Whether the manifests are many and small.
    pub manifests: bool,
}

impl Rewrite {
    /// Whether all is well as it is.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty() && !self.manifests
    }

    /// The number of data files.
    pub fn files(&self) -> u64 {
        self.groups.iter().map(|group| group.len() as u64).sum()
    }
}

impl Table {
    /// The files that are better written again: small ones of one partition, when there are several, and those of whose rows one in
    /// 200 or more is deleted. None of a table of a format version that rat does not write.
    ///
    /// # Errors
    /// As [`Scan::files`](super::super::Scan::files).
    pub async fn rewrite(&self, target_bytes: u64) -> Result<Rewrite> {
        if self.metadata().format_version() != format::WRITTEN {
            return Ok(Rewrite::default());
        }
        let files = self.scan()?.files().await?;
        let mut groups: BTreeMap<String, Vec<&ScanFile>> = BTreeMap::new();
        for file in &files {
            let entry = file.entry();
            if is_small(file, target_bytes) || is_worn(file) {
                groups.entry(format!("{} {:?}", entry.spec_id, entry.file.partition())).or_default().push(file);
            }
        }
        let mut chosen: Vec<Vec<&ScanFile>> = groups.into_values().flat_map(|group| bins(group, target_bytes)).collect();
        let deletes = settle(&files, &mut chosen);
        let manifests = self.manifests().await?;
        let small = manifests.iter().filter(|manifest| manifest.manifest_length < 1024 * 1024).count();
        Ok(Rewrite {
            bytes: chosen.iter().flatten().map(|file| file.entry().file.file_size_in_bytes()).sum(),
            groups: chosen.into_iter().map(|group| group.into_iter().map(|file| file.path().to_owned()).collect()).collect(),
            deletes,
            manifests: small >= MANY_MANIFESTS,
        })
    }

    /// The order in which the table's files hold their rows; empty where there is none, `None` where it is not one of whole columns.
    pub fn sort_columns(&self) -> Option<Vec<SortColumn>> {
        let fields = &self.metadata().default_sort_order().fields;
        let column = |field: &iceberg::spec::SortField| {
            let direction = match field.direction {
                SortDirection::Ascending => Direction::Ascending,
                SortDirection::Descending => Direction::Descending,
            };
            let column = self.iceberg_schema().name_by_field_id(field.source_id)?.to_owned();
            (field.transform == IcebergTransform::Identity).then_some(SortColumn { column, direction })
        };
        fields.iter().map(column).collect()
    }
}

fn is_small(file: &ScanFile, target_bytes: u64) -> bool {
    file.entry().file.file_size_in_bytes() < target_bytes / 4 * 3
}

/// Deletes that nobody counted by file weigh like many.
fn is_worn(file: &ScanFile) -> bool {
    let counted = file.position_deletes().try_fold(0, |sum, delete| {
        let mine = delete.referenced_data_file().is_some_and(|data| data == file.path());
        mine.then(|| sum + delete.record_count())
    });
    file.equality_deletes().next().is_some() || counted.is_none_or(|deleted| deleted > 0 && deleted * ROWS_A_DELETE >= file.rows())
}

/// Groups of about the target's size that are worth it.
fn bins(mut files: Vec<&ScanFile>, target_bytes: u64) -> Vec<Vec<&ScanFile>> {
    files.sort_by_key(|file| file.entry().sequence_number);
    let mut bins: Vec<Vec<&ScanFile>> = vec![Vec::new()];
    let mut bytes = 0;
    for file in files {
        let size = file.entry().file.file_size_in_bytes();
        if bytes > 0 && bytes + size > target_bytes {
            bins.push(Vec::new());
            bytes = 0;
        }
        bytes += size;
        if let Some(bin) = bins.last_mut() {
            bin.push(file);
        }
    }
    for bin in &mut bins {
        if bin.len() < LEAST_SMALL_FILES {
            bin.retain(|file| is_worn(file));
        }
    }
    bins.retain(|bin| !bin.is_empty());
    bins
}

/// A delete file that names rows of several data files must go when these go, and may only go when all of them do: else the number of
/// deleted rows would be counted wrong. Takes out of the groups what cannot be chosen, and gives the delete files that go.
fn settle(files: &[ScanFile], chosen: &mut Vec<Vec<&ScanFile>>) -> BTreeSet<String> {
    let mut reached: HashMap<&str, (DataContentType, BTreeSet<&str>)> = HashMap::new();
    for file in files {
        for delete in file.position_deletes().chain(file.equality_deletes()) {
            if delete.referenced_data_file().is_none() {
                reached.entry(delete.file_path()).or_insert_with(|| (delete.content_type(), BTreeSet::new())).1.insert(file.path());
            }
        }
    }
    loop {
        let going: BTreeSet<String> = chosen.iter().flatten().map(|file| file.path().to_owned()).collect();
        let goes = |path: &&str| going.contains(*path);
        let split = reached
            .values()
            .find(|(content, data)| *content == DataContentType::PositionDeletes && data.iter().any(&goes) && !data.iter().all(&goes));
        let Some((_, stay)) = split else {
            return reached.iter().filter(|(_, (_, data))| data.iter().all(&goes)).map(|(path, _)| (*path).to_owned()).collect();
        };
        for group in chosen.iter_mut() {
            group.retain(|file| !stay.contains(file.path()));
        }
        chosen.retain(|group| !group.is_empty());
    }
}
