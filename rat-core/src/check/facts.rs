//! What a check has to know of the lake: columns of tables, and the heads of a few landed files.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;

use crate::dialect::ReadCall;
use crate::error::Result;
use crate::files::{self, Sample, zone};
use crate::name::Name;
use crate::tables::Tables;

/// What is in the lake, as far as the project asks for it.
#[derive(Debug, Clone, Default)]
pub struct LakeFacts {
    /// The columns of tables, as a scan gives them. `None` when the table is there and its columns cannot be read.
    pub tables: BTreeMap<Name, Option<SchemaRef>>,
    /// Landing zones, by URL. One that does not exist is not here.
    pub zones: BTreeMap<String, Zone>,
    /// The zones there are in a namespace, where one that the project reads is missing.
    pub zone_names: BTreeMap<String, Vec<String>>,
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
        let Some((namespace, name)) = zone::parse_url(&call.zone_url) else { continue };
        let Some(listing) = zone::list(tables.storage(), namespace, name).await? else {
            facts.zone_names.insert(namespace.to_owned(), zone::names(tables.storage(), namespace).await?);
            continue;
        };
        let zone = facts.zones.entry(call.zone_url.clone()).or_default();
        let samples = files::samples(call, tables.storage(), &listing.telling()).await?;
        zone.samples.insert(key.clone(), Arc::new(samples));
    }
    Ok(facts)
}
