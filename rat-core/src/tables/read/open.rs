//! Opening data files: footers come from the session's cache, and what goes wrong names the file.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::CachedParquetMetaData;
use datafusion::datasource::physical_plan::{ParquetFileMetrics, ParquetFileReaderFactory};
use datafusion::execution::cache::cache_manager::{CachedFileMetadataEntry, FileMetadataCache};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::FutureExt;
use futures::future::BoxFuture;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use parquet::DecodeResult;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataPushDecoder};

use crate::error::{Code, Error};

use super::super::files::corrupt;

/// The path of a data file as the table writes it; an extension of a `PartitionedFile`.
#[derive(Debug, Clone)]
pub(super) struct Shown(pub Arc<str>);

impl Shown {
    /// The path to name a file by.
    pub fn of(file: &PartitionedFile) -> Arc<str> {
        file.extension::<Self>().map_or_else(|| Arc::from(file.object_meta.location.as_ref()), |shown| Arc::clone(&shown.0))
    }
}

/// Makes the readers of a scan.
#[derive(Debug, Clone)]
pub(super) struct Opener {
    pub store: Arc<dyn ObjectStore>,
    pub footers: Arc<dyn FileMetadataCache>,
    /// Whether the table says which ids the columns of a file without any have.
    pub has_name_mapping: bool,
}

// Most footers fit, so most opens are one request.
const FOOTER_BYTES: u64 = 64 * 1024;

impl Opener {
    /// The footer of a data file, from the cache or the file.
    ///
    /// # Errors
    /// `CORRUPT_TABLE`, `UNSUPPORTED_FORMAT`, `STORAGE_UNAVAILABLE`.
    pub async fn footer(&self, file: &ObjectMeta, shown: &str, pages: PageIndexPolicy) -> Result<Arc<ParquetMetaData>, Error> {
        let cached = self.footers.get(&file.location).filter(|cached| cached.is_valid_for(file));
        let cached = cached
            .and_then(|cached| Some(Arc::clone(cached.file_metadata.as_any().downcast_ref::<CachedParquetMetaData>()?.parquet_metadata())));
        if let Some(footer) = cached
            && (pages == PageIndexPolicy::Skip || footer.column_index().is_some() && footer.offset_index().is_some())
        {
            return Ok(footer);
        }
        let footer = Arc::new(self.read_footer(file, shown, pages).await?);
        let kept = CachedFileMetadataEntry::new(file.clone(), Arc::new(CachedParquetMetaData::new(Arc::clone(&footer))));
        self.footers.put(&file.location, kept);
        Ok(footer)
    }

    async fn read_footer(&self, file: &ObjectMeta, shown: &str, pages: PageIndexPolicy) -> Result<ParquetMetaData, Error> {
        let damaged = |error: ParquetError| corrupt(shown, "the data file is damaged: its footer cannot be read").with_source(error);
        let mut decoder = ParquetMetaDataPushDecoder::try_new(file.size).map_err(damaged)?.with_page_index_policy(pages);
        let tail = file.size.saturating_sub(FOOTER_BYTES)..file.size;
        let bytes = self.bytes(file, shown, std::slice::from_ref(&tail)).await?;
        decoder.push_ranges(vec![tail], bytes).map_err(damaged)?;
        let footer = loop {
            match decoder.try_decode().map_err(damaged)? {
                DecodeResult::Data(footer) => break footer,
                DecodeResult::NeedsData(ranges) => {
                    let bytes = self.bytes(file, shown, &ranges).await?;
                    decoder.push_ranges(ranges, bytes).map_err(damaged)?;
                }
                DecodeResult::Finished => return Err(corrupt(shown, "the data file is damaged: it has no footer")),
            }
        };
        if !self.has_name_mapping && !has_ids(footer.file_metadata().schema_descr().root_schema()) {
            return Err(Error::new(
                Code::UnsupportedFormat,
                format!("a data file has no field ids, and the table no name mapping: `{shown}`"),
            )
            .with_context("file", shown)
            .with_help("set the table property `schema.name-mapping.default`"));
        }
        Ok(footer)
    }

    // Exactly these bytes. Stores answer a range beyond the end with less, which the decoders take for a defect of the program.
    pub async fn bytes(&self, file: &ObjectMeta, shown: &str, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, Error> {
        match self.store.get_ranges(&file.location, ranges).await {
            Ok(bytes) if bytes.iter().zip(ranges).all(|(bytes, range)| bytes.len() as u64 == range.end - range.start) => Ok(bytes),
            Ok(_) => Err(shorter(shown)),
            Err(object_store::Error::NotFound { .. }) => Err(corrupt(shown, "a data file is missing")),
            Err(error) => match self.store.head(&file.location).await {
                Ok(found) if found.size < file.size => Err(shorter(shown)),
                _ => Err(Error::new(Code::StorageUnavailable, format!("a data file could not be read: `{shown}`")).with_source(error)),
            },
        }
    }
}

fn shorter(shown: &str) -> Error {
    corrupt(shown, "a data file is damaged: it is shorter than the table says")
}

fn has_ids(schema: &parquet::schema::types::Type) -> bool {
    let fields = schema.get_fields();
    fields.is_empty()
        || fields
            .iter()
            .any(|field| field.get_basic_info().has_id() || field.is_group() && !field.get_fields().is_empty() && has_ids(field))
}

impl ParquetFileReaderFactory for Opener {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        _: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> datafusion::common::Result<Box<dyn AsyncFileReader + Send>> {
        let shown = Shown::of(&file);
        Ok(Box::new(self.reader(file.object_meta, shown, partition, metrics)))
    }
}

impl Opener {
    /// Reads a file, and counts what it reads.
    pub fn reader(&self, file: ObjectMeta, shown: Arc<str>, partition: usize, metrics: &ExecutionPlanMetricsSet) -> Reader {
        let metrics = ParquetFileMetrics::new(partition, file.location.as_ref(), metrics);
        Reader { opener: self.clone(), file, shown, metrics }
    }
}

/// The bytes of one file.
pub(super) struct Reader {
    opener: Opener,
    file: ObjectMeta,
    shown: Arc<str>,
    metrics: ParquetFileMetrics,
}

impl AsyncFileReader for Reader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, parquet::errors::Result<Bytes>> {
        async move {
            let mut bytes = self.get_byte_ranges(vec![range]).await?;
            bytes.pop().ok_or_else(|| ParquetError::General("one range has one answer".to_owned()))
        }
        .boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, parquet::errors::Result<Vec<Bytes>>> {
        let count: u64 = ranges.iter().map(|range| range.end - range.start).sum();
        self.metrics.bytes_scanned.add(usize::try_from(count).unwrap_or(usize::MAX));
        async move { self.opener.bytes(&self.file, &self.shown, &ranges).await.map_err(external) }.boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, parquet::errors::Result<Arc<ParquetMetaData>>> {
        let pages = options.map_or(PageIndexPolicy::Optional, ArrowReaderOptions::column_index_policy);
        async move { self.opener.footer(&self.file, &self.shown, pages).await.map_err(external) }.boxed()
    }
}

fn external(error: Error) -> ParquetError {
    ParquetError::External(Box::new(error))
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.metrics.scan_efficiency_ratio.add_part(self.metrics.bytes_scanned.value());
        self.metrics.scan_efficiency_ratio.set_total(usize::try_from(self.file.size).unwrap_or(usize::MAX));
    }
}
