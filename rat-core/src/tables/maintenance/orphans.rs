//! Files in a table's folder that the table does not know.

use chrono::{DateTime, Utc};

use crate::error::{Code, Error, Result};
use crate::name::Name;
use crate::tables::Tables;

use super::reach::of_table;

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
        let outcome = Removed { files: old.len() as u64, bytes: old.iter().map(|file| file.size).sum() };
        if !dry_run {
            self.remove(old.into_iter().map(|file| file.path)).await?;
        }
        Ok(outcome)
    }
}

/// Files beside Iceberg's: what a table has consumed, and the hint that Hadoop catalogs look for.
fn is_kept(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.starts_with("landing-") || file == "version-hint.text"
}
