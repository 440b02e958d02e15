//! Rows with where they lie: the data file, and the row's number in it.
//!
//! For those who take rows out of a table: only the columns that decide are read, and of a file only the row groups and pages that can hold
//! one of the keys looked for. Rows that are deleted already do not come.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{ArrayRef, BooleanBufferBuilder, RecordBatch, RecordBatchOptions, UInt32Array, UInt64Array};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use chrono::DateTime;
use datafusion::catalog::TableProvider;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::common::{DataFusionError, ScalarValue};
use datafusion::datasource::physical_plan::parquet::{Int96Coercer, apply_file_schema_type_coercions};
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::{Column as ColumnExpr, Literal};
use datafusion::physical_expr::utils::{collect_columns, reassign_expr_columns};
use datafusion::physical_expr_adapter::PhysicalExprAdapterFactory;
use datafusion::physical_plan::PhysicalExpr;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use object_store::ObjectMeta;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, RowSelection, RowSelector};
use parquet::arrow::async_reader::{ParquetRecordBatchStream, ParquetRecordBatchStreamBuilder};
use parquet::errors::ParquetError;
use parquet::file::metadata::PageIndexPolicy;
use roaring::RoaringTreemap;

use crate::error::{Code, Error, Result};

use super::super::files::{FileEntry, corrupt};
use super::columns::ByFieldId;
use super::keys::{KeySet, PartBounds, joined};
use super::open::{Opener, Reader};
use super::scan::{Inner, Scan, ScanFile};
use super::{bloom, bounds, deletes, equality, provider};

/// The column of [`Located::provider`] with the file, by its place in the list.
pub const FILE: &str = "__rat_file";
/// The column of [`Located::provider`] with the row's number in its file.
pub const ROW: &str = "__rat_row";

const FILES_AT_ONCE: usize = 16;
const BATCH_ROWS: usize = 32 * 1024;

/// What is read of the files.
#[derive(Default)]
pub struct Look<'a> {
    /// The columns, as the table spells them.
    pub columns: &'a [String],
    /// Keys, of the first so many columns: parts of files that cannot hold one of them are left out. Rows that do not match may still come.
    pub keys: Option<&'a KeySet>,
    /// Rows, by the path of their file: no others come.
    pub rows: Option<&'a HashMap<String, RoaringTreemap>>,
}

/// Rows of some files, not read yet. Cheap to clone: all clones share the work, and each row comes once.
#[derive(Debug, Clone)]
pub struct Located {
    schema: SchemaRef,
    units: Arc<Vec<Unit>>,
    next: Arc<AtomicUsize>,
}

/// Some rows of one file.
#[derive(Debug)]
pub struct LocatedBatch {
    /// The file, by its place in the list.
    pub file: usize,
    /// The columns asked for, as the table has them.
    pub rows: RecordBatch,
    runs: Runs,
}

/// Numbers of rows, as runs: where a run begins in the batch, and what number its first row has.
#[derive(Debug, Default)]
struct Runs(Vec<(usize, u64)>);

impl LocatedBatch {
    /// The number that a row of the batch has in its file.
    pub fn number(&self, row: usize) -> u64 {
        self.runs.number(row)
    }
}

impl Runs {
    fn number(&self, row: usize) -> u64 {
        let run = self.0.partition_point(|(begin, _)| *begin <= row).saturating_sub(1);
        let (begin, first) = self.0[run];
        first + (row - begin) as u64
    }
}

/// A row group of a file, or what of it is wanted.
#[derive(Debug)]
struct Unit {
    file: Arc<Opened>,
    group: usize,
    /// The number of the group's first row in the file.
    first: u64,
    rows: u64,
    selection: Option<RowSelection>,
}

struct Opened {
    place: usize,
    shown: Arc<str>,
    opener: Opener,
    object: ObjectMeta,
    metadata: ArrowReaderMetadata,
    mask: ProjectionMask,
    values: Vec<Arc<dyn PhysicalExpr>>,
    /// For each value the file's column that it is, unchanged.
    plain: Vec<Option<String>>,
    schema: SchemaRef,
    /// How many of the values are asked for; the others are what equality deletes compare.
    width: usize,
    deleted: Vec<Deleted>,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.shown)
    }
}

