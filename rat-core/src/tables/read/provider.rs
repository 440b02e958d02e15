//! The table that DataFusion plans with, and the execution plan over its files.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef, SchemaRef};
use async_trait::async_trait;
use chrono::DateTime;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DataFusionError, Result, ScalarValue, Statistics};
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::object_store::ObjectStoreUrl;
use datafusion::datasource::physical_plan::parquet::{ParquetAccessPlan, RowGroupAccess};
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::union::UnionExec;
use futures::{StreamExt, TryStreamExt, stream};
use iceberg::spec::PrimitiveType;
use object_store::ObjectMeta;
use parquet::arrow::arrow_reader::{RowSelection, RowSelector};
use parquet::file::metadata::PageIndexPolicy;
use roaring::RoaringTreemap;

use crate::error::{Code, Error};

use super::super::files::FileEntry;
use super::columns::{ByFieldId, without_ids};
use super::late::Known;
use super::open::{Opener, Shown};
use super::scan::{Inner, Scan, ScanFile};
use super::source::TableFiles;
use super::{bounds, deletes, equality, statistics};

/// A [`Scan`] as a table.
#[derive(Debug)]
pub(super) struct Provider(pub Scan);

#[async_trait]
impl TableProvider for Provider {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.0.0.shown)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    // Pruning leaves rows that do not pass: DataFusion filters again.
    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let inner = &self.0.0;
        let pruner = self.0.pruner(session, filters)?;
        let files = self.0.pruned(pruner.as_ref()).await.map_err(external)?;
        let (matched, plain): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| !file.equality.is_empty());
        // A limit stays above filters, which this scan does not apply, and above deletes, which it applies elsewhere.
        let limit = limit.filter(|_| filters.is_empty() && matched.is_empty());
        let plain = match limit {
            Some(rows) => self.0.holding(plain, rows),
            None => plain,
        };
        let reading = Reading { inner, session };
        let mut plans = Vec::new();
        if !plain.is_empty() || matched.is_empty() {
            plans.push(reading.plain(&plain, projection, limit).await?);
        }
        if !matched.is_empty() {
            plans.push(equality::without_deleted(&reading, &matched, projection).await?);
        }
        match plans.len() {
            1 => Ok(plans.remove(0)),
            _ => UnionExec::try_new(plans),
        }
    }
}

pub(super) fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// What every plan of one scan shares.
pub(super) struct Reading<'a> {
    pub inner: &'a Inner,
    pub session: &'a dyn Session,
}

/// The parts of one file scan.
pub(super) struct Read<'a> {
    pub files: Vec<PartitionedFile>,
    pub schema: TableSchema,
    /// What manifests say of the files.
    pub entries: &'a [&'a FileEntry],
    pub statistics: Statistics,
    /// Whether some file has deleted rows.
    pub selects_rows: bool,
}

const FOOTERS_AT_ONCE: usize = 16;

impl Reading<'_> {
    async fn plain(&self, files: &[ScanFile], projection: Option<&Vec<usize>>, limit: Option<usize>) -> Result<Arc<dyn ExecutionPlan>> {
        let entries: Vec<&FileEntry> = files.iter().map(|file| &*file.data).collect();
        let (partitioned, deleted) = self.partitioned(files, self.inner.columns.len(), |_| Vec::new()).await?;
        let statistics = statistics::of_files(&entries, deleted, &self.inner.columns, self.inner.table.metadata());
        let schema = TableSchema::from_file_schema(Arc::clone(&self.inner.schema));
        let read = Read { files: partitioned, schema, entries: &entries, statistics, selects_rows: deleted.is_some() };
        self.exec(read, projection, limit)
    }

    /// The files as DataFusion reads them, with their deleted positions left out; and how many rows that are, if there are any deletes.
    pub async fn partitioned(
        &self,
        files: &[ScanFile],
        width: usize,
        constants: impl Fn(&ScanFile) -> Vec<ScalarValue>,
    ) -> Result<(Vec<PartitionedFile>, Option<usize>)> {
        let inner = self.inner;
        let mut positions = deletes::positions(inner.table.files(), files).await.map_err(external)?;
        for (file, positions) in files.iter().zip(&mut positions) {
            if let Some(gone) = inner.gone.get(file.path()) {
                *positions.get_or_insert_default() |= gone;
            }
        }
        let mut found = Vec::with_capacity(files.len());
        for file in files {
            let statistics = statistics::of_file(&file.data, &inner.columns, width, inner.table.metadata());
            found.push(self.file(&file.data, constants(file))?.with_statistics(statistics));
        }
        let mut deleted = positions.iter().any(Option::is_some).then_some(0).or(files.iter().any(ScanFile::has_deletes).then_some(0));
        let selections: Vec<_> = positions.into_iter().enumerate().filter_map(|(index, positions)| Some((index, positions?))).collect();
        let selections = selections.into_iter().map(|(index, positions)| selected(self.opener(), index, found[index].clone(), positions));
        let selections: Vec<_> = selections.collect();
        let selections: Vec<_> = stream::iter(selections).buffered(FOOTERS_AT_ONCE).try_collect().await?;
        for (index, file, gone) in selections {
            deleted = deleted.map(|deleted| deleted + gone);
            found[index] = file;
        }
        Ok((found, deleted))
    }

    /// One file of the table, whole.
    pub fn file(&self, entry: &FileEntry, constants: Vec<ScalarValue>) -> Result<PartitionedFile> {
        let path = entry.file.file_path();
        let location = self.inner.table.storage().location(path).map_err(external)?;
        let size = entry.file.file_size_in_bytes();
        let meta = ObjectMeta { location, last_modified: DateTime::UNIX_EPOCH, size, e_tag: None, version: None };
        let mut file = PartitionedFile::new_from_meta(meta).with_extension(Shown(path.into()));
        file.partition_values = constants;
        Ok(file)
    }

    /// The plan over files of the table, or of its deletes.
    pub fn exec(&self, read: Read<'_>, projection: Option<&Vec<usize>>, limit: Option<usize>) -> Result<Arc<dyn ExecutionPlan>> {
        let Read { files, schema, entries, statistics, selects_rows } = read;
        let columns = Arc::clone(schema.file_schema());
        let schema = TableSchema::new(Arc::new(without_ids(&columns)), schema.table_partition_cols().clone());
        if files.is_empty() {
            let all = schema.table_schema();
            let schema = match projection {
                Some(projection) => Arc::new(all.project(projection)?),
                None => Arc::clone(all),
            };
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        let mut options = self.session.table_options().parquet.clone();
        // Files of old Spark, taken over with a name mapping, hold timestamps of 96 bits, which are read as nanoseconds unless told.
        options.global.coerce_int96 = Some("us".to_owned());
        let adapter = ByFieldId {
            defaults: self.inner.defaults.clone(),
            mapping: self.inner.mapping.clone(),
            may_be_nan: may_be_nan(columns.fields(), self.inner, entries),
            columns,
        };
        let known = Known { whole: statistics.clone(), files: files.iter().filter_map(|file| file.statistics.clone()).collect() };
        let source = TableFiles::new(schema, options, self.opener(), known, selects_rows);
        let groups = FileGroup::new(files).split_files(self.session.config().target_partitions());
        let url = ObjectStoreUrl::parse("rat://lake")?;
        self.session.runtime_env().register_object_store(url.as_ref(), self.inner.table.storage().object_store());
        let config = FileScanConfigBuilder::new(url, Arc::new(source))
            .with_file_groups(groups)
            .with_statistics(statistics)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .with_expr_adapter(Some(Arc::new(adapter)))
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }

    fn opener(&self) -> Opener {
        opener(self.inner, self.session.runtime_env())
    }
}

