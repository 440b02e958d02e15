//! Old rows and new rows.

use super::{Counts, Merged, Written};
use crate::tables::Remove;

pub(super) fn onto(new: &Written) -> Merged {
    let counts = Counts { written: new.rows, inserted: new.rows, ..Counts::default() };
    Merged { add: new.files.clone(), carry: new.files.none(), remove: Remove::None, counts, greatest: new.greatest.clone() }
}
