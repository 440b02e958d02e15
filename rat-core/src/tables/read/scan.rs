//! A scan and the files it reads.

use std::collections::{BTreeSet, HashMap};
use std::ops::Deref;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::utils::conjunction;
use futures::{StreamExt, TryStreamExt, stream};
use iceberg::arrow::type_to_arrow_type;
use iceberg::spec::{
    DEFAULT_SCHEMA_NAME_MAPPING, DataContentType, DataFile, Literal, ManifestContentType, ManifestFile, NameMapping, Type,
};
use roaring::RoaringTreemap;

use crate::error::{Code, Error, Result};

use super::super::Table;
use super::super::files::{FileEntry, corrupt};
use super::bounds::{self, Column};
use super::columns::without_ids;
use super::deletes::{self, Deletes};
use super::provider::Provider;
use super::prune::Pruner;
use super::ranges::KeyRange;
use super::{statistics, values};

/// A table, or some of its files, to be read. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Scan(pub(super) Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub table: Table,
    pub only: Option<Arc<BTreeSet<String>>>,
    /// Rows that are left out besides those that delete files name, by data file.
    pub gone: HashMap<String, RoaringTreemap>,
    /// The table's columns as the scan gives them: top-level text and bytes as views, which is how DataFusion reads Parquet fastest.
    pub schema: SchemaRef,
    /// The same without the ids of the fields.
    pub shown: SchemaRef,
    pub columns: Vec<Column>,
    pub defaults: HashMap<i32, ScalarValue>,
    pub mapping: Option<NameMapping>,
}

impl Table {
    /// The table, to be read.
    ///
    /// # Errors
    /// `UNSUPPORTED_FORMAT` when a column has a type or a default that rat does not read, `CORRUPT_TABLE` for a name mapping that makes no sense.
    pub fn scan(&self) -> Result<Scan> {
        Scan::new(self.clone(), None, HashMap::new())
    }

    /// The table as DataFusion scans it. Text and bytes columns are `Utf8View` and `BinaryView` here, whatever [`schema`](Self::schema) says.
    ///
    /// # Errors
    /// As [`scan`](Self::scan).
    pub fn provider(&self) -> Result<Arc<dyn TableProvider>> {
        Ok(self.scan()?.provider())
    }
}

const MANIFESTS_AT_ONCE: usize = 16;

impl Scan {
    fn new(table: Table, only: Option<Arc<BTreeSet<String>>>, gone: HashMap<String, RoaringTreemap>) -> Result<Self> {
        let stored = table.schema()?;
        let schema = Arc::new(with_views(&stored));
        let fields = table.iceberg_schema().as_struct().fields();
        let columns = fields.iter().zip(schema.fields()).map(|(field, arrow)| Column {
            id: field.id,
            name: arrow.name().clone(),
            data_type: arrow.data_type().clone(),
            kind: field.field_type.as_primitive_type().cloned(),
        });
        let columns = columns.collect();
        let mapping = table.properties().get(DEFAULT_SCHEMA_NAME_MAPPING).map(|json| {
            serde_json::from_str(json).map_err(|e| {
                Error::new(Code::CorruptTable, format!("the property `{DEFAULT_SCHEMA_NAME_MAPPING}` of `{}` cannot be read", table.name()))
                    .with_source(e)
            })
        });
        let mapping = mapping.transpose()?;
        let defaults = defaults(table.iceberg_schema(), &schema)?;
        let shown = Arc::new(without_ids(&schema));
        Ok(Self(Arc::new(Inner { table, only, gone, schema, shown, columns, defaults, mapping })))
    }

    /// The same scan of these data files alone, named by their paths in the manifests.
    ///
    /// # Errors
    /// As [`Table::scan`].
    pub fn only(&self, paths: impl IntoIterator<Item = String>) -> Result<Self> {
        Self::new(self.0.table.clone(), Some(Arc::new(paths.into_iter().collect())), HashMap::new())
    }

    /// The same scan of these data files alone, without the rows of these numbers.
    ///
    /// # Errors
    /// As [`Table::scan`].
    pub fn without(&self, rows: HashMap<String, RoaringTreemap>) -> Result<Self> {
        Self::new(self.0.table.clone(), Some(Arc::new(rows.keys().cloned().collect())), rows)
    }

