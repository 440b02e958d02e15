//! The table is exactly the new rows, whatever was there; none of them is an empty table.

use super::{Counts, Merged};
use crate::tables::{Remove, Table};

/// What new rows do to a table that they replace. They were merged onto nothing.
pub(super) fn instead_of(base: Option<&Table>, new: Merged) -> Merged {
    // A table with deletes that nobody counted does not say how many rows it had.
    let deleted = base.and_then(Table::row_count).unwrap_or(0);
    Merged { remove: Remove::All, counts: Counts { deleted, ..new.counts }, ..new }
}
