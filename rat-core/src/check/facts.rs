//! What a check has to know of the lake: columns of tables, and the heads of a few landed files.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;

use crate::dialect::ReadCall;
use crate::error::Result;
use crate::files::{self, LandedFile, Sample};
use crate::name::Name;
use crate::storage::{Entry, Storage};
use crate::tables::Tables;

/// What is in the lake, as far as the project asks for it.
#[derive(Debug, Clone, Default)]
pub struct LakeFacts {
    /// The columns of tables, as a scan gives them. `None` when the table is there and its columns cannot be read.
    pub tables: BTreeMap<Name, Option<SchemaRef>>,
    /// Landing zones, by URL. One that does not exist is not here.
    pub zones: BTreeMap<String, Zone>,
}

/// A landing zone.
#[derive(Debug, Clone, Default)]
pub struct Zone {
    /// The heads of some of its files, by [`sample_key`] of the call that reads them.
    pub samples: HashMap<String, Arc<Vec<Sample>>>,
}

/// What a compiled project asks of the lake.
#[derive(Debug, Clone, Default)]
pub struct Needs {
    /// Tables whose columns are wanted.
    pub tables: BTreeSet<Name>,
    /// Reads of landing zones, one for each [`sample_key`].
    pub reads: BTreeMap<String, ReadCall>,
}

/// Two calls with the same key need the same bytes of the same files.
pub fn sample_key(call: &ReadCall) -> String {
    let options: Vec<String> = call.options.iter().map(|(name, value, _)| format!("{name}={value:?}")).collect();
    format!("{:?} {} {}", call.function, call.zone_url, options.join(","))
}

/// Namespace and name of a zone, from its URL.
pub fn zone_of(url: &str) -> Option<(&str, &str)> {
    url.strip_prefix("landing://")?.split_once('/')
}

pub(super) async fn load(tables: &Tables, needs: &Needs) -> Result<LakeFacts> {
    let mut facts = LakeFacts::default();
    for name in &needs.tables {
        let columns = match tables.find(name).await {
            Ok(Some(crate::tables::Relation::Table(table))) => table.provider().map(|provider| provider.schema()).ok(),
            Ok(Some(crate::tables::Relation::View(view))) => view.schema().ok(),
            Ok(None) => continue,
            // A table that cannot be read is an error of whoever reads it, not of the project.
            Err(_) => None,
        };
        facts.tables.insert(name.clone(), columns);
    }
    for (key, call) in &needs.reads {
        let Some(files) = landed(tables.storage(), &call.zone_url).await? else { continue };
        let zone = facts.zones.entry(call.zone_url.clone()).or_default();
        let samples = files::samples(call, tables.storage(), &files).await?;
        zone.samples.insert(key.clone(), Arc::new(samples));
    }
    Ok(facts)
}

/// The files that show what a zone's files look like: what lies there, else its samples, else what was moved away last, so that a project
/// whose files are all ingested is typed as before. `None` when there is no such zone.
async fn landed(storage: &Storage, url: &str) -> Result<Option<Vec<LandedFile>>> {
    let Some((namespace, zone)) = zone_of(url) else { return Ok(None) };
    let folder = format!("{namespace}/landing/{zone}");
    let entries = storage.list(&folder).await?;
    if entries.is_empty() && storage.local_path(&folder).is_none_or(|path| !path.is_dir()) {
        return Ok(None);
    }
    let within = |entry: &Entry, aside: &str| entry.path[folder.len()..].split('/').any(|part| part == aside);
    let files = |wanted: &dyn Fn(&Entry) -> bool| entries.iter().filter(|e| wanted(e)).map(LandedFile::from_entry).collect::<Vec<_>>();
    let there = files(&|entry| !within(entry, "_samples") && !within(entry, "_processed"));
    if !there.is_empty() {
        return Ok(Some(there));
    }
    let samples = files(&|entry| within(entry, "_samples"));
    if !samples.is_empty() {
        return Ok(Some(samples));
    }
    let last = entries.iter().filter(|entry| within(entry, "_processed")).max_by_key(|entry| (entry.modified, &entry.path));
    Ok(Some(last.map(LandedFile::from_entry).into_iter().collect()))
}