    /// The numbers of the rows of each file that position deletes name; nothing for a file without such deletes.
    ///
    /// # Errors
    /// `CORRUPT_TABLE`, and the storage's.
    pub async fn deleted(&self, files: &[ScanFile]) -> Result<Vec<Option<RoaringTreemap>>> {
        deletes::positions(self.0.table.files(), files).await
    }

    /// The table as DataFusion scans it. Text and bytes columns are `Utf8View` and `BinaryView`.
    pub fn provider(&self) -> Arc<dyn TableProvider> {
        Arc::new(Provider(self.clone()))
    }

    /// The live data files, in the order of the manifests, with the deletes of each.
    ///
    /// # Errors
    /// `CORRUPT_TABLE`, `UNSUPPORTED_FORMAT`, and the storage's.
    pub async fn files(&self) -> Result<Vec<ScanFile>> {
        self.pruned(None).await
    }

    /// The largest value of a column, when manifests know it exactly: no deletes, a type whose bounds are never cut. `Some` NULL when there
    /// is no value. `None` when only reading can tell, or when there is no such column.
    ///
    /// # Errors
    /// As [`files`](Self::files).
    pub async fn max(&self, column: &str) -> Result<Option<ScalarValue>> {
        let Some(column) = self.0.columns.iter().find(|c| c.name == column) else { return Ok(None) };
        let files = self.files().await?;
        if files.iter().any(ScanFile::has_deletes) {
            return Ok(None);
        }
        let entries: Vec<&FileEntry> = files.iter().map(|file| &*file.data).collect();
        let known = statistics::union(&entries, column, self.0.table.metadata());
        let rows: u64 = files.iter().map(ScanFile::rows).sum();
        if known.nulls == Some(rows) {
            return Ok(ScalarValue::try_new_null(&column.data_type).ok());
        }
        Ok(known.max.filter(|max| max.exact).map(|max| max.value))
    }

    /// What is known of a column's values in a file; nothing for a column that the table does not have.
    pub fn bounds(&self, file: &ScanFile, column: &str) -> ColumnBounds {
        let Some(column) = self.0.columns.iter().find(|c| c.name == column) else { return ColumnBounds::default() };
        let spec = self.0.table.metadata().partition_spec_by_id(file.data.spec_id);
        let known = bounds::of_file(&file.data, column, spec.map(AsRef::as_ref));
        ColumnBounds { min: known.min.map(|min| min.value), max: known.max.map(|max| max.value), nulls: known.nulls }
    }

    /// The one value that a column has in every row of a file, NULL among them, when metadata says so for sure: by the file's partition, or by
    /// bounds that are exact and equal.
    pub fn only_value(&self, file: &ScanFile, column: &str) -> Option<ScalarValue> {
        let column = self.0.columns.iter().find(|c| c.name == column)?;
        let spec = self.0.table.metadata().partition_spec_by_id(file.data.spec_id);
        let known = bounds::of_file(&file.data, column, spec.map(AsRef::as_ref));
        if known.nulls == Some(file.rows()) {
            return ScalarValue::try_new_null(&column.data_type).ok();
        }
        match (known.min, known.max) {
            (Some(min), Some(max)) if known.nulls == Some(0) && min.exact && max.exact && min.value == max.value => Some(min.value),
            _ => None,
        }
    }

    /// The scan behind a table of DataFusion's, where there is one.
    pub fn of(provider: &dyn TableProvider) -> Option<Self> {
        (provider as &dyn std::any::Any).downcast_ref::<Provider>().map(|provider| provider.0.clone())
    }

    /// The data files that may hold a row which passes these filters, by what manifests say.
    ///
    /// # Errors
    /// As [`files`](Self::files).
    pub async fn passing(&self, session: &dyn Session, filters: &[Expr]) -> Result<Vec<ScanFile>> {
        // A filter that cannot be asked of bounds leaves no file out.
        let pruner = self.pruner(session, filters).unwrap_or_default();
        self.pruned(pruner.as_ref()).await
    }

    /// The rows of the whole table, when its snapshot's summary tells them and the scan is of all of it.
    pub fn row_count(&self) -> Option<u64> {
        self.0.table.row_count().filter(|_| self.0.only.is_none() && self.0.gone.is_empty())
    }