/// Keys of an equality delete file.
struct Deleted {
    columns: Vec<usize>,
    keys: KeySet,
}

impl Scan {
    /// Rows of these files of the scan, with where each lies.
    ///
    /// # Errors
    /// `UNKNOWN_COLUMN`, `CORRUPT_TABLE`, `UNSUPPORTED_FORMAT`, and the storage's.
    pub async fn located(&self, runtime: &RuntimeEnv, files: &[ScanFile], look: &Look<'_>) -> Result<Located> {
        let inner = &self.0;
        let field = |name: &String| {
            let found = inner.schema.fields().iter().find(|field| field.name() == name).cloned();
            found.ok_or_else(|| Error::new(Code::UnknownColumn, format!("the table has no column `{name}`")))
        };
        let fields = look.columns.iter().map(field).collect::<Result<Vec<FieldRef>>>()?;
        let reading = Reading { inner, opener: provider::opener(inner, runtime) };
        let gone = deletes::positions(inner.table.files(), files).await?;
        let opened: Vec<_> = files.iter().enumerate().map(|(place, file)| reading.open(place, file, &fields)).collect();
        let opened: Vec<Opened> = stream::iter(opened).buffered(FILES_AT_ONCE).try_collect().await?;
        let mut units = Vec::new();
        let none = RoaringTreemap::new();
        let kept: Vec<_> = opened.iter().map(|opened| opened.kept(look.keys)).collect();
        let kept: Vec<Vec<bool>> = stream::iter(kept).buffered(FILES_AT_ONCE).try_collect().await?;
        for (((opened, kept), gone), file) in opened.into_iter().zip(kept).zip(gone).zip(files) {
            let only = look.rows.map(|rows| rows.get(file.path()).unwrap_or(&none));
            opened.units(&kept, look.keys, only, gone.as_ref(), &mut units)?;
        }
        Ok(Located { schema: Arc::new(Schema::new(fields)), units: Arc::new(units), next: Arc::default() })
    }
}

struct Reading<'a> {
    inner: &'a Inner,
    opener: Opener,
}

