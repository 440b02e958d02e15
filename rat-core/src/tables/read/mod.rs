//! Reading tables: pruning, deletes, and the scan that DataFusion runs.
//!
//! A [`Scan`] is one table at one snapshot, or some of its files. It gives a DataFusion table ([`Scan::provider`]), the data files with the
//! deletes of each for those who plan a merge ([`Scan::files`]), and a column's largest value when the metadata knows it ([`Scan::max`]).
//! A staged table is scanned like a published one. Rows that are to be taken out are found with [`Scan::located`], which says where each
//! lies, and a [`KeySet`].
//!
//! The order of things: manifests, pruned by partition → files, pruned by partition and bounds → deletes of each file → DataFusion's own
//! Parquet reader, with columns found by field id. What cannot be read exactly is refused, with the file's name, never read half.
//!
//! Knows nothing of writing, catalogs, SQL or pipelines.
//!
//! Entry points: [`Table::scan`](super::Table::scan), [`Table::provider`](super::Table::provider).

mod bloom;
mod bounds;
mod columns;
mod damage;
mod deletes;
mod equality;
mod keys;
mod late;
mod located;
mod open;
mod provider;
mod prune;
mod ranges;
mod scan;
mod shape;
mod source;
mod statistics;
mod values;
mod vector;

pub(super) use deletes::Positions;
pub use keys::{KeySet, PartBounds};
pub(crate) use keys::{joined, normal};
pub use located::{FILE, Located, LocatedBatch, Look, ROW};
pub use ranges::KeyRange;
pub use scan::{ColumnBounds, Scan, ScanFile};
