//! The table is exactly the new rows; none of them is an empty table.

use super::{Counts, Merged, Written};
use crate::tables::{Remove, Table};

pub(super) fn onto(new: &Written, base: Option<&Table>) -> Merged {
    let counts = Counts {
        written: new.rows,
        inserted: new.rows,
        // A table with deletes that nobody counted does not say how many rows it had.
        deleted: base.and_then(Table::row_count).unwrap_or(0),
        ..Counts::default()
    };
    Merged { add: new.files.clone(), carry: new.files.none(), remove: Remove::All, counts, greatest: new.greatest.clone() }
}