impl Reading<'_> {
    async fn open(&self, place: usize, file: &ScanFile, fields: &[FieldRef]) -> Result<Opened> {
        let mut all = fields.to_vec();
        let mut deleted = Vec::new();
        for delete in &file.equality {
            let mut columns = Vec::new();
            let mut key = Vec::new();
            for id in delete.file.equality_ids().unwrap_or_default() {
                let field = equality::key_field(self.inner, id)?;
                columns.push(all.iter().position(|known| known.name() == field.name()).unwrap_or(all.len()));
                if columns.last() == Some(&all.len()) {
                    all.push(Arc::clone(&field));
                }
                key.push(field);
            }
            deleted.push(Deleted { columns, keys: self.deleted_keys(delete, &key).await? });
        }
        let mut opened = self.file(place, &file.data, &all).await?;
        opened.width = fields.len();
        opened.deleted = deleted;
        Ok(opened)
    }

    // Equality delete files are small by their purpose, and DataFusion's way of applying them holds them in memory too.
    async fn deleted_keys(&self, delete: &FileEntry, key: &[FieldRef]) -> Result<KeySet> {
        if key.is_empty() {
            return Err(corrupt(delete.file.file_path(), "the equality delete file names no columns"));
        }
        let mut units = Vec::new();
        let opened = self.file(0, delete, key).await?;
        let kept = opened.kept(None).await?;
        opened.units(&kept, None, None, None, &mut units)?;
        let located = Located { schema: Arc::new(Schema::new(key.to_vec())), units: Arc::new(units), next: Arc::default() };
        let mut batches: Vec<LocatedBatch> = Vec::new();
        let mut rows = std::pin::pin!(located.stream());
        while let Some(batch) = rows.next().await {
            batches.push(batch?);
        }
        let column = |index: usize| match batches.is_empty() {
            true => Ok(arrow::array::new_empty_array(key[index].data_type())),
            false => joined(&batches.iter().map(|batch| Arc::clone(batch.rows.column(index))).collect::<Vec<_>>()),
        };
        KeySet::new((0..key.len()).map(column).collect::<Result<_>>()?)
    }

    async fn file(&self, place: usize, entry: &FileEntry, fields: &[FieldRef]) -> Result<Opened> {
        let path = entry.file.file_path();
        let location = self.inner.table.storage().location(path)?;
        let size = entry.file.file_size_in_bytes();
        let meta = ObjectMeta { location, last_modified: DateTime::UNIX_EPOCH, size, e_tag: None, version: None };
        let shown: Arc<str> = path.into();
        let footer = self.opener.footer(&meta, path, PageIndexPolicy::Optional).await?;
        let damaged = |e: ParquetError| reading_failed(e, path);
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
        let mut metadata = ArrowReaderMetadata::try_new(Arc::clone(&footer), options.clone()).map_err(damaged)?;
        let wanted = Schema::new(fields.to_vec());
        let stored = Arc::clone(metadata.schema());
        let mut physical = Arc::clone(&stored);
        if let Some(coerced) = Int96Coercer::new(metadata.parquet_schema(), &physical, &TimeUnit::Microsecond).coerce() {
            physical = Arc::new(coerced);
        }
        if let Some(coerced) = apply_file_schema_type_coercions(&wanted, &physical) {
            physical = Arc::new(coerced);
        }
        if physical != stored {
            metadata = ArrowReaderMetadata::try_new(footer, options.with_schema(Arc::clone(&physical))).map_err(damaged)?;
        }
        let (values, plain) = self.values(entry, fields, &physical)?;
        let columns: BTreeSet<usize> = values.iter().flat_map(collect_columns).map(|column| column.index()).collect();
        let schema = Arc::new(physical.project(&columns.iter().copied().collect::<Vec<_>>()).map_err(defect)?);
        let values = values.into_iter().map(|value| reassign_expr_columns(value, &schema)).collect::<Result<_, _>>().map_err(defect)?;
        let mask = ProjectionMask::roots(metadata.parquet_schema(), columns);
        let schema = Arc::new(Schema::new(fields.to_vec()));
        let opener = self.opener.clone();
        Ok(Opened { place, shown, opener, object: meta, metadata, mask, values, plain, schema, width: fields.len(), deleted: Vec::new() })
    }

    /// How each column is made of the file's; and which are the file's as they are.
    fn values(&self, entry: &FileEntry, fields: &[FieldRef], physical: &SchemaRef) -> Result<Values> {
        let inner = self.inner;
        let wanted = Arc::new(Schema::new(fields.to_vec()));
        let by_id = ByFieldId {
            columns: Arc::clone(&wanted),
            defaults: inner.defaults.clone(),
            mapping: inner.mapping.clone(),
            may_be_nan: Default::default(),
        };
        let adapter = by_id.create(wanted, Arc::clone(physical)).map_err(defect)?;
        let (mut values, mut plain) = (Vec::with_capacity(fields.len()), Vec::with_capacity(fields.len()));
        for (index, field) in fields.iter().enumerate() {
            let value: Arc<dyn PhysicalExpr> = match self.constant(entry, field) {
                Some(constant) => Arc::new(Literal::new(constant)),
                None => adapter.rewrite(Arc::new(ColumnExpr::new(field.name(), index))).map_err(defect)?,
            };
            plain.push(value.downcast_ref::<ColumnExpr>().map(|column| column.name().to_owned()));
            values.push(value);
        }
        Ok((values, plain))
    }

    // A column of which the manifest knows the one value need not be in the file: partition columns of old Hive tables are not.
    fn constant(&self, entry: &FileEntry, field: &Field) -> Option<ScalarValue> {
        let column = self.inner.columns.iter().find(|column| column.name == *field.name())?;
        let spec = self.inner.table.metadata().partition_spec_by_id(entry.spec_id)?;
        let known = bounds::of_file(entry, column, Some(spec));
        if entry.is_data() && known.nulls == Some(entry.file.record_count()) {
            return ScalarValue::try_new_null(field.data_type()).ok();
        }
        let (min, max) = (known.min?, known.max?);
        (entry.is_data() && known.nulls == Some(0) && min.exact && max.exact && min == max).then_some(min.value)
    }
}

