//! The one function that moves `main`.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use iceberg::spec::{ManifestContentType, TableMetadata};

use crate::error::{Code, Error, Result};
use crate::name::Name;

use super::catalog::{CommitFailure, EntryKind, Pointer, PointerChange};
use super::change::{Remove, Validation};
use super::handle::{Relation, Tables};
use super::litter::Litter;
use super::snapshot::Refusal;
use super::stage::Staged;
use super::table::Table;
use super::view::{StagedView, View};

/// Tries until a conflict is given up: with as many writers at the same table each gets its turn.
const ATTEMPTS: u32 = 100;
/// Questions until an unknown outcome is reported as such.
const QUESTIONS: u32 = 4;
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// Why nothing, or nothing that is known, was published.
#[derive(Debug)]
pub enum PublishError {
    /// Somebody else changed a table in a way that this change does not bear, or too often. Nothing was published; the staged changes are
    /// given back, to do the merge again with [`Staged::into_change`] or to discard.
    Conflict {
        /// `COMMIT_CONFLICT`.
        error: Error,
        /// What was to be published.
        staged: Vec<Staged>,
    },
    /// Nothing was published, and the files of the staged changes are deleted.
    Failed(Error),
    /// It is not known whether it was published: the catalog does not answer. All files stay.
    Unknown(Error),
}

impl PublishError {
    /// The error without what is given back. Staged changes of a conflict are discarded in the background.
    pub fn into_error(self) -> Error {
        match self {
            PublishError::Conflict { error, .. } | PublishError::Failed(error) | PublishError::Unknown(error) => error,
        }
    }
}

