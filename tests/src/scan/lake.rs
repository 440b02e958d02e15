//! Tables as other engines write them: every file laid out by hand, so that a test says exactly what is on disk.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema as ArrowSchema};
use datafusion::execution::context::SessionContext;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionConfig;
use iceberg::io::{MemoryStorage, OutputFile, Storage as _};
use iceberg::spec::{
    DataContentType, DataFile, DataFileBuilder, DataFileFormat, Datum, FormatVersion, ManifestContentType, ManifestFile,
    ManifestListWriter, ManifestWriterBuilder, NestedField, Operation, PartitionSpec, PrimitiveType, Schema, Snapshot, SortOrder, Struct,
    Summary, TableMetadata, TableMetadataBuilder, Transform, Type, UnboundPartitionSpec,
};
use parquet::arrow::{ArrowWriter, PARQUET_FIELD_ID_META_KEY};
use parquet::file::properties::WriterProperties;
use rat_core::clock::ManualClock;
use rat_core::ids::SequentialIds;
use rat_core::interop::storage::Storage;
use rat_core::interop::tables::{Catalog, EntryKind, MemoryCatalog, Pointer, PointerChange, Table, Tables};
use rat_core::name::Name;
use roaring::RoaringTreemap;

/// A file of a table, to be committed.
#[derive(Clone)]
pub struct Written {
    pub path: String,
    spec: i32,
    file: DataFile,
}

pub struct Lake {
    pub storage: Storage,
    pub metadata: TableMetadata,
    pub with_ids: bool,
    pub rows_per_group: usize,
    pub with_blooms: bool,
    location: String,
    manifests: Vec<ManifestFile>,
    files: usize,
}

/// What a data file's manifest entry says beyond its path; every part can be left out, as writers do.
#[derive(Default, Clone)]
pub struct Said {
    pub partition: Option<Struct>,
    pub spec: i32,
    pub lower: HashMap<i32, Datum>,
    pub upper: HashMap<i32, Datum>,
    pub nulls: HashMap<i32, u64>,
    pub nans: HashMap<i32, u64>,
}

pub fn schema(id: i32, fields: &[(i32, &str, Type)]) -> Schema {
    let fields = fields.iter().map(|(id, name, kind)| Arc::new(NestedField::optional(*id, *name, kind.clone())));
    Schema::builder().with_schema_id(id).with_fields(fields).build().unwrap()
}

pub fn field(id: i32, name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, true).with_metadata([(PARQUET_FIELD_ID_META_KEY.to_owned(), id.to_string())].into())
}

/// A batch of columns with field ids.
pub fn batch(columns: Vec<(i32, &str, ArrayRef)>) -> RecordBatch {
    let fields: Vec<Field> = columns.iter().map(|(id, name, array)| field(*id, name, array.data_type().clone())).collect();
    RecordBatch::try_new(Arc::new(ArrowSchema::new(fields)), columns.into_iter().map(|(_, _, array)| array).collect()).unwrap()
}

impl Lake {
    pub fn new(schema: Schema, partition_by: &[(i32, &str, Transform)]) -> Self {
        Self::on(Storage::open("memory://", &Default::default()).unwrap(), schema, partition_by)
    }

    pub fn on(storage: Storage, schema: Schema, partition_by: &[(i32, &str, Transform)]) -> Self {
        let location = storage.absolute("default/gold/t");
        // A new table gives its columns fresh ids; an added schema keeps those it has.
        let placeholder = self::schema(0, &[(1, "placeholder", Type::Primitive(PrimitiveType::Boolean))]);
        let made = TableMetadataBuilder::new(
            placeholder,
            PartitionSpec::unpartition_spec().into_unbound(),
            SortOrder::unsorted_order(),
            location.clone(),
            FormatVersion::V2,
            HashMap::new(),
        );
        let metadata = made.unwrap().add_current_schema(schema).unwrap().build().unwrap().metadata;
        let mut lake =
            Self { storage, metadata, location, with_ids: true, rows_per_group: 1024, with_blooms: false, manifests: Vec::new(), files: 0 };
        if !partition_by.is_empty() {
            lake.repartition(partition_by);
        }
        lake
    }