type Values = (Vec<Arc<dyn PhysicalExpr>>, Vec<Option<String>>);

impl Opened {
    /// Of the row groups, those that can hold one of the keys.
    async fn kept(&self, keys: Option<&KeySet>) -> Result<Vec<bool>> {
        let groups = self.metadata.metadata().row_groups();
        let Some(keys) = keys else { return Ok(vec![true; groups.len()]) };
        let known = self.group_bounds(keys)?;
        let mut kept = keys.keeps(groups.len(), &known);
        for (group, kept) in kept.iter_mut().enumerate().filter(|(_, kept)| **kept) {
            for bounds in &known {
                let Some(name) = &self.plain[bounds.column] else { continue };
                let Some(values) = keys.within(bounds, group).filter(|values| values.len() <= bloom::MOST_VALUES) else { continue };
                let Some(place) = bloom::place(&groups[group], name, values.data_type()) else { continue };
                let filter = self.opener.bytes(&self.object, &self.shown, &[place]).await?;
                *kept = *kept && bloom::may_hold(&filter[0], &values, &self.shown)?;
            }
        }
        Ok(kept)
    }

    /// The parts of the file that are to be read, of these row groups.
    fn units(
        self,
        kept: &[bool],
        keys: Option<&KeySet>,
        only: Option<&RoaringTreemap>,
        gone: Option<&RoaringTreemap>,
        units: &mut Vec<Unit>,
    ) -> Result<()> {
        let file = Arc::new(self);
        let footer = file.metadata.metadata();
        let mut first = 0;
        for (group, kept) in kept.iter().enumerate() {
            let rows = u64::try_from(footer.row_group(group).num_rows()).unwrap_or(0);
            let begin = first;
            first += rows;
            if !kept {
                continue;
            }
            let mut selection = match keys {
                Some(keys) => file.pages(group, rows, keys)?,
                None => None,
            };
            let live = gone.filter(|gone| gone.range_cardinality(begin..first) > 0).map(|gone| provider::selection(gone, begin, first));
            let only = only.map(|only| opposite(provider::selection(only, begin, first)));
            for narrower in live.into_iter().chain(only) {
                selection = Some(match selection {
                    Some(selection) => selection.intersection(&narrower),
                    None => narrower,
                });
            }
            if rows > 0 && selection.as_ref().is_none_or(RowSelection::selects_any) {
                units.push(Unit { file: Arc::clone(&file), group, first: begin, rows, selection });
            }
        }
        Ok(())
    }

