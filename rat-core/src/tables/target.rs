//! What a table will be like after a change: the columns, partitions and order its new files are written in.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use iceberg::spec::{
    NullOrder, PartitionSpec, SortDirection, SortField, SortOrder, TableMetadata, TableMetadataBuilder, TableMetadataRef,
    Transform as IcebergTransform,
};

use crate::error::{Code, Error, Result, nearest};
use crate::name::Name;

use super::amended::amended;
use super::catalog::Pointer;
use super::format;
use super::handle::Tables;
use super::partitioning::{is_default, named_apart, partition_spec};
use super::schema::{ColumnChange, arrow_schema, changed, fresh_schema, replaced};
use super::table::Table;

/// How a partition's value is made from a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transform {
    /// The value itself.
    Identity,
    /// The year of a date or time.
    Year,
    /// The month of a date or time.
    Month,
    /// The day of a date or time.
    Day,
    /// The hour of a time.
    Hour,
    /// A hash, modulo this many buckets.
    Bucket(u32),
    /// The first characters of a text; a number rounded down to a multiple.
    Truncate(u32),
}

/// One part of how a table is partitioned.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Partition {
    /// The column.
    pub column: String,
    /// How its value becomes the partition's.
    pub transform: Transform,
}

/// Up or down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Smallest first, NULL before all.
    Ascending,
    /// Greatest first, NULL after all.
    Descending,
}

/// One part of the order in which a table's files hold their rows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SortColumn {
    /// The column.
    pub column: String,
    /// Up or down.
    pub direction: Direction,
}

/// Columns, partitions and order of a table that is made or replaced.
#[derive(Debug, Clone)]
pub struct NewTable {
    /// The columns. Whether an Arrow field is nullable does not count.
    pub schema: SchemaRef,
    /// The columns that must not be NULL; every other is optional.
    pub not_null: Vec<String>,
    /// How it is partitioned; empty: not at all.
    pub partition_by: Vec<Partition>,
    /// In what order its files hold their rows; empty: as they come.
    pub sort_by: Vec<SortColumn>,
    /// Table properties.
    pub properties: HashMap<String, String>,
}

impl NewTable {
    /// A table of these columns, neither partitioned nor sorted.
    pub fn new(schema: SchemaRef) -> Self {
        Self { schema, not_null: Vec::new(), partition_by: Vec::new(), sort_by: Vec::new(), properties: HashMap::new() }
    }
}

/// What changes about a table besides its rows. The default changes nothing.
#[derive(Debug, Clone, Default)]
pub struct Evolution {
    /// Changes to columns, in this order.
    pub columns: Vec<ColumnChange>,
    /// All columns anew: those that remain, by name, keep their ids. Comes after `columns`, which can rename.
    pub replace: Option<ReplaceColumns>,
    /// Another way to partition, for new files.
    pub partition_by: Option<Vec<Partition>>,
    /// Another order, for new files.
    pub sort_by: Option<Vec<SortColumn>>,
    /// Properties to set.
    pub set_properties: HashMap<String, String>,
    /// Properties to remove.
    pub remove_properties: Vec<String>,
}

/// All columns anew.
#[derive(Debug, Clone)]
pub struct ReplaceColumns {
    /// The columns. Whether an Arrow field is nullable does not count.
    pub schema: SchemaRef,
    /// The columns that must not be NULL.
    pub not_null: Vec<String>,
}

/// What a table will be like: made by [`Tables::create`] or [`Tables::evolve`], needed to write files and to stage.
#[derive(Debug, Clone)]
pub struct Target {
    pub(super) name: Name,
    pub(super) base: Option<Table>,
    /// The view that stands where the table is to be.
    pub(super) replaces: Option<Pointer>,
    pub(super) evolution: Evolution,
    pub(super) metadata: TableMetadataRef,
    schema: SchemaRef,
}

impl Target {
    fn new(name: Name, base: Option<Table>, evolution: Evolution, metadata: TableMetadata) -> Result<Self> {
        let schema = arrow_schema(metadata.current_schema()).map_err(|e| {
            Error::new(Code::UnsupportedFormat, format!("a column of `{name}` has a type that rat cannot write")).with_source(e)
        })?;
        Ok(Self { name, base, replaces: None, evolution, metadata: Arc::new(metadata), schema: Arc::new(schema) })
    }