    fn alter(&mut self, change: impl FnOnce(TableMetadataBuilder) -> TableMetadataBuilder) {
        self.metadata = change(self.metadata.clone().into_builder(None)).build().unwrap().metadata;
    }

    pub fn repartition(&mut self, partition_by: &[(i32, &str, Transform)]) {
        let mut spec = UnboundPartitionSpec::builder();
        for (source, name, transform) in partition_by {
            spec = spec.add_partition_field(*source, *name, *transform).unwrap();
        }
        self.alter(|b| b.add_default_partition_spec(spec.build()).unwrap());
    }

    pub fn evolve(&mut self, schema: Schema) {
        self.alter(|b| b.add_current_schema(schema).unwrap());
    }

    pub fn upgrade(&mut self, version: FormatVersion) {
        self.alter(|b| b.upgrade_format_version(version).unwrap());
    }

    pub fn property(&mut self, key: &str, value: &str) {
        self.alter(|b| b.set_properties([(key.to_owned(), value.to_owned())].into()).unwrap());
    }

    pub fn spec_id(&self) -> i32 {
        self.metadata.default_partition_spec_id()
    }

    /// Writes a Parquet file; with `with_ids` off, as tools that know no Iceberg do.
    pub async fn parquet(&mut self, batch: &RecordBatch) -> (String, u64) {
        let batch = if self.with_ids { batch.clone() } else { stripped(batch) };
        let mut bytes = Vec::new();
        let properties =
            WriterProperties::builder().set_max_row_group_row_count(Some(self.rows_per_group)).set_data_page_row_count_limit(16);
        let properties = match self.with_blooms {
            true => properties.set_bloom_filter_enabled(true).set_bloom_filter_fpp(0.0001).set_bloom_filter_ndv(1000),
            false => properties,
        };
        let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties.set_write_batch_size(16).build())).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        self.files += 1;
        let path = format!("{}/data/{:05}.parquet", self.location, self.files);
        let size = bytes.len() as u64;
        self.storage.write(&path, bytes).await.unwrap();
        (path, size)
    }

    pub async fn data(&mut self, batch: &RecordBatch, said: Said) -> Written {
        let (path, size) = self.parquet(batch).await;
        let spec = said.spec;
        let file = self.entry(DataContentType::Data, path.clone(), size, batch.num_rows() as u64, said).build().unwrap();
        Written { path, spec, file }
    }

    pub fn entry(&self, content: DataContentType, path: String, size: u64, rows: u64, said: Said) -> DataFileBuilder {
        let mut file = DataFileBuilder::default();
        file.content(content)
            .file_path(path)
            .file_format(DataFileFormat::Parquet)
            .record_count(rows)
            .file_size_in_bytes(size)
            .partition(said.partition.unwrap_or_else(Struct::empty))
            .partition_spec_id(said.spec)
            .lower_bounds(said.lower)
            .upper_bounds(said.upper)
            .null_value_counts(said.nulls)
            .nan_value_counts(said.nans);
        file
    }

    /// A position delete file as Spark writes it: rows sorted by path and position, no `referenced_data_file`.
    pub async fn position_deletes(&mut self, rows: &[(&str, i64)], said: Said) -> Written {
        let ids = self.with_ids;
        self.with_ids = true;
        let paths: ArrayRef = Arc::new(StringArray::from_iter_values(rows.iter().map(|(path, _)| *path)));
        let positions: ArrayRef = Arc::new(Int64Array::from_iter_values(rows.iter().map(|(_, position)| *position)));
        let (path, size) = self.parquet(&batch(vec![(2147483546, "file_path", paths), (2147483545, "pos", positions)])).await;
        self.with_ids = ids;
        let spec = said.spec;
        let file = self.entry(DataContentType::PositionDeletes, path.clone(), size, rows.len() as u64, said).build().unwrap();
        Written { path, spec, file }
    }

    /// A Puffin file of deletion vectors, one a data file.
    pub async fn vectors(&mut self, vectors: &[(&str, &[u64])]) -> Vec<Written> {
        self.files += 1;
        let path = format!("{}/data/{:05}.puffin", self.location, self.files);
        let mut bytes = b"PFA1".to_vec();
        let mut places = Vec::new();
        for (_, rows) in vectors {
            let blob = vector(rows);
            places.push((bytes.len() as i64, blob.len() as i64));
            bytes.extend(blob);
        }
        let size = bytes.len() as u64;
        self.storage.write(&path, bytes).await.unwrap();
        let entry = |((data, rows), (offset, length)): (&(&str, &[u64]), (i64, i64))| {
            let mut file = self.entry(DataContentType::PositionDeletes, path.clone(), size, rows.len() as u64, Said::default());
            file.file_format(DataFileFormat::Puffin).referenced_data_file(Some((*data).to_owned()));
            let file = file.content_offset(Some(offset)).content_size_in_bytes(Some(length)).build().unwrap();
            Written { path: path.clone(), spec: 0, file }
        };
        vectors.iter().zip(places).map(entry).collect()
    }

    pub async fn equality_deletes(&mut self, rows: &RecordBatch, ids: &[i32], said: Said) -> Written {
        let (path, size) = self.parquet(rows).await;
        let spec = said.spec;
        let mut file = self.entry(DataContentType::EqualityDeletes, path.clone(), size, rows.num_rows() as u64, said);
        let file = file.equality_ids(Some(ids.to_vec())).build().unwrap();
        Written { path, spec, file }
    }

    /// One snapshot that adds these files. Files of several specs become a manifest each.
    pub async fn commit(&mut self, files: Vec<Written>) {
        let id = self.metadata.last_sequence_number() + 1;
        let drafts = MemoryStorage::new();
        let mut groups: Vec<((i32, bool), Vec<DataFile>)> = Vec::new();
        for Written { spec, file, .. } in files {
            let key = (spec, file.content_type() == DataContentType::Data);
            match groups.iter_mut().find(|(k, _)| *k == key) {
                Some((_, group)) => group.push(file),
                None => groups.push((key, vec![file])),
            }
        }
        for (index, ((spec, is_data), group)) in groups.into_iter().enumerate() {
            let path = format!("{}/metadata/{id}-m{index}.avro", self.location);
            let spec = self.metadata.partition_spec_by_id(spec).unwrap().as_ref().clone();
            let output = OutputFile::new(Arc::new(drafts.clone()), path.clone());
            let builder = ManifestWriterBuilder::new(output, Some(id), self.metadata.current_schema().clone(), spec);
            let mut writer = match (is_data, self.is_v3()) {
                (true, true) => builder.build_v3_data(),
                (true, false) => builder.build_v2_data(),
                (false, true) => builder.build_v3_deletes(),
                (false, false) => builder.build_v2_deletes(),
            };
            for file in group {
                writer.add_file(file, -1).unwrap();
            }
            let manifest = writer.write_manifest_file().await.unwrap();
            self.storage.write(&path, drafts.read(&path).await.unwrap()).await.unwrap();
            let content = if is_data { ManifestContentType::Data } else { ManifestContentType::Deletes };
            assert_eq!(manifest.content, content);
            self.manifests.push(manifest);
        }
        let path = format!("{}/metadata/snap-{id}.avro", self.location);
        let output = OutputFile::new(Arc::new(drafts.clone()), path.clone());
        let (writer, parent) = (output.writer().await.unwrap(), self.metadata.current_snapshot_id());
        let first_row = self.metadata.next_row_id();
        let mut list = match self.is_v3() {
            true => ManifestListWriter::v3(writer, id, parent, id, Some(first_row)),
            false => ManifestListWriter::v2(writer, id, parent, id),
        };
        list.add_manifests(self.manifests.clone().into_iter()).unwrap();
        let next_row = list.next_row_id();
        list.close().await.unwrap();
        self.storage.write(&path, drafts.read(&path).await.unwrap()).await.unwrap();
        // The list is where manifests get their sequence numbers; later lists carry them on.
        for manifest in &mut self.manifests {
            if manifest.sequence_number < 0 {
                manifest.sequence_number = id;
                manifest.min_sequence_number = id;
            }
        }
        let snapshot = Snapshot::builder()
            .with_snapshot_id(id)
            .with_parent_snapshot_id(self.metadata.current_snapshot_id())
            .with_sequence_number(id)
            .with_timestamp_ms(self.metadata.last_updated_ms() + 1)
            .with_manifest_list(path)
            .with_summary(Summary { operation: Operation::Append, additional_properties: HashMap::new() })
            .with_schema_id(self.metadata.current_schema_id());
        let snapshot = match next_row {
            Some(next) => snapshot.with_row_range(first_row, next - first_row).build(),
            None => snapshot.build(),
        };
        self.alter(|b| b.set_branch_snapshot(snapshot, "main").unwrap());
    }

    fn is_v3(&self) -> bool {
        self.metadata.format_version() == FormatVersion::V3
    }

    /// The table as the catalog gives it.
    pub async fn table(&self) -> Table {
        let (tables, name) = self.tables(&serde_json::to_value(&self.metadata).unwrap()).await;
        tables.get(&name).await.unwrap()
    }

    /// The tables of a lake that has one with such metadata, and its name.
    pub async fn tables(&self, metadata: &serde_json::Value) -> (Tables, Name) {
        let path = format!("{}/metadata/v.json", self.location);
        self.storage.write(&path, serde_json::to_vec(metadata).unwrap()).await.unwrap();
        let catalog = Arc::new(MemoryCatalog::default());
        let name = Name::new("default", rat_core::name::Layer::Gold, "t").unwrap();
        let to = Some(Pointer { kind: EntryKind::Table, metadata_location: path });
        catalog.commit(&[PointerChange { name: name.clone(), from: None, to }]).await.unwrap();
        let tables = Tables::open(self.storage.clone(), catalog, Arc::new(ManualClock::default()), Arc::new(SequentialIds::default()));
        (tables, name)
    }

    /// The rows of a query over the table `t`, each as text, sorted.
    pub async fn rows(&self, sql: &str) -> Vec<String> {
        self.try_rows(sql).await.unwrap()
    }

    pub async fn try_rows(&self, sql: &str) -> datafusion::common::Result<Vec<String>> {
        let batches = context(&self.table().await).sql(sql).await?.collect().await?;
        Ok(lines(&batches))
    }

    pub async fn plan(&self, sql: &str) -> Arc<dyn ExecutionPlan> {
        context(&self.table().await).sql(sql).await.unwrap().create_physical_plan().await.unwrap()
    }
}

