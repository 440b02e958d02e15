//! What a commit does to a table's rows, and what must still be true for it to happen.

use std::collections::{BTreeMap, BTreeSet};

use iceberg::spec::DataFile;

use super::target::Target;

/// A file that was written and is in no snapshot yet.
#[derive(Debug, Clone, PartialEq)]
pub struct WrittenFile {
    /// The file as manifests describe it.
    pub file: DataFile,
    /// The partition spec of its partition values.
    pub spec_id: i32,
}

impl WrittenFile {
    /// The absolute URL.
    pub fn path(&self) -> &str {
        self.file.file_path()
    }

    /// The number of rows in it.
    pub fn rows(&self) -> u64 {
        self.file.record_count()
    }

    /// The size in bytes.
    pub fn bytes(&self) -> u64 {
        self.file.file_size_in_bytes()
    }
}

/// Which live files a change takes out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Remove {
    /// None.
    #[default]
    None,
    /// All of them, also those that others added meanwhile.
    All,
    /// These, data files and delete files alike, by the path the table has them under. Position deletes of one removed file go with it.
    Paths(BTreeSet<String>),
}

/// What must hold when others committed since the base. That removed files are still live, and that no delete was added where files are
/// removed, is always required.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Validation {
    /// Nothing more: rows that others added do not matter to this change.
    #[default]
    Rebase,
    /// Nobody added a row: this change was computed from all of them.
    NoNewData,
}

/// A change to one table: rows, columns, properties, all in one snapshot.
#[derive(Debug, Clone)]
pub struct Change {
    /// What the table will be like.
    pub target: Target,
    /// New data files: what [`Staged::added`](super::Staged::added) shows.
    pub add: Vec<WrittenFile>,
    /// New data files with rows that the table had before, from files that are rewritten.
    pub carry: Vec<WrittenFile>,
    /// New position delete files.
    pub add_deletes: Vec<WrittenFile>,
    /// Files to take out.
    pub remove: Remove,
    /// Other files that its facts name. They are durable already, and are deleted with the change when it is discarded.
    pub companions: Vec<String>,
    /// Facts for the snapshot's summary; those that start with `rat.` become table properties too. A `rat.` fact of the base that is not
    /// named here is carried forward, and one named with an empty value ends.
    pub summary: BTreeMap<String, String>,
    /// What must still hold at the commit.
    pub validation: Validation,
    /// Whether the rows are the same as before, in other files: a `replace` snapshot, in which small manifests become large ones.
    pub keeps_rows: bool,
}

impl Change {
    /// A change that adds and removes nothing yet.
    pub fn new(target: Target) -> Self {
        Self {
            target,
            add: Vec::new(),
            carry: Vec::new(),
            add_deletes: Vec::new(),
            remove: Remove::None,
            companions: Vec::new(),
            summary: BTreeMap::new(),
            validation: Validation::Rebase,
            keeps_rows: false,
        }
    }

    /// Every file that this change brings.
    pub fn written(&self) -> impl Iterator<Item = &WrittenFile> {
        self.add.iter().chain(&self.carry).chain(&self.add_deletes)
    }
}