    /// The table's name.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// The table as it is; `None` for a new one.
    pub fn base(&self) -> Option<&Table> {
        self.base.as_ref()
    }

    /// The columns files are written with; `PARQUET:field_id` in a field's metadata is its id.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Iceberg's own view of it, without the snapshot to come.
    pub fn metadata(&self) -> &TableMetadata {
        &self.metadata
    }

    /// A table that this is the change of, as it is, with the columns it will have: its rows are read by field id, as they will be afterwards.
    ///
    /// # Errors
    /// `SCHEMA_CHANGED` when the table has other columns than the one this was made for.
    pub fn columns_of(&self, base: &Table) -> Result<Table> {
        match self.evolution.columns.is_empty() {
            true => Ok(base.clone()),
            false => Ok(base.with_metadata(Arc::new(evolved(base.metadata(), &self.evolution)?))),
        }
    }

    /// Puts the table where a view is now, instead of refusing because the name is taken; with [`Tables::shelved`] as the base, the table that
    /// was there before the view comes back.
    #[must_use]
    pub fn replacing_view(mut self, view: &super::View) -> Self {
        self.replaces = Some(Pointer { kind: super::EntryKind::View, metadata_location: view.metadata_location().to_owned() });
        self
    }

    /// The same change on a newer base, or `None` when the newer base has other columns, partitions or order than the one it was made for.
    pub(super) fn rebased(&self, base: &Table) -> Result<Option<Self>> {
        let (old, new) = match &self.base {
            Some(old) => (old.metadata(), base.metadata()),
            None => return Ok(None),
        };
        let same = old.uuid() == new.uuid()
            && old.current_schema_id() == new.current_schema_id()
            && old.last_column_id() == new.last_column_id()
            && old.default_partition_spec_id() == new.default_partition_spec_id()
            && old.default_sort_order_id() == new.default_sort_order_id();
        if !same {
            return Ok(None);
        }
        let metadata = evolved(base.metadata(), &self.evolution)?;
        Ok(Some(Self { base: Some(base.clone()), metadata: Arc::new(metadata), ..self.clone() }))
    }
}

impl Tables {
    /// What a new table will be like, in the lake's folder for its name. Nothing is written.
    ///
    /// # Errors
    /// `UNSUPPORTED_TYPE`, `DUPLICATE_COLUMN`, `UNKNOWN_COLUMN` for a partition or sort column, `INVALID_ARGUMENT` for a transform that its
    /// column's type does not have.
    pub fn create(&self, name: &Name, new: &NewTable) -> Result<Target> {
        let schema = fresh_schema(&new.schema, &new.not_null)?;
        let mut properties = HashMap::from([("write.parquet.compression-codec".to_owned(), "zstd".to_owned())]);
        properties.extend(new.properties.clone());
        let location = self.storage().absolute(&format!("{}/{}/{}", name.namespace, name.layer, name.name));
        // Iceberg's builder numbers columns anew, in the same order: parts and order are bound once it has.
        let builder = TableMetadataBuilder::new(
            schema,
            PartitionSpec::unpartition_spec(),
            SortOrder::unsorted_order(),
            location,
            format::WRITTEN,
            properties,
        );
        let metadata = builder.and_then(|b| b.assign_uuid(self.ids().next()).build()).map_err(|e| unusable(name, e))?.metadata;
        let layout = Evolution { partition_by: Some(new.partition_by.clone()), sort_by: Some(new.sort_by.clone()), ..Evolution::default() };
        let metadata = evolved(&metadata, &layout)?;
        let metadata = with_time(metadata, self.clock().now().timestamp_millis())?;
        Target::new(name.clone(), None, Evolution::default(), metadata)
    }

    /// What a table will be like after a change; with the default [`Evolution`], as it is. Nothing is written.
    ///
    /// # Errors
    /// As [`create`](Self::create), and `SCHEMA_CHANGED` for a change that its columns do not allow, `UNSUPPORTED_FORMAT` for a table of
    /// another format version than 2, which rat reads and does not write.
    pub fn evolve(&self, table: &Table, evolution: Evolution) -> Result<Target> {
        format::check_written(table.name(), table.metadata())?;
        let metadata = evolved(table.metadata(), &evolution)?;
        Target::new(table.name().clone(), Some(table.clone()), evolution, metadata)
    }
}