/// A session with the options of rat's own, as far as they touch a scan.
pub fn context(table: &Table) -> SessionContext {
    let mut config = SessionConfig::new().with_target_partitions(3).with_batch_size(64);
    config.options_mut().execution.parquet.pushdown_filters = true;
    config.options_mut().execution.time_zone = Some("+00:00".to_owned());
    let context = SessionContext::new_with_config(config);
    context.register_table("t", table.provider().unwrap()).unwrap();
    context
}

pub fn lines(batches: &[RecordBatch]) -> Vec<String> {
    let options = arrow::util::display::FormatOptions::default().with_null("NULL");
    let mut lines = Vec::new();
    for batch in batches {
        let columns: Vec<_> = batch.columns().iter().map(|c| arrow::util::display::ArrayFormatter::try_new(c, &options).unwrap()).collect();
        lines.extend((0..batch.num_rows()).map(|row| columns.iter().map(|c| c.value(row).to_string()).collect::<Vec<_>>().join("|")));
    }
    lines.sort();
    lines
}

/// The bytes of a deletion vector.
pub fn vector(rows: &[u64]) -> Vec<u8> {
    let mut checked = vec![0xd1, 0xd3, 0x39, 0x64];
    rows.iter().copied().collect::<RoaringTreemap>().serialize_into(&mut checked).unwrap();
    let mut crc = flate2::Crc::new();
    crc.update(&checked);
    [&u32::try_from(checked.len()).unwrap().to_be_bytes(), checked.as_slice(), &crc.sum().to_be_bytes()].concat()
}

fn stripped(batch: &RecordBatch) -> RecordBatch {
    let fields = batch.schema().fields().iter().map(|field| field.as_ref().clone().with_metadata(HashMap::new())).collect::<Vec<_>>();
    RecordBatch::try_new(Arc::new(ArrowSchema::new(fields)), batch.columns().to_vec()).unwrap()
}
