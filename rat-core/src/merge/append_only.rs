//! Old rows and new rows.

use super::{Counts, Merged, Written};
use crate::tables::Remove;

pub(super) fn onto(new: &Written) -> Merged {
    let counts = Counts { written: new.rows, inserted: new.rows, ..Counts::default() };
    let (add, carry, deletes) = (new.files.clone(), new.files.none(), new.files.none());
    Merged { add, carry, deletes, remove: Remove::None, counts, warnings: Vec::new(), loses_rows: false, greatest: new.greatest.clone() }
}