fn evolved(base: &TableMetadata, evolution: &Evolution) -> Result<TableMetadata> {
    let mut last_id = base.last_column_id();
    let mut schema = changed(base.current_schema(), &evolution.columns, &mut last_id)?;
    if let Some(replace) = &evolution.replace {
        schema = replaced(&schema, &replace.schema, &replace.not_null, &mut last_id)?;
    }
    let name = base.location();
    let failed = |e| unusable(name, e);
    let apart = named_apart(base, &schema)?;
    let renamed = apart.is_some();
    let base = apart.as_ref().unwrap_or(base);
    let parts = match &evolution.partition_by {
        Some(parts) => Some(partition_spec(&schema, parts, base)?).filter(|parts| !is_default(parts, base)),
        None => None,
    };
    let order = match &evolution.sort_by {
        Some(columns) => Some(sort_order(&schema, columns)?).filter(|order| order.fields != base.default_sort_order().fields),
        None => None,
    };
    let same_columns = schema.as_struct() == base.current_schema().as_struct();
    if same_columns
        && !renamed
        && parts.is_none()
        && order.is_none()
        && evolution.set_properties.is_empty()
        && evolution.remove_properties.is_empty()
    {
        return Ok(base.clone());
    }
    if !same_columns {
        // A partition or order by a column that is gone cannot stay the one of new files.
        let gone = |id: i32| schema.field_by_id(id).is_none();
        let parts_gone = parts.is_none() && base.default_partition_spec().fields().iter().any(|field| gone(field.source_id));
        let order_gone = order.is_none() && base.default_sort_order().fields.iter().any(|field| gone(field.source_id));
        if parts_gone || order_gone {
            return Err(Error::new(Code::SchemaChanged, "the table is partitioned or sorted by a column that the change drops")
                .with_help("change `partition_by` or `sort_by` too"));
        }
    }
    amended(base, None, base.last_updated_ms(), |mut builder| {
        if !same_columns {
            builder = builder.add_current_schema(schema).map_err(failed)?;
        }
        if let Some(parts) = parts {
            builder = builder.add_default_partition_spec(parts).map_err(failed)?;
        }
        if let Some(order) = order {
            builder = builder.add_sort_order(order).and_then(|b| b.set_default_sort_order(-1)).map_err(failed)?;
        }
        if !evolution.set_properties.is_empty() {
            builder = builder.set_properties(evolution.set_properties.clone()).map_err(failed)?;
        }
        if !evolution.remove_properties.is_empty() {
            builder = builder.remove_properties(&evolution.remove_properties).map_err(failed)?;
        }
        Ok(builder)
    })
}

// Iceberg's builder asks the operating system for the time when no snapshot gives one; here time comes from the clock.
fn with_time(metadata: TableMetadata, millis: i64) -> Result<TableMetadata> {
    let defect = |e| Error::new(Code::Internal, "table metadata could not be dated").with_source(e);
    let mut value = serde_json::to_value(&metadata).map_err(defect)?;
    value["last-updated-ms"] = millis.into();
    serde_json::from_value(value).map_err(defect)
}

pub(super) fn unusable(name: impl std::fmt::Display, error: iceberg::Error) -> Error {
    Error::new(Code::InvalidArgument, format!("`{name}` cannot be a table like that: {}", error.message())).with_source(error)
}

pub(super) fn field_id(schema: &iceberg::spec::Schema, column: &str) -> Result<i32> {
    schema.field_by_name_case_insensitive(column).map(|field| field.id).ok_or_else(|| {
        let error = Error::new(Code::UnknownColumn, format!("the table has no column `{column}`"));
        match nearest(column, schema.as_struct().fields().iter().map(|field| field.name.as_str())) {
            Some(near) => error.with_help(format!("did you mean `{near}`?")),
            None => error,
        }
    })
}

fn sort_order(schema: &iceberg::spec::Schema, columns: &[SortColumn]) -> Result<SortOrder> {
    let mut fields = Vec::with_capacity(columns.len());
    for column in columns {
        let (direction, null_order) = match column.direction {
            Direction::Ascending => (SortDirection::Ascending, NullOrder::First),
            Direction::Descending => (SortDirection::Descending, NullOrder::Last),
        };
        let field = SortField::builder()
            .source_id(field_id(schema, &column.column)?)
            .transform(IcebergTransform::Identity)
            .direction(direction)
            .null_order(null_order);
        fields.push(field.build());
    }
    SortOrder::builder().with_fields(fields).build_unbound().map_err(|e| unusable("sort_by", e))
}