    fn converters<'a>(&'a self, keys: &KeySet) -> Result<Vec<(usize, StatisticsConverter<'a>)>> {
        let (schema, parquet) = (self.metadata.schema(), self.metadata.parquet_schema());
        let of = |(index, name): (usize, &Option<String>)| {
            let name = name.as_deref()?;
            // Statistics of files that the reader sees as another type are of no use here.
            StatisticsConverter::try_new(name, schema, parquet).ok().map(|converter| (index, converter))
        };
        Ok(self.plain.iter().take(keys.columns()).enumerate().filter_map(of).collect())
    }

    fn group_bounds(&self, keys: &KeySet) -> Result<Vec<PartBounds>> {
        let groups = self.metadata.metadata().row_groups();
        let failed = |e: ParquetError| reading_failed(e, &self.shown);
        let mut known = Vec::new();
        for (column, converter) in self.converters(keys)? {
            let converter = converter.with_missing_null_counts_as_zero(false);
            let min = converter.row_group_mins(groups).map_err(failed)?;
            let max = converter.row_group_maxes(groups).map_err(failed)?;
            let nulls = converter.row_group_null_counts(groups).map_err(failed)?;
            known.push(PartBounds { column, min, max, nulls });
        }
        Ok(known)
    }

    /// The rows of those pages that can hold a key; `None` for all of them.
    fn pages(&self, group: usize, rows: u64, keys: &KeySet) -> Result<Option<RowSelection>> {
        let footer = self.metadata.metadata();
        let (Some(columns), Some(offsets)) = (footer.column_index(), footer.offset_index()) else { return Ok(None) };
        let failed = |e: ParquetError| reading_failed(e, &self.shown);
        let mut selected: Option<RowSelection> = None;
        for (column, converter) in self.converters(keys)? {
            let counts = converter.data_page_row_counts(offsets, footer.row_groups(), [&group]).map_err(failed)?;
            let Some(counts) = counts.filter(|counts| counts.values().iter().sum::<u64>() == rows) else { continue };
            let min = converter.data_page_mins(columns, offsets, [&group]).map_err(failed)?;
            let max = converter.data_page_maxes(columns, offsets, [&group]).map_err(failed)?;
            let nulls = converter.data_page_null_counts(columns, offsets, [&group]).map_err(failed)?;
            if [min.len(), max.len(), nulls.len()] != [counts.len(); 3] {
                continue;
            }
            let kept = keys.keeps(counts.len(), &[PartBounds { column, min, max, nulls }]);
            if kept.iter().all(|kept| *kept) {
                continue;
            }
            let selector = |(count, kept): (&u64, &bool)| RowSelector { row_count: *count as usize, skip: !kept };
            let of_column = RowSelection::from_iter(counts.values().iter().zip(&kept).map(selector));
            selected = Some(match selected {
                Some(selected) => selected.intersection(&of_column),
                None => of_column,
            });
        }
        Ok(selected)
    }

    fn read(&self, unit: &Unit) -> Result<ParquetRecordBatchStream<Reader>> {
        let reader = self.opener.reader(self.object.clone(), Arc::clone(&self.shown), 0, &ExecutionPlanMetricsSet::new());
        let mut builder = ParquetRecordBatchStreamBuilder::new_with_metadata(reader, self.metadata.clone())
            .with_projection(self.mask.clone())
            .with_row_groups(vec![unit.group])
            .with_batch_size(BATCH_ROWS);
        if let Some(selection) = &unit.selection {
            builder = builder.with_row_selection(selection.clone());
        }
        builder.build().map_err(|e| reading_failed(e, &self.shown))
    }

    /// The columns of the table, of rows of the file, without those that equality deletes match.
    fn shape(&self, batch: &RecordBatch, runs: Runs) -> Result<LocatedBatch> {
        let values = self.values.iter().map(|value| value.evaluate(batch)?.into_array(batch.num_rows()));
        let values: Vec<ArrayRef> = values.collect::<Result<_, DataFusionError>>().map_err(defect)?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let nullable = self.schema.fields().iter().map(|field| Arc::new(field.as_ref().clone().with_nullable(true)));
        let schema = Arc::new(Schema::new(nullable.collect::<Vec<_>>()));
        let mut rows = RecordBatch::try_new_with_options(schema, values, &options).map_err(defect)?;
        let mut runs = runs;
        if !self.deleted.is_empty() {
            let mut live = BooleanBufferBuilder::new(rows.num_rows());
            live.append_n(rows.num_rows(), true);
            for deleted in &self.deleted {
                let key: Vec<ArrayRef> = deleted.columns.iter().map(|index| Arc::clone(rows.column(*index))).collect();
                deleted.keys.probe(&key, |row, _| live.set_bit(row, false))?;
            }
            let live = arrow::array::BooleanArray::new(live.finish(), None);
            let numbers = live.values().set_indices().enumerate().map(|(at, row)| (at, runs.number(row)));
            runs = Runs(numbers.collect());
            rows = filter_record_batch(&rows, &live).map_err(defect)?;
        }
        let rows = rows.project(&(0..self.width).collect::<Vec<_>>()).map_err(defect)?;
        Ok(LocatedBatch { file: self.place, rows, runs })
    }
}

fn opposite(selection: RowSelection) -> RowSelection {
    selection.iter().map(|selector| RowSelector { skip: !selector.skip, ..*selector }).collect()
}

/// Where the next rows of a unit lie.
struct Cursor {
    ranges: std::vec::IntoIter<(u64, u64)>,
    current: (u64, u64),
}

