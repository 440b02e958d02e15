//! The files of a table as the engine's file source: its own Parquet reader, kept from what would be wrong or slow here.

use std::fmt;
use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::{ConfigOptions, TableParquetOptions};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileOpener, FileScanConfig, FileScanConfigBuilder, FileSource, ParquetSource};
use datafusion::datasource::table_schema::TableSchema;
use datafusion::physical_expr::projection::ProjectionExprs;
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalSortExpr};
use datafusion::physical_plan::filter_pushdown::{FilterPushdownPropagation, PushedDown};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion::physical_plan::sort_pushdown::SortOrderPushdownResult;
use datafusion::physical_plan::{DisplayFormatType, PhysicalExpr};
use datafusion_datasource::morsel::Morselizer;
use object_store::ObjectStore;

use super::damage::Naming;
use super::late::{self, Known};
use super::open::Opener;

/// [`ParquetSource`], except that:
///
/// - **No limit reaches files with deleted rows.** Given a limit and a filter that all rows of a row group pass, the reader counts the whole
///   row group towards the limit and reads it without its row selection, deleted rows and all
///   (`RowGroupAccessPlanFilter::prune_by_limit`). The stream over the files counts instead. No order reaches them either.
/// - **Filters on nested columns stay above.** The reader accepts them by the look of the table's schema, and drops them without a word for
///   a file whose column must be reshaped first (`build_row_filter`).
/// - **Few filters are evaluated by the reader**, when `pushdown_filters` is on: those of [`late`]. All of them prune row groups and pages.
/// - **Bounds prune though no row may have them.** The reader leaves a file out by exact ends alone, and those of text may have been cut.
/// - **What cannot be decoded names its file**, also when the decoder panics over it.
/// - **It is not a [`ParquetSource`].** A plan that is shipped to another process loses what a file carries besides its path: the deleted
///   rows and the ids of its columns. Serializers know the type of a source, do not know this one, and refuse.
#[derive(Clone)]
pub(super) struct TableFiles {
    parquet: Arc<dyn FileSource>,
    opener: Opener,
    known: Arc<Known>,
    selects_rows: bool,
    /// Whether the reader evaluates filters, once there was one to ask about.
    evaluates: Option<bool>,
}

impl TableFiles {
    /// `known` is of all columns of the table; `selects_rows`: some file has deleted rows.
    pub fn new(schema: TableSchema, mut options: TableParquetOptions, opener: Opener, known: Known, selects_rows: bool) -> Self {
        options.global.pushdown_filters = false;
        let parquet = ParquetSource::new(schema).with_table_parquet_options(options);
        let parquet = Arc::new(parquet.with_parquet_file_reader_factory(Arc::new(opener.clone())));
        Self { parquet, opener, known: Arc::new(known), selects_rows, evaluates: None }
    }

    fn around(&self, parquet: Arc<dyn FileSource>) -> Arc<dyn FileSource> {
        Arc::new(Self { parquet, ..self.clone() })
    }

    // Filters come in two rounds: those of the query, then those that the engine fills while it runs.
    fn evaluates(&self, filters: &[Arc<dyn PhysicalExpr>], config: &ConfigOptions) -> bool {
        if !config.execution.parquet.pushdown_filters {
            return false;
        }
        let dynamic = filters.iter().all(late::is_dynamic);
        match self.evaluates {
            Some(evaluates) => evaluates && dynamic,
            None => dynamic || late::is_better(filters, self.projection(), &self.known),
        }
    }
}

impl FileSource for TableFiles {
    fn create_file_opener(&self, store: Arc<dyn ObjectStore>, config: &FileScanConfig, partition: usize) -> Result<Arc<dyn FileOpener>> {
        self.parquet.create_file_opener(store, config, partition)
    }