impl fmt::Display for PublishError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PublishError::Conflict { error, .. } | PublishError::Failed(error) | PublishError::Unknown(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for PublishError {}

/// What was published, in the order it was given.
#[derive(Debug)]
pub struct Published {
    /// The tables.
    pub tables: Vec<Table>,
    /// The views.
    pub views: Vec<View>,
}

impl Tables {
    /// Makes staged changes the truth, all of them or none: their files are made durable, then the catalog's pointers move in one
    /// compare-and-swap. When others committed meanwhile the changes are made again on what they left, if each change's validation allows it,
    /// a bounded number of times.
    ///
    /// # Errors
    /// [`PublishError`], with `COMMIT_CONFLICT`, `COMMIT_UNKNOWN`, and codes of the storage and the catalog.
    pub async fn publish(&self, staged: Vec<Staged>) -> Result<Vec<Table>, PublishError> {
        Ok(self.publish_with_views(staged, Vec::new()).await?.tables)
    }

    /// As [`publish`](Self::publish), with views in the same commit.
    ///
    /// # Errors
    /// As `publish`.
    pub async fn publish_with_views(&self, mut staged: Vec<Staged>, mut views: Vec<StagedView>) -> Result<Published, PublishError> {
        let names: BTreeSet<Name> =
            staged.iter().map(|s| s.change.target.name()).chain(views.iter().map(StagedView::name)).cloned().collect();
        if names.len() < staged.len() + views.len() {
            return fail(staged, views, Error::new(Code::Internal, "two changes to one table cannot be published together")).await;
        }
        if names.len() > 1 && !self.catalog().capabilities().atomic_across_tables {
            return fail(staged, views, Error::new(Code::InvalidArgument, "this catalog cannot publish several tables together")).await;
        }
        let mut in_doubt = false;
        for attempt in 0..ATTEMPTS {
            let changes = match self.prepare(&mut staged, &mut views).await {
                Ok(changes) => changes,
                Err(error) if in_doubt => return Err(self.leave(staged, views, error)),
                Err(error) => return fail(staged, views, error).await,
            };
            match self.catalog().commit(&changes).await {
                Ok(()) => return Ok(self.done(staged, views, &changes)),
                Err(CommitFailure::Failed(error)) if in_doubt => return Err(self.leave(staged, views, error)),
                Err(CommitFailure::Failed(error)) => return fail(staged, views, error).await,
                Err(CommitFailure::Unknown(error)) => {
                    in_doubt = true;
                    match self.happened(&staged, &changes).await {
                        Some(true) => return Ok(self.done(staged, views, &changes)),
                        // The same swap may be asked for again: it can happen only once.
                        Some(false) if attempt < QUESTIONS => {}
                        _ => return Err(self.leave(staged, views, error)),
                    }
                }
                Err(CommitFailure::Conflict(name)) => {
                    if in_doubt {
                        match self.happened(&staged, &changes).await {
                            Some(true) => return Ok(self.done(staged, views, &changes)),
                            Some(false) => in_doubt = false,
                            None => return Err(self.leave(staged, views, lost(&name))),
                        }
                    }
                    match self.rebase(&mut staged, &views).await {
                        Ok(()) => {}
                        Err(Refusal::Failed(error)) => return fail(staged, views, error).await,
                        Err(Refusal::Conflict(why)) => {
                            return Err(conflict(staged, views, &format!("`{name}` changed meanwhile: {why}")).await);
                        }
                    }
                }
            }
            self.pause(attempt).await;
        }
        Err(conflict(staged, views, "other writers were always first").await)
    }

    /// Puts other metadata in the place of a table's, which says less of its history and the same of its rows; `false` when somebody changed
    /// the table since. When it is not known whether it happened, the metadata file stays.
    pub(super) async fn amend(&self, table: &Table, metadata: TableMetadata) -> Result<bool> {
        let from = table.metadata_location().map(|location| Pointer { kind: EntryKind::Table, metadata_location: location.to_owned() });
        let mut litter = Litter::new(self.storage());
        let written = self.write_new_metadata(table.metadata_location(), &Arc::new(metadata), &mut litter).await;
        let location = match written {
            Ok(location) => location,
            Err(error) => {
                litter.clear().await;
                return Err(error);
            }
        };
        self.replace(table.name(), from, Pointer { kind: EntryKind::Table, metadata_location: location }, litter).await
    }

    /// Makes files durable, and one of them what a name points to; `false` when the name points elsewhere than it has to. When it is not known
    /// whether it happened, the files stay.
    pub(super) async fn replace(&self, name: &Name, from: Option<Pointer>, to: Pointer, litter: Litter) -> Result<bool> {
        if let Err(error) = self.storage().sync(litter.paths()).await {
            litter.clear().await;
            return Err(error);
        }
        let to = Some(to);
        match self.catalog().commit(&[PointerChange { name: name.clone(), from, to: to.clone() }]).await {
            Ok(()) => {
                litter.keep();
                Ok(true)
            }
            Err(CommitFailure::Conflict(_)) => {
                litter.clear().await;
                Ok(false)
            }
            Err(CommitFailure::Failed(error)) => {
                litter.clear().await;
                Err(error)
            }
            Err(CommitFailure::Unknown(error)) => {
                litter.keep();
                match self.catalog().load(name).await {
                    Ok(now) if now == to => Ok(true),
                    _ => Err(error),
                }
            }
        }
    }

    /// Writes what is missing, makes all of it durable, and says which pointers are to move.
    async fn prepare(&self, staged: &mut [Staged], views: &mut [StagedView]) -> Result<Vec<PointerChange>> {
        let mut changes = Vec::with_capacity(staged.len() + views.len());
        let mut paths = Vec::new();
        for staged in staged.iter_mut() {
            let from = staged.base_pointer();
            let location = match &staged.metadata_location {
                Some(location) => location.clone(),
                None => {
                    let location = self.write_metadata(staged).await?;
                    paths.extend_from_slice(staged.passing.paths());
                    staged.metadata_location.insert(location).clone()
                }
            };
            paths.extend_from_slice(&staged.lasting.paths()[staged.synced..]);
            let to = Some(Pointer { kind: EntryKind::Table, metadata_location: location });
            changes.push(PointerChange { name: staged.change.target.name().clone(), from, to });
        }
        for view in views {
            changes.push(view.write(self, &mut paths).await?);
        }
        if !paths.is_empty() {
            self.storage().sync(&paths).await?;
        }
        for staged in staged {
            staged.synced = staged.lasting.paths().len();
        }
        Ok(changes)
    }

    async fn write_metadata(&self, staged: &mut Staged) -> Result<String> {
        let before = staged.change.target.base().and_then(Table::metadata_location);
        self.write_new_metadata(before, staged.table.metadata_ref(), &mut staged.passing).await
    }

    async fn write_new_metadata(&self, before: Option<&str>, metadata: &Arc<TableMetadata>, litter: &mut Litter) -> Result<String> {
        let version = before.map_or(0, |location| version_of(location) + 1);
        let location = format!("{}/metadata/{version:05}-{}.metadata.json", metadata.location(), self.ids().next());
        let bytes = serde_json::to_vec(metadata.as_ref())
            .map_err(|e| Error::new(Code::Internal, "table metadata could not be written").with_source(e))?;
        let size = bytes.len();
        litter.add(location.clone());
        self.storage().write(&location, bytes).await?;
        self.files().remember_table(&location, metadata, size);
        Ok(location)
    }

    fn done(&self, staged: Vec<Staged>, views: Vec<StagedView>, changes: &[PointerChange]) -> Published {
        let tables = staged.into_iter().zip(changes).map(|(staged, change)| {
            staged.lasting.keep();
            staged.passing.keep();
            let location = change.to.as_ref().map(|to| to.metadata_location.clone());
            Table::new(change.name.clone(), Arc::clone(self.files()), Arc::clone(staged.table.metadata_ref()), location)
        });
        let tables = tables.collect();
        Published { tables, views: views.into_iter().filter_map(StagedView::done).collect() }
    }

    /// Whether a commit whose answer was lost happened. All pointers moved or none, so that one tells; `None`: the catalog does not say.
    async fn happened(&self, staged: &[Staged], changes: &[PointerChange]) -> Option<bool> {
        let change = changes.first()?;
        let pointer = self.catalog().load(&change.name).await.ok()?;
        if pointer == change.to {
            return Some(true);
        }
        let Some(staged) = staged.first() else { return Some(false) };
        // Others may have committed on top of it: then our snapshot is in their history.
        match self.find(staged.change.target.name()).await.ok()? {
            Some(Relation::Table(table)) => Some(table.metadata().snapshot_by_id(staged.identity.snapshot_id).is_some()),
            _ => Some(false),
        }
    }

    /// Makes the changes again whose tables have moved.
    async fn rebase(&self, staged: &mut [Staged], views: &[StagedView]) -> Result<(), Refusal> {
        for view in views {
            if self.catalog().load(view.name()).await? != view.base_pointer() {
                return Err(Refusal::Conflict(format!("`{}` was changed by another writer", view.name())));
            }
        }
        for staged in staged {
            let name = staged.change.target.name().clone();
            let base = match staged.change.target.base() {
                Some(base) if staged.change.target.replaces.is_none() => base.clone(),
                _ if self.catalog().load(&name).await? == staged.base_pointer() => continue,
                _ => return Err(Refusal::Conflict(format!("`{name}` was made by another writer"))),
            };
            let Some(now) = self.load(&name).await? else { return Err(Refusal::Conflict(format!("`{name}` was dropped"))) };
            if now.metadata_location() == base.metadata_location() {
                continue;
            }
            let Some(target) = staged.change.target.rebased(&now)? else {
                return Err(Refusal::Conflict("its columns, partitions or order are others".to_owned()));
            };
            validate(staged, &base, &now).await?;
            staged.change.target = target;
            staged.make_again().await?;
        }
        Ok(())
    }

    fn leave(&self, staged: Vec<Staged>, views: Vec<StagedView>, cause: Error) -> PublishError {
        let names: Vec<String> =
            staged.iter().map(|s| s.change.target.name().to_string()).chain(views.iter().map(|v| v.name().to_string())).collect();
        for staged in staged {
            staged.lasting.keep();
            staged.passing.keep();
        }
        for view in views {
            view.keep();
        }
        PublishError::Unknown(
            Error::new(Code::CommitUnknown, format!("it is not known whether the commit to `{}` happened", names.join("`, `")))
                .with_source(cause),
        )
    }

    // Writers that met once would meet again if they waited equally long.
    pub(super) async fn pause(&self, attempt: u32) {
        let (_, random) = self.ids().next().as_u64_pair();
        let most = Duration::from_millis(4 << attempt.min(6)).min(LONGEST_PAUSE);
        let part = (random & 0xffff) as f64 / 65_536.0;
        tokio::time::sleep(most.mul_f64(part)).await;
    }
}

/// What others did since the base must not touch what this change relies on.
async fn validate(staged: &Staged, base: &Table, now: &Table) -> Result<(), Refusal> {
    let change = &staged.change;
    let counts_rows = change.validation == Validation::NoNewData;
    let rewrites = change.remove != Remove::None || !change.add_deletes.is_empty();
    if !(counts_rows || rewrites && change.remove != Remove::All) {
        return Ok(());
    }
    let seen = base.metadata().last_sequence_number();
    for manifest in now.manifests().await?.iter().filter(|manifest| manifest.sequence_number > seen) {
        for entry in now.entries(manifest).await?.iter() {
            if entry.file_sequence_number.unwrap_or(entry.sequence_number) <= seen {
                continue;
            }
            if manifest.content == ManifestContentType::Deletes {
                return Err(Refusal::Conflict("another writer deleted rows".to_owned()));
            }
            if counts_rows {
                return Err(Refusal::Conflict("another writer added rows".to_owned()));
            }
        }
    }
    if counts_rows {
        // Rows can also be gone without a new file: whole files taken out.
        let before: BTreeSet<String> = base.data_files().await?.into_iter().map(|entry| entry.file.file_path().to_owned()).collect();
        let after: BTreeSet<String> = now.data_files().await?.into_iter().map(|entry| entry.file.file_path().to_owned()).collect();
        if !before.is_subset(&after) {
            return Err(Refusal::Conflict("another writer removed rows".to_owned()));
        }
    }
    Ok(())
}

fn lost(name: &Name) -> Error {
    Error::new(Code::CatalogUnavailable, format!("the catalog does not say where `{name}` is"))
}

async fn fail(staged: Vec<Staged>, views: Vec<StagedView>, error: Error) -> Result<Published, PublishError> {
    for staged in staged {
        staged.discard().await;
    }
    for view in views {
        view.discard().await;
    }
    Err(PublishError::Failed(error))
}

async fn conflict(staged: Vec<Staged>, views: Vec<StagedView>, why: &str) -> PublishError {
    for view in views {
        view.discard().await;
    }
    PublishError::Conflict { error: Error::new(Code::CommitConflict, why.to_owned()), staged }
}

// `00012-<id>.metadata.json`, and `v12.metadata.json` as Hadoop catalogs name it.
pub(super) fn version_of(location: &str) -> u64 {
    let file = location.rsplit('/').next().unwrap_or(location).trim_start_matches('v');
    let digits = file.find(|c: char| !c.is_ascii_digit()).map_or(file, |end| &file[..end]);
    digits.parse().unwrap_or(0)
}
