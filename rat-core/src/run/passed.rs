//! Which row-local tests the stored rows are known to pass: then a run tests its new rows alone.
//!
//! A snapshot is published only when its tests passed, so it says which those were, and of which snapshot it knew that when it was made.
//! Where others committed in between, what they left must say so itself: rows of another engine were tested by nobody.

use std::collections::BTreeSet;

use super::publish::RUN_ID;
use crate::config::{Config, MergeStrategy};
use crate::quality::mark;
use crate::tables::Table;

/// The snapshot's word for it: the snapshot it was made on, and the marks of the tests.
pub(super) const PASSED: &str = "rat.passed";

/// What the snapshot of a run on this base will say.
pub(super) fn claim(config: &Config, base: Option<&Table>) -> String {
    let marks: BTreeSet<String> = config.tests.iter().filter_map(|test| mark(test)).collect();
    if marks.is_empty() {
        return String::new();
    }
    let on = base.and_then(Table::snapshot_id).map(|id| id.to_string()).unwrap_or_default();
    format!("{on}:{}", marks.into_iter().collect::<Vec<_>>().join(","))
}

/// The marks of the tests that all rows pass which a run does not add.
pub(super) fn stored(base: Option<&Table>, staged: &Table, strategy: MergeStrategy) -> BTreeSet<String> {
    let Some(base) = base else { return BTreeSet::new() };
    // Only where stored rows stay as they are (the end of a version is written into its row), in columns that are as they were.
    let unchanged = strategy != MergeStrategy::Scd2 && base.metadata().current_schema_id() == staged.metadata().current_schema_id();
    match base.snapshot_id() {
        Some(head) if unchanged => of(base, head),
        _ => BTreeSet::new(),
    }
}

fn of(table: &Table, snapshot_id: i64) -> BTreeSet<String> {
    let mut marks: Option<BTreeSet<String>> = None;
    let mut next = Some(snapshot_id);
    while let Some(snapshot) = next.and_then(|id| table.metadata().snapshot_by_id(id)) {
        let facts = &snapshot.summary().additional_properties;
        let Some((on, claimed)) = facts.get(PASSED).and_then(|text| text.split_once(':')) else { return BTreeSet::new() };
        let claimed: BTreeSet<String> = claimed.split(',').map(str::to_owned).collect();
        let held = match marks.take() {
            Some(before) => &before & &claimed,
            None => claimed,
        };
        let parent = snapshot.parent_snapshot_id();
        let before = parent.and_then(|id| table.metadata().snapshot_by_id(id));
        let carried = before.is_some_and(|before| before.summary().additional_properties.get(RUN_ID) == facts.get(RUN_ID));
        if carried && snapshot.summary().operation.as_str() != "replace" {
            // The facts are those of the run before, the rows are not.
            return BTreeSet::new();
        }
        if parent.map(|id| id.to_string()).unwrap_or_default() == on {
            return held;
        }
        marks = Some(held);
        next = parent;
    }
    // The history ends before anybody knew.
    BTreeSet::new()
}