pub(super) fn opener(inner: &Inner, runtime: &RuntimeEnv) -> Opener {
    Opener {
        store: inner.table.storage().object_store(),
        footers: runtime.cache_manager.get_file_metadata_cache(),
        has_name_mapping: inner.mapping.is_some(),
    }
}

fn may_be_nan(fields: &[FieldRef], inner: &Inner, entries: &[&FileEntry]) -> HashSet<i32> {
    let floats = fields.iter().filter(|field| matches!(field.data_type(), DataType::Float32 | DataType::Float64));
    let ids = floats.filter_map(|field| super::shape::field_id(field));
    let known = |id: &i32| {
        let column = inner.columns.iter().find(|column| column.id == *id);
        column.is_some_and(|column| matches!(column.kind, Some(PrimitiveType::Float | PrimitiveType::Double)))
            && entries.iter().all(|entry| bounds::no_nans(entry, *id))
    };
    ids.filter(|id| !known(id)).collect()
}

// A file without its deleted rows, and how many those are. Positions count over the whole file, selections within a row group, so the
// footer is needed; it is in the cache when the file is read.
async fn selected(opener: Opener, index: usize, file: PartitionedFile, deleted: RoaringTreemap) -> Result<(usize, PartitionedFile, usize)> {
    let footer = opener.footer(&file.object_meta, &Shown::of(&file), PageIndexPolicy::Skip).await.map_err(external)?;
    let groups: Vec<u64> = footer.row_groups().iter().map(|group| u64::try_from(group.num_rows()).unwrap_or(0)).collect();
    let (plan, gone) = without(&groups, &deleted);
    Ok((index, file.with_extension(plan), gone))
}

/// Selects the rows of each row group that are not deleted; and counts the deleted ones.
fn without(row_groups: &[u64], deleted: &RoaringTreemap) -> (ParquetAccessPlan, usize) {
    let mut plan = ParquetAccessPlan::new_all(row_groups.len());
    let mut first = 0;
    let mut gone = 0;
    for (index, &rows) in row_groups.iter().enumerate() {
        let end = first + rows;
        let count = deleted.range_cardinality(first..end);
        gone += count;
        if count == rows {
            plan.set(index, RowGroupAccess::Skip);
        } else if count > 0 {
            plan.set(index, RowGroupAccess::Selection(selection(deleted, first, end)));
        }
        first = end;
    }
    (plan, usize::try_from(gone).unwrap_or(usize::MAX))
}

pub(super) fn selection(deleted: &RoaringTreemap, first: u64, end: u64) -> RowSelection {
    let count = |rows: u64| usize::try_from(rows).unwrap_or(usize::MAX);
    let mut selectors: Vec<RowSelector> = Vec::new();
    let mut at = first;
    let mut positions = deleted.iter();
    positions.advance_to(first);
    for position in positions.take_while(|position| *position < end) {
        if position > at {
            selectors.push(RowSelector::select(count(position - at)));
        }
        match selectors.last_mut() {
            Some(last) if last.skip => last.row_count += 1,
            _ => selectors.push(RowSelector::skip(1)),
        }
        at = position + 1;
    }
    if at < end {
        selectors.push(RowSelector::select(count(end - at)));
    }
    RowSelection::from(selectors)
}

/// A defect, said as an error.
pub(super) fn defect(what: &str) -> DataFusionError {
    external(Error::new(Code::Internal, what))
}
