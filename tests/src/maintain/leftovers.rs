//! What a lake has that its tables do not need: nothing, once it was maintained.

use std::path::Path;
use std::time::Duration;

use rat_core::{Lake, MaintainOptions};

use crate::tables::support::{self, files, reachable};

/// Maintenance that keeps nothing that it need not.
pub async fn maintained(lake: &Lake) {
    let upkeep = MaintainOptions {
        keep_snapshots: Some(1),
        keep_for: Some(Duration::ZERO),
        orphan_grace: Some(Duration::ZERO),
        ..MaintainOptions::default()
    };
    lake.maintain(&upkeep).await.unwrap().into_result().unwrap();
}

/// The files of these tables are those that they reach, no more and no fewer.
pub async fn assert_no_leftovers(root: &Path, names: &[&str]) {
    let tables = support::folder(root);
    for name in names {
        let name = support::name(name);
        let table = tables.get(&name).await.unwrap();
        assert_eq!(files(&tables, &name).await, reachable(&tables, &table).await, "{name}");
    }
}
