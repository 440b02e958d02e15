//! Files in a table's folder that the table does not know.

use chrono::{DateTime, Utc};

use crate::error::{Code, Error, Result};
use crate::name::Name;
use crate::tables::{Relation, Tables};

use super::reach::{Reach, of_table};

/// What was deleted, or would be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removed {
    /// Files.
    pub files: u64,
    /// The bytes of those.
    pub bytes: u64,
}

impl Tables {
    /// Deletes files of a table's folder that were last written before a time and that nothing in the table reaches: what crashes and
    /// unknown outcomes left behind, and metadata files that the table no longer remembers. With `dry_run` it only counts. The sets of
    /// consumed landing files stay, whoever names them.
    ///
    /// # Errors
    /// As [`expire`](Self::expire).
    pub async fn remove_orphans(&self, name: &Name, written_before: DateTime<Utc>, dry_run: bool) -> Result<Removed> {
        // First the files, then the table: what is committed in between is reached.
        let folder = self.get(name).await?.location().to_owned();
        let Some(folder) = self.storage().relative(&folder) else {
            return Err(Error::new(Code::LakeMoved, format!("the files of `{name}` are not in this lake")));
        };
        let mut old = Vec::new();
        for part in ["data", "metadata"] {
            let listed = self.storage().list(&format!("{folder}/{part}")).await?;
            old.extend(listed.into_iter().filter(|file| file.modified < written_before && !is_kept(&file.path)));
        }
        if old.is_empty() {
            return Ok(Removed::default());
        }
        let table = self.get(name).await?;
        let reached = of_table(table.files(), table.metadata(), table.metadata_location().unwrap_or_default()).await?;
        old.retain(|file| !reached.contains_key(&file.path));
        if !old.is_empty() {
            let reached = self.reached_by_others(name, &folder).await?;
            old.retain(|file| !reached.contains_key(&file.path));
        }
        let outcome = Removed { files: old.len() as u64, bytes: old.iter().map(|file| file.size).sum() };
        if !dry_run {
            self.remove(old.into_iter().map(|file| file.path)).await?;
        }
        Ok(outcome)
    }
}

impl Tables {
    /// What other tables of the lake reach in a table's folder: a table that was renamed keeps its folder, which a new table of its old name
    /// has too; and a view keeps the table that it stands in the place of.
    async fn reached_by_others(&self, name: &Name, folder: &str) -> Result<Reach> {
        let mut reached = Reach::new();
        for entry in self.list().await?.into_iter().filter(|entry| entry.name != *name) {
            let other = match self.find(&entry.name).await? {
                Some(Relation::Table(table)) => Some(table),
                Some(Relation::View(view)) => self.shelved(&view).await?,
                None => None,
            };
            let Some(other) = other.filter(|other| self.storage().relative(other.location()).as_deref() == Some(folder)) else { continue };
            reached.extend(of_table(other.files(), other.metadata(), other.metadata_location().unwrap_or_default()).await?);
        }
        Ok(reached)
    }
}

/// Files beside Iceberg's: what a table has consumed, and the hint that Hadoop catalogs look for.
fn is_kept(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.starts_with("landing-") || file == "version-hint.text"
}