    /// Between which values a column lies in these files.
    pub fn range(&self, files: &[ScanFile], column: &str) -> KeyRange {
        let ranges = files.iter().filter_map(|file| KeyRange::of_bounds(&self.bounds(file, column), file.rows()));
        let all_null = files.iter().any(|file| self.bounds(file, column).nulls == Some(file.rows()));
        let range = ranges.reduce(KeyRange::or).unwrap_or_default();
        KeyRange { may_be_null: range.may_be_null || all_null, ..range }
    }

    /// What the filters leave out by; `None` when that is nothing.
    pub(super) fn pruner(&self, session: &dyn Session, filters: &[Expr]) -> datafusion::error::Result<Option<Pruner>> {
        let Some(filter) = conjunction(filters.iter().cloned()) else { return Ok(None) };
        let filter = session.create_physical_expr(filter, &DFSchema::try_from(Arc::clone(&self.0.schema))?)?;
        Ok(Pruner::new(filter, Arc::clone(&self.0.schema), &self.0.columns))
    }

    pub(super) async fn pruned(&self, pruner: Option<&Pruner>) -> Result<Vec<ScanFile>> {
        let metadata = self.0.table.metadata();
        let manifests = self.0.table.manifests().await?;
        let live = |manifest: &&ManifestFile| manifest.has_added_files() || manifest.has_existing_files();
        let (deletes, mut data): (Vec<_>, Vec<_>) =
            manifests.iter().filter(live).partition(|manifest| manifest.content == ManifestContentType::Deletes);
        if let Some(pruner) = pruner {
            let mut kept = pruner.manifests(&data, metadata).into_iter();
            data.retain(|_| kept.next().unwrap_or(true));
        }
        let mut files: Vec<Live> = match self.0.table.listed_files() {
            Some(listed) => Live::of(listed).filter(|entry| entry.is_data()).collect(),
            None => self.entries(data).await?.iter().flat_map(Live::of).collect(),
        };
        if let Some(only) = &self.0.only {
            files.retain(|entry| only.contains(entry.file.file_path()));
        }
        if let Some(pruner) = pruner {
            let mut kept = pruner.files(&files.iter().map(Deref::deref).collect::<Vec<_>>(), metadata).into_iter();
            files.retain(|_| kept.next().unwrap_or(true));
        }
        for entry in &files {
            check(entry)?;
        }
        // A delete reaches files of its own sequence number and older ones.
        let Some(oldest) = files.iter().map(|entry| entry.sequence_number).min() else { return Ok(Vec::new()) };
        let deletes = match self.0.table.listed_files() {
            Some(listed) => listed.iter().filter(|entry| !entry.is_data()).cloned().collect(),
            None => self.deletes(deletes, oldest).await?,
        };
        for entry in &deletes {
            check_plain(entry)?;
        }
        let deletes = Deletes::new(deletes, metadata);
        let attach = |data: Live| {
            let (positions, equality) = deletes.of(&data);
            ScanFile { data, positions, equality }
        };
        Ok(files.into_iter().map(attach).collect())
    }

    /// Of these files the first that have so many rows between them. Rows of a file that has deletes do not count.
    pub(super) fn holding(&self, mut files: Vec<ScanFile>, rows: usize) -> Vec<ScanFile> {
        let mut held = 0;
        let last = files.iter().position(|file| {
            if !file.has_deletes() && !self.0.gone.contains_key(file.path()) {
                held += file.rows();
            }
            held >= rows as u64
        });
        files.truncate(last.map_or(files.len(), |last| last + 1));
        files
    }

    async fn entries(&self, manifests: Vec<&ManifestFile>) -> Result<Vec<Arc<Vec<FileEntry>>>> {
        let reads: Vec<_> = manifests.into_iter().map(|manifest| self.0.table.entries(manifest)).collect();
        stream::iter(reads).buffered(MANIFESTS_AT_ONCE).try_collect().await
    }

    async fn deletes(&self, mut manifests: Vec<&ManifestFile>, oldest: i64) -> Result<Vec<FileEntry>> {
        manifests.retain(|manifest| manifest.sequence_number >= oldest);
        let lists = self.entries(manifests).await?;
        Ok(lists.iter().flat_map(|list| list.iter()).filter(|entry| entry.sequence_number >= oldest).cloned().collect())
    }
}

