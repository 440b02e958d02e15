//! Iceberg tables: what a lake holds, and the only way it changes.
//!
//! A [`Table`] is a table at one moment. A change starts from a [`Target`] (what the table will be like), goes into files through a
//! [`Writer`], becomes a [`Staged`] snapshot that can be scanned and tests can judge, and is made the truth by [`Tables::publish`], the one
//! function that moves `main`: one compare-and-swap in the [`Catalog`], for several tables at once or none.
//!
//! Built on Apache iceberg's public pieces, and the only room that knows them. It knows no pipeline, template or SQL: the `rat.*` facts it
//! carries in snapshots are the caller's words.
//!
//! Entry points: [`Tables::embedded`], [`Tables::load`], [`Tables::stage`], [`Tables::publish`].

mod amended;
mod avro;
mod cache;
mod catalog;
mod change;
mod describe;
mod files;
mod format;
mod handle;
mod litter;
mod maintenance;
mod partitioning;
mod promoted;
mod publish;
mod read;
mod refs;
mod schema;
mod snapshot;
mod stage;
mod table;
mod target;
mod view;
mod write;

pub use catalog::{Capabilities, Catalog, CommitFailure, Entry, EntryKind, MemoryCatalog, Pointer, PointerChange, SqliteCatalog};
pub use change::{Change, Remove, Validation, WrittenFile};
pub use describe::{HistoryEntry, NamedReference, ReferenceKind};
pub use files::FileEntry;
pub use handle::{Relation, Tables};
pub use maintenance::{Expired, Keep, Removed, Rewrite};
pub use publish::{PublishError, Published};
pub use read::{ColumnBounds, FILE, KeyRange, KeySet, Located, LocatedBatch, Look, PartBounds, ROW, Scan, ScanFile};
pub(crate) use read::{joined, normal};
pub use refs::{ReferenceChange, references};
pub use schema::{ColumnChange, Unstorable, conform, types_page, unstorable};
pub use stage::Staged;
pub use table::Table;
pub use target::{Direction, Evolution, NewTable, Partition, ReplaceColumns, SortColumn, Target, Transform};
pub use view::{NewView, StagedView, View};
pub use write::{RowOrder, Writer, WriterOptions, most_bytes, most_delete_bytes, most_files, write_position_deletes};
