//! The rows that are there, and how some of them leave.
//!
//! [`Stored::take_out`] is the one place that decides it: the strategies say which rows of which files give way, and get back what to stage.
//! A file all of whose rows leave is dropped without being read; one that keeps most rows gets a position delete file; one that loses most
//! is written anew. A data file has at most one position delete file: a newer one replaces it with the union, so that reading does not get
//! slower with the number of merges.

use std::collections::{BTreeSet, HashMap};

use datafusion::common::ScalarValue;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder, cast, ident};
use futures::TryStreamExt;
use roaring::RoaringTreemap;

use super::{Merge, Unclaimed};
use crate::config::WriteMode;
use crate::error::Result;
use crate::execute;
use crate::tables::{Remove, Scan, ScanFile, Table, write_position_deletes};

/// Rows by the path of their file: their numbers in it.
pub(super) type Leaving = HashMap<String, RoaringTreemap>;

/// A table's rows, read with the columns that the table is to have afterwards.
pub(super) struct Stored<'a> {
    pub merge: &'a Merge,
    pub scan: Scan,
    /// The live data files, with the deletes of each.
    pub files: Vec<ScanFile>,
}

/// What becomes of a file that rows leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It goes, unread.
    Dropped,
    /// The rows that stay are written into new files.
    Rewritten,
    /// It stays, with a position delete file.
    DeletedFrom,
}

/// What to stage for rows that leave.
pub(super) struct TakenOut {
    /// Files with rows that stay, from files that are rewritten.
    pub carry: Unclaimed,
    /// Position delete files.
    pub deletes: Unclaimed,
    /// Data files, and delete files that are replaced or of no more use.
    pub remove: Remove,
}

impl Fate {
    /// `rows` are in the file, `gone` of them are deleted afterwards, older deletes included.
    pub(super) fn of(mode: WriteMode, rows: u64, gone: u64) -> Self {
        match mode {
            _ if gone >= rows => Self::Dropped,
            WriteMode::CopyOnWrite => Self::Rewritten,
            WriteMode::MergeOnRead => Self::DeletedFrom,
            // Half is where reading past deleted rows for ever costs about what writing the others once does.
            WriteMode::Auto if gone > rows / 2 => Self::Rewritten,
            WriteMode::Auto => Self::DeletedFrom,
        }
    }

    /// Whether a file that keeps rows may be rewritten, and whether it may be deleted from.
    pub(super) fn possible(mode: WriteMode) -> (bool, bool) {
        let of = |fate| (0..=1).any(|gone| Self::of(mode, 2, gone) == fate) || Self::of(mode, 4, 3) == fate;
        (of(Self::Rewritten), of(Self::DeletedFrom))
    }
}

impl<'a> Stored<'a> {
    pub(super) async fn of(merge: &'a Merge, base: &Table) -> Result<Self> {
        let scan = merge.target.columns_of(base)?.scan()?;
        let files = scan.files().await?;
        Ok(Self { merge, scan, files })
    }

    /// The one value that each of the key's columns has in all rows of a file, where metadata says so. Which rows of a file equality deletes
    /// have left is not in metadata.
    pub(super) fn only_values(&self, file: &ScanFile) -> Option<Vec<ScalarValue>> {
        if file.equality_deletes().next().is_some() {
            return None;
        }
        let value = |name: &String| {
            let to = self.merge.columns.target().field_with_name(name).ok()?.data_type().clone();
            self.scan.only_value(file, name)?.cast_to(&to).ok()
        };
        self.merge.key.iter().map(value).collect()
    }

    /// Takes rows out. None of them is deleted already.
    pub(super) async fn take_out(&self, leaving: &Leaving) -> Result<TakenOut> {
        let files = self.with_sharers(leaving);
        let before = self.scan.deleted(&files).await?;
        let tables = &self.merge.tables;
        let (mut remove, mut rewritten, mut deletes) = (BTreeSet::new(), HashMap::new(), Unclaimed::new(tables, Vec::new()));
        for (file, before) in files.iter().zip(before) {
            let mut gone = before.unwrap_or_default();
            if let Some(rows) = leaving.get(file.path()) {
                gone |= rows;
            }
            remove.extend(file.position_deletes().map(|delete| delete.file_path().to_owned()));
            if gone.is_empty() {
                continue;
            }
            let fate = match leaving.contains_key(file.path()) {
                true => Fate::of(self.merge.write_mode, file.rows(), gone.len()),
                // Nothing leaves it now: it is here for a delete file that it shares.
                false => Fate::DeletedFrom,
            };
            match fate {
                Fate::Dropped => drop(remove.insert(file.path().to_owned())),
                Fate::Rewritten => {
                    remove.insert(file.path().to_owned());
                    rewritten.insert(file.path().to_owned(), gone);
                }
                Fate::DeletedFrom => {
                    deletes = deletes.and(write_position_deletes(tables, &self.merge.target, file.entry(), &gone).await?);
                }
            }
        }
        let carry = match rewritten.is_empty() {
            true => Unclaimed::new(tables, Vec::new()),
            false => self.rewrite(rewritten).await?,
        };
        let remove = if remove.is_empty() { Remove::None } else { Remove::Paths(remove) };
        Ok(TakenOut { carry, deletes, remove })
    }

    async fn rewrite(&self, gone: Leaving) -> Result<Unclaimed> {
        let staying = execute::stream(&self.merge.session, self.as_the_table_has_them(gone)?).await?;
        self.merge.write(staying.schema(), staying.map_err(execute::error), || Ok(())).await
    }

    // Text and bytes as the table's columns are, and not as the scan's views.
    fn as_the_table_has_them(&self, gone: Leaving) -> Result<LogicalPlan> {
        let columns = self.merge.columns.target().fields().iter();
        let columns = columns.map(|to| cast(ident(to.name()), to.data_type().clone()).alias(to.name()));
        let scan = LogicalPlanBuilder::scan("stored", provider_as_source(self.scan.without(gone)?.provider()), None);
        scan.and_then(|rows| rows.project(columns)).and_then(LogicalPlanBuilder::build).map_err(execute::error)
    }

    // The files that rows leave, and, where other engines wrote delete files for several data files, the others that those are about:
    // such a delete file is then replaced by one a data file.
    pub(super) fn with_sharers(&self, leaving: &Leaving) -> Vec<ScanFile> {
        let mut taken: BTreeSet<usize> =
            self.files.iter().enumerate().filter(|(_, file)| leaving.contains_key(file.path())).map(|(place, _)| place).collect();
        let mut deletes: BTreeSet<&str> = BTreeSet::new();
        loop {
            let known = deletes.len();
            deletes.extend(taken.iter().flat_map(|place| self.files[*place].position_deletes().map(|delete| delete.file_path())));
            if deletes.len() == known {
                break;
            }
            for (place, file) in self.files.iter().enumerate() {
                if file.position_deletes().any(|delete| deletes.contains(delete.file_path())) {
                    taken.insert(place);
                }
            }
        }
        taken.into_iter().map(|place| self.files[place].clone()).collect()
    }
}
