//! Arrow types and Iceberg types, both ways, and how a table's columns change.
//!
//! What a table cannot hold without loss is refused, with the column and a cast. `docs/reference/types.md` is [`types_page`].

mod arrow;
mod conform;
mod evolve;
mod storable;

pub(super) use arrow::arrow_schema;
pub use conform::conform;
pub use evolve::ColumnChange;
pub(super) use evolve::{changed, replaced};
pub(super) use storable::fresh_schema;
pub use storable::{Unstorable, types_page, unstorable};
