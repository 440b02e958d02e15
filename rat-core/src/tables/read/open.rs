//! Opening data files: footers come from the session's cache, and what goes wrong names the file.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::common::DataFusionError;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use datafusion::datasource::physical_plan::{ParquetFileMetrics, ParquetFileReaderFactory};
use datafusion::execution::cache::cache_manager::FileMetadataCache;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::future::BoxFuture;
use futures::{FutureExt, TryFutureExt};
use object_store::{ObjectMeta, ObjectStore};
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::{AsyncFileReader, ParquetObjectReader};
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};

use crate::error::{Code, Error};

/// The name of a data file as errors show it; an extension of a `PartitionedFile`.
#[derive(Debug, Clone)]
pub(super) struct Shown(pub Arc<str>);

/// Makes the readers of a scan.
#[derive(Debug, Clone)]
pub(super) struct Opener {
    pub store: Arc<dyn ObjectStore>,
    pub footers: Arc<dyn FileMetadataCache>,
    /// Whether the table says which ids the columns of a file without any have.
    pub has_name_mapping: bool,
}

// Most footers fit, so most opens are one request.
const FOOTER_BYTES: usize = 64 * 1024;

impl Opener {
    /// The footer of a data file, from the cache or the file.
    ///
    /// # Errors
    /// `CORRUPT_TABLE`, `UNSUPPORTED_FORMAT`, `STORAGE_UNAVAILABLE`.
    pub async fn footer(&self, file: &ObjectMeta, shown: &str, pages: PageIndexPolicy) -> Result<Arc<ParquetMetaData>, Error> {
        let footer = DFParquetMetadata::new(self.store.as_ref(), file)
            .with_file_metadata_cache(Some(Arc::clone(&self.footers)))
            .with_metadata_size_hint(Some(FOOTER_BYTES.min(usize::try_from(file.size).unwrap_or(FOOTER_BYTES))))
            .with_page_index_policy(Some(pages))
            .fetch_metadata()
            .await
            .map_err(|error| refused(error, shown))?;
        let root = footer.file_metadata().schema_descr().root_schema();
        if !self.has_name_mapping && !has_ids(root) {
            return Err(Error::new(Code::UnsupportedFormat, format!("`{shown}` has no field ids, and the table has no name mapping"))
                .with_help("set the table property `schema.name-mapping.default`"));
        }
        Ok(footer)
    }
}

fn has_ids(schema: &parquet::schema::types::Type) -> bool {
    schema.get_fields().is_empty() && schema.is_group()
        || schema.is_group()
            && schema.get_fields().iter().any(|field| field.get_basic_info().has_id() || field.is_group() && has_ids(field))
}

fn refused(error: DataFusionError, shown: &str) -> Error {
    match error {
        DataFusionError::ObjectStore(error) => lost(&error, shown).with_source(*error),
        other => {
            Error::new(Code::CorruptTable, format!("the data file `{shown}` is damaged: its footer cannot be read")).with_source(other)
        }
    }
}

fn lost(error: &object_store::Error, shown: &str) -> Error {
    match error {
        object_store::Error::NotFound { .. } => Error::new(Code::CorruptTable, format!("the data file `{shown}` is missing")),
        // A file shorter than the manifest says is asked for bytes it does not have.
        object_store::Error::Generic { .. }
            if format!("{error:?}").contains("OutOfRange") || format!("{error:?}").contains("InvalidGetRange") =>
        {
            Error::new(Code::CorruptTable, format!("the data file `{shown}` is damaged: it is shorter than the table says"))
        }
        _ => Error::new(Code::StorageUnavailable, format!("the data file `{shown}` could not be read")),
    }
}

fn failed(error: ParquetError, shown: &str) -> ParquetError {
    let error = match error {
        ParquetError::External(cause) => match cause.downcast::<object_store::Error>() {
            Ok(cause) => lost(&cause, shown).with_source(*cause),
            Err(cause) => Error::new(Code::StorageUnavailable, format!("the data file `{shown}` could not be read")).with_source(cause),
        },
        other => Error::new(Code::CorruptTable, format!("the data file `{shown}` is damaged")).with_source(other),
    };
    ParquetError::External(Box::new(error))
}

impl ParquetFileReaderFactory for Opener {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        _: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> datafusion::common::Result<Box<dyn AsyncFileReader + Send>> {
        let shown = file.extension::<Shown>().map_or_else(|| Arc::from(file.object_meta.location.as_ref()), |shown| Arc::clone(&shown.0));
        let bytes =
            ParquetObjectReader::new(Arc::clone(&self.store), file.object_meta.location.clone()).with_file_size(file.object_meta.size);
        let metrics = ParquetFileMetrics::new(partition, file.object_meta.location.as_ref(), metrics);
        Ok(Box::new(Reader { opener: self.clone(), bytes, file: file.object_meta, shown, metrics }))
    }
}

struct Reader {
    opener: Opener,
    bytes: ParquetObjectReader,
    file: ObjectMeta,
    shown: Arc<str>,
    metrics: ParquetFileMetrics,
}

impl AsyncFileReader for Reader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, parquet::errors::Result<Bytes>> {
        self.count(range.end - range.start);
        let shown = Arc::clone(&self.shown);
        self.bytes.get_bytes(range).map_err(move |error| failed(error, &shown)).boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, parquet::errors::Result<Vec<Bytes>>> {
        self.count(ranges.iter().map(|range| range.end - range.start).sum());
        let shown = Arc::clone(&self.shown);
        self.bytes.get_byte_ranges(ranges).map_err(move |error| failed(error, &shown)).boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, parquet::errors::Result<Arc<ParquetMetaData>>> {
        let pages = options.map_or(PageIndexPolicy::Optional, ArrowReaderOptions::column_index_policy);
        async move { self.opener.footer(&self.file, &self.shown, pages).await.map_err(|error| ParquetError::External(Box::new(error))) }
            .boxed()
    }
}

impl Reader {
    fn count(&self, bytes: u64) {
        self.metrics.bytes_scanned.add(usize::try_from(bytes).unwrap_or(usize::MAX));
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.metrics.scan_efficiency_ratio.add_part(self.metrics.bytes_scanned.value());
        self.metrics.scan_efficiency_ratio.set_total(usize::try_from(self.file.size).unwrap_or(usize::MAX));
    }
}
