//! The files that a table's metadata reaches.

use std::collections::BTreeMap;

use iceberg::spec::{SnapshotRef, TableMetadata};

use crate::error::Result;
use crate::tables::files::Files;

/// Paths in the lake, with the bytes of each where the metadata says.
pub(super) type Reach = BTreeMap<String, u64>;

/// What these snapshots reach: manifest lists, manifests, data files and delete files.
pub(super) async fn of_snapshots(files: &Files, metadata: &TableMetadata, snapshots: &[SnapshotRef]) -> Result<Reach> {
    let mut reach = Reach::new();
    // A file outside the lake is nobody's to delete here, so it need not be known.
    let mut add = |path: &str, bytes: u64| files.storage.relative(path).map(|path| reach.insert(path, bytes).is_none()).unwrap_or_default();
    for snapshot in snapshots {
        let list = files.manifest_list(metadata, snapshot).await?;
        add(snapshot.manifest_list(), 0);
        for manifest in list.iter() {
            // Manifests are shared by snapshots: each is read once.
            if add(&manifest.manifest_path, u64::try_from(manifest.manifest_length).unwrap_or_default()) {
                for entry in files.entries(manifest).await?.iter() {
                    add(entry.file.file_path(), entry.file.file_size_in_bytes());
                }
            }
        }
    }
    Ok(reach)
}

/// All that a table reaches: every snapshot it still has, statistics, its metadata file and the earlier ones it remembers.
pub(super) async fn of_table(files: &Files, metadata: &TableMetadata, location: &str) -> Result<Reach> {
    let snapshots: Vec<SnapshotRef> = metadata.snapshots().cloned().collect();
    let mut reach = of_snapshots(files, metadata, &snapshots).await?;
    let statistics = metadata.statistics_iter().map(|file| &file.statistics_path);
    let of_partitions = metadata.partition_statistics_iter().map(|file| &file.statistics_path);
    let earlier = metadata.metadata_log().iter().map(|log| &log.metadata_file);
    let paths = statistics.chain(of_partitions).chain(earlier).map(String::as_str).chain([location]);
    reach.extend(paths.filter_map(|path| Some((files.storage.relative(path)?, 0))));
    Ok(reach)
}