    fn create_morselizer(&self, store: Arc<dyn ObjectStore>, config: &FileScanConfig, partition: usize) -> Result<Box<dyn Morselizer>> {
        let inner = if self.selects_rows && config.limit.is_some() {
            let unlimited = FileScanConfigBuilder::from(config.clone()).with_limit(None).build();
            self.parquet.create_morselizer(store, &unlimited, partition)?
        } else {
            self.parquet.create_morselizer(store, config, partition)?
        };
        Ok(Box::new(Naming::new(inner, self.opener.clone())))
    }

    fn table_schema(&self) -> &TableSchema {
        self.parquet.table_schema()
    }

    fn with_batch_size(&self, batch_size: usize) -> Arc<dyn FileSource> {
        self.around(self.parquet.with_batch_size(batch_size))
    }

    fn filter(&self) -> Option<Arc<dyn PhysicalExpr>> {
        self.parquet.filter()
    }

    fn projection(&self) -> Option<&ProjectionExprs> {
        self.parquet.projection()
    }

    fn metrics(&self) -> &ExecutionPlanMetricsSet {
        self.parquet.metrics()
    }

    fn file_type(&self) -> &str {
        self.parquet.file_type()
    }

    fn fmt_extra(&self, form: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parquet.fmt_extra(form, f)?;
        if self.selects_rows { write!(f, ", selects_rows=true") } else { Ok(()) }
    }

    fn try_pushdown_filters(
        &self,
        filters: Vec<Arc<dyn PhysicalExpr>>,
        config: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Arc<dyn FileSource>>> {
        let schema = self.table_schema().table_schema();
        let is_flat = |filter: &Arc<dyn PhysicalExpr>| {
            collect_columns(filter)
                .iter()
                .all(|column| schema.field_with_name(column.name()).is_ok_and(|field| !field.data_type().is_nested()))
        };
        let flat: Vec<bool> = filters.iter().map(is_flat).collect();
        let given: Vec<_> = filters.into_iter().zip(&flat).filter(|(_, flat)| **flat).map(|(filter, _)| filter).collect();
        if given.is_empty() {
            return Ok(FilterPushdownPropagation::with_parent_pushdown_result(vec![PushedDown::No; flat.len()]));
        }
        let evaluates = self.evaluates(&given, config);
        // Once the reader evaluates, it evaluates all it is given.
        if self.evaluates == Some(true) && !evaluates {
            return Ok(FilterPushdownPropagation::with_parent_pushdown_result(vec![PushedDown::No; flat.len()]));
        }
        let mut config = config.clone();
        config.execution.parquet.pushdown_filters = evaluates;
        let answer = self.parquet.try_pushdown_filters(given, &config)?;
        let mut answers = answer.filters.into_iter();
        Ok(FilterPushdownPropagation {
            filters: flat.into_iter().map(|flat| if flat { answers.next().unwrap_or(PushedDown::No) } else { PushedDown::No }).collect(),
            updated_node: answer
                .updated_node
                .map(|parquet| Arc::new(Self { parquet, evaluates: Some(evaluates), ..self.clone() }) as Arc<dyn FileSource>),
        })
    }

    fn try_pushdown_sort(
        &self,
        order: &[PhysicalSortExpr],
        properties: &EquivalenceProperties,
    ) -> Result<SortOrderPushdownResult<Arc<dyn FileSource>>> {
        if self.selects_rows {
            return Ok(SortOrderPushdownResult::Unsupported);
        }
        let answer = self.parquet.try_pushdown_sort(order, properties)?;
        answer.try_map(|parquet| Ok(self.around(parquet)))
    }

    fn reorder_files(&self, files: Vec<PartitionedFile>) -> Vec<PartitionedFile> {
        self.parquet.reorder_files(files)
    }

    fn try_pushdown_projection(&self, projection: &ProjectionExprs) -> Result<Option<Arc<dyn FileSource>>> {
        Ok(self.parquet.try_pushdown_projection(projection)?.map(|parquet| self.around(parquet)))
    }
}
