//! Branches and tags, and where `main` stands.

use std::collections::{BTreeMap, HashMap};

use futures::future::BoxFuture;
use iceberg::spec::{MAIN_BRANCH, SnapshotReference, SnapshotRetention, TableMetadata, TableMetadataBuilder};

use super::amended::amended;
use super::format;
use super::handle::Tables;
use super::snapshot::FACTS;
use super::table::Table;
use crate::error::{Code, Error, Result, nearest};
use crate::name::{Name, is_valid_name};

/// How often a change is made again when others commit meanwhile.
const ATTEMPTS: u32 = 20;

/// The branches and tags of a table by name. Iceberg's crate holds them and does not hand them out, but writes them.
pub fn references(metadata: &TableMetadata) -> BTreeMap<String, SnapshotReference> {
    #[derive(serde::Deserialize)]
    struct Refs {
        #[serde(default)]
        refs: BTreeMap<String, SnapshotReference>,
    }
    let written = serde_json::to_value(metadata).and_then(serde_json::from_value::<Refs>);
    written.map(|written| written.refs).unwrap_or_default()
}

/// A change to what names of snapshots mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReferenceChange {
    /// A tag at a snapshot; the current one when none is given.
    Tag(String, Option<i64>),
    /// A branch at a snapshot; the current one when none is given.
    Branch(String, Option<i64>),
    /// The branch or tag of that name goes. Its snapshots stay until maintenance.
    Remove(String),
    /// Readers see the table as it was at a snapshot: its rows, and what runs knew of it. Its columns stay those of now.
    Rollback(i64),
}

impl Tables {
    /// Changes what a table's names of snapshots mean, in one compare-and-swap; made again on what others leave.
    ///
    /// # Errors
    /// `TABLE_NOT_FOUND`, `INVALID_ARGUMENT` for a snapshot the table has not, a name that cannot be used or is taken, `COMMIT_CONFLICT` when
    /// others were always first, `UNSUPPORTED_FORMAT` for a table of a format version that rat does not write, and codes of the storage and
    /// the catalog.
    #[inline(never)]
    pub fn change_reference<'a>(&'a self, name: &'a Name, change: &'a ReferenceChange) -> BoxFuture<'a, Result<Table>> {
        Box::pin(async move {
            for attempt in 0..ATTEMPTS {
                let table = self.get(name).await?;
                let Some(metadata) = self.changed(&table, change)? else { return Ok(table) };
                if self.amend(&table, metadata).await? {
                    return self.get(name).await;
                }
                self.pause(attempt).await;
            }
            Err(Error::new(Code::CommitConflict, format!("other writers of `{name}` were first each of {ATTEMPTS} times")))
        })
    }

    /// The metadata with the change; `None` when it is so already.
    fn changed(&self, table: &Table, change: &ReferenceChange) -> Result<Option<TableMetadata>> {
        format::check_written(table.name(), table.metadata())?;
        let known = references(table.metadata());
        let failed =
            |e: iceberg::Error| Error::new(Code::Internal, format!("a reference could not be set: {}", e.message())).with_source(e);
        type Step<'a> = Box<dyn FnOnce(TableMetadataBuilder) -> Result<TableMetadataBuilder> + 'a>;
        let step: Step<'_> = match change {
            ReferenceChange::Tag(name, at) => {
                let reference = SnapshotReference::new(snapshot(table, *at)?, SnapshotRetention::Tag { max_ref_age_ms: None });
                match free(table, &known, name, &reference)? {
                    true => Box::new(move |builder| builder.set_ref(name, reference).map_err(failed)),
                    false => return Ok(None),
                }
            }
            ReferenceChange::Branch(name, at) => {
                let reference = SnapshotReference::new(snapshot(table, *at)?, SnapshotRetention::branch(None, None, None));
                match free(table, &known, name, &reference)? {
                    true => Box::new(move |builder| builder.set_ref(name, reference).map_err(failed)),
                    false => return Ok(None),
                }
            }
            ReferenceChange::Remove(name) if name == MAIN_BRANCH => {
                return Err(Error::new(Code::InvalidArgument, "`main` is the table itself, and cannot be removed")
                    .with_help("drop the table, if that is meant"));
            }
            ReferenceChange::Remove(name) if known.contains_key(name) => Box::new(|builder| Ok(builder.remove_ref(name))),
            ReferenceChange::Remove(name) => {
                let error = Error::new(Code::InvalidArgument, format!("`{}` has no branch or tag `{name}`", table.name()));
                return Err(match nearest(name, known.keys().map(String::as_str)) {
                    Some(near) => error.with_help(format!("did you mean `{near}`?")),
                    None => error,
                });
            }
            ReferenceChange::Rollback(id) => {
                let then = table.at_snapshot(*id)?;
                if table.snapshot_id() == Some(*id) {
                    return Ok(None);
                }
                let retention = known.get(MAIN_BRANCH).map_or(SnapshotRetention::branch(None, None, None), |main| main.retention.clone());
                // What runs know of the table is what they knew then: its watermark, its consumed files, its code.
                let facts: HashMap<String, String> = then
                    .summary()
                    .into_iter()
                    .flatten()
                    .filter(|(key, _)| key.starts_with(FACTS))
                    .map(|(k, v)| (k.clone(), v.clone()))
                    .collect();
                let ended: Vec<String> =
                    table.properties().keys().filter(|key| key.starts_with(FACTS) && !facts.contains_key(*key)).cloned().collect();
                Box::new(move |builder| {
                    let mut builder = builder.set_ref(MAIN_BRANCH, SnapshotReference::new(*id, retention)).map_err(failed)?;
                    if !ended.is_empty() {
                        builder = builder.remove_properties(&ended).map_err(failed)?;
                    }
                    builder.set_properties(facts).map_err(failed)
                })
            }
        };
        let now = self.clock().now().timestamp_millis().max(table.metadata().last_updated_ms());
        amended(table.metadata(), table.metadata_location(), now, step).map(Some)
    }
}

fn snapshot(table: &Table, asked: Option<i64>) -> Result<i64> {
    match asked {
        Some(id) => Ok(table.at_snapshot(id)?.snapshot_id().unwrap_or(id)),
        None => table.snapshot_id().ok_or_else(|| {
            Error::new(Code::InvalidArgument, format!("`{}` has no snapshot yet", table.name())).with_help("run its pipeline first")
        }),
    }
}

/// Whether the name is to be set; not when it means that already.
fn free(table: &Table, known: &BTreeMap<String, SnapshotReference>, name: &str, reference: &SnapshotReference) -> Result<bool> {
    // A name that reads as a snapshot's number or as a time could not be told from one.
    if name == MAIN_BRANCH || !is_valid_name(name) {
        return Err(Error::new(Code::InvalidArgument, format!("`{name}` cannot be the name of a branch or tag"))
            .with_help("use lower-case letters, digits, `_` and `-`, starting with a letter, and not `main`"));
    }
    match known.get(name) {
        None => Ok(true),
        Some(there) if there == reference => Ok(false),
        Some(there) => {
            let message = format!("`{}` has a branch or tag `{name}` at snapshot {}", table.name(), there.snapshot_id);
            Err(Error::new(Code::InvalidArgument, message).with_help("remove it first, or take another name"))
        }
    }
}