impl Cursor {
    fn of(unit: &Unit) -> Self {
        let mut ranges = Vec::new();
        match &unit.selection {
            None => ranges.push((unit.first, unit.first + unit.rows)),
            Some(selection) => {
                let mut at = unit.first;
                for selector in selection.iter() {
                    let end = at + selector.row_count as u64;
                    if !selector.skip {
                        ranges.push((at, end));
                    }
                    at = end;
                }
            }
        }
        Self { ranges: ranges.into_iter(), current: (0, 0) }
    }

    fn take(&mut self, rows: usize) -> Runs {
        let (mut runs, mut at) = (Vec::new(), 0);
        while at < rows {
            if self.current.0 == self.current.1 {
                match self.ranges.next() {
                    Some(range) => self.current = range,
                    None => break,
                }
            }
            let count = (self.current.1 - self.current.0).min((rows - at) as u64);
            runs.push((at, self.current.0));
            self.current.0 += count;
            at += count as usize;
        }
        Runs(runs)
    }
}

type Open = (Arc<Opened>, ParquetRecordBatchStream<Reader>, Cursor);

impl Located {
    /// How many parts there are to read: more streams than this are of no use.
    pub fn parts(&self) -> usize {
        self.units.len()
    }

    /// The rows that no other stream of the same read takes: call it once a core.
    pub fn stream(&self) -> impl Stream<Item = Result<LocatedBatch>> + Send + 'static {
        let (units, next) = (Arc::clone(&self.units), Arc::clone(&self.next));
        stream::try_unfold(None::<Open>, move |mut open| {
            let (units, next) = (Arc::clone(&units), Arc::clone(&next));
            async move {
                loop {
                    if let Some((file, batches, cursor)) = &mut open
                        && let Some(batch) = batches.next().await
                    {
                        let batch = batch.map_err(|e| reading_failed(e, &file.shown))?;
                        let located = file.shape(&batch, cursor.take(batch.num_rows()))?;
                        return Ok(Some((located, open)));
                    }
                    let Some(unit) = units.get(next.fetch_add(1, Ordering::Relaxed)) else { return Ok(None) };
                    open = Some((Arc::clone(&unit.file), unit.file.read(unit)?, Cursor::of(unit)));
                }
            }
        })
    }

    /// The rows as a table of `streams` partitions: the columns asked for, and [`FILE`] and [`ROW`]. It can be read once.
    ///
    /// # Errors
    /// `INTERNAL` for a column of one of those names.
    pub fn provider(&self, streams: usize) -> Result<Arc<dyn TableProvider>> {
        let nullable = self.schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
        let places = [Field::new(FILE, DataType::UInt32, false), Field::new(ROW, DataType::UInt64, false)];
        let schema = Arc::new(Schema::new(nullable.chain(places).collect::<Vec<_>>()));
        let part = || Arc::new(Part { located: self.clone(), schema: Arc::clone(&schema) }) as Arc<dyn PartitionStream>;
        let parts = (0..streams.clamp(1, self.parts().max(1))).map(|_| part()).collect();
        Ok(Arc::new(StreamingTable::try_new(Arc::clone(&schema), parts).map_err(defect)?))
    }
}

#[derive(Debug)]
struct Part {
    located: Located,
    schema: SchemaRef,
}

impl PartitionStream for Part {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let schema = Arc::clone(&self.schema);
        let rows = self.located.stream().map(move |batch| {
            let batch = batch.map_err(provider::external)?;
            let count = batch.rows.num_rows();
            let mut columns = batch.rows.columns().to_vec();
            columns.push(Arc::new(UInt32Array::from_value(u32::try_from(batch.file).unwrap_or(u32::MAX), count)));
            columns.push(Arc::new(UInt64Array::from_iter_values((0..count).map(|row| batch.number(row)))));
            Ok(RecordBatch::try_new(Arc::clone(&schema), columns)?)
        });
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), rows))
    }
}

fn defect(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(Code::Internal, "rows could not be located").with_source(error)
}

fn reading_failed(error: ParquetError, shown: &str) -> Error {
    match error {
        ParquetError::External(cause) => match cause.downcast::<Error>() {
            Ok(error) => *error,
            Err(cause) => corrupt(shown, "the data file is damaged").with_source(cause),
        },
        other => corrupt(shown, "the data file is damaged").with_source(other),
    }
}
