//! What a run would do, told before it runs: plain data, no IO, serialisable.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::error::Diagnostic;
pub use crate::merge::Amount;
use crate::name::Name;

/// What a run of one pipeline would do to the files of its table, as far as that is told by manifests, statistics and the query itself.
///
/// Nothing is written, and no row is read: of landing files only as much as tells their columns and how many rows they can have. Every [`Amount`] is a limit that holds for
/// a run that begins now and finds the same inputs, whatever the rows are; a test that fails afterwards discards it all.
#[derive(Debug, Clone, Serialize)]
pub struct WritePlan {
    /// The pipeline, `namespace.layer.name`.
    pub pipeline: Name,
    /// The merge strategy as configured, `view` or `ephemeral`.
    pub strategy: String,
    /// Why a build would leave it as it is; none when a build would run it. A run is asked for and runs.
    pub fresh: Option<String>,
    /// Whether there is no table yet.
    pub is_first_run: bool,
    /// Whether the table is made anew.
    pub is_rebuild: bool,
    /// The snapshot the run would build on; none on a first run.
    pub base_snapshot_id: Option<i64>,
    /// The input tables and the snapshot of each that the run would read; none for an input that is empty.
    pub inputs: BTreeMap<String, Option<i64>>,
    /// The files of landing zones that the run would read.
    pub landing_files: Vec<LandedInput>,
    /// How far the table is, as templates see it in `watermark_value`, before `watermark_lookback`; none before the first publish, and when
    /// only its rows tell.
    pub watermark: Option<String>,
    /// New rows that are written.
    pub rows_written: Amount,
    /// Rows of the table afterwards.
    pub rows_total: Amount,
    /// Data files that the table has now.
    pub files_before: u64,
    /// Those of them that stay as they are for sure. The run, which knows the keys, may leave more of them alone.
    pub files_pruned: u64,
    /// Data files that go as a whole, unread.
    pub files_dropped: Amount,
    /// Data files that are written again without the rows that leave.
    pub files_rewritten: Amount,
    /// Data files that get a position delete file.
    pub files_deleted_from: Amount,
    /// Files that come, as [`RunReport::files_added`](super::RunReport::files_added) counts them.
    pub files_added: Amount,
    /// Files that go, as [`RunReport::files_removed`](super::RunReport::files_removed) counts them.
    pub files_removed: Amount,
    /// Bytes of the files that come. Unknown where rows with texts, binaries or nested values are written, whose length is in no metadata.
    pub bytes_written: Amount,
    /// What changes about the table's columns; nothing on a first run, which makes them.
    pub schema_changes: Vec<SchemaChange>,
    /// The quality tests that decide whether it is published, in the order they run.
    pub tests: Vec<PlannedTest>,
    /// All that would stop the run before it reads a row, as errors, as far as one does not hide the other, and what may surprise, as warnings.
    #[serde(flatten, serialize_with = "crate::error::ok_or_diagnostics")]
    pub diagnostics: Vec<Diagnostic>,
}

impl WritePlan {
    /// Whether the run would begin: no diagnostic is an error.
    pub fn is_ok(&self) -> bool {
        Diagnostic::none_is_error(&self.diagnostics)
    }

    /// The plan as JSON.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// A file of a landing zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LandedInput {
    /// Its path in the lake.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
}

/// A test that would run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedTest {
    /// Its name, as in [`TestResult::name`](super::TestResult::name).
    pub name: String,
    /// `error` or `warning`.
    pub severity: String,
}

/// A change to a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SchemaChange {
    /// What becomes of it.
    pub kind: SchemaChangeKind,
    /// The column, by the name it has afterwards, or had.
    pub column: String,
    /// The type, or for a rename the name, that it has now; none for a column that is new.
    pub before: Option<String>,
    /// The type or name that it will have; none for a column that goes.
    pub after: Option<String>,
}

/// What becomes of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SchemaChangeKind {
    /// It is new.
    Add,
    /// It has another type; a wider one, where the stored rows stay.
    Retype,
    /// NULL is allowed from now on.
    MakeOptional,
    /// It has another name.
    Rename,
    /// It goes; older snapshots keep it.
    Drop,
}