fn check(entry: &FileEntry) -> Result<()> {
    match entry.file.content_type() {
        DataContentType::Data => check_plain(entry),
        _ => Err(corrupt(entry.file.file_path(), "a delete file is listed among data files")),
    }
}

fn check_plain(entry: &FileEntry) -> Result<()> {
    match entry.file.key_metadata() {
        Some(key) if !key.is_empty() => {
            Err(Error::new(Code::UnsupportedFormat, "the table has an encrypted file, which rat does not read")
                .with_context("file", entry.file.file_path()))
        }
        _ => Ok(()),
    }
}

fn with_views(schema: &Schema) -> Schema {
    let view = |field: &Arc<Field>| match field.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 => Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8View)),
        DataType::Binary | DataType::LargeBinary => Arc::new(field.as_ref().clone().with_data_type(DataType::BinaryView)),
        _ => Arc::clone(field),
    };
    Schema::new_with_metadata(schema.fields().iter().map(view).collect::<Vec<_>>(), schema.metadata().clone())
}

// The initial defaults of all fields, nested ones included, in the types that the scan gives.
fn defaults(schema: &iceberg::spec::Schema, arrow: &Schema) -> Result<HashMap<i32, ScalarValue>> {
    let scalar = |id: i32, field: &iceberg::spec::NestedField, default: &Literal| {
        let Type::Primitive(kind) = field.field_type.as_ref() else { return None };
        let top_level = schema.as_struct().fields().iter().position(|f| f.id == id).map(|i| arrow.field(i).data_type().clone());
        let data_type = top_level.or_else(|| type_to_arrow_type(&field.field_type).ok())?;
        values::literal(default, kind, &data_type)
    };
    let default = |(id, field): (&i32, &iceberg::spec::NestedFieldRef)| {
        let default = field.initial_default.as_ref()?;
        let refused = || {
            let message = format!("column `{}` has a default that rat does not read", field.name);
            Error::new(Code::UnsupportedFormat, message).with_context("column", &field.name)
        };
        Some(scalar(*id, field, default).map(|scalar| (*id, scalar)).ok_or_else(refused))
    };
    schema.field_id_to_fields().iter().filter_map(default).collect()
}

/// What is known of a column's values in a file. No value is less than `min` or greater than `max`; neither needs to be a value of the file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ColumnBounds {
    /// Not above any value.
    pub min: Option<ScalarValue>,
    /// Not below any value.
    pub max: Option<ScalarValue>,
    /// How many values are NULL.
    pub nulls: Option<u64>,
}

/// A live entry, where its manifest keeps it: entries are large and shared.
#[derive(Debug, Clone)]
pub(super) struct Live {
    manifest: Arc<Vec<FileEntry>>,
    index: usize,
}

impl Live {
    fn of(manifest: &Arc<Vec<FileEntry>>) -> impl Iterator<Item = Self> + use<> {
        let manifest = Arc::clone(manifest);
        (0..manifest.len()).map(move |index| Self { manifest: Arc::clone(&manifest), index })
    }
}

impl Deref for Live {
    type Target = FileEntry;

    fn deref(&self) -> &FileEntry {
        &self.manifest[self.index]
    }
}

/// A live data file and the delete files that apply to it.
#[derive(Debug, Clone)]
pub struct ScanFile {
    pub(super) data: Live,
    pub(super) positions: Vec<Arc<FileEntry>>,
    pub(super) equality: Vec<Arc<FileEntry>>,
}

impl ScanFile {
    /// What the manifest says of the data file: partition, bounds, counts, sequence number.
    pub fn entry(&self) -> &FileEntry {
        &self.data
    }

    /// The path as the manifest writes it.
    pub fn path(&self) -> &str {
        self.data.file.file_path()
    }

    /// The rows in the file, deleted ones included.
    pub fn rows(&self) -> u64 {
        self.data.file.record_count()
    }

    /// Whether some of its rows may be deleted.
    pub fn has_deletes(&self) -> bool {
        !self.positions.is_empty() || !self.equality.is_empty()
    }

    /// The position delete files that may name rows of the file.
    pub fn position_deletes(&self) -> impl Iterator<Item = &DataFile> {
        self.positions.iter().map(|entry| &entry.file)
    }

    /// The equality delete files that may match rows of the file.
    pub fn equality_deletes(&self) -> impl Iterator<Item = &DataFile> {
        self.equality.iter().map(|entry| &entry.file)
    }
}
